// The visitor's side of the protocol, as crates/wire/src/frame.rs and crates/core/src/event.rs define it.
// Written by hand and only as wide as the widget needs, so that the frame stays small.

export type Lang = "zh" | "en";
export type Text = { zh: string; en: string };

/** Where a visitor came from. Empty fields are left out. */
export type Source = { page?: string; page_title?: string; landing?: string; referrer?: string; campaign?: string };
export type Identity = { id: string; hmac?: string; name?: string; phone?: string; email?: string };

export type TextContent = { type: "text"; text: string };
export type FileContent = { type: "file"; file: string; name: string; mime: string; size: number };
export type Content = TextContent | FileContent;

export type Act =
  | ({ do: "post" } & Content)
  | { do: "read"; up_to: number }
  | { do: "rate"; score: number; comment: string }
  | { do: "close" };

export type VisitorAct =
  | { do: "invitation_shown"; invitation: string | null; variant: boolean; page: string }
  | { do: "invitation_answered"; invitation: string | null; accepted: boolean }
  | { do: "accept_notice"; widget: string; version: number; guardian: boolean };

export type Hello = {
  t: "hello";
  widget: string;
  token?: string;
  tab: number;
  lang: Lang;
  identity?: Identity;
  source: Source;
  consent?: boolean;
  after?: number;
  level: number;
};
export type StartFrame = {
  t: "start";
  n: number;
  base: number;
  topic?: number;
  fields: Record<string, string>;
  content?: Content;
};
export type DoFrame = { t: "do"; conversation: string; n: number; base: number } & Act;
export type VisitorFrame = { t: "visitor"; n: number } & VisitorAct;

export type ClientFrame =
  | Hello
  | StartFrame
  | DoFrame
  | VisitorFrame
  | { t: "typing"; conversation: string; on: boolean; preview?: string }
  | { t: "page"; url: string; title: string; referrer: string }
  | { t: "consent"; on: boolean; source: Source }
  | { t: "ping"; id: number };

export type Actor = { type: "visitor" | "user" | "api"; id: string } | { type: "bot" } | { type: "system" };
export type Persona = { name: string; avatar?: string | null };
export type Author = "person" | "bot" | "automatic" | "suggestion";

type Head = {
  seq: number;
  at: number;
  on: { conversation?: string; visitor?: string };
  by: Actor;
  from?: { tab: number; n: number };
};
/** What a visitor is told. Unknown kinds are kept but not drawn: a newer server may send them. */
export type Fact =
  | { kind: "conversation_started" }
  | { kind: "queued"; reason: string }
  | { kind: "assigned"; agent: string; persona: Persona }
  | { kind: "guest_joined"; agent: string; persona: Persona }
  | { kind: "guest_left"; agent: string }
  | { kind: "idle_warned"; text: string }
  | { kind: "conversation_closed"; reason: string }
  | { kind: "conversation_reopened" }
  | ({ kind: "message_posted"; author?: Author } & Content)
  | { kind: "message_recalled"; message: number }
  | { kind: "read"; up_to: number }
  | { kind: "code_sent"; point: string; label: string; until_at: number }
  | { kind: "code_refused"; why: string; left: number }
  | { kind: "identity_proven" }
  | { kind: "rating_asked" }
  | { kind: "rated"; score: number; comment: string }
  | { kind: "invitation_shown" | "invitation_answered" | "notice_accepted" };
export type Event = Head & Fact;

export type Phase = "bot" | "waiting" | "offered" | "active" | "wrap_up" | "closed";

export type VisitorConversation = {
  id: string;
  phase: Phase;
  read_by_staff: number;
  agent: Persona | null;
  rating: number | null;
  position: number | null;
  wait_s: number | null;
};

export type Choice = { key: string; label: Text; children?: Choice[] };
export type FieldShape = "line" | "paragraph" | "number" | "date" | "choice" | "phone" | "email" | "consent";
export type Field = { key: string; label: Text; shape: FieldShape; required: boolean; options: Choice[] };

export type InvitationRule = {
  id: string;
  page_contains: string;
  dwell_s: number;
  source_contains: string;
  returning?: boolean | null;
  only_staffed: boolean;
  text: Text;
  variant?: Text | null;
  cap_hours: number;
};

export type VisitorConfig = {
  company: Text;
  title: Text;
  welcome: Text;
  accent: string;
  position: "left" | "right";
  topics: { label: Text }[];
  pre_chat: Field[];
  offline_form: Field[];
  quick_questions: Text[];
  notice: Text;
  notice_version: number;
  ask_guardian: boolean;
  wait_for_consent: boolean;
  sneak_preview: boolean;
  ask_rating: boolean;
  allow_files: boolean;
  languages: Lang[];
  team: Persona[];
  max_file: number;
  invitations: InvitationRule[];
};

export type Welcome = {
  t: "welcome";
  visitor: string;
  token: string;
  seq: number;
  now_at: number;
  config: VisitorConfig;
  staffed: boolean;
  conversation: VisitorConversation | null;
  events: Event[];
  more: boolean;
  notice_version: number;
};
export type Done = { t: "done"; n: number; conversation?: string; seq: number };
export type Refused = { t: "refused"; n: number; conversation?: string; code: string; message: string; expected?: number };
export type Invite = { t: "invite"; invitation?: string; variant: boolean; text: string; persona?: Persona };

export type ServerFrame =
  | ({ t: "event" } & Event)
  | Welcome
  | Done
  | Refused
  | { t: "bad"; message: string; is_final?: boolean }
  | { t: "typing"; conversation: string; by: Actor; on: boolean }
  | { t: "place"; conversation: string; position: number; wait_s?: number }
  | Invite
  | { t: "staffed"; on: boolean }
  | { t: "removed"; conversation: string }
  | { t: "signed_out"; reason: string }
  | { t: "reload" }
  | { t: "pong"; id: number; seq: number };

/** A frame above this many bytes is refused by the server. */
export const MAX_FRAME = 16 * 1024;
export const LEVEL = 1;
