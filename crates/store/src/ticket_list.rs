//! Lists and boards of tickets. Each way in reads one index in the list's own order; the other filters are tried on the
//! rows it meets.

use crate::{
    Db, Page, ReadError, Value,
    db::FromRow,
    page::{self, cut},
    sql::sql,
    ticket::whole,
    value::{args, word},
};
use yingda_core::{
    At,
    config::TicketPhase,
    id::*,
    ticket::{Readable, Ticket},
};

/// `$1` and `$2` are cursor and limit. PostgreSQL gives an argument the type that it first meets.
macro_rules! others {
    () => {
        " AND ($3 = CAST(0 AS BIGINT) OR t.of_type = $3)
        AND ($4 = '' OR t.state = $4)
        AND ($5 = '' OR t.phase = $5)
        AND ($6 = FALSE OR t.closed_at IS NULL)
        AND ($7 = CAST(0 AS BIGINT) OR t.severity = $7)
        AND ($8 = CAST(0 AS BIGINT) OR t.team = $8)
        AND ($9 = CAST(0 AS BIGINT) OR t.owner = $9)
        AND ($10 = FALSE OR t.owner IS NULL)
        AND ($11 = CAST(0 AS BIGINT) OR t.customer IN (SELECT id FROM customer WHERE id = $11 OR merged_into = $11))
        AND ($12 = CAST(0 AS BIGINT) OR t.author = $12)
        AND ($13 = FALSE OR t.asks)
        AND ($14 = CAST(0 AS BIGINT) OR t.due_at <= $14)
        AND ($15 = '' OR EXISTS (
            SELECT 1 FROM ticket_value AS v
            WHERE v.of_type = t.of_type AND v.field = $15 AND v.term >= $16 AND v.term <= $23
                AND v.is_open = (t.closed_at IS NULL) AND v.ticket = t.id))
        AND ($17 = '' OR t.words LIKE $17 ESCAPE '!')
        AND ($18 = '' OR ($18 LIKE '%,' || t.owner || ',%') OR ($18 LIKE '%,' || t.author || ',%')
            OR ($19 LIKE '%,' || t.team || ',%')
            OR (t.owner IS NULL AND $20 LIKE '%,' || t.team || ',%')
            OR EXISTS (SELECT 1 FROM ticket_watcher AS w WHERE w.ticket = t.id AND $18 LIKE '%,' || w.person || ',%'))
        AND t.created_at >= $21 AND t.created_at < $22 "
    };
}
macro_rules! newest {
    ($condition:literal) => {
        concat!(
            "SELECT t.body FROM ticket AS t WHERE t.id < $1 AND ",
            $condition,
            others!(),
            "ORDER BY t.id DESC LIMIT $2"
        )
    };
}

sql! {
    EVERY = newest!("TRUE");
    OPEN = newest!("t.closed_at IS NULL");
    OF_STATE = newest!("t.of_type = $3 AND t.state = $4");
    OF_OWNER = newest!("t.owner = $9");
    OF_OWNER_OPEN = newest!("t.owner = $9 AND t.closed_at IS NULL");
    OF_AUTHOR = newest!("t.author = $12");
    OF_TEAM = newest!("t.team = $8 AND t.closed_at IS NULL");
    /// Also of those who became a part of the customer.
    OF_CUSTOMER = newest!("t.customer IN (SELECT id FROM customer WHERE id = $11 OR merged_into = $11)");
    ASKS = newest!("t.asks");
    WITH_VALUE_OPEN = concat!(
        "SELECT t.body FROM ticket_value AS d JOIN ticket AS t ON t.id = d.ticket
        WHERE d.of_type = $3 AND d.field = $15 AND d.term = $16 AND d.is_open = TRUE AND d.ticket < $1",
        others!(),
        "ORDER BY d.ticket DESC LIMIT $2"
    );
    WITH_VALUE_CLOSED = concat!(
        "SELECT t.body FROM ticket_value AS d JOIN ticket AS t ON t.id = d.ticket
        WHERE d.of_type = $3 AND d.field = $15 AND d.term = $16 AND d.is_open = FALSE AND d.ticket < $1",
        others!(),
        "ORDER BY d.ticket DESC LIMIT $2"
    );
    /// Of a range of answers, such as dates.
    WITH_RANGE = newest!("t.id IN (
        SELECT d.ticket FROM ticket_value AS d
        WHERE d.of_type = $3 AND d.field = $15 AND d.term >= $16 AND d.term <= $23)");
    WITH_ANSWER = "
        SELECT ticket FROM ticket_value
        WHERE of_type = $1 AND field = $2 AND term = $3 AND is_open = TRUE ORDER BY ticket";
    /// The most urgent first.
    DUE = concat!(
        "SELECT t.body FROM ticket AS t WHERE (t.due_at, t.id) > ($24, $1) AND t.due_at IS NOT NULL",
        others!(),
        "ORDER BY t.due_at, t.id LIMIT $2"
    );
    OF_CONVERSATION = "SELECT t.body FROM ticket AS t WHERE t.conversation = $1 ORDER BY t.id DESC LIMIT 50";
    /// Without any other filter the index alone answers.
    COUNTS_PLAIN = "
        SELECT state, count(*) FROM ticket WHERE of_type = $1 AND closed_at IS NULL GROUP BY state";
    COUNTS = concat!(
        "SELECT t.state, count(*) FROM ticket AS t
        WHERE t.id < $1 AND $2 > CAST(0 AS BIGINT) AND t.of_type = $3 AND t.closed_at IS NULL",
        others!(),
        "GROUP BY t.state"
    );
}

/// What a list shows; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub of: Option<TicketTypeId>,
    pub state: Option<String>,
    pub phase: Option<TicketPhase>,
    /// Only those not closed.
    pub open: bool,
    pub severity: Option<u8>,
    pub team: Option<TeamId>,
    pub owner: Option<UserId>,
    /// Only what nobody has taken yet.
    pub unowned: bool,
    pub customer: Option<CustomerId>,
    pub author: Option<UserId>,
    /// Only what waits for somebody's approval.
    pub asks: bool,
    /// Only what is due by this instant.
    pub due_until: Option<At>,
    /// A field and its answer; needs `of`.
    pub value: Option<(String, String)>,
    /// The last answer of a range that begins with it, such as of dates.
    pub value_to: Option<String>,
    /// A part of its words.
    pub q: String,
    /// The most urgent first, instead of the newest.
    pub by_due: bool,
    pub from: Option<At>,
    pub to: Option<At>,
    /// What the reader may see; absent: everything.
    pub readable: Option<Readable>,
}

/// A page of tickets.
pub async fn list(
    db: &Db,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Ticket>, ReadError> {
    if filter.by_due {
        let (due_at, id) = cursor.map_or(Ok((At::MIN, i64::MIN)), page::read_pair)?;
        let mut args = arguments(filter, id, limit);
        args.push(due_at.into());
        let found = db.query(DUE, args, whole).await?;
        return Ok(cut(found, limit, |last| page::write_pair(last.due_at().unwrap_or_default(), last.id.0)));
    }
    let before = page::read_id(cursor)?;
    let queries = ways(filter, before, limit);
    let queries = queries.into_iter().map(|(sql, args)| (sql, args, whole as FromRow<Ticket>));
    let mut found = db.query_together(queries.collect()).await?;
    // Each way gave its newest; together they may hold a ticket twice.
    found.sort_by_key(|ticket| std::cmp::Reverse(ticket.id));
    found.dedup_by_key(|ticket| ticket.id);
    Ok(cut(found, limit, |last| last.id.to_string()))
}

/// How many open tickets stand in each state of a kind.
pub async fn counts(db: &Db, filter: &Filter) -> Result<Vec<(String, u64)>, ReadError> {
    let plain = Filter { of: filter.of, open: filter.open, ..Filter::default() };
    let (sql, args) = match filter.of {
        Some(of) if *filter == plain => (COUNTS_PLAIN, args![of.0]),
        _ => (COUNTS, arguments(filter, i64::MAX, 1)),
    };
    db.query(sql, args, |row| Ok((row.get(0)?, row.get::<i64>(1)? as u64))).await
}

/// The tickets that came out of a conversation, the newest first.
pub async fn of_conversation(db: &Db, conversation: ConversationId) -> Result<Vec<Ticket>, ReadError> {
    db.query(OF_CONVERSATION, args![conversation.0], whole).await
}

/// The open tickets of a kind with this answer.
pub async fn with_answer(
    db: &Db,
    of: TicketTypeId,
    field: &str,
    answer: &str,
) -> Result<Vec<TicketId>, ReadError> {
    db.query(WITH_ANSWER, args![of.0, field, answer.to_lowercase()], |row| Ok(TicketId(row.get(0)?))).await
}

/// The ways in that meet the fewest rows.
fn ways(filter: &Filter, before: i64, limit: usize) -> Vec<(&'static str, Vec<Value>)> {
    let one = |sql| vec![(sql, arguments(filter, before, limit))];
    match filter {
        Filter { customer: Some(_), .. } => one(OF_CUSTOMER),
        Filter { asks: true, .. } => one(ASKS),
        Filter { value: Some(_), of: Some(_), value_to: Some(_), .. } => one(WITH_RANGE),
        Filter { value: Some(_), of: Some(_), open: true, .. } => one(WITH_VALUE_OPEN),
        Filter { value: Some(_), of: Some(_), .. } => {
            [WITH_VALUE_OPEN, WITH_VALUE_CLOSED].into_iter().flat_map(one).collect()
        }
        Filter { owner: Some(_), open: true, .. } => one(OF_OWNER_OPEN),
        Filter { owner: Some(_), .. } => one(OF_OWNER),
        Filter { author: Some(_), .. } => one(OF_AUTHOR),
        Filter { team: Some(_), open: true, .. } => one(OF_TEAM),
        Filter { of: Some(_), state: Some(_), .. } => one(OF_STATE),
        Filter { open: true, .. } => one(OPEN),
        // What a few people have lies far apart in a long list: each one's own list is read instead.
        Filter { readable: Some(Readable::Of { users, teams, teams_unowned }), .. } => {
            let with = |change: &dyn Fn(&mut Filter)| {
                let mut filter = filter.clone();
                change(&mut filter);
                arguments(&filter, before, limit)
            };
            let mut all = vec![];
            for user in users {
                all.push((OF_OWNER, with(&|it| it.owner = Some(*user))));
                all.push((OF_AUTHOR, with(&|it| it.author = Some(*user))));
            }
            for team in teams.iter().chain(teams_unowned) {
                all.push((OF_TEAM, with(&|it| it.team = Some(*team))));
            }
            all
        }
        _ => one(EVERY),
    }
}

/// `$1` to `$23`.
fn arguments(filter: &Filter, before: i64, limit: usize) -> Vec<Value> {
    let (users, teams, unowned) = match &filter.readable {
        None | Some(Readable::Everything) => (String::new(), String::new(), String::new()),
        Some(Readable::Of { users, teams, teams_unowned }) => (
            page::among(users.iter().map(|id| id.0)),
            page::among(teams.iter().map(|id| id.0)),
            page::among(teams_unowned.iter().map(|id| id.0)),
        ),
    };
    let (field, term) = filter.value.clone().unwrap_or_default();
    let term = term.trim().to_lowercase();
    let last = filter.value_to.as_ref().map_or_else(|| term.clone(), |it| it.trim().to_lowercase());
    args![
        before,
        limit as i64 + 1,
        filter.of.map_or(0, |id| id.0),
        filter.state.as_deref().unwrap_or_default(),
        filter.phase.map_or(String::new(), word),
        filter.open,
        i64::from(filter.severity.unwrap_or_default()),
        filter.team.map_or(0, |id| id.0),
        filter.owner.map_or(0, |id| id.0),
        filter.unowned,
        filter.customer.map_or(0, |id| id.0),
        filter.author.map_or(0, |id| id.0),
        filter.asks,
        filter.due_until.unwrap_or(0),
        field,
        term,
        page::pattern(&filter.q),
        users,
        teams,
        unowned,
        filter.from.unwrap_or(At::MIN),
        filter.to.unwrap_or(At::MAX),
        last,
    ]
}
