//! What happened. An event is encoded once: the bytes that are stored are the bytes that are sent.

mod calls;
mod desk;
mod entry;
mod flows;
mod names;
mod orders;
mod parts;
mod subject;

pub use crate::turn::{CloseReason, OfferEnd, QueueExit, QueueReason, SegmentEnd, WrapUpEnd};
use crate::{
    At,
    agent::AgentState,
    config::{RecordKind, TicketPhase},
    conversation::{Content, Place, Source},
    id::*,
    lang::Lang,
    medium::Medium,
    proof::{CodeFault, Point},
    refusal::Refusal,
    register::Book,
    survey::Via,
};
pub use calls::*;
pub use desk::*;
pub use entry::{Event, Private};
pub use flows::*;
pub use orders::*;
pub use parts::*;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use smallvec::SmallVec;
use std::collections::BTreeMap;
pub use subject::*;

/// The facts. Names never change once stored; new ones are added. What is absent is not written.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    // ── a conversation's way ──
    ConversationStarted {
        visitor: VisitorId,
        customer: Option<CustomerId>,
        medium: Medium,
        line: LineId,
        widget: Option<WidgetId>,
        /// The way it came, where that is not the product's own chat.
        channel: Option<ChannelId>,
        lang: Lang,
        #[serde(default, skip_serializing_if = "Source::is_empty")]
        source: Source,
        /// Answers of the pre-chat form.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        fields: BTreeMap<String, String>,
        #[serde(default)]
        vip: bool,
    },
    Queued {
        queue: QueueId,
        reason: QueueReason,
        priority: u8,
        /// The instant that counts for its place; older than now when it keeps its place.
        since_at: At,
        threshold_s: u16,
        /// The customer's words so far, for lists.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        preview: String,
    },
    QueueLeft {
        queue: QueueId,
        exit: QueueExit,
        waited_ms: i64,
    },
    Offered {
        agent: UserId,
        queue: QueueId,
        until_at: At,
    },
    OfferEnded {
        agent: UserId,
        queue: QueueId,
        end: OfferEnd,
        after_ms: i64,
    },
    /// An agent has it. Segments count from 1. The *why* lies in `private`.
    Assigned {
        agent: UserId,
        segment: u16,
        queue: Option<QueueId>,
        team: Option<TeamId>,
        waited_ms: i64,
        threshold_s: u16,
        /// Chosen by hand, not by the dispatcher.
        by_hand: bool,
        /// How much of the agent's capacity it takes, in ten-thousandths: occupancy weighs contacts by it.
        #[serde(default)]
        share: u16,
        /// Name, staff number and picture that the customer sees.
        persona: Persona,
    },
    /// The agent's part ended, with its wrap-up still to come or not due.
    SegmentEnded {
        agent: UserId,
        segment: u16,
        reason: SegmentEnd,
        /// Contact time of the segment.
        talk_ms: i64,
        // An event has a `to` already: its audience.
        #[serde(default, rename = "next", skip_serializing_if = "Option::is_none")]
        to: Option<Place>,
    },
    GuestJoined {
        agent: UserId,
        // An event has a `by` already.
        #[serde(rename = "invited_by")]
        by: UserId,
        persona: Persona,
    },
    GuestLeft {
        agent: UserId,
    },
    WrapUpStarted {
        agent: UserId,
        segment: u16,
        until_at: At,
    },
    WrapUpEnded {
        agent: UserId,
        segment: u16,
        end: WrapUpEnd,
        took_ms: i64,
    },
    FirstResponse {
        agent: UserId,
        segment: u16,
        after_ms: i64,
    },
    IdleWarned {
        text: String,
    },
    ConversationClosed {
        reason: CloseReason,
        agent: Option<UserId>,
        into: Option<ConversationId>,
    },
    ConversationReopened {
        last_agent: Option<UserId>,
    },
    // ── what is said ──
    MessagePosted {
        #[serde(flatten)]
        content: Content,
        #[serde(default, skip_serializing_if = "Author::is_person")]
        author: Author,
        /// It leaves by a channel at this instant, and may be taken back until then; absent when it leaves at once.
        leaves_at: Option<At>,
    },
    /// Staff only: a whisper that the visitor never sees.
    NotePosted {
        text: String,
        #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
        #[cfg_attr(feature = "schema", schema(value_type = Vec<UserId>))]
        mentions: SmallVec<[UserId; 2]>,
    },
    MessageRecalled {
        message: u64,
    },
    /// What became of a message outside: of several, the last counts.
    MessageDelivered {
        message: u64,
        state: Delivery,
        /// Why it failed, as the other side put it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Everything up to this position was read, by the customer or by staff (`by`).
    Read {
        up_to: u64,
    },
    // ── what is kept about it ──
    RatingAsked {
        segment: u16,
    },
    Rated {
        score: u8,
        comment: String,
        segment: u16,
        agent: Option<UserId>,
    },
    Tagged {
        tag: TagId,
    },
    Untagged {
        tag: TagId,
    },
    /// A coloured flag with a note (B-09).
    Flagged {
        colour: crate::config::Colour,
        text: String,
    },
    Unflagged,
    FollowUpSet {
        /// Not `at`: an event has one already.
        due_at: Option<At>,
        text: String,
    },
    /// The promised instant has come.
    FollowUpDue {
        /// Who promised, else who served it last.
        agent: Option<UserId>,
        due_at: At,
        text: String,
    },
    CustomerLinked {
        customer: CustomerId,
    },
    /// A one-time code left for a contact point (B-05); the label is masked.
    CodeSent {
        point: Point,
        label: String,
        until_at: At,
    },
    CodeRefused {
        why: CodeFault,
        /// Tries that are left.
        left: u8,
    },
    /// The customer proved to be who they say, and counts as proven until then.
    IdentityProven {
        point: Point,
        label: String,
        until_at: At,
    },
    RecordDue {
        agent: UserId,
        form: FormId,
    },
    RecordSaved {
        agent: UserId,
        form: FormId,
        complete: bool,
    },
    MarkedSpam,
    /// How long the agent looked at this conversation.
    Focus {
        agent: UserId,
        ms: i64,
    },
    // ── on the telephone ──
    CallStarted(CallStarted),
    CallAnswered(CallAnswered),
    CallMissed(CallMissed),
    CallHeld(CallHeld),
    CallEnded(CallEnded),
    CallRecorded(CallRecorded),
    FlowEntered(FlowEntered),
    FlowCollected(FlowCollected),
    FlowLeft(FlowLeft),
    // ── agents ──
    AgentStateChanged {
        agent: UserId,
        state: AgentState,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        was: AgentState,
        /// How long the former state lasted.
        lasted_ms: i64,
        /// Chosen during a contact, due after it.
        pending: Option<AgentState>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        media_off: Vec<Medium>,
        /// Keeps the present contacts, takes no new ones.
        #[serde(default)]
        no_new: bool,
    },
    // ── visitors ──
    InvitationShown {
        invitation: Option<InvitationId>,
        variant: bool,
        page: String,
    },
    InvitationAnswered {
        invitation: Option<InvitationId>,
        accepted: bool,
    },
    NoticeAccepted {
        widget: WidgetId,
        version: u32,
        guardian: bool,
    },
    MessageLeft {
        customer: Option<CustomerId>,
        widget: WidgetId,
        fields: BTreeMap<String, String>,
    },
    LeadChanged(LeadChanged),
    LeadTold(LeadTold),
    /// One text to many begins to leave.
    BatchMade {
        batch: RecordId,
        channel: ChannelId,
        name: String,
        receivers: u32,
    },
    /// What of it has not left yet stays.
    BatchCancelled {
        batch: RecordId,
    },
    /// A table of customers began to come in, or to be tried.
    CustomersImported {
        import: RecordId,
        lines: u64,
        trial: bool,
    },
    CustomerImportUndone(CustomerImportUndone),
    /// What of it had come in stays.
    CustomerImportStopped {
        import: RecordId,
    },
    // ── records and security ──
    RecordChanged {
        record: RecordKind,
        id: RecordId,
        version: i64,
        name: String,
        deleted: bool,
    },
    CustomerChanged {
        customer: CustomerId,
        version: i64,
        deleted: bool,
    },
    CustomersMerged {
        into: CustomerId,
        // An event has a `from` already: its command.
        #[serde(rename = "merged")]
        from: CustomerId,
    },
    /// Two who had become one are two again.
    CustomersParted {
        kept: CustomerId,
        parted: CustomerId,
    },
    CustomersRelated(CustomersRelated),
    CustomersToldApart(CustomersToldApart),
    ViewShared(ViewShared),
    ConsentNoted(ConsentNoted),
    OptOutNoted(OptOutNoted),
    /// A register has a new entry, or one changed.
    EntryChanged {
        book: Book,
        entry: RecordId,
        version: i64,
        serial: String,
        deleted: bool,
    },
    /// Something was posted in a customers' group, perhaps for a campaign.
    GroupPosted {
        group: RecordId,
        post: RecordId,
        batch: Option<RecordId>,
    },
    /// Somebody is told of an entry that concerns them: a parcel came, a visitor is here.
    EntryTold {
        book: Book,
        entry: RecordId,
        serial: String,
        text: String,
    },
    // ── tickets ──
    TicketOpened {
        ticket: TicketId,
        serial: String,
        of: TicketTypeId,
        title: String,
        state: String,
        severity: u8,
        team: Option<TeamId>,
        owner: Option<UserId>,
        customer: Option<CustomerId>,
        conversation: Option<ConversationId>,
        parent: Option<TicketId>,
        received_at: At,
    },
    /// `fields` names what changed; the values lie in `private`.
    TicketEdited {
        ticket: TicketId,
        version: i64,
        fields: Vec<String>,
    },
    TicketMoved {
        ticket: TicketId,
        version: i64,
        // An event has a `from` already: its command.
        #[serde(rename = "before")]
        from: String,
        #[serde(rename = "after")]
        to: String,
        way: String,
        phase: TicketPhase,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// Although something was missing, by somebody who may.
        #[serde(default)]
        forced: bool,
    },
    TicketApprovalAsked {
        ticket: TicketId,
        way: String,
        reason: String,
    },
    TicketApprovalAnswered {
        ticket: TicketId,
        way: String,
        yes: bool,
        reason: String,
    },
    TicketAssigned {
        ticket: TicketId,
        version: i64,
        team: Option<TeamId>,
        owner: Option<UserId>,
    },
    TicketNoted {
        ticket: TicketId,
        text: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<FileId>,
        /// The customer was told this.
        #[serde(default)]
        told: bool,
    },
    TicketAttempted {
        ticket: TicketId,
        text: String,
    },
    TicketChecked {
        ticket: TicketId,
        item: String,
        done: bool,
    },
    TicketWatched {
        ticket: TicketId,
        user: UserId,
        // An event has an `on` already: what it is about.
        #[serde(rename = "is_on")]
        on: bool,
    },
    TicketUrged {
        ticket: TicketId,
        text: String,
    },
    TicketLinked {
        ticket: TicketId,
        other: TicketId,
        #[serde(rename = "is_on")]
        on: bool,
    },
    TicketMerged(TicketMerged),
    TicketMigrated(TicketMigrated),
    /// So much of a clock's time has passed, and these were told.
    TicketClockRang {
        ticket: TicketId,
        clock: String,
        percent: u16,
        late: bool,
        // `to` is the event's audience.
        #[serde(rename = "told")]
        to: Vec<UserId>,
    },
    TicketDateNear(TicketDateNear),
    /// Somebody is told of a ticket that concerns them.
    TicketTold {
        ticket: TicketId,
        serial: String,
        title: String,
        what: TicketNews,
    },
    RuleTold {
        rule: RuleId,
        ticket: Option<TicketId>,
        conversation: Option<ConversationId>,
        text: String,
    },
    PlanMade(PlanMade),
    PlanCancelled(PlanCancelled),
    // ── orders ──
    OrderChanged(OrderChanged),
    OrderVerified(OrderVerified),
    OrderAsked(OrderAsked),
    ShipmentReported(ShipmentReported),
    OrderExceptionFound(OrderExceptionFound),
    OrderOffered(OrderOffered),
    OrderArranged(OrderArranged),
    OrderNoticed(OrderNoticed),
    ProductChanged(ProductChanged),
    // ── promises ──
    PromiseMade {
        promise: RecordId,
        ticket: Option<TicketId>,
        conversation: Option<ConversationId>,
        owner: UserId,
        text: String,
        due_at: At,
    },
    PromiseMoved {
        promise: RecordId,
        due_at: At,
        reason: String,
    },
    PromiseKept {
        promise: RecordId,
        in_time: bool,
        outcome: String,
    },
    PromiseDropped {
        promise: RecordId,
        reason: String,
    },
    PromiseGiven {
        promise: RecordId,
        owner: UserId,
    },
    PromiseRang {
        promise: RecordId,
        late: bool,
    },
    /// Somebody is told of a promise: half of its time has passed, or all of it.
    PromiseTold {
        promise: RecordId,
        ticket: Option<TicketId>,
        conversation: Option<ConversationId>,
        text: String,
        due_at: At,
        late: bool,
    },
    // ── surveys ──
    SurveySent {
        ask: RecordId,
        survey: SurveyId,
        via: Via,
        conversation: Option<ConversationId>,
        ticket: Option<TicketId>,
        agent: Option<UserId>,
    },
    /// The scores; what was answered otherwise stands with the invitation.
    SurveyAnswered {
        ask: RecordId,
        survey: SurveyId,
        conversation: Option<ConversationId>,
        ticket: Option<TicketId>,
        csat: Option<u8>,
        nps: Option<u8>,
        ces: Option<u8>,
    },
    SignedIn {
        user: UserId,
        method: SignInMethod,
    },
    SignedOut {
        user: UserId,
    },
    SignInFailed {
        login: String,
        locked: bool,
    },
    /// Somebody ended a lock-out after wrong passwords.
    SignInUnlocked {
        user: UserId,
    },
    SecretChanged {
        user: UserId,
        what: SecretKind,
    },
    Exported {
        what: String,
        rows: u64,
    },
    ApiKeyChanged(ApiKeyChanged),
    /// A command from outside that was not carried out and deserves a trace.
    Refused {
        what: String,
        refusal: Refusal,
    },
    SiteStarted {
        version: String,
    },
}
