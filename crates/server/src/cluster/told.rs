//! On every node but the owner: the site's committed events come in and go to this node's sockets. What was lost on
//! the way is read from the store, so nobody misses anything.

use super::{
    bus::Bus,
    link::{Head, Way},
    sessions,
};
use crate::{app::Shared, site::stored_directory};
use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::sync::Notify;
use yingda_core::event::Event;
use yingda_store::{ReadError, event as events};
use yingda_wire::frame::ServerFrame;

const READ: usize = 1_000;

/// Follows the log as long as the process lives. `changed` is told when somebody signed in or out elsewhere.
pub async fn follow(app: Shared, bus: Bus, mut told: Subscriber, changed: Arc<Notify>) {
    let mut connections = bus.connections();
    loop {
        tokio::select! {
            message = told.next() => match message {
                Some(message) => {
                    if let Err(error) = hear(&app, &message.payload, &changed).await {
                        tracing::warn!(%error, "committed events wait for the store");
                    }
                }
                None => return,
            },
            // Sign-outs may have been missed.
            made = connections.changed() => {
                if made.is_ok() {
                    changed.notify_one();
                }
            }
        }
    }
}

async fn hear(app: &Shared, payload: &Bytes, changed: &Notify) -> Result<(), ReadError> {
    let mut lines = payload.split(|byte| *byte == b'\n');
    let head: Option<Head> = lines.next().and_then(|line| serde_json::from_slice(line).ok());
    let Some(head) = head else {
        tracing::error!("a message about committed events could not be read");
        return Ok(());
    };
    // While the site is owned here, this node's own loop tells its sockets.
    if app.site.is_here() {
        return Ok(());
    }
    let reached = *app.site.position().borrow();
    if head.after > reached {
        catch_up(app, reached, head.after).await?;
        changed.notify_one();
    }
    let reached = *app.site.position().borrow();
    while let (Some(way), Some(frame)) = (lines.next().filter(|line| !line.is_empty()), lines.next()) {
        let Ok(way) = serde_json::from_slice::<Way>(way) else { continue };
        if way.seq <= reached {
            continue;
        }
        let event = if way.plain { None } else { read(frame) };
        if event.as_ref().is_some_and(|event| sessions::are_concerned(&event.fact)) {
            changed.notify_one();
        }
        app.hub.publish_one(way.seq, &way.route, payload.slice_ref(frame), event.as_ref());
    }
    if head.reload {
        reload(app).await?;
    }
    app.site.reached(reached.max(head.head));
    Ok(())
}

/// Reads what was missed and gives it to those who take part; consoles ask for their desk again.
async fn catch_up(app: &Shared, reached: u64, until: u64) -> Result<(), ReadError> {
    tracing::info!(reached, until, "events that did not arrive are read from the store");
    let mut at = reached;
    while at < until {
        let found = events::since(&app.db, at, READ).await?;
        let Some(last) = found.last() else { break };
        at = last.seq;
        for stored in found.iter().filter(|stored| stored.seq <= until) {
            let Some(body) = &stored.body else { continue };
            if let Some(event) = read(body) {
                app.hub.publish_missed(&event, Bytes::copy_from_slice(body));
            }
        }
    }
    reload(app).await?;
    app.site.reached(until);
    Ok(())
}

/// Configuration and desks anew.
async fn reload(app: &Shared) -> Result<(), ReadError> {
    let fresh = app.directory.put(stored_directory(&app.db).await?);
    app.hub.refresh(&fresh);
    Ok(())
}

fn read(frame: &[u8]) -> Option<Event> {
    match serde_json::from_slice(frame) {
        Ok(ServerFrame::Event(event)) => Some(event),
        _ => None,
    }
}
