// What one may ask for.
import type { At, Colour, ConversationId, CustomerId, InvitationId, Medium, TagId, UserId, WidgetId } from "./ids";
import type { AgentState, Content, Place } from "./live";
import type { Author } from "./event";

export type Act =
  | ({ do: "post"; author?: Author } & Content)
  | { do: "note"; text: string; mentions?: UserId[] }
  | { do: "read"; up_to: number }
  | { do: "recall"; message: number }
  | { do: "accept" }
  | { do: "decline" }
  | { do: "pick" }
  | { do: "transfer"; to: Place; note?: string }
  | { do: "invite"; agent: UserId }
  | { do: "leave" }
  | { do: "take_over" }
  | { do: "reassign"; agent: UserId }
  | { do: "return_to_queue" }
  | { do: "close" }
  | { do: "end_wrap_up" }
  | { do: "rate"; score: number; comment?: string }
  | { do: "ask_rating" }
  | { do: "tag"; tag: TagId }
  | { do: "untag"; tag: TagId }
  | { do: "flag"; colour: Colour; text: string }
  | { do: "unflag" }
  | { do: "follow_up"; at: At | null; text?: string }
  | { do: "link_customer"; customer: CustomerId }
  | { do: "merge_into"; conversation: ConversationId }
  | { do: "mark_spam" }
  | { do: "focus"; ms: number };

export type AgentAct =
  | { do: "set_state"; state: AgentState; reason?: string }
  | { do: "resume"; medium: Medium }
  | { do: "no_new"; on: boolean };

export type VisitorAct =
  | { do: "invitation_shown"; invitation: InvitationId | null; variant: boolean; page: string }
  | { do: "invitation_answered"; invitation: InvitationId | null; accepted: boolean }
  | { do: "accept_notice"; widget: WidgetId; version: number; guardian: boolean };
