// What administrators set up: one shape for each kind of record.
import type {
  At, CalendarId, Colour, FileId, FormId, Lang, LineId, Medium, QueueId, RecordId, RoleId, SkillId, TeamId, Text,
  UserId, WidgetId,
} from "./ids";
import type { Need } from "./live";

export const RECORD_KINDS = [
  "user", "role", "team", "line", "skill", "queue", "calendar", "reply", "tag", "form", "widget", "invitation",
  "webhook", "ban", "settings",
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export const ACTIONS = [
  "conversation_serve", "conversation_read", "conversation_transfer", "conversation_decline", "conversation_pick",
  "conversation_monitor", "conversation_whisper", "conversation_take_over", "conversation_reassign",
  "conversation_merge", "conversation_spam", "consult_read", "consult_write", "customer_read", "customer_write",
  "customer_export", "visitor_read", "visitor_invite", "floor_read", "agent_force", "report_read", "report_export",
  "reply_shared", "manage_users", "manage_roles", "manage_routing", "manage_widgets", "manage_forms", "manage_tags",
  "manage_integrations", "manage_settings", "manage_bans", "audit_read", "system_operate",
] as const;
export type Action = (typeof ACTIONS)[number];

/** From the narrowest to the widest. */
export const SCOPES = ["own", "group", "department", "site", "all"] as const;
export type Scope = (typeof SCOPES)[number];

export interface Grant {
  action: Action;
  scope: Scope;
}
export type MaskedField = "phone" | "email" | "address" | "ip";

export interface User {
  login: string;
  name: string;
  staff_no: string;
  nickname: string;
  avatar?: FileId | null;
  email: string;
  roles: RoleId[];
  team?: TeamId | null;
  skills: { skill: SkillId; level: number }[];
  limits: Partial<Record<Medium, number>>;
  auto_accept?: boolean | null;
  disabled: boolean;
}
export interface Role {
  name: Text;
  code: string;
  grants: Grant[];
  masks: MaskedField[];
}
export interface Team {
  name: Text;
  parent?: TeamId | null;
  break_quota?: number | null;
}
export interface Line {
  name: Text;
  zone: string;
}
export interface Skill {
  name: Text;
}
export type Strategy = "longest_idle" | "least_loaded" | "round_robin" | "highest_skill";
export type OverflowWhen = { waited_s: number } | { longer: number } | "closed" | "unstaffed";
export type OverflowTo = { queue: QueueId } | "message";
export interface Queue {
  name: Text;
  line: LineId;
  teams: TeamId[];
  users: UserId[];
  strategy: Strategy;
  needs: Need[];
  priority: number;
  weight_pct: number;
  max_waiting?: number | null;
  overflow: { when: OverflowWhen; to: OverflowTo }[];
  calendar?: CalendarId | null;
  auto_accept: boolean;
  answer_timeout_s: number;
  last_agent_wait_s: number;
  last_agent_within_days: number;
  wrap_up_s: number;
  threshold_s: number;
  idle_warn_s: number;
  idle_close_s: number;
  form?: FormId | null;
  greeting: Text;
  waiting_text: Text;
  after_hours_text: Text;
}
/** Minutes after midnight, `from < to ≤ 1440`. */
export interface Span {
  from: number;
  to: number;
}
export interface Calendar {
  name: Text;
  zone: string;
  week: Span[][];
  days: Record<string, { name: Text; spans: Span[] }>;
}
export interface Reply {
  title: Text;
  text: Text;
  shortcut: string;
  folder: string;
  owner?: UserId | null;
}
export interface Tag {
  name: Text;
  colour: Colour;
}
export type FieldShape = "line" | "paragraph" | "number" | "date" | "choice" | "phone" | "email" | "consent";
export interface Choice {
  key: string;
  label: Text;
  children: Choice[];
}
export interface Field {
  key: string;
  label: Text;
  shape: FieldShape;
  required: boolean;
  options: Choice[];
}
export interface Form {
  name: Text;
  fields: Field[];
}
export interface Topic {
  label: Text;
  queue: QueueId;
  needs: Need[];
}
export type Corner = "left" | "right";
export interface Widget {
  name: Text;
  line: LineId;
  queue: QueueId;
  topics: Topic[];
  pre_chat: Field[];
  offline_form: Field[];
  origins: string[];
  require_identity: boolean;
  accent: string;
  position: Corner;
  title: Text;
  welcome: Text;
  quick_questions: Text[];
  notice: Text;
  notice_version: number;
  ask_guardian: boolean;
  wait_for_consent: boolean;
  sneak_preview: boolean;
  ask_rating: boolean;
  allow_files: boolean;
  languages: Lang[];
}
export interface Invitation {
  name: Text;
  widget: WidgetId;
  page_contains: string;
  dwell_s: number;
  source_contains: string;
  returning?: boolean | null;
  only_staffed: boolean;
  text: Text;
  variant: Text;
  cap_hours: number;
  enabled: boolean;
}
export interface Webhook {
  name: string;
  url: string;
  kinds: string[];
  enabled: boolean;
}
export interface Ban {
  what: "visitor" | "ip";
  value: string;
  why: string;
  until_at?: At | null;
}
export interface Reason {
  key: string;
  label: Text;
  is_break: boolean;
}
export interface Settings {
  company: Text;
  aging_s: number;
  grace_s: number;
  reopen_hours: number;
  recall_s: number;
  second_sign_in_takes_over: boolean;
  show_staff_no: boolean;
  break_reasons: Reason[];
  password_min: number;
  require_totp: boolean;
}

export interface RecordShapes {
  user: User;
  role: Role;
  team: Team;
  line: Line;
  skill: Skill;
  queue: Queue;
  calendar: Calendar;
  reply: Reply;
  tag: Tag;
  form: Form;
  widget: Widget;
  invitation: Invitation;
  webhook: Webhook;
  ban: Ban;
  settings: Settings;
}
export type RecordOf<K extends RecordKind> = { kind: K } & RecordShapes[K];
export type AnyRecord = { [K in RecordKind]: RecordOf<K> }[RecordKind];
/** A record with its version; `If-Match: "<version>"` goes with every change. */
export interface Stored<K extends RecordKind = RecordKind> {
  id: RecordId;
  version: number;
  created_at: At;
  updated_at: At;
  record: K extends RecordKind ? RecordOf<K> : never;
}
