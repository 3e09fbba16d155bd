//! Agents' live state, one row each.

use crate::{CommitError, Db, ReadError, Value, event::SITE, sql::sql, value::args};
use yingda_core::agent::Agent;

sql! {
    UPSERT = "
        INSERT INTO agent (id, site, live) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET live = excluded.live";
    EVERY = "SELECT live FROM agent ORDER BY id";
}

pub(crate) fn upsert(agent: &Agent) -> Result<(&'static str, Vec<Value>), CommitError> {
    let live = serde_json::to_string(agent).map_err(|error| CommitError::Failed(error.to_string()))?;
    Ok((UPSERT, args![agent.id.0, SITE, live]))
}

/// Every agent's state, for a rebuild.
pub async fn all(db: &Db) -> Result<Vec<Agent>, ReadError> {
    db.query(EVERY, vec![], |row| row.json(0)).await
}
