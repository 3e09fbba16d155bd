//! What happens in flows.

use crate::{
    flow::{Collected, End},
    id::FlowId,
    lang::Lang,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FlowEntered {
    pub flow: FlowId,
    pub version: i64,
}

/// The customer told something; what is secret is not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FlowCollected {
    #[serde(flatten)]
    pub collected: Collected,
}

/// It is over, at a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FlowLeft {
    pub end: End,
    pub step: String,
    /// The customer had got what they called for.
    pub resolved: bool,
    /// In which language they were spoken to at the end.
    pub lang: Lang,
    /// The steps that were reached, the last at the end.
    pub path: Vec<String>,
}
