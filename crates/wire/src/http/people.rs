//! Bodies about who a customer is: codes that prove it, and records of one person that were joined.

use super::StoredCustomer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{At, consent::Consent, customer::columns::Column, id::*, medium::Medium, proof::Point};

/// How far a customer has proven who they are in a conversation (核验身份).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProofNow {
    /// Contact points on the customer's card to which a code can go.
    pub points: Vec<ProofPoint>,
    /// The kinds of contact points to which codes can go at all: there is a channel for them.
    pub doors: Vec<Point>,
    /// The last code, while it can still be said back.
    pub pending: Option<PendingCode>,
    pub proven_until_at: Option<At>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProofPoint {
    pub point: Point,
    /// Masked.
    pub label: String,
    /// When the customer last proved that it is theirs.
    pub verified_at: Option<At>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PendingCode {
    pub point: Point,
    /// Masked.
    pub label: String,
    pub sent_at: At,
    pub expires_at: At,
    pub tries_left: u8,
}

/// Sends a code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SendCode {
    pub point: Point,
    /// Where to, when the customer's card does not say: otherwise the code goes to what stands there.
    #[serde(default)]
    pub to: String,
}

/// The code as the customer says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SaidCode {
    pub code: String,
}

/// Another customer who is perhaps the same person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alike {
    pub customer: StoredCustomer,
    /// What both have: `phone`, `email` or `external_id`.
    pub shares: Vec<String>,
}

/// Two records of one person that became one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Merged {
    pub id: RecordId,
    pub merged_at: At,
    /// `by_hand`, or the contact point that showed that both are one: `phone` or `email`.
    pub reason: String,
    /// The one who became a part of this customer, as last known.
    pub gone: StoredCustomer,
    /// How many conversations moved.
    pub conversations: i64,
    pub undone_at: Option<At>,
    /// It can be taken apart until then.
    pub undo_until_at: At,
}

/// A table that was uploaded as a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LookAtImport {
    pub file: FileId,
}

/// What a table of customers holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportLook {
    pub headings: Vec<String>,
    /// What each column probably is.
    pub columns: Vec<Column>,
    /// The first lines.
    pub samples: Vec<Vec<String>>,
    pub lines: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewCustomerImport {
    pub file: FileId,
    /// What each column is.
    pub columns: Vec<Column>,
    /// `phone`, `email` or `external`: who is there already is known by it; empty: everybody is new.
    pub match_by: String,
    /// Who is there already is completed; else left as they are.
    pub completes: bool,
    /// Nothing is written but what would be.
    pub trial: bool,
}

/// A table of customers on its way in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CustomerImport {
    pub id: RecordId,
    pub name: String,
    /// `running`, `done`, `cancelled` or `failed`; `undoing` and `undone` where it is taken back.
    pub state: String,
    pub trial: bool,
    pub lines: u64,
    /// Lines that were looked at.
    pub passed: u64,
    pub created: u64,
    pub updated: u64,
    pub skipped: u64,
    pub rejected: u64,
    pub created_at: At,
    pub ended_at: Option<At>,
    /// New ones that are gone again.
    pub taken_back: u64,
    /// Those that are again as they were.
    pub restored: u64,
    /// Those that stay, since they were changed or used in between.
    pub kept: u64,
    /// It can be taken back until then; absent where it cannot be.
    pub undo_until_at: Option<At>,
}

/// Somebody who belongs to a customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Related {
    pub other: CustomerId,
    pub name: String,
    /// A word such as mother, guardian, employer.
    pub relation: String,
    /// The other is it to the customer; else the customer to the other.
    pub inward: bool,
}

/// A search through all customers for those who are perhaps one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Duplicates {
    /// Pairs that wait for a decision.
    pub open: u64,
    /// The last search; absent before the first.
    pub run: Option<DuplicateRun>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateRun {
    /// `running`, `done` or `cancelled`.
    pub state: String,
    pub passed: u64,
    pub total: u64,
    pub started_at: At,
    pub ended_at: Option<At>,
}

/// Two customers who are perhaps one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CustomerPair {
    pub a: StoredCustomer,
    pub b: StoredCustomer,
    /// The fields that say so: `phone`, `email`, `external_id`, `points`, `name` (its sound), `company`, `address`, and
    /// own fields as `values.room`.
    pub shares: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TellApart {
    pub a: CustomerId,
    pub b: CustomerId,
    pub different: bool,
}

/// What a customer agreed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consents {
    /// Everything that was said, the last first.
    pub history: Vec<Consent>,
    /// What of it holds.
    pub standing: Vec<RecordId>,
    /// By which ways they want no word that they did not ask for.
    pub opted_out: Vec<OptedOut>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OptedOut {
    pub medium: Medium,
    pub since_at: At,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Relate {
    pub other: CustomerId,
    pub relation: String,
    /// The other is it to the customer; else the customer to the other.
    #[serde(default)]
    pub inward: bool,
    /// Off takes it back.
    pub on: bool,
}
