//! Agent states and reasons, media readiness, presence.

use crate::{At, id::*, medium::Medium};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    #[default]
    Offline,
    Ready,
    NotReady,
}

/// An agent's live state; stored as a row so that a rebuild finds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Agent {
    pub id: UserId,
    pub state: AgentState,
    /// Key of a break reason, or `ring_no_answer`, `connection_lost`.
    pub reason: String,
    pub since_at: At,
    /// Applies when the last contact ends (预约小休).
    pub pending: Option<Pending>,
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Medium>))]
    pub media_off: SmallVec<[Medium; 2]>,
    pub no_new: bool,
    /// Since when no connection is open; the grace period runs from here.
    pub gone_at: Option<At>,
    /// When the last contact ended or was given, for "longest idle".
    pub idle_since_at: At,
    /// Conversations held: active ones and wrap-up.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<ConversationId>))]
    pub holds: SmallVec<[ConversationId; 6]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pending {
    pub state: AgentState,
    pub reason: String,
}
