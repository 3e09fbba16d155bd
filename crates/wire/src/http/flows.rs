//! Bodies about flows: what is wrong with one, trying one, publishing one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{
    config::FlowGraph,
    flow::{Input, Walk},
    lang::Text,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowDrawn {
    pub graph: FlowGraph,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowChecked {
    pub faults: Vec<FlowFault>,
    /// Whether this server reads words aloud: else each prompt needs its sound.
    pub can_speak: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowFault {
    /// Such as `nodes.menu.options.1`.
    pub field: String,
    pub text: Text,
}

/// One turn of a trial; the walk is what the turn before gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlowTry {
    pub graph: FlowGraph,
    #[serde(default)]
    pub walk: Walk,
    pub input: Input,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FlowPublish {
    /// Back to a version that was published before; absent: the draft.
    pub version: Option<i64>,
}
