//! 微信客服 of 企业微信: the platform tells that there is something, and what there is is pulled by a cursor, which is
//! kept in the same commit as what it brought. Source: the platform's public documents on 微信客服 (receiving messages
//! and events, sending messages, assigning conversations).

use super::{
    Person, Query,
    api::Api,
    crypt::{Key, signature},
    in_time, message, xml,
};
use crate::{
    app::Shared,
    channels::{
        connector::{Carried, Failure, Parcel, Taken, Tried},
        heard::{self, Arrival, Heard, Media},
        keys::Keys,
        standing::{Teller, Way},
        template::encode,
    },
    jobs::Duty,
    problem::{Code, Problem},
    secrets::same,
};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use yingda_core::{
    config::{Channel, Setup, WecomSetup},
    conversation::Content,
    id::ChannelId,
};
use yingda_store::channel as rows;

const BASE: &str = "https://qyapi.weixin.qq.com";
/// So many come in one pull.
const PULL: u32 = 1_000;
/// A callback may be lost on its way: so often we look by ourselves.
const LOOK: Duration = Duration::from_secs(300);
const AGAIN: Duration = Duration::from_secs(5);
/// The mark that holds the cursor.
const CURSOR: &str = "cursor";

/// The platform has something for us.
pub static PULLS: Notify = Notify::const_new();

fn api<'a>(app: &'a Shared, channel: ChannelId, setup: &'a WecomSetup, keys: &Keys) -> Api<'a> {
    let base = if setup.base_url.is_empty() { BASE } else { setup.base_url.trim_end_matches('/') };
    let (corp, secret) = (encode(&setup.corp_id), encode(keys.get("secret")));
    let token_path = format!("/cgi-bin/gettoken?corpid={corp}&corpsecret={secret}");
    Api { app, channel, base, token_path, token_body: None }
}

/// Opens what the platform sealed for us.
fn open(setup: &WecomSetup, keys: &Keys, query: &Query, sealed: &str) -> Result<Vec<u8>, Problem> {
    let token = keys.get("token");
    let expected = signature(&[token, query.get("timestamp"), query.get("nonce"), sealed]);
    let key = Key::parse(keys.get("aes_key"));
    let is_ours = !token.is_empty() && same(expected.as_bytes(), query.get("msg_signature").as_bytes());
    let opened = key.filter(|_| is_ours).and_then(|key| key.open(sealed, &setup.corp_id));
    opened.ok_or_else(|| Problem::new(Code::BadSignature))
}

/// The platform makes sure that the address is ours: it gets back what it sealed.
pub fn prove(setup: &WecomSetup, keys: &Keys, query: &Query) -> Result<Response, Problem> {
    Ok(open(setup, keys, query, query.get("echostr"))?.into_response())
}

/// A callback says only that there is something.
pub fn hear(setup: &WecomSetup, keys: &Keys, query: &Query, body: &[u8]) -> Result<Vec<Arrival>, Problem> {
    let outer = xml::read(body).ok_or_else(|| Problem::new(Code::BadSignature))?;
    let sealed = outer.get("Encrypt").ok_or_else(|| Problem::new(Code::BadSignature))?;
    open(setup, keys, query, sealed)?;
    Ok(vec![])
}

/// Pulls whenever the platform says so.
pub async fn listen(duty: Duty, id: ChannelId, channel: Arc<Channel>) {
    let Setup::Wecom(setup) = &channel.setup else { return };
    let mut teller = Teller::new(id, Way::In);
    loop {
        // Asked for before pulling: what is told in between is not missed.
        let told = PULLS.notified();
        let wait = match pull(&duty, id, setup).await {
            Ok(()) => {
                teller.well(&duty).await;
                LOOK
            }
            Err(error) => {
                teller.fails(&duty, &error).await;
                AGAIN
            }
        };
        tokio::select! {
            () = told => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn pull(duty: &Duty, id: ChannelId, setup: &WecomSetup) -> Result<(), String> {
    let said = |error: yingda_store::ReadError| error.to_string();
    let keys = Keys::of(&duty.app, &duty.db, id).await.map_err(said)?;
    let api = api(&duty.app, id, setup, &keys);
    loop {
        let cursor = rows::mark(&duty.db, id, CURSOR).await.map_err(said)?.unwrap_or_default();
        let answer = api
            .post("/cgi-bin/kf/sync_msg", &json!({ "cursor": cursor, "limit": PULL }))
            .await
            .map_err(Failure::told)?;
        let items = answer["msg_list"].as_array().map_or(&[][..], Vec::as_slice);
        let arrivals: Vec<Arrival> = items.iter().filter_map(arrival).collect();
        let next = answer["next_cursor"].as_str().unwrap_or_default();
        if !next.is_empty() && next != cursor {
            let mark = rows::put_mark(id, CURSOR, next);
            heard::keep(&duty.app, &duty.db, id, &arrivals, vec![mark]).await.map_err(said)?;
        }
        if answer["has_more"] != 1 || next == cursor {
            return Ok(());
        }
    }
}

/// What a customer said. Our own words and the platform's events bring nothing.
fn arrival(item: &Value) -> Option<Arrival> {
    const CUSTOMER: i64 = 3;
    let get = |name: &str| item[name].as_str().unwrap_or_default();
    let (person, desk, kind) = (get("external_userid"), get("open_kfid"), get("msgtype"));
    if item["origin"] != CUSTOMER || person.is_empty() || get("msgid").is_empty() {
        return None;
    }
    let part = |name: &str| item[kind][name].as_str().unwrap_or_default().to_owned();
    let text = |text: String| (Some(Content::Text { text }), None);
    let media = |ending: &str| (None, Some(Media { id: part("media_id"), name: format!("{kind}.{ending}") }));
    let (content, media) = match kind {
        "text" => text(part("content")),
        "image" => media("jpg"),
        "voice" => media("amr"),
        "video" => media("mp4"),
        "file" => media("bin"),
        "location" => text(format!("📍 {} {}", part("name"), part("address"))),
        "link" => text(format!("{}\n{}\n{}", part("title"), part("desc"), part("url"))),
        other => text(format!("[{other}]")),
    };
    let message = message("微信客户", person, content, media);
    Some(Arrival {
        key: format!("message {}", get("msgid")),
        // A reply leaves by the same desk.
        term: format!("{person} {desk}"),
        heard: Heard::Message(Box::new(message)),
    })
}

pub async fn fetch(
    app: &Shared,
    id: ChannelId,
    setup: &WecomSetup,
    keys: &Keys,
    media: &Media,
) -> Result<Content, Failure> {
    super::fetch(api(app, id, setup, keys), media).await
}

/// Who a customer is: the platform tells the unionid where the company has bound its accounts.
pub async fn who(
    app: &Shared,
    id: ChannelId,
    setup: &WecomSetup,
    keys: &Keys,
    term: &str,
) -> Result<Person, Failure> {
    let person = term.split(' ').next().unwrap_or_default();
    let asked = json!({ "external_userid_list": [person], "need_enter_session_context": 0 });
    let answer = api(app, id, setup, keys).post("/cgi-bin/kf/customer/batchget", &asked).await?;
    let mut known = answer["customer_list"].as_array().into_iter().flatten();
    Ok(known.find(|it| it["external_userid"] == person).map(Person::told).unwrap_or_default())
}

pub async fn deliver(
    app: &Shared,
    id: ChannelId,
    setup: &WecomSetup,
    keys: &Keys,
    parcel: &Parcel,
) -> Result<Taken, Failure> {
    in_time(app, parcel)?;
    let Some((person, desk)) = parcel.to.term.split_once(' ') else {
        return Err(Failure::Never("it is not known by which desk the customer came".into()));
    };
    let api = api(app, id, setup, keys);
    // The same name again is the same message to the platform.
    let mut body = json!({ "touser": person, "open_kfid": desk, "msgid": format!("yd{}", parcel.id) });
    let kind_of = |mime: &str| {
        Some(match mime {
            "image/jpeg" | "image/png" => "image",
            "audio/amr" => "voice",
            "video/mp4" => "video",
            _ => "file",
        })
    };
    super::fill(&api, &mut body, &parcel.content, kind_of).await?;
    let answer = match api.post("/cgi-bin/kf/send_msg", &body).await {
        // The platform holds the customer for somebody else: we take them, and say it again.
        Err(Failure::Never(error)) if error.contains(WRONG_STATE) => {
            take(&api, person, desk).await?;
            api.post("/cgi-bin/kf/send_msg", &body).await?
        }
        other => other?,
    };
    Ok(answer["msgid"].as_str().map(str::to_owned))
}

/// How the refusal of a message ends that comes in a state in which the platform takes none from programs.
const WRONG_STATE: &str = "(95018)";

/// What the platform is told of a conversation (分配客服会话).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One of ours serves.
    Served,
    Ended,
}

/// The platform's states. Who answers through the interface, be it a person or a program, is its 智能助手: in any
/// other state it refuses our messages.
mod state {
    pub const NEW: i64 = 0;
    pub const OURS: i64 = 1;
    pub const POOL: i64 = 2;
    pub const MEMBER: i64 = 3;
    pub const ENDED: i64 = 4;
}

/// Moves the platform's conversation along with ours. What is refused is told, and holds up no reply.
pub async fn follow(
    app: &Shared,
    id: ChannelId,
    setup: &WecomSetup,
    keys: &Keys,
    term: &str,
    turn: Turn,
) -> Result<Carried, Failure> {
    let Some((person, desk)) = term.split_once(' ') else {
        return Err(Failure::Never("it is not known by which desk the customer came".into()));
    };
    let api = api(app, id, setup, keys);
    let moved = match turn {
        Turn::Served => take(&api, person, desk).await,
        Turn::Ended => end(&api, person, desk).await,
    };
    match moved {
        Ok(()) => Ok(Carried { is_quiet: true, ..Carried::default() }),
        Err(Failure::Later(error)) => Err(Failure::Never(error)),
        Err(other) => Err(other),
    }
}

/// Out of the platform's own waiting room, so that none of its robots and members answers as well.
async fn take(api: &Api<'_>, person: &str, desk: &str) -> Result<(), Failure> {
    match state_of(api, person, desk).await? {
        state::NEW | state::POOL => transfer(api, person, desk, state::OURS).await,
        state::MEMBER => Err(Failure::Never(
            "a colleague serves this customer in 企业微信; it takes no other replies".into(),
        )),
        state::ENDED => Err(Failure::Never(
            "the platform has ended this conversation until the customer writes again".into(),
        )),
        _ => Ok(()),
    }
}

async fn end(api: &Api<'_>, person: &str, desk: &str) -> Result<(), Failure> {
    match state_of(api, person, desk).await? {
        // Whom a colleague serves over there is theirs.
        state::MEMBER | state::ENDED => Ok(()),
        _ => transfer(api, person, desk, state::ENDED).await,
    }
}

async fn state_of(api: &Api<'_>, person: &str, desk: &str) -> Result<i64, Failure> {
    let asked = json!({ "open_kfid": desk, "external_userid": person });
    let answer = api.post("/cgi-bin/kf/service_state/get", &asked).await?;
    Ok(answer["service_state"].as_i64().unwrap_or_default())
}

async fn transfer(api: &Api<'_>, person: &str, desk: &str, to: i64) -> Result<(), Failure> {
    let asked = json!({ "open_kfid": desk, "external_userid": person, "service_state": to });
    api.post("/cgi-bin/kf/service_state/trans", &asked).await.map(drop)
}

pub async fn try_out(app: &Shared, id: ChannelId, setup: &WecomSetup, keys: &Keys) -> Vec<Tried> {
    super::try_out(api(app, id, setup, keys), keys, true).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_customers_words_come_in_and_they_know_their_desk() {
        let text = json!({
            "msgid": "m1", "open_kfid": "wk1", "external_userid": "wmABCD", "origin": 3, "msgtype": "text",
            "text": { "content": "你好" },
        });
        let heard = arrival(&text).unwrap();
        assert_eq!((heard.key.as_str(), heard.term.as_str()), ("message m1", "wmABCD wk1"));
        let Heard::Message(message) = heard.heard else { panic!("no message") };
        assert_eq!(message.content, Some(Content::Text { text: "你好".into() }));
        let mut own = text.clone();
        own["origin"] = 5.into();
        assert!(arrival(&own).is_none());
        let image = json!({
            "msgid": "m2", "open_kfid": "wk1", "external_userid": "wmABCD", "origin": 3, "msgtype": "image",
            "image": { "media_id": "M" },
        });
        let Heard::Message(message) = arrival(&image).unwrap().heard else { panic!("no message") };
        assert_eq!(message.media.unwrap().id, "M");
    }
}
