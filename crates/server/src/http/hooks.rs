//! The addresses that other systems call: platforms, SMS providers, WeChat. Nobody signs in here; each request proves
//! itself in its own protocol's way, and is answered when what it brings is durable.

use crate::{
    app::Shared,
    channels::{heard, keys::Keys, platform, sms_http},
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
use yingda_core::{config::Setup, id::ChannelId};

pub fn routes() -> Router<Shared> {
    Router::new().route("/hooks/{channel}", routing::post(hear))
}

async fn hear(
    State(app): State<Shared>,
    client: Client,
    Path(channel): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let id: ChannelId = id(&channel)?;
    let directory = app.directory();
    let channel = directory.channels.get(&id).filter(|it| it.enabled).ok_or_else(Problem::not_found)?;
    let keys = Keys::of(&app, &app.db, id).await?;
    let query = query.unwrap_or_default();
    let heard = match &channel.setup {
        Setup::Platform(_) => platform::hear(&app, id, &headers, &body).await,
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
    Ok(StatusCode::OK.into_response())
}
