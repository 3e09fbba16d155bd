//! 微信客服 of 企业微信: the platform tells that there is something, and what there is is pulled by a cursor, which is
//! kept in the same commit as what it brought. Source: the platform's public documents on 微信客服 (receiving messages
//! and events, sending messages).

use super::{
    Person, Query,
    api::Api,
    crypt::{Key, signature},
    in_time, message, xml,
};
use crate::{
    app::Shared,
    channels::{
        connector::{Failure, Parcel, Taken, Tried},
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
    let answer = api.post("/cgi-bin/kf/send_msg", &body).await?;
    Ok(answer["msgid"].as_str().map(str::to_owned))
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
