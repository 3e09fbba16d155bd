//! The log of what happened: written by the loop, read by position.

use crate::{
    Db, ReadError,
    sql::sql,
    value::{Row, args},
    walk,
};
use bytes::Bytes;
use yingda_core::{
    At,
    actor::Actor,
    event::{Event, Subject},
    id::ConversationId,
};

/// The one site of single-site mode.
pub(crate) const SITE: i64 = 1;

macro_rules! columns {
    () => { "seq, occurred_at, on_kind, on_id, kind, audited, actor_kind, actor_id, audience, body, private_body, salt, digest, chain" };
}
pub(crate) use columns;

sql! {
    pub(crate) INSERT = "
        INSERT INTO event (site, seq, occurred_at, on_kind, on_id, kind, audited, actor_kind, actor_id, audience,
            body, private_body, salt, digest, chain, prev)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    HEAD = "SELECT seq, chain FROM event WHERE site = 1 ORDER BY seq DESC LIMIT 1";
    SINCE = concat!("SELECT ", columns!(), " FROM event WHERE site = 1 AND seq > $1 ORDER BY seq LIMIT $2");
    OF_SUBJECT_BEFORE = concat!("SELECT ", columns!(), " FROM event
        WHERE on_id = $1 AND on_kind = $2 AND on_kind <> 1 AND seq < $3 AND audience <= $4 ORDER BY seq DESC LIMIT $5");
    OF_SUBJECT_AFTER = concat!("SELECT ", columns!(), " FROM event
        WHERE on_id = $1 AND on_kind = $2 AND on_kind <> 1 AND seq > $3 AND audience <= $4 ORDER BY seq LIMIT $5");
    OF_SUBJECT_KIND = concat!("SELECT ", columns!(), " FROM event
        WHERE on_id = $1 AND on_kind = $2 AND on_kind <> 1 AND kind = $3 ORDER BY seq LIMIT $4");
    OF_KIND_SINCE = concat!("SELECT ", columns!(), " FROM event
        WHERE kind = $1 AND audited AND seq > $2 ORDER BY seq LIMIT $3");
    ONE = concat!("SELECT ", columns!(), " FROM event WHERE site = 1 AND seq = $1");
    AUDIT_ALL = concat!("SELECT ", columns!(), " FROM event
        WHERE site = 1 AND audited AND seq < $1 AND seq >= $2
        AND ((actor_kind = $3 AND actor_id = $4) OR $3 < 0) ORDER BY seq DESC LIMIT $5");
    AUDIT_KIND = concat!("SELECT ", columns!(), " FROM event
        WHERE kind = $6 AND audited AND seq < $1 AND seq >= $2
        AND ((actor_kind = $3 AND actor_id = $4) OR $3 < 0) ORDER BY seq DESC LIMIT $5");
    AUDIT_SUBJECT = concat!("SELECT ", columns!(), " FROM event
        WHERE on_id = $7 AND on_kind = $8 AND on_kind <> 1 AND audited AND seq < $1 AND seq >= $2
        AND ((actor_kind = $3 AND actor_id = $4) OR $3 < 0) AND ($6 = '' OR kind = $6)
        ORDER BY seq DESC LIMIT $5");
    TIME_OF = "SELECT occurred_at FROM event WHERE site = 1 AND seq = $1";
}

/// An event as it was stored. After an erasure `body`, `private` and `salt` are empty; the rest stays.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    pub seq: u64,
    pub at: At,
    pub on_kind: i16,
    pub on_id: i64,
    pub kind: String,
    pub audited: bool,
    pub actor_kind: i16,
    pub actor_id: i64,
    pub audience: i16,
    pub body: Option<Bytes>,
    pub private: Option<String>,
    pub salt: Option<Vec<u8>>,
    pub digest: Vec<u8>,
    pub hash: Vec<u8>,
}

impl StoredEvent {
    /// What happened; nothing when its content was erased.
    pub fn event(&self) -> Option<Event> {
        serde_json::from_slice(self.body.as_deref()?).ok()
    }
}

/// How a subject's kind and id are stored.
pub fn subject_code(on: Subject) -> (i16, i64) {
    let kind = match on {
        Subject::Site => 0,
        Subject::Conversation(_) => 1,
        Subject::User(_) => 2,
        Subject::Visitor(_) => 3,
        Subject::Customer(_) => 4,
        Subject::Record(_) => 5,
        Subject::Ticket(_) => 6,
    };
    (kind, on.id())
}

/// How an actor's kind and id are stored.
pub fn actor_code(by: Actor) -> (i16, i64) {
    match by {
        Actor::System => (0, 0),
        Actor::Bot => (1, 0),
        Actor::Visitor { id } => (2, id.0),
        Actor::User { id } => (3, id.0),
        Actor::Api { id } => (4, id.0),
        Actor::Rule { id, .. } => (5, id.0),
    }
}

pub(crate) fn stored(row: &Row<'_>) -> Result<StoredEvent, ReadError> {
    Ok(StoredEvent {
        seq: row.get::<i64>(0)? as u64,
        at: row.get(1)?,
        on_kind: row.get::<i64>(2)? as i16,
        on_id: row.get(3)?,
        kind: row.get(4)?,
        audited: row.get(5)?,
        actor_kind: row.get::<i64>(6)? as i16,
        actor_id: row.get(7)?,
        audience: row.get::<i64>(8)? as i16,
        body: row.get::<Option<Vec<u8>>>(9)?.map(Bytes::from),
        private: row.get(10)?,
        salt: row.get(11)?,
        digest: row.get(12)?,
        hash: row.get(13)?,
    })
}

/// The last position and its hash; `None` in an empty log.
pub async fn head(db: &Db) -> Result<Option<(u64, [u8; 32])>, ReadError> {
    db.query_one(HEAD, vec![], |row| {
        let hash: Vec<u8> = row.get(1)?;
        let hash =
            hash.try_into().map_err(|_| ReadError::Failed("a stored hash is not 32 bytes long".into()))?;
        Ok((row.get::<i64>(0)? as u64, hash))
    })
    .await
}

/// What came after a position, oldest first: for resuming, jobs, and verifying the chain.
pub async fn since(db: &Db, seq: u64, limit: usize) -> Result<Vec<StoredEvent>, ReadError> {
    db.query(SINCE, args![seq, limit as i64], stored).await
}

pub async fn one(db: &Db, seq: u64) -> Result<Option<StoredEvent>, ReadError> {
    db.query_one(ONE, args![seq], stored).await
}

/// Which part of a conversation to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Latest,
    Before(u64),
    After(u64),
}

/// Events of a conversation, always oldest first. With `customer_only`, what staff said among themselves is
/// left out.
pub async fn of_conversation(
    db: &Db,
    id: ConversationId,
    part: Part,
    limit: usize,
    customer_only: bool,
) -> Result<Vec<StoredEvent>, ReadError> {
    of_subject(db, Subject::Conversation(id), part, limit, customer_only).await
}

/// Events about anything, always oldest first.
pub async fn of_subject(
    db: &Db,
    on: Subject,
    part: Part,
    limit: usize,
    customer_only: bool,
) -> Result<Vec<StoredEvent>, ReadError> {
    let audience = if customer_only { 0 } else { 1 };
    if let Subject::Conversation(id) = on {
        return walk::part(db, id, part, limit, audience).await;
    }
    let (kind, id) = subject_code(on);
    let (sql, edge) = match part {
        Part::Latest => (OF_SUBJECT_BEFORE, i64::MAX),
        Part::Before(seq) => (OF_SUBJECT_BEFORE, seq as i64),
        Part::After(seq) => (OF_SUBJECT_AFTER, seq as i64),
    };
    let mut found = db.query(sql, args![id, kind, edge, audience, limit as i64], stored).await?;
    if sql == OF_SUBJECT_BEFORE {
        found.reverse();
    }
    Ok(found)
}

/// Audited events of one kind after a position, oldest first.
pub async fn of_kind_since(
    db: &Db,
    kind: &str,
    seq: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, ReadError> {
    db.query(OF_KIND_SINCE, args![kind, seq, limit as i64], stored).await
}

/// The last position before an instant.
pub async fn position_at(db: &Db, at: At) -> Result<u64, ReadError> {
    Ok(first_at(db, at).await?.saturating_sub(1) as u64)
}

/// Events of one kind about something, oldest first, such as every assignment of a conversation.
pub async fn of_kind(
    db: &Db,
    on: Subject,
    fact_kind: &str,
    limit: usize,
) -> Result<Vec<StoredEvent>, ReadError> {
    if let Subject::Conversation(id) = on {
        return walk::of_kind(db, id, fact_kind, limit).await;
    }
    let (kind, id) = subject_code(on);
    db.query(OF_SUBJECT_KIND, args![id, kind, fact_kind, limit as i64], stored).await
}

/// What of the audit log to show.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub kind: Option<String>,
    pub by: Option<Actor>,
    pub on: Option<Subject>,
    /// From this instant, and before that one.
    pub from: Option<At>,
    pub to: Option<At>,
    /// Only what lies before this position.
    pub before: Option<u64>,
}

#[derive(Debug)]
pub struct AuditPage {
    pub events: Vec<StoredEvent>,
    /// Reading goes on before this position; nothing lies there when it is absent. A page may be short, or even
    /// empty, and still not be the last.
    pub next: Option<u64>,
}

/// One person's deeds lie far apart in a long log, and an index of actors would cost every write: so many positions are
/// searched for one page, piece by piece.
const SEARCHED: i64 = 100_000;
const PIECE: i64 = 20_000;

/// A page of the audit log, newest first.
pub async fn audit(db: &Db, filter: &AuditFilter, limit: usize) -> Result<AuditPage, ReadError> {
    let lowest = match filter.from {
        Some(at) => first_at(db, at).await?,
        None => 1,
    };
    let end = match filter.to {
        Some(at) => first_at(db, at).await?,
        None => i64::MAX,
    };
    let before = filter.before.map_or(i64::MAX, |seq| seq as i64).min(end);
    if filter.by.is_none() || filter.on.is_some() {
        let events = audit_between(db, filter, lowest, before, limit + 1).await?;
        return Ok(audit_page(events, limit, None));
    }
    let mut high = before.min(head(db).await?.map_or(0, |(seq, _)| seq as i64) + 1);
    let floor = lowest.max(high - SEARCHED);
    let mut events = Vec::new();
    while events.len() <= limit && high > floor {
        let low = floor.max(high - PIECE);
        events.extend(audit_between(db, filter, low, high, limit + 1 - events.len()).await?);
        high = low;
    }
    Ok(audit_page(events, limit, (floor > lowest).then_some(floor as u64)))
}

/// Where one more was found than a page holds, the next begins behind its last; else where the search ended.
fn audit_page(mut events: Vec<StoredEvent>, limit: usize, searched: Option<u64>) -> AuditPage {
    let is_full = events.len() > limit;
    events.truncate(limit);
    let next = if is_full { events.last().map(|last| last.seq) } else { searched };
    AuditPage { events, next }
}

async fn audit_between(
    db: &Db,
    filter: &AuditFilter,
    low: i64,
    high: i64,
    limit: usize,
) -> Result<Vec<StoredEvent>, ReadError> {
    let (actor_kind, actor_id) = filter.by.map_or((-1, 0), actor_code);
    let mut args = args![high, low, actor_kind, actor_id, limit as i64];
    let kind = filter.kind.clone().unwrap_or_default();
    let sql = match filter.on {
        Some(Subject::Conversation(id)) => {
            args.push(kind.into());
            return walk::audit(db, id, args).await;
        }
        Some(on) => {
            let (on_kind, on_id) = subject_code(on);
            args.extend(args![kind, on_id, on_kind]);
            AUDIT_SUBJECT
        }
        None if kind.is_empty() => AUDIT_ALL,
        None => {
            args.extend(args![kind]);
            AUDIT_KIND
        }
    };
    db.query(sql, args, stored).await
}

/// The first position at or after an instant. Instants rise with positions and the log has no gaps, so halving
/// the log finds it without an index on time.
async fn first_at(db: &Db, at: At) -> Result<i64, ReadError> {
    let (mut low, mut high) = (1, head(db).await?.map_or(0, |(seq, _)| seq as i64) + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let time: Option<At> = db.query_one(TIME_OF, args![middle], |row| row.get(0)).await?;
        if time.is_some_and(|time| time < at) { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}
