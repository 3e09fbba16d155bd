//! Bodies about plans of visits.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{
    At,
    id::*,
    plan::{Plan, PlanFigures, VisitPart},
};

/// A plan and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanRow {
    pub plan: Plan,
    pub figures: PlanFigures,
}

/// One visit of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanVisit {
    pub place: u32,
    pub customer: CustomerId,
    pub customer_name: String,
    pub person: UserId,
    pub due_at: At,
    pub part: VisitPart,
    pub ticket: Option<TicketId>,
    pub serial: String,
    /// Key of the ticket's state.
    pub state: String,
    pub sensitive: bool,
    pub score: Option<f64>,
    /// Why its ticket could not be made, in the caller's language.
    pub problem: Option<String>,
}
