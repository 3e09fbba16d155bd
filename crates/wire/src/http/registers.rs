//! Bodies about registers: post, visitors, groups.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{At, id::*, register::Entry};

/// An entry with its number and version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredEntry {
    pub id: RecordId,
    pub serial: String,
    pub version: i64,
    pub author: Option<UserId>,
    pub created_at: At,
    pub updated_at: At,
    pub entry: Entry,
    /// Why somebody should look twice: of a visitor, that they are on the list of those who are not let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Something written down below an entry, such as a post in a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RegisterNote {
    pub id: RecordId,
    pub entry: RecordId,
    pub author: Option<UserId>,
    pub text: String,
    /// The batch of messages (campaign) that it belongs to.
    pub batch: Option<RecordId>,
    pub written_at: At,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewRegisterNote {
    pub text: String,
    #[serde(default)]
    pub batch: Option<RecordId>,
}

/// A letter on paper: the lines of whom it goes to, and what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewLetter {
    /// Name and address, a line each.
    pub receiver: String,
    #[serde(default)]
    pub subject: String,
    pub body: String,
    /// Who signs, a line each.
    #[serde(default)]
    pub signed: String,
}

/// The letter is in the register of post, and its PDF in the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WrittenLetter {
    pub serial: String,
    pub entry: RecordId,
    pub file: super::StoredFile,
}
