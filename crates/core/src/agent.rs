//! Agent states and reasons, media readiness, presence.

use crate::{
    At,
    access::{self, Action, Resource},
    actor::Actor,
    command::AgentAct,
    conversation::Phase,
    engine::{Done, Engine, Refused},
    event::{Audience, CloseReason, Fact, OfferEnd, SegmentEnd, Subject, WrapUpEnd},
    id::*,
    log::{Cause, Route},
    medium::Medium,
    refusal::Refusal,
};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    #[default]
    Offline,
    Ready,
    NotReady,
}

/// An agent's live state; stored as a row so that a rebuild finds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Agent {
    pub id: UserId,
    pub state: AgentState,
    /// Key of a break reason, or `ring_no_answer`, `connection_lost`.
    pub reason: String,
    pub since_at: At,
    /// Applies when the last contact ends (预约小休).
    pub pending: Option<Pending>,
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Medium>))]
    pub media_off: SmallVec<[Medium; 2]>,
    pub no_new: bool,
    /// Since when no connection is open; the grace period runs from here.
    pub gone_at: Option<At>,
    /// When the last contact ended or was given, for "longest idle".
    pub idle_since_at: At,
    /// Conversations held: active ones and wrap-up.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<ConversationId>))]
    pub holds: SmallVec<[ConversationId; 6]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pending {
    pub state: AgentState,
    pub reason: String,
}

/// The reasons that the product itself gives.
pub const RING_NO_ANSWER: &str = "ring_no_answer";
pub const CONNECTION_LOST: &str = "connection_lost";

impl Engine {
    pub(crate) fn agent_act(&mut self, cause: Cause, id: UserId, act: AgentAct) -> Result<Done, Refused> {
        if !self.directory.users.contains_key(&id) {
            return Err(Refusal::NotFound.into());
        }
        let own = cause.by == Actor::User { id };
        let forced = !own && cause.by != Actor::System;
        if forced {
            let on = Resource { holders: &[id], queue: None };
            if !access::allows(&self.directory, cause.by, Action::AgentForce, on) {
                return Err(Refusal::NotFound.into());
            }
        }
        self.agents.entry(id).or_insert_with(|| Agent { id, since_at: cause.now, ..Agent::default() });
        match act {
            AgentAct::SetState { state, reason } => self.set_state(cause, id, state, reason, forced)?,
            AgentAct::Resume { medium } => {
                if let Some(agent) = self.agents.get_mut(&id) {
                    agent.media_off.retain(|it| *it != medium);
                    let reason = agent.reason.clone();
                    self.note_agent(cause, id, reason);
                    self.ask_back(cause.now, id);
                }
            }
            AgentAct::NoNew { on } => {
                if let Some(agent) = self.agents.get_mut(&id) {
                    agent.no_new = on;
                    let reason = agent.reason.clone();
                    self.note_agent(cause, id, reason);
                }
            }
            AgentAct::Connected => {
                let fresh = self.agents.get_mut(&id).is_some_and(|agent| {
                    agent.gone_at = None;
                    agent.state == AgentState::Offline
                });
                if fresh {
                    self.turn(cause, id, AgentState::NotReady, String::new());
                }
                self.log.agent_changed(id);
                self.seat(id);
            }
            AgentAct::Disconnected => {
                if let Some(agent) = self.agents.get_mut(&id) {
                    agent.gone_at = Some(cause.now);
                }
                self.log.agent_changed(id);
                self.arm_grace(id);
                self.seat(id);
            }
        }
        Ok(self.done(None))
    }

    fn set_state(
        &mut self,
        cause: Cause,
        id: UserId,
        state: AgentState,
        reason: String,
        forced: bool,
    ) -> Result<(), Refusal> {
        let settings = self.directory.settings.clone();
        let known = settings.break_reasons.iter().find(|it| it.key == reason);
        if state == AgentState::NotReady && !reason.is_empty() && known.is_none() {
            return Err(Refusal::BadValue);
        }
        let Some(agent) = self.agents.get(&id) else { return Err(Refusal::NotFound) };
        let busy = !agent.holds.is_empty();
        if state == AgentState::NotReady
            && !forced
            && known.is_some_and(|it| it.is_break)
            && self.quota_full(id)
        {
            return Err(Refusal::BreakQuotaFull);
        }
        if state == AgentState::Offline && busy {
            if !forced {
                return Err(Refusal::ActiveWork);
            }
            // Forced out: the contacts go back to their places first.
            self.turn(cause, id, state, reason);
            self.return_all(cause, id);
            return Ok(());
        }
        let Some(agent) = self.agents.get_mut(&id) else { return Err(Refusal::NotFound) };
        if state == AgentState::NotReady && busy && agent.state == AgentState::Ready {
            // A break chosen during a contact begins after it (预约小休).
            agent.pending = Some(Pending { state, reason: reason.clone() });
            self.note_agent(cause, id, reason);
            return Ok(());
        }
        if state == AgentState::Ready {
            agent.media_off.clear();
            agent.no_new = false;
        }
        agent.pending = None;
        self.turn(cause, id, state, reason);
        Ok(())
    }

    /// Whether one more of the agent's team on a break would be too many.
    fn quota_full(&self, id: UserId) -> bool {
        let Some(team) = self.directory.users.get(&id).and_then(|user| user.team) else { return false };
        let Some(quota) = self.directory.teams.get(&team).and_then(|team| team.break_quota) else {
            return false;
        };
        let is_break =
            |key: &str| self.directory.settings.break_reasons.iter().any(|it| it.is_break && it.key == key);
        let on_break = self.agents.values().filter(|agent| {
            agent.id != id
                && self.directory.users.get(&agent.id).and_then(|user| user.team) == Some(team)
                && ((agent.state == AgentState::NotReady && is_break(&agent.reason))
                    || agent.pending.as_ref().is_some_and(|pending| is_break(&pending.reason)))
        });
        on_break.count() >= usize::from(quota)
    }

    /// The new state begins, and the former one's length is a fact.
    fn turn(&mut self, cause: Cause, id: UserId, state: AgentState, reason: String) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        // Someone who was never here before has been away for no length of time.
        let lasted_ms = if agent.since_at == 0 { 0 } else { cause.now - agent.since_at };
        let was = agent.state;
        if state == AgentState::Ready && was != AgentState::Ready {
            agent.idle_since_at = cause.now;
        }
        agent.state = state;
        agent.since_at = cause.now;
        agent.reason = reason.clone();
        self.note_agent_change(cause, id, was, lasted_ms, reason);
    }

    /// Something of the agent changed, the state did not.
    fn note_agent(&mut self, cause: Cause, id: UserId, reason: String) {
        let Some(was) = self.agents.get(&id).map(|agent| agent.state) else { return };
        self.note_agent_change(cause, id, was, 0, reason);
    }

    fn note_agent_change(
        &mut self,
        cause: Cause,
        id: UserId,
        was: AgentState,
        lasted_ms: i64,
        reason: String,
    ) {
        let Some(agent) = self.agents.get(&id) else { return };
        let fact = Fact::AgentStateChanged {
            agent: id,
            state: agent.state,
            reason,
            was,
            lasted_ms,
            pending: agent.pending.as_ref().map(|it| it.state),
            media_off: agent.media_off.to_vec(),
            no_new: agent.no_new,
        };
        let route = Route { users: SmallVec::from_slice(&[id]), agent: Some(id), ..Route::default() };
        self.log.push(cause, Subject::User(id), Audience::Staff, fact, None, route);
        self.log.agent_changed(id);
        self.seat(id);
    }

    /// A missed contact stops its medium only; one click brings it back.
    pub(crate) fn missed(&mut self, cause: Cause, id: UserId, medium: Medium) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        if !agent.media_off.contains(&medium) {
            agent.media_off.push(medium);
        }
        self.note_agent(cause, id, RING_NO_ANSWER.into());
    }

    /// What was chosen during a contact begins now that the last one is over.
    pub(crate) fn apply_pending(&mut self, now: At, id: UserId) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        if !agent.holds.is_empty() {
            return;
        }
        if let Some(pending) = agent.pending.take() {
            self.turn(Cause::system(now), id, pending.state, pending.reason);
        }
    }

    /// The grace period is over and nobody came back: not ready, and the contacts go to their old places.
    pub(crate) fn agent_lost(&mut self, now: At, id: UserId) {
        let cause = Cause::system(now);
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.pending = None;
        }
        self.turn(cause, id, AgentState::Offline, CONNECTION_LOST.into());
        self.return_all(cause, id);
    }

    fn return_all(&mut self, cause: Cause, id: UserId) {
        let mut open: Vec<ConversationId> =
            self.agents.get(&id).map(|agent| agent.holds.to_vec()).unwrap_or_default();
        open.extend(
            self.conversations.values().filter(|it| it.offer.is_some_and(|o| o.agent == id)).map(|it| it.id),
        );
        open.sort_unstable();
        for conversation in open {
            match self.conversations.get(&conversation).map(|it| it.phase) {
                Some(Phase::WrapUp) => self.end_wrap_up(cause, conversation, WrapUpEnd::AgentLeft),
                Some(Phase::Offered) => self.end_offer(cause, conversation, OfferEnd::AgentLeft),
                Some(Phase::Active) => self.return_or_end(cause, conversation),
                _ => {}
            }
        }
    }

    /// A conversation that came without a queue has no place to go back to: it ends.
    fn return_or_end(&mut self, cause: Cause, conversation: ConversationId) {
        if self.return_to_queue(cause, conversation, SegmentEnd::AgentAway).is_err() {
            self.close(cause, conversation, CloseReason::Ended);
        }
    }
}
