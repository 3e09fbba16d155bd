//! The consultation record of a conversation (咨询记录表, B-01): one row, every version an event.

use crate::{Db, ReadError, Statement, sql::sql, value::args};
use std::collections::BTreeMap;
use yingda_core::{At, id::*};

sql! {
    INSERT = "
        INSERT INTO consult (conversation, form, version, answers, complete, agent, updated_at)
        VALUES ($1, $2, 1, $3, $4, $5, $6)";
    UPDATE = "
        UPDATE consult SET form = $2, version = version + 1, answers = $3, complete = $4, agent = $5, updated_at = $6
        WHERE conversation = $1 AND version = $7";
    ONE = "
        SELECT conversation, form, version, answers, complete, agent, updated_at FROM consult
        WHERE conversation = $1";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Consult {
    pub conversation: ConversationId,
    pub form: FormId,
    /// As read; 0 for one that was never stored.
    pub version: i64,
    pub values: BTreeMap<String, String>,
    pub complete: bool,
    pub agent: Option<UserId>,
    pub updated_at: At,
}

/// Stores the next version; stale, or a conflict for the first, if somebody was faster.
pub fn put(consult: &Consult) -> Statement {
    let answers = serde_json::to_string(&consult.values).expect("a map of texts has a JSON form");
    let agent = consult.agent.map(|id| id.0);
    let id = consult.conversation.0;
    let mut args = args![id, consult.form.0, answers, consult.complete, agent, consult.updated_at];
    if consult.version == 0 {
        return Statement::new(INSERT, args);
    }
    args.push(consult.version.into());
    Statement::guarded(UPDATE, args)
}

pub async fn get(db: &Db, conversation: ConversationId) -> Result<Option<Consult>, ReadError> {
    db.query_one(ONE, args![conversation.0], |row| {
        Ok(Consult {
            conversation: ConversationId(row.get(0)?),
            form: FormId(row.get(1)?),
            version: row.get(2)?,
            values: row.json(3)?,
            complete: row.get(4)?,
            agent: row.get::<Option<i64>>(5)?.map(UserId),
            updated_at: row.get(6)?,
        })
    })
    .await
}
