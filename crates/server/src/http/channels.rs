//! Channels as the gateway sees them: how they stand, what waits in them, their keys, and trying them out.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    channels::{
        connector, heard,
        keys::{self, Keys},
        sms_http,
        standing::{self, Way},
    },
    http::{
        body::Json,
        edit::{id, page_size},
    },
    problem::Problem,
    site::{Configure, Item, ItemFact},
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    config::{Channel, Record, RecordKind, Setup},
    event::{Audience, Fact, Subject},
    id::{ChannelId, RecordId},
    refusal::Refusal,
};
use yingda_store::{Batch, CommitError, ReadError, Statement, inbound, outbound, record};
use yingda_wire::http::{ChannelCheck, ChannelDepth, ChannelNow, ChannelStanding, Page, Passage};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list))
        .routes(routes!(put_secrets))
        .routes(routes!(test))
        .routes(routes!(inbox))
        .routes(routes!(replay_inbound))
        .routes(routes!(outbox))
        .routes(routes!(replay_outbound))
}

/// A day, for what counts as lately.
const DAY_MS: i64 = 24 * 3_600_000;
/// The longest password or key.
const LONGEST_SECRET: usize = 4_000;

/// All channels with what waits in them.
#[utoipa::path(get, path = "/channels", tag = "channels", responses((status = 200, body = Vec<ChannelNow>)))]
async fn list(State(app): State<Shared>, caller: Caller) -> Result<Json<Vec<ChannelNow>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let since = app.clock.now() - DAY_MS;
    let (inward, outward) = (inbound::depth(&app.db).await?, outbound::depth(&app.db).await?);
    let came: BTreeMap<_, _> = inbound::counted(&app.db, since).await?.into_iter().collect();
    let left: BTreeMap<_, _> = outbound::counted(&app.db, since).await?.into_iter().collect();
    let mut all = vec![];
    for (id, channel) in &app.directory().channels {
        let keys = Keys::of(&app, &app.db, *id).await?;
        let secrets = channel.setup.secrets().iter();
        all.push(ChannelNow {
            id: *id,
            name: channel.name.clone(),
            medium: channel.setup.medium(),
            kind: kind(&channel.setup),
            enabled: channel.enabled,
            inward: told(standing::of(&app.db, *id, Way::In).await?),
            outward: told(standing::of(&app.db, *id, Way::Out).await?),
            inbox: depth(&inward, *id, came.get(id)),
            outbox: depth(&outward, *id, left.get(id)),
            secrets: secrets.map(|name| ((*name).to_owned(), !keys.get(name).is_empty())).collect(),
            callback: callback(&app, *id, &channel.setup),
        });
    }
    Ok(Json(all))
}

/// The name of a setup's kind, as it stands in its record.
fn kind(setup: &Setup) -> String {
    let value = serde_json::to_value(setup).unwrap_or_default();
    value["type"].as_str().unwrap_or_default().to_owned()
}

/// Where the other side calls us.
fn callback(app: &App, id: ChannelId, setup: &Setup) -> String {
    match setup {
        Setup::Platform(_) | Setup::Wechat(_) | Setup::Wecom(_) => format!("/api/v1/hooks/{id}"),
        Setup::SmsHttp(it) if !it.signature_header.is_empty() => format!("/api/v1/hooks/{id}"),
        Setup::SmsHttp(_) => format!("/api/v1/hooks/{id}?token={}", sms_http::token(app, id)),
        Setup::Smpp(_)
        | Setup::Mail(_)
        | Setup::Letter(_)
        | Setup::Walkin
        | Setup::SiteMail
        | Setup::Phone(_)
        | Setup::Site(_) => String::new(),
    }
}

fn told(standing: Option<standing::Standing>) -> Option<ChannelStanding> {
    standing.map(|it| ChannelStanding { error: it.error, since_at: it.since_at })
}

fn depth(all: &[inbound::Depth], id: ChannelId, done: Option<&i64>) -> ChannelDepth {
    let mut depth = ChannelDepth { done: done.copied().unwrap_or_default(), ..ChannelDepth::default() };
    for it in all.iter().filter(|it| it.channel == id) {
        if it.state == "waiting" {
            (depth.waiting, depth.oldest_at) = (it.count, Some(it.oldest_at));
        } else {
            depth.failed = it.count;
        }
    }
    depth
}

fn found(app: &App, id: ChannelId) -> Result<Arc<Channel>, Problem> {
    app.directory().channels.get(&id).cloned().ok_or_else(Problem::not_found)
}

/// Sets passwords and keys. They are sealed, and never shown again.
#[utoipa::path(put, path = "/channels/{id}/secrets", tag = "channels", params(("id" = ChannelId, Path)),
    request_body = BTreeMap<String, String>, responses((status = 204)))]
async fn put_secrets(
    State(app): State<Shared>,
    caller: Caller,
    Path(channel): Path<String>,
    Json(secrets): Json<BTreeMap<String, String>>,
) -> Result<StatusCode, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let id: ChannelId = id(&channel)?;
    let channel = found(&app, id)?;
    for (name, value) in &secrets {
        if !channel.setup.secrets().contains(&name.as_str()) {
            return Err(Problem::field(name, "此渠道没有这一项。", "This channel has no such thing."));
        }
        if value.len() > LONGEST_SECRET {
            return Err(Problem::field(name, "太长了。", "Too long."));
        }
    }
    let kept =
        record::get(&app.db, RecordKind::Channel, RecordId(id.0)).await?.ok_or_else(Problem::not_found)?;
    let fact = Fact::RecordChanged {
        record: RecordKind::Channel,
        id: kept.id,
        version: kept.version,
        name: kept.record.name().zh,
        deleted: false,
    };
    // The channel begins anew with its new keys.
    let again = Configure::Record {
        kind: RecordKind::Channel,
        id: kept.id,
        record: Some(Box::new(Record::Channel((*channel).clone()))),
    };
    app.site
        .change(Item {
            by: caller.actor,
            facts: vec![ItemFact { on: Subject::Record(kept.id), to: Audience::Staff, fact, private: None }],
            writes: secrets.iter().map(|(name, value)| keys::put(&app, id, name, value)).collect(),
            configure: vec![again],
            readers: vec![],
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a channel out, step by step, and says exactly what is wrong.
#[utoipa::path(post, path = "/channels/{id}/test", tag = "channels", params(("id" = ChannelId, Path)),
    responses((status = 200, body = Vec<ChannelCheck>)))]
async fn test(
    State(app): State<Shared>,
    caller: Caller,
    Path(channel): Path<String>,
) -> Result<Json<Vec<ChannelCheck>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let id: ChannelId = id(&channel)?;
    let channel = found(&app, id)?;
    let keys = Keys::of(&app, &app.db, id).await?;
    let tried = connector::try_out(&app, id, &channel, &keys).await;
    Ok(Json(tried.into_iter().map(|it| ChannelCheck { what: it.what, error: it.error }).collect()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PassageQuery {
    /// `waiting`, `done`, `dead`, `sent`, `delivered`, `failed` or `cancelled`; absent for all.
    #[serde(default)]
    state: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// What came in by a channel, newest first.
#[utoipa::path(get, path = "/channels/{id}/inbox", tag = "channels",
    params(("id" = ChannelId, Path), PassageQuery), responses((status = 200, body = Page<Passage>)))]
async fn inbox(
    State(app): State<Shared>,
    caller: Caller,
    Path(channel): Path<String>,
    Query(query): Query<PassageQuery>,
) -> Result<Json<Page<Passage>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let limit = page_size(query.limit);
    let page = inbound::list(&app.db, id(&channel)?, &query.state, query.cursor.as_deref(), limit).await?;
    Ok(Json(Page { items: page.items.into_iter().map(came).collect(), next: page.next }))
}

/// What left by a channel, newest first.
#[utoipa::path(get, path = "/channels/{id}/outbox", tag = "channels",
    params(("id" = ChannelId, Path), PassageQuery), responses((status = 200, body = Page<Passage>)))]
async fn outbox(
    State(app): State<Shared>,
    caller: Caller,
    Path(channel): Path<String>,
    Query(query): Query<PassageQuery>,
) -> Result<Json<Page<Passage>>, Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let limit = page_size(query.limit);
    let page = outbound::list(&app.db, id(&channel)?, &query.state, query.cursor.as_deref(), limit).await?;
    Ok(Json(Page { items: page.items.into_iter().map(left).collect(), next: page.next }))
}

/// Takes something that was given up into the inbox once more.
#[utoipa::path(post, path = "/inbox/{id}/replay", tag = "channels", params(("id" = RecordId, Path)),
    responses((status = 202, body = Passage)))]
async fn replay_inbound(
    State(app): State<Shared>,
    caller: Caller,
    Path(row): Path<String>,
) -> Result<(StatusCode, Json<Passage>), Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let id: RecordId = id(&row)?;
    inbound::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    again(&app, inbound::replay(id, app.clock.now())).await?;
    let now = inbound::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::ACCEPTED, Json(came(now))))
}

/// Sends something that failed once more.
#[utoipa::path(post, path = "/outbox/{id}/replay", tag = "channels", params(("id" = RecordId, Path)),
    responses((status = 202, body = Passage)))]
async fn replay_outbound(
    State(app): State<Shared>,
    caller: Caller,
    Path(row): Path<String>,
) -> Result<(StatusCode, Json<Passage>), Problem> {
    app.reach(caller.actor, Action::ManageIntegrations)?;
    let RecordId(id) = id(&row)?;
    outbound::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    again(&app, outbound::replay(id, app.clock.now())).await?;
    let now = outbound::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::ACCEPTED, Json(left(now))))
}

async fn again(app: &App, statement: Statement) -> Result<(), Problem> {
    match app.db.commit(Batch { statements: vec![statement], ..Batch::default() }).await {
        Ok(()) => {}
        Err(CommitError::Stale { .. }) => return Err(Refusal::WrongPhase.into()),
        Err(error) => return Err(ReadError::from(error).into()),
    }
    heard::stir(app).await;
    Ok(())
}

fn came(row: inbound::Inbound) -> Passage {
    Passage {
        id: row.id.to_string(),
        state: row.state,
        attempts: row.attempts,
        next_at: row.next_at,
        created_at: row.received_at,
        conversation: row.conversation,
        trace: row.key,
        last_error: row.last_error,
    }
}

pub fn left(row: outbound::Outbound) -> Passage {
    Passage {
        id: row.id.to_string(),
        state: row.state,
        attempts: row.attempts,
        next_at: row.next_at,
        created_at: row.created_at,
        conversation: row.conversation,
        trace: row.outside_id.unwrap_or_default(),
        last_error: row.last_error,
    }
}
