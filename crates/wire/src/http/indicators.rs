//! Bodies about the service desk's indicators.

use super::{StoredCustomer, TicketRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{At, id::ConversationId, lang::Text, promise::Promise, survey::SurveyAsk};

/// An indicator over a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorRow {
    /// Such as `K-05`.
    pub key: String,
    pub name: Text,
    pub formula: Text,
    /// Percent.
    pub target: f64,
    /// Percent; absent where nothing counts.
    pub value: Option<f64>,
    pub good: u64,
    pub all: u64,
    /// Of scores, where the indicator has them.
    pub mean: Option<f64>,
    /// How long it took, where the indicator has a time.
    pub mean_ms: Option<i64>,
    /// Nine tenths took no longer.
    pub p90_ms: Option<i64>,
}

/// What stands behind a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorCases {
    pub items: Vec<IndicatorCase>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorCase {
    pub is_good: bool,
    pub took_ms: Option<i64>,
    pub ticket: Option<TicketRow>,
    pub promise: Option<Promise>,
    pub survey: Option<SurveyAsk>,
    pub customer: Option<StoredCustomer>,
    pub call: Option<IndicatorCall>,
}

/// A call, as far as the indicator looks at it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorCall {
    pub conversation: ConversationId,
    pub started_at: At,
    /// It reached a step that is marked so.
    pub is_resolved: bool,
    /// People answered it.
    pub is_answered: bool,
}
