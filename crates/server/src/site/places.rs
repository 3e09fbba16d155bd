//! Tells waiting visitors their place and estimated wait, and widgets whether someone can answer, when that changes.

use super::encode::Frame;
use crate::hub::Hub;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use yingda_core::{At, engine::Engine, event::Fact, id::*};
use yingda_wire::frame::ServerFrame;

/// A queue's places are pushed at most this often.
const PACE_MS: At = 400;
/// Beyond this place a visitor learns of changes only as they move up into it.
const NEAR: usize = 1_000;

#[derive(Default)]
pub struct Places {
    changed: BTreeSet<QueueId>,
    agents_changed: bool,
    due_at: At,
    told: HashMap<ConversationId, (u32, Option<u32>)>,
    staffed: BTreeMap<WidgetId, bool>,
}

impl Places {
    /// Remembers which queues moved.
    pub fn note(&mut self, frames: &[Frame], now: At) {
        let before = self.is_idle();
        for frame in frames {
            match &frame.routed.event.fact {
                // An offer that came to nothing puts the contact back into its place.
                Fact::Queued { queue, .. } | Fact::OfferEnded { queue, .. } => {
                    self.changed.insert(*queue);
                }
                Fact::QueueLeft { queue, .. } => {
                    self.changed.insert(*queue);
                    if let Some(id) = frame.routed.event.on.conversation() {
                        self.told.remove(&id);
                    }
                }
                Fact::AgentStateChanged { .. } | Fact::RecordChanged { .. } => self.agents_changed = true,
                _ => {}
            }
        }
        if before && !self.is_idle() {
            self.due_at = self.due_at.max(now);
        }
    }

    fn is_idle(&self) -> bool {
        self.changed.is_empty() && !self.agents_changed
    }

    pub fn next(&self, now: At) -> Option<At> {
        (!self.is_idle()).then_some(self.due_at.max(now))
    }

    pub fn push(&mut self, engine: &Engine, hub: &Hub, now: At) {
        if self.is_idle() || now < self.due_at {
            return;
        }
        self.due_at = now + PACE_MS;
        for queue in std::mem::take(&mut self.changed) {
            for id in engine.acd.order(queue, NEAR) {
                let Some((position, wait_s)) = engine.place(id, now) else { continue };
                if self.told.get(&id) == Some(&(position, wait_s)) {
                    continue;
                }
                self.told.insert(id, (position, wait_s));
                if let Some(conversation) = engine.conversations.get(&id) {
                    let frame = ServerFrame::Place { conversation: id, position, wait_s };
                    hub.to_visitor(conversation.visitor, &frame);
                }
            }
        }
        if std::mem::take(&mut self.agents_changed) {
            let staffed = super::staffed(engine, now);
            for (widget, on) in &staffed {
                if self.staffed.get(widget) != Some(on) {
                    hub.to_widget(*widget, &ServerFrame::Staffed { on: *on });
                }
            }
            self.staffed = staffed;
        }
    }
}
