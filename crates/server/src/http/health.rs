//! Whether the process lives, and whether it can serve.

use crate::site::question::Question;
use crate::{app::Shared, problem::Problem};
use axum::{Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};
use yingda_core::{At, engine::Engine};

pub fn routes() -> Router<Shared> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// The process answers.
async fn alive() -> &'static str {
    "ok\n"
}

/// The site's loop answers, so commands are taken and stored.
async fn ready(State(app): State<Shared>) -> Result<&'static str, Problem> {
    app.site.ask(Alive).await?;
    Ok("ready\n")
}

/// Whether the loop answers at all.
#[derive(Debug, Serialize, Deserialize)]
pub struct Alive;

impl Question for Alive {
    type Answer = ();

    fn answer(self, _: &Engine, _: At) {}
}
