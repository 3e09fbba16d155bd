//! Who does something.

use crate::id::{ApiKeyId, UserId, VisitorId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    Visitor { id: VisitorId },
    User { id: UserId },
    Api { id: ApiKeyId },
    Bot,
    System,
}

impl Actor {
    pub fn user(self) -> Option<UserId> {
        match self {
            Actor::User { id } => Some(id),
            _ => None,
        }
    }
}
