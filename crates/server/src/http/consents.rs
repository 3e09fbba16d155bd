//! What a customer agreed to and took back, and by which ways they want no word that they did not ask for.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    channels::reach,
    http::{body::Json, customers::find, edit::id},
    problem::Problem,
    site::{Item, ItemFact},
    tickets,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use yingda_core::{
    access::Action,
    consent::{self, NewConsent},
    event::{Audience, ConsentNoted, Fact, OptOutNoted, Private, Subject},
    id::*,
    mask,
    medium::Medium,
};
use yingda_store::{consent as rows, customer, outreach};
use yingda_wire::http::{Consents, OptOut, OptedOut};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list, note)).routes(routes!(opt_out))
}

/// What a customer agreed to: what holds, and everything that was said, the last first.
#[utoipa::path(get, path = "/customers/{id}/consents", tag = "customers", params(("id" = CustomerId, Path)),
    responses((status = 200, body = Consents)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
) -> Result<Json<Consents>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    all(&app, &caller, &find(&app, id(&customer)?).await?).await
}

async fn all(app: &App, caller: &Caller, of: &customer::Customer) -> Result<Json<Consents>, Problem> {
    let masks = mask::of(&app.directory(), caller.actor);
    let mut history = rows::of(&app.db, of.id, consent::MOST).await?;
    history.iter_mut().for_each(|it| it.evidence = mask::within(&it.evidence, &masks));
    let standing = consent::standing(&history).into_iter().map(|it| it.id).collect();
    let mut opted_out = vec![];
    for (medium, address) in [(Medium::Sms, &of.card.phone), (Medium::Mail, &of.card.email)] {
        let Some((kind, term)) = reach::opt_out_key(medium, address) else { continue };
        if let Some((since_at, why)) = outreach::opted_out(&app.db, kind, &term).await? {
            opted_out.push(OptedOut { medium, since_at, why });
        }
    }
    Ok(Json(Consents { history, standing, opted_out }))
}

/// Notes down that a customer agrees to something, or does no longer.
#[utoipa::path(post, path = "/customers/{id}/consents", tag = "customers", request_body = NewConsent,
    params(("id" = CustomerId, Path)), responses((status = 200, body = Consents)))]
async fn note(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    Json(body): Json<NewConsent>,
) -> Result<Json<Consents>, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let found = find(&app, id(&customer)?).await?;
    let (new, now) = (RecordId(app.next_id()), app.clock.now());
    let noted = consent::note(body, new, caller.user, &app.directory(), now)
        .map_err(|wrong| tickets::wrong(&wrong))?;
    let fact = ConsentNoted {
        customer: found.id,
        purpose: noted.purpose.clone(),
        channel: noted.channel,
        given: noted.given,
    };
    let private = Private::Values { before: None, after: serde_json::to_value(&noted).ok() };
    let fact = ItemFact {
        on: Subject::Customer(found.id),
        to: Audience::Staff,
        fact: Fact::ConsentNoted(fact),
        private: Some(Box::new(private)),
    };
    let write = rows::insert(found.id, &noted);
    app.site.change(Item::new(caller.actor, vec![fact], vec![write])).await?;
    all(&app, &caller, &found).await
}

/// Notes that a customer wants no unasked messages by a medium, or wants them again.
#[utoipa::path(put, path = "/customers/{id}/opt-out", tag = "customers", request_body = OptOut,
    params(("id" = CustomerId, Path)), responses((status = 204)))]
async fn opt_out(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    Json(body): Json<OptOut>,
) -> Result<StatusCode, Problem> {
    app.reach(caller.actor, Action::CustomerWrite)?;
    let found = customer::living(&app.db, id(&customer)?).await?.ok_or_else(Problem::not_found)?;
    let address = match body.medium {
        Medium::Sms => &found.card.phone,
        Medium::Mail => &found.card.email,
        _ => {
            return Err(Problem::field(
                "medium",
                "只有短信和邮件可以退订。",
                "Only SMS and mail can be opted out of.",
            ));
        }
    };
    let Some((kind, term)) = reach::opt_out_key(body.medium, address).filter(|(_, term)| !term.is_empty())
    else {
        return Err(Problem::field("medium", "客户没有这种地址。", "The customer has no such address."));
    };
    let write = match body.out {
        true => outreach::opt_out(kind, &term, &body.why, app.clock.now()),
        false => outreach::opt_in(kind, &term),
    };
    let fact = OptOutNoted { customer: found.id, channel: body.medium, out: body.out };
    let fact = ItemFact {
        on: Subject::Customer(found.id),
        to: Audience::Staff,
        fact: Fact::OptOutNoted(fact),
        private: None,
    };
    app.site.change(Item::new(caller.actor, vec![fact], vec![write])).await?;
    Ok(StatusCode::NO_CONTENT)
}
