//! Segments (B-37): customers who have something in common, found by rules that an administrator writes.

use super::Condition;
use crate::lang::Text;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Segment {
    pub name: Text,
    /// What it is for, for colleagues.
    pub note: String,
    /// One of the conditions is enough; else all must hold.
    pub any: bool,
    pub conditions: Vec<Condition>,
}
