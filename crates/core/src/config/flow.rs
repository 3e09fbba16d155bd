//! Flows (SYS-07): graphs of steps that a machine walks with a customer, and the version of one that is in use.

use crate::{At, id::*, lang::Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is drawn is the draft; customers meet what was published last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Flow {
    pub name: Text,
    /// What it is for, for colleagues.
    pub note: String,
    pub draft: FlowGraph,
    pub live: Option<LiveFlow>,
}

/// A version that was published. Whoever is in it stays in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LiveFlow {
    pub version: i64,
    pub published_at: At,
    pub published_by: Option<UserId>,
    pub graph: FlowGraph,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct FlowGraph {
    /// The key of its first step.
    pub start: String,
    pub nodes: BTreeMap<String, FlowNode>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FlowNode {
    /// For staff; empty: the name of its kind.
    #[serde(default)]
    pub label: String,
    /// Where it stands in the drawing.
    #[serde(default)]
    pub x: i32,
    #[serde(default)]
    pub y: i32,
    /// Whoever comes here got what they called for (K-15).
    #[serde(default)]
    pub resolved: bool,
    pub step: FlowStep,
}

/// What is done at a step, and the keys of those that may follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FlowStep {
    /// One key chooses what follows.
    Menu {
        prompt: FlowPrompt,
        /// Keys of the telephone, each with its step.
        options: BTreeMap<String, String>,
        wait_s: u16,
        tries: u8,
        failed: String,
    },
    Say {
        prompt: FlowPrompt,
        to: String,
    },
    /// Several keys become a value.
    Collect {
        prompt: FlowPrompt,
        /// The value's name.
        key: String,
        label: Text,
        least: u8,
        most: u8,
        /// It stands in no log and no event, and nobody is shown it.
        #[serde(default)]
        secret: bool,
        wait_s: u16,
        tries: u8,
        to: String,
        failed: String,
    },
    /// The first case that holds, else `to`.
    Condition {
        cases: Vec<FlowCase>,
        to: String,
    },
    Hours {
        calendar: CalendarId,
        open: String,
        closed: String,
    },
    /// Looks for an order or a ticket of the product's own.
    Query {
        what: FlowQuery,
        /// The value that holds its number.
        number: String,
        found: String,
        missing: String,
    },
    Set {
        key: String,
        value: String,
        to: String,
    },
    /// The customer waits for people; the flow is over.
    Queue {
        queue: QueueId,
        prompt: FlowPrompt,
        /// The place in the queue is told every so many seconds; 0: never.
        #[serde(default)]
        every_s: u16,
    },
    /// To somebody by name, or on where they are not there.
    Transfer {
        agent: UserId,
        away: String,
    },
    /// What the customer says is kept, for people to call back.
    Voicemail {
        prompt: FlowPrompt,
        most_s: u16,
        to: String,
    },
    HangUp {
        prompt: FlowPrompt,
    },
}

/// What is said: a sound for each language, or else the words, which may name values, such as `{order_no:digits}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct FlowPrompt {
    pub text: Text,
    pub zh: Option<FileId>,
    pub en: Option<FileId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FlowCase {
    pub key: String,
    pub is: FlowTest,
    #[serde(default)]
    pub value: String,
    pub to: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FlowTest {
    Equals,
    Begins,
    AtLeast,
    AtMost,
    /// It has any value.
    Known,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FlowQuery {
    Order,
    Ticket,
}

impl FlowPrompt {
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.zh.is_none() && self.en.is_none()
    }

    /// Whether any of it has to be read aloud.
    pub fn is_read(&self) -> bool {
        let read = |text: &str, file: Option<FileId>| file.is_none() && !text.trim().is_empty();
        read(&self.text.zh, self.zh) || read(&self.text.en, self.en)
    }
}

impl FlowQuery {
    /// The values that it finds.
    pub fn gives(self) -> &'static [&'static str] {
        match self {
            FlowQuery::Order => &[
                "order_number",
                "order_state",
                "order_total",
                "order_due",
                "order_carrier",
                "order_tracking",
            ],
            FlowQuery::Ticket => &["ticket_serial", "ticket_state", "ticket_due"],
        }
    }
}

impl FlowStep {
    pub fn prompt(&self) -> Option<&FlowPrompt> {
        match self {
            FlowStep::Menu { prompt, .. }
            | FlowStep::Say { prompt, .. }
            | FlowStep::Collect { prompt, .. }
            | FlowStep::Queue { prompt, .. }
            | FlowStep::Voicemail { prompt, .. }
            | FlowStep::HangUp { prompt } => Some(prompt),
            _ => None,
        }
    }

    /// Ways on that a customer opens by saying something, each with the field that names it.
    pub fn asked(&self) -> Vec<(String, &str)> {
        match self {
            FlowStep::Menu { options, .. } => {
                options.iter().map(|(key, to)| (format!("options.{key}"), to.as_str())).collect()
            }
            FlowStep::Collect { to, .. } => vec![way("to", to)],
            _ => vec![],
        }
    }

    /// Ways on that are gone without a word of the customer.
    pub fn silent(&self) -> Vec<(String, &str)> {
        match self {
            FlowStep::Menu { failed, .. } | FlowStep::Collect { failed, .. } => vec![way("failed", failed)],
            FlowStep::Say { to, .. } | FlowStep::Set { to, .. } | FlowStep::Voicemail { to, .. } => {
                vec![way("to", to)]
            }
            FlowStep::Condition { cases, to } => {
                let cases = cases.iter().enumerate().map(|(n, it)| (format!("cases.{n}.to"), it.to.as_str()));
                cases.chain([way("to", to)]).collect()
            }
            FlowStep::Hours { open, closed, .. } => vec![way("open", open), way("closed", closed)],
            FlowStep::Query { found, missing, .. } => vec![way("found", found), way("missing", missing)],
            FlowStep::Transfer { away, .. } => vec![way("away", away)],
            FlowStep::Queue { .. } | FlowStep::HangUp { .. } => vec![],
        }
    }
}

fn way<'a>(field: &str, to: &'a str) -> (String, &'a str) {
    (field.to_owned(), to)
}
