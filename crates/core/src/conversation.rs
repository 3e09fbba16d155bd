//! A conversation's life: bot, waiting, offered, active, wrap-up, closed.

use crate::{
    At,
    config::{Colour, Need},
    event::Origin,
    flow::Collected,
    id::*,
    lang::Lang,
    mail::Mail,
    medium::Medium,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// What a message carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    Text { text: String },
    File { file: FileId, name: String, mime: String, size: u64 },
    Mail { mail: Box<Mail> },
}

impl Content {
    pub const MAX_TEXT: usize = 8_000;

    /// Files that belong to it.
    pub fn files(&self) -> SmallVec<[FileId; 1]> {
        match self {
            Content::Text { .. } => SmallVec::new(),
            Content::File { file, .. } => SmallVec::from_slice(&[*file]),
            Content::Mail { mail } => mail.files().collect(),
        }
    }

    /// The first line of a list entry.
    pub fn preview(&self) -> String {
        match self {
            Content::Text { text } => text.chars().take(80).collect(),
            Content::File { name, .. } => format!("📎 {name}"),
            Content::Mail { mail } if mail.subject.is_empty() => mail.text.chars().take(80).collect(),
            Content::Mail { mail } => mail.subject.chars().take(80).collect(),
        }
    }
}

/// Where a contact may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Queue(QueueId),
    Agent(UserId),
}

/// Where a visitor came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Source {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub page: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub page_title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub landing: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub referrer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub campaign: String,
}

impl Source {
    pub fn is_empty(&self) -> bool {
        *self == Source::default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Bot,
    #[default]
    Waiting,
    Offered,
    Active,
    WrapUp,
    Closed,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Bot => "bot",
            Phase::Waiting => "waiting",
            Phase::Offered => "offered",
            Phase::Active => "active",
            Phase::WrapUp => "wrap_up",
            Phase::Closed => "closed",
        }
    }
}

/// A conversation's live state. It is stored whole as the row's `live` column and read back at a rebuild.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Conversation {
    pub id: ConversationId,
    pub visitor: VisitorId,
    pub customer: Option<CustomerId>,
    pub medium: Medium,
    pub line: LineId,
    pub widget: Option<WidgetId>,
    /// The way it came, which replies take; none for the product's own chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    pub lang: Lang,
    pub vip: bool,
    pub phase: Phase,
    pub started_at: At,
    /// The queue it waits in, or came from.
    pub queue: Option<QueueId>,
    pub priority: u8,
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Need>))]
    pub needs: SmallVec<[Need; 0]>,
    /// Needed whichever queue it waits in: what its topic or a transfer asked for.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Need>))]
    pub own_needs: SmallVec<[Need; 0]>,
    /// Entered the present queue (for waiting times).
    pub queued_at: At,
    /// Counts for its place; stays when it returns to its place.
    pub since_at: At,
    /// Prefer this agent until then.
    pub prefer: Option<Prefer>,
    pub offer: Option<Offer>,
    /// Agents who declined or missed it in this queue.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<UserId>))]
    pub refused_by: SmallVec<[UserId; 0]>,
    pub agent: Option<UserId>,
    /// Who served it when it was closed.
    pub last_agent: Option<UserId>,
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<UserId>))]
    pub guests: SmallVec<[UserId; 0]>,
    pub segment: u16,
    /// The present segment began.
    pub assigned_at: Option<At>,
    pub first_reply_at: Option<At>,
    pub wrap_until_at: Option<At>,
    pub closed_at: Option<At>,
    pub last_at: At,
    pub last_seq: u64,
    /// The last word of either side; idle time counts from here.
    pub spoke_at: At,
    /// The agent owes an answer since.
    pub unanswered_since_at: Option<At>,
    pub warned: bool,
    pub read_by_visitor: u64,
    pub read_by_staff: u64,
    /// Customer messages after `read_by_staff`.
    pub unread: u16,
    pub preview: String,
    /// The message that the preview shows.
    pub preview_of: u64,
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<TagId>))]
    pub tags: SmallVec<[TagId; 0]>,
    pub flag: Option<Flag>,
    pub follow_up_at: Option<At>,
    /// What is promised for then, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUp>,
    pub rating: Option<u8>,
    /// The customer proved who they are, and counts as proven until then (B-05).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven_until_at: Option<At>,
    /// What the customer told a flow, for whoever serves them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub collected: Vec<Collected>,
    /// The record that is due (B-01), until it is complete.
    pub record_due: Option<FormId>,
    pub record_done: bool,
    /// Kept for a contact of another site that has to be confirmed until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_until_at: Option<At>,
    /// It was joined to another conversation of the same person.
    pub merged_into: Option<ConversationId>,
    /// The command that began it, so that a repeated beginning has no second effect.
    pub started_by: Option<Origin>,
    /// The last counter of each tab that sent, so that a retry has no second effect.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Sender>))]
    pub senders: SmallVec<[Sender; 2]>,
    /// What of it the next commit has to write.
    #[serde(skip)]
    pub mark: Mark,
    /// An idle timer is armed in memory.
    #[serde(skip)]
    pub idle_armed: bool,
}

/// How much of a row changed since the last commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    #[default]
    Clean,
    /// Only its pulse.
    Touched,
    Changed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sender {
    pub tab: Tab,
    pub n: u32,
    pub at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Prefer {
    pub agent: UserId,
    pub until_at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Offer {
    pub agent: UserId,
    pub made_at: At,
    pub until_at: At,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Flag {
    pub colour: Colour,
    pub text: String,
    pub by: UserId,
    pub at: At,
}

/// A promise to come back to a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FollowUp {
    /// Who promised; absent when a program did.
    pub by: Option<UserId>,
    pub text: String,
    /// They were reminded when it fell due, and are not again.
    pub is_told: bool,
}
