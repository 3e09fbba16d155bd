//! 微信公众号 and 小程序客服: callbacks, plain or encrypted, and the customer-service message interface (客服消息).
//! Source: the platform's public documents on receiving messages, message encryption and sending messages.

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
        heard::{Arrival, Heard, Media, Message},
        keys::Keys,
        template::encode,
    },
    problem::{Code, Problem},
    secrets::same,
};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::collections::BTreeMap;
use yingda_core::{
    config::{WechatApp, WechatSetup},
    conversation::Content,
    id::ChannelId,
    refusal::Refusal,
};

const BASE: &str = "https://api.weixin.qq.com";

fn api<'a>(app: &'a Shared, channel: ChannelId, setup: &'a WechatSetup, keys: &Keys) -> Api<'a> {
    let base = if setup.base_url.is_empty() { BASE } else { setup.base_url.trim_end_matches('/') };
    let body =
        json!({ "grant_type": "client_credential", "appid": setup.app_id, "secret": keys.get("secret") });
    // The stable form: asking again does not end the former token, so nodes may each ask.
    Api { app, channel, base, token_path: "/cgi-bin/stable_token".into(), token_body: Some(body) }
}

fn is_signed(query: &Query, keys: &Keys, sealed: Option<&str>) -> bool {
    let token = keys.get("token");
    let (time, nonce) = (query.get("timestamp"), query.get("nonce"));
    let (expected, given) = match sealed {
        None => (signature(&[token, time, nonce]), query.get("signature")),
        Some(sealed) => (signature(&[token, time, nonce, sealed]), query.get("msg_signature")),
    };
    !token.is_empty() && same(expected.as_bytes(), given.as_bytes())
}

/// The platform makes sure that the address is ours: it gets back what it sent.
pub fn prove(query: &Query, keys: &Keys) -> Result<Response, Problem> {
    if !is_signed(query, keys, None) {
        return Err(Problem::new(Code::BadSignature));
    }
    Ok(query.get("echostr").to_owned().into_response())
}

/// Reads a callback, plain or encrypted.
pub fn hear(setup: &WechatSetup, keys: &Keys, query: &Query, body: &[u8]) -> Result<Vec<Arrival>, Problem> {
    let unreadable = || Problem::from(Refusal::BadValue);
    let outer = fields(body).ok_or_else(unreadable)?;
    let Some(sealed) = outer.get("Encrypt") else {
        // Where a key is set nothing plain is taken: it could be anybody's.
        if !is_signed(query, keys, None) || !keys.get("aes_key").is_empty() {
            return Err(Problem::new(Code::BadSignature));
        }
        return Ok(arrival(&outer).into_iter().collect());
    };
    if !is_signed(query, keys, Some(sealed)) {
        return Err(Problem::new(Code::BadSignature));
    }
    let key = Key::parse(keys.get("aes_key")).ok_or_else(|| Problem::new(Code::BadSignature))?;
    let plain = key.open(sealed, &setup.app_id).ok_or_else(|| Problem::new(Code::BadSignature))?;
    let inner = fields(&plain).ok_or_else(unreadable)?;
    Ok(arrival(&inner).into_iter().collect())
}

/// Messages come as XML; those of 小程序 as JSON where its page says so.
fn fields(body: &[u8]) -> Option<BTreeMap<String, String>> {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(body) else { return xml::read(body) };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Some(object.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// What the customer did, as words or a file. What needs no person brings nothing.
fn arrival(fields: &BTreeMap<String, String>) -> Option<Arrival> {
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    let from = get("FromUserName");
    if from.is_empty() {
        return None;
    }
    let (kind, time) = (get("MsgType"), get("CreateTime"));
    let text = |text: String| Some(Content::Text { text }).filter(|_| !kind.is_empty());
    let media = |ending: &str| Some(Media { id: get("MediaId").into(), name: format!("{kind}.{ending}") });
    let (content, media) = match kind {
        "text" => (text(get("Content").into()), None),
        "image" => (None, media("jpg")),
        "voice" => (None, media("amr")),
        "video" | "shortvideo" => (None, media("mp4")),
        "location" => {
            (text(format!("📍 {} ({}, {})", get("Label"), get("Location_X"), get("Location_Y"))), None)
        }
        "link" => (text(format!("{}\n{}\n{}", get("Title"), get("Description"), get("Url"))), None),
        "event" => match get("Event") {
            "CLICK" => (text(format!("[菜单] {}", get("EventKey"))), None),
            "subscribe" => (text("[关注]".into()), None),
            // Leaving, scanning and looking around are no contact.
            _ => return None,
        },
        _ => (text(format!("[{kind}]")), None),
    };
    if media.as_ref().is_some_and(|it| it.id.is_empty()) {
        return None;
    }
    // Events have no number of their own: the platform tells them apart by sender and instant.
    let key = match get("MsgId") {
        "" => format!("event {from} {time} {} {}", get("Event"), get("EventKey")),
        id => format!("message {id}"),
    };
    let union = ["unionid", "UnionID", "UnionId"].into_iter().map(get).find(|it| !it.is_empty());
    let message = Message {
        union: union.unwrap_or_default().to_owned(),
        ..message("微信用户", from, content, media)
    };
    Some(Arrival { key, term: from.into(), heard: Heard::Message(Box::new(message)) })
}

pub async fn fetch(
    app: &Shared,
    id: ChannelId,
    setup: &WechatSetup,
    keys: &Keys,
    media: &Media,
) -> Result<Content, Failure> {
    super::fetch(api(app, id, setup, keys), media).await
}

/// Who a follower is, by the platform's interface for it (获取用户基本信息). 小程序 have none: their own programs learn
/// it when somebody logs in.
pub async fn who(
    app: &Shared,
    id: ChannelId,
    setup: &WechatSetup,
    keys: &Keys,
    term: &str,
) -> Result<Person, Failure> {
    if setup.app == WechatApp::Mini {
        return Ok(Person::default());
    }
    let answer =
        api(app, id, setup, keys).get(&format!("/cgi-bin/user/info?openid={}", encode(term))).await?;
    Ok(Person::told(&answer))
}

pub async fn deliver(
    app: &Shared,
    id: ChannelId,
    setup: &WechatSetup,
    keys: &Keys,
    parcel: &Parcel,
) -> Result<Taken, Failure> {
    in_time(app, parcel)?;
    let api = api(app, id, setup, keys);
    let mut body = json!({ "touser": parcel.to.term });
    let kind_of = |mime: &str| match mime {
        mime if mime.starts_with("image/") => Some("image"),
        "audio/amr" | "audio/mpeg" => Some("voice"),
        "video/mp4" => Some("video"),
        _ => None,
    };
    super::fill(&api, &mut body, &parcel.content, kind_of).await?;
    let answer = api.post("/cgi-bin/message/custom/send", &body).await?;
    Ok(answer["msgid"].as_i64().map(|it| it.to_string()))
}

pub async fn try_out(app: &Shared, id: ChannelId, setup: &WechatSetup, keys: &Keys) -> Vec<Tried> {
    super::try_out(api(app, id, setup, keys), keys, false).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(xml: &str) -> Option<Arrival> {
        arrival(&fields(xml.as_bytes()).unwrap())
    }

    #[test]
    fn messages_and_events_become_words_files_or_nothing() {
        let head = "<FromUserName>oABCD1234</FromUserName><CreateTime>7</CreateTime>";
        let text =
            of(&format!("<xml>{head}<MsgType>text</MsgType><Content>在吗</Content><MsgId>9</MsgId></xml>"));
        let text = text.unwrap();
        assert_eq!((text.key.as_str(), text.term.as_str()), ("message 9", "oABCD1234"));
        let Heard::Message(message) = text.heard else { panic!("no message") };
        assert_eq!(message.content, Some(Content::Text { text: "在吗".into() }));
        assert_eq!(message.name, "微信用户 1234");
        let image =
            of(&format!("<xml>{head}<MsgType>image</MsgType><MediaId>m1</MediaId><MsgId>10</MsgId></xml>"));
        let Heard::Message(message) = image.unwrap().heard else { panic!("no message") };
        assert_eq!(message.media.unwrap().id, "m1");
        let scan = of(&format!("<xml>{head}<MsgType>event</MsgType><Event>SCAN</Event></xml>"));
        assert!(scan.is_none());
        let click = of(&format!(
            "<xml>{head}<MsgType>event</MsgType><Event>CLICK</Event><EventKey>订单</EventKey></xml>"
        ));
        assert_eq!(click.unwrap().key, "event oABCD1234 7 CLICK 订单");
    }
}
