//! Template packs over HTTP: which there are, what installing one would do, and doing it.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    http::body::Json,
    packs::{self, Deed, Pack},
    problem::Problem,
};
use axum::extract::{Path, State};
use yingda_core::{access::Reach, record};
use yingda_store::pack as rows;
use yingda_wire::http::{PackItem, PackRow};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(read)).routes(routes!(install)).routes(routes!(remove))
}

/// The packs that this version ships, and that the caller may install.
#[utoipa::path(get, path = "/packs", tag = "packs", responses((status = 200, body = Vec<PackRow>)))]
async fn list(State(app): State<Shared>, caller: Caller) -> Result<Json<Vec<PackRow>>, Problem> {
    let mut all = vec![];
    for (key, pack) in packs::shipped() {
        if permitted(&app, &caller, &pack).is_err() {
            continue;
        }
        let installed = rows::of_pack(&app.db, key).await?.len() as u32;
        let items = pack.items.len() as u32;
        all.push(PackRow {
            key: key.into(),
            name: pack.name,
            about: pack.about,
            version: pack.version,
            installed,
            items,
        });
    }
    Ok(Json(all))
}

/// What installing the pack would do to each record.
#[utoipa::path(get, path = "/packs/{pack}", tag = "packs", params(("pack" = String, Path)),
    responses((status = 200, body = Vec<PackItem>)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(pack): Path<String>,
) -> Result<Json<Vec<PackItem>>, Problem> {
    work(&app, &caller, &pack, Deed::Look).await
}

/// Brings what is not here yet, and renews what nobody changed. What somebody changed or deleted stays so.
#[utoipa::path(post, path = "/packs/{pack}/install", tag = "packs", params(("pack" = String, Path)),
    responses((status = 200, body = Vec<PackItem>)))]
async fn install(
    State(app): State<Shared>,
    caller: Caller,
    Path(pack): Path<String>,
) -> Result<Json<Vec<PackItem>>, Problem> {
    work(&app, &caller, &pack, Deed::Install).await
}

/// Takes away what nobody changed and nothing uses.
#[utoipa::path(post, path = "/packs/{pack}/remove", tag = "packs", params(("pack" = String, Path)),
    responses((status = 200, body = Vec<PackItem>)))]
async fn remove(
    State(app): State<Shared>,
    caller: Caller,
    Path(pack): Path<String>,
) -> Result<Json<Vec<PackItem>>, Problem> {
    work(&app, &caller, &pack, Deed::Remove).await
}

async fn work(app: &Shared, caller: &Caller, key: &str, deed: Deed) -> Result<Json<Vec<PackItem>>, Problem> {
    let pack = packs::named(key).ok_or_else(Problem::not_found)?;
    permitted(app, caller, &pack)?;
    packs::go_through(app, caller.actor, key, &pack, deed, caller.lang).await.map(Json)
}

/// Whoever may change each kind of record that the pack brings.
fn permitted(app: &Shared, caller: &Caller, pack: &Pack) -> Result<(), Problem> {
    for kind in packs::kinds(pack) {
        if app.reach(caller.actor, record::manages(kind))? != Reach::Everything {
            return Err(yingda_core::refusal::Refusal::Forbidden.into());
        }
    }
    Ok(())
}
