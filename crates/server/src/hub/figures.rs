//! How each node is doing, by its own word: said every second, kept here, never stored.

use super::{HERE, Hub, Inner};
use crate::cluster::gossip::Gossip;
use yingda_core::At;
use yingda_wire::http::NodeFigures;

/// A node that said nothing of itself for so long is not known to be well.
const SILENCE_MS: At = 5_000;

/// Who is connected to this node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connected {
    pub visitor_sockets: u32,
    pub console_sockets: u32,
    pub visitors: u32,
}

impl Hub {
    pub fn connected(&self) -> Connected {
        let inner = self.lock();
        Connected {
            visitor_sockets: (inner.sockets.len() - inner.consoles.len()) as u32,
            console_sockets: inner.consoles.len() as u32,
            visitors: inner.visitors.len() as u32,
        }
    }

    /// This node's own figures, for itself and for the others.
    pub fn tell_figures(&self, figures: NodeFigures) {
        self.say(|| Gossip::Figures(Box::new(figures.clone())));
        self.lock().figures.insert(HERE, figures);
    }

    /// What a node said of itself lately; this one is `None`.
    pub fn figures(&self, node: Option<i64>, now: At) -> Option<NodeFigures> {
        self.lock().figures.get(&node.unwrap_or(HERE)).filter(|it| it.at + SILENCE_MS > now).cloned()
    }
}

impl Inner {
    pub fn keep_figures(&mut self, nodes: &[i64]) {
        self.figures.retain(|node, _| *node == HERE || nodes.contains(node));
    }
}
