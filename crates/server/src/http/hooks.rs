//! The addresses that other systems call: platforms, SMS providers, WeChat. Nobody signs in here; each request proves
//! itself in its own protocol's way, and is answered when what it brings is durable.

use crate::{
    app::{App, Shared},
    channels::{
        heard,
        keys::Keys,
        platform, sms_http,
        wechat::{Query, official, wecom},
    },
    http::{client::Client, edit::id},
    limits::Door,
    problem::Problem,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing,
};
use std::sync::Arc;
use yingda_core::{
    config::{Channel, Setup},
    id::ChannelId,
};

pub fn routes() -> Router<Shared> {
    Router::new().route("/hooks/{channel}", routing::post(hear).get(prove))
}

async fn hear(
    State(app): State<Shared>,
    client: Client,
    Path(channel): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (id, channel) = open(&app, &channel)?;
    let keys = Keys::of(&app, &app.db, id).await?;
    let query = query.unwrap_or_default();
    let heard = match &channel.setup {
        Setup::Platform(_) => platform::hear(&app, id, &headers, &body).await,
        Setup::Wecom(setup) => wecom::hear(setup, &keys, &Query::parse(&query), &body),
        Setup::Wechat(setup) => official::hear(setup, &keys, &Query::parse(&query), &body),
        Setup::SmsHttp(setup) => sms_http::hear(&app, id, setup, &keys, (&query, &headers, &body)),
        _ => Err(Problem::not_found()),
    };
    let arrivals = match heard {
        Ok(arrivals) => arrivals,
        // Who guesses keys has to wait; who has one may call as often as there is something to say.
        Err(problem) => {
            app.limits.pass(Door::SignIn, client.ip, app.clock.now())?;
            return Err(problem);
        }
    };
    heard::keep(&app, &app.db, id, &arrivals, vec![]).await?;
    Ok(match &channel.setup {
        // WeChat asks again unless it reads this.
        Setup::Wechat(_) | Setup::Wecom(_) => "success".into_response(),
        _ => StatusCode::OK.into_response(),
    })
}

/// A platform makes sure that the address is ours before it calls.
async fn prove(
    State(app): State<Shared>,
    client: Client,
    Path(channel): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (id, channel) = open(&app, &channel)?;
    let keys = Keys::of(&app, &app.db, id).await?;
    let query = Query::parse(&query.unwrap_or_default());
    let proof = match &channel.setup {
        Setup::Wechat(_) => official::prove(&query, &keys),
        Setup::Wecom(setup) => wecom::prove(setup, &keys, &query),
        _ => Err(Problem::not_found()),
    };
    if proof.is_err() {
        app.limits.pass(Door::SignIn, client.ip, app.clock.now())?;
    }
    proof
}

/// A channel that is switched on.
fn open(app: &App, name: &str) -> Result<(ChannelId, Arc<Channel>), Problem> {
    let id: ChannelId = id(name)?;
    let directory = app.directory();
    let channel = directory.channels.get(&id).filter(|it| it.enabled).ok_or_else(Problem::not_found)?;
    Ok((id, channel.clone()))
}
