//! Goods as rows.

use crate::{
    Db, Page, ReadError, Statement,
    page::{self, cut},
    sql::sql,
    value::{Row, args},
};
use yingda_core::{
    id::RecordId,
    order::{Product, StoredProduct},
};

sql! {
    INSERT = "
        INSERT INTO product (id, version, sku_key, words, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE = "
        UPDATE product SET version = $2, sku_key = $3, words = $4, body = $5, updated_at = $6
        WHERE id = $1 AND version = $7";
    ONE = "SELECT id, version, body, updated_at FROM product WHERE id = $1";
    NUMBERED = "SELECT id, version, body, updated_at FROM product WHERE sku_key = $1";
    LIST = "
        SELECT id, version, body, updated_at FROM product
        WHERE sku_key > $1 AND ($2 = '' OR words LIKE $2 ESCAPE '!') ORDER BY sku_key LIMIT $3";
}

fn stored(row: &Row<'_>) -> Result<StoredProduct, ReadError> {
    Ok(StoredProduct {
        id: RecordId(row.get(0)?),
        version: row.get(1)?,
        product: row.json(2)?,
        updated_at: row.get(3)?,
    })
}

fn key(sku: &str) -> Vec<u8> {
    sku.trim().to_lowercase().into_bytes()
}

fn row(it: &StoredProduct) -> Vec<crate::Value> {
    let body = serde_json::to_string(&it.product).expect("goods are plain data");
    args![it.id.0, it.version, key(&it.product.sku), it.product.words(), body, it.updated_at]
}

/// New goods; their number may be taken.
pub fn insert(it: &StoredProduct) -> Statement {
    Statement::new(INSERT, row(it))
}

/// The next version; stale unless the stored one is the one before.
pub fn update(it: &StoredProduct) -> Statement {
    let mut args = row(it);
    args.push((it.version - 1).into());
    Statement::guarded(UPDATE, args)
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<StoredProduct>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

pub async fn with_sku(db: &Db, sku: &str) -> Result<Option<StoredProduct>, ReadError> {
    db.query_one(NUMBERED, args![key(sku)], stored).await
}

/// Those of these numbers that there are.
pub async fn of_skus(db: &Db, skus: &[String]) -> Result<Vec<Product>, ReadError> {
    let mut found = Vec::with_capacity(skus.len());
    for sku in skus {
        found.extend(with_sku(db, sku).await?.map(|it| it.product));
    }
    Ok(found)
}

/// By their numbers.
pub async fn list(
    db: &Db,
    q: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<StoredProduct>, ReadError> {
    let after = match cursor {
        Some(cursor) => hex::decode(cursor).map_err(|_| ReadError::BadCursor)?,
        None => vec![],
    };
    let found = db.query(LIST, args![after, page::pattern(q), limit as i64 + 1], stored).await?;
    Ok(cut(found, limit, |last| hex::encode(key(&last.product.sku))))
}
