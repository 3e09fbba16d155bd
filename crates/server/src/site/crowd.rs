//! Whose console is open on which node. Each node tells all of its own, at every change and every second; one that is
//! silent has nobody any more.

use std::collections::{BTreeMap, BTreeSet};
use yingda_core::{At, id::UserId};

/// A node that says nothing for so long is gone.
const SILENCE_MS: At = 3_500;

pub struct Crowd {
    own: i64,
    nodes: BTreeMap<i64, (At, BTreeSet<UserId>)>,
}

/// Who appeared anywhere, and who is nowhere any more.
#[derive(Debug, Default, PartialEq)]
pub struct Moved {
    pub came: Vec<UserId>,
    pub gone: Vec<UserId>,
}

impl Crowd {
    /// As its node sees it; that one is never silent.
    pub fn of(own: i64) -> Self {
        Self { own, nodes: BTreeMap::new() }
    }

    pub fn hear(&mut self, node: i64, users: Vec<UserId>, now: At) -> Moved {
        self.changed(|crowd| drop(crowd.nodes.insert(node, (now, users.into_iter().collect()))))
    }

    /// Forgets nodes that have been silent for too long.
    pub fn silent(&mut self, now: At) -> Moved {
        if self.next().is_none_or(|at| at > now) {
            return Moved::default();
        }
        let own = self.own;
        self.changed(|crowd| crowd.nodes.retain(|node, (at, _)| *node == own || *at + SILENCE_MS > now))
    }

    /// When a node will have been silent for too long.
    pub fn next(&self) -> Option<At> {
        let others = self.nodes.iter().filter(|(node, _)| **node != self.own);
        others.map(|(_, (at, _))| at + SILENCE_MS).min()
    }

    pub fn everyone(&self) -> Vec<UserId> {
        self.union().into_iter().collect()
    }

    fn union(&self) -> BTreeSet<UserId> {
        self.nodes.values().flat_map(|(_, users)| users.iter().copied()).collect()
    }

    fn changed(&mut self, change: impl FnOnce(&mut Self)) -> Moved {
        let before = self.union();
        change(self);
        let after = self.union();
        Moved {
            came: after.difference(&before).copied().collect(),
            gone: before.difference(&after).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(ids: &[i64]) -> Vec<UserId> {
        ids.iter().map(|id| UserId(*id)).collect()
    }

    #[test]
    fn one_is_gone_when_no_node_has_one_any_more() {
        let mut crowd = Crowd::of(2);
        assert_eq!(crowd.hear(2, users(&[7]), 0), Moved { came: users(&[7]), gone: vec![] });
        assert_eq!(crowd.hear(3, users(&[7, 8]), 0), Moved { came: users(&[8]), gone: vec![] });
        assert_eq!(crowd.hear(2, users(&[]), 1_000), Moved::default(), "7 is still on node 3");
        assert_eq!(crowd.silent(3_499), Moved::default());
        assert_eq!(crowd.next(), Some(3_500));
        assert_eq!(crowd.silent(3_500), Moved { came: vec![], gone: users(&[7, 8]) });
        crowd.hear(2, users(&[9]), 4_000);
        assert_eq!(crowd.silent(1_000_000), Moved::default(), "one is never silent to oneself");
        assert_eq!(crowd.everyone(), users(&[9]));
    }
}
