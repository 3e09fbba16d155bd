//! Sign-ins and sign-outs on other nodes, read from the store whenever something of the kind was committed.

use crate::{app::Shared, channels::phone, sessions::Session};
use std::sync::Arc;
use tokio::sync::Notify;
use yingda_core::event::Fact;
use yingda_store::session;

/// Whether a fact may have opened or ended a sign-in.
pub fn are_concerned(fact: &Fact) -> bool {
    matches!(fact, Fact::SignedIn { .. } | Fact::SignedOut { .. } | Fact::RecordChanged { .. })
}

pub async fn follow(app: Shared, changed: Arc<Notify>) {
    loop {
        changed.notified().await;
        let known = app.sessions.known();
        match session::open(&app.db, app.clock.now()).await {
            Ok(stored) => {
                for (ended, user) in app.sessions.renew(&known, stored.into_iter().map(Session::stored)) {
                    app.hub.sign_out(user, Some(ended), "ended");
                    phone::forget_absent(&app, user);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "sign-ins on other nodes wait for the store");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                changed.notify_one();
            }
        }
    }
}
