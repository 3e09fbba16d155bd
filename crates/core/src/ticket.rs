//! Tickets (工单, E2): a case with a kind, a state, people, answers and clocks. What happens to one is decided here, on
//! rows that the caller has read; nothing here knows a store.

mod acts;
mod asked;
mod check;
mod clocks;
mod guards;
mod merge;
mod migrate;

pub use acts::{act, may_open, open};
pub use asked::{Decided, NewTicket, Scene, TicketAct};
pub(crate) use check::check;
pub use clocks::{RunningClock, rest, ring};
pub use guards::needs_approval;
pub use merge::absorb;
pub use migrate::{TicketMapping, check_mapping, lacks, migrate, proposed};

use crate::{
    At, access,
    access::{Action, Reach, Scope},
    actor::Actor,
    config::{TicketPhase, TicketType},
    directory::Directory,
    id::*,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A case that is followed until it is closed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Ticket {
    pub id: TicketId,
    pub serial: String,
    pub of: TicketTypeId,
    /// The version of its kind on which it runs.
    pub of_version: i64,
    pub version: i64,
    pub line: LineId,
    pub state: String,
    pub phase: TicketPhase,
    pub title: String,
    /// 1 (most severe) to 4.
    pub severity: u8,
    pub team: Option<TeamId>,
    pub owner: Option<UserId>,
    pub author: Option<UserId>,
    pub customer: Option<CustomerId>,
    pub conversation: Option<ConversationId>,
    /// The ticket of which this is a sub-task.
    pub parent: Option<TicketId>,
    pub links: Vec<TicketId>,
    pub watchers: Vec<UserId>,
    pub values: BTreeMap<String, String>,
    pub checked: BTreeSet<String>,
    pub clocks: Vec<RunningClock>,
    pub approval: Option<Approval>,
    /// When the customer was tried to be reached.
    pub attempts: Vec<At>,
    pub urged: u16,
    pub reopened: u16,
    /// It was closed with the customer's confirmation.
    pub confirmed: bool,
    /// When the customer first raised it; clocks count from here.
    pub received_at: At,
    pub created_at: At,
    pub updated_at: At,
    pub replied_at: Option<At>,
    pub solved_at: Option<At>,
    pub closed_at: Option<At>,
    /// It turned out to be the same matter as another, where it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
}

/// Where a matter goes on that was written down twice, and the state in which this one was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = MergedTicket))]
pub struct Merged {
    pub into: TicketId,
    pub state: String,
}

/// A move that waits for somebody who may allow it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Approval {
    /// Key of the move.
    pub way: String,
    pub reason: String,
    pub by: Option<UserId>,
    pub asked_at: At,
}

/// Which tickets somebody may read, in a form that lists can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readable {
    Everything,
    /// What these people own, opened or watch, and what lies with these teams; of `teams_unowned` only what nobody
    /// has taken yet.
    Of {
        users: Vec<UserId>,
        teams: Vec<TeamId>,
        teams_unowned: Vec<TeamId>,
    },
}

/// What of all tickets the actor may read, change, or allow.
pub fn readable(directory: &Directory, actor: Actor, action: Action) -> Option<Readable> {
    let users = match access::scope(directory, actor, action)? {
        Reach::Everything => return Some(Readable::Everything),
        Reach::Users(users) => users,
    };
    let me = actor.user().and_then(|id| directory.users.get(&id))?;
    let is_wide = access::widest(directory, me, action).is_some_and(|scope| scope > Scope::Own);
    let mut teams: Vec<TeamId> =
        users.iter().filter_map(|id| directory.users.get(id)?.team).chain(me.team).collect();
    teams.sort_unstable();
    teams.dedup();
    let (teams, teams_unowned) = if is_wide { (teams, vec![]) } else { (vec![], teams) };
    Some(Readable::Of { users, teams, teams_unowned })
}

impl Readable {
    pub fn holds(&self, ticket: &Ticket) -> bool {
        let Readable::Of { users, teams, teams_unowned } = self else { return true };
        let people = ticket.owner.iter().chain(&ticket.author).chain(&ticket.watchers);
        people.into_iter().any(|it| users.contains(it))
            || ticket.team.is_some_and(|team| {
                teams.contains(&team) || (ticket.owner.is_none() && teams_unowned.contains(&team))
            })
    }
}

/// Whether the actor may do this to the ticket. Whom it is about may only not work on it.
pub fn may(directory: &Directory, actor: Actor, action: Action, ticket: &Ticket) -> bool {
    readable(directory, actor, action).is_some_and(|it| it.holds(ticket))
}

impl Ticket {
    /// The member of staff whom it is about.
    pub fn about(&self, of: &TicketType) -> Option<UserId> {
        self.values.get(&of.about)?.parse().ok().map(UserId)
    }

    /// When a clock next has something to say.
    pub fn next_at(&self, of: &TicketType, directory: &Directory) -> Option<At> {
        if self.phase == TicketPhase::Closed {
            return None;
        }
        self.clocks.iter().filter_map(|clock| clock.next_at(of, self.severity, directory)).min()
    }

    /// When the most urgent of its running clocks runs out.
    pub fn due_at(&self) -> Option<At> {
        self.clocks.iter().filter(|clock| clock.runs()).map(|clock| clock.due_at).min()
    }

    /// What a search looks through.
    pub fn words(&self, of: &TicketType) -> String {
        let open = |key: &&String| of.field(key).is_some_and(|field| !field.sensitive);
        let values = self.values.iter().filter(|(key, _)| open(key)).map(|(_, value)| value.as_str());
        let parts = [self.serial.as_str(), self.title.as_str()].into_iter().chain(values);
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
    }

    /// Whom a step of the escalation concerns.
    pub fn concerned(&self, to: crate::config::EscalateTo, directory: &Directory) -> Vec<UserId> {
        use crate::config::EscalateTo;
        let leader = |team: Option<TeamId>| team.and_then(|id| directory.teams.get(&id)?.leader);
        let above = || self.team.and_then(|id| directory.teams.get(&id)?.parent);
        let whole = || {
            let of = |user: &&UserId| directory.users[*user].team.is_some_and(|team| Some(team) == self.team);
            directory.users.keys().filter(of).copied().collect()
        };
        match to {
            EscalateTo::User(id) => vec![id],
            EscalateTo::Owner => self.owner.or_else(|| leader(self.team)).map_or_else(whole, |id| vec![id]),
            EscalateTo::Leader => leader(self.team).or_else(|| leader(above())).into_iter().collect(),
            EscalateTo::Manager => leader(above()).or_else(|| leader(self.team)).into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod stories;
