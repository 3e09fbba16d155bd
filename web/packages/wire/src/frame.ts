// What travels on a socket.
import type {
  Actor, At, ConversationId, CustomerId, InvitationId, Lang, Medium, Refusal, Tab, UserId, VisitorId, WidgetId,
} from "./ids";
import type { Agent, Content, Conversation, Phase, QueueNow, Source } from "./live";
import type { Event, Persona } from "./event";
import type { Act, AgentAct, VisitorAct } from "./act";
import type { Me, VisitorConfig } from "./http";

/** The protocol's feature level that this client knows. */
export const LEVEL = 1;

export interface Identity {
  id: string;
  hmac?: string;
  name?: string;
  phone?: string;
  email?: string;
}
export interface Hello {
  widget: WidgetId;
  token?: string | null;
  tab: Tab;
  lang?: Lang | null;
  identity?: Identity | null;
  source?: Source;
  after?: number | null;
  level: number;
}
export interface ConsoleHello {
  tab: Tab;
  after?: number | null;
  level: number;
}
export interface PageFrame {
  url: string;
  title?: string;
  referrer?: string;
}

export type ClientFrame =
  | ({ t: "hello" } & Hello)
  | ({ t: "console" } & ConsoleHello)
  | { t: "start"; n: number; base?: number; topic?: number | null; fields?: Record<string, string>; content?: Content | null }
  | ({ t: "do"; conversation: ConversationId; n: number; base?: number } & Act)
  | ({ t: "agent"; agent: UserId; n: number } & AgentAct)
  | ({ t: "visitor"; n: number } & VisitorAct)
  | { t: "typing"; conversation: ConversationId; on: boolean; preview?: string }
  | ({ t: "page" } & PageFrame)
  | { t: "watch"; conversation: ConversationId; on: boolean }
  | { t: "invite_visitor"; visitor: VisitorId; text: string }
  | { t: "ping"; id: number };

export interface VisitorConversation {
  id: ConversationId;
  phase: Phase;
  read_by_staff: number;
  agent?: Persona | null;
  rating?: number | null;
  position?: number | null;
  wait_s?: number | null;
}
export interface Welcome {
  visitor: VisitorId;
  token: string;
  level: number;
  seq: number;
  now_at: At;
  config: VisitorConfig;
  staffed: boolean;
  conversation?: VisitorConversation | null;
  events: Event[];
  more: boolean;
  notice_version: number;
}
export interface Desk {
  me: Me;
  level: number;
  seq: number;
  now_at: At;
  conversations: Conversation[];
  agents: Agent[];
  queues: QueueNow[];
  media: Medium[];
}
export interface LiveVisitor {
  visitor: VisitorId;
  customer?: CustomerId | null;
  name: string;
  widget: WidgetId;
  since_at: At;
  page: PageFrame;
  page_at: At;
  pages: number;
  referrer: string;
  returning: boolean;
  conversation?: ConversationId | null;
  lang: Lang;
}

export type ServerFrame =
  | ({ t: "event" } & Event)
  | ({ t: "welcome" } & Welcome)
  | ({ t: "desk" } & Desk)
  | { t: "resumed"; seq: number }
  | { t: "done"; n: number; conversation?: ConversationId | null; seq: number }
  | { t: "refused"; n: number; conversation?: ConversationId | null; code: Refusal; message: string; expected?: number | null }
  | { t: "bad"; message: string }
  | { t: "typing"; conversation: ConversationId; by: Actor; on: boolean; preview?: string }
  | { t: "place"; conversation: ConversationId; position: number; wait_s?: number | null }
  | { t: "invite"; invitation?: InvitationId | null; variant: boolean; text: string; persona?: Persona | null }
  | { t: "visitors"; all: boolean; visitors: LiveVisitor[]; gone: VisitorId[] }
  | { t: "staffed"; on: boolean }
  | { t: "removed"; conversation: ConversationId }
  | { t: "reload" }
  | { t: "signed_out"; reason: string }
  | { t: "pong"; id: number; seq: number }
  /** First message of the fallback transport. */
  | { t: "stream"; id: string };
