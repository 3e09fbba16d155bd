//! Bodies about rules that act by themselves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{At, config::Rule, event::Subject, rule_run::RuleRun};

/// What a rule did, or has to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleRunRow {
    #[serde(flatten)]
    pub run: RuleRun,
    /// What it acted on, in words; empty where the reader may not know.
    pub label: String,
    /// Of the ticket that it opened or worked on.
    pub serial: String,
}

/// A rule that is tried on what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    pub rule: Rule,
    /// From this instant, in milliseconds, and before that one.
    pub from: At,
    pub to: At,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DryRunResult {
    /// Events of its kind in the period.
    pub looked: u64,
    /// How many of them would have set it off.
    pub fires: u64,
    /// All of the period was looked at; else its end only.
    pub is_whole: bool,
    /// The newest of them, at most 200.
    pub cases: Vec<DryRunCase>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DryRunCase {
    pub seq: u64,
    pub at: At,
    pub on: Subject,
    pub label: String,
}
