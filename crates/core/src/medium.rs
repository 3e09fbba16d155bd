//! The ways in which a customer reaches us.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    #[default]
    Chat,
    Voice,
    Mail,
    Sms,
    Wechat,
    Fax,
    Letter,
    Walkin,
    Video,
    /// In the customer's portal.
    SiteMail,
}

impl Medium {
    pub const ALL: [Medium; 10] = [
        Medium::Chat,
        Medium::Voice,
        Medium::Mail,
        Medium::Sms,
        Medium::Wechat,
        Medium::Fax,
        Medium::Letter,
        Medium::Walkin,
        Medium::Video,
        Medium::SiteMail,
    ];

    /// The customer sits there and waits for the next written word: they are greeted, and a long silence ends the
    /// contact. Whoever speaks writes nothing; their line tells whether they are still there.
    pub fn is_live(self) -> bool {
        matches!(self, Medium::Chat | Medium::Wechat)
    }

    /// How many of this medium one agent holds at once unless told otherwise.
    pub fn usual_limit(self) -> u8 {
        match self {
            Medium::Voice | Medium::Video | Medium::Walkin => 1,
            Medium::Chat | Medium::Wechat | Medium::Sms => 5,
            Medium::Mail | Medium::Fax | Medium::Letter | Medium::SiteMail => 10,
        }
    }
}
