//! Showing that one is who one says (B-05): a code that reaches a contact point on file, said back in time.

use crate::{At, form, mask, phone};
use serde::{Deserialize, Serialize};

/// Tries before a code is worth nothing.
pub const TRIES: u8 = 5;
/// Whoever proved themself counts as proven for so long.
pub const LASTS_MS: At = 30 * 60_000;
pub const HOUR_MS: At = 3_600_000;
/// Codes to one contact point, and from one conversation, in an hour.
pub const PER_HOUR: u32 = 5;

/// A way to reach somebody to which a code can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Point {
    Phone,
    Email,
}

impl Point {
    pub fn as_str(self) -> &'static str {
        match self {
            Point::Phone => "phone",
            Point::Email => "email",
        }
    }

    /// The form in which two ways of writing the same are equal; none when it is no number or address at all.
    pub fn term(self, text: &str) -> Option<String> {
        let text = text.trim();
        match self {
            Point::Phone => Some(phone::normal(text)).filter(|it| form::is_phone(text) && it.len() <= 16),
            Point::Email => form::is_email(text).then(|| text.to_lowercase()),
        }
    }

    /// Recognisable, not usable.
    pub fn masked(self, text: &str) -> String {
        match self {
            Point::Phone => mask::phone(text.trim()),
            Point::Email => mask::email(text.trim()),
        }
    }
}

/// Why a code was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CodeFault {
    Wrong,
    Expired,
    Used,
    TooMany,
}

/// What is known of a code before what was typed is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub tries: u8,
    pub expires_at: At,
    pub is_used: bool,
}

/// Whether another try counts at all.
pub fn may_try(code: Known, now: At) -> Result<(), CodeFault> {
    if code.is_used {
        Err(CodeFault::Used)
    } else if code.tries >= TRIES {
        Err(CodeFault::TooMany)
    } else if now >= code.expires_at {
        Err(CodeFault::Expired)
    } else {
        Ok(())
    }
}

/// One step of a proof, as the conversation is told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Sent { point: Point, label: String, until_at: At },
    Refused { why: CodeFault, left: u8 },
    Proven { point: Point, label: String, until_at: At },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_05_a_code_is_good_once_in_time_and_for_five_tries() {
        let fresh = Known { tries: 0, expires_at: 100, is_used: false };
        assert_eq!(may_try(fresh, 99), Ok(()));
        assert_eq!(may_try(fresh, 100), Err(CodeFault::Expired));
        assert_eq!(may_try(Known { tries: 4, ..fresh }, 99), Ok(()));
        assert_eq!(may_try(Known { tries: 5, ..fresh }, 99), Err(CodeFault::TooMany));
        assert_eq!(may_try(Known { is_used: true, tries: 5, ..fresh }, 200), Err(CodeFault::Used));
    }

    #[test]
    fn a_contact_point_written_in_two_ways_is_one() {
        assert_eq!(Point::Phone.term("+86 138-0013-8000"), Point::Phone.term("13800138000"));
        assert_eq!(Point::Email.term(" Li@Example.com "), Some("li@example.com".into()));
        assert_eq!((Point::Phone.term("call me"), Point::Email.term("x")), (None, None));
        assert_eq!(Point::Phone.masked("13812345678"), "138******78");
    }
}
