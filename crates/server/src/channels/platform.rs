//! Any platform that speaks our signed webhooks: the connector protocol of docs/connector.md.
//!
//! Both directions are POSTs of JSON with `X-Yingda-Signature: t=<milliseconds>,v1=<hex HMAC-SHA-256 of "t.body">`
//! under the channel's key, the same form in which our webhooks are signed.

use super::{
    attach,
    connector::{Failure, Parcel, Taken, Tried},
    heard::{Arrival, Heard, Message},
};
use crate::{
    app::{App, Shared},
    jobs::webhooks::signature,
    outgoing,
    problem::{Code, Problem},
    secrets::same,
};
use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;
use yingda_core::{
    At, config::PlatformSetup, conversation::Content, event::Delivery, id::*, lang::Lang, refusal::Refusal,
};

/// A signature this old is not taken: whoever recorded a request cannot bring it again later.
const FRESH_MS: At = 300_000;
const HEADER: &str = "x-yingda-signature";

/// What a platform signs with, and verifies our requests with.
pub fn key(app: &App, id: ChannelId) -> String {
    format!("chsec_{}", hex::encode(app.secrets.mac("channel", &id.0.to_be_bytes())))
}

/// A platform's request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Message(Box<Said>),
    Receipt(Receipt),
}

#[derive(Debug, Deserialize)]
struct Said {
    /// The platform's id of the message: the same again is the same message.
    id: String,
    from: From,
    #[serde(default)]
    text: String,
    #[serde(default)]
    file: Option<Sent>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct From {
    /// The platform's id of the person.
    id: String,
    name: String,
    phone: String,
    email: String,
    lang: Option<Lang>,
}

#[derive(Debug, Deserialize)]
struct Sent {
    name: String,
    /// Base64.
    data: String,
}

#[derive(Debug, Deserialize)]
struct Receipt {
    id: String,
    state: Delivery,
    #[serde(default)]
    reason: String,
}

/// Whether the request is signed with the channel's key, a short while ago.
fn is_signed(key: &str, headers: &HeaderMap, body: &[u8], now: At) -> bool {
    let Some(given) = headers.get(HEADER).and_then(|it| it.to_str().ok()) else { return false };
    let at = given.strip_prefix("t=").and_then(|it| it.split(',').next()).and_then(|it| it.parse().ok());
    at.is_some_and(|at: At| {
        (now - at).abs() <= FRESH_MS && same(signature(key, at, body).as_bytes(), given.as_bytes())
    })
}

/// Reads a platform's request; what it brings goes into the inbox.
pub async fn hear(
    app: &Shared,
    id: ChannelId,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<Arrival>, Problem> {
    if !is_signed(&key(app, id), headers, body, app.clock.now()) {
        return Err(Problem::new(Code::BadSignature));
    }
    let told: Told = serde_json::from_slice(body).map_err(|error| {
        let why = error.to_string();
        Problem::field(
            "body",
            format!("不是连接器协议的请求：{why}"),
            format!("Not a request of the protocol: {why}"),
        )
    })?;
    Ok(match told {
        Told::Receipt(Receipt { id, state, reason }) => {
            let term = format!("receipt {id}");
            let key = format!("{term} {state:?}");
            vec![Arrival { key, term, heard: Heard::Receipt { outside_id: id, state, reason } }]
        }
        Told::Message(said) => message(app, *said).await?,
    })
}

async fn message(app: &Shared, said: Said) -> Result<Vec<Arrival>, Problem> {
    let Said { id, from, text, file } = said;
    if id.is_empty() || from.id.is_empty() || id.len() > 200 || from.id.len() > 200 {
        return Err(Problem::from(Refusal::BadValue).and_field(
            "id",
            "消息和发送者都要有编号，各不超过 200 个字符。",
            "Message and sender each need an id of at most 200 characters.",
        ));
    }
    let mut contents = vec![];
    if !text.trim().is_empty() {
        contents.push(Content::Text { text });
    }
    if let Some(Sent { name, data }) = file {
        let data = STANDARD
            .decode(data)
            .map_err(|_| Problem::field("file", "不是有效的 Base64。", "Not valid Base64."))?;
        let kept = attach::keep_message(app, &name, data.into()).await;
        contents.push(kept.map_err(|error| Problem::broken("a file could not be kept", error))?);
    }
    if contents.is_empty() {
        return Err(Refusal::Empty.into());
    }
    let arrival = |(n, content): (usize, Content)| Arrival {
        key: format!("{id} {n}"),
        term: from.id.clone(),
        heard: Heard::Message(Box::new(Message {
            name: from.name.clone(),
            label: if from.name.is_empty() { from.id.clone() } else { from.name.clone() },
            phone: from.phone.clone(),
            email: from.email.clone(),
            lang: from.lang,
            content: Some(content),
            ..Message::default()
        })),
    };
    Ok(contents.into_iter().enumerate().map(arrival).collect())
}

/// Posts a reply. An answer of `{"id": "…"}` names it for receipts.
pub async fn deliver(
    app: &Shared,
    id: ChannelId,
    setup: &PlatformSetup,
    parcel: &Parcel,
) -> Result<Taken, Failure> {
    let mut body = json!({
        "id": parcel.id.to_string(),
        "to": parcel.to.term,
        "conversation": parcel.conversation,
        "agent": parcel.persona.name,
        "at": parcel.at,
    });
    match &parcel.content {
        Content::Text { text } => body["text"] = json!(text),
        Content::File { file, name, mime, .. } => {
            let data = attach::read(app, *file).await.map_err(Failure::Later)?;
            body["file"] = json!({ "name": name, "mime": mime, "data": STANDARD.encode(data) });
        }
        Content::Mail { .. } => return Err(Failure::Never("a platform takes no mail".into())),
    }
    post(app, id, setup, body.to_string().into_bytes()).await
}

async fn post(app: &Shared, id: ChannelId, setup: &PlatformSetup, body: Vec<u8>) -> Result<Taken, Failure> {
    let at = app.clock.now();
    let request = app
        .outgoing
        .post(&setup.url)
        .map_err(Failure::Down)?
        .header("content-type", "application/json")
        .header(HEADER, signature(&key(app, id), at, &body))
        .body(body);
    let answer = request.send().await.map_err(|error| Failure::Down(outgoing::told(error)))?;
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    match status.as_u16() {
        200..300 => Ok(serde_json::from_str::<Named>(&text).ok().map(|named| named.id)),
        408 | 425 | 429 => Err(Failure::Later(format!("answered {status}"))),
        400..500 => Err(Failure::Never(format!("answered {status}: {}", short(&text)))),
        _ => Err(Failure::Down(format!("answered {status}: {}", short(&text)))),
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

pub async fn try_out(app: &Shared, id: ChannelId, setup: &PlatformSetup) -> Vec<Tried> {
    let body = json!({ "ping": app.clock.now() }).to_string().into_bytes();
    let outcome = post(app, id, setup, body).await.map(drop).map_err(Failure::told);
    vec![Tried::new("向平台地址发一个空请求", "An empty request to the platform's address", outcome)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_with_its_key_and_body_for_five_minutes() {
        let mut headers = HeaderMap::new();
        assert!(!is_signed("key", &headers, b"{}", 5));
        // echo -n '5.{}' | openssl dgst -sha256 -hmac key
        let good = "t=5,v1=9be615aec64f0d044b5ad6854ab1d893ec88617fb728d2149dcd3a3428e8c45d";
        headers.insert(HEADER, good.parse().unwrap());
        assert!(is_signed("key", &headers, b"{}", 5));
        assert!(is_signed("key", &headers, b"{}", 5 + FRESH_MS));
        assert!(!is_signed("key", &headers, b"{}", 6 + FRESH_MS), "too old");
        assert!(!is_signed("other", &headers, b"{}", 5));
        assert!(!is_signed("key", &headers, b"{ }", 5));
        headers.insert(HEADER, "t=x,v1=".parse().unwrap());
        assert!(!is_signed("key", &headers, b"{}", 5));
    }
}
