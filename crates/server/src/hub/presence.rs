//! Who has the site open. Never stored as live state; page views are appended elsewhere.

use hashbrown::{HashMap, HashSet};
use yingda_core::id::*;
use yingda_wire::frame::{LiveVisitor, ServerFrame};

/// So many changes go into one frame.
const MOST: usize = 50;

#[derive(Default)]
pub struct Presence {
    /// With the node on which they browse.
    visitors: HashMap<VisitorId, (i64, LiveVisitor)>,
    changed: HashSet<VisitorId>,
    gone: Vec<VisitorId>,
}

impl Presence {
    pub fn see(&mut self, node: i64, visitor: LiveVisitor) {
        self.changed.insert(visitor.visitor);
        self.visitors.insert(visitor.visitor, (node, visitor));
    }

    /// Who browses on this node.
    pub fn own(&self) -> Vec<LiveVisitor> {
        let own = self.visitors.values().filter(|(node, _)| *node == super::HERE);
        own.map(|(_, visitor)| visitor.clone()).collect()
    }

    /// Who browsed on any other node than these has left.
    pub fn keep(&mut self, nodes: &[i64]) {
        let lost =
            self.visitors.iter().filter(|(_, (node, _))| *node != super::HERE && !nodes.contains(node));
        let lost: Vec<VisitorId> = lost.map(|(visitor, _)| *visitor).collect();
        lost.into_iter().for_each(|visitor| self.gone(visitor));
    }

    pub fn talks(&mut self, visitor: VisitorId, conversation: Option<ConversationId>) {
        if let Some((_, it)) = self.visitors.get_mut(&visitor) {
            it.conversation = conversation;
            self.changed.insert(visitor);
        }
    }

    pub fn gone(&mut self, visitor: VisitorId) {
        if self.visitors.remove(&visitor).is_some() {
            self.changed.remove(&visitor);
            self.gone.push(visitor);
        }
    }

    pub fn get(&self, visitor: VisitorId) -> Option<LiveVisitor> {
        self.visitors.get(&visitor).map(|(_, it)| it.clone())
    }

    pub fn all(&self) -> Vec<LiveVisitor> {
        let mut all: Vec<_> = self.visitors.values().map(|(_, it)| it.clone()).collect();
        all.sort_by_key(|visitor| std::cmp::Reverse(visitor.since_at));
        all
    }

    /// What changed since the last time, at most as much as a frame carries; the rest comes with the next.
    pub fn changes(&mut self) -> Option<ServerFrame> {
        if self.changed.is_empty() && self.gone.is_empty() {
            return None;
        }
        let mut ids: Vec<_> = self.changed.iter().copied().collect();
        ids.sort_unstable();
        ids.truncate(MOST);
        let visitors = ids.iter().filter_map(|id| self.get(*id)).collect();
        for id in &ids {
            self.changed.remove(id);
        }
        let most = self.gone.len().min(MOST);
        let gone = self.gone.drain(..most).collect();
        Some(ServerFrame::Visitors { all: false, visitors, gone })
    }
}
