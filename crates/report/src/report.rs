//! The day's reports: by agent, by queue, by hour, by day.

use crate::{
    metric::{Level, Metric},
    table::{Column, Line, Table},
    tally::{Period, Tally},
};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yingda_core::{
    At,
    directory::Directory,
    fact::*,
    id::{InvitationId, QueueId, UserId, VisitorId},
    lang::{Lang, Text},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum By {
    Agent,
    Queue,
    /// The hour of the day.
    Hour,
    Day,
    /// Each invitation and wording, to compare them.
    Invitation,
}

#[derive(Clone, Debug)]
pub struct Question {
    pub by: By,
    pub period: Period,
    /// IANA name of the zone in which hours and days are cut.
    pub zone: String,
    pub level: Level,
}

pub fn answer(question: &Question, facts: &Facts, directory: &Directory) -> Table {
    let period = &question.period;
    let metrics = metrics(question.by, question.level);
    let (rows, total) = match question.by {
        By::Agent => by_agent(facts, period, directory),
        By::Queue => by_queue(facts, period, directory),
        By::Hour => by_time(facts, period, &question.zone, "%H:00"),
        By::Day => by_time(facts, period, &question.zone, "%Y-%m-%d"),
        By::Invitation => by_invitation(facts, directory),
    };
    let cells = |tally: &Tally| metrics.iter().map(|metric| metric.of(tally)).collect();
    Table {
        title: title(question.by),
        from: period.from,
        to: period.to,
        zone: question.zone.clone(),
        made_at: period.now,
        columns: metrics.iter().map(|metric| Column::from(*metric)).collect(),
        rows: rows.into_iter().map(|(key, name, tally)| Line { key, name, cells: cells(&tally) }).collect(),
        total: cells(&total),
    }
}

fn title(by: By) -> Text {
    match by {
        By::Agent => Text::new("座席报表", "Agents"),
        By::Queue => Text::new("队列报表", "Queues"),
        By::Hour => Text::new("分时报表", "Hours of the day"),
        By::Day => Text::new("分日报表", "Days"),
        By::Invitation => Text::new("主动邀请报表", "Invitations"),
    }
}

fn metrics(by: By, level: Level) -> Vec<Metric> {
    use Metric::*;
    match by {
        By::Agent => vec![
            Contacts,
            Segments,
            FirstResponse,
            HandlingTime,
            TalkTime,
            WrapUpTime,
            AgentMessages,
            CustomerMessages,
            Transferred,
            Offers,
            Missed,
            Declined,
            ConcurrencyMean,
            ConcurrencyPeak,
            SignedIn,
            Ready,
            NotReady,
            Occupancy,
            Satisfaction,
            RatingMean,
            Ratings,
            RatingResponse,
        ],
        By::Queue => vec![
            Contacts,
            Entered,
            Answered,
            Abandoned,
            ShortAbandoned,
            FlowedOut,
            LeftMessage,
            Waiting,
            ServiceLevel(level),
            AnswerRate,
            AbandonmentRate,
            SpeedOfAnswer,
            WaitMean,
            WaitP90,
            WaitLongest,
            FirstResponse,
            FirstResponseP90,
            HandlingTime,
            Satisfaction,
            RatingMean,
            Ratings,
            RatingResponse,
        ],
        By::Invitation => vec![Invited, Accepted, Acceptance],
        By::Hour | By::Day => vec![
            Contacts,
            Entered,
            Answered,
            Abandoned,
            FlowedOut,
            LeftMessage,
            ServiceLevel(level),
            AnswerRate,
            SpeedOfAnswer,
            WaitP90,
            WaitLongest,
            FirstResponse,
            HandlingTime,
            CustomerMessages,
            AgentMessages,
            Satisfaction,
            RatingResponse,
        ],
    }
}

type Rows = Vec<(String, Text, Tally)>;

fn began(at: At, period: &Period) -> bool {
    (period.from..period.to).contains(&at)
}

fn by_agent(facts: &Facts, period: &Period, directory: &Directory) -> (Rows, Tally) {
    #[derive(Default)]
    struct Own<'a> {
        segments: Vec<&'a Segment>,
        offers: Vec<&'a Offer>,
        intervals: Vec<&'a Interval>,
    }
    let mut agents: BTreeMap<UserId, Own<'_>> = BTreeMap::new();
    for it in &facts.segments {
        agents.entry(it.agent).or_default().segments.push(it);
    }
    for it in &facts.offers {
        agents.entry(it.agent).or_default().offers.push(it);
    }
    for it in &facts.intervals {
        agents.entry(it.agent).or_default().intervals.push(it);
    }
    let mut total = Tally::default();
    let mut rows: Rows = Vec::new();
    for (agent, own) in agents {
        let mut tally = Tally::default();
        for tally in [&mut tally, &mut total] {
            own.segments.iter().filter(|it| began(it.started_at, period)).for_each(|it| tally.segment(it));
            own.offers.iter().for_each(|it| tally.offer(it));
            tally.agent(&own.intervals, &own.segments, period);
        }
        // Somebody who was away all the time is no row.
        if tally.segments + tally.offers > 0 || tally.signed_in_ms > 0 || tally.load.busy_ms > 0 {
            let name = directory.users.get(&agent).map_or_else(|| agent.to_string(), |it| it.name.clone());
            rows.push((agent.to_string(), Text::new(name.clone(), name), tally));
        }
    }
    (rows, total)
}

fn by_queue(facts: &Facts, period: &Period, directory: &Directory) -> (Rows, Tally) {
    let mut queues: BTreeMap<QueueId, Tally> = BTreeMap::new();
    let mut total = Tally::default();
    for visit in facts.visits.iter().filter(|it| began(it.entered_at, period)) {
        queues.entry(visit.queue).or_default().visit(visit, period);
        total.visit(visit, period);
    }
    for segment in facts.segments.iter().filter(|it| began(it.started_at, period)) {
        // A contact handed from person to person belongs to no queue's figures.
        if let Some(queue) = segment.queue {
            queues.entry(queue).or_default().segment(segment);
            total.segment(segment);
        }
    }
    let name = |id: &QueueId| {
        directory.queues.get(id).map_or_else(|| Text::new(id.to_string(), ""), |it| it.name.clone())
    };
    (queues.into_iter().map(|(id, tally)| (id.to_string(), name(&id), tally)).collect(), total)
}

fn by_time(facts: &Facts, period: &Period, zone: &str, shape: &str) -> (Rows, Tally) {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let key = |at: At| {
        let instant = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
        instant.to_zoned(zone.clone()).strftime(shape).to_string()
    };
    let mut times: BTreeMap<String, Tally> = BTreeMap::new();
    let mut total = Tally::default();
    for contact in facts.contacts.iter().filter(|it| began(it.started_at, period)) {
        times.entry(key(contact.started_at)).or_default().contact(contact);
        total.contact(contact);
    }
    for visit in facts.visits.iter().filter(|it| began(it.entered_at, period)) {
        times.entry(key(visit.entered_at)).or_default().visit(visit, period);
        total.visit(visit, period);
    }
    for segment in facts.segments.iter().filter(|it| began(it.started_at, period)) {
        times.entry(key(segment.started_at)).or_default().segment(segment);
        total.segment(segment);
    }
    (times.into_iter().map(|(key, tally)| (key.clone(), Text::new(key.clone(), key), tally)).collect(), total)
}

fn by_invitation(facts: &Facts, directory: &Directory) -> (Rows, Tally) {
    let mut wordings: BTreeMap<(Option<InvitationId>, bool), Tally> = BTreeMap::new();
    let mut total = Tally::default();
    // An answer belongs to the wording that the visitor saw last.
    let mut seen: HashMap<(VisitorId, Option<InvitationId>), bool> = HashMap::new();
    let mut told: Vec<&Invitation> = facts.invitations.iter().collect();
    told.sort_unstable_by_key(|it| it.seq);
    for it in told {
        let who = (it.visitor, it.invitation);
        let variant = *seen
            .entry(who)
            .and_modify(|seen| *seen = it.accepted.map_or(it.variant, |_| *seen))
            .or_insert(it.variant);
        for tally in [wordings.entry((it.invitation, variant)).or_default(), &mut total] {
            tally.invited += u64::from(it.accepted.is_none());
            tally.accepted += u64::from(it.accepted == Some(true));
        }
    }
    let name = |id: Option<InvitationId>, variant: bool| {
        let Some(id) = id else { return Text::new("人工邀请", "By hand") };
        let known = directory.invitations.get(&id).map(|it| it.name.clone());
        let name = known.unwrap_or_else(|| Text::new(id.to_string(), ""));
        if !variant {
            return name;
        }
        Text::new(
            format!("{}（第二种说法）", name.get(Lang::Zh)),
            format!("{} (second wording)", name.get(Lang::En)),
        )
    };
    let key = |id: Option<InvitationId>, variant: bool| {
        format!(
            "{}{}",
            id.map_or_else(|| "hand".into(), |id| id.to_string()),
            if variant { "-b" } else { "" }
        )
    };
    let rows =
        wordings.into_iter().map(|((id, variant), tally)| (key(id, variant), name(id, variant), tally));
    (rows.collect(), total)
}
