//! HTTP bodies under `/api/v1`.

mod channels;
mod flows;
mod indicators;
mod leads;
mod orders;
mod packs;
mod people;
mod plans;
mod registers;
mod rules;
mod segments;
mod surveys;
mod tickets;
mod timeline;

pub use channels::*;
pub use flows::*;
pub use indicators::*;
pub use leads::*;
pub use orders::*;
pub use packs::*;
pub use people::*;
pub use plans::*;
pub use registers::*;
pub use rules::*;
pub use segments::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
pub use surveys::*;
pub use tickets::*;
pub use timeline::*;
use utoipa::ToSchema;
use yingda_core::{
    At,
    access::{Action, Scope},
    actor::Actor,
    agent::Agent,
    config::{Colour, Field, MaskedField, Record, RecordKind, Settings, Topic},
    conversation::{Conversation, Phase},
    event::{Audience, Event, Persona},
    id::*,
    lang::{Lang, Text},
    medium::Medium,
    phone::place::NumberPlace,
    why::Why,
};

/// One page of a list; `next` is given back as `?cursor=` for the following one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

// ── signing in ──

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    pub login: String,
    pub password: String,
    /// Six digits, when the account has a second factor.
    #[serde(default)]
    pub code: Option<String>,
}

/// Who one is and what one may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    pub id: UserId,
    pub login: String,
    pub name: String,
    pub staff_no: String,
    pub avatar: Option<FileId>,
    pub team: Option<TeamId>,
    /// The widest scope for each permitted action.
    pub may: BTreeMap<Action, Scope>,
    pub masks: Vec<MaskedField>,
    pub queues: Vec<QueueId>,
    pub has_totp: bool,
    /// Language, theme, sounds, keys: the console's own, stored as it is.
    pub preferences: serde_json::Value,
    /// Names that the desk needs: queues, skills, tags, users, teams, lines, forms, widgets, and
    /// the channels that are on.
    pub names: Vec<Name>,
    pub settings: Settings,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Name {
    pub kind: RecordKind,
    pub id: RecordId,
    pub name: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// What a channel carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<Medium>,
}

/// First start: the one-time link's token, and the first administrator.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SetUp {
    pub token: String,
    pub company: String,
    pub login: String,
    pub name: String,
    pub password: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangePassword {
    pub old: String,
    pub new: String,
}

/// An administrator gives a user a first or new password.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SetPassword {
    pub password: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TotpSecret {
    /// `otpauth://` address for an authenticator app.
    pub uri: String,
    pub secret: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TotpCode {
    pub code: String,
}

// ── records ──

/// A record with its version; `If-Match: "<version>"` goes with every change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stored {
    pub id: RecordId,
    pub version: i64,
    pub created_at: At,
    pub updated_at: At,
    pub record: Record,
    /// What a webhook's deliveries are signed with: only in the answer to its making, never shown again. What a site
    /// signs its customers' ids with for a widget: for those who may change the widget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

// ── conversations ──

/// A line in a list of conversations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationRow {
    pub id: ConversationId,
    pub medium: Medium,
    pub line: LineId,
    pub phase: Phase,
    pub visitor: VisitorId,
    pub customer: Option<CustomerId>,
    pub customer_name: String,
    pub queue: Option<QueueId>,
    pub agent: Option<UserId>,
    pub started_at: At,
    pub last_at: At,
    pub closed_at: Option<At>,
    pub preview: String,
    pub rating: Option<u8>,
    pub tags: Vec<TagId>,
    pub flag: Option<Colour>,
    pub vip: bool,
    pub record_due: bool,
    pub follow_up_at: Option<At>,
}

/// One conversation: its row, and its live state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConversationFound {
    pub row: ConversationRow,
    pub live: Conversation,
}

/// A contact that a program brings in: what a customer wrote elsewhere, or a call that a switchboard took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewConversation {
    #[serde(default)]
    pub medium: Medium,
    /// Where it waits; absent: the widget's queue.
    #[serde(default)]
    pub queue: Option<QueueId>,
    #[serde(default)]
    pub widget: Option<WidgetId>,
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// Somebody who wrote before; absent: somebody new.
    #[serde(default)]
    pub visitor: Option<VisitorId>,
    #[serde(default)]
    pub lang: Lang,
    /// The customer's first words.
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// A mail that is to stand in a conversation of its own, by its position in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SplitMail {
    pub message: u64,
}

/// A command was carried out: the log's position then, and the conversation that it made or touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActDone {
    pub seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
}

/// Queues and agents as they are now, as far as one may see them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Floor {
    pub queues: Vec<crate::frame::QueueNow>,
    pub agents: Vec<Agent>,
}

/// Events of a conversation, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Events {
    pub events: Vec<Event>,
    /// There are older ones before the first.
    pub more: bool,
}

/// Why a contact went to an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assignment {
    pub seq: u64,
    pub at: At,
    pub agent: UserId,
    pub segment: u16,
    pub why: Why,
}

/// The consultation record of a conversation (咨询记录表, B-01).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consult {
    pub conversation: ConversationId,
    pub form: FormId,
    pub version: i64,
    pub values: BTreeMap<String, String>,
    pub complete: bool,
    pub agent: Option<UserId>,
    pub updated_at: At,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsultValues {
    pub form: FormId,
    pub values: BTreeMap<String, String>,
}

// ── customers ──

pub use yingda_core::customer::Customer;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredCustomer {
    pub id: CustomerId,
    pub version: i64,
    pub created_at: At,
    pub updated_at: At,
    /// Fields that the caller sees masked are masked here.
    pub customer: Customer,
    /// Which these are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<MaskedField>,
    /// What of it the customer proved to be theirs; told where one customer is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified: Vec<Verified>,
    /// When a person last changed or confirmed the card.
    #[serde(default)]
    pub checked_at: At,
    /// Fields that turned out to be wrong, such as a number that no message reaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspect: Vec<String>,
    /// Segments that they belong to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<RecordId>,
    /// What numbers say about themselves: of `phone`, and of the further ones by their place, such as `points.0`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, NumberPlace>,
}

/// What somebody found out about a customer's card: nothing is wrong, or these parts are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct CheckCustomer {
    pub wrong: Vec<CardPart>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardPart {
    Phone,
    Email,
    Address,
}

impl CardPart {
    pub fn as_str(self) -> &'static str {
        match self {
            CardPart::Phone => "phone",
            CardPart::Email => "email",
            CardPart::Address => "address",
        }
    }
}

/// The number or the address on a customer's card, and when they last proved that it is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verified {
    pub point: yingda_core::proof::Point,
    pub verified_at: At,
}

/// Another record of the same person, which becomes a part of this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MergeCustomer {
    pub customer: CustomerId,
    /// The version of it that was looked at.
    pub version: i64,
}

/// A page that the visitor looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PageView {
    pub at: At,
    pub url: String,
    pub title: String,
    pub referrer: String,
}

// ── files ──

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredFile {
    pub id: FileId,
    pub name: String,
    pub mime: String,
    pub size: u64,
    pub url: String,
}

// ── the widget ──

/// What a widget needs to know about itself, in one language's shape or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VisitorConfig {
    pub company: Text,
    pub title: Text,
    pub welcome: Text,
    pub accent: String,
    pub position: yingda_core::config::Corner,
    pub topics: Vec<Topic>,
    pub pre_chat: Vec<Field>,
    pub offline_form: Vec<Field>,
    pub quick_questions: Vec<Text>,
    pub notice: Text,
    pub notice_version: u32,
    pub ask_guardian: bool,
    pub wait_for_consent: bool,
    pub sneak_preview: bool,
    pub ask_rating: bool,
    pub allow_files: bool,
    pub languages: Vec<Lang>,
    pub team: Vec<Persona>,
    pub max_file: u64,
    /// When the widget speaks first by itself.
    #[serde(default)]
    pub invitations: Vec<InvitationRule>,
}

/// See `yingda_core::config::Invitation`; evaluated where the page is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InvitationRule {
    pub id: InvitationId,
    pub page_contains: String,
    pub dwell_s: u32,
    pub source_contains: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning: Option<bool>,
    pub only_staffed: bool,
    pub text: Text,
    /// Shown to every other visitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Text>,
    pub cap_hours: u32,
}

// ── how the system is doing ──

/// The nodes that are there now, by number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Nodes {
    pub now_at: At,
    /// The site that they serve; empty where the installation has only one.
    #[serde(default)]
    pub site: String,
    pub nodes: Vec<Node>,
}

/// One process of this installation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// 0 where it is alone on the embedded store.
    pub number: i64,
    pub name: String,
    pub version: String,
    /// The latest change of the store's tables that it knows.
    pub level: i64,
    pub started_at: At,
    /// Until when it counts as there without being heard again; `None` where it is alone.
    pub until_at: Option<At>,
    /// It gave this answer.
    pub this: bool,
    /// It decides, and writes the log.
    pub owns: bool,
    /// Its own word, at most some seconds old; `None` where it was not heard lately.
    pub figures: Option<NodeFigures>,
}

/// How a node is doing. Times are those of the last minute, and `None` where there was nothing to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeFigures {
    pub at: At,
    /// Open connections of widgets and of consoles.
    pub visitor_sockets: u32,
    pub console_sockets: u32,
    /// Visitors who have the site open.
    pub visitors: u32,
    /// Commands that it stored.
    pub commands: u64,
    /// From the moment a command is taken up until it may be answered.
    pub command_p50_ms: Option<f64>,
    pub command_p99_ms: Option<f64>,
    /// How long the store took.
    pub commit_p50_ms: Option<f64>,
    pub commit_p99_ms: Option<f64>,
    /// How long its latest word to the other nodes took in the store.
    pub renewal_ms: Option<f64>,
    pub store: Standing,
    /// `None` where it has no bus.
    pub bus: Option<Standing>,
}

/// Whether something answers, and since when it does or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    pub up: bool,
    pub since_at: At,
}

// ── keys, webhooks, audit ──

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewApiKey {
    pub name: String,
    /// What the key may do, site-wide.
    pub actions: Vec<Action>,
    #[serde(default)]
    pub expires_at: Option<At>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// The first characters, to tell keys apart.
    pub prefix: String,
    pub actions: Vec<Action>,
    pub created_at: At,
    pub last_used_at: Option<At>,
    pub expires_at: Option<At>,
    pub revoked: bool,
    /// Only in the answer to its making: the whole key, never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    pub id: RecordId,
    pub webhook: WebhookId,
    pub seq: u64,
    pub kind: String,
    pub state: DeliveryState,
    pub attempts: u32,
    pub next_at: Option<At>,
    pub last_status: Option<u16>,
    pub last_error: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    Dead,
}

/// What came of a sample delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PingResult {
    pub arrived: bool,
    pub status: Option<u16>,
    pub error: String,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditRow {
    pub seq: u64,
    pub at: At,
    pub by: Actor,
    pub audience: Audience,
    pub kind: String,
    pub event: serde_json::Value,
    /// Before and after, where the reader may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<serde_json::Value>,
    /// Hex of the chain's hash at this event.
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChainCheck {
    pub checked: u64,
    /// The first position whose hash does not follow from the one before it.
    pub broken_at: Option<u64>,
    pub head: String,
}
