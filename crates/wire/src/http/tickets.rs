//! Bodies about tickets.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use yingda_core::{
    At,
    config::{Field, TicketState, TicketType},
    id::*,
    ticket::{Ticket, TicketAct, TicketMapping},
};

/// A line of a list, and a card of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketRow {
    #[serde(flatten)]
    pub ticket: Ticket,
    /// Empty where there is no customer.
    pub customer_name: String,
    /// When the most urgent running clock runs out.
    pub due_at: Option<At>,
}

/// A ticket with what it takes to show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredTicket {
    #[serde(flatten)]
    pub row: TicketRow,
    /// The version of its kind on which it runs.
    pub kind: TicketType,
    pub tasks: Vec<TicketRow>,
    pub parent_row: Option<TicketRow>,
    pub linked: Vec<TicketRow>,
    /// What the reader may do with it, by the ticket's state and people.
    pub may_write: bool,
    pub may_assign: bool,
    pub may_approve: bool,
}

/// How a kind's tickets are spread over its states.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketBoard {
    pub columns: Vec<TicketColumn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketColumn {
    /// Key of the state.
    pub state: String,
    /// How many stand there; absent for closed ones, of which only the latest are shown.
    pub count: Option<u64>,
    pub items: Vec<TicketRow>,
}

/// The same for many tickets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketActs {
    /// At most 500.
    pub tickets: Vec<TicketId>,
    pub act: TicketAct,
}

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketDone {
    pub ticket: TicketId,
    pub serial: String,
    /// Absent when it was done; else why not, in the caller's language.
    pub problem: Option<String>,
}

/// On which versions of a kind running tickets are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketMigrations {
    pub latest: i64,
    pub versions: Vec<MigrationVersion>,
    /// The last time that tickets went over to another version.
    pub run: Option<MigrationRun>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MigrationVersion {
    pub version: i64,
    pub running: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MigrationRun {
    pub before: i64,
    pub after: i64,
    pub passed: u64,
    pub total: u64,
    pub started_at: At,
    pub ended_at: Option<At>,
}

/// What a version and the newest one have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MigrationLook {
    pub before: MigrationSide,
    pub after: MigrationSide,
    /// The newest one's number.
    pub version: i64,
    /// What most probably becomes of each key.
    pub mapping: TicketMapping,
    /// Running tickets by their states.
    pub running: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MigrationSide {
    pub states: Vec<TicketState>,
    pub fields: Vec<Field>,
}

/// Takes the running tickets of a version over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MigrateTickets {
    /// The version on which they are.
    pub from: i64,
    pub mapping: TicketMapping,
}

/// What a mapping would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MigrationTrial {
    pub total: u64,
    /// How many would be in each state.
    pub states: BTreeMap<String, u64>,
    /// Of how many something would be missing that is asked for as a ticket is opened.
    pub lacking: u64,
    /// How many would be closed by it.
    pub closed: u64,
}
