//! The nodes that are there, and how each is doing.

use super::routes::{Routes, routes};
use crate::{app::Shared, auth::Caller, http::body::Json, problem::Problem};
use axum::extract::State;
use yingda_core::access::Action;
use yingda_wire::http::Nodes;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(nodes))
}

/// The nodes that are there now, with each one's own figures of the last minute.
#[utoipa::path(get, path = "/nodes", tag = "health", responses((status = 200, body = Nodes)))]
async fn nodes(State(app): State<Shared>, caller: Caller) -> Result<Json<Nodes>, Problem> {
    app.reach(caller.actor, Action::SystemOperate)?;
    Ok(Json(app.health.nodes(&app)))
}
