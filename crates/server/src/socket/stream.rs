//! Where WebSocket is blocked: frames come as server-sent events and go by POST, one frame a request.

use super::{
    Caller,
    line::{Line, Way},
    serve,
};
use crate::{
    app::Shared,
    auth::SignedIn,
    http::client::Client,
    problem::{Code, Problem},
    random, tasks,
};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use hashbrown::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard};
use tokio::sync::mpsc;
use yingda_core::refusal::Refusal;

/// Open streams by their secret name.
static STREAMS: LazyLock<Mutex<HashMap<String, mpsc::Sender<String>>>> = LazyLock::new(Mutex::default);

const QUEUE: usize = 64;

fn streams() -> MutexGuard<'static, HashMap<String, mpsc::Sender<String>>> {
    STREAMS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The stream's name leaves the table with its connection.
struct Entry(String);

impl Drop for Entry {
    fn drop(&mut self) {
        streams().remove(&self.0);
    }
}

pub async fn open(
    State(app): State<Shared>,
    client: Client,
    signed_in: Result<SignedIn, Problem>,
) -> Response {
    let id = hex::encode(random::bytes::<16>());
    let (frames, heard) = mpsc::channel(QUEUE);
    let (say, said) = mpsc::channel::<Bytes>(QUEUE);
    streams().insert(id.clone(), frames);
    let entry = Entry(id.clone());
    let hello = Bytes::from(format!(r#"{{"t":"stream","id":"{id}"}}"#));
    let caller = Caller { client, signed_in: signed_in.ok() };
    tasks::start("stream", async move {
        // A fresh queue has room for its first frame.
        let _ = say.send(hello).await;
        serve(app, Line::new(Way::Stream { heard, say }), caller).await;
    });
    let events = stream::unfold((said, entry), |(mut said, entry)| async move {
        let frame = said.recv().await?;
        let mut event = Vec::with_capacity(frame.len() + 8);
        event.extend_from_slice(b"data: ");
        event.extend_from_slice(&frame);
        event.extend_from_slice(b"\n\n");
        Some((Ok::<_, std::convert::Infallible>(event), (said, entry)))
    });
    // Proxies must not keep frames back.
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store, no-transform")];
    (headers, [("x-accel-buffering", "no")], Body::from_stream(events)).into_response()
}

pub async fn post(Path(id): Path<String>, frame: String) -> Result<StatusCode, Problem> {
    if frame.len() > yingda_wire::frame::MAX_FRAME {
        return Err(Refusal::TooLong.into());
    }
    let Some(stream) = streams().get(&id).cloned() else {
        return Err(Code::Refused(Refusal::NotFound).into());
    };
    stream.try_send(frame).map_err(|_| Problem::from(Refusal::Busy))?;
    Ok(StatusCode::ACCEPTED)
}
