//! Running tickets of a kind go over to its newest version: looked at with a proposal, tried with counts, and done.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{body::Json, edit::id},
    jobs::migrations::WAKE,
    problem::Problem,
    site::Item,
    tickets::{self, kind_at},
};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    config::TicketType,
    id::{RecordId, TicketId, TicketTypeId},
    refusal::Refusal,
    ticket::{self, Scene, Ticket},
};
use yingda_store::{ticket as rows, ticket_migration as migrations};
use yingda_wire::http::{
    MigrateTickets, MigrationLook, MigrationRun, MigrationSide, MigrationTrial, MigrationVersion,
    TicketMigrations,
};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(versions, migrate)).routes(routes!(look)).routes(routes!(attempt))
}

/// Tickets that are read at once.
const PIECE: usize = 500;

/// On which versions running tickets of a kind are, and how far the last going over is.
#[utoipa::path(get, path = "/ticket-types/{id}/migration", tag = "tickets", params(("id" = TicketTypeId, Path)),
    responses((status = 200, body = TicketMigrations)))]
async fn versions(
    State(app): State<Shared>,
    caller: Caller,
    Path(of): Path<String>,
) -> Result<Json<TicketMigrations>, Problem> {
    app.reach(caller.actor, Action::ManageTickets)?;
    now(&app, id(&of)?).await
}

async fn now(app: &App, of: TicketTypeId) -> Result<Json<TicketMigrations>, Problem> {
    let latest = app.ticket_kinds.latest(of, &app.db).await?.ok_or_else(Problem::not_found)?;
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    each(app, of, |it| *counts.entry(it.of_version).or_default() += 1).await?;
    let run = migrations::last(&app.db, of).await?.map(|it| MigrationRun {
        before: it.before_kind,
        after: it.after_kind,
        passed: it.passed,
        total: it.total,
        started_at: it.started_at,
        ended_at: it.ended_at,
    });
    let versions = counts.into_iter().map(|(version, running)| MigrationVersion { version, running });
    Ok(Json(TicketMigrations { latest, versions: versions.collect(), run }))
}

/// Every running ticket of a kind.
async fn each(app: &App, of: TicketTypeId, mut tell: impl FnMut(&Ticket)) -> Result<(), Problem> {
    let mut after = TicketId(0);
    loop {
        let piece = rows::running(&app.db, of, after, PIECE).await?;
        let Some(last) = piece.last() else { return Ok(()) };
        after = last.id;
        piece.iter().for_each(&mut tell);
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LookQuery {
    /// The version on which the tickets are.
    from: i64,
}

/// What a version and the newest one have, and what most probably becomes of each key.
#[utoipa::path(get, path = "/ticket-types/{id}/migration/look", tag = "tickets",
    params(("id" = TicketTypeId, Path), LookQuery), responses((status = 200, body = MigrationLook)))]
async fn look(
    State(app): State<Shared>,
    caller: Caller,
    Path(of): Path<String>,
    Query(query): Query<LookQuery>,
) -> Result<Json<MigrationLook>, Problem> {
    app.reach(caller.actor, Action::ManageTickets)?;
    let of: TicketTypeId = id(&of)?;
    let (from, to, after) = both(&app, of, query.from).await?;
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    each(&app, of, |it| {
        if it.of_version == query.from {
            *states.entry(it.state.clone()).or_default() += 1;
        }
    })
    .await?;
    let side = |of: &TicketType| MigrationSide { states: of.states.clone(), fields: of.fields.clone() };
    Ok(Json(MigrationLook {
        before: side(&from),
        after: side(&to),
        version: after,
        mapping: ticket::proposed(&from, &to),
        running: states,
    }))
}

/// The version on which tickets are, and the newest one.
async fn both(
    app: &App,
    of: TicketTypeId,
    from: i64,
) -> Result<(Arc<TicketType>, Arc<TicketType>, i64), Problem> {
    let latest = app.ticket_kinds.latest(of, &app.db).await?.ok_or_else(Problem::not_found)?;
    if from >= latest || from < 1 {
        return Err(Problem::field("from", "不是旧的版本。", "Not a former version."));
    }
    Ok((kind_at(app, of, from).await?, kind_at(app, of, latest).await?, latest))
}

/// What a mapping would do: how many tickets would be in each state, and of how many something would be missing that is
/// asked for as a ticket is opened. Nothing is written.
#[utoipa::path(post, path = "/ticket-types/{id}/migration/trial", tag = "tickets", request_body = MigrateTickets,
    params(("id" = TicketTypeId, Path)), responses((status = 200, body = MigrationTrial)))]
async fn attempt(
    State(app): State<Shared>,
    caller: Caller,
    Path(of): Path<String>,
    Json(body): Json<MigrateTickets>,
) -> Result<Json<MigrationTrial>, Problem> {
    app.reach(caller.actor, Action::ManageTickets)?;
    let of: TicketTypeId = id(&of)?;
    tried(&app, &caller, of, &body).await.map(|(trial, _)| Json(trial))
}

async fn tried(
    app: &App,
    caller: &Caller,
    of: TicketTypeId,
    body: &MigrateTickets,
) -> Result<(MigrationTrial, i64), Problem> {
    let (from, to, latest) = both(app, of, body.from).await?;
    let wrong = ticket::check_mapping(&body.mapping, &from, &to);
    if !wrong.is_empty() {
        return Err(tickets::wrong(&wrong));
    }
    let (directory, now) = (app.directory(), app.clock.now());
    let scene = Scene { directory: &directory, of: &to, by: caller.actor, now, open_tasks: 0, consents: &[] };
    let mut trial = MigrationTrial::default();
    each(app, of, |it| {
        let mine = Some(it).filter(|it| it.of_version == body.from);
        let decided = mine.and_then(|it| ticket::migrate(it, &from, latest, &body.mapping, scene));
        if let Some(decided) = decided {
            trial.total += 1;
            *trial.states.entry(decided.ticket.state.clone()).or_default() += 1;
            trial.lacking += u64::from(ticket::lacks(&decided.ticket, &to) > 0);
            trial.closed += u64::from(decided.ticket.closed_at.is_some());
        }
    })
    .await?;
    Ok((trial, latest))
}

/// Takes all running tickets of a version over to the newest one. It goes on by itself; each ticket's story keeps the
/// version on which it was.
#[utoipa::path(post, path = "/ticket-types/{id}/migration", tag = "tickets", request_body = MigrateTickets,
    params(("id" = TicketTypeId, Path)), responses((status = 200, body = TicketMigrations)))]
async fn migrate(
    State(app): State<Shared>,
    caller: Caller,
    Path(of): Path<String>,
    Json(body): Json<MigrateTickets>,
) -> Result<Json<TicketMigrations>, Problem> {
    app.reach(caller.actor, Action::ManageTickets)?;
    let of: TicketTypeId = id(&of)?;
    let (trial, latest) = tried(&app, &caller, of, &body).await?;
    let migration = migrations::Migration {
        id: RecordId(app.next_id()),
        of,
        author: caller.user,
        before_kind: body.from,
        after_kind: latest,
        mapping: body.mapping,
        after: TicketId(0),
        passed: 0,
        total: trial.total,
        started_at: app.clock.now(),
        ended_at: None,
    };
    let item = Item::new(caller.actor, vec![], vec![migrations::insert(&migration)]);
    match app.site.change(item).await {
        // One of this kind goes on already.
        Err(refused) if refused.refusal == Refusal::Stale => return Err(Refusal::InUse.into()),
        done => done?,
    };
    WAKE.notify_one();
    now(&app, of).await
}
