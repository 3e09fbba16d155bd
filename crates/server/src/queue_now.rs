//! Queues as they are now, for desks and screens.

use std::collections::BTreeMap;
use yingda_core::{At, agent::AgentState, conversation::Phase, engine::Engine, id::QueueId};
use yingda_wire::frame::QueueNow;

/// The queues that one may see, as of the engine's position.
pub fn queues_now(engine: &Engine, sees: impl Fn(QueueId) -> bool, now: At) -> Vec<QueueNow> {
    let mut active: BTreeMap<QueueId, u32> = BTreeMap::new();
    for conversation in engine.conversations.values().filter(|it| it.phase == Phase::Active) {
        if let Some(queue) = conversation.queue {
            *active.entry(queue).or_default() += 1;
        }
    }
    let ids = engine.directory.queues.keys().copied().filter(|id| sees(*id));
    ids.map(|id| queue_now(engine, id, active.get(&id).copied().unwrap_or(0), now)).collect()
}

fn queue_now(engine: &Engine, id: QueueId, active: u32, now: At) -> QueueNow {
    let Some(queue) = engine.directory.queues.get(&id) else {
        return QueueNow { queue: id, ..QueueNow::default() };
    };
    let waiting = engine.acd.waiting_in(id);
    let day_at = engine.directory.day_at(queue.line, now);
    let day = engine.figures.queues.get(&id).copied().filter(|day| day.day_at == day_at).unwrap_or_default();
    let ready = engine.agents.values().filter(|agent| {
        agent.state == AgentState::Ready
            && agent.gone_at.is_none()
            && engine.directory.serves(agent.id, queue)
    });
    let wait = engine.figures.waits.get(&id);
    QueueNow {
        queue: id,
        waiting: waiting.count,
        longest_since_at: waiting.longest_since_at,
        active,
        ready: ready.count() as u32,
        wait_s: wait.and_then(|wait| wait.estimate(waiting.count + 1, now)),
        entered: day.entered,
        answered: day.answered,
        answered_in_time: day.answered_in_time,
        abandoned: day.abandoned,
        abandoned_in_time: day.abandoned_in_time,
    }
}
