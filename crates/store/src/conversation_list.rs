//! Lists of conversations. Each way in reads one index in the list's own order, newest first; the other filters are
//! tried on the rows it meets.

use crate::{
    Db, Page, ReadError, Value, customer,
    db::FromRow,
    page::{self, cut},
    sql::sql,
    value::{Row, args, parse_word, word},
};
use yingda_core::{
    At,
    config::Colour,
    conversation::{Phase, Source},
    id::*,
    medium::Medium,
};

macro_rules! columns {
    () => {
        "SELECT c.id, c.medium, c.line, c.phase, c.visitor, c.customer, coalesce(p.name, v.name, ''), c.queue, c.agent,
            c.started_at, coalesce(m.last_at, c.last_at), c.closed_at, coalesce(m.preview, c.preview), c.rating, c.flag, c.vip, c.record_due, c.follow_up_at,
            coalesce(m.unread, c.unread), c.page, c.page_title, c.landing, c.referrer, c.campaign, c.segment,
            (SELECT string_agg(CAST(t.tag AS TEXT), ',') FROM conversation_tag AS t WHERE t.conversation = c.id) "
    };
}
macro_rules! names {
    () => {
        " LEFT JOIN pulse AS m ON m.conversation = c.id LEFT JOIN customer AS p ON p.id = c.customer LEFT JOIN visitor AS v ON v.id = c.visitor "
    };
}
/// `$1` to `$4` are cursor, beginning and limit. PostgreSQL gives an argument the type that it first meets, and a bare
/// `0` would be a short one.
macro_rules! others {
    () => {
        " AND ($5 = '' OR c.phase = $5)
        AND ($6 = CAST(0 AS BIGINT) OR c.queue = $6)
        AND ($7 = CAST(0 AS BIGINT) OR c.customer = $7)
        AND ($8 = CAST(0 AS BIGINT) OR EXISTS (
            SELECT 1 FROM conversation_agent AS h WHERE h.conversation = c.id AND h.agent = $8))
        AND ($9 = CAST(0 AS BIGINT) OR EXISTS (
            SELECT 1 FROM conversation_tag AS g WHERE g.conversation = c.id AND g.tag = $9))
        AND ($10 = '' OR EXISTS (
            SELECT 1 FROM conversation_agent AS s
            WHERE s.conversation = c.id AND $10 LIKE '%,' || s.agent || ',%'))
        AND ($11 = FALSE OR c.phase <> 'closed')
        AND ($12 = FALSE OR c.record_due IS NOT NULL)
        AND ($13 = CAST(0 AS BIGINT) OR c.follow_up_at <= $13)
        AND ($14 = '' OR c.medium = $14) "
    };
}
macro_rules! by_conversation {
    ($condition:literal) => {
        concat!(
            columns!(),
            "FROM conversation AS c",
            names!(),
            "WHERE (c.started_at, c.id) < ($1, $2) AND c.started_at >= $3 AND ",
            $condition,
            others!(),
            "ORDER BY c.started_at DESC, c.id DESC LIMIT $4"
        )
    };
}
macro_rules! by_row {
    ($table:literal, $condition:literal) => {
        concat!(
            columns!(),
            "FROM ",
            $table,
            " AS d JOIN conversation AS c ON c.id = d.conversation",
            names!(),
            "WHERE (d.started_at, d.conversation) < ($1, $2) AND d.started_at >= $3 AND ",
            $condition,
            others!(),
            "ORDER BY d.started_at DESC, d.conversation DESC LIMIT $4"
        )
    };
}

sql! {
    EVERY = by_conversation!("TRUE");
    OPEN = by_conversation!("c.phase <> 'closed'");
    RECORD_DUE = by_conversation!("c.record_due IS NOT NULL");
    /// The most urgent first; they are so few that words and the period are tried on each. The `+` keeps SQLite from
    /// reading another index for the period and sorting then.
    FOLLOW_UP = concat!(
        columns!(),
        "FROM conversation AS c",
        names!(),
        "WHERE (c.follow_up_at, c.id) > ($1, $2) AND c.follow_up_at IS NOT NULL AND +c.started_at >= $3
            AND +c.started_at < $15
            AND ($16 = '' OR lower(coalesce(m.preview, c.preview)) LIKE $16 ESCAPE '!' OR lower(p.name) LIKE $16 ESCAPE '!'
                OR lower(v.name) LIKE $16 ESCAPE '!')",
        others!(),
        "ORDER BY c.follow_up_at, c.id LIMIT $4"
    );
    FALLEN_DUE = "
        SELECT id, follow_up_at FROM conversation WHERE follow_up_at > $1 AND follow_up_at <= $2
        ORDER BY follow_up_at, id LIMIT 1000";
    NEXT_DUE = "SELECT min(follow_up_at) FROM conversation WHERE follow_up_at > $1";
    OF_QUEUE = by_conversation!("c.queue = $6");
    OF_CUSTOMER = by_conversation!("c.customer = $7");
    OF_AGENT = by_row!("conversation_agent", "d.agent = $8");
    WITH_TAG = by_row!("conversation_tag", "d.tag = $9");
    WITH_ID = by_conversation!("c.id = $15");
    /// Older ones are found by customer or id; words in what was said are the search index's business.
    RECENT_LIKE = by_conversation!(
        "c.started_at >= (SELECT coalesce(min(r.started_at), 0) FROM (
            SELECT started_at FROM conversation ORDER BY started_at DESC LIMIT 10000) AS r)
        AND (lower(coalesce(m.preview, c.preview)) LIKE $15 ESCAPE '!' OR lower(p.name) LIKE $15 ESCAPE '!'
            OR lower(v.name) LIKE $15 ESCAPE '!')"
    );
}

/// What a list shows; everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub phase: Option<Phase>,
    /// Only those not closed; wrap-up counts as open.
    pub open: bool,
    /// Only those whose consultation record is due.
    pub record_due: bool,
    /// Only those with a follow-up promised for this instant or an earlier one, in the order in which they are due.
    pub follow_up_until: Option<At>,
    pub queue: Option<QueueId>,
    pub medium: Option<Medium>,
    /// Who holds it or held it.
    pub agent: Option<UserId>,
    pub customer: Option<CustomerId>,
    pub tag: Option<TagId>,
    /// Started at or after this instant, and before that one.
    pub from: Option<At>,
    pub to: Option<At>,
    /// An id, a customer's name, phone, mail, or a part of the last words.
    pub q: String,
    /// Only what one of these people holds or held; `None` is everything.
    pub visible_to: Option<Vec<UserId>>,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub id: ConversationId,
    pub medium: Medium,
    pub line: LineId,
    pub phase: Phase,
    pub visitor: VisitorId,
    pub customer: Option<CustomerId>,
    pub customer_name: String,
    pub queue: Option<QueueId>,
    pub agent: Option<UserId>,
    pub started_at: At,
    pub last_at: At,
    pub closed_at: Option<At>,
    pub preview: String,
    pub rating: Option<u8>,
    pub flag: Option<Colour>,
    pub vip: bool,
    pub record_due: Option<FormId>,
    pub follow_up_at: Option<At>,
    pub unread: u16,
    pub source: Source,
    pub segments: u16,
    pub tags: Vec<TagId>,
}

fn line(row: &Row<'_>) -> Result<Line, ReadError> {
    let text = |index| row.get::<Option<String>>(index).map(Option::unwrap_or_default);
    let tags = text(25)?;
    Ok(Line {
        id: ConversationId(row.get(0)?),
        medium: row.word(1)?,
        line: LineId(row.get(2)?),
        phase: row.word(3)?,
        visitor: VisitorId(row.get(4)?),
        customer: row.get::<Option<i64>>(5)?.map(CustomerId),
        customer_name: row.get(6)?,
        queue: row.get::<Option<i64>>(7)?.map(QueueId),
        agent: row.get::<Option<i64>>(8)?.map(UserId),
        started_at: row.get(9)?,
        last_at: row.get(10)?,
        closed_at: row.get(11)?,
        preview: row.get(12)?,
        rating: row.get::<Option<i64>>(13)?.map(|score| score as u8),
        flag: row.get::<Option<String>>(14)?.map(|colour| parse_word(&colour)).transpose()?,
        vip: row.get(15)?,
        record_due: row.get::<Option<i64>>(16)?.map(FormId),
        follow_up_at: row.get(17)?,
        unread: row.get::<i64>(18)? as u16,
        source: Source {
            page: text(19)?,
            page_title: text(20)?,
            landing: text(21)?,
            referrer: text(22)?,
            campaign: text(23)?,
        },
        segments: row.get::<i64>(24)? as u16,
        tags: tags.split(',').filter_map(|tag| tag.parse().ok()).collect(),
    })
}

/// A page of conversations, newest first.
pub async fn list(
    db: &Db,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Line>, ReadError> {
    if filter.follow_up_until.is_some() {
        return follow_ups(db, filter, cursor, limit).await;
    }
    let before = match cursor {
        Some(cursor) => page::read_pair(cursor)?,
        None => (At::MAX, i64::MAX),
    };
    // The end of the period is a cursor too: one upper bound, which the index knows how to use.
    let before = filter.to.map_or(before, |to| before.min((to, i64::MIN)));
    let ways = if filter.q.trim().is_empty() {
        vec![way(filter, before, limit)]
    } else {
        ways_to_words(db, filter, before, limit).await?
    };
    let queries = ways
        .into_iter()
        .flat_map(|(sql, args)| args.into_iter().map(move |args| (sql, args, line as FromRow<Line>)));
    let mut found = db.query_together(queries.collect()).await?;
    // Each way gave its newest; together they may hold a conversation twice.
    found.sort_by_key(|line| std::cmp::Reverse((line.started_at, line.id)));
    found.dedup_by_key(|line| line.id);
    Ok(cut(found, limit, |last| page::write_pair(last.started_at, last.id.0)))
}

/// A page of promised follow-ups, the most urgent first.
async fn follow_ups(
    db: &Db,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Line>, ReadError> {
    let after = cursor.map_or(Ok((At::MIN, i64::MIN)), page::read_pair)?;
    let mut args = arguments(filter, after, limit);
    args.extend(args![filter.to.unwrap_or(At::MAX), page::pattern(&filter.q)]);
    let found = db.query(FOLLOW_UP, args, line).await?;
    Ok(cut(found, limit, |last| page::write_pair(last.follow_up_at.unwrap_or_default(), last.id.0)))
}

/// Follow-ups that fell due after one instant and up to another, so that those who promised are told.
pub async fn fallen_due(db: &Db, after: At, until: At) -> Result<Vec<(ConversationId, At)>, ReadError> {
    db.query(FALLEN_DUE, args![after, until], |row| Ok((ConversationId(row.get(0)?), row.get(1)?))).await
}

/// When the next follow-up falls due after this instant.
pub async fn next_due(db: &Db, after: At) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT_DUE, args![after], |row| row.get::<Option<At>>(0)).await?.flatten())
}

type Way = (&'static str, Vec<Vec<Value>>);

/// The way in that meets the fewest rows.
fn way(filter: &Filter, before: (At, i64), limit: usize) -> Way {
    let visible = filter.visible_to.as_deref();
    let sql = match filter {
        Filter { customer: Some(_), .. } => OF_CUSTOMER,
        Filter { open: true, .. } => OPEN,
        Filter { phase: Some(phase), .. } if *phase != Phase::Closed => OPEN,
        Filter { record_due: true, .. } => RECORD_DUE,
        Filter { tag: Some(_), .. } => WITH_TAG,
        Filter { agent: Some(_), .. } => OF_AGENT,
        // What a few people held lies far apart in a long list: each one's own list is read instead.
        _ if visible.is_some() => {
            let of = |agent: &UserId| {
                let filter = Filter { agent: Some(*agent), visible_to: None, ..filter.clone() };
                arguments(&filter, before, limit)
            };
            return (OF_AGENT, visible.unwrap_or_default().iter().map(of).collect());
        }
        Filter { queue: Some(_), .. } => OF_QUEUE,
        _ => EVERY,
    };
    (sql, vec![arguments(filter, before, limit)])
}

/// Every way in which a searched text may lead to a conversation.
async fn ways_to_words(
    db: &Db,
    filter: &Filter,
    before: (At, i64),
    limit: usize,
) -> Result<Vec<Way>, ReadError> {
    const CUSTOMERS: usize = 20;
    let with = |value: Value| {
        let mut args = arguments(filter, before, limit);
        args.push(value);
        args
    };
    let mut ways = vec![(RECENT_LIKE, vec![with(page::pattern(&filter.q).into())])];
    if let Ok(id) = filter.q.trim().parse::<i64>() {
        ways.push((WITH_ID, vec![with(id.into())]));
    }
    let customers = match filter.customer {
        Some(_) => vec![],
        None => customer::find(db, &filter.q, CUSTOMERS).await?,
    };
    let of = |customer: &customer::Customer| {
        arguments(&Filter { customer: Some(customer.id), ..filter.clone() }, before, limit)
    };
    ways.push((OF_CUSTOMER, customers.iter().map(of).collect()));
    Ok(ways)
}

/// `$1` to `$14`.
fn arguments(filter: &Filter, before: (At, i64), limit: usize) -> Vec<Value> {
    let visible_to =
        filter.visible_to.as_ref().map_or(String::new(), |users| page::among(users.iter().map(|id| id.0)));
    args![
        before.0,
        before.1,
        filter.from.unwrap_or(At::MIN),
        limit as i64 + 1,
        filter.phase.map_or("", Phase::as_str),
        filter.queue.map_or(0, |id| id.0),
        filter.customer.map_or(0, |id| id.0),
        filter.agent.map_or(0, |id| id.0),
        filter.tag.map_or(0, |id| id.0),
        visible_to,
        filter.open,
        filter.record_due,
        filter.follow_up_until.unwrap_or(0),
        filter.medium.map_or(String::new(), word),
    ]
}
