//! Whether the process lives, and whether it can serve.

use crate::{app::Shared, problem::Problem};
use axum::{Router, extract::State, routing::get};

pub fn routes() -> Router<Shared> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// The process answers.
async fn alive() -> &'static str {
    "ok\n"
}

/// The site's loop answers, so commands are taken and stored.
async fn ready(State(app): State<Shared>) -> Result<&'static str, Problem> {
    app.site.ask(|_, _| ()).await?;
    Ok("ready\n")
}
