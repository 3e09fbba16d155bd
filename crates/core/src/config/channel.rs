//! Channels (渠道): the configured ways by which messages come in and replies go out. Passwords and keys lie sealed
//! elsewhere, never in a record.

use crate::{
    id::*,
    lang::{Lang, Text},
    medium::Medium,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Channel {
    pub name: Text,
    #[serde(default)]
    pub enabled: bool,
    /// Where its contacts go.
    pub queue: QueueId,
    #[serde(default)]
    pub lang: Lang,
    /// A reply leaves after so many seconds, and may be taken back until then.
    #[serde(default)]
    pub undo_s: u16,
    /// At most so many messages leave in a second; 0 is no limit.
    #[serde(default)]
    pub per_second: u16,
    pub setup: Setup,
}

/// What a channel needs to know, by its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Setup {
    Mail(Box<MailSetup>),
    /// SMS by a provider's HTTP interface.
    SmsHttp(Box<SmsHttp>),
    /// SMS by an operator's or a provider's SMPP interface (version 3.4).
    Smpp(Box<SmppSetup>),
    /// 微信公众号, 小程序客服.
    Wechat(Box<WechatSetup>),
    /// 微信客服 of 企业微信.
    Wecom(Box<WecomSetup>),
    /// Any platform that speaks our signed webhooks.
    Platform(PlatformSetup),
    /// Letters are taken in and answered by hand.
    Letter(LetterSetup),
    /// Visits at the counter.
    Walkin,
    /// 站内信: what is written here lies in the customer's portal, where they write back.
    SiteMail,
    /// The telephone: who dials one of its numbers meets its flow, or waits in its queue.
    Phone(PhoneSetup),
    /// Another site of the company, whose people help out here, or whose contacts ours take over.
    Site(SiteSetup),
}

/// A mailbox: IMAP for what comes, SMTP for what goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct MailSetup {
    pub address: String,
    /// The name that receivers see.
    pub sender: String,
    pub login: String,
    pub imap: Endpoint,
    pub folder: String,
    pub smtp: Endpoint,
    pub oauth: Option<OAuth>,
    /// Stands under what is written.
    pub signature: Text,
    /// The receiving server's name in its `Authentication-Results` (RFC 8601, section 2.5). Only its word on who a
    /// sender is counts; where it is empty, only what speaks against a sender does.
    pub verifier: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    pub security: Security,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Security {
    #[default]
    Tls,
    Starttls,
    /// For servers on the same machine or network.
    None,
}

/// Instead of a password: a token that is renewed with a refresh token (RFC 6749, section 6).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OAuth {
    pub token_url: String,
    pub client: String,
    pub scope: String,
}

/// Rules for what goes out as SMS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SmsRules {
    /// Without its brackets: 【…】 stands before every message.
    pub signature: String,
    /// Batches rest between these minutes after midnight, in the line's time zone.
    pub quiet_from: u16,
    pub quiet_until: u16,
    /// At most so many batch messages to one number in a day; 0 is no limit.
    pub per_number_a_day: u16,
    /// Whoever answers with one of these words gets no more batches.
    pub stop_words: Vec<String>,
}

impl Default for SmsRules {
    fn default() -> Self {
        Self {
            signature: String::new(),
            quiet_from: 21 * 60,
            quiet_until: 8 * 60,
            per_number_a_day: 3,
            stop_words: ["退订", "TD", "T", "STOP"].map(str::to_owned).into(),
        }
    }
}

/// A provider as data: what a request looks like, and where its answers and callbacks say what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SmsHttp {
    pub rules: SmsRules,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    /// The request's body; `{to}`, `{text}`, `{id}`, `{at}` and `{key}` are replaced, `{to:json}` and the like quoted
    /// for JSON, `{to:url}` for a form.
    pub body: String,
    pub content_type: String,
    /// The text that is signed with the key; empty when nothing is. The signature replaces `{signature}`.
    pub sign: String,
    pub sign_with: SignWith,
    /// Where in the answer's JSON it says that the message was taken, and what stands there then.
    pub ok_at: String,
    pub ok_is: String,
    /// Where in the answer's JSON the message's id stands.
    pub id_at: String,
    /// Where in the answer's JSON the reason of a refusal stands.
    pub error_at: String,
    /// In callbacks: where a customer's message has its parts.
    pub in_from: String,
    pub in_text: String,
    pub in_id: String,
    /// In callbacks: where a receipt has its parts, and which states say that it arrived.
    pub receipt_id: String,
    pub receipt_state: String,
    pub delivered_states: Vec<String>,
    /// The header in which callbacks carry the hex HMAC-SHA-256 of their body under the key.
    pub signature_header: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignWith {
    /// Hex HMAC-SHA-256 under the key.
    #[default]
    HmacSha256,
    /// Base64 HMAC-SHA-1 under the key.
    HmacSha1Base64,
    /// Hex SHA-256 of the text; the key stands in the text.
    Sha256,
}

/// A session with an SMSC as a transceiver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SmppSetup {
    pub rules: SmsRules,
    /// In the clear, or by TLS from the beginning.
    pub server: Endpoint,
    pub system_id: String,
    pub system_type: String,
    /// What receivers see: a number, or a name of at most eleven letters where operators allow it.
    pub source: String,
    /// Stands before numbers without one, as operators demand that take international numbers only; such as `86`.
    pub country_code: String,
    /// So many messages may await their answer at once; 0 means ten.
    pub window: u16,
    /// What the server takes its default alphabet to be.
    pub alphabet: SmppAlphabet,
    /// Answers name messages in hex, and receipts name the same in decimal.
    pub hex_ids: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SmppAlphabet {
    /// The GSM 7-bit default alphabet, one octet for each character.
    #[default]
    Gsm,
    Latin1,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct WechatSetup {
    pub app: WechatApp,
    pub app_id: String,
    /// The platform's address; empty means WeChat's own.
    pub base_url: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WechatApp {
    /// 公众号
    #[default]
    Official,
    /// 小程序
    Mini,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct WecomSetup {
    pub corp_id: String,
    pub base_url: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PlatformSetup {
    /// Where replies are posted.
    pub url: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LetterSetup {
    /// Serial numbers begin with it.
    pub prefix: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SiteSetup {
    /// What the other site is called in its configuration.
    pub site: String,
    /// Who waits in this queue is offered to the other site.
    pub sends: Option<QueueId>,
    /// Stands for the other site's people here: what they answer is said by this user.
    pub deputy: Option<UserId>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PhoneSetup {
    /// The numbers that are dialled, as the carrier sends them.
    pub numbers: Vec<String>,
    /// Talks are kept.
    pub record: bool,
    /// Answers before anybody does; absent: callers go to the queue at once.
    pub flow: Option<FlowId>,
}

impl Setup {
    pub fn medium(&self) -> Medium {
        match self {
            Setup::Mail(_) => Medium::Mail,
            Setup::SmsHttp(_) | Setup::Smpp(_) => Medium::Sms,
            Setup::Wechat(_) | Setup::Wecom(_) => Medium::Wechat,
            Setup::Platform(_) | Setup::Site(_) => Medium::Chat,
            Setup::Letter(_) => Medium::Letter,
            Setup::Walkin => Medium::Walkin,
            Setup::SiteMail => Medium::SiteMail,
            Setup::Phone(_) => Medium::Voice,
        }
    }

    /// The passwords and keys that it works with.
    pub fn secrets(&self) -> &'static [&'static str] {
        match self {
            Setup::Mail(mail) if mail.oauth.is_some() => &["refresh_token", "client_secret"],
            Setup::Mail(_) | Setup::Smpp(_) => &["password"],
            Setup::SmsHttp(_) => &["key"],
            Setup::Wechat(_) | Setup::Wecom(_) => &["secret", "token", "aes_key"],
            // Its key follows from the installation's.
            Setup::Platform(_)
            | Setup::Letter(_)
            | Setup::Walkin
            | Setup::SiteMail
            | Setup::Phone(_)
            | Setup::Site(_) => &[],
        }
    }

    /// Whether a machine carries replies out; the rest people do.
    pub fn sends(&self) -> bool {
        !matches!(self, Setup::Letter(_) | Setup::Walkin | Setup::Phone(_))
    }
}
