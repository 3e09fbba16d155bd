//! The rows that reports count: projected from events, stored as they are, tallied by metrics. Each has a key made of
//! the log itself, so that writing it twice changes nothing.

use crate::{
    At,
    agent::AgentState,
    event::{CloseReason, OfferEnd, QueueExit, QueueReason, SegmentEnd},
    id::*,
    lang::Lang,
    medium::Medium,
};
use serde::{Deserialize, Serialize};

/// One row to write, whole: the store inserts it or replaces the row with the same key.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    Contact(Contact),
    Visit(Visit),
    Segment(Segment),
    Offer(Offer),
    Interval(Interval),
    Invitation(Invitation),
}

/// A contact counts once for the centre. Key: the conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub conversation: ConversationId,
    pub line: LineId,
    pub medium: Medium,
    pub lang: Lang,
    pub widget: Option<WidgetId>,
    pub vip: bool,
    pub started_at: At,
    pub landing: String,
    pub referrer: String,
    pub campaign: String,
    /// The first assignment.
    pub answered_at: Option<At>,
    pub closed_at: Option<At>,
    pub close: Option<CloseReason>,
    pub ended_by: Option<Side>,
    pub reopened: u16,
    pub transfers: u16,
    pub messages: Messages,
    /// A machine gave the customer what they came for.
    pub resolved: bool,
}

/// Who did something, as reports tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Customer,
    Staff,
    System,
}

/// Messages by the kind of their author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    pub customer: u32,
    pub person: u32,
    pub suggestion: u32,
    pub automatic: u32,
    pub bot: u32,
}

/// One entry of a contact into a queue, counted once per queue. Key: the position of the event that began it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    pub seq: u64,
    pub conversation: ConversationId,
    pub queue: QueueId,
    pub line: LineId,
    pub medium: Medium,
    pub vip: bool,
    pub reason: QueueReason,
    pub entered_at: At,
    pub threshold_s: u16,
    pub left_at: Option<At>,
    pub exit: Option<QueueExit>,
    pub waited_ms: i64,
    /// Who answered.
    pub agent: Option<UserId>,
}

/// One agent's part of a contact, counted once per agent. Key: the conversation and the segment's number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    pub conversation: ConversationId,
    pub number: u16,
    pub agent: UserId,
    pub team: Option<TeamId>,
    pub queue: Option<QueueId>,
    pub line: LineId,
    pub medium: Medium,
    /// How much of the agent's capacity it took, in ten-thousandths.
    pub share: u16,
    pub waited_ms: i64,
    pub threshold_s: u16,
    pub by_hand: bool,
    pub started_at: At,
    pub ended_at: Option<At>,
    pub end: Option<SegmentEnd>,
    pub talk_ms: i64,
    /// Wrap-up that runs now.
    pub wrap_at: Option<At>,
    pub wrap_ms: i64,
    pub first_response_ms: Option<i64>,
    pub customer_messages: u32,
    pub agent_messages: u32,
    pub focus_ms: i64,
    pub rating_asked: bool,
    pub rating: Option<u8>,
}

/// How an offer ended. Key: the position of its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    pub seq: u64,
    pub conversation: ConversationId,
    pub agent: UserId,
    pub queue: QueueId,
    pub offered_at: At,
    pub end: OfferEnd,
    pub after_ms: i64,
}

/// A span of one agent in one state. Key: the position of the event that began it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub seq: u64,
    pub agent: UserId,
    pub state: AgentState,
    pub reason: String,
    pub from_at: At,
    pub until_at: Option<At>,
}

/// An invitation that a visitor saw or answered. Key: the position of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    pub seq: u64,
    pub visitor: VisitorId,
    pub invitation: Option<InvitationId>,
    /// The second wording was shown.
    pub variant: bool,
    pub page: String,
    pub happened_at: At,
    /// Absent: it was shown. Else what the visitor answered.
    pub accepted: Option<bool>,
}

/// All facts of a period that a reader may see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Contacts that started in the period.
    pub contacts: Vec<Contact>,
    /// Visits that began in the period.
    pub visits: Vec<Visit>,
    /// Segments that touch the period.
    pub segments: Vec<Segment>,
    /// Offers that ended in the period.
    pub offers: Vec<Offer>,
    /// Intervals that touch the period.
    pub intervals: Vec<Interval>,
    /// Invitations shown or answered in the period.
    pub invitations: Vec<Invitation>,
}
