//! Facts for reports: rows that a job projects from events. Each has a key made of the log itself, so writing one
//! twice changes nothing.

use crate::{
    Db, ReadError, Statement,
    event::SITE,
    sql::sql,
    value::{Row, args, parse_word, word},
};
use yingda_core::{
    At,
    fact::{Contact, Facts, Interval, Invitation, Messages, Offer, Row as FactRow, Segment, Visit},
    figures::QueueDay,
    id::*,
};

macro_rules! contact {
    () => {
        "conversation, line, medium, lang, widget, vip, started_at, landing, referrer, campaign, answered_at,
        closed_at, close_reason, ended_by, reopened, transfers, customer_messages, person_messages,
        suggestion_messages, automatic_messages, bot_messages, resolved"
    };
}
macro_rules! visit {
    () => {
        "seq, conversation, queue, line, medium, vip, reason, entered_at, threshold_s, left_at, exit_reason,
        waited_ms, agent"
    };
}
macro_rules! segment {
    () => {
        "conversation, segment, agent, team, queue, line, medium, capacity_share, waited_ms, threshold_s, by_hand,
        started_at, ended_at, end_reason, talk_ms, wrap_at, wrap_ms, first_response_ms, customer_messages,
        agent_messages, focus_ms, rating_asked, rating"
    };
}
macro_rules! offer {
    () => {
        "seq, conversation, agent, queue, offered_at, outcome, after_ms"
    };
}
macro_rules! interval {
    () => {
        "seq, agent, state, reason, from_at, ended_at"
    };
}
macro_rules! invitation {
    () => {
        "seq, visitor, invitation, variant, page, happened_at, accepted"
    };
}

sql! {
    PUT_CONTACT = concat!("INSERT INTO contact_fact (", contact!(), ")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
        ON CONFLICT (conversation) DO UPDATE SET
            line = excluded.line, vip = excluded.vip, answered_at = excluded.answered_at,
            closed_at = excluded.closed_at, close_reason = excluded.close_reason, ended_by = excluded.ended_by,
            reopened = excluded.reopened, transfers = excluded.transfers,
            customer_messages = excluded.customer_messages, person_messages = excluded.person_messages,
            suggestion_messages = excluded.suggestion_messages,
            automatic_messages = excluded.automatic_messages, bot_messages = excluded.bot_messages,
            resolved = excluded.resolved");
    PUT_VISIT = concat!("INSERT INTO visit_fact (site, ", visit!(), ")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (site, seq) DO UPDATE SET
            left_at = excluded.left_at, exit_reason = excluded.exit_reason, waited_ms = excluded.waited_ms,
            agent = excluded.agent");
    PUT_SEGMENT = concat!("INSERT INTO segment_fact (", segment!(), ", until_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24)
        ON CONFLICT (conversation, segment) DO UPDATE SET
            ended_at = excluded.ended_at, end_reason = excluded.end_reason, talk_ms = excluded.talk_ms,
            wrap_at = excluded.wrap_at, wrap_ms = excluded.wrap_ms,
            first_response_ms = excluded.first_response_ms, customer_messages = excluded.customer_messages,
            agent_messages = excluded.agent_messages, focus_ms = excluded.focus_ms,
            rating_asked = excluded.rating_asked, rating = excluded.rating, until_at = excluded.until_at");
    PUT_OFFER = concat!("INSERT INTO offer_fact (site, ", offer!(), ", ended_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING");
    PUT_INTERVAL = concat!("INSERT INTO interval_fact (site, ", interval!(), ", until_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (site, seq) DO UPDATE SET ended_at = excluded.ended_at, until_at = excluded.until_at");
    PUT_INVITATION = concat!("INSERT INTO invitation_fact (site, ", invitation!(), ")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING");

    CONTACTS = concat!("SELECT ", contact!(), " FROM contact_fact
        WHERE started_at >= $1 AND started_at < $2 ORDER BY started_at");
    CALLS = concat!("SELECT ", contact!(), " FROM contact_fact
        WHERE started_at >= $1 AND started_at < $2 AND medium = 'voice' AND closed_at IS NOT NULL
        ORDER BY started_at LIMIT $3");
    VISITS = concat!("SELECT ", visit!(), " FROM visit_fact
        WHERE entered_at >= $1 AND entered_at < $2 ORDER BY entered_at");
    SEGMENTS = concat!("SELECT ", segment!(), " FROM segment_fact
        WHERE until_at >= $1 AND started_at < $2 ORDER BY started_at");
    OFFERS = concat!("SELECT ", offer!(), " FROM offer_fact WHERE ended_at >= $1 AND ended_at < $2 ORDER BY ended_at");
    INTERVALS = concat!("SELECT ", interval!(), " FROM interval_fact
        WHERE until_at >= $1 AND from_at < $2 ORDER BY from_at");
    INVITATIONS = concat!("SELECT ", invitation!(), " FROM invitation_fact
        WHERE happened_at >= $1 AND happened_at < $2 ORDER BY happened_at");
    CONTACT = concat!("SELECT ", contact!(), " FROM contact_fact WHERE conversation = $1");
    VISITS_OF = concat!("SELECT ", visit!(), " FROM visit_fact WHERE conversation = $1 ORDER BY seq");
    SEGMENTS_OF = concat!("SELECT ", segment!(), " FROM segment_fact WHERE conversation = $1 ORDER BY segment");
    /// What entered a day or so before it and left in it counts as well.
    QUEUE_DAYS = "
        SELECT queue, count(*) FILTER (WHERE entered_at >= $2),
            count(*) FILTER (WHERE left_at >= $2 AND exit_reason = 'answered'),
            count(*) FILTER (WHERE left_at >= $2 AND exit_reason = 'answered' AND waited_ms <= threshold_s * 1000),
            count(*) FILTER (WHERE left_at >= $2 AND exit_reason = 'abandoned'),
            count(*) FILTER (WHERE left_at >= $2 AND exit_reason = 'abandoned' AND waited_ms <= threshold_s * 1000)
        FROM visit_fact WHERE entered_at >= $1 GROUP BY queue";
    INTERVAL_OPEN = concat!("SELECT ", interval!(), " FROM interval_fact
        WHERE agent = $1 AND ended_at IS NULL ORDER BY seq DESC LIMIT 1");
}

/// Inserts the row, or replaces the one with its key.
pub fn put(row: &FactRow) -> Statement {
    match row {
        FactRow::Contact(it) => put_contact(it),
        FactRow::Visit(it) => put_visit(it),
        FactRow::Segment(it) => put_segment(it),
        FactRow::Offer(it) => {
            let ended_at = it.offered_at + it.after_ms;
            let outcome = word(it.end);
            let of = (it.conversation.0, it.agent.0, it.queue.0);
            let args = args![SITE, it.seq, of.0, of.1, of.2, it.offered_at, outcome, it.after_ms, ended_at];
            Statement::new(PUT_OFFER, args)
        }
        FactRow::Interval(it) => {
            let until_at = it.until_at.unwrap_or(At::MAX);
            let state = word(it.state);
            let args = args![SITE, it.seq, it.agent.0, state, &*it.reason, it.from_at, it.until_at, until_at];
            Statement::new(PUT_INTERVAL, args)
        }
        FactRow::Invitation(it) => {
            let invitation = it.invitation.map(|id| id.0);
            let args = args![
                SITE,
                it.seq,
                it.visitor.0,
                invitation,
                it.variant,
                &*it.page,
                it.happened_at,
                it.accepted
            ];
            Statement::new(PUT_INVITATION, args)
        }
    }
}

fn put_contact(it: &Contact) -> Statement {
    let messages = it.messages;
    Statement::new(
        PUT_CONTACT,
        args![
            it.conversation.0,
            it.line.0,
            word(it.medium),
            word(it.lang),
            it.widget.map(|id| id.0),
            it.vip,
            it.started_at,
            &*it.landing,
            &*it.referrer,
            &*it.campaign,
            it.answered_at,
            it.closed_at,
            it.close.map(word),
            it.ended_by.map(word),
            it.reopened,
            it.transfers,
            messages.customer,
            messages.person,
            messages.suggestion,
            messages.automatic,
            messages.bot,
            it.resolved,
        ],
    )
}

fn put_visit(it: &Visit) -> Statement {
    Statement::new(
        PUT_VISIT,
        args![
            SITE,
            it.seq,
            it.conversation.0,
            it.queue.0,
            it.line.0,
            word(it.medium),
            it.vip,
            word(it.reason),
            it.entered_at,
            it.threshold_s,
            it.left_at,
            it.exit.map(word),
            it.waited_ms,
            it.agent.map(|id| id.0),
        ],
    )
}

fn put_segment(it: &Segment) -> Statement {
    let finished = it.ended_at.filter(|_| it.wrap_at.is_none());
    let until_at = finished.map_or(At::MAX, |at| at + it.wrap_ms);
    Statement::new(
        PUT_SEGMENT,
        args![
            it.conversation.0,
            it.number,
            it.agent.0,
            it.team.map(|id| id.0),
            it.queue.map(|id| id.0),
            it.line.0,
            word(it.medium),
            it.share,
            it.waited_ms,
            it.threshold_s,
            it.by_hand,
            it.started_at,
            it.ended_at,
            it.end.map(word),
            it.talk_ms,
            it.wrap_at,
            it.wrap_ms,
            it.first_response_ms,
            it.customer_messages,
            it.agent_messages,
            it.focus_ms,
            it.rating_asked,
            it.rating,
            until_at,
        ],
    )
}

/// A word that may be absent.
fn maybe_word<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> Result<Option<T>, ReadError> {
    row.get::<Option<String>>(index)?.map(|text| parse_word(&text)).transpose()
}

/// A count or a number that was narrow when it was stored.
fn narrow<T: TryFrom<i64>>(row: &Row<'_>, index: usize) -> Result<T, ReadError> {
    let wide: i64 = row.get(index)?;
    T::try_from(wide)
        .map_err(|_| ReadError::Failed(format!("column {index} holds {wide}, which is too wide")))
}

fn contact(row: &Row<'_>) -> Result<Contact, ReadError> {
    Ok(Contact {
        conversation: ConversationId(row.get(0)?),
        line: LineId(row.get(1)?),
        medium: row.word(2)?,
        lang: row.word(3)?,
        widget: row.get::<Option<i64>>(4)?.map(WidgetId),
        vip: row.get(5)?,
        started_at: row.get(6)?,
        landing: row.get(7)?,
        referrer: row.get(8)?,
        campaign: row.get(9)?,
        answered_at: row.get(10)?,
        closed_at: row.get(11)?,
        close: maybe_word(row, 12)?,
        ended_by: maybe_word(row, 13)?,
        reopened: narrow(row, 14)?,
        transfers: narrow(row, 15)?,
        messages: Messages {
            customer: narrow(row, 16)?,
            person: narrow(row, 17)?,
            suggestion: narrow(row, 18)?,
            automatic: narrow(row, 19)?,
            bot: narrow(row, 20)?,
        },
        resolved: row.get(21)?,
    })
}

fn visit(row: &Row<'_>) -> Result<Visit, ReadError> {
    Ok(Visit {
        seq: narrow(row, 0)?,
        conversation: ConversationId(row.get(1)?),
        queue: QueueId(row.get(2)?),
        line: LineId(row.get(3)?),
        medium: row.word(4)?,
        vip: row.get(5)?,
        reason: row.word(6)?,
        entered_at: row.get(7)?,
        threshold_s: narrow(row, 8)?,
        left_at: row.get(9)?,
        exit: maybe_word(row, 10)?,
        waited_ms: row.get(11)?,
        agent: row.get::<Option<i64>>(12)?.map(UserId),
    })
}

fn segment(row: &Row<'_>) -> Result<Segment, ReadError> {
    Ok(Segment {
        conversation: ConversationId(row.get(0)?),
        number: narrow(row, 1)?,
        agent: UserId(row.get(2)?),
        team: row.get::<Option<i64>>(3)?.map(TeamId),
        queue: row.get::<Option<i64>>(4)?.map(QueueId),
        line: LineId(row.get(5)?),
        medium: row.word(6)?,
        share: narrow(row, 7)?,
        waited_ms: row.get(8)?,
        threshold_s: narrow(row, 9)?,
        by_hand: row.get(10)?,
        started_at: row.get(11)?,
        ended_at: row.get(12)?,
        end: maybe_word(row, 13)?,
        talk_ms: row.get(14)?,
        wrap_at: row.get(15)?,
        wrap_ms: row.get(16)?,
        first_response_ms: row.get(17)?,
        customer_messages: narrow(row, 18)?,
        agent_messages: narrow(row, 19)?,
        focus_ms: row.get(20)?,
        rating_asked: row.get(21)?,
        rating: row.get::<Option<i64>>(22)?.map(|score| score as u8),
    })
}

fn offer(row: &Row<'_>) -> Result<Offer, ReadError> {
    Ok(Offer {
        seq: narrow(row, 0)?,
        conversation: ConversationId(row.get(1)?),
        agent: UserId(row.get(2)?),
        queue: QueueId(row.get(3)?),
        offered_at: row.get(4)?,
        end: row.word(5)?,
        after_ms: row.get(6)?,
    })
}

fn interval(row: &Row<'_>) -> Result<Interval, ReadError> {
    Ok(Interval {
        seq: narrow(row, 0)?,
        agent: UserId(row.get(1)?),
        state: row.word(2)?,
        reason: row.get(3)?,
        from_at: row.get(4)?,
        until_at: row.get(5)?,
    })
}

fn invitation(row: &Row<'_>) -> Result<Invitation, ReadError> {
    Ok(Invitation {
        seq: narrow(row, 0)?,
        visitor: VisitorId(row.get(1)?),
        invitation: row.get::<Option<i64>>(2)?.map(InvitationId),
        variant: row.get(3)?,
        page: row.get(4)?,
        happened_at: row.get(5)?,
        accepted: row.get(6)?,
    })
}

/// What touches a period, `from` inclusive, `to` exclusive, all as of one moment: contacts that started and visits that
/// began in it, segments with their wrap-up and intervals that reach into it, offers that ended, invitations.
pub async fn within(db: &Db, from: At, to: At) -> Result<Facts, ReadError> {
    let rows = db.query_together(vec![
        (CONTACTS, args![from, to], |row| contact(row).map(FactRow::Contact)),
        (VISITS, args![from, to], |row| visit(row).map(FactRow::Visit)),
        (SEGMENTS, args![from, to], |row| segment(row).map(FactRow::Segment)),
        (OFFERS, args![from, to], |row| offer(row).map(FactRow::Offer)),
        (INTERVALS, args![from, to], |row| interval(row).map(FactRow::Interval)),
        (INVITATIONS, args![from, to], |row| invitation(row).map(FactRow::Invitation)),
    ]);
    let mut facts = Facts::default();
    for row in rows.await? {
        match row {
            FactRow::Contact(it) => facts.contacts.push(it),
            FactRow::Visit(it) => facts.visits.push(it),
            FactRow::Segment(it) => facts.segments.push(it),
            FactRow::Offer(it) => facts.offers.push(it),
            FactRow::Interval(it) => facts.intervals.push(it),
            FactRow::Invitation(it) => facts.invitations.push(it),
        }
    }
    Ok(facts)
}

/// All rows of one contact, for a projector that goes on with it.
pub async fn of_contact(
    db: &Db,
    id: ConversationId,
) -> Result<Option<(Contact, Vec<Visit>, Vec<Segment>)>, ReadError> {
    let Some(contact) = db.query_one(CONTACT, args![id.0], contact).await? else { return Ok(None) };
    let visits = db.query(VISITS_OF, args![id.0], visit).await?;
    let segments = db.query(SEGMENTS_OF, args![id.0], segment).await?;
    Ok(Some((contact, visits, segments)))
}

/// Calls that came in from one instant on and before another, and are over.
pub async fn calls(db: &Db, from: At, to: At, limit: usize) -> Result<Vec<Contact>, ReadError> {
    db.query(CALLS, args![from, to, limit as i64], contact).await
}

/// The interval an agent is in.
pub async fn open_interval(db: &Db, agent: UserId) -> Result<Option<Interval>, ReadError> {
    db.query_one(INTERVAL_OPEN, args![agent.0], interval).await
}

/// Each queue's counts since an instant, as far as they are counted.
pub async fn queue_days(db: &Db, day_at: At) -> Result<Vec<(QueueId, QueueDay)>, ReadError> {
    const DAY_MS: At = 24 * 3_600_000;
    db.query(QUEUE_DAYS, args![day_at - DAY_MS, day_at], |row| {
        let count = |index| row.get::<i64>(index).map(|it| it as u32);
        let day = QueueDay {
            entered: count(1)?,
            answered: count(2)?,
            answered_in_time: count(3)?,
            abandoned: count(4)?,
            abandoned_in_time: count(5)?,
            ..QueueDay::default()
        };
        Ok((QueueId(row.get(0)?), day))
    })
    .await
}
