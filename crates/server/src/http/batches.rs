//! One text to many: planned here, and let out by the channel at its pace and within its rules.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::Caller,
    channels::{heard, outreach as rules, template::fill},
    http::{
        body::Json,
        channels::left,
        edit::{id, page_size},
        idempotency::{self, Once, Replay},
    },
    problem::Problem,
    site::{Item, ItemFact},
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    actor::Actor,
    event::{Audience, Fact, Subject},
    id::RecordId,
    phone,
    refusal::Refusal,
};
use yingda_store::{Batch, ReadError, Statement, outbound, outreach as rows};
use yingda_wire::http::{BatchNow, NewBatch, Page, Passage};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(read))
        .routes(routes!(cancel))
        .routes(routes!(messages))
}

const MOST: usize = 10_000;
/// Rows of a batch are stored in pieces, so that nobody's words wait for all of it.
const PIECE: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Batches, the newest first.
#[utoipa::path(get, path = "/batches", tag = "channels", params(ListQuery),
    responses((status = 200, body = Page<BatchNow>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<BatchNow>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let page = rows::list(&app.db, query.cursor.as_deref(), page_size(query.limit)).await?;
    let mut items = vec![];
    for batch in page.items {
        items.push(told(&app, batch).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

/// Sends one text to many. The same number twice is one message.
#[utoipa::path(post, path = "/batches", tag = "channels", request_body = NewBatch,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = BatchNow)))]
async fn create(State(app): State<Shared>, once: Once<NewBatch>) -> Result<Response, Problem> {
    let Once { caller, body: new, key } = once;
    app.reach(caller.actor, Action::ManageIntegrations)?;
    check(&app, &new)?;
    let now = app.clock.now();
    let batch = rows::Batch {
        id: RecordId(app.next_id()),
        channel: new.channel,
        name: new.name.trim().to_owned(),
        body: new.text.clone(),
        purpose: new.purpose.clone(),
        author: caller.user,
        created_at: now,
    };
    let mut seen = BTreeSet::new();
    let mut statements = vec![];
    for receiver in &new.receivers {
        let number = phone::normal(&receiver.to);
        if !seen.insert(number.clone()) {
            continue;
        }
        let text = fill(&new.text, |name| receiver.values.get(name).cloned());
        let row = RecordId(app.next_id());
        statements.push(outbound::held(row, new.channel, &number, &text, batch.id, now));
    }
    for piece in statements.chunks(PIECE) {
        app.db
            .commit(Batch { statements: piece.to_vec(), ..Batch::default() })
            .await
            .map_err(ReadError::from)?;
    }
    let receivers = statements.len() as u32;
    let fact =
        Fact::BatchMade { batch: batch.id, channel: batch.channel, name: batch.name.clone(), receivers };
    let writes = vec![rows::insert(&batch), outbound::release(batch.id, now)];
    let states = [("waiting".to_owned(), receivers.into())];
    let replay = Replay::new(StatusCode::CREATED, &in_states(batch, states));
    let answer = idempotency::change(&app, key, replay, said(caller.actor, fact, writes)).await?;
    heard::stir(&app).await;
    Ok(answer)
}

fn said(by: Actor, fact: Fact, writes: Vec<Statement>) -> Item {
    let on = match &fact {
        Fact::BatchMade { batch, .. } | Fact::BatchCancelled { batch } => Subject::Record(*batch),
        _ => Subject::Site,
    };
    let fact = ItemFact { on, to: Audience::Staff, fact, private: None };
    Item::new(by, vec![fact], writes)
}

fn check(app: &Shared, new: &NewBatch) -> Result<(), Problem> {
    let mut problem = Problem::new(Refusal::BadValue);
    let directory = app.directory();
    let channel = directory.channels.get(&new.channel).filter(|it| it.enabled && rules::rules(it).is_some());
    if channel.is_none() {
        problem =
            problem.and_field("channel", "请选择已启用的短信渠道。", "Choose an SMS channel that is on.");
    }
    if new.name.trim().is_empty() || new.name.chars().count() > 100 {
        problem = problem.and_field("name", "1 到 100 个字符。", "1 to 100 characters.");
    }
    if new.text.trim().is_empty() || new.text.chars().count() > 500 {
        problem = problem.and_field("text", "1 到 500 个字符。", "1 to 500 characters.");
    }
    if new.receivers.is_empty() || new.receivers.len() > MOST {
        problem = problem.and_field("receivers", "1 到 10000 个号码。", "1 to 10,000 numbers.");
    }
    let purposes = &directory.settings.customers.purposes;
    if !new.purpose.is_empty() && purposes.iter().all(|it| it.key != new.purpose) {
        problem = problem.and_field("purpose", "不存在或已删除。", "Does not exist, or was deleted.");
    }
    for (n, receiver) in new.receivers.iter().enumerate().take(MOST) {
        if !(5..=16).contains(&phone::normal(&receiver.to).len()) {
            let (zh, en) = ("不是有效的电话号码。", "Not a telephone number.");
            problem = problem.and_field(format!("receivers.{n}.to"), zh, en);
        }
        if problem.fields.len() > 50 {
            break;
        }
    }
    if problem.fields.is_empty() { Ok(()) } else { Err(problem) }
}

/// One batch, and how far it is.
#[utoipa::path(get, path = "/batches/{id}", tag = "channels", params(("id" = RecordId, Path)),
    responses((status = 200, body = BatchNow)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(batch): Path<String>,
) -> Result<Json<BatchNow>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let found = rows::get(&app.db, id(&batch)?).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(told(&app, found).await?))
}

/// Stops what has not left yet.
#[utoipa::path(post, path = "/batches/{id}/cancel", tag = "channels", params(("id" = RecordId, Path)),
    responses((status = 200, body = BatchNow)))]
async fn cancel(
    State(app): State<Shared>,
    caller: Caller,
    Path(batch): Path<String>,
) -> Result<Json<BatchNow>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let found = rows::get(&app.db, id(&batch)?).await?.ok_or_else(Problem::not_found)?;
    let fact = Fact::BatchCancelled { batch: found.id };
    app.site.change(said(caller.actor, fact, vec![rows::cancel(found.id)])).await?;
    Ok(Json(told(&app, found).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MessagesQuery {
    /// `waiting`, `sent`, `delivered`, `failed` or `cancelled`; absent for all.
    #[serde(default)]
    state: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// A batch's messages with what became of each.
#[utoipa::path(get, path = "/batches/{id}/messages", tag = "channels",
    params(("id" = RecordId, Path), MessagesQuery), responses((status = 200, body = Page<Passage>)))]
async fn messages(
    State(app): State<Shared>,
    caller: Caller,
    Path(batch): Path<String>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<Page<Passage>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let limit = page_size(query.limit);
    let page = outbound::of_batch(&app.db, id(&batch)?, &query.state, query.cursor.as_deref(), limit).await?;
    Ok(Json(Page { items: page.items.into_iter().map(left).collect(), next: page.next }))
}

async fn told(app: &Shared, batch: rows::Batch) -> Result<BatchNow, Problem> {
    let states = rows::states(&app.db, batch.id).await?;
    Ok(in_states(batch, states))
}

fn in_states(batch: rows::Batch, states: impl IntoIterator<Item = (String, i64)>) -> BatchNow {
    BatchNow {
        id: batch.id,
        channel: batch.channel,
        name: batch.name,
        text: batch.body,
        purpose: batch.purpose,
        created_at: batch.created_at,
        states: states.into_iter().collect(),
    }
}
