//! Who is what to whom. Who became a part of somebody else is that one, and is themselves again when it is undone.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args},
};
use yingda_core::id::CustomerId;

sql! {
    PUT = "
        INSERT INTO customer_relation (customer, other, kind) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    REMOVE = "
        DELETE FROM customer_relation
        WHERE kind = $3
            AND customer IN (SELECT id FROM customer WHERE id = $1 OR merged_into = $1)
            AND other IN (SELECT id FROM customer WHERE id = $2 OR merged_into = $2)";
    OF = "
        SELECT DISTINCT coalesce(a.merged_into, a.id), coalesce(b.merged_into, b.id), r.kind
        FROM customer_relation AS r JOIN customer AS a ON a.id = r.customer JOIN customer AS b ON b.id = r.other
        WHERE r.customer IN (SELECT id FROM customer WHERE id = $1 OR merged_into = $1)
            OR r.other IN (SELECT id FROM customer WHERE id = $1 OR merged_into = $1)
        LIMIT $2";
}

/// `customer` is `kind` to `other`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    pub customer: CustomerId,
    pub other: CustomerId,
    pub kind: String,
}

pub fn put(it: &Relation) -> Statement {
    Statement::new(PUT, args![it.customer.0, it.other.0, &*it.kind])
}

pub fn remove(it: &Relation) -> Statement {
    Statement::new(REMOVE, args![it.customer.0, it.other.0, &*it.kind])
}

/// All in which somebody stands, on either side.
pub async fn of(db: &Db, customer: CustomerId, limit: usize) -> Result<Vec<Relation>, ReadError> {
    let read = |row: &Row<'_>| {
        Ok(Relation { customer: CustomerId(row.get(0)?), other: CustomerId(row.get(1)?), kind: row.get(2)? })
    };
    db.query(OF, args![customer.0, limit as i64], read).await
}
