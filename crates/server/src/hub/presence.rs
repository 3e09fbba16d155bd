//! Who has the site open. Never stored as live state; page views are appended elsewhere.

use hashbrown::{HashMap, HashSet};
use yingda_core::id::*;
use yingda_wire::frame::{LiveVisitor, ServerFrame};

/// So many changes go into one frame.
const MOST: usize = 50;

#[derive(Default)]
pub struct Presence {
    visitors: HashMap<VisitorId, LiveVisitor>,
    changed: HashSet<VisitorId>,
    gone: Vec<VisitorId>,
}

impl Presence {
    pub fn see(&mut self, visitor: LiveVisitor) {
        self.changed.insert(visitor.visitor);
        self.visitors.insert(visitor.visitor, visitor);
    }

    pub fn talks(&mut self, visitor: VisitorId, conversation: Option<ConversationId>) {
        if let Some(it) = self.visitors.get_mut(&visitor) {
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
        self.visitors.get(&visitor).cloned()
    }

    pub fn all(&self) -> Vec<LiveVisitor> {
        let mut all: Vec<_> = self.visitors.values().cloned().collect();
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
        let visitors = ids.iter().filter_map(|id| self.visitors.get(id).cloned()).collect();
        for id in &ids {
            self.changed.remove(id);
        }
        let most = self.gone.len().min(MOST);
        let gone = self.gone.drain(..most).collect();
        Some(ServerFrame::Visitors { all: false, visitors, gone })
    }
}
