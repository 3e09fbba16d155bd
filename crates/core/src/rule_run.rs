//! One step of a rule for one event: what it is to do, what came of it, and which rules led to it.

use crate::{At, config::RuleAct, event::Subject, id::*, lang::Text};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RuleRun {
    pub id: RecordId,
    pub rule: RuleId,
    /// Position of the event that set it off.
    pub seq: u64,
    pub step: u16,
    pub on: Subject,
    pub state: RunState,
    pub attempts: u16,
    pub due_at: At,
    pub made_at: At,
    pub ended_at: Option<At>,
    /// What it does, as the rule said when it was set off.
    pub does: RuleAct,
    /// The rules that set each other off until this one was, the first one first.
    pub trail: Vec<RuleId>,
    /// What came of it.
    pub outcome: Option<Text>,
    /// The ticket that it opened or worked on.
    pub ticket: Option<TicketId>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    #[default]
    Waiting,
    Done,
    /// There was nothing to do, or the rule is switched off by now.
    Skipped,
    Failed,
    /// Rules went round in circles.
    Stopped,
}
