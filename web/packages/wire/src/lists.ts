// Lists of all values of a few types, for menus and tables. The types below fail to compile when one is missing.
import type { components } from "./schema";

type S = components["schemas"];

/** The protocol's feature level that this client knows. */
export const LEVEL = 1;

export const RECORD_KINDS = [
  "user", "role", "team", "line", "skill", "queue", "calendar", "reply", "tag", "form", "widget", "invitation",
  "webhook", "channel", "ban", "ticket_type", "rule", "survey", "segment", "flow", "settings",
] as const satisfies readonly S["RecordKind"][];

export const ACTIONS = [
  "conversation_serve", "conversation_read", "conversation_transfer", "conversation_decline", "conversation_pick",
  "conversation_monitor", "conversation_whisper", "conversation_take_over", "conversation_reassign",
  "conversation_merge", "conversation_spam", "consult_read", "consult_write", "customer_read", "customer_write",
  "customer_export", "lead_serve", "order_read", "order_write", "visitor_read", "visitor_invite", "ticket_read", "ticket_write",
  "ticket_assign", "ticket_approve", "ticket_export", "floor_read", "agent_force", "report_read", "report_export",
  "reply_shared", "manage_users", "manage_roles", "manage_routing", "manage_widgets", "manage_forms", "manage_tags",
  "manage_tickets", "manage_integrations", "manage_settings", "manage_bans", "audit_read", "system_operate",
] as const satisfies readonly S["Action"][];

/** Ways by which a customer reaches the company. */
export const MEDIA = ["chat", "voice", "mail", "sms", "wechat", "fax", "letter", "walkin", "video", "sitemail"] as const satisfies readonly S["Medium"][];

/** From the narrowest to the widest. */
export const SCOPES = ["own", "group", "department", "site", "all"] as const satisfies readonly S["Scope"][];

type Complete<All, Listed extends All> = [Exclude<All, Listed>] extends [never] ? true : Exclude<All, Listed>;
const complete: [
  Complete<S["RecordKind"], (typeof RECORD_KINDS)[number]>,
  Complete<S["Medium"], (typeof MEDIA)[number]>,
  Complete<S["Action"], (typeof ACTIONS)[number]>,
  Complete<S["Scope"], (typeof SCOPES)[number]>,
] = [true, true, true, true];
void complete;
