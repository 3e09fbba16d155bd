//! What one node asks of another, and what comes back.

use crate::site::{Done, Item, Refused, question};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use yingda_core::{
    At,
    actor::Actor,
    command::{Act, AgentAct, Command, Sent, Start, VisitorAct},
    event::Delivery,
    id::*,
    proof::Step,
    refusal::Refusal,
};
use yingda_store::Statement;

/// Something for the site's loop.
#[derive(Debug, Serialize, Deserialize)]
pub enum Call {
    Command(Actor, Option<Sent>, Order),
    Change(Item),
    Ask(question::Any),
    Ride(Statement),
    /// All who have a console open on the calling node.
    Here(Vec<UserId>),
}

/// A command as it travels: also what only the server itself may say.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    Conversation(ConversationId, Act),
    RecordSaved {
        conversation: ConversationId,
        form: FormId,
        complete: bool,
        before: Option<serde_json::Value>,
        after: serde_json::Value,
    },
    RemindOfFollowUp {
        conversation: ConversationId,
        due_at: At,
    },
    Delivered {
        conversation: ConversationId,
        message: u64,
        state: Delivery,
        reason: String,
    },
    Prove {
        conversation: ConversationId,
        step: Step,
    },
    Called {
        conversation: ConversationId,
        call: String,
        step: yingda_core::call::Step,
    },
    Walked {
        conversation: ConversationId,
        news: yingda_core::flow::News,
    },
    Start(Box<Start>),
    Agent(UserId, AgentAct),
    Visitor(VisitorId, VisitorAct),
}

/// Calls of one node, in order.
#[derive(Debug, Serialize, Deserialize)]
pub struct Calls {
    pub node: i64,
    /// Nobody waits for an answer any more after this instant: what arrives later is not carried out.
    pub until_at: At,
    pub calls: Vec<(u64, Box<RawValue>)>,
    /// By the call's number, where in a trace it was made; a former version says nothing of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<(u64, String)>,
}

/// What became of a call, by the number that the caller gave it.
pub type Answers = Vec<(u64, Answer)>;

#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// With whether its own event is the acknowledgement.
    Done(Result<Done, Refused>, bool),
    Changed(Result<u64, Refused>),
    Told(Box<RawValue>),
}

impl Call {
    pub fn text(&self) -> Result<Box<RawValue>, Refusal> {
        to_raw_value(self).map_err(|error| {
            tracing::error!(%error, "a call cannot be written down");
            Refusal::Unavailable
        })
    }
}

impl Order {
    /// Configuration and time are the loop's own business.
    pub fn of(command: Command) -> Result<Self, Refusal> {
        Ok(match command {
            Command::Conversation(conversation, Act::RecordSaved { form, complete, before, after }) => {
                Self::RecordSaved { conversation, form, complete, before, after }
            }
            Command::Conversation(conversation, Act::RemindOfFollowUp { due_at }) => {
                Self::RemindOfFollowUp { conversation, due_at }
            }
            Command::Conversation(conversation, Act::Delivered { message, state, reason }) => {
                Self::Delivered { conversation, message, state, reason }
            }
            Command::Conversation(conversation, Act::Prove { step }) => Self::Prove { conversation, step },
            Command::Conversation(conversation, Act::Called { call, step }) => {
                Self::Called { conversation, call, step }
            }
            Command::Conversation(conversation, Act::Walked { news }) => Self::Walked { conversation, news },
            Command::Conversation(id, act) => Self::Conversation(id, act),
            Command::Start(start) => Self::Start(start),
            Command::Agent(user, act) => Self::Agent(user, act),
            Command::Visitor(visitor, act) => Self::Visitor(visitor, act),
            Command::Configure { .. } | Command::Tick => return Err(Refusal::Forbidden),
        })
    }

    pub fn command(self) -> Command {
        match self {
            Self::Conversation(id, act) => Command::Conversation(id, act),
            Self::RecordSaved { conversation, form, complete, before, after } => {
                Command::Conversation(conversation, Act::RecordSaved { form, complete, before, after })
            }
            Self::RemindOfFollowUp { conversation, due_at } => {
                Command::Conversation(conversation, Act::RemindOfFollowUp { due_at })
            }
            Self::Delivered { conversation, message, state, reason } => {
                Command::Conversation(conversation, Act::Delivered { message, state, reason })
            }
            Self::Prove { conversation, step } => Command::Conversation(conversation, Act::Prove { step }),
            Self::Called { conversation, call, step } => {
                Command::Conversation(conversation, Act::Called { call, step })
            }
            Self::Walked { conversation, news } => Command::Conversation(conversation, Act::Walked { news }),
            Self::Start(start) => Command::Start(start),
            Self::Agent(user, act) => Command::Agent(user, act),
            Self::Visitor(visitor, act) => Command::Visitor(visitor, act),
        }
    }
}
