//! The promises, each as plain reasoning over the state, without asking the dispatcher.

use super::world::World;
use std::collections::BTreeMap;
use yingda_core::{
    agent::{Agent, AgentState},
    conversation::{Conversation, Phase},
    engine::Engine,
    event::{Fact, OfferEnd},
    id::*,
    medium::Medium,
};

impl World {
    /// What is broken, in words; nothing when all holds.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = vec![];
        self.log_is_gapless(&mut broken);
        self.one_owner(&mut broken);
        self.capacity_holds(&mut broken);
        self.nobody_waits_beside_a_free_agent(&mut broken);
        self.first_in_first_out(&mut broken);
        self.rows_equal_live_state(&mut broken);
        broken
    }

    fn log_is_gapless(&self, broken: &mut Vec<String>) {
        for pair in self.events.windows(2) {
            if pair[1].event.seq != pair[0].event.seq + 1 {
                broken.push(format!("event {} follows {}", pair[1].event.seq, pair[0].event.seq));
            }
        }
        if self.engine.seq() != self.seq {
            broken.push(format!("the log stands at {}, stored is {}", self.engine.seq(), self.seq));
        }
    }

    fn one_owner(&self, broken: &mut Vec<String>) {
        let mut owners: BTreeMap<ConversationId, Vec<UserId>> = BTreeMap::new();
        for agent in self.engine.agents.values() {
            for id in &agent.holds {
                owners.entry(*id).or_default().push(agent.id);
            }
        }
        for (id, agents) in &owners {
            let agent = self.engine.conversations.get(id).and_then(|it| it.agent);
            if agents.len() != 1 || agent != Some(agents[0]) {
                broken.push(format!("{id} is held by {agents:?} and says {agent:?}"));
            }
        }
        for conversation in self.engine.conversations.values() {
            let held = owners.contains_key(&conversation.id);
            let should = matches!(conversation.phase, Phase::Active | Phase::WrapUp);
            if held != should {
                broken.push(format!("{} is {:?}, held: {held}", conversation.id, conversation.phase));
            }
        }
    }

    fn capacity_holds(&self, broken: &mut Vec<String>) {
        // What was given by hand may go beyond.
        if self.by_hand {
            return;
        }
        for agent in self.engine.agents.values() {
            let limit = self.limit(agent.id);
            if agent.holds.len() > limit {
                // A customer who writes in wrap-up, or a transfer, never adds a contact beyond the limit either.
                broken.push(format!("{:?} holds {} of {limit}", agent.id, agent.holds.len()));
            }
        }
    }

    fn limit(&self, agent: UserId) -> usize {
        usize::from(self.directory.users[&agent].limits[&Medium::Chat])
    }

    /// Whether the agent could take one more contact of this kind, by the rules alone.
    fn could_take(&self, agent: &Agent, conversation: &Conversation) -> bool {
        let (Some(queue), Some(user)) = (
            conversation.queue.and_then(|id| self.directory.queues.get(&id)),
            self.directory.users.get(&agent.id),
        ) else {
            return false;
        };
        let waited_s = (self.now - conversation.since_at) / 1_000;
        let skilled = queue.needs.iter().all(|need| {
            let steps = need
                .relax
                .iter()
                .filter(|step| i64::from(step.after_s) * 1_000 <= self.now - conversation.since_at);
            let level = steps.max_by_key(|step| step.after_s).map_or(need.level, |step| step.level);
            let has = user.skills.iter().find(|it| it.skill == need.skill).map_or(0, |it| it.level);
            has >= level
        });
        let has_offer =
            self.engine.conversations.values().any(|it| it.offer.is_some_and(|o| o.agent == agent.id));
        let preferred_elsewhere =
            conversation.prefer.is_some_and(|prefer| prefer.agent != agent.id && prefer.until_at > self.now);
        waited_s >= 0
            && agent.state == AgentState::Ready
            && agent.gone_at.is_none()
            && agent.pending.is_none()
            && !agent.no_new
            && !agent.media_off.contains(&Medium::Chat)
            && !has_offer
            && agent.holds.len() < self.limit(agent.id)
            && self.directory.serves(agent.id, queue)
            && skilled
            && !conversation.refused_by.contains(&agent.id)
            && !preferred_elsewhere
    }

    fn nobody_waits_beside_a_free_agent(&self, broken: &mut Vec<String>) {
        for conversation in self.engine.conversations.values().filter(|it| it.phase == Phase::Waiting) {
            if let Some(agent) =
                self.engine.agents.values().find(|agent| self.could_take(agent, conversation))
            {
                let why = self.engine.acd.eligible(conversation.id, agent.id);
                broken.push(format!("{} waits beside {:?} ({why:?})", conversation.id, agent.id));
            }
        }
    }

    /// Nobody in the same queue, of the same or higher priority, entered earlier, could have been given instead.
    fn first_in_first_out(&self, broken: &mut Vec<String>) {
        for routed in &self.events {
            let (agent, id) = match (&routed.event.fact, routed.event.on.conversation()) {
                (Fact::Assigned { agent, by_hand: false, .. } | Fact::Offered { agent, .. }, Some(id)) => {
                    (*agent, id)
                }
                _ => continue,
            };
            let Some(chosen) = self.engine.conversations.get(&id) else { continue };
            // Whoever accepts an offer takes what was chosen when it was made.
            let accepted = self.events.iter().any(|it| {
                it.event.on == routed.event.on
                    && matches!(it.event.fact, Fact::OfferEnded { end: OfferEnd::Accepted, .. })
            });
            if accepted {
                continue;
            }
            if chosen.prefer.is_some() || chosen.segment > 1 {
                continue;
            }
            for other in self.engine.conversations.values().filter(|it| it.phase == Phase::Waiting) {
                let earlier = (other.since_at, other.id) < (chosen.since_at, chosen.id);
                let same = other.queue == chosen.queue && other.priority == chosen.priority;
                let free_of_wishes = other.prefer.is_none() && !other.refused_by.contains(&agent);
                // Whoever entered the queue after the choice was made could not have been chosen.
                let was_there = other.queued_at < routed.event.at;
                if same && earlier && free_of_wishes && was_there {
                    broken.push(format!("{} was skipped for {id}", other.id));
                }
            }
        }
    }

    fn rows_equal_live_state(&self, broken: &mut Vec<String>) {
        let again = Engine::rebuild(self.rows(), self.now);
        let open = |engine: &Engine| -> BTreeMap<ConversationId, String> {
            let states = engine.conversations.values().filter(|it| it.phase != Phase::Closed);
            states.map(|it| (it.id, serde_json::to_string(it).expect("JSON"))).collect()
        };
        if open(&again) != open(&self.engine) {
            broken.push("conversations rebuilt from rows differ from the live ones".into());
        }
        for (id, live) in &self.engine.agents {
            let mut stored = again.agents.get(id).cloned().unwrap_or_default();
            // A rebuild gives everyone a fresh grace period.
            stored.gone_at = live.gone_at;
            if stored != *live {
                broken.push(format!("{id:?} rebuilt is {stored:?}, live is {live:?}"));
            }
        }
        for queue in self.directory.queues.keys() {
            let order = |engine: &Engine| engine.acd.order(*queue, 100).collect::<Vec<_>>();
            if order(&again) != order(&self.engine) {
                broken.push(format!("{queue:?} rebuilt waits in another order"));
            }
        }
    }
}
