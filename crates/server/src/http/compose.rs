//! Writing to a customer first, by any door that they allow.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    channels::reach::{self, End},
    http::{
        body::Json,
        edit::id,
        idempotency::{self, Once, Replay},
        visitors,
    },
    problem::Problem,
    site::Done,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use yingda_core::{
    access::Action,
    command::{Act, Command, Envelope, Start},
    config::Channel,
    event::Author,
    id::{ChannelId, CustomerId, VisitorId},
    mask,
    medium::Medium,
    refusal::Refusal,
};
use yingda_store::{address, conversation, customer, visitor};
use yingda_wire::http::{ActDone, NewMessage, Reach};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(reached)).routes(routes!(compose))
}

/// By which channels a customer can be reached, and where.
#[utoipa::path(get, path = "/customers/{id}/reach", tag = "customers", params(("id" = CustomerId, Path)),
    responses((status = 200, body = Vec<Reach>)))]
async fn reached(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
) -> Result<Json<Vec<Reach>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let found = customer::living(&app.db, id(&customer)?).await?.ok_or_else(Problem::not_found)?;
    let ends = address::of_customer(&app.db, found.id).await?;
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    let mut all = vec![];
    for (id, channel) in directory.channels.iter().filter(|(_, it)| it.enabled && it.setup.sends()) {
        let Some(to) = reach::of_customer(*id, channel, &found, &ends) else { continue };
        let known = ends.iter().find(|it| it.channel == *id);
        let medium = channel.setup.medium();
        let unknown = if medium == Medium::SiteMail { &found.card.name } else { &to };
        let label = known.map_or(unknown, |it| &it.label);
        all.push(Reach {
            channel: *id,
            name: channel.name.clone(),
            medium,
            label: mask::within(label, &masks),
            heard_at: known.and_then(|it| it.heard_at),
            open_until_at: reach::open_until(channel, known.and_then(|it| it.heard_at)),
            opted_out: reach::is_out(&app.db, medium, &to).await?,
        });
    }
    Ok(Json(all))
}

/// Writes to somebody first. The conversation is the writer's own from its beginning; one that is open there goes on.
#[utoipa::path(post, path = "/compose", tag = "conversations", request_body = NewMessage,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = ActDone)))]
async fn compose(State(app): State<Shared>, once: Once<NewMessage>) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    app.reach(caller.actor, Action::ConversationServe)?;
    let writer = caller.user.ok_or(Refusal::Forbidden)?;
    let directory = app.directory();
    let channel = directory.channels.get(&body.channel).filter(|it| it.enabled && it.setup.sends());
    let channel =
        channel.ok_or_else(|| Problem::field("channel", "不存在或未启用。", "Does not exist, or is off."))?;
    let customer = match body.customer {
        Some(id) => {
            app.reach(caller.actor, Action::CustomerRead)?;
            Some(customer::living(&app.db, id).await?.ok_or_else(Problem::not_found)?)
        }
        None => None,
    };
    let to = address_of(&app, body.channel, channel, customer.as_ref(), &body.to).await?;
    let Some(end) = reach::end_of(&app, body.channel, channel, &to).await? else {
        return Err(Problem::field(
            "to",
            "不是此渠道可以送达的地址。",
            "No address that this channel reaches.",
        ));
    };
    // Whoever wrote first may be answered; everyone else is asked first.
    let wrote = end.known.as_ref().is_some_and(|it| it.heard_at.is_some());
    if !wrote && reach::is_out(&app.db, channel.setup.medium(), &to).await? {
        return Err(Refusal::OptedOut.into());
    }
    let customer_id = customer.as_ref().map(|it| it.id);
    let name = customer.map_or_else(|| body.name.clone(), |it| it.card.name);
    let visitor = meet(&app, &caller, body.channel, channel, &end, customer_id, name).await?;
    let origin = key.as_ref().map(idempotency::Key::origin);
    let open = conversation::of_visitor(&app.db, visitor, 1).await?.pop().filter(|it| it.closed_at.is_none());
    let command = match open {
        Some(open) => {
            Command::Conversation(open.id, Act::Post { content: body.content, author: Author::Person })
        }
        None => Command::Start(Box::new(Start {
            visitor,
            customer: customer_id,
            medium: channel.setup.medium(),
            channel: Some(body.channel),
            queue: channel.queue,
            lang: channel.lang,
            content: Some(body.content),
            agent: Some(writer),
            ..Start::default()
        })),
    };
    let Done { seq, conversation } = app.site.send(Envelope { actor: caller.actor, origin, command }).await?;
    let replay = Replay::new(StatusCode::CREATED, &ActDone { seq, conversation });
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

/// What was typed, or what is known of the customer: whoever sees numbers masked writes without knowing them.
async fn address_of(
    app: &App,
    id: ChannelId,
    channel: &Channel,
    customer: Option<&customer::Customer>,
    typed: &str,
) -> Result<String, Problem> {
    if !typed.trim().is_empty() {
        return Ok(typed.trim().to_owned());
    }
    let nowhere = || Problem::field("to", "没有可用的地址。", "There is no address to write to.");
    let customer = customer.ok_or_else(nowhere)?;
    let ends = address::of_customer(&app.db, customer.id).await?;
    reach::of_customer(id, channel, customer, &ends).ok_or_else(nowhere)
}

/// The visitor behind an end, made when it is new.
async fn meet(
    app: &App,
    caller: &Caller,
    id: ChannelId,
    channel: &Channel,
    end: &End,
    customer: Option<CustomerId>,
    name: String,
) -> Result<VisitorId, Problem> {
    if let Some(known) = &end.known {
        return Ok(known.visitor);
    }
    let stranger = visitors::unannounced(app, caller.ip, None, channel.lang);
    let name = if name.trim().is_empty() { end.label.clone() } else { name };
    let fresh = visitor::Visitor { customer, name, ip: String::new(), ..stranger };
    Ok(reach::meet(&app.db, id, &end.term, &end.label, &fresh).await?)
}
