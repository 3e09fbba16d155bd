//! Telephones of staff: what a softphone or a desk phone registers with, and the way of a browser's.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    auth::{Caller, SignedIn},
    http::{body::Json, client::Peer, conversations, edit::id},
    problem::Problem,
};
use axum::{
    Router,
    extract::{
        ConnectInfo, Path, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing,
};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use tokio::sync::mpsc;
use yingda_core::{access::Action, id::ConversationId, refusal::Refusal};
use yingda_wire::http::{CallOrder, PhoneLine};

/// Frames that wait in either direction.
const QUEUE: usize = 64;
const LARGEST: usize = 65_535;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(line)).routes(routes!(call))
}

/// Where browsers' phones come in: SIP over WebSocket (RFC 7118).
pub fn doors() -> Router<Shared> {
    Router::new().route("/sip", routing::get(open))
}

/// What one's own telephone registers with. The password is good as long as the server runs and one is signed in. Where
/// there is no telephone the answer is empty.
#[utoipa::path(post, path = "/phone/line", tag = "phone",
    responses((status = 200, body = PhoneLine), (status = 204)))]
async fn line(State(app): State<Shared>, caller: Caller) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::ConversationServe)?;
    let user = caller.user.ok_or(Refusal::Forbidden)?;
    let Some(phone) = app.phone.get() else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let line = Json(PhoneLine {
        extension: user.to_string(),
        password: phone.admit(user),
        realm: "yingda".into(),
        port: phone.voice.port(),
    });
    Ok(line.into_response())
}

/// Holds, resumes, mutes or ends the call of a conversation, or lets the agent's phone ring again.
#[utoipa::path(post, path = "/conversations/{id}/call", tag = "phone", params(("id" = ConversationId, Path)),
    request_body = CallOrder, responses((status = 204)))]
async fn call(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
    Json(body): Json<CallOrder>,
) -> Result<StatusCode, Problem> {
    let id: ConversationId = id(&conversation)?;
    conversations::served(&app, &caller, id).await?;
    let told = app.phone.get().is_some_and(|phone| phone.wish(id, body.wish));
    if told { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::WrongPhase.into()) }
}

async fn open(
    State(app): State<Shared>,
    signed_in: SignedIn,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    if app.phone.get().is_none() {
        return Err(Problem::not_found());
    }
    tracing::debug!(user = %signed_in.user, "a browser's phone connects");
    Ok(upgrade
        .protocols(["sip"])
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_upgrade(move |socket| carry(app, peer.address, socket)))
}

/// Frames of a socket, in both directions, until either end is gone.
async fn carry(app: Shared, from: SocketAddr, socket: WebSocket) {
    let Some(phone) = app.phone.get() else { return };
    let (mut writer, mut reader) = socket.split();
    let (incoming, received) = mpsc::channel(QUEUE);
    let (outgoing, mut to_send) = mpsc::channel::<Vec<u8>>(QUEUE);
    let read = async {
        while let Some(Ok(message)) = reader.next().await {
            let frame = match message {
                Message::Text(text) => text.as_bytes().to_vec(),
                Message::Binary(bytes) => bytes.to_vec(),
                Message::Close(_) => break,
                Message::Ping(_) | Message::Pong(_) => continue,
            };
            if incoming.send(frame).await.is_err() {
                break;
            }
        }
    };
    let write = async {
        while let Some(frame) = to_send.recv().await {
            let text = String::from_utf8_lossy(&frame).into_owned();
            if writer.send(Message::Text(text.into())).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
        () = crate::tasks::stopping() => {}
        result = phone.voice.web(from, received, outgoing) => {
            if let Err(error) = result {
                tracing::debug!(%from, %error, "a browser's phone broke off");
            }
        }
    }
}
