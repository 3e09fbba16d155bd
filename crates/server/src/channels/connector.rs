//! What every kind of channel can do: carry a parcel out, listen for what comes, and try itself out.

use super::{
    heard::Media,
    keys::Keys,
    mail, platform, sites, smpp, sms_http,
    wechat::{Person, official, wecom},
};
use crate::{app::Shared, jobs::Duty};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use yingda_core::{
    At,
    config::{Channel, Setup},
    conversation::Content,
    event::Persona,
    id::*,
    lang::Text,
};
use yingda_store::address::Address;

/// Something that leaves.
#[derive(Debug)]
pub struct Parcel {
    /// Names it towards the other side: the same again is the same message.
    pub id: i64,
    pub conversation: Option<ConversationId>,
    pub to: Address,
    pub content: Content,
    /// How the writer appears to customers.
    pub persona: Persona,
    /// No person wrote it.
    pub is_automatic: bool,
    pub at: At,
    /// Where a try before this one reached only some of its receivers.
    pub rest: Option<Rest>,
}

/// What is left of something that some of its receivers have.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Rest {
    pub to: Vec<String>,
    /// Who was refused for good before, and why.
    pub refused: Vec<String>,
}

/// Why a parcel did not leave.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The target does not answer at all: it is the channel's trouble, and not counted against the parcel.
    Down(String),
    /// Not now.
    Later(String),
    /// Not before this instant: that is no try.
    Rests(At, String),
    /// Never: trying again would change nothing.
    Never(String),
}

impl Failure {
    /// Why, in the other side's words.
    pub fn told(self) -> String {
        match self {
            Failure::Down(error)
            | Failure::Later(error)
            | Failure::Rests(_, error)
            | Failure::Never(error) => error,
        }
    }
}

/// The other side's name for what it took.
pub type Taken = Option<String>;

/// What became of something that the other side took.
#[derive(Debug, Default, PartialEq)]
pub struct Carried {
    pub name: Taken,
    /// Whom it does not reach, and why: the others have it.
    pub refused: Vec<String>,
    /// Whom it does not reach yet, and why: they are tried again.
    pub not_yet: Vec<(String, String)>,
    /// Nobody waits for word that it left.
    pub is_quiet: bool,
}

impl From<Taken> for Carried {
    fn from(name: Taken) -> Self {
        Self { name, ..Self::default() }
    }
}

/// One thing that was tried out, in words, and what was wrong with it.
#[derive(Debug)]
pub struct Tried {
    pub what: Text,
    pub error: Option<String>,
}

impl Tried {
    pub fn new(zh: &str, en: &str, outcome: Result<(), String>) -> Self {
        Self { what: Text::new(zh, en), error: outcome.err() }
    }
}

pub async fn deliver(
    app: &Shared,
    id: ChannelId,
    channel: &Channel,
    keys: &Keys,
    parcel: &Parcel,
) -> Result<Carried, Failure> {
    let taken = match &channel.setup {
        Setup::Platform(setup) => platform::deliver(app, id, setup, parcel).await,
        Setup::SmsHttp(setup) => sms_http::deliver(app, setup, keys, parcel).await,
        Setup::Smpp(setup) => smpp::deliver(app, id, setup, parcel).await,
        Setup::Mail(setup) => return mail::deliver(app, id, (channel, setup), keys, parcel).await,
        // The portal shows the conversation itself.
        Setup::SiteMail => Ok(None),
        Setup::Letter(_) | Setup::Walkin | Setup::Phone(_) => {
            Err(Failure::Never("people carry this out".into()))
        }
        Setup::Site(_) => Err(Failure::Never("another site takes no parcels".into())),
        Setup::Wechat(setup) => official::deliver(app, id, setup, keys, parcel).await,
        Setup::Wecom(setup) => wecom::deliver(app, id, setup, keys, parcel).await,
    };
    taken.map(Carried::from)
}

/// What a channel does by itself to learn of what comes; nothing where the other side calls us.
pub fn listen(duty: &Duty, id: ChannelId, channel: &Arc<Channel>) -> Option<BoxFuture<'static, ()>> {
    match &channel.setup {
        Setup::Platform(_)
        | Setup::SmsHttp(_)
        | Setup::Wechat(_)
        | Setup::Letter(_)
        | Setup::Walkin
        | Setup::SiteMail
        | Setup::Phone(_) => None,
        Setup::Wecom(_) => Some(Box::pin(wecom::listen(duty.clone(), id, channel.clone()))),
        Setup::Mail(setup) => mail::listen(duty, id, setup),
        Setup::Site(setup) => Some(sites::listen(duty, id, setup)),
        Setup::Smpp(_) => Some(Box::pin(smpp::listen(duty.clone(), id, channel.clone()))),
    }
}

/// Content that the platform keeps for us.
pub async fn fetch(duty: &Duty, id: ChannelId, media: &Media) -> Result<Content, Failure> {
    let later = |error: yingda_store::ReadError| Failure::Later(error.to_string());
    let directory = duty.app.directory();
    match directory.channels.get(&id).map(|it| &it.setup) {
        Some(Setup::Wechat(setup)) => {
            let keys = Keys::of(&duty.app, &duty.db, id).await.map_err(later)?;
            official::fetch(&duty.app, id, setup, &keys, media).await
        }
        Some(Setup::Wecom(setup)) => {
            let keys = Keys::of(&duty.app, &duty.db, id).await.map_err(later)?;
            wecom::fetch(&duty.app, id, setup, &keys, media).await
        }
        _ => Err(Failure::Never("this channel keeps nothing outside".into())),
    }
}

/// Who is at an address, where the platform can be asked.
pub async fn who(duty: &Duty, address: &Address) -> Result<Person, Failure> {
    let (app, id) = (&duty.app, address.channel);
    let directory = app.directory();
    let Some(channel) = directory.channels.get(&id) else { return Ok(Person::default()) };
    if !matches!(channel.setup, Setup::Wechat(_) | Setup::Wecom(_)) {
        return Ok(Person::default());
    }
    let keys = Keys::of(app, &duty.db, id).await.map_err(|error| Failure::Later(error.to_string()))?;
    match &channel.setup {
        Setup::Wechat(setup) => official::who(app, id, setup, &keys, &address.term).await,
        Setup::Wecom(setup) => wecom::who(app, id, setup, &keys, &address.term).await,
        _ => Ok(Person::default()),
    }
}

/// Tries everything out that can be tried without troubling a customer.
pub async fn try_out(app: &Shared, id: ChannelId, channel: &Channel, keys: &Keys) -> Vec<Tried> {
    match &channel.setup {
        Setup::Platform(setup) => platform::try_out(app, id, setup).await,
        Setup::SmsHttp(setup) => sms_http::try_out(app, setup, keys).await,
        Setup::Smpp(setup) => smpp::try_out(app, id, setup, keys).await,
        Setup::Mail(setup) => mail::try_out(app, id, setup, keys).await,
        Setup::Letter(_) | Setup::Walkin | Setup::Phone(_) => vec![],
        Setup::SiteMail => {
            let is_on = app.settings().portal.is_some();
            let off = "the customer portal is switched off in the settings";
            vec![Tried::new("客户门户", "Customer portal", is_on.then_some(()).ok_or_else(|| off.into()))]
        }
        Setup::Site(setup) => sites::try_out(app, setup).await,
        Setup::Wechat(setup) => official::try_out(app, id, setup, keys).await,
        Setup::Wecom(setup) => wecom::try_out(app, id, setup, keys).await,
    }
}
