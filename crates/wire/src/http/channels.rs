//! Bodies about channels: how they stand, what passes through them, and writing by them first.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use yingda_core::{At, conversation::Content, id::*, lang::Text, medium::Medium};

/// A channel as the gateway sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelNow {
    pub id: ChannelId,
    pub name: Text,
    pub medium: Medium,
    /// The kind of its setup, such as `mail`.
    pub kind: String,
    pub enabled: bool,
    /// How it listens and how it sends; absent while nothing is known.
    pub inward: Option<ChannelStanding>,
    pub outward: Option<ChannelStanding>,
    pub inbox: ChannelDepth,
    pub outbox: ChannelDepth,
    /// The passwords and keys that it works with, and whether each is set.
    pub secrets: BTreeMap<String, bool>,
    /// Where the other side calls us, from the site's address on.
    pub callback: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelStanding {
    /// What fails, as the other side put it; empty while all is well.
    pub error: String,
    pub since_at: At,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelDepth {
    pub waiting: i64,
    pub oldest_at: Option<At>,
    /// Given up: somebody should look.
    pub failed: i64,
    /// Done in the last 24 hours.
    pub done: i64,
}

/// Something in a channel's inbox or outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Passage {
    pub id: String,
    pub state: String,
    pub attempts: u32,
    pub next_at: Option<At>,
    pub created_at: At,
    pub conversation: Option<ConversationId>,
    /// The other side's name for it, by which it is traced.
    pub trace: String,
    pub last_error: String,
}

/// One thing that was tried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelCheck {
    pub what: Text,
    /// What is wrong; absent when it works.
    pub error: Option<String>,
}

/// An end at which a customer can be reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reach {
    pub channel: ChannelId,
    pub name: Text,
    pub medium: Medium,
    /// The address as people read it, masked where the reader may not see it.
    pub label: String,
    /// The customer's last word there.
    pub heard_at: Option<At>,
    /// The platform takes messages until then; absent where it always does.
    pub open_until_at: Option<At>,
    /// They want no unasked messages there.
    pub opted_out: bool,
}

/// A message that somebody is written to first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewMessage {
    pub channel: ChannelId,
    /// A mail address, a number, or the platform's name of a person; empty for what is known of the customer.
    #[serde(default)]
    pub to: String,
    /// What to call them where they are nobody's customer yet.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub customer: Option<CustomerId>,
    #[serde(flatten)]
    pub content: Content,
}

/// Whether a customer wants messages that they did not ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OptOut {
    /// `sms` or `mail`.
    pub medium: Medium,
    pub out: bool,
    #[serde(default)]
    pub why: String,
}

/// A contact that a colleague takes down: a letter that came, a visit at the counter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewArrival {
    /// Who came or wrote.
    pub name: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub email: String,
    /// What they want; the letter's text, or its gist.
    pub text: String,
    /// Scans and pictures, uploaded before.
    #[serde(default)]
    pub files: Vec<FileId>,
}

/// What was taken down, by its serial number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Arrived {
    pub serial: String,
}

/// What a telephone of one's own registers with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PhoneLine {
    pub extension: String,
    pub password: String,
    pub realm: String,
    /// Where a desk phone registers, at this server's address; a browser comes by `/sip`.
    pub port: u16,
}

/// What whoever serves a call wants of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallWish {
    /// The caller hears music.
    Hold,
    Resume,
    /// The agent is not heard.
    Mute,
    Unmute,
    HangUp,
    /// The agent's phone rings again.
    Ring,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallOrder {
    pub wish: CallWish,
}

/// One text to many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewBatch {
    pub channel: ChannelId,
    pub name: String,
    /// `{name}` and each variable's `{key}` are replaced.
    pub text: String,
    /// It goes only to numbers whose owners agree to this purpose; empty: to all of them.
    #[serde(default)]
    pub purpose: String,
    pub receivers: Vec<BatchReceiver>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchReceiver {
    pub to: String,
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// How far a batch is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchNow {
    pub id: RecordId,
    pub channel: ChannelId,
    pub name: String,
    pub text: String,
    /// Key of the purpose to which its receivers have to agree; empty where it goes to all.
    pub purpose: String,
    pub created_at: At,
    /// How many messages are `waiting`, `sent`, `delivered`, `failed`, `cancelled`.
    pub states: BTreeMap<String, i64>,
}
