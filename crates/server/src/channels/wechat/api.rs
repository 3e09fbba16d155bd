//! Calls to the platform: with an access token that is fetched when there is none, renewed before it ends, and fetched
//! anew once when the platform says that it has ended.

use crate::{app::App, channels::connector::Failure, channels::template::encode, outgoing};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, MutexGuard},
};
use yingda_core::{At, id::ChannelId};

/// Tokens by channel, and until when each is good.
static TOKENS: LazyLock<Mutex<HashMap<ChannelId, (String, At)>>> = LazyLock::new(Mutex::default);
/// A token is renewed so long before its end.
const MARGIN_MS: At = 300_000;

fn tokens() -> MutexGuard<'static, HashMap<ChannelId, (String, At)>> {
    TOKENS.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A channel's way to its platform.
pub struct Api<'a> {
    pub app: &'a App,
    pub channel: ChannelId,
    pub base: &'a str,
    /// How a token is asked for: path with query, and a body where it is a POST.
    pub token_path: String,
    pub token_body: Option<Value>,
}

impl Api<'_> {
    /// A token that is good now.
    pub async fn token(&self) -> Result<String, Failure> {
        let now = self.app.clock.now();
        if let Some((token, until_at)) = tokens().get(&self.channel)
            && *until_at > now + MARGIN_MS
        {
            return Ok(token.clone());
        }
        let url = format!("{}{}", self.base, self.token_path);
        let request = match &self.token_body {
            Some(body) => self.app.outgoing.post(&url).map(|it| it.json(body)),
            None => self.app.outgoing.get(&url),
        };
        let answer = send(request.map_err(Failure::Down)?).await?;
        let token = answer["access_token"].as_str().unwrap_or_default();
        if token.is_empty() {
            return Err(Failure::Down(format!("no access token: {}", told(&answer))));
        }
        let lasts_ms = answer["expires_in"].as_i64().unwrap_or(7_200) * 1_000;
        tokens().insert(self.channel, (token.to_owned(), now + lasts_ms));
        Ok(token.to_owned())
    }

    pub fn forget_token(&self) {
        tokens().remove(&self.channel);
    }

    /// Posts to a path; the platform's own number of an error decides what becomes of it.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let with_token = |token: &str| {
            let request = self.app.outgoing.post(&self.url(path, token)).map_err(Failure::Down)?;
            Ok(request.json(body))
        };
        self.with_fresh_token(with_token).await
    }

    /// Asks for what lies under a path.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.with_fresh_token(|token| self.app.outgoing.get(&self.url(path, token)).map_err(Failure::Down))
            .await
    }

    /// Sends content as a form's file, as media are uploaded.
    pub async fn upload(&self, path: &str, name: &str, mime: &str, content: &[u8]) -> Result<Value, Failure> {
        let edge = hex::encode(crate::random::bytes::<16>());
        let name: String = name.chars().filter(|c| !c.is_control() && *c != '"').collect();
        let head = format!(
            "--{edge}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{name}\"\r\n\
             Content-Type: {mime}\r\n\r\n"
        );
        let form = [head.as_bytes(), content, format!("\r\n--{edge}--\r\n").as_bytes()].concat();
        let with_token = |token: &str| {
            let request = self.app.outgoing.post(&self.url(path, token)).map_err(Failure::Down)?;
            let kind = format!("multipart/form-data; boundary={edge}");
            Ok(request.header("content-type", kind).body(form.clone()))
        };
        self.with_fresh_token(with_token).await
    }

    /// Content behind a path, with its name where the platform tells it.
    pub async fn fetch(&self, path: &str) -> Result<(String, bytes::Bytes), Failure> {
        let token = self.token().await?;
        let request = self.app.outgoing.get(&self.url(path, &token)).map_err(Failure::Down)?;
        let answer = request.send().await.map_err(|error| Failure::Down(outgoing::told(error)))?;
        let header = |name: &str| {
            answer.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (kind, place) = (header("content-type"), header("content-disposition"));
        let name =
            place.split("filename=").nth(1).unwrap_or_default().trim_matches(['"', ';', ' ']).to_owned();
        let content = answer.bytes().await.map_err(|error| Failure::Down(outgoing::told(error)))?;
        if kind.contains("json") || kind.starts_with("text/plain") {
            let error: Value = serde_json::from_slice(&content).unwrap_or_default();
            judge(&error)?;
        }
        Ok((name, content))
    }

    fn url(&self, path: &str, token: &str) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("{}{path}{mark}access_token={}", self.base, encode(token))
    }

    async fn with_fresh_token(
        &self,
        request: impl Fn(&str) -> Result<reqwest::RequestBuilder, Failure>,
    ) -> Result<Value, Failure> {
        let answer = send(request(&self.token().await?)?).await?;
        if !is_token_over(&answer) {
            judge(&answer)?;
            return Ok(answer);
        }
        self.forget_token();
        let answer = send(request(&self.token().await?)?).await?;
        judge(&answer)?;
        Ok(answer)
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<Value, Failure> {
    let answer = request.send().await.map_err(|error| Failure::Down(outgoing::told(error)))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Failure::Down(format!("answered {status}")));
    }
    let body = answer.bytes().await.map_err(|error| Failure::Down(outgoing::told(error)))?;
    serde_json::from_slice(&body).map_err(|_| Failure::Down("answered something that is no JSON".into()))
}

/// 40001: credential wrong or replaced; 40014: token wrong; 42001: token ended.
fn is_token_over(answer: &Value) -> bool {
    matches!(answer["errcode"].as_i64(), Some(40001 | 40014 | 42001))
}

/// The platform's numbers: what is busy or over a limit may go later, the rest never.
fn judge(answer: &Value) -> Result<(), Failure> {
    match answer["errcode"].as_i64().unwrap_or_default() {
        0 => Ok(()),
        // Busy; too often in a minute; too often today.
        -1 | 45009 | 45011 => Err(Failure::Later(told(answer))),
        45015 => Err(Failure::Never("the 48 hours after the customer's last word are over (45015)".into())),
        45047 => Err(Failure::Never("too many messages since the customer's last word (45047)".into())),
        _ => Err(Failure::Never(told(answer))),
    }
}

fn told(answer: &Value) -> String {
    let text = answer["errmsg"].as_str().unwrap_or_default();
    format!("{} ({})", text, answer["errcode"].as_i64().unwrap_or_default()).chars().take(300).collect()
}
