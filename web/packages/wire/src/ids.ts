// Outside the server every id is an opaque string; these names say whose.
export type ConversationId = string;
export type CustomerId = string;
export type VisitorId = string;
export type UserId = string;
export type QueueId = string;
export type SkillId = string;
export type TeamId = string;
export type RoleId = string;
export type LineId = string;
export type WidgetId = string;
export type CalendarId = string;
export type InvitationId = string;
export type TagId = string;
export type ApiKeyId = string;
export type FormId = string;
export type WebhookId = string;
export type FileId = string;
export type RecordId = string;

/** An instant: milliseconds since 1970-01-01T00:00:00Z. */
export type At = number;
/** A client tab's random name. */
export type Tab = number;

export type Lang = "zh" | "en";
export interface Text {
  zh: string;
  en: string;
}
export type Medium = "chat" | "voice" | "mail" | "sms" | "wechat" | "fax" | "letter" | "walkin" | "video";
export type Colour = "grey" | "red" | "amber" | "green" | "blue" | "violet";

export type Actor =
  | { type: "visitor"; id: VisitorId }
  | { type: "user"; id: UserId }
  | { type: "api"; id: ApiKeyId }
  | { type: "bot" }
  | { type: "system" };

export type Refusal =
  | "not_found" | "forbidden" | "closed" | "wrong_phase" | "not_yours" | "already_yours" | "agent_full"
  | "agent_away" | "queue_full" | "queue_closed" | "offer_gone" | "empty" | "too_long" | "too_late" | "bad_value"
  | "break_quota_full" | "active_work" | "signed_in_elsewhere" | "banned" | "stale" | "name_taken" | "in_use"
  | "gap" | "busy" | "unavailable" | "disk_full";
