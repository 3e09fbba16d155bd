//! What rules did and have to do, as rows.

use crate::{
    Db, Page, ReadError, Statement,
    event::subject_code,
    page::{self, cut},
    sql::sql,
    value::{Row, args, word},
};
use yingda_core::{
    At,
    event::Subject,
    id::*,
    rule_run::{RuleRun, RunState},
};

sql! {
    INSERT = "
        INSERT INTO rule_run (id, rule, seq, step, on_kind, on_id, state, attempts, due_at, made_at, ended_at, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
    UPDATE = "
        UPDATE rule_run SET state = $2, attempts = $3, due_at = $4, ended_at = $5, body = $6
        WHERE id = $1 AND state = 'waiting'";
    ONE = "SELECT body FROM rule_run WHERE id = $1";
    DUE = "SELECT body FROM rule_run WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT $2";
    NEXT_AT = "SELECT min(due_at) FROM rule_run WHERE state = 'waiting'";
    LIST = "SELECT body FROM rule_run WHERE id < $1 AND ($2 = '' OR state = $2) ORDER BY id DESC LIMIT $3";
    OF_RULE = "
        SELECT body FROM rule_run WHERE rule = $4 AND id < $1 AND ($2 = '' OR state = $2) ORDER BY id DESC LIMIT $3";
    LATELY = "
        SELECT count(DISTINCT seq), count(*) FILTER (WHERE state = 'stopped') FROM rule_run
        WHERE on_id = $1 AND rule = $2 AND made_at > $3 AND on_kind = $4";
    FORGET = "DELETE FROM rule_run WHERE state <> 'waiting' AND ended_at < $1";
}

fn whole(row: &Row<'_>) -> Result<RuleRun, ReadError> {
    row.json(0)
}

fn body(it: &RuleRun) -> String {
    serde_json::to_string(it).expect("a run is plain data")
}

/// Something to do; nothing where the same step of the rule knows of the event already.
pub fn insert(it: &RuleRun) -> Statement {
    let (on_kind, on_id) = subject_code(it.on);
    let args = args![
        it.id.0,
        it.rule.0,
        it.seq,
        i64::from(it.step),
        i64::from(on_kind),
        on_id,
        word(it.state),
        i64::from(it.attempts),
        it.due_at,
        it.made_at,
        it.ended_at,
        body(it),
    ];
    Statement::new(INSERT, args)
}

/// What came of it; stale where that is known already, so that in one transaction with its effect it has one.
pub fn update(it: &RuleRun) -> Statement {
    let args = args![it.id.0, word(it.state), i64::from(it.attempts), it.due_at, it.ended_at, body(it)];
    Statement::guarded(UPDATE, args)
}

/// Keeps the log of what is done for a while only.
pub fn forget(before: At) -> Statement {
    Statement::new(FORGET, args![before])
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<RuleRun>, ReadError> {
    db.query_one(ONE, args![id.0], whole).await
}

pub async fn due(db: &Db, now: At, limit: usize) -> Result<Vec<RuleRun>, ReadError> {
    db.query(DUE, args![now, limit as i64], whole).await
}

pub async fn next_at(db: &Db) -> Result<Option<At>, ReadError> {
    Ok(db.query_one(NEXT_AT, args![], |row| row.get(0)).await?.flatten())
}

/// How often a rule was set off by one thing since then, and how often it was stopped there.
pub async fn lately(db: &Db, rule: RuleId, on: Subject, since: At) -> Result<(u64, u64), ReadError> {
    let (on_kind, on_id) = subject_code(on);
    let args = args![on_id, rule.0, since, i64::from(on_kind)];
    let found = db.query_one(LATELY, args, |row| Ok((row.get::<i64>(0)? as u64, row.get::<i64>(1)? as u64)));
    Ok(found.await?.unwrap_or_default())
}

/// The newest first, of one rule or of all.
pub async fn list(
    db: &Db,
    rule: Option<RuleId>,
    state: Option<RunState>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<RuleRun>, ReadError> {
    let before = page::read_id(cursor)?;
    let mut args = args![before, state.map(word).unwrap_or_default(), limit as i64 + 1];
    let sql = match rule {
        Some(rule) => {
            args.push(rule.0.into());
            OF_RULE
        }
        None => LIST,
    };
    Ok(cut(db.query(sql, args, whole).await?, limit, |last| last.id.0.to_string()))
}
