//! Two records of one person become one: the other's conversations, visitors and messages move to it, and go back when
//! it was a mistake.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    http::{
        body::Json,
        customers::{find, tagged, told},
        edit::{IfMatch, Tagged, id},
    },
    join,
    problem::Problem,
};
use axum::extract::{Path, State};
use yingda_core::{
    access::Action,
    id::{CustomerId, RecordId},
    mask,
    refusal::Refusal,
};
use yingda_store::{customer as rows, customer_merge as merges};
use yingda_wire::http::{Alike, MergeCustomer, Merged, StoredCustomer};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(merge)).routes(routes!(alike)).routes(routes!(merged)).routes(routes!(undo))
}

/// Makes another record of the same person a part of this one. What this one lacks is taken over; the other is no
/// longer listed, and its numbers find this one.
#[utoipa::path(post, path = "/customers/{id}/merge", tag = "customers", request_body = MergeCustomer,
    params(("id" = CustomerId, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = StoredCustomer)))]
async fn merge(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    IfMatch(version): IfMatch,
    Json(other): Json<MergeCustomer>,
) -> Result<Tagged<StoredCustomer>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let into = find(&app, id(&customer)?).await?;
    if other.customer == into.id {
        return Err(Problem::field(
            "customer",
            "不能与自己合并。",
            "A customer cannot be merged with itself.",
        ));
    }
    let from = find(&app, other.customer).await?;
    for (row, version) in [(&into, version), (&from, other.version)] {
        if row.version != version {
            return Err(Problem::stale(told(row.clone(), &masks, &app.directory())));
        }
    }
    if let Err(refused) = join::merge(&app, caller.actor, &into, &from, "by_hand").await {
        return Err(match refused.refusal {
            Refusal::Stale => Problem::stale(told(find(&app, into.id).await?, &masks, &app.directory())),
            _ => refused.into(),
        });
    }
    Ok(tagged(find(&app, into.id).await?, &masks, &app.directory()))
}

/// Other records that share a number, an address or the company's own id with this customer: perhaps the same person.
#[utoipa::path(get, path = "/customers/{id}/alike", tag = "customers", params(("id" = CustomerId, Path)),
    responses((status = 200, body = Vec<Alike>)))]
async fn alike(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
) -> Result<Json<Vec<Alike>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let directory = app.directory();
    let found = join::alike(&app, id(&customer)?).await?;
    Ok(Json(
        found
            .into_iter()
            .map(|(row, shares)| Alike { customer: told(row, &masks, &directory), shares })
            .collect(),
    ))
}

/// Who became a part of this customer, the latest first.
#[utoipa::path(get, path = "/customers/{id}/merges", tag = "customers", params(("id" = CustomerId, Path)),
    responses((status = 200, body = Vec<Merged>)))]
async fn merged(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
) -> Result<Json<Vec<Merged>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let kept = find(&app, id(&customer)?).await?;
    let mut all = vec![];
    for it in merges::of_customer(&app.db, kept.id).await? {
        let Some(gone) = rows::get(&app.db, it.gone).await? else { continue };
        all.push(Merged {
            id: it.id,
            merged_at: it.merged_at,
            reason: it.reason,
            gone: told(gone, &masks, &app.directory()),
            conversations: merges::conversations(&app.db, it.id).await?.len() as i64,
            undone_at: it.undone_at,
            undo_until_at: it.merged_at + join::UNDO_MS,
        });
    }
    Ok(Json(all))
}

/// Takes a merge apart again, within 30 days: what moved goes back, apart from what was changed since.
#[utoipa::path(post, path = "/customers/{id}/merges/{merge}/undo", tag = "customers",
    params(("id" = CustomerId, Path), ("merge" = RecordId, Path)), responses((status = 200, body = StoredCustomer)))]
async fn undo(
    State(app): State<Shared>,
    caller: Caller,
    Path((customer, merge)): Path<(String, String)>,
) -> Result<Tagged<StoredCustomer>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let kept: CustomerId = id(&customer)?;
    let found = merges::get(&app.db, id(&merge)?).await?.filter(|it| it.kept == kept);
    join::undo(&app, caller.actor, &found.ok_or_else(Problem::not_found)?).await?;
    Ok(tagged(find(&app, kept).await?, &masks, &app.directory()))
}
