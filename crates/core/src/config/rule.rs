//! Rules that act by themselves (E2, SYS-21): something happens, it is of the right kind, so something is done. All of
//! it is data that an administrator writes.

use super::EscalateTo;
use crate::{id::*, lang::Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    pub name: Text,
    pub enabled: bool,
    pub when: RuleEvent,
    /// With `date_near`: the key of a date among a ticket's fields.
    pub field: String,
    /// So many days before it; less than 0 is after it.
    pub days: i16,
    /// One of the conditions is enough; else all must hold.
    pub any: bool,
    pub conditions: Vec<Condition>,
    pub steps: Vec<RuleStep>,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            name: Text::default(),
            enabled: true,
            when: RuleEvent::default(),
            field: String::new(),
            days: 0,
            any: false,
            conditions: vec![],
            steps: vec![],
        }
    }
}

/// What a rule waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleEvent {
    #[default]
    TicketOpened,
    /// It came into another state; conditions name which.
    TicketMoved,
    TicketEdited,
    TicketNoted,
    TicketUrged,
    /// It was solved or closed, and is open again.
    TicketReopened,
    /// One of its clocks ran out.
    TicketLate,
    ApprovalAnswered,
    PromiseBroken,
    /// A date among the fields of an open ticket is so many days away.
    DateNear,
    ConversationClosed,
    /// The customer rated it.
    ConversationRated,
    /// The customer answered a survey; it may be about a ticket.
    SurveyAnswered,
    CustomerChanged,
}

impl RuleEvent {
    /// The kind of fact that it is made of.
    pub fn fact_kind(self) -> &'static str {
        match self {
            RuleEvent::TicketOpened => "ticket_opened",
            RuleEvent::TicketMoved | RuleEvent::TicketReopened => "ticket_moved",
            RuleEvent::TicketEdited => "ticket_edited",
            RuleEvent::TicketNoted => "ticket_noted",
            RuleEvent::TicketUrged => "ticket_urged",
            RuleEvent::TicketLate => "ticket_clock_rang",
            RuleEvent::ApprovalAnswered => "ticket_approval_answered",
            RuleEvent::PromiseBroken => "promise_rang",
            RuleEvent::DateNear => "ticket_date_near",
            RuleEvent::ConversationClosed => "conversation_closed",
            RuleEvent::ConversationRated => "rated",
            RuleEvent::SurveyAnswered => "survey_answered",
            RuleEvent::CustomerChanged => "customer_changed",
        }
    }

    /// What happens to a ticket has one to act on; a promise and an answered survey may have.
    pub fn has_ticket(self) -> bool {
        use RuleEvent::*;
        !matches!(self, ConversationClosed | ConversationRated | CustomerChanged)
    }

    pub fn has_conversation(self) -> bool {
        self != RuleEvent::CustomerChanged
    }
}

/// One thing that has to be so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    pub what: Aspect,
    /// Key of a ticket's or a customer's field, where `what` is one.
    pub field: String,
    /// Only tickets of this kind are counted.
    pub of: Option<TicketTypeId>,
    /// What is counted happened within so many days.
    pub days: u16,
    pub test: Test,
    /// With `is`, one of these; ids as texts.
    pub values: Vec<String>,
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Of which kind the ticket is.
    #[default]
    Kind,
    /// The key of its state; where it moved, the state it came into.
    State,
    Phase,
    Severity,
    Team,
    Owner,
    Title,
    /// An answer of its form.
    Field,
    /// How often it was urged.
    Urged,
    /// How often it was opened again.
    Reopened,
    Line,
    /// Of the conversation.
    Medium,
    Channel,
    Queue,
    /// The score that the customer gave.
    Rating,
    /// Which one was answered, and the scores of the answer.
    Survey,
    Csat,
    Nps,
    Ces,
    /// Of the customer: `yes` or `no`.
    Vip,
    Tag,
    Tier,
    Area,
    /// A person or a company.
    Person,
    /// An answer on their card.
    CardField,
    /// They belong to a segment.
    Segment,
    /// Only of segments: days since the customer was last in contact, or since they are known.
    Silent,
    /// Only of segments: how often they were in contact.
    Contacts,
    /// Only of segments: how many tickets were opened for them.
    Tickets,
    /// Only of segments: days since they are known.
    Known,
}

impl Aspect {
    /// What takes a customer's history to answer.
    pub fn is_history(self) -> bool {
        matches!(self, Aspect::Silent | Aspect::Contacts | Aspect::Tickets | Aspect::Known)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Test {
    #[default]
    Is,
    IsNot,
    Contains,
    /// A greater number.
    Above,
    Below,
    Empty,
    Filled,
}

/// What is done, when, and how often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RuleStep {
    /// So many minutes after it happened.
    pub delay_min: u32,
    /// In so many of a hundred cases.
    #[serde(default = "always")]
    pub percent: u8,
    pub does: RuleAct,
}

fn always() -> u8 {
    100
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleAct {
    /// Opens a ticket for the same customer. Texts may hold `{customer}`, `{serial}` and `{title}`.
    OpenTicket {
        of: TicketTypeId,
        title: String,
        #[serde(default)]
        bond: Bond,
        #[serde(default)]
        team: Option<TeamId>,
        #[serde(default)]
        owner: Option<UserId>,
        #[serde(default)]
        severity: Option<u8>,
        #[serde(default)]
        values: BTreeMap<String, String>,
    },
    Assign {
        #[serde(default)]
        team: Option<TeamId>,
        #[serde(default)]
        owner: Option<UserId>,
    },
    Severity {
        severity: u8,
    },
    Field {
        field: String,
        value: String,
    },
    Watch {
        user: UserId,
    },
    Note {
        text: String,
    },
    /// Tells people.
    Tell {
        to: Vec<EscalateTo>,
        text: String,
    },
    /// Puts a tag on the customer.
    Tag {
        tag: TagId,
    },
    /// Sends a text message to the customer, within the channel's rules for unasked ones.
    Message {
        channel: ChannelId,
        text: String,
    },
}

impl Default for RuleAct {
    fn default() -> Self {
        RuleAct::Note { text: String::new() }
    }
}

impl RuleAct {
    /// Whether it works on the ticket that the event is about.
    pub fn needs_ticket(&self) -> bool {
        use RuleAct::*;
        matches!(self, Assign { .. } | Severity { .. } | Field { .. } | Watch { .. } | Note { .. })
    }
}

/// How a ticket that a rule opens belongs to the one that it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Bond {
    /// Each names the other.
    #[default]
    Link,
    /// It is a part of it.
    Task,
    None,
}
