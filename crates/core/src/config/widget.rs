//! What visitors meet: the widget, its topics, and when it speaks first.

use super::{Field, Need};
use crate::{
    id::*,
    lang::{Lang, Text},
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Widget {
    pub name: Text,
    pub line: LineId,
    /// Where contacts go first; a pre-chat choice may name another queue.
    pub queue: QueueId,
    /// Choices offered before the chat, each leading to a queue.
    pub topics: Vec<Topic>,
    pub pre_chat: Vec<Field>,
    pub offline_form: Vec<Field>,
    /// Origins that may embed it, such as `https://shop.example`; empty means any.
    pub origins: Vec<String>,
    /// When set, `identity` must come with a valid HMAC-SHA-256 of the user's id.
    pub require_identity: bool,
    /// Accent as `#rrggbb`.
    pub accent: String,
    pub position: Corner,
    pub title: Text,
    pub welcome: Text,
    pub quick_questions: Vec<Text>,
    pub notice: Text,
    /// A new version asks again for consent.
    pub notice_version: u32,
    /// Ask whether the visitor is 14 or a guardian agrees.
    pub ask_guardian: bool,
    /// Page views only after the site's `consent` signal.
    pub wait_for_consent: bool,
    /// Agents see what the visitor types before it is sent; disclosed in the widget.
    pub sneak_preview: bool,
    pub ask_rating: bool,
    pub allow_files: bool,
    pub languages: Vec<Lang>,
}

impl Default for Widget {
    fn default() -> Self {
        Self {
            name: Text::default(),
            line: LineId::default(),
            queue: QueueId::default(),
            topics: vec![],
            pre_chat: vec![],
            offline_form: vec![],
            origins: vec![],
            require_identity: false,
            accent: "#0b7a86".into(),
            position: Corner::Right,
            title: Text::new("在线客服", "Chat with us"),
            welcome: Text::default(),
            quick_questions: vec![],
            notice: Text::default(),
            notice_version: 0,
            ask_guardian: false,
            wait_for_consent: false,
            sneak_preview: false,
            ask_rating: true,
            allow_files: true,
            languages: vec![Lang::Zh, Lang::En],
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Corner {
    Left,
    #[default]
    Right,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Topic {
    pub label: Text,
    pub queue: QueueId,
    pub needs: Vec<Need>,
}

/// A rule by which the widget speaks first (SYS-74).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Invitation {
    pub name: Text,
    pub widget: WidgetId,
    /// The page's address contains this; empty means every page.
    pub page_contains: String,
    pub dwell_s: u32,
    /// The referrer contains this; empty means any.
    pub source_contains: String,
    /// Only visitors seen before (true), only new ones (false), or both (absent).
    pub returning: Option<bool>,
    /// Only while someone of the widget's queue is ready.
    pub only_staffed: bool,
    pub text: Text,
    /// A second wording, shown to every other visitor, to compare the two.
    pub variant: Text,
    /// Not again for the same visitor within so many hours.
    pub cap_hours: u32,
    pub enabled: bool,
}
