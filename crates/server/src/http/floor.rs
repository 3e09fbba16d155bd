//! The floor as it is now: queues and agents.

use super::routes::{Routes, routes};
use crate::{
    app::Shared, auth::Caller, http::body::Json, problem::Problem, queue_now::queues_now,
    site::question::Question,
};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use yingda_core::{
    At,
    access::{Action, Reach},
    engine::Engine,
};
use yingda_wire::http::Floor;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(floor))
}

/// Queues and agents as they are now, as far as one may oversee them.
#[utoipa::path(get, path = "/floor", tag = "floor", responses((status = 200, body = Floor)))]
async fn floor(State(app): State<Shared>, caller: Caller) -> Result<Json<Floor>, Problem> {
    let reach = app.reach(caller.actor, Action::FloorRead)?;
    Ok(Json(app.site.ask(FloorNow { reach }).await?))
}

/// Queues and agents as they are now, within a reach.
#[derive(Debug, Serialize, Deserialize)]
pub struct FloorNow {
    reach: Reach,
}

impl FloorNow {
    /// The whole floor, for the system itself.
    pub const WHOLE: Self = Self { reach: Reach::Everything };
}

impl Question for FloorNow {
    type Answer = Floor;

    fn answer(self, engine: &Engine, now: At) -> Floor {
        let reach = self.reach;
        let sees = |user| match &reach {
            Reach::Everything => true,
            Reach::Users(users) => users.contains(&user),
        };
        let directory = &engine.directory;
        let serves = |queue| directory.users.keys().any(|user| sees(*user) && directory.serves(*user, queue));
        let sees_queue =
            |id| reach == Reach::Everything || directory.queues.get(&id).is_some_and(|queue| serves(queue));
        Floor {
            queues: queues_now(engine, sees_queue, now),
            agents: engine.agents.values().filter(|agent| sees(agent.id)).cloned().collect(),
        }
    }
}
