import type { FactKind } from "@yingda/wire";

/** What the log can be filtered by. What is said and read is not part of the audit. */
export const AUDITED: FactKind[] = [
  "record_changed", "customer_changed", "customers_merged", "customers_parted", "view_shared", "customers_related", "customers_told_apart", "consent_noted", "opt_out_noted", "entry_changed", "entry_told", "lead_told", "group_posted", "api_key_changed", "secret_changed", "exported",
  "signed_in", "signed_out", "sign_in_failed", "sign_in_unlocked", "refused", "site_started",
  "conversation_started", "queued", "queue_left", "offered", "offer_ended", "assigned", "segment_ended", "guest_joined", "guest_left",
  "wrap_up_started", "wrap_up_ended", "first_response", "idle_warned", "conversation_closed", "conversation_reopened",
  "note_posted", "message_recalled", "rating_asked", "rated", "tagged", "untagged", "flagged", "unflagged", "follow_up_set", "follow_up_due", "customer_linked",
  "code_sent", "code_refused", "identity_proven",
  "call_started", "call_answered", "call_missed", "call_held", "call_ended", "call_recorded", "flow_entered", "flow_collected", "flow_left",
  "record_due", "record_saved", "marked_spam", "agent_state_changed",
  "invitation_shown", "invitation_answered", "notice_accepted", "message_left", "lead_changed", "batch_made", "batch_cancelled", "customers_imported", "customer_import_stopped", "customer_import_undone",
  "ticket_opened", "ticket_edited", "ticket_moved", "ticket_approval_asked", "ticket_approval_answered", "ticket_assigned", "ticket_noted",
  "ticket_attempted", "ticket_checked", "ticket_watched", "ticket_urged", "ticket_linked", "ticket_merged", "ticket_migrated", "ticket_date_near", "ticket_clock_rang", "ticket_told",
  "rule_told", "plan_made", "plan_cancelled",
  "order_changed", "order_verified", "order_asked", "shipment_reported", "order_exception_found", "order_offered", "order_arranged", "order_noticed", "product_changed",
  "promise_made", "promise_moved", "promise_kept", "promise_dropped", "promise_given", "promise_rang", "promise_told",
  "survey_sent", "survey_answered",
];
