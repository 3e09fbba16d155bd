//! Why a contact went to this agent: stored with every assignment, shown in the console.

use crate::{config::Strategy, id::UserId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Why {
    pub cause: Cause,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Milliseconds in this queue before the choice.
    pub waited_ms: i64,
    pub priority: u8,
    /// How many steps the needed skills had relaxed.
    pub relaxed: u8,
    /// Agents who could take it, best first; at most eight are named.
    pub candidates: Vec<Candidate>,
    pub candidate_count: u32,
    /// Agents who could not, by reason; at most eight of each are named.
    pub excluded: Vec<Excluded>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The contact arrived and someone was free.
    ContactArrived,
    /// An agent became free and this was the first contact for them.
    AgentFree,
    /// The needed skills relaxed.
    Relaxed,
    /// The customer's last agent was free.
    LastAgent,
    /// A person decided: transfer, takeover, reassignment, pick.
    ByHand,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Candidate {
    pub agent: UserId,
    /// What the strategy compared: idle milliseconds, load in ten-thousandths, turn, or sum of levels.
    pub measure: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Excluded {
    pub reason: Exclusion,
    pub count: u32,
    pub agents: Vec<UserId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    Offline,
    NotReady,
    /// Ready, but takes no new contact of this medium now.
    MediumOff,
    /// Capacity or limit reached.
    Full,
    LacksSkill,
    /// Already declined or missed this contact.
    Declined,
    /// Has an offer open.
    Offered,
    /// The contact is kept for the customer's last agent until its time.
    KeptForLast,
    /// Does not serve the contact's queue; never listed, only answered when asked about one agent.
    NotServing,
}
