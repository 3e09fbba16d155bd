//! SMS by a provider's HTTP interface. The provider is data: its request, its answer and its callbacks are described
//! by the channel's setup.

use super::{
    connector::{Failure, Parcel, Taken, Tried},
    heard::{Arrival, Heard},
    keys::Keys,
    sms,
    template::{at, fill, read},
};
use crate::{
    app::{App, Shared},
    outgoing,
    problem::{Code, Problem},
    secrets::same,
};
use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use yingda_core::{
    config::{SignWith, SmsHttp},
    event::Delivery,
    id::ChannelId,
    phone,
    refusal::Refusal,
};

pub async fn deliver(app: &Shared, setup: &SmsHttp, keys: &Keys, parcel: &Parcel) -> Result<Taken, Failure> {
    let text = sms::text(&setup.rules, &parcel.content)?;
    let (id, at_ms) = (parcel.id.to_string(), app.clock.now().to_string());
    let value = |name: &str| {
        Some(match name {
            "to" => parcel.to.term.clone(),
            "text" => text.clone(),
            "id" => id.clone(),
            "at" => at_ms.clone(),
            "key" => keys.get("key").to_owned(),
            _ => return None,
        })
    };
    let signature = sign(setup, keys, &fill(&setup.sign, value))?;
    let value = |name: &str| if name == "signature" { Some(signature.clone()) } else { value(name) };
    let mut request = app.outgoing.post(&fill(&setup.url, value)).map_err(Failure::Down)?;
    let kind = if setup.content_type.is_empty() { "application/json" } else { &setup.content_type };
    request = request.header("content-type", kind).body(fill(&setup.body, value));
    for (name, template) in &setup.headers {
        request = request.header(name, fill(template, value));
    }
    let answer = request.send().await.map_err(|error| Failure::Down(outgoing::told(error)))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|error| Failure::Down(outgoing::told(error)))?;
    judge(setup, status.as_u16(), &body)
}

/// What the provider's answer means.
fn judge(setup: &SmsHttp, status: u16, body: &[u8]) -> Result<Taken, Failure> {
    let value = read(body).unwrap_or(Value::Null);
    let said = at(&value, &setup.error_at).unwrap_or_else(|| {
        String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(200).collect()
    });
    match status {
        200..300 => {}
        408 | 425 | 429 => return Err(Failure::Later(format!("answered {status}: {said}"))),
        400..500 => return Err(Failure::Never(format!("answered {status}: {said}"))),
        _ => return Err(Failure::Down(format!("answered {status}: {said}"))),
    }
    let is_taken =
        setup.ok_at.is_empty() || at(&value, &setup.ok_at).as_deref() == Some(setup.ok_is.as_str());
    if is_taken { Ok(at(&value, &setup.id_at)) } else { Err(Failure::Never(said)) }
}

fn sign(setup: &SmsHttp, keys: &Keys, text: &str) -> Result<String, Failure> {
    let key = keys.get("key").as_bytes();
    Ok(match setup.sign_with {
        _ if setup.sign.is_empty() => String::new(),
        SignWith::HmacSha256 => hmac_hex(key, text.as_bytes()),
        SignWith::HmacSha1Base64 => {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
            STANDARD.encode(ring::hmac::sign(&key, text.as_bytes()))
        }
        SignWith::Sha256 => hex::encode(Sha256::digest(text.as_bytes())),
    })
}

fn hmac_hex(key: &[u8], text: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text);
    hex::encode(mac.finalize().into_bytes())
}

/// The token that a provider's callbacks carry in their address where they are not signed.
pub fn token(app: &App, id: ChannelId) -> String {
    hex::encode(&app.secrets.mac("channel-callback", &id.0.to_be_bytes())[..16])
}

/// Reads a callback: customers' messages and receipts, one or many.
pub fn hear(
    app: &App,
    id: ChannelId,
    setup: &SmsHttp,
    keys: &Keys,
    (query, headers, body): (&str, &HeaderMap, &[u8]),
) -> Result<Vec<Arrival>, Problem> {
    let is_ours = if setup.signature_header.is_empty() {
        let given = query.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default();
        same(given.as_bytes(), token(app, id).as_bytes())
    } else {
        let given = headers.get(&setup.signature_header).map(|it| it.as_bytes().to_ascii_lowercase());
        same(&given.unwrap_or_default(), hmac_hex(keys.get("key").as_bytes(), body).as_bytes())
    };
    if !is_ours {
        return Err(Problem::new(Code::BadSignature));
    }
    let told = read(body).ok_or_else(|| Problem::from(Refusal::BadValue))?;
    let items = match told {
        Value::Array(items) => items,
        one => vec![one],
    };
    let arrivals: Vec<Arrival> = items.iter().filter_map(|item| arrival(setup, item)).collect();
    if arrivals.is_empty() {
        return Err(Problem::field(
            "body",
            "找不到短信或回执的各项，请核对渠道里填写的路径。",
            "Neither a message nor a receipt was found; check the paths on the channel's page.",
        ));
    }
    Ok(arrivals)
}

fn arrival(setup: &SmsHttp, item: &Value) -> Option<Arrival> {
    if let (Some(outside_id), Some(state)) = (at(item, &setup.receipt_id), at(item, &setup.receipt_state)) {
        let arrived = setup.delivered_states.contains(&state);
        let heard = Heard::Receipt {
            outside_id: outside_id.clone(),
            state: if arrived { Delivery::Delivered } else { Delivery::Failed },
            reason: if arrived { String::new() } else { state.clone() },
        };
        let term = format!("receipt {outside_id}");
        return Some(Arrival { key: format!("{term} {state}"), term, heard });
    }
    let (from, text) = (at(item, &setup.in_from)?, at(item, &setup.in_text)?);
    let number = phone::normal(&from);
    let key = at(item, &setup.in_id)
        .unwrap_or_else(|| hex::encode(Sha256::digest(format!("{number}\n{text}").as_bytes())));
    Some(sms::message(&format!("message {key}"), &from, text))
}

/// Nothing can be sent without a number; what can be tried is whether the provider's address answers.
pub async fn try_out(app: &Shared, setup: &SmsHttp, keys: &Keys) -> Vec<Tried> {
    let has_key = keys.get("key").is_empty().then(|| "no key is set".to_owned()).map_or(Ok(()), Err);
    let reached = async {
        let request = app.outgoing.get(&fill(&setup.url, |_| Some(String::new())))?;
        request.send().await.map_err(outgoing::told).map(drop)
    };
    vec![
        Tried::new("密钥已设置", "The key is set", has_key),
        Tried::new("服务商地址可以连上", "The provider's address answers", reached.await),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn setup() -> SmsHttp {
        SmsHttp {
            ok_at: "code".into(),
            ok_is: "0".into(),
            id_at: "result.mid".into(),
            error_at: "msg".into(),
            in_from: "mobile".into(),
            in_text: "content".into(),
            in_id: "id".into(),
            receipt_id: "mid".into(),
            receipt_state: "stat".into(),
            delivered_states: vec!["DELIVRD".into()],
            ..SmsHttp::default()
        }
    }

    #[test]
    fn an_answer_means_taken_refused_later_or_down() {
        let body = json!({ "code": 0, "result": { "mid": "m7" } }).to_string();
        assert_eq!(judge(&setup(), 200, body.as_bytes()), Ok(Some("m7".into())));
        let body = json!({ "code": 4, "msg": "余额不足" }).to_string();
        assert_eq!(judge(&setup(), 200, body.as_bytes()), Err(Failure::Never("余额不足".into())));
        assert!(matches!(judge(&setup(), 429, b""), Err(Failure::Later(_))));
        assert!(matches!(judge(&setup(), 403, b""), Err(Failure::Never(_))));
        assert!(matches!(judge(&setup(), 502, b""), Err(Failure::Down(_))));
    }

    #[test]
    fn callbacks_are_messages_or_receipts() {
        let said =
            arrival(&setup(), &json!({ "mobile": "+8613800138000", "content": "你好", "id": 9 })).unwrap();
        assert_eq!((said.key.as_str(), said.term.as_str()), ("message 9", "13800138000"));
        let told = arrival(&setup(), &json!({ "mid": "m7", "stat": "EXPIRED" })).unwrap();
        assert!(
            matches!(told.heard, Heard::Receipt { state: Delivery::Failed, ref reason, .. } if reason == "EXPIRED")
        );
        assert!(arrival(&setup(), &json!({ "other": 1 })).is_none());
    }
}
