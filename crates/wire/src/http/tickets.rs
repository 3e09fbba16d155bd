//! Bodies about tickets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{
    At,
    config::TicketType,
    id::*,
    ticket::{Ticket, TicketAct},
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
