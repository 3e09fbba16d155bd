//! Published versions of flows.

use crate::{Db, ReadError, Statement, sql::sql, value::args};
use yingda_core::{config::LiveFlow, id::FlowId};

sql! {
    PUT = "INSERT INTO flow_version (flow, version, body) VALUES ($1, $2, $3) ON CONFLICT (flow, version) DO NOTHING";
    ONE = "SELECT body FROM flow_version WHERE flow = $1 AND version = $2";
    LATEST = "SELECT body FROM flow_version WHERE flow = $1 ORDER BY version DESC LIMIT $2";
}

pub fn put(flow: FlowId, it: &LiveFlow) -> Statement {
    let body = serde_json::to_string(it).expect("a flow is plain data");
    Statement::new(PUT, args![flow.0, it.version, body])
}

pub async fn version(db: &Db, flow: FlowId, version: i64) -> Result<Option<LiveFlow>, ReadError> {
    db.query_one(ONE, args![flow.0, version], |row| row.json(0)).await
}

/// The latest first.
pub async fn versions(db: &Db, flow: FlowId, limit: usize) -> Result<Vec<LiveFlow>, ReadError> {
    db.query(LATEST, args![flow.0, limit as i64], |row| row.json(0)).await
}
