//! Rules follow the log from a position of their own: what sets one off becomes rows in the same transaction as the
//! position, and rows are carried out when they are due. So nothing is missed or done twice over a restart, and a step
//! may wait for days.

use crate::{jobs::Duty, problem::Problem, rules, tasks};
use std::{collections::BTreeMap, time::Duration};
use tokio::{sync::Notify, task::JoinHandle};
use yingda_core::{
    At,
    actor::Actor,
    config::Rule,
    directory::Directory,
    event::{Event, Fact, Subject},
    id::*,
    lang::Text,
    rule::{self, Stop},
    rule_run::{RuleRun, RunState},
};
use yingda_store::{
    ReadError,
    event::{self as events, StoredEvent},
    reader, rule_run as rows,
};

const READER: &str = "rules";
/// Somebody waits for a step that is due.
pub static WAKE: Notify = Notify::const_new();
const BATCH: usize = 500;
/// Under load the log is read in strides, not event by event.
const PACE: Duration = Duration::from_millis(300);
const LONGEST_MS: At = 60_000;
/// What is done stays in the log of runs for so long.
const KEPT_MS: At = 90 * 24 * 3_600_000;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::go_on("rules", async move { run(&duty).await })
}

async fn run(duty: &Duty) {
    let mut position = duty.app.site.position();
    let mut swept_at = 0;
    loop {
        position.mark_unchanged();
        let pause_ms = match turn(duty).await {
            Ok(next_at) => next_at.map_or(LONGEST_MS, |at| (at - duty.app.clock.now()).clamp(0, LONGEST_MS)),
            Err(problem) => {
                tracing::warn!(code = ?problem.code, "rules wait for the store");
                1_000
            }
        };
        let now = duty.app.clock.now();
        if now > swept_at + LONGEST_MS * 60 {
            swept_at = now;
            duty.app.site.ride(rows::forget(now - KEPT_MS)).await;
        }
        tokio::select! {
            changed = position.changed() => match changed {
                Ok(()) => tokio::time::sleep(PACE).await,
                Err(_) => return,
            },
            () = WAKE.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(pause_ms as u64)) => {}
        }
    }
}

/// Takes in what happened and does what is due; gives when the next step is.
async fn turn(duty: &Duty) -> Result<Option<At>, Problem> {
    while enlist(duty).await? {}
    loop {
        let due = rows::due(&duty.db, duty.app.clock.now(), BATCH).await?;
        if due.is_empty() {
            return Ok(rows::next_at(&duty.db).await?);
        }
        for run in due {
            rules::carry_out(&duty.app, &duty.db, run).await?;
        }
    }
}

/// Makes rows of what the next events set off. False when there are no more.
async fn enlist(duty: &Duty) -> Result<bool, Problem> {
    let head = *duty.app.site.position().borrow();
    let Some(reached) = reader::reached(&duty.db, READER).await? else {
        // What happened before there were rules sets none off.
        rules::keep(&duty.db, vec![reader::begin(READER, head)]).await?;
        return Ok(true);
    };
    let directory = duty.app.directory();
    let awake: BTreeMap<RuleId, &Rule> =
        directory.rules.iter().filter(|(_, rule)| rule.enabled).map(|(id, rule)| (*id, &**rule)).collect();
    if awake.is_empty() {
        if head > reached {
            rules::keep(&duty.db, vec![reader::advance(READER, reached, head)]).await?;
        }
        return Ok(false);
    }
    let found = events::since(&duty.db, reached, BATCH).await?;
    let Some(last) = found.last().map(|event| event.seq) else { return Ok(false) };
    let mut setting = Setting { duty, directory: &directory, awake, lately: BTreeMap::new(), runs: vec![] };
    for stored in &found {
        setting.take(stored).await?;
    }
    let mut statements: Vec<_> = setting.runs.iter().map(rows::insert).collect();
    statements.push(reader::advance(READER, reached, last));
    rules::keep(&duty.db, statements).await?;
    Ok(true)
}

/// What a stretch of the log sets off.
struct Setting<'a> {
    duty: &'a Duty,
    directory: &'a Directory,
    awake: BTreeMap<RuleId, &'a Rule>,
    /// How often a rule was set off by something, and how often it was stopped, within the hour.
    lately: BTreeMap<(RuleId, (i16, i64)), (u64, u64)>,
    runs: Vec<RuleRun>,
}

impl Setting<'_> {
    async fn take(&mut self, stored: &StoredEvent) -> Result<(), Problem> {
        let waits = |rule: &&Rule| rule.when.fact_kind() == stored.kind;
        if !self.awake.values().any(waits) {
            return Ok(());
        }
        let Some(event) = stored.event() else { return Ok(()) };
        // A conversation that became a part of another goes on there.
        if matches!(event.fact, Fact::ConversationClosed { into: Some(_), .. }) {
            return Ok(());
        }
        let Some(sight) = rules::look(&self.duty.app, &event).await? else { return Ok(()) };
        let told = sight.events(&event.fact);
        let set_off: Vec<(RuleId, &Rule)> = self
            .awake
            .iter()
            .filter(|(_, rule)| told.contains(&rule.when) && rule::holds(rule, sight.seen()))
            .map(|(id, rule)| (*id, *rule))
            .collect();
        if set_off.is_empty() {
            return Ok(());
        }
        let trail = self.trail(&event).await?;
        for (id, rule) in set_off {
            self.set_off(id, rule, &event, sight.on, &trail).await?;
        }
        Ok(())
    }

    /// The rules that led to an event.
    async fn trail(&self, event: &Event) -> Result<Vec<RuleId>, ReadError> {
        let Actor::Rule { id, run } = event.by else { return Ok(vec![]) };
        let before = rows::get(&self.duty.db, run).await?;
        let mut trail = before.map(|it| it.trail).unwrap_or_default();
        trail.push(id);
        Ok(trail)
    }

    async fn set_off(
        &mut self,
        id: RuleId,
        rule: &Rule,
        event: &Event,
        on: Subject,
        trail: &[RuleId],
    ) -> Result<(), ReadError> {
        let now = self.duty.app.clock.now();
        let key = (id, yingda_store::event::subject_code(on));
        if !self.lately.contains_key(&key) {
            let since = now - rule::OFTEN_WITHIN_MS;
            self.lately.insert(key, rows::lately(&self.duty.db, id, on, since).await?);
        }
        let (often, stopped) = self.lately.get(&key).copied().unwrap_or_default();
        let run = |step: usize, due_at: At| RuleRun {
            id: RecordId(self.duty.app.next_id()),
            rule: id,
            seq: event.seq,
            step: step as u16,
            on,
            state: RunState::Waiting,
            attempts: 0,
            due_at,
            made_at: now,
            ended_at: None,
            does: rule.steps[step].does.clone(),
            trail: trail.to_vec(),
            outcome: None,
            ticket: None,
        };
        let fresh: Vec<RuleRun> = match rule::stops(trail, often) {
            // Said once an hour, not as often as it would go on.
            Some(Stop::TooOften) if stopped > 0 => return Ok(()),
            Some(stop) => {
                let why = self.why(stop, trail, id);
                tracing::warn!(rule = id.0, why = %why.en, "a rule was stopped");
                vec![RuleRun {
                    state: RunState::Stopped,
                    ended_at: Some(now),
                    outcome: Some(why),
                    ..run(0, now)
                }]
            }
            None => rule
                .steps
                .iter()
                .enumerate()
                .filter(|(n, step)| rule::falls_in(id, event.seq, *n, step.percent))
                .map(|(n, step)| run(n, event.at + At::from(step.delay_min) * 60_000))
                .collect(),
        };
        let is_stopped = fresh.first().is_some_and(|it| it.state == RunState::Stopped);
        self.lately.insert(key, (often + u64::from(!fresh.is_empty()), stopped + u64::from(is_stopped)));
        self.runs.extend(fresh);
        Ok(())
    }

    /// Names the rules that go round in circles.
    fn why(&self, stop: Stop, trail: &[RuleId], last: RuleId) -> Text {
        let name = |id: &RuleId| self.directory.rules.get(id).map(|it| it.name.clone()).unwrap_or_default();
        match stop {
            Stop::Loop => {
                let all: Vec<Text> = trail.iter().chain([&last]).map(name).collect();
                let zh: Vec<_> = all.iter().map(|it| it.zh.as_str()).collect();
                let en: Vec<_> = all.iter().map(|it| it.en.as_str()).collect();
                Text::new(
                    format!("规则互相触发，已停止：{}。", zh.join(" → ")),
                    format!("Rules set each other off and were stopped: {}.", en.join(" → ")),
                )
            }
            Stop::TooOften => {
                let most = rule::OFTEN;
                Text::new(
                    format!("一小时内在同一对象上触发了 {most} 次，已停止。"),
                    format!("Set off {most} times within an hour by the same thing, and stopped."),
                )
            }
        }
    }
}
