//! The two ways a client stays connected: a WebSocket, or server-sent events with POST where that is blocked. Both
//! carry the same frames, and behind a `Line` nobody knows which it is.

pub mod console;
mod line;
mod stream;
mod visitor;
pub mod welcome;

use crate::{
    app::Shared,
    auth::SignedIn,
    http::client::Client,
    problem::{Code, Problem},
    tasks,
};
use axum::{
    Router,
    extract::{State, WebSocketUpgrade, ws::Utf8Bytes},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing,
};
use futures_util::future::BoxFuture;
use line::{Heard, Line, Way};
use std::time::Duration;
use yingda_core::lang::Lang;
use yingda_wire::frame::{ClientFrame, MAX_FRAME, ServerFrame};

/// A connection that says nothing is let go.
const FIRST_FRAME: Duration = Duration::from_secs(10);
/// Clients ping every 25 s; after this silence the other end is gone.
const SILENCE: Duration = Duration::from_secs(90);
/// tungstenite clears its read buffer before every read: small is fast, and small is memory saved per socket.
const READ_BUFFER: usize = 512;
const WRITE_BUFFER: usize = 4_096;
/// More than this unsent, and the socket is dropped.
const MOST_UNSENT: usize = 256 * 1_024;

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/ws", routing::get(open))
        .route("/stream", routing::get(stream::open))
        .route("/stream/{id}", routing::post(stream::post))
}

/// Who is at the other end, as far as the request tells.
pub(crate) struct Caller {
    pub client: Client,
    pub signed_in: Option<SignedIn>,
}

async fn open(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    signed_in: Result<SignedIn, Problem>,
    upgrade: WebSocketUpgrade,
) -> Response {
    // Browsers always name the page's origin; a page of another site must not speak with our cookie.
    let signed_in = signed_in.ok().filter(|_| is_own_origin(&headers));
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MOST_UNSENT)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(move |socket| {
            serve(app, Line::new(Way::Socket(Box::new(socket))), Caller { client, signed_in })
        })
        .into_response()
}

fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST)
}

/// One connection from its first frame to its end.
async fn serve(app: Shared, mut line: Line, caller: Caller) {
    if let Some(first) = Box::pin(first_frame(&mut line)).await {
        talk(app, line, caller, &first).await;
    }
}

async fn first_frame(line: &mut Line) -> Option<Utf8Bytes> {
    let first = tokio::select! {
        first = tokio::time::timeout(FIRST_FRAME, line.hear()) => first.ok()??,
        () = tasks::stopping() => return None,
    };
    match first {
        Heard::Text(text) => Some(text),
        Heard::Other => None,
    }
}

/// The rest of a connection, by its first frame. A box holds just what its kind needs: what is needed only once must
/// not stay in every connection's memory.
fn talk(app: Shared, mut line: Line, caller: Caller, first: &str) -> BoxFuture<'static, ()> {
    match serde_json::from_str(first) {
        Ok(ClientFrame::Hello(hello)) => Box::pin(visitor::serve(app, line, caller.client, Box::new(hello))),
        Ok(ClientFrame::Console(hello)) => Box::pin(console::serve(app, line, caller, hello)),
        Ok(_) => {
            let wrong = bad("The first frame must be `hello` or `console`.");
            Box::pin(async move { line.say(&wrong).await })
        }
        Err(error) => Box::pin(async move { line.say(&bad(&error.to_string())).await }),
    }
}

fn bad(message: &str) -> ServerFrame {
    ServerFrame::Bad { message: message.into(), is_final: false }
}

/// A refusal that stays one, in words.
fn final_problem(code: Code, lang: Lang) -> ServerFrame {
    let told = crate::sentences::of(code).said(lang);
    ServerFrame::Bad { message: told.what.into(), is_final: true }
}

/// A refusal without a command behind it, in words.
fn problem(code: Code, lang: Lang) -> ServerFrame {
    bad(crate::sentences::of(code).said(lang).what)
}
