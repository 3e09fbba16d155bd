//! The names under which facts are stored and filtered, and which of them the audit lists.

use super::Fact;

impl Fact {
    /// The name under which it is stored and filtered.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::ConversationStarted { .. } => "conversation_started",
            Fact::Queued { .. } => "queued",
            Fact::QueueLeft { .. } => "queue_left",
            Fact::Offered { .. } => "offered",
            Fact::OfferEnded { .. } => "offer_ended",
            Fact::Assigned { .. } => "assigned",
            Fact::SegmentEnded { .. } => "segment_ended",
            Fact::GuestJoined { .. } => "guest_joined",
            Fact::GuestLeft { .. } => "guest_left",
            Fact::WrapUpStarted { .. } => "wrap_up_started",
            Fact::WrapUpEnded { .. } => "wrap_up_ended",
            Fact::FirstResponse { .. } => "first_response",
            Fact::IdleWarned { .. } => "idle_warned",
            Fact::ConversationClosed { .. } => "conversation_closed",
            Fact::ConversationReopened { .. } => "conversation_reopened",
            Fact::MessagePosted { .. } => "message_posted",
            Fact::NotePosted { .. } => "note_posted",
            Fact::MessageRecalled { .. } => "message_recalled",
            Fact::MessageDelivered { .. } => "message_delivered",
            Fact::Read { .. } => "read",
            Fact::RatingAsked { .. } => "rating_asked",
            Fact::Rated { .. } => "rated",
            Fact::Tagged { .. } => "tagged",
            Fact::Untagged { .. } => "untagged",
            Fact::Flagged { .. } => "flagged",
            Fact::Unflagged => "unflagged",
            Fact::FollowUpSet { .. } => "follow_up_set",
            Fact::FollowUpDue { .. } => "follow_up_due",
            Fact::CustomerLinked { .. } => "customer_linked",
            Fact::CodeSent { .. } => "code_sent",
            Fact::CodeRefused { .. } => "code_refused",
            Fact::IdentityProven { .. } => "identity_proven",
            Fact::RecordDue { .. } => "record_due",
            Fact::RecordSaved { .. } => "record_saved",
            Fact::MarkedSpam => "marked_spam",
            Fact::Focus { .. } => "focus",
            Fact::AgentStateChanged { .. } => "agent_state_changed",
            Fact::InvitationShown { .. } => "invitation_shown",
            Fact::InvitationAnswered { .. } => "invitation_answered",
            Fact::NoticeAccepted { .. } => "notice_accepted",
            Fact::MessageLeft { .. } => "message_left",
            Fact::LeadChanged { .. } => "lead_changed",
            Fact::BatchMade { .. } => "batch_made",
            Fact::BatchCancelled { .. } => "batch_cancelled",
            Fact::CustomersImported { .. } => "customers_imported",
            Fact::CustomerImportStopped { .. } => "customer_import_stopped",
            Fact::RecordChanged { .. } => "record_changed",
            Fact::CustomerChanged { .. } => "customer_changed",
            Fact::CustomersMerged { .. } => "customers_merged",
            Fact::CustomersParted { .. } => "customers_parted",
            Fact::EntryChanged { .. } => "entry_changed",
            Fact::EntryTold { .. } => "entry_told",
            Fact::GroupPosted { .. } => "group_posted",
            Fact::TicketOpened { .. } => "ticket_opened",
            Fact::TicketEdited { .. } => "ticket_edited",
            Fact::TicketMoved { .. } => "ticket_moved",
            Fact::TicketApprovalAsked { .. } => "ticket_approval_asked",
            Fact::TicketApprovalAnswered { .. } => "ticket_approval_answered",
            Fact::TicketAssigned { .. } => "ticket_assigned",
            Fact::TicketNoted { .. } => "ticket_noted",
            Fact::TicketAttempted { .. } => "ticket_attempted",
            Fact::TicketChecked { .. } => "ticket_checked",
            Fact::TicketWatched { .. } => "ticket_watched",
            Fact::TicketUrged { .. } => "ticket_urged",
            Fact::TicketLinked { .. } => "ticket_linked",
            Fact::TicketClockRang { .. } => "ticket_clock_rang",
            Fact::TicketTold { .. } => "ticket_told",
            Fact::RuleTold { .. } => "rule_told",
            Fact::PlanMade { .. } => "plan_made",
            Fact::PlanCancelled { .. } => "plan_cancelled",
            Fact::OrderChanged { .. } => "order_changed",
            Fact::OrderVerified { .. } => "order_verified",
            Fact::OrderAsked { .. } => "order_asked",
            Fact::ShipmentReported { .. } => "shipment_reported",
            Fact::OrderExceptionFound { .. } => "order_exception_found",
            Fact::OrderOffered { .. } => "order_offered",
            Fact::OrderArranged { .. } => "order_arranged",
            Fact::OrderNoticed { .. } => "order_noticed",
            Fact::ProductChanged { .. } => "product_changed",
            Fact::PromiseMade { .. } => "promise_made",
            Fact::PromiseMoved { .. } => "promise_moved",
            Fact::PromiseKept { .. } => "promise_kept",
            Fact::PromiseDropped { .. } => "promise_dropped",
            Fact::PromiseGiven { .. } => "promise_given",
            Fact::PromiseRang { .. } => "promise_rang",
            Fact::PromiseTold { .. } => "promise_told",
            Fact::SurveySent { .. } => "survey_sent",
            Fact::SurveyAnswered { .. } => "survey_answered",
            Fact::SignedIn { .. } => "signed_in",
            Fact::SignedOut { .. } => "signed_out",
            Fact::SignInFailed { .. } => "sign_in_failed",
            Fact::SignInUnlocked { .. } => "sign_in_unlocked",
            Fact::SecretChanged { .. } => "secret_changed",
            Fact::Exported { .. } => "exported",
            Fact::ApiKeyChanged { .. } => "api_key_changed",
            Fact::Refused { .. } => "refused",
            Fact::SiteStarted { .. } => "site_started",
        }
    }

    /// What is said and read is not part of the audit list; everything else is.
    pub fn is_audited(&self) -> bool {
        !matches!(
            self,
            Fact::MessagePosted { .. }
                | Fact::MessageDelivered { .. }
                | Fact::Read { .. }
                | Fact::Focus { .. }
                | Fact::TicketTold { .. }
                | Fact::RuleTold { .. }
                | Fact::PromiseTold { .. }
        )
    }
}
