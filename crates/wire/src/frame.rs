//! What travels on a socket. WebSocket carries a frame as one text message; where WebSocket is blocked, server
//! frames come as server-sent events and client frames go by POST, unchanged.
//!
//! A server's event is not wrapped: it is `yingda_core::event::Event` with `"t":"event"` in front, byte for byte
//! as stored. Every other frame has its own `t`.

use crate::http::{Me, VisitorConfig};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use yingda_core::{
    At,
    agent::Agent,
    command::{Act, AgentAct, VisitorAct},
    conversation::{Content, Conversation, Source},
    event::{Event, Persona},
    id::*,
    lang::Lang,
    medium::Medium,
    refusal::Refusal,
};

/// The protocol's feature level. It rises with every addition; nothing is ever taken away.
pub const LEVEL: u16 = 1;

/// A frame is at most so many bytes; longer text, history and files go by HTTP.
pub const MAX_FRAME: usize = 16 * 1024;

/// From a client. `n`, `tab` and `base` identify a command: see `Sent`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ClientFrame {
    /// A visitor's first frame.
    Hello(Hello),
    /// A console's first frame: the session cookie says who it is.
    Console(ConsoleHello),
    /// Begin a conversation. `n` counts with the tab's other commands that have no conversation yet.
    Start(StartFrame),
    /// Do something to a conversation.
    Do(DoFrame),
    /// Do something to an agent: oneself, or another where permitted.
    Agent(AgentFrame),
    Visitor(VisitorFrame),
    /// Ephemeral: someone types. `preview` is the unsent text where the widget discloses that it is shown.
    Typing(TypingFrame),
    /// Ephemeral: the visitor looks at a page.
    Page(PageFrame),
    /// The site has the visitor's consent to follow the pages, or no longer. Where the widget waits for it, the source
    /// and pages are ignored before.
    Consent {
        on: bool,
        #[serde(default)]
        source: Source,
    },
    /// Ephemeral, staff: also receive this conversation's events, or no longer.
    Watch {
        conversation: ConversationId,
        on: bool,
    },
    /// Staff: speak first to a visitor who browses (manual invitation).
    InviteVisitor {
        visitor: VisitorId,
        text: String,
    },
    Ping {
        #[serde(default)]
        id: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    pub widget: WidgetId,
    /// Signed token of an earlier visit; absent on the first.
    #[serde(default)]
    pub token: Option<String>,
    pub tab: Tab,
    #[serde(default)]
    pub lang: Option<Lang>,
    /// Signed identity of a signed-in customer of the site.
    #[serde(default)]
    pub identity: Option<Identity>,
    #[serde(default)]
    pub source: Source,
    /// The site has the visitor's consent to follow the pages; needed where the widget waits for it.
    #[serde(default)]
    pub consent: bool,
    /// Resume after this position: events later than it are sent first.
    #[serde(default)]
    pub after: Option<u64>,
    #[serde(default)]
    pub level: u16,
}

/// The site vouches for the visitor: `hmac` is hex HMAC-SHA-256 of `id` under the widget's secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    pub id: String,
    #[serde(default)]
    pub hmac: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub phone: String,
    #[serde(default)]
    pub email: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsoleHello {
    pub tab: Tab,
    /// The position up to which this tab has everything; absent on a fresh start.
    #[serde(default)]
    pub after: Option<u64>,
    #[serde(default)]
    pub level: u16,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StartFrame {
    pub n: u32,
    #[serde(default)]
    pub base: u32,
    /// Which of the widget's topics was chosen.
    #[serde(default)]
    pub topic: Option<u16>,
    #[serde(default)]
    pub fields: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    pub content: Option<Content>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DoFrame {
    pub conversation: ConversationId,
    pub n: u32,
    #[serde(default)]
    pub base: u32,
    #[serde(flatten)]
    pub act: Act,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentFrame {
    pub agent: UserId,
    pub n: u32,
    #[serde(flatten)]
    pub act: AgentAct,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VisitorFrame {
    pub n: u32,
    #[serde(flatten)]
    pub act: VisitorAct,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TypingFrame {
    pub conversation: ConversationId,
    pub on: bool,
    #[serde(default)]
    pub preview: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PageFrame {
    pub url: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub referrer: String,
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every frame is an event, which a box would only move about"
)]
pub enum ServerFrame {
    Event(Event),
    /// Answer to `Hello`.
    Welcome(Box<Welcome>),
    /// Answer to `Console`: the desk as of position `seq`; events after it follow.
    Desk(Box<Desk>),
    /// Instead of `Desk` when the missed events are few: they follow.
    Resumed {
        seq: u64,
    },
    /// Answers a command that had no event of its own, or was done before. `seq` is the log's position then.
    Done {
        n: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        seq: u64,
    },
    Refused {
        n: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        code: Refusal,
        /// In the caller's language: what, on what, what now.
        message: String,
        /// For `gap`: the number expected next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<u32>,
    },
    /// The sender of a frame could not be understood.
    Bad {
        message: String,
        /// The same would be answered again: there is no use in coming back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_final: bool,
    },
    Typing {
        conversation: ConversationId,
        by: yingda_core::actor::Actor,
        on: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        preview: String,
    },
    /// To a waiting visitor: place and estimated wait, pushed when they change.
    Place {
        conversation: ConversationId,
        position: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_s: Option<u32>,
    },
    /// To a visitor: speak first.
    Invite {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invitation: Option<InvitationId>,
        variant: bool,
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        persona: Option<Persona>,
    },
    /// To staff with `visitor_read`: who browses now. Sent whole at the start, then as changes.
    Visitors {
        all: bool,
        visitors: Vec<LiveVisitor>,
        gone: Vec<VisitorId>,
    },
    /// Whether someone can answer now, so that the widget shows chat or the offline form.
    Staffed {
        on: bool,
    },
    /// The conversation is no longer yours to see: forget it.
    Removed {
        conversation: ConversationId,
    },
    /// Your permissions changed: ask for the desk again.
    Reload,
    /// The session ended; sign in again.
    SignedOut {
        reason: String,
    },
    Pong {
        id: u32,
        seq: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Welcome {
    pub visitor: VisitorId,
    pub token: String,
    pub level: u16,
    pub seq: u64,
    pub now_at: At,
    pub config: VisitorConfig,
    pub staffed: bool,
    /// The conversation that is open, or was closed so recently that writing reopens it.
    pub conversation: Option<VisitorConversation>,
    /// Its latest events for the customer, oldest first; whole when `after` was given and near enough.
    pub events: Vec<Event>,
    /// There are older events: GET /api/v1/visitor/events.
    pub more: bool,
    /// The notice version this visitor has accepted.
    pub notice_version: u32,
}

/// What a visitor may know of their conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VisitorConversation {
    pub id: ConversationId,
    pub phase: yingda_core::conversation::Phase,
    pub read_by_staff: u64,
    pub agent: Option<Persona>,
    pub rating: Option<u8>,
    pub position: Option<u32>,
    pub wait_s: Option<u32>,
}

/// Everything a console needs to draw its first screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Desk {
    pub me: Me,
    pub level: u16,
    pub seq: u64,
    pub now_at: At,
    /// Conversations one holds or is a guest of, and those waiting in one's queues (the first 1,000).
    pub conversations: Vec<Conversation>,
    /// Agents one may see.
    pub agents: Vec<Agent>,
    pub queues: Vec<QueueNow>,
    pub media: Vec<Medium>,
}

/// A queue as it is now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueueNow {
    pub queue: QueueId,
    pub waiting: u32,
    pub longest_since_at: Option<At>,
    pub active: u32,
    pub ready: u32,
    pub wait_s: Option<u32>,
    /// Since midnight in the line's zone.
    pub entered: u32,
    pub answered: u32,
    pub answered_in_time: u32,
    pub abandoned: u32,
    pub abandoned_in_time: u32,
}

/// A visitor who has the site open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LiveVisitor {
    pub visitor: VisitorId,
    pub customer: Option<CustomerId>,
    pub name: String,
    pub widget: WidgetId,
    pub since_at: At,
    pub page: PageFrame,
    pub page_at: At,
    pub pages: u32,
    pub referrer: String,
    pub returning: bool,
    pub conversation: Option<ConversationId>,
    pub lang: Lang,
}
