//! Who is what to whom among customers: mother, guardian, employer.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{body::Json, customers::find, edit::id},
    problem::Problem,
    site::{Item, ItemFact},
    tickets,
};
use axum::extract::{Path, State};
use yingda_core::{
    access::Action,
    customer::check_relation,
    event::{Audience, CustomersRelated, Fact, Subject},
    id::*,
    mask,
};
use yingda_store::{
    customer,
    relation::{self as rows, Relation},
};
use yingda_wire::http::{Relate, Related};

/// Nobody has more than that.
const MOST: usize = 200;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, put))
}

/// Who belongs to a customer: what they are to others, and others to them.
#[utoipa::path(get, path = "/customers/{id}/relations", tag = "customers", params(("id" = CustomerId, Path)),
    responses((status = 200, body = Vec<Related>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
) -> Result<Json<Vec<Related>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    all(&app, &caller, find(&app, id(&customer)?).await?.id).await
}

async fn all(app: &App, caller: &Caller, customer: CustomerId) -> Result<Json<Vec<Related>>, Problem> {
    let masks = mask::of(&app.directory(), caller.actor);
    let mut related = vec![];
    for it in rows::of(&app.db, customer, MOST).await? {
        let is_inward = it.other == customer;
        let other = if is_inward { it.customer } else { it.other };
        let Some(found) = customer::living(&app.db, other).await? else { continue };
        if found.id != customer {
            related.push(Related {
                other: found.id,
                name: mask::within(&found.card.name, &masks),
                relation: it.kind,
                inward: is_inward,
            });
        }
    }
    related.sort_by(|a, b| (&a.relation, &a.name).cmp(&(&b.relation, &b.name)));
    Ok(Json(related))
}

/// Says that another customer is this to the customer, or is it no longer.
#[utoipa::path(post, path = "/customers/{id}/relations", tag = "customers", request_body = Relate,
    params(("id" = CustomerId, Path)), responses((status = 200, body = Vec<Related>)))]
async fn put(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    Json(body): Json<Relate>,
) -> Result<Json<Vec<Related>>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let (mine, theirs) = (find(&app, id(&customer)?).await?.id, find(&app, body.other).await?.id);
    let kind = body.relation.trim().to_owned();
    let wrong = check_relation(mine, theirs, &kind);
    if !wrong.is_empty() {
        return Err(tickets::wrong(&wrong));
    }
    // It is told from the one who is it: the other is the customer's mother.
    let (customer, other) = if body.inward { (theirs, mine) } else { (mine, theirs) };
    let it = Relation { customer, other, kind };
    let write = if body.on { rows::put(&it) } else { rows::remove(&it) };
    let fact = ItemFact {
        on: Subject::Customer(mine),
        to: Audience::Staff,
        fact: Fact::CustomersRelated(CustomersRelated { customer, other, relation: it.kind, on: body.on }),
        private: None,
    };
    app.site.change(Item::new(caller.actor, vec![fact], vec![write])).await?;
    all(&app, &caller, mine).await
}
