//! What customers agreed to. Who became a part of somebody else said it as that one.

use crate::{
    Db, ReadError, Statement,
    sql::sql,
    value::{Row, args, parse_word, word},
};
use yingda_core::{consent::Consent, id::*};

sql! {
    PUT = "
        INSERT INTO consent (id, customer, purpose, channel, given, said_at, evidence, conversation, author, noted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    OF = "
        SELECT id, purpose, channel, given, said_at, evidence, conversation, author, noted_at FROM consent
        WHERE customer IN (SELECT id FROM customer WHERE id = $1 OR merged_into = $1)
        ORDER BY said_at DESC, id DESC LIMIT $2";
}

pub fn insert(customer: CustomerId, it: &Consent) -> Statement {
    let channel = it.channel.map_or_else(String::new, word);
    Statement::new(
        PUT,
        args![
            it.id.0,
            customer.0,
            &*it.purpose,
            channel,
            it.given,
            it.said_at,
            &*it.evidence,
            it.conversation.map(|id| id.0),
            it.author.map(|id| id.0),
            it.noted_at,
        ],
    )
}

/// What was said last comes first.
pub async fn of(db: &Db, customer: CustomerId, limit: usize) -> Result<Vec<Consent>, ReadError> {
    db.query(OF, args![customer.0, limit as i64], stored).await
}

fn stored(row: &Row<'_>) -> Result<Consent, ReadError> {
    let channel: String = row.get(2)?;
    Ok(Consent {
        id: RecordId(row.get(0)?),
        purpose: row.get(1)?,
        channel: Some(channel).filter(|it| !it.is_empty()).map(|it| parse_word(&it)).transpose()?,
        given: row.get(3)?,
        said_at: row.get(4)?,
        evidence: row.get(5)?,
        conversation: row.get::<Option<i64>>(6)?.map(ConversationId),
        author: row.get::<Option<i64>>(7)?.map(UserId),
        noted_at: row.get(8)?,
    })
}
