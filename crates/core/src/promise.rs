//! Promises to customers (B-02): "I will call you back by three". One has an owner and an instant; who made it is reminded
//! at half time and told when it has passed, and its first instant stays what it is measured by.

use crate::{
    At,
    access::{self, Action, Reach},
    actor::Actor,
    directory::Directory,
    event::Fact,
    fault::{Fault, Faults, Refused},
    id::*,
    refusal::Refusal,
};
use serde::{Deserialize, Serialize};

const MAX_TEXT: usize = 500;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Promise {
    pub id: RecordId,
    pub version: i64,
    pub ticket: Option<TicketId>,
    pub conversation: Option<ConversationId>,
    pub customer: Option<CustomerId>,
    pub owner: UserId,
    pub text: String,
    pub made_at: At,
    /// What it is measured by, however often it was moved.
    pub first_due_at: At,
    pub due_at: At,
    pub moved: u16,
    pub reminded: bool,
    /// It was told that its instant has passed.
    pub late: bool,
    pub kept_at: Option<At>,
    /// What was done.
    pub outcome: String,
    /// It is not needed any more, for the reason in `outcome`.
    pub dropped_at: Option<At>,
}

/// A promise that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewPromise {
    #[serde(default)]
    pub ticket: Option<TicketId>,
    #[serde(default)]
    pub conversation: Option<ConversationId>,
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// Absent: who makes it.
    #[serde(default)]
    pub owner: Option<UserId>,
    pub text: String,
    pub due_at: At,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum PromiseAct {
    Keep {
        #[serde(default)]
        outcome: String,
    },
    Move {
        due_at: At,
        reason: String,
    },
    Drop {
        reason: String,
    },
    Give {
        owner: UserId,
    },
}

impl Promise {
    pub fn is_open(&self) -> bool {
        self.kept_at.is_none() && self.dropped_at.is_none()
    }

    pub fn is_kept_in_time(&self) -> bool {
        self.kept_at.is_some_and(|at| at <= self.first_due_at)
    }

    /// When there is something to say next: at half time, and when it has passed.
    pub fn next_at(&self) -> Option<At> {
        if !self.is_open() {
            return None;
        }
        let half = (!self.reminded).then_some(self.made_at + (self.due_at - self.made_at) / 2);
        half.or((!self.late).then_some(self.due_at))
    }
}

/// Whose promises the actor sees and changes; nobody's own where everything is seen.
pub fn reach(directory: &Directory, actor: Actor) -> Option<Reach> {
    let by_tickets = access::scope(directory, actor, Action::TicketRead);
    let own = || actor.user().map(|id| Reach::Users(vec![id]));
    match access::scope(directory, actor, Action::ConversationServe) {
        Some(_) => by_tickets.or_else(own),
        None => by_tickets,
    }
}

pub fn may(directory: &Directory, actor: Actor, it: &Promise) -> bool {
    match reach(directory, actor) {
        Some(Reach::Everything) => true,
        Some(Reach::Users(users)) => users.contains(&it.owner) || actor.user() == Some(it.owner),
        None => false,
    }
}

/// Makes a promise under a free id.
pub fn make(
    new: NewPromise,
    id: RecordId,
    by: Actor,
    now: At,
    directory: &Directory,
) -> Result<(Promise, Fact), Refused> {
    let mut faults = Faults::default();
    faults.unless(!new.text.trim().is_empty(), "text", Fault::Missing);
    faults.length("text", &new.text, MAX_TEXT);
    faults.unless(new.due_at > now, "due_at", Fault::Past);
    let owner = new.owner.or(by.user());
    let works = owner.is_some_and(|id| directory.users.get(&id).is_some_and(|user| !user.disabled));
    faults.unless(works, "owner", if owner.is_some() { Fault::Unknown } else { Fault::Missing });
    faults.none()?;
    let promise = Promise {
        id,
        version: 1,
        ticket: new.ticket,
        conversation: new.conversation,
        customer: new.customer,
        owner: owner.unwrap_or_default(),
        text: new.text.trim().to_owned(),
        made_at: now,
        first_due_at: new.due_at,
        due_at: new.due_at,
        ..Promise::default()
    };
    let fact = Fact::PromiseMade {
        promise: id,
        ticket: promise.ticket,
        conversation: promise.conversation,
        owner: promise.owner,
        text: promise.text.clone(),
        due_at: promise.due_at,
    };
    Ok((promise, fact))
}

/// Keeps, moves, drops or gives a promise.
pub fn act(
    before: &Promise,
    act: PromiseAct,
    by: Actor,
    now: At,
    directory: &Directory,
) -> Result<(Promise, Fact), Refused> {
    if !may(directory, by, before) {
        return Err(Refusal::NotFound.into());
    }
    if !before.is_open() {
        return Err(Refusal::Closed.into());
    }
    let wrong = |field: &str, fault| Err(Refused::field(field, fault));
    let mut it = Promise { version: before.version + 1, ..before.clone() };
    let promise = it.id;
    let fact = match act {
        PromiseAct::Keep { outcome } => {
            if outcome.chars().count() > MAX_TEXT {
                return wrong("outcome", Fault::TooLong(MAX_TEXT));
            }
            (it.kept_at, it.outcome) = (Some(now), outcome.trim().to_owned());
            Fact::PromiseKept { promise, in_time: it.is_kept_in_time(), outcome: it.outcome.clone() }
        }
        PromiseAct::Move { due_at, reason } => {
            if due_at <= now {
                return wrong("due_at", Fault::Past);
            }
            if reason.trim().is_empty() {
                return wrong("reason", Fault::Missing);
            }
            it.due_at = due_at;
            it.moved = it.moved.saturating_add(1);
            it.late = false;
            Fact::PromiseMoved { promise, due_at, reason }
        }
        PromiseAct::Drop { reason } => {
            if reason.trim().is_empty() {
                return wrong("reason", Fault::Missing);
            }
            (it.dropped_at, it.outcome) = (Some(now), reason.trim().to_owned());
            Fact::PromiseDropped { promise, reason: it.outcome.clone() }
        }
        PromiseAct::Give { owner } => {
            if directory.users.get(&owner).is_none_or(|user| user.disabled) {
                return wrong("owner", Fault::Unknown);
            }
            it.owner = owner;
            Fact::PromiseGiven { promise, owner }
        }
    };
    Ok((it, fact))
}

/// What time has to say to a promise, and to whom. Nothing when there is nothing new.
pub fn ring(before: &Promise, now: At, directory: &Directory) -> Option<(Promise, Fact, Vec<UserId>)> {
    if before.next_at().is_none_or(|at| at > now) {
        return None;
    }
    let is_late = before.due_at <= now;
    let it = Promise { version: before.version + 1, reminded: true, late: is_late, ..before.clone() };
    let team = directory.users.get(&it.owner).and_then(|user| directory.teams.get(&user.team?));
    let leader = team.and_then(|team| team.leader).filter(|_| is_late);
    let mut told = vec![it.owner];
    told.extend(leader.filter(|leader| *leader != it.owner));
    let fact = Fact::PromiseRang { promise: it.id, late: is_late };
    Some((it, fact, told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Team, User};
    use std::sync::Arc;

    const MINUTE: At = 60_000;
    const LI: UserId = UserId(1);
    const BOSS: UserId = UserId(2);

    fn office() -> Directory {
        let mut office = Directory::default();
        let user = User { team: Some(TeamId(5)), ..User::default() };
        office.users.insert(LI, Arc::new(user.clone()));
        office.users.insert(BOSS, Arc::new(user));
        office.teams.insert(TeamId(5), Arc::new(Team { leader: Some(BOSS), ..Team::default() }));
        office
    }

    fn promise() -> Promise {
        let new = NewPromise { text: "回电".into(), due_at: 10 * MINUTE, ..NewPromise::default() };
        make(new, RecordId(9), Actor::User { id: LI }, 0, &office()).unwrap().0
    }

    #[test]
    fn b_02_a_promise_in_ten_minutes_is_remembered_at_five_and_reported_at_ten() {
        let office = office();
        let it = promise();
        assert_eq!((it.next_at(), ring(&it, 5 * MINUTE - 1, &office)), (Some(5 * MINUTE), None));
        let (it, _, told) = ring(&it, 5 * MINUTE, &office).unwrap();
        assert_eq!((told, it.next_at()), (vec![LI], Some(10 * MINUTE)));
        let (it, fact, told) = ring(&it, 10 * MINUTE, &office).unwrap();
        assert_eq!((told, fact), (vec![LI, BOSS], Fact::PromiseRang { promise: it.id, late: true }));
        assert_eq!((it.next_at(), ring(&it, 99 * MINUTE, &office)), (None, None), "each once");
        // After a long stop the alarm comes alone.
        let (_, fact, _) = ring(&promise(), 20 * MINUTE, &office).unwrap();
        assert_eq!(fact, Fact::PromiseRang { promise: RecordId(9), late: true });
    }

    #[test]
    fn k_30_a_moved_promise_is_measured_by_its_first_instant() {
        let office = office();
        let by = Actor::System;
        let move_it = PromiseAct::Move { due_at: 60 * MINUTE, reason: "客户改约".into() };
        let (it, _) = act(&promise(), move_it, by, 8 * MINUTE, &office).unwrap();
        assert_eq!((it.first_due_at, it.due_at, it.moved), (10 * MINUTE, 60 * MINUTE, 1));
        let (kept, fact) =
            act(&it, PromiseAct::Keep { outcome: String::new() }, by, 30 * MINUTE, &office).unwrap();
        assert!(!kept.is_kept_in_time() && !kept.is_open());
        assert_eq!(fact, Fact::PromiseKept { promise: it.id, in_time: false, outcome: String::new() });
        let (kept, _) =
            act(&promise(), PromiseAct::Keep { outcome: "已回电".into() }, by, 10 * MINUTE, &office).unwrap();
        assert!(kept.is_kept_in_time());
        let again = act(&kept, PromiseAct::Keep { outcome: String::new() }, by, 11 * MINUTE, &office);
        assert_eq!(again, Err(Refusal::Closed.into()));
        let past = PromiseAct::Move { due_at: MINUTE, reason: "x".into() };
        assert!(matches!(act(&promise(), past, by, 2 * MINUTE, &office), Err(Refused::Wrong(_))));
    }
}
