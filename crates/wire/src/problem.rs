//! Errors as RFC 9457 problems: a machine's code and a sentence in the caller's language.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:yingda:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    pub code: String,
    pub status: u16,
    /// What happened, in the caller's language.
    pub title: String,
    /// To what, and what to do now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Fields that are wrong, each with its sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// For a conflict: the record as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<serde_json::Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Such as `needs.0.level`.
    pub field: String,
    pub message: String,
}
