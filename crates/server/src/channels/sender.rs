//! One channel's way out: what is due leaves in order per conversation, several at once, no faster than allowed, and
//! not at all while the other side is down.

use super::{
    LEAVING,
    breaker::Breaker,
    connector::{self, Carried, Failure, Parcel, Rest},
    intake,
    keys::Keys,
    outreach, sites,
    standing::{Teller, Way},
    wechat::wecom::{self, Turn},
};
use crate::{jobs::Duty, proof, random};
use futures_util::{FutureExt, future};
use std::{
    collections::BTreeSet,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use yingda_core::{
    At,
    actor::Actor,
    config::{Channel, Setup},
    conversation::Content,
    event::{Delivery, Fact, Persona},
    id::*,
    medium::Medium,
};
use yingda_store::{
    Batch, ReadError, Statement,
    address::{self, Address},
    event,
    outbound::{self, Outbound},
};

/// So many are on their way at once.
const AT_ONCE: usize = 64;
/// Tries before something is given up: with the pauses between them about a day.
const ATTEMPTS: u32 = 15;
const FIRST_PAUSE_MS: At = 2_000;
const LONGEST_PAUSE_MS: At = 4 * 3_600_000;

/// What became of one.
struct Trip {
    row: Outbound,
    outcome: Result<Carried, Failure>,
}

pub async fn run(duty: &Duty, id: ChannelId, channel: &Arc<Channel>) {
    let mut lane = Sender {
        duty,
        id,
        channel,
        breaker: Breaker::default(),
        teller: Teller::new(id, Way::Out),
        turns_end: None,
        busy: BTreeSet::new(),
    };
    while let Err(error) = lane.run().await {
        tracing::warn!(%error, channel = id.0, "a channel's replies wait for the store");
        lane.busy.clear();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

struct Sender<'a> {
    duty: &'a Duty,
    id: ChannelId,
    channel: &'a Arc<Channel>,
    breaker: Breaker,
    teller: Teller,
    /// When the turns of all that left so far are over.
    turns_end: Option<Instant>,
    busy: BTreeSet<i64>,
}

impl Sender<'_> {
    async fn run(&mut self) -> Result<(), ReadError> {
        let keys = Arc::new(Keys::of(&self.duty.app, &self.duty.db, self.id).await?);
        // Tasks of their own: what waits for the store in one of them must go on while this one does.
        let mut trips = JoinSet::new();
        loop {
            // Asked for before looking: what is stored in between is not missed.
            let leaving = LEAVING.notified();
            let (rows, pause) = self.due().await?;
            for row in rows {
                self.busy.insert(row.id);
                trips.spawn(travel(self.duty.clone(), self.id, self.channel.clone(), keys.clone(), row));
            }
            let mut ended = vec![];
            tokio::select! {
                Some(trip) = trips.join_next() => ended.extend(trip),
                () = leaving => {}
                () = tokio::time::sleep(pause) => {}
            }
            // All that ended meanwhile is written down together.
            while let Some(trip) = trips.try_join_next() {
                ended.extend(trip);
            }
            if !ended.is_empty() {
                self.settle(ended).await?;
            }
        }
    }

    /// What may leave now, and how long until more may.
    async fn due(&mut self) -> Result<(Vec<Outbound>, Duration), ReadError> {
        let now = self.duty.app.clock.now();
        let usual = AT_ONCE;
        let room = self.breaker.admits(now, usual).saturating_sub(self.busy.len());
        let room = room.min(self.turns());
        let mut rows = vec![];
        if room > 0 {
            rows = outbound::due(&self.duty.db, self.id, now, room + self.busy.len()).await?;
            rows.retain(|row| !self.busy.contains(&row.id));
            rows.truncate(room);
        }
        self.take_turns(rows.len());
        let mut wait_ms: At = if self.duty.app.cluster.is_some() { 2_000 } else { 60_000 };
        if let Some(until_at) = self.breaker.until_at.filter(|at| *at > now) {
            wait_ms = wait_ms.min(until_at - now);
        } else if rows.is_empty()
            && self.busy.is_empty()
            && let Some(next_at) = outbound::next_at(&self.duty.db, self.id).await?
        {
            let turn_ms = self.turns_end.map_or(0, |end| {
                end.saturating_duration_since(self.duty.app.clock.instant()).as_millis() as At
            });
            wait_ms = wait_ms.min((next_at - now).max(turn_ms));
        } else if !rows.is_empty() && self.channel.per_second > 0 {
            wait_ms = wait_ms.min(1_000 / At::from(self.channel.per_second));
        }
        Ok((rows, Duration::from_millis(wait_ms.max(1) as u64)))
    }

    /// How many turns are free now: as many as a tenth of a second holds, at least one.
    fn turns(&mut self) -> usize {
        let Some(turn) = self.turn() else { return usize::MAX };
        let now = self.duty.app.clock.instant();
        let most = (Duration::from_millis(100).as_nanos() / turn.as_nanos()).max(1) as u32;
        let end = self.turns_end.unwrap_or(now).max(now.checked_sub(turn * most).unwrap_or(now));
        self.turns_end = Some(end);
        (now.saturating_duration_since(end).as_nanos() / turn.as_nanos()) as usize
    }

    fn take_turns(&mut self, count: usize) {
        if let (Some(turn), Some(end)) = (self.turn(), self.turns_end) {
            self.turns_end = Some(end + turn * count as u32);
        }
    }

    fn turn(&self) -> Option<Duration> {
        (self.channel.per_second > 0)
            .then(|| Duration::from_nanos(1_000_000_000 / u64::from(self.channel.per_second)))
    }

    /// Writes down what became of some, and lets their conversations know.
    async fn settle(&mut self, ended: Vec<Trip>) -> Result<(), ReadError> {
        let now = self.duty.app.clock.now();
        let (mut statements, mut news) = (vec![], vec![]);
        for Trip { row, outcome } in &ended {
            match outcome {
                Err(Failure::Down(error)) => {
                    self.breaker.silent(now);
                    self.teller.fails(self.duty, error).await;
                }
                Err(Failure::Rests(..)) => {}
                _ => {
                    self.breaker.answered();
                    self.teller.well(self.duty).await;
                }
            }
            statements.push(written(row, outcome, now));
            let given_up = is_given_up(row, outcome);
            let told = match outcome {
                Ok(carried) if carried.is_quiet => None,
                // Still the same receivers: they know.
                Ok(carried) if row.term.is_some() && reaches_not(carried) == row.last_error => None,
                Ok(carried) => Some((Delivery::Sent, reaches_not(carried))),
                Err(Failure::Never(error) | Failure::Later(error)) if given_up => {
                    Some((Delivery::Failed, error.clone()))
                }
                Err(_) => None,
            };
            if let (Some(conversation), Some((state, reason))) = (row.conversation, told) {
                news.push(intake::tell(self.duty, conversation, row.id as u64, state, reason));
            }
        }
        self.duty.db.commit(Batch { statements, ..Batch::default() }).await?;
        for trip in &ended {
            self.busy.remove(&trip.row.id);
        }
        for refused in future::join_all(news).await.into_iter().filter_map(Result::err) {
            tracing::warn!(refusal = ?refused.refusal, "a conversation was not told what became of a message");
        }
        Ok(())
    }
}

/// Whom something that left does not reach, or not yet.
fn reaches_not(carried: &Carried) -> String {
    let not_yet = carried.not_yet.iter().map(|(_, why)| why);
    carried.refused.iter().chain(not_yet).map(String::as_str).collect::<Vec<_>>().join("; ")
}

fn is_given_up(row: &Outbound, outcome: &Result<Carried, Failure>) -> bool {
    match outcome {
        Err(Failure::Never(_)) => true,
        Err(Failure::Later(_)) => row.attempts + 1 >= ATTEMPTS,
        Ok(carried) => !carried.not_yet.is_empty() && row.attempts + 1 >= ATTEMPTS,
        Err(Failure::Down(_) | Failure::Rests(..)) => false,
    }
}

fn written(row: &Outbound, outcome: &Result<Carried, Failure>, now: At) -> Statement {
    match outcome {
        Ok(carried) if carried.not_yet.is_empty() || is_given_up(row, outcome) => {
            outbound::sent(row.id, carried.name.as_deref(), now)
        }
        Ok(carried) => {
            let to = carried.not_yet.iter().map(|(address, _)| address.clone()).collect();
            let rest = Rest { to, refused: carried.refused.clone() };
            let rest = serde_json::to_string(&rest).expect("addresses have a JSON form");
            let (next_at, name) = (now + pause_ms(row.attempts), carried.name.as_deref());
            outbound::partly(row.id, next_at, &reaches_not(carried), name, &rest)
        }
        Err(Failure::Down(error)) => outbound::wait(row.id, now, error),
        Err(Failure::Rests(until_at, error)) => outbound::wait(row.id, *until_at, error),
        Err(Failure::Never(error) | Failure::Later(error)) if is_given_up(row, outcome) => {
            outbound::dead(row.id, error, now)
        }
        Err(Failure::Never(error) | Failure::Later(error)) => {
            outbound::retry(row.id, now + pause_ms(row.attempts), error)
        }
    }
}

/// Doubled each time, and spread by a quarter so that many do not come back together.
fn pause_ms(attempts: u32) -> At {
    let pause = (FIRST_PAUSE_MS << attempts.min(20)).min(LONGEST_PAUSE_MS);
    let [byte] = random::bytes::<1>();
    pause * 3 / 4 + pause / 2 * At::from(byte) / 255
}

async fn travel(duty: Duty, id: ChannelId, channel: Arc<Channel>, keys: Arc<Keys>, row: Outbound) -> Trip {
    let work = async {
        if let Setup::Site(setup) = &channel.setup {
            return sites::carry(&duty, id, setup, &row).await;
        }
        if let Setup::Wecom(setup) = &channel.setup
            && let Some((term, turn)) = turn(&duty, id, &row).await?
        {
            return wecom::follow(&duty.app, id, setup, &keys, &term, turn).await;
        }
        let parcel = parcel(&duty, id, &channel, &row).await?;
        connector::deliver(&duty.app, id, &channel, &keys, &parcel).await
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(channel = id.0, row = row.id, "sending a message panicked");
        Err(Failure::Later("a fault of ours".into()))
    });
    Trip { row, outcome }
}

/// Where a row holds no words but what became of its conversation: whom it is about, and what.
async fn turn(duty: &Duty, id: ChannelId, row: &Outbound) -> Result<Option<(String, Turn)>, Failure> {
    let later = |error: ReadError| Failure::Later(error.to_string());
    if row.body.is_some() {
        return Ok(None);
    }
    let stored = event::one(&duty.db, row.id as u64).await.map_err(later)?;
    let Some(event) = stored.and_then(|it| it.event()) else { return Ok(None) };
    let is_over = match event.fact {
        Fact::Assigned { .. } => false,
        Fact::ConversationClosed { .. } => true,
        _ => return Ok(None),
    };
    let addresses = address::of_visitor(&duty.db, row.visitor.unwrap_or_default()).await.map_err(later)?;
    let Some(of) = addresses.into_iter().find(|it| it.channel == id) else { return Ok(None) };
    // Who has written again since began another conversation there, which goes on.
    let goes_on = of.heard_at.is_some_and(|at| at > event.at);
    Ok(Some((of.term, if is_over && !goes_on { Turn::Ended } else { Turn::Served })))
}

/// Puts together what leaves: the message as it stands in the log, or what the row brings itself.
async fn parcel(duty: &Duty, id: ChannelId, channel: &Channel, row: &Outbound) -> Result<Parcel, Failure> {
    let later = |error: ReadError| Failure::Later(error.to_string());
    if let (Some(term), Some(body)) = (&row.term, &row.body) {
        let content = match row.batch {
            Some(batch) => {
                outreach::check(duty, id, channel, batch, term).await?;
                Content::Text { text: body.clone() }
            }
            None => code(duty, channel, row, body)?,
        };
        let to = Address {
            channel: id,
            term: term.clone(),
            visitor: VisitorId(0),
            label: term.clone(),
            last_n: 0,
            heard_at: None,
        };
        return Ok(Parcel {
            id: row.id,
            conversation: None,
            to,
            content,
            persona: Persona::default(),
            is_automatic: true,
            at: row.created_at,
            rest: None,
        });
    }
    let stored = event::one(&duty.db, row.id as u64).await.map_err(later)?;
    let event = stored.and_then(|it| it.event()).ok_or(Failure::Never("the message was erased".into()))?;
    let Fact::MessagePosted { content, .. } = event.fact else {
        return Err(Failure::Never("it is no message".into()));
    };
    let visitor = row.visitor.unwrap_or_default();
    let addresses = address::of_visitor(&duty.db, visitor).await.map_err(later)?;
    let to = addresses.into_iter().find(|it| it.channel == id);
    let to = to.ok_or(Failure::Never("the customer has no address in this channel".into()))?;
    let persona = match event.by {
        Actor::User { id } => duty.app.directory().persona(id),
        _ => Persona::default(),
    };
    let is_automatic = !matches!(event.by, Actor::User { .. });
    Ok(Parcel {
        id: row.id,
        conversation: row.conversation,
        to,
        content,
        persona,
        is_automatic,
        at: event.at,
        rest: row.term.as_deref().and_then(|rest| serde_json::from_str(rest).ok()),
    })
}

/// What belongs to no batch is a one-time code. One that nobody could use any more is not sent.
fn code(duty: &Duty, channel: &Channel, row: &Outbound, body: &str) -> Result<Content, Failure> {
    let app = &duty.app;
    let lasts_ms = At::from(app.config.limits.code_seconds) * 1_000;
    if app.clock.now() > row.created_at + lasts_ms {
        return Err(Failure::Never("the code has expired".into()));
    }
    let content = proof::unsealed(app, body);
    let content = content.ok_or(Failure::Never("the code was sealed with another key".into()))?;
    let is_mail = channel.setup.medium() == Medium::Mail;
    Ok(if is_mail { proof::as_mail(app, channel.lang, content) } else { content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_within_a_quarter_and_end_at_four_hours() {
        for attempts in 0..40 {
            let expected = (2_000 << attempts.min(20)).min(LONGEST_PAUSE_MS);
            let pause = pause_ms(attempts);
            assert!(pause >= expected * 3 / 4 && pause <= expected * 5 / 4, "{attempts}: {pause}");
        }
    }
}
