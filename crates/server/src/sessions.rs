//! Sign-ins as they are now: in memory for speed, in the store so that a restart signs nobody out.

use hashbrown::HashMap;
use std::sync::RwLock;
use yingda_core::{At, id::UserId};

/// The keyed hash of the cookie's token; the token itself is kept nowhere.
pub type SessionId = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub user: UserId,
    pub seen_at: At,
    /// What of `seen_at` the store knows.
    pub stored_at: At,
    pub has_totp: bool,
    /// An identity provider opened it, and asked for a second factor by its own rules.
    pub is_vouched: bool,
}

impl Session {
    /// As the store knows it, with whether its person has a second factor.
    pub fn stored((it, has_totp): (yingda_store::session::Session, bool)) -> (SessionId, Self) {
        let (user, seen_at, is_vouched) = (it.user, it.seen_at, it.vouched);
        (it.token_hash, Self { user, seen_at, stored_at: seen_at, has_totp, is_vouched })
    }

    /// What the settings may ask of everyone.
    pub fn has_second_factor(&self) -> bool {
        self.has_totp || self.is_vouched
    }
}

pub struct Sessions {
    live: RwLock<HashMap<SessionId, Session>>,
    /// A session ends after so long without use.
    pub idle_ms: At,
}

/// The store learns of use at most so often.
const STORE_EVERY_MS: At = 10 * 60_000;

impl Sessions {
    pub fn new(idle_ms: At, stored: impl IntoIterator<Item = (SessionId, Session)>) -> Self {
        Self { live: RwLock::new(stored.into_iter().collect()), idle_ms }
    }

    pub fn add(&self, id: SessionId, session: Session) {
        self.live_mut().insert(id, session);
    }

    /// The session, if it is alive; using it keeps it alive.
    pub fn touch(&self, id: SessionId, now: At) -> Option<Session> {
        let found = self.live.read().unwrap_or_else(|e| e.into_inner()).get(&id).cloned()?;
        if now - found.seen_at > self.idle_ms {
            self.live_mut().remove(&id);
            return None;
        }
        // A write for every request would only make readers wait; half a minute more or less does not matter.
        if now - found.seen_at > 30_000
            && let Some(session) = self.live_mut().get_mut(&id)
        {
            session.seen_at = now;
        }
        Some(found)
    }

    /// The sessions that are open now; what opens later is none of those that `renew` may end.
    pub fn known(&self) -> Vec<SessionId> {
        self.live.read().unwrap_or_else(|e| e.into_inner()).keys().copied().collect()
    }

    /// What other nodes opened and ended: `known` before the store was read, and what it holds. Gives the ended ones.
    pub fn renew(
        &self,
        known: &[SessionId],
        stored: impl IntoIterator<Item = (SessionId, Session)>,
    ) -> Vec<(SessionId, UserId)> {
        let mut live = self.live_mut();
        let mut open = hashbrown::HashSet::new();
        for (id, session) in stored {
            open.insert(id);
            live.entry(id).or_insert(session);
        }
        let ended = known.iter().filter(|id| !open.contains(*id));
        ended.filter_map(|id| live.remove(id).map(|session| (*id, session.user))).collect()
    }

    pub fn remove(&self, id: &SessionId) -> Option<Session> {
        self.live_mut().remove(id)
    }

    /// Ends a person's sessions except one, at once. Gives the ended ones.
    pub fn remove_user(&self, user: UserId, except: Option<SessionId>) -> Vec<SessionId> {
        let mut live = self.live_mut();
        let ended: Vec<SessionId> = live
            .iter()
            .filter(|(id, session)| session.user == user && Some(**id) != except)
            .map(|(id, _)| *id)
            .collect();
        for id in &ended {
            live.remove(id);
        }
        ended
    }

    pub fn is_signed_in(&self, user: UserId, now: At) -> bool {
        let live = self.live.read().unwrap_or_else(|e| e.into_inner());
        live.values().any(|session| session.user == user && now - session.seen_at <= self.idle_ms)
    }

    pub fn set_totp(&self, user: UserId, has_totp: bool) {
        for session in self.live_mut().values_mut().filter(|session| session.user == user) {
            session.has_totp = has_totp;
        }
    }

    /// Sessions whose use the store should learn of now, and those that have ended.
    pub fn sweep(&self, now: At) -> Swept {
        let mut live = self.live_mut();
        let ended: Vec<SessionId> = live
            .iter()
            .filter(|(_, session)| now - session.seen_at > self.idle_ms)
            .map(|(id, _)| *id)
            .collect();
        for id in &ended {
            live.remove(id);
        }
        let due = live.iter_mut().filter(|(_, session)| session.seen_at - session.stored_at > STORE_EVERY_MS);
        let used = due
            .map(|(id, session)| {
                session.stored_at = session.seen_at;
                (*id, session.seen_at)
            })
            .collect();
        Swept { used, ended }
    }

    fn live_mut(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<SessionId, Session>> {
        self.live.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[derive(Debug, Default, PartialEq)]
pub struct Swept {
    pub used: Vec<(SessionId, At)>,
    pub ended: Vec<SessionId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: At = 3_600_000;

    fn session(user: i64) -> Session {
        Session { user: UserId(user), seen_at: 0, stored_at: 0, has_totp: false, is_vouched: false }
    }

    #[test]
    fn a_session_ends_after_twelve_idle_hours_and_lives_on_by_use() {
        let sessions = Sessions::new(12 * HOUR, [([1; 32], session(1)), ([2; 32], session(2))]);
        assert!(sessions.touch([1; 32], 11 * HOUR).is_some());
        assert!(sessions.touch([1; 32], 22 * HOUR).is_some());
        assert!(sessions.touch([2; 32], 13 * HOUR).is_none());
        assert_eq!(sessions.sweep(22 * HOUR), Swept { used: vec![([1; 32], 22 * HOUR)], ended: vec![] });
        assert_eq!(sessions.sweep(40 * HOUR), Swept { used: vec![], ended: vec![[1; 32]] });
    }

    #[test]
    fn a_persons_other_sessions_end_at_once() {
        let sessions =
            Sessions::new(HOUR, [([1; 32], session(1)), ([2; 32], session(1)), ([3; 32], session(9))]);
        assert_eq!(sessions.remove_user(UserId(1), Some([1; 32])), [[2; 32]]);
        assert!(sessions.touch([2; 32], 1).is_none());
        assert!(sessions.touch([1; 32], 1).is_some() && sessions.touch([3; 32], 1).is_some());
        assert!(sessions.is_signed_in(UserId(9), 1) && !sessions.is_signed_in(UserId(9), 2 * HOUR));
    }
}
