//! Who does something.

use crate::id::{ApiKeyId, RecordId, RuleId, UserId, VisitorId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    Visitor {
        id: VisitorId,
    },
    User {
        id: UserId,
    },
    Api {
        id: ApiKeyId,
    },
    Bot,
    System,
    /// A rule that an administrator wrote; `run` names what set it off.
    Rule {
        id: RuleId,
        run: RecordId,
    },
}

impl Actor {
    pub fn user(self) -> Option<UserId> {
        match self {
            Actor::User { id } => Some(id),
            _ => None,
        }
    }
}
