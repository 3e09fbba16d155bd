//! Kinds of tickets as data (E2): their states, the moves between them and what each asks for, their clocks and who is
//! told when time runs out.

use super::{Colour, Field, FieldShape};
use crate::{id::*, lang::Text};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::collections::BTreeMap;

/// A kind of ticket. Running tickets stay on the version they were opened with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TicketType {
    pub name: Text,
    /// Stands before the serial number: one to six capital letters, such as TS.
    pub prefix: String,
    /// Shown above the form while a ticket is written, such as what to say to the customer.
    pub hint: Text,
    /// The team that new tickets go to.
    pub team: Option<TeamId>,
    /// 1 (most severe) to 4.
    #[serde(default = "usual")]
    pub severity: u8,
    pub fields: Vec<Field>,
    /// A ticket begins in the first one.
    pub states: Vec<TicketState>,
    pub moves: Vec<TicketMove>,
    pub clocks: Vec<TicketClock>,
    pub checklist: Vec<ChecklistItem>,
    /// Field whose answer names the member of staff whom the ticket is about: they may not work on it.
    pub about: String,
    /// No new ones; what runs goes on.
    pub retired: bool,
    /// As what it counts among the service's indicators.
    pub counts_as: Option<TicketMeasure>,
    /// How a ticket stands on paper; absent: all that is known of it, line by line.
    pub paper: Option<TicketPaper>,
}

/// What of a ticket stands on paper, and where it is signed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TicketPaper {
    /// Above everything else: what the paper is for, what to mind.
    pub header: Text,
    pub sections: Vec<PaperSection>,
    pub signatures: Vec<PaperSignature>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PaperSection {
    pub title: Text,
    /// What every ticket has.
    pub facts: Vec<TicketFact>,
    /// Keys of the kind's fields.
    pub fields: Vec<String>,
    /// What has no answer yet stands there too, with room to write.
    pub blank: bool,
}

/// A line to sign on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PaperSignature {
    pub name: Text,
}

/// What every ticket has, in the order in which tables show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TicketFact {
    Serial,
    Kind,
    Title,
    State,
    Phase,
    Severity,
    Customer,
    Team,
    Owner,
    Received,
    Due,
    Solved,
    Closed,
    Late,
    Urged,
}

/// What a kind of ticket is to the indicators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TicketMeasure {
    Complaint,
    Feedback,
    OrderException,
    Revisit,
}

/// Numbers as keys of JSON are texts, which serde reads back only outside of tagged enums.
fn by_number<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<u8, u32>, D::Error> {
    let texts = BTreeMap::<String, u32>::deserialize(from)?;
    let number = |(key, value): (String, u32)| Ok((key.parse::<u8>()?, value));
    let numbers = texts.into_iter().map(number).collect::<Result<_, std::num::ParseIntError>>();
    numbers.map_err(|_| D::Error::custom("a severity is a number from 1 to 4"))
}

fn usual() -> u8 {
    3
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TicketState {
    pub key: String,
    pub name: Text,
    pub phase: TicketPhase,
    pub colour: Colour,
    /// A closed state that counts as confirmed by the customer.
    pub confirmed: bool,
}

/// What a state means, whatever it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TicketPhase {
    #[default]
    Open,
    /// The customer has to answer first.
    Waiting,
    Solved,
    Closed,
}

/// A way from one state to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TicketMove {
    pub key: String,
    pub name: Text,
    /// Keys of states.
    pub from: Vec<String>,
    pub to: String,
    /// Fields that have to be answered; a consent among them has to be yes.
    pub needs: Vec<String>,
    /// Purposes to which the customer has to agree.
    pub consents: Vec<String>,
    pub needs_reason: bool,
    pub needs_checklist: bool,
    /// Every sub-task is closed.
    pub needs_tasks: bool,
    /// On so many different days the customer was tried to be reached.
    pub needs_attempts: u8,
    /// Only who may approve; others ask for it.
    pub approval: bool,
    /// Above this amount it needs approval.
    pub limit: Option<AmountLimit>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AmountLimit {
    /// A number or an amount of money.
    pub field: String,
    pub most: f64,
}

/// A span that must not run out (SLA).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TicketClock {
    pub key: String,
    pub name: Text,
    pub minutes: u32,
    /// Other spans for some severities.
    #[serde(deserialize_with = "by_number")]
    pub by_severity: BTreeMap<u8, u32>,
    /// Business hours; absent: day and night.
    pub calendar: Option<CalendarId>,
    /// It begins as the ticket enters this state; empty: when the matter was received.
    pub starts_in: String,
    /// It is met as the ticket enters one of these.
    pub stops_in: Vec<String>,
    /// It stands still in these.
    pub pauses_in: Vec<String>,
    /// It is met by the first answer to the customer.
    pub first_reply: bool,
    pub steps: Vec<EscalationStep>,
}

/// Who is told when so much of a clock's time has passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct EscalationStep {
    /// Percent of the clock's time: 0 at once, over 100 it is late.
    pub percent: u16,
    /// Only for tickets at least this severe; 4 for all.
    #[serde(default = "least")]
    pub severity: u8,
    pub to: EscalateTo,
}

fn least() -> u8 {
    4
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EscalateTo {
    /// Who works on it; the team where nobody does.
    #[default]
    Owner,
    /// The leader of the ticket's team.
    Leader,
    /// The leader of the team above.
    Manager,
    User(UserId),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ChecklistItem {
    pub key: String,
    pub name: Text,
}

impl TicketType {
    /// Whether whoever has nothing but words can open one.
    pub fn asks_only_texts(&self) -> bool {
        let asked = self.fields.iter().filter(|field| field.required && field.when.is_none());
        asked.into_iter().all(|it| matches!(it.shape, FieldShape::Line | FieldShape::Paragraph))
    }

    /// Answers that hold a text wherever one has to be, and in the first paragraph.
    pub fn told_by(&self, line: &str, text: &str) -> BTreeMap<String, String> {
        let fields = self.fields.iter().filter(|field| field.when.is_none());
        let mut first = true;
        let mut values = BTreeMap::new();
        for field in fields {
            match field.shape {
                FieldShape::Paragraph if first || field.required => {
                    first = false;
                    values.insert(field.key.clone(), text.to_owned());
                }
                FieldShape::Line if field.required => {
                    values.insert(field.key.clone(), line.to_owned());
                }
                _ => {}
            }
        }
        values
    }

    pub fn state(&self, key: &str) -> Option<&TicketState> {
        self.states.iter().find(|state| state.key == key)
    }

    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The ways out of a state.
    pub fn ways<'a>(&'a self, from: &'a str) -> impl Iterator<Item = &'a TicketMove> {
        self.moves.iter().filter(move |way| way.from.iter().any(|it| it == from))
    }
}

impl TicketClock {
    /// Its span for a severity, in milliseconds of its calendar.
    pub fn span_ms(&self, severity: u8) -> i64 {
        i64::from(*self.by_severity.get(&severity).unwrap_or(&self.minutes)) * 60_000
    }
}
