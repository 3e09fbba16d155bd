//! Segments of customers (B-37): how many belong to each, and sorting anew on demand.

use super::routes::{Routes, routes};
use crate::{app::Shared, auth::Caller, http::body::Json, jobs::segments, problem::Problem, site::Item};
use axum::{extract::State, http::StatusCode};
use yingda_core::{access::Action, config::RecordKind};
use yingda_store::{record, segment as rows};
use yingda_wire::http::{SegmentRun, Segments};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(read)).routes(routes!(update))
}

/// How many customers belong to each segment, and how far the last sorting is.
#[utoipa::path(get, path = "/segments", tag = "customers", responses((status = 200, body = Segments)))]
async fn read(State(app): State<Shared>, caller: Caller) -> Result<Json<Segments>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let changed_at = record::last_change(&app.db, RecordKind::Segment).await?;
    let run = rows::last_run(&app.db).await?.map(|it| SegmentRun {
        asked_at: it.asked_at,
        started_at: it.started_at,
        passed: it.passed,
        total: it.total,
        ended_at: it.ended_at,
        waits: it.is_asked() || changed_at > it.started_at,
    });
    Ok(Json(Segments { counts: rows::counts(&app.db).await?, run }))
}

/// Sorts all customers into segments now. Answers at once; the list tells how far it is.
#[utoipa::path(post, path = "/segments/update", tag = "customers", responses((status = 202)))]
async fn update(State(app): State<Shared>, caller: Caller) -> Result<StatusCode, Problem> {
    app.reach(caller.actor, Action::ManageTags)?;
    let asked = rows::ask(app.clock.now());
    app.site.change(Item::new(caller.actor, vec![], vec![asked])).await?;
    segments::WAKE.notify_one();
    Ok(StatusCode::ACCEPTED)
}
