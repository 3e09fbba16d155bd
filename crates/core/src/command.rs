//! What someone wants done to live state. Edges make commands; the engine decides.

use crate::{
    At,
    actor::Actor,
    agent::AgentState,
    call,
    config::{Colour, Need, Record, RecordKind},
    conversation::{Content, Place, Source},
    event::{Author, Delivery},
    flow,
    id::*,
    lang::Lang,
    medium::Medium,
    proof::Step,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A command with who asks and, for clients, its identity.
#[derive(Clone, Debug)]
pub struct Envelope {
    pub actor: Actor,
    pub origin: Option<Sent>,
    pub command: Command,
}

/// A client's counting: `n` of this command, `base` the lowest `n` still unanswered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Sent {
    pub tab: Tab,
    pub n: u32,
    pub base: u32,
}

#[derive(Clone, Debug)]
pub enum Command {
    Conversation(ConversationId, Act),
    Start(Box<Start>),
    Agent(UserId, AgentAct),
    Visitor(VisitorId, VisitorAct),
    /// A committed change of a record, so that the engine knows it. Made by the server only.
    Configure {
        kind: RecordKind,
        id: RecordId,
        record: Option<Box<Record>>,
    },
    /// The clock moved: timers that are due fire.
    Tick,
}

/// A new conversation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Start {
    pub visitor: VisitorId,
    pub customer: Option<CustomerId>,
    pub medium: Medium,
    pub widget: Option<WidgetId>,
    #[serde(default)]
    pub channel: Option<ChannelId>,
    pub line: LineId,
    pub queue: QueueId,
    pub needs: Vec<Need>,
    pub lang: Lang,
    pub vip: bool,
    pub source: Source,
    pub fields: BTreeMap<String, String>,
    /// Who served this customer last, and when.
    pub last_agent: Option<(UserId, At)>,
    /// The visitor's former conversation, where there is one: a repeated `Start` is known by it.
    pub previous: Option<ConversationId>,
    /// Values of the form that name a person; they go into the private part.
    pub personal: BTreeMap<String, String>,
    /// The first words.
    pub content: Option<Content>,
    /// An agent starts it (manual invitation accepted): no queue.
    pub agent: Option<UserId>,
    /// A flow begins with it: it enters no queue by itself.
    #[serde(default)]
    pub in_flow: bool,
    /// Only if somebody is free for it now, and for a short while until it is confirmed.
    #[serde(default)]
    pub reserved: bool,
}

/// What one may do to a conversation. Field names are the wire's names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Act {
    Post {
        #[serde(flatten)]
        content: Content,
        #[serde(default, skip_serializing_if = "Author::is_person")]
        author: Author,
    },
    Note {
        text: String,
        #[serde(default)]
        #[cfg_attr(feature = "schema", schema(value_type = Vec<UserId>))]
        mentions: SmallVec<[UserId; 2]>,
    },
    Read {
        up_to: u64,
    },
    Recall {
        message: u64,
    },
    Accept,
    Decline,
    /// Take a waiting contact out of its queue by hand.
    Pick,
    Transfer {
        to: Place,
        #[serde(default)]
        note: String,
    },
    Invite {
        agent: UserId,
    },
    Leave,
    TakeOver,
    Reassign {
        agent: UserId,
    },
    ReturnToQueue,
    Close,
    EndWrapUp,
    Rate {
        score: u8,
        #[serde(default)]
        comment: String,
    },
    AskRating,
    Tag {
        tag: TagId,
    },
    Untag {
        tag: TagId,
    },
    Flag {
        colour: Colour,
        text: String,
    },
    Unflag,
    FollowUp {
        at: Option<At>,
        #[serde(default)]
        text: String,
    },
    LinkCustomer {
        customer: CustomerId,
    },
    MergeInto {
        /// Not `conversation`: in a frame of the socket that names what the command is about.
        #[serde(rename = "into")]
        conversation: ConversationId,
    },
    MarkSpam,
    Focus {
        ms: i64,
    },
    /// The consultation record was stored; sent by the server, not by clients.
    #[serde(skip)]
    RecordSaved {
        form: FormId,
        complete: bool,
        before: Option<serde_json::Value>,
        after: serde_json::Value,
    },
    /// What became of a message outside; sent by the server.
    #[serde(skip)]
    Delivered {
        message: u64,
        state: Delivery,
        reason: String,
    },
    /// Gives it to somebody, whether they are there or not; sent by the server.
    #[serde(skip)]
    HandTo {
        agent: UserId,
    },
    /// What was reserved is taken, or let go; sent by the server.
    #[serde(skip)]
    Settle {
        taken: bool,
    },
    /// A customer is proving who they are; sent by the server, which made the code and compared it.
    #[serde(skip)]
    Prove {
        step: Step,
    },
    /// Something happened on the line; sent by the server, which holds it.
    #[serde(skip)]
    Called {
        call: String,
        step: call::Step,
    },
    /// A flow went on with the customer; sent by the server, which walks it.
    #[serde(skip)]
    Walked {
        news: flow::News,
    },
    /// The follow-up promised for this instant is due; sent by the server when it is.
    #[serde(skip)]
    RemindOfFollowUp {
        due_at: At,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum AgentAct {
    SetState {
        state: AgentState,
        #[serde(default)]
        reason: String,
    },
    /// Back to taking this medium after a missed contact.
    Resume {
        medium: Medium,
    },
    NoNew {
        on: bool,
    },
    /// The first connection opened, or the last one closed; sent by the server.
    #[serde(skip)]
    Connected,
    #[serde(skip)]
    Disconnected,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum VisitorAct {
    InvitationShown { invitation: Option<InvitationId>, variant: bool, page: String },
    InvitationAnswered { invitation: Option<InvitationId>, accepted: bool },
    AcceptNotice { widget: WidgetId, version: u32, guardian: bool },
}
