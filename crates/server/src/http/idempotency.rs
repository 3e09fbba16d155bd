//! `Idempotency-Key`: the same request again gets the same answer, for seven days; another request under the same
//! key is refused. The answer is kept in the transaction that it tells of, so that no crash comes between.

use crate::{
    app::{App, Shared},
    auth::Caller,
    http::body::Json,
    problem::{Code, Problem},
    site::Item,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use yingda_core::{At, actor::Actor, command::Sent, id::Tab, refusal::Refusal};
use yingda_store::{Batch, CommitError, Statement, idempotency as rows};

pub const KEPT_MS: At = 7 * 24 * 3_600_000;
/// Answers may hold secrets that are shown once: they are kept sealed.
const PURPOSE: &str = "idempotency";

/// A creating request: who sends it, its body, and its key if it has one. A request that was answered before never
/// reaches the handler.
pub struct Once<T> {
    pub caller: Caller,
    pub body: T,
    pub key: Option<Key>,
}

/// A key that was not used before.
pub struct Key {
    actor: String,
    name: String,
    request: [u8; 32],
}

impl Key {
    /// Looks a request up. `Err` holds the answer that it got before, or why it may not be sent.
    pub async fn look_up(
        app: &App,
        actor: Actor,
        headers: &HeaderMap,
        request: [u8; 32],
    ) -> Result<Option<Key>, Response> {
        let Some(name) = headers.get("idempotency-key") else { return Ok(None) };
        let name = match name.to_str() {
            Ok(name) if (1..=200).contains(&name.len()) => name.to_owned(),
            _ => {
                let (zh, en) = (
                    "Idempotency-Key 应为 1 到 200 个可见字符",
                    "Idempotency-Key has 1 to 200 visible characters",
                );
                return Err(Problem::new(Code::BadQuery).on(zh, en).into_response());
            }
        };
        let actor = name_of(actor);
        let kept = rows::get(&app.db, &actor, &name, app.clock.now());
        match kept.await.map_err(|error| Problem::from(error).into_response())? {
            None => Ok(Some(Key { actor, name, request })),
            Some(kept) if kept.request_hash == request => Err(Replay::kept(app, &kept).into_response()),
            Some(_) => Err(Problem::new(Code::KeyReused).into_response()),
        }
    }

    /// The sender's identity for the engine: the key's first and only command, so that a repetition is known even
    /// when the answer was lost before it could be kept.
    pub fn origin(&self) -> Sent {
        let hash = Sha256::digest([self.actor.as_bytes(), b"\n", self.name.as_bytes()].concat());
        Sent { tab: Tab(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])), n: 1, base: 1 }
    }

    /// The number of what the request brings, such as somebody new: the same each time it comes, so that what was
    /// stored before its answer was kept is known. It lies below all others, as those of files do.
    pub fn number(&self, app: &App) -> i64 {
        let name = [self.actor.as_bytes(), b"\n", self.name.as_bytes()].concat();
        let hash = app.secrets.mac("visitor-of-request", &name);
        let [a, b, c, d, e, f, g, ..] = hash;
        (u64::from_be_bytes([0, a, b, c, d, e, f, g]) >> 4) as i64
    }

    /// Keeps the answer beside what it tells of.
    pub fn keep(&self, app: &App, replay: &Replay) -> Statement {
        let kept = rows::Answered {
            request_hash: self.request.to_vec(),
            status: replay.status.as_u16(),
            body: app.secrets.seal(PURPOSE, &replay.stored()),
        };
        rows::insert(&self.actor, &self.name, &kept, app.clock.now() + KEPT_MS)
    }
}

/// Makes a change of records and keeps its answer in the same transaction. When the same request came twice at once,
/// the slower one gets the other's answer.
pub async fn change(
    app: &App,
    key: Option<Key>,
    replay: Replay,
    mut item: Item,
) -> Result<Response, Problem> {
    item.writes.extend(key.as_ref().map(|key| key.keep(app, &replay)));
    match (app.site.change(item).await, key) {
        (Ok(_), _) => Ok(replay.into_response()),
        (Err(refused), Some(key)) if refused.refusal == Refusal::NameTaken => {
            answered(app, Some(&key)).await?.ok_or_else(|| refused.into())
        }
        (Err(refused), _) => Err(refused.into()),
    }
}

/// The answer that the same request has got meanwhile.
pub async fn answered(app: &App, key: Option<&Key>) -> Result<Option<Response>, Problem> {
    let Some(key) = key else { return Ok(None) };
    match rows::get(&app.db, &key.actor, &key.name, app.clock.now()).await? {
        Some(kept) if kept.request_hash == key.request => Ok(Some(Replay::kept(app, &kept)?.into_response())),
        _ => Ok(None),
    }
}

/// Keeps the answer to what was done already.
pub async fn remember(app: &App, key: &Key, replay: &Replay) {
    let statements = vec![key.keep(app, replay)];
    match app.db.commit(Batch { statements, ..Batch::default() }).await {
        // The same request came twice at once: one of the two answers is kept.
        Ok(()) | Err(CommitError::Conflict { .. }) => {}
        Err(error) => tracing::warn!(%error, "the answer to a request could not be kept"),
    }
}

/// What tells one request from another.
pub fn request_hash(method: &str, address: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), address.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn name_of(actor: Actor) -> String {
    match actor {
        Actor::Visitor { id } => format!("visitor:{id}"),
        Actor::User { id } => format!("user:{id}"),
        Actor::Api { id } => format!("api:{id}"),
        Actor::Bot => "bot".into(),
        Actor::System => "system".into(),
        Actor::Rule { id, run } => format!("rule:{id}:{run}"),
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for Once<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let caller = <Caller as FromRequestParts<Shared>>::from_request_parts(&mut parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let (method, address) = (parts.method.clone(), parts.uri.to_string());
        let headers = parts.headers.clone();
        let request = Request::from_parts(parts, body);
        let bytes = Bytes::from_request(request, app).await.map_err(IntoResponse::into_response)?;
        let hash = request_hash(method.as_str(), &address, &bytes);
        let key = Key::look_up(app, caller.actor, &headers, hash).await?;
        let mut again = Request::new(bytes.into());
        *again.headers_mut() = headers;
        let Json(body) = Json::<T>::from_request(again, app).await.map_err(IntoResponse::into_response)?;
        Ok(Once { caller, body, key })
    }
}

/// An answer that can be given again, to the byte.
pub struct Replay {
    status: StatusCode,
    version: Option<i64>,
    body: Vec<u8>,
}

impl Replay {
    pub fn new(status: StatusCode, body: &impl Serialize) -> Self {
        // Bodies are our own types with string keys: they always have a JSON form.
        let body = serde_json::to_vec(body).expect("an answer has a JSON form");
        Self { status, version: None, body }
    }

    pub fn tagged(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The version stands in front of the body, on a line of its own.
    fn stored(&self) -> Vec<u8> {
        let version = self.version.map(|version| version.to_string()).unwrap_or_default();
        [version.as_bytes(), b"\n", &self.body].concat()
    }

    fn kept(app: &App, kept: &rows::Answered) -> Result<Self, Problem> {
        let whole = app.secrets.unseal(PURPOSE, &kept.body);
        let whole =
            whole.ok_or_else(|| Problem::broken("a kept answer cannot be read", "the secret key changed"))?;
        let line = whole.iter().position(|byte| *byte == b'\n').unwrap_or_default();
        let (version, body) = whole.split_at(line);
        Ok(Self {
            status: StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK),
            version: std::str::from_utf8(version).ok().and_then(|text| text.parse().ok()),
            body: body.get(1..).unwrap_or_default().to_vec(),
        })
    }
}

impl IntoResponse for Replay {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let tag = self.version.map(|version| [(header::ETAG, format!("\"{version}\""))]);
        match tag {
            Some(tag) => (self.status, json, tag, self.body).into_response(),
            None => (self.status, json, self.body).into_response(),
        }
    }
}
