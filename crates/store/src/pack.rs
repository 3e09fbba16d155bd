//! Which records came out of which template pack.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args, parse_word},
};
use yingda_core::{config::RecordKind, id::RecordId};

sql! {
    PUT = "
        INSERT INTO pack_item (pack, item, kind, record, hash) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (pack, item) DO UPDATE SET kind = $3, record = $4, hash = $5";
    FORGET = "DELETE FROM pack_item WHERE pack = $1 AND item = $2";
    OF_PACK = "SELECT item, kind, record, hash FROM pack_item WHERE pack = $1 ORDER BY item";
}

/// A record that a pack brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    pub item: String,
    pub kind: RecordKind,
    pub record: RecordId,
    /// Of the record as the pack said it.
    pub hash: String,
}

fn brought(row: &Row<'_>) -> Result<Brought, ReadError> {
    let kind: String = row.get(1)?;
    Ok(Brought {
        item: row.get(0)?,
        kind: parse_word(&kind)?,
        record: RecordId(row.get(2)?),
        hash: row.get(3)?,
    })
}

pub fn put(pack: &str, it: &Brought) -> Statement {
    Statement::new(PUT, args![pack, &*it.item, it.kind.as_str(), it.record.0, &*it.hash])
}

pub fn forget(pack: &str, item: &str) -> Statement {
    Statement::new(FORGET, args![pack, item])
}

pub async fn of_pack(db: &Db, pack: &str) -> Result<Vec<Brought>, ReadError> {
    db.query(OF_PACK, args![pack], brought).await
}
