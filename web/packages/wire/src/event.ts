// What happened: one fact with its position, time and author.
import type {
  Actor, ApiKeyId, At, Colour, ConversationId, CustomerId, FileId, FormId, InvitationId, Lang, LineId, Medium,
  QueueId, RecordId, Refusal, Tab, TagId, TeamId, UserId, VisitorId, WidgetId,
} from "./ids";
import type { AgentState, Content, Place, Source } from "./live";
import type { RecordKind } from "./records";

export type Subject =
  | { conversation: ConversationId }
  | { user: UserId }
  | { visitor: VisitorId }
  | { customer: CustomerId }
  | { record: RecordId }
  | "site";

export type Audience = "customer" | "staff";
export type Author = "person" | "bot" | "automatic" | "suggestion";
export type QueueReason = "new" | "topic" | "transfer" | "overflow" | "unanswered" | "returned" | "reopened";
export type QueueExit = "answered" | "abandoned" | "overflow" | "transfer" | "message" | "closed";
export type OfferEnd = "accepted" | "declined" | "timed_out" | "withdrawn" | "agent_left";
export type CloseReason = "ended" | "idle" | "abandoned" | "message" | "spam" | "merged";
export type SegmentEnd = "closed" | "transferred" | "taken_over" | "reassigned" | "returned" | "agent_away";
export type WrapUpEnd = "done" | "time_limit" | "customer_wrote" | "agent_left";

export interface Persona {
  name: string;
  avatar?: FileId | null;
}

export type Fact =
  | {
      kind: "conversation_started";
      visitor: VisitorId;
      customer?: CustomerId | null;
      medium: Medium;
      line: LineId;
      widget?: WidgetId | null;
      lang: Lang;
      source?: Source;
      fields?: Record<string, string>;
      vip: boolean;
    }
  | { kind: "queued"; queue: QueueId; reason: QueueReason; priority: number; since_at: At; threshold_s: number; preview?: string }
  | { kind: "queue_left"; queue: QueueId; exit: QueueExit; waited_ms: number }
  | { kind: "offered"; agent: UserId; queue: QueueId; until_at: At }
  | { kind: "offer_ended"; agent: UserId; queue: QueueId; end: OfferEnd; after_ms: number }
  | {
      kind: "assigned";
      agent: UserId;
      segment: number;
      queue?: QueueId | null;
      team?: TeamId | null;
      waited_ms: number;
      threshold_s: number;
      by_hand: boolean;
      persona: Persona;
    }
  | { kind: "segment_ended"; agent: UserId; segment: number; reason: SegmentEnd; talk_ms: number; next?: Place | null }
  | { kind: "guest_joined"; agent: UserId; invited_by: UserId; persona: Persona }
  | { kind: "guest_left"; agent: UserId }
  | { kind: "wrap_up_started"; agent: UserId; segment: number; until_at: At }
  | { kind: "wrap_up_ended"; agent: UserId; segment: number; end: WrapUpEnd; took_ms: number }
  | { kind: "first_response"; agent: UserId; segment: number; after_ms: number }
  | { kind: "idle_warned"; text: string }
  | { kind: "conversation_closed"; reason: CloseReason; agent?: UserId | null; into?: ConversationId | null }
  | { kind: "conversation_reopened"; last_agent?: UserId | null }
  | ({ kind: "message_posted"; author?: Author } & Content)
  | { kind: "note_posted"; text: string; mentions?: UserId[] }
  | { kind: "message_recalled"; message: number }
  | { kind: "read"; up_to: number }
  | { kind: "rating_asked"; segment: number }
  | { kind: "rated"; score: number; comment: string; segment: number; agent?: UserId | null }
  | { kind: "tagged"; tag: TagId }
  | { kind: "untagged"; tag: TagId }
  | { kind: "flagged"; colour: Colour; text: string }
  | { kind: "unflagged" }
  | { kind: "follow_up_set"; due_at?: At | null; text: string }
  | { kind: "customer_linked"; customer: CustomerId }
  | { kind: "record_due"; agent: UserId; form: FormId }
  | { kind: "record_saved"; agent: UserId; form: FormId; complete: boolean }
  | { kind: "marked_spam" }
  | { kind: "focus"; agent: UserId; ms: number }
  | {
      kind: "agent_state_changed";
      agent: UserId;
      state: AgentState;
      reason?: string;
      was: AgentState;
      lasted_ms: number;
      pending?: AgentState | null;
      media_off?: Medium[];
      no_new: boolean;
    }
  | { kind: "invitation_shown"; invitation?: InvitationId | null; variant: boolean; page: string }
  | { kind: "invitation_answered"; invitation?: InvitationId | null; accepted: boolean }
  | { kind: "notice_accepted"; widget: WidgetId; version: number; guardian: boolean }
  | { kind: "message_left"; customer?: CustomerId | null; widget: WidgetId; fields: Record<string, string> }
  | { kind: "record_changed"; record: RecordKind; id: RecordId; version: number; name: string; deleted: boolean }
  | { kind: "customer_changed"; customer: CustomerId; version: number; deleted: boolean }
  | { kind: "customers_merged"; into: CustomerId; merged: CustomerId }
  | { kind: "signed_in"; user: UserId; method: "password" | "password_and_code" | "oidc" }
  | { kind: "signed_out"; user: UserId }
  | { kind: "sign_in_failed"; login: string; locked: boolean }
  | { kind: "secret_changed"; user: UserId; what: "password" | "second_factor" }
  | { kind: "exported"; what: string; rows: number }
  | { kind: "api_key_changed"; key: ApiKeyId; name: string; revoked: boolean }
  | { kind: "refused"; what: string; refusal: Refusal }
  | { kind: "site_started"; version: string };

export type FactKind = Fact["kind"];

export interface EventHead {
  /** Position in the site's log. */
  seq: number;
  at: At;
  on: Subject;
  by: Actor;
  to: Audience;
  /** The command that caused it, so that its sender knows its own. */
  from?: { tab: Tab; n: number } | null;
}

export type Event = EventHead & Fact;
export type EventOf<K extends FactKind> = EventHead & Extract<Fact, { kind: K }>;
