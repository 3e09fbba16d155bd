//! A conversation's events. Each names the one before it, and the conversation's row names the last: reading one's
//! way back needs no index, which every message would have to write in a place of its own.

use crate::{
    Db, ReadError,
    event::{Part, StoredEvent, columns, stored},
    sql::sql,
    value::{Value, args},
};
use yingda_core::id::ConversationId;

/// From the last event back, as far as `$further` says; `$counts` is what one event adds to `counted`. SQLite takes the
/// sides of a `CROSS JOIN` as they stand: first the few that were met, and not the whole log in the order asked for.
macro_rules! walk {
    ($from:expr, $counts:literal, $further:literal, $then:literal) => {
        concat!(
            "WITH RECURSIVE walk (place, earlier, counted) AS (
                SELECT e.seq, e.prev, CAST(",
            $counts,
            " AS BIGINT) FROM event AS e WHERE e.site = 1 AND e.seq = ",
            $from,
            " UNION ALL
                SELECT e.seq, e.prev, counted + ",
            $counts,
            " FROM walk CROSS JOIN event AS e
                WHERE e.site = 1 AND e.seq = walk.earlier AND ",
            $further,
            ") SELECT ",
            columns!(),
            " FROM walk CROSS JOIN event WHERE site = 1 AND seq = place AND ",
            $then
        )
    };
}
/// The position of a conversation's last event.
macro_rules! last {
    ($id:literal) => {
        concat!(
            "(SELECT max(seen.seq) FROM (
                SELECT last_seq AS seq FROM pulse WHERE conversation = ",
            $id,
            " UNION ALL SELECT last_seq FROM conversation WHERE id = ",
            $id,
            ") AS seen)"
        )
    };
}

sql! {
    BEFORE = walk!(
        concat!(
            "coalesce(
                (SELECT b.prev FROM event AS b WHERE b.site = 1 AND b.seq = $2 AND b.on_kind = 1 AND b.on_id = $1), ",
            last!("$1"),
            ")"
        ),
        "CASE WHEN e.seq < $2 AND e.audience <= $3 THEN 1 ELSE 0 END",
        "counted < $4",
        "place < $2 AND audience <= $3 ORDER BY place DESC LIMIT $4"
    );
    AFTER = walk!(
        last!("$1"),
        "0",
        "walk.earlier > $2",
        "place > $2 AND audience <= $3 ORDER BY place LIMIT $4"
    );
    OF_KIND = walk!(
        last!("$1"),
        "0",
        "walk.earlier > 0",
        "kind = $2 ORDER BY place LIMIT $3"
    );
    AUDIT = walk!(
        last!("$7"),
        "0",
        "walk.earlier >= $2",
        "audited AND place < $1 AND place >= $2 AND ((actor_kind = $3 AND actor_id = $4) OR $3 < 0)
            AND ($6 = '' OR kind = $6) ORDER BY place DESC LIMIT $5"
    );
}

/// Always oldest first; `audience` is the highest that is read.
pub(crate) async fn part(
    db: &Db,
    id: ConversationId,
    part: Part,
    limit: usize,
    audience: i16,
) -> Result<Vec<StoredEvent>, ReadError> {
    let (sql, edge) = match part {
        Part::Latest => (BEFORE, i64::MAX),
        Part::Before(seq) => (BEFORE, seq as i64),
        Part::After(seq) => (AFTER, seq as i64),
    };
    let mut found = db.query(sql, args![id.0, edge, audience, limit as i64], stored).await?;
    if sql == BEFORE {
        found.reverse();
    }
    Ok(found)
}

pub(crate) async fn of_kind(
    db: &Db,
    id: ConversationId,
    kind: &str,
    limit: usize,
) -> Result<Vec<StoredEvent>, ReadError> {
    db.query(OF_KIND, args![id.0, kind, limit as i64], stored).await
}

/// `args` are those of the audit log's other statements: `$1` to `$6`.
pub(crate) async fn audit(
    db: &Db,
    id: ConversationId,
    mut args: Vec<Value>,
) -> Result<Vec<StoredEvent>, ReadError> {
    args.push(id.0.into());
    db.query(AUDIT, args, stored).await
}
