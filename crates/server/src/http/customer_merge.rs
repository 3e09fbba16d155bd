//! Two records of one person become one: the other's conversations, visitors and messages move to it.

use crate::{
    app::Shared,
    auth::Caller,
    http::{
        body::Json,
        customers::{Change, find, row_of, tagged, told},
        edit::{IfMatch, Tagged, id},
    },
    problem::Problem,
    site::{Item, ItemFact, question::Question},
};
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};
use yingda_core::{
    At,
    access::Action,
    actor::Actor,
    command::{Act, Command, Envelope},
    engine::Engine,
    event::{Audience, Fact, Subject},
    id::{ConversationId, CustomerId},
    mask,
    refusal::Refusal,
};
use yingda_store::customer as rows;
use yingda_wire::http::{Customer, MergeCustomer, StoredCustomer};

pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(merge))
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
            return Err(Problem::stale(told(row.clone(), &masks)));
        }
    }
    let now = app.clock.now();
    let joined = row_of(&joined(&into, &from), into.clone());
    let mut writes = rows::update(&joined, now);
    writes.extend(rows::merge(from.id, from.version, into.id, now));
    let changed =
        Change { id: into.id, version: into.version + 1, before: Some(&into), after: Some(&joined) };
    let gone = Change { id: from.id, version: from.version + 1, before: Some(&from), after: None };
    let merged = ItemFact {
        on: Subject::Customer(into.id),
        to: Audience::Staff,
        fact: Fact::CustomersMerged { into: into.id, from: from.id },
        private: None,
    };
    let facts = vec![merged, changed.fact(), gone.fact()];
    let item = Item { by: caller.actor, facts, writes, configure: vec![] };
    if let Err(refused) = app.site.change(item).await {
        return Err(match refused.refusal {
            Refusal::Stale => Problem::stale(told(find(&app, into.id).await?, &masks)),
            _ => refused.into(),
        });
    }
    tell_open_conversations(&app, from.id, into.id).await?;
    Ok(tagged(find(&app, into.id).await?, &masks))
}

/// Rows have moved; what is open lives in memory and is told one by one.
async fn tell_open_conversations(app: &Shared, from: CustomerId, into: CustomerId) -> Result<(), Problem> {
    for conversation in app.site.ask(OpenOf { customer: from }).await? {
        let command = Command::Conversation(conversation, Act::LinkCustomer { customer: into });
        app.site.send(Envelope { actor: Actor::System, origin: None, command }).await?;
    }
    Ok(())
}

/// A customer's open conversations.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenOf {
    customer: CustomerId,
}

impl Question for OpenOf {
    type Answer = Vec<ConversationId>;

    fn answer(self, engine: &Engine, _: At) -> Vec<ConversationId> {
        let of = engine.conversations.values().filter(|it| it.customer == Some(self.customer));
        of.map(|it| it.id).collect()
    }
}

/// The first one's values, completed by the second's.
fn joined(into: &rows::Customer, from: &rows::Customer) -> Customer {
    let either = |mine: &String, other: &String| if mine.is_empty() { other } else { mine }.clone();
    let mut tags = into.tags.clone();
    tags.extend(from.tags.iter().filter(|tag| !into.tags.contains(tag)));
    // What both hold may be more than one may: the longer history stays in the log.
    const LONGEST_NOTE: usize = 4_000;
    let notes = [into.note.as_str(), from.note.as_str()];
    let note = notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("\n");
    Customer {
        name: either(&into.name, &from.name),
        phone: either(&into.phone, &from.phone),
        email: either(&into.email, &from.email),
        company: either(&into.company, &from.company),
        address: either(&into.address, &from.address),
        vip: into.vip || from.vip,
        tags,
        note: note.chars().take(LONGEST_NOTE).collect(),
        external_id: either(&into.external_id, &from.external_id),
    }
}
