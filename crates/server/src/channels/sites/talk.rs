//! What sites say to each other: questions with answers, each safe to repeat. New kinds are added, none is changed.

use super::{bus, own_name};
use crate::{
    app::Shared,
    channels::{attach, connector::Failure},
    jobs::Duty,
    sentences,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use yingda_core::{conversation::Content, id::*, lang::Lang, medium::Medium, refusal::Refusal};

/// A file travels in pieces that the bus takes.
const PIECE: usize = 256 * 1024;
const LARGEST_FILE: usize = 100 * 1024 * 1024;
/// A site that does not answer by then is away.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Question {
    Ping,
    /// Somebody for a contact, for a short while.
    Reserve(Contact),
    /// What was reserved is not needed.
    Release {
        home: ConversationId,
    },
    /// Of a contact that the asked site serves; `n` is the position in the asking site's log.
    ToHelper {
        home: ConversationId,
        n: u32,
        what: ToHelper,
    },
    /// Of a contact that belongs to the asked site.
    ToHome {
        home: ConversationId,
        n: u32,
        what: ToHome,
    },
    /// Part of a file that was in a message.
    Piece {
        file: FileId,
        from: usize,
    },
}

/// Who waits at home.
#[derive(Debug, Serialize, Deserialize)]
pub struct Contact {
    pub home: ConversationId,
    /// Which try it is: the same again is the same reservation.
    pub n: u32,
    pub name: String,
    pub medium: Medium,
    pub lang: Lang,
    pub vip: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ToHelper {
    /// The reservation is taken: what was said so far, and the customer's last words.
    Taken { story: String, words: Option<Content> },
    /// The customer says something.
    Words { content: Content },
    /// Home has closed it, or given it to somebody else.
    Ended,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ToHome {
    /// The helper's agent says something.
    Words { content: Content },
    /// The helper's agent has closed it, having heard everything up to this position at home.
    Ended { heard: u32 },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Done,
    Refused(Refusal),
    Piece {
        size: usize,
        data: String,
    },
    /// The asked site is at fault, in its words.
    Broken(String),
}

impl Answer {
    pub fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an answer is JSON")
    }

    pub fn of<T, E: Into<yingda_core::engine::Refused>>(outcome: Result<T, E>) -> Self {
        outcome.map_or_else(|refused| Self::Refused(refused.into().refusal), |_| Self::Done)
    }
}

/// Asks another site. A refusal says whether another try can change anything.
pub async fn ask(app: &Shared, site: &str, question: &Question) -> Result<Answer, Failure> {
    let Some(bus) = bus(app) else {
        return Err(Failure::Down("sites reach each other over the bus, and none is configured".into()));
    };
    let subject = bus.between(own_name(&app.config), site);
    let text = serde_json::to_vec(question).expect("a question is JSON");
    let asked = tokio::time::timeout(PATIENCE, bus.client.request(subject, text.into())).await;
    let message = match asked {
        Ok(Ok(message)) => message,
        Ok(Err(error)) => return Err(Failure::Down(format!("site {site}: {error}"))),
        Err(_) => return Err(Failure::Down(format!("site {site} did not answer in time"))),
    };
    match serde_json::from_slice(&message.payload) {
        Ok(Answer::Refused(refusal)) => {
            let told = sentences::refusal(refusal, Lang::En);
            Err(match refusal {
                Refusal::Busy | Refusal::Unavailable | Refusal::DiskFull | Refusal::Gap => {
                    Failure::Later(told)
                }
                _ => Failure::Never(told),
            })
        }
        Ok(Answer::Broken(error)) => Err(Failure::Later(error)),
        Ok(answer) => Ok(answer),
        Err(error) => Err(Failure::Later(error.to_string())),
    }
}

/// Content as it is kept here: a file is fetched from the site that sent it.
pub async fn kept(duty: &Duty, site: &str, content: Content) -> Result<Content, String> {
    let Content::File { file, name, size, .. } = content else { return Ok(content) };
    let mut whole = BytesMut::new();
    if size as usize > LARGEST_FILE {
        return Err("the file is too large".into());
    }
    while whole.len() < size as usize {
        let question = Question::Piece { file, from: whole.len() };
        match ask(&duty.app, site, &question).await.map_err(Failure::told)? {
            Answer::Piece { data, .. } if !data.is_empty() => {
                whole.extend_from_slice(&STANDARD.decode(data).map_err(|error| error.to_string())?);
            }
            _ => return Err("the file is shorter than it was said to be".into()),
        }
    }
    attach::keep_message(&duty.app, &name, whole.freeze()).await
}

pub async fn piece(duty: &Duty, file: FileId, from: usize) -> Answer {
    match attach::read(&duty.app, file).await {
        Ok(whole) => {
            let rest: Bytes = whole.slice(from.min(whole.len())..(from + PIECE).min(whole.len()));
            Answer::Piece { size: whole.len(), data: STANDARD.encode(rest) }
        }
        Err(error) => Answer::Broken(error),
    }
}
