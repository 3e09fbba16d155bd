//! Bodies about segments of customers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use yingda_core::{At, id::RecordId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Segments {
    /// How many customers belong to each; nobody belongs to one that is not named.
    pub counts: BTreeMap<RecordId, u64>,
    /// The last sorting; absent before the first.
    pub run: Option<SegmentRun>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SegmentRun {
    pub asked_at: At,
    pub started_at: Option<At>,
    pub passed: u64,
    pub total: u64,
    /// Absent while it runs.
    pub ended_at: Option<At>,
    /// Somebody asked for one that has not begun yet.
    pub waits: bool,
}
