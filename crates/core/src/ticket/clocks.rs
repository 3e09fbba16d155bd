//! Clocks of tickets (SLA): they run in business hours or day and night, stand still while the customer has to answer,
//! and say when a part of their time has passed.

use super::{Decided, Scene, Ticket};
use crate::{
    At, calendar,
    config::{TicketClock, TicketPhase, TicketType},
    directory::Directory,
    event::Fact,
    id::*,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A clock of one ticket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct RunningClock {
    /// Key of the clock in the ticket's kind.
    pub key: String,
    pub calendar: Option<CalendarId>,
    pub started_at: At,
    pub due_at: At,
    /// Since when it stands still.
    pub paused_at: Option<At>,
    /// How long it stood still so far, day and night.
    pub paused_ms: i64,
    /// When it was met, or the ticket closed.
    pub stopped_at: Option<At>,
    /// What was left of its time when it stood still; below zero when it was late.
    pub left_ms: i64,
    /// Up to which percent of its time people were told.
    pub told: Option<u16>,
    /// It ran out before it was met.
    pub late: bool,
}

impl RunningClock {
    pub fn start(of: &TicketClock, severity: u8, now: At, directory: &Directory) -> Self {
        let mut clock = RunningClock {
            key: of.key.clone(),
            calendar: of.calendar,
            started_at: now,
            due_at: now,
            ..Self::default()
        };
        clock.due_at = clock.shift(now, of.span_ms(severity), directory);
        clock
    }

    pub fn runs(&self) -> bool {
        self.paused_at.is_none() && self.stopped_at.is_none()
    }

    /// Open time from `from` on, or back from it; day and night without a calendar.
    fn shift(&self, from: At, span_ms: i64, directory: &Directory) -> At {
        match self.calendar.and_then(|id| directory.calendars.get(&id)) {
            Some(calendar) => calendar::shift_open_ms(calendar, from, span_ms).unwrap_or(from + span_ms),
            None => from + span_ms,
        }
    }

    /// What is left at an instant; below zero when it is late.
    fn left(&self, now: At, directory: &Directory) -> i64 {
        match self.calendar.and_then(|id| directory.calendars.get(&id)) {
            Some(calendar) if now <= self.due_at => calendar::open_ms_between(calendar, now, self.due_at),
            Some(calendar) => -calendar::open_ms_between(calendar, self.due_at, now),
            None => self.due_at - now,
        }
    }

    fn pause(&mut self, now: At, directory: &Directory) {
        self.left_ms = self.left(now, directory);
        self.paused_at = Some(now);
    }

    fn resume(&mut self, now: At, directory: &Directory) {
        if let Some(since) = self.paused_at.take() {
            self.paused_ms += now - since;
            self.due_at = self.shift(now, self.left_ms, directory);
        }
    }

    fn stop(&mut self, now: At, directory: &Directory) {
        self.resume(now, directory);
        self.left_ms = self.left(now, directory);
        self.late |= now > self.due_at;
        self.stopped_at = Some(now);
    }

    /// A reopened ticket's clock goes on with what it had left; the time in between does not count.
    fn go_on(&mut self, now: At, directory: &Directory) {
        if let Some(stopped) = self.stopped_at.take() {
            self.paused_ms += now - stopped;
            self.due_at = self.shift(now, self.left_ms, directory);
        }
    }

    /// Its span is so much longer.
    fn lengthen(&mut self, more_ms: i64, directory: &Directory) {
        if self.runs() {
            self.due_at = self.shift(self.due_at, more_ms, directory);
        } else {
            self.left_ms += more_ms;
        }
    }

    /// The instant of a part of its time.
    fn instant(&self, percent: u16, span_ms: i64, directory: &Directory) -> At {
        self.shift(self.due_at, span_ms * (i64::from(percent) - 100) / 100, directory)
    }

    pub fn next_at(&self, of: &TicketType, severity: u8, directory: &Directory) -> Option<At> {
        let it = of.clocks.iter().find(|it| it.key == self.key).filter(|_| self.runs())?;
        let span_ms = it.span_ms(severity);
        let ahead = |percent: &u16| self.told.is_none_or(|told| *percent > told);
        let steps = it.steps.iter().filter(|step| severity <= step.severity).map(|step| step.percent);
        let late = (!self.late).then_some(self.due_at);
        let next = steps.filter(ahead).min().map(|percent| self.instant(percent, span_ms, directory));
        [late, next].into_iter().flatten().min()
    }
}

/// A clock of a ticket that has something to say.
pub struct Rang {
    pub clock: String,
    pub percent: u16,
    pub is_late: bool,
    pub to: Vec<UserId>,
}

impl Ticket {
    /// The clocks that begin with the ticket itself.
    pub(super) fn start_clocks(&mut self, of: &TicketType, directory: &Directory) {
        for clock in of.clocks.iter().filter(|it| it.starts_in.is_empty()) {
            let running = RunningClock::start(clock, self.severity, self.received_at, directory);
            self.clocks.push(running);
        }
    }

    /// The ticket's clocks after it has entered a state.
    pub(super) fn turn_clocks(&mut self, of: &TicketType, now: At, directory: &Directory) {
        for it in &of.clocks {
            let found = self.clocks.iter_mut().find(|clock| clock.key == it.key);
            let stops = it.stops_in.contains(&self.state) || self.phase == TicketPhase::Closed;
            match found {
                Some(clock) => {
                    let is_answered = it.first_reply && self.replied_at.is_some();
                    match (stops || is_answered, clock.stopped_at) {
                        (true, None) => clock.stop(now, directory),
                        (false, Some(_)) => clock.go_on(now, directory),
                        _ => {}
                    }
                    match (it.pauses_in.contains(&self.state), clock.paused_at) {
                        (true, None) if clock.stopped_at.is_none() => clock.pause(now, directory),
                        (false, Some(_)) => clock.resume(now, directory),
                        _ => {}
                    }
                }
                None if it.starts_in == self.state && !stops => {
                    let running = RunningClock::start(it, self.severity, now, directory);
                    self.clocks.push(running);
                }
                None => {}
            }
        }
    }

    /// The clocks of another version of its kind: what has passed stays passed, and what is new begins as if it had
    /// always been there.
    pub(super) fn take_clocks_over(
        &mut self,
        from: &TicketType,
        of: &TicketType,
        now: At,
        directory: &Directory,
    ) {
        self.clocks.retain(|clock| of.clocks.iter().any(|it| it.key == clock.key));
        for it in &of.clocks {
            let old = from.clocks.iter().find(|old| old.key == it.key);
            match self.clocks.iter_mut().find(|clock| clock.key == it.key) {
                Some(clock) if old.is_some_and(|old| old.calendar != it.calendar) => {
                    clock.calendar = it.calendar;
                    clock.due_at = clock.shift(clock.started_at, it.span_ms(self.severity), directory);
                }
                Some(clock) => {
                    let was = old.map_or(0, |old| old.span_ms(self.severity));
                    clock.lengthen(it.span_ms(self.severity) - was, directory);
                }
                None if it.starts_in.is_empty() => {
                    self.clocks.push(RunningClock::start(it, self.severity, self.received_at, directory));
                }
                None => {}
            }
        }
        self.turn_clocks(of, now, directory);
    }

    /// Another severity has another span; what has passed stays passed.
    pub(super) fn respan(&mut self, of: &TicketType, before: u8, directory: &Directory) {
        for clock in &mut self.clocks {
            let Some(it) = of.clocks.iter().find(|it| it.key == clock.key) else { continue };
            clock.lengthen(it.span_ms(self.severity) - it.span_ms(before), directory);
        }
    }

    /// It was received at another instant: what counts from there moves along.
    pub(super) fn restart(&mut self, of: &TicketType, directory: &Directory) {
        for clock in &mut self.clocks {
            let Some(it) = of.clocks.iter().find(|it| it.key == clock.key) else { continue };
            if !it.starts_in.is_empty() {
                continue;
            }
            let fresh = RunningClock::start(it, self.severity, self.received_at, directory);
            let later =
                fresh.due_at - RunningClock::start(it, self.severity, clock.started_at, directory).due_at;
            clock.started_at = self.received_at;
            clock.due_at += later;
            clock.left_ms += later;
        }
    }

    /// What the clocks have to say by now, each step once.
    pub(super) fn rung(&mut self, of: &TicketType, now: At, directory: &Directory) -> Vec<Rang> {
        let mut rang = vec![];
        let snapshot = self.clone();
        for clock in self.clocks.iter_mut().filter(|clock| clock.runs()) {
            let Some(it) = of.clocks.iter().find(|it| it.key == clock.key) else { continue };
            let span_ms = it.span_ms(snapshot.severity);
            let mut told = clock.told;
            let mut steps: Vec<_> = it
                .steps
                .iter()
                .filter(|step| {
                    snapshot.severity <= step.severity && clock.told.is_none_or(|told| step.percent > told)
                })
                .collect();
            steps.sort_by_key(|step| step.percent);
            for step in steps {
                if clock.instant(step.percent, span_ms, directory) > now {
                    break;
                }
                told = told.max(Some(step.percent));
                let to = snapshot.concerned(step.to, directory);
                rang.push(Rang {
                    clock: clock.key.clone(),
                    percent: step.percent,
                    is_late: step.percent >= 100,
                    to,
                });
            }
            clock.told = told;
            if !clock.late && clock.due_at <= now {
                clock.late = true;
                if !rang.iter().any(|it| it.clock == clock.key && it.percent == 100) {
                    rang.push(Rang { clock: clock.key.clone(), percent: 100, is_late: true, to: vec![] });
                }
            }
        }
        rang
    }
}

/// Lets the clocks say what is due by now. Nothing when there is nothing new.
pub fn ring(before: &Ticket, scene: Scene) -> Option<Decided> {
    let mut ticket = before.clone();
    let rang = ticket.rung(scene.of, scene.now, scene.directory);
    if ticket == *before {
        return None;
    }
    ticket.version += 1;
    let tells = rang.iter().flat_map(|it| it.to.iter().copied()).collect::<BTreeSet<_>>();
    let facts = rang.into_iter().map(|it| {
        let fact = Fact::TicketClockRang {
            ticket: before.id,
            clock: it.clock,
            percent: it.percent,
            late: it.is_late,
            to: it.to,
        };
        (fact, None)
    });
    let facts = facts.collect();
    Some(Decided { ticket, facts, tells: tells.into_iter().collect() })
}

/// The same ticket with nothing to say, so that its next instant is computed anew.
pub fn rest(before: &Ticket, now: At) -> Decided {
    let ticket = Ticket { version: before.version + 1, updated_at: now, ..before.clone() };
    Decided { ticket, facts: vec![], tells: vec![] }
}
