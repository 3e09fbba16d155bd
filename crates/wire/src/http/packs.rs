//! Bodies about template packs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{config::RecordKind, id::RecordId, lang::Text};

/// A pack that this version ships.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PackRow {
    /// Its name in addresses, such as `e-commerce`.
    pub key: String,
    pub name: Text,
    pub about: Text,
    pub version: u32,
    /// How many of its records are here.
    pub installed: u32,
    pub items: u32,
}

/// What installing or removing a pack does, or would do, to each of its records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PackItem {
    pub item: String,
    pub kind: RecordKind,
    pub name: Text,
    /// The record here, where there is one.
    pub record: Option<RecordId>,
    pub state: PackState,
    /// Why not, where something stands in the way.
    pub problem: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackState {
    /// Not here; installing brings it.
    New,
    /// As the pack says.
    Same,
    /// The pack has another version, and nobody changed the record: installing brings it.
    Older,
    /// Somebody changed the record: it stays as it is.
    Edited,
    /// Somebody deleted the record: it stays deleted.
    Deleted,
    /// Something stands in the way, such as a name that is taken.
    Blocked,
    /// Removing took it away.
    Removed,
}
