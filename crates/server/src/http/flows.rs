//! Flows (SYS-07) beyond what all records have: what is wrong with a drawing, trying one, publishing one.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    flows::{self, World},
    http::{
        body::Json,
        edit::{IfMatch, Tagged, id},
        records,
    },
    problem::Problem,
};
use axum::extract::{Path, State};
use yingda_core::{
    access::Action,
    config::{Flow, LiveFlow, Record, RecordKind},
    flow::Turn,
    id::{FlowId, RecordId},
    record,
    refusal::Refusal,
};
use yingda_store::flow as rows;
use yingda_wire::http::{FlowChecked, FlowDrawn, FlowFault, FlowPublish, FlowTry, Stored};

const MOST_VERSIONS: usize = 50;

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(check))
        .routes(routes!(step))
        .routes(routes!(publish))
        .routes(routes!(versions))
}

/// What is wrong with a drawing, whether it is stored or not.
#[utoipa::path(post, path = "/flows/check", tag = "flows", request_body = FlowDrawn,
    responses((status = 200, body = FlowChecked)))]
async fn check(
    State(app): State<Shared>,
    caller: Caller,
    Json(drawn): Json<FlowDrawn>,
) -> Result<Json<FlowChecked>, Problem> {
    app.reach(caller.actor, Action::ManageRouting)?;
    let wrong = flows::check(&app, &drawn.graph).await;
    let faults = wrong.into_iter().map(|it| FlowFault { field: it.field, text: it.fault.text() });
    Ok(Json(FlowChecked { faults: faults.collect(), can_speak: app.speech.is_there() }))
}

/// One turn of a trial: the same walker as for callers, without a telephone. It looks up only what one may read.
#[utoipa::path(post, path = "/flows/step", tag = "flows", request_body = FlowTry,
    responses((status = 200, body = Turn)))]
async fn step(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<FlowTry>,
) -> Result<Json<Turn>, Problem> {
    app.reach(caller.actor, Action::ManageRouting)?;
    let directory = app.directory();
    let world = World {
        app: &app,
        zone: directory.lines.values().next().map(|line| line.zone.clone()).unwrap_or_default(),
        has_orders: app.reach(caller.actor, Action::OrderRead).is_ok(),
        has_tickets: app.reach(caller.actor, Action::TicketRead).is_ok(),
    };
    Ok(Json(flows::go(&world, &body.graph, body.walk, body.input).await))
}

/// Lets callers meet the draft from now on, or a version from before. Calls that run stay in theirs.
#[utoipa::path(post, path = "/flows/{id}/publish", tag = "flows", request_body = FlowPublish,
    params(("id" = FlowId, Path), ("If-Match" = String, Header)), responses((status = 200, body = Stored)))]
async fn publish(
    State(app): State<Shared>,
    caller: Caller,
    Path(flow): Path<String>,
    IfMatch(version): IfMatch,
    Json(body): Json<FlowPublish>,
) -> Result<Tagged<Stored>, Problem> {
    let flow: FlowId = id(&flow)?;
    let before = records::find(&app, &caller, RecordKind::Flow, RecordId(flow.0)).await?;
    if !record::may_write(&app.directory(), caller.actor, &before.record) {
        return Err(Refusal::Forbidden.into());
    }
    let Record::Flow(it) = &before.record else { return Err(Problem::not_found()) };
    if before.deleted_at.is_some() {
        return Err(Problem::not_found());
    }
    if before.version != version {
        return Err(Problem::stale(records::told(before)));
    }
    let live = match body.version {
        Some(version) => rows::version(&app.db, flow, version).await?.ok_or_else(Problem::not_found)?,
        None => LiveFlow {
            version: before.version + 1,
            published_at: app.clock.now(),
            published_by: caller.user,
            graph: it.draft.clone(),
        },
    };
    // What an old version named may be gone by now.
    records::refuse(flows::check(&app, &live.graph).await)?;
    flows::read_aloud(&app, &live.graph).await?;
    let after = Record::Flow(Box::new(Flow { live: Some(live), ..(**it).clone() }));
    records::replace(&app, caller.actor, before, after, vec![]).await?;
    Ok(records::tagged(records::find(&app, &caller, RecordKind::Flow, RecordId(flow.0)).await?))
}

/// What was published, the latest first.
#[utoipa::path(get, path = "/flows/{id}/versions", tag = "flows", params(("id" = FlowId, Path)),
    responses((status = 200, body = Vec<LiveFlow>)))]
async fn versions(
    State(app): State<Shared>,
    caller: Caller,
    Path(flow): Path<String>,
) -> Result<Json<Vec<LiveFlow>>, Problem> {
    let flow: FlowId = id(&flow)?;
    records::find(&app, &caller, RecordKind::Flow, RecordId(flow.0)).await?;
    Ok(Json(rows::versions(&app.db, flow, MOST_VERSIONS).await?))
}
