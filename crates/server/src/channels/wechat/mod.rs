//! WeChat's family: official accounts and mini programs (`official`), and the customer service of Enterprise WeChat
//! (`wecom`). What both share stands here: proofs, tokens, media, and the window for replies.

mod api;
mod crypt;
pub mod official;
pub mod wecom;
mod xml;

use super::{
    attach,
    connector::{Failure, Parcel, Tried},
    heard::{Media, Message},
    keys::Keys,
    template::encode,
};
use crate::app::App;
use api::Api;
use crypt::Key;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yingda_core::{At, conversation::Content};

/// Replies are taken for so long after the customer's last word.
pub const WINDOW_MS: At = 48 * 3_600_000;

/// The parts of a callback's address.
pub struct Query(BTreeMap<String, String>);

impl Query {
    pub fn parse(query: &str) -> Self {
        let url = reqwest::Url::parse(&format!("http://callback/?{query}"));
        let pairs = |url: reqwest::Url| url.query_pairs().into_owned().collect();
        Self(url.map(pairs).unwrap_or_default())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// What a platform tells of somebody.
#[derive(Debug, Default)]
pub struct Person {
    /// The same in all accounts of a company; empty where it is not told.
    pub union: String,
    pub name: String,
}

impl Person {
    fn told(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap_or_default().trim().to_owned();
        Self { union: text("unionid"), name: text("nickname") }
    }
}

/// What somebody said, under a name that tells them apart: the platform gives none.
fn message(kind: &str, person: &str, content: Option<Content>, media: Option<Media>) -> Message {
    let end: String = person.chars().skip(person.chars().count().saturating_sub(4)).collect();
    let name = format!("{kind} {end}");
    Message { name: name.clone(), label: name, content, media, ..Message::default() }
}

/// A file that the customer sent, from where the platform keeps it for three days.
async fn fetch(api: Api<'_>, media: &Media) -> Result<Content, Failure> {
    let path = format!("/cgi-bin/media/get?media_id={}", encode(&media.id));
    let (name, content) = api.fetch(&path).await?;
    let name = if name.is_empty() { media.name.clone() } else { name };
    attach::keep_message(api.app, &name, content).await.map_err(Failure::Later)
}

/// Refuses what the platform would not take any more.
fn in_time(app: &App, parcel: &Parcel) -> Result<(), Failure> {
    if parcel.to.heard_at.is_some_and(|at| app.clock.now() - at <= WINDOW_MS) {
        return Ok(());
    }
    Err(Failure::Never("the 48 hours after the customer's last word are over".into()))
}

/// Writes words or a file into a message. `kind_of` names the platform's kind for a type of file.
async fn fill(
    api: &Api<'_>,
    body: &mut Value,
    content: &Content,
    kind_of: impl Fn(&str) -> Option<&'static str>,
) -> Result<(), Failure> {
    match content {
        Content::Text { text } => {
            body["msgtype"] = json!("text");
            body["text"] = json!({ "content": text });
        }
        Content::File { file, name, mime, .. } => {
            let refused = || Failure::Never(format!("this account takes no files of the type {mime}"));
            let kind = kind_of(mime).ok_or_else(refused)?;
            let content = attach::read(api.app, *file).await.map_err(Failure::Later)?;
            let path = format!("/cgi-bin/media/upload?type={kind}");
            let kept = api.upload(&path, name, mime, &content).await?;
            body["msgtype"] = json!(kind);
            body[kind] = json!({ "media_id": kept["media_id"] });
        }
        Content::Mail { .. } => return Err(Failure::Never("WeChat takes no mail".into())),
    }
    Ok(())
}

/// Tries out what an account needs: the token and key of its callbacks, and that the platform knows it.
async fn try_out(api: Api<'_>, keys: &Keys, needs_key: bool) -> Vec<Tried> {
    let token = if keys.get("token").is_empty() { Err("not set".to_owned()) } else { Ok(()) };
    let key = match keys.get("aes_key") {
        "" if !needs_key => Ok(()),
        text => Key::parse(text).map(drop).ok_or_else(|| "an EncodingAESKey has 43 characters".to_owned()),
    };
    api.forget_token();
    let access = api.token().await.map(drop).map_err(Failure::told);
    vec![
        Tried::new("已填令牌 (Token)", "A token for callbacks is set", token),
        Tried::new("消息加解密密钥有效", "The key of encryption is well formed", key),
        Tried::new("用账号和 Secret 取得 access_token", "Account and secret give an access token", access),
    ]
}
