//! Questions to a list that somebody shares with a team, or with everybody.

use crate::{
    At,
    access::Action,
    directory::Directory,
    fault::{Fault, Faults, Wrong},
    id::*,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many of one room, before nobody finds anything any more.
pub const MOST: usize = 200;
const MOST_PARTS: usize = 30;

/// The list that is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ViewRoom {
    #[default]
    Tickets,
    Customers,
}

impl ViewRoom {
    /// Who reads the list may use what is shared.
    pub fn reads(self) -> Action {
        match self {
            ViewRoom::Tickets => Action::TicketRead,
            ViewRoom::Customers => Action::CustomerRead,
        }
    }

    /// Who looks after others' work may share: whoever decides on tickets, and whoever takes lists of customers along.
    pub fn shares(self) -> Action {
        match self {
            ViewRoom::Tickets => Action::TicketApprove,
            ViewRoom::Customers => Action::CustomerExport,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SharedView {
    pub id: RecordId,
    pub room: ViewRoom,
    pub name: String,
    /// What stands in the address: filters, order, columns.
    pub query: BTreeMap<String, String>,
    /// Whose it is; absent: everybody's.
    pub team: Option<TeamId>,
    pub author: Option<UserId>,
    pub created_at: At,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSharedView {
    pub room: ViewRoom,
    pub name: String,
    pub query: BTreeMap<String, String>,
    #[serde(default)]
    pub team: Option<TeamId>,
}

/// What is wrong with a view that is to be shared. `others` are there already.
pub fn check(new: &NewSharedView, others: &[SharedView], directory: &Directory) -> Vec<Wrong> {
    let mut faults = Faults::default();
    let name = new.name.trim();
    faults.unless(!name.is_empty(), "name", Fault::Missing);
    faults.length("name", name, 40);
    let taken = others.iter().any(|it| it.name == name && it.team == new.team);
    faults.unless(!taken, "name", Fault::Taken);
    faults.unless(others.len() < MOST, "name", Fault::TooMany(MOST));
    faults.unless(new.query.len() <= MOST_PARTS, "query", Fault::TooMany(MOST_PARTS));
    for (key, value) in &new.query {
        faults.length("query", key, 40);
        faults.length("query", value, 500);
    }
    let known = new.team.is_none_or(|team| directory.teams.contains_key(&team));
    faults.unless(known, "team", Fault::Unknown);
    faults.0
}

impl SharedView {
    /// Whoever is in its team sees it, and whoever shared it.
    pub fn is_for(&self, user: UserId, directory: &Directory) -> bool {
        let mine = directory.users.get(&user).and_then(|user| user.team);
        self.author == Some(user) || self.team.is_none_or(|team| mine == Some(team))
    }
}
