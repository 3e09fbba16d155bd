//! Questions to lists that people share.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args, word},
};
use yingda_core::{
    id::*,
    view::{MOST, SharedView, ViewRoom},
};

sql! {
    PUT = "
        INSERT INTO shared_view (id, room, name, query, team, author, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REMOVE = "DELETE FROM shared_view WHERE id = $1";
    ONE = "SELECT id, room, name, query, team, author, created_at FROM shared_view WHERE id = $1";
    LIST = "
        SELECT id, room, name, query, team, author, created_at FROM shared_view WHERE room = $1 ORDER BY id LIMIT $2";
}

fn stored(row: &Row<'_>) -> Result<SharedView, ReadError> {
    Ok(SharedView {
        id: RecordId(row.get(0)?),
        room: row.word(1)?,
        name: row.get(2)?,
        query: row.json(3)?,
        team: row.get::<Option<i64>>(4)?.map(TeamId),
        author: row.get::<Option<i64>>(5)?.map(UserId),
        created_at: row.get(6)?,
    })
}

pub fn insert(it: &SharedView) -> Statement {
    let query = serde_json::to_string(&it.query).expect("texts have a JSON form");
    let (team, author) = (it.team.map(|id| id.0), it.author.map(|id| id.0));
    Statement::new(PUT, args![it.id.0, word(it.room), &*it.name, query, team, author, it.created_at])
}

pub fn remove(id: RecordId) -> Statement {
    Statement::guarded(REMOVE, args![id.0])
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<SharedView>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// In the order in which they were shared.
pub async fn list(db: &Db, room: ViewRoom) -> Result<Vec<SharedView>, ReadError> {
    db.query(LIST, args![word(room), MOST as i64], stored).await
}
