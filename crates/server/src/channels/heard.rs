//! What comes in, whichever channel brings it: written down first, understood afterwards.

use super::{ARRIVED, LEAVING, wechat::wecom::PULLS};
use crate::{app::App, site::question::Question};
use serde::{Deserialize, Serialize};
use yingda_core::{At, conversation::Content, engine::Engine, event::Delivery, id::*, lang::Lang};
use yingda_store::{Batch, Db, ReadError, Statement, inbound};

/// Something from outside, as it lies in the inbox.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "heard", rename_all = "snake_case")]
pub enum Heard {
    Message(Box<Message>),
    /// What became of a message of ours, by the name that the other side gave it.
    Receipt {
        outside_id: String,
        state: Delivery,
        reason: String,
    },
}

impl Heard {
    /// As it lies in the inbox.
    pub fn text(&self) -> String {
        // What was heard is plain data: writing it as JSON cannot fail.
        serde_json::to_string(self).expect("what was heard is JSON")
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    /// The sender's name, where it is told.
    pub name: String,
    /// The sender's address as people read it.
    pub label: String,
    pub phone: String,
    pub email: String,
    /// The platform's id of the person, the same in all of a company's accounts, where the message tells it.
    pub union: String,
    /// The sender is shown not to be who they say: nobody's history is opened by it.
    pub is_forged: bool,
    pub lang: Option<Lang>,
    pub content: Option<Content>,
    /// Content that the platform keeps: it is fetched before the words are said.
    pub media: Option<Media>,
}

/// A file by the platform's own name for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    pub id: String,
    /// What to call it where the platform does not.
    pub name: String,
}

/// One thing for the inbox, with its sender in the channel and a key that makes a repetition one effect.
#[derive(Debug)]
pub struct Arrival {
    pub key: String,
    pub term: String,
    pub heard: Heard,
}

impl Arrival {
    pub fn row(&self, app: &App, channel: ChannelId) -> Statement {
        let id = RecordId(app.next_id());
        inbound::insert(id, channel, &self.key, &self.term, &self.heard.text(), app.clock.now())
    }
}

/// Stores what came, and what goes with it, durably; then whoever brought it may be told so.
pub async fn keep(
    app: &App,
    db: &Db,
    channel: ChannelId,
    arrivals: &[Arrival],
    mut also: Vec<Statement>,
) -> Result<(), ReadError> {
    also.extend(arrivals.iter().map(|it| it.row(app, channel)));
    db.commit(Batch { statements: also, ..Batch::default() }).await?;
    stir(app).await;
    Ok(())
}

/// Wakes the intake, wherever it runs.
pub async fn stir(app: &App) {
    if app.site.is_here() {
        ARRIVED.notify_one();
        LEAVING.notify_waiters();
        PULLS.notify_waiters();
    } else if app.site.ask(Stir {}).await.is_err() {
        tracing::debug!("the owner will find what came in by itself");
    }
}

/// Tells the node that owns the site to look into the inbox and the outbox.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stir {}

impl Question for Stir {
    type Answer = ();

    fn answer(self, _: &Engine, _: At) {
        ARRIVED.notify_one();
        LEAVING.notify_waiters();
        PULLS.notify_waiters();
    }
}
