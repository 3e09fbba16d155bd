//! A mail as it stands in a conversation. The whole HTML and the files lie beside it, by id.

use crate::{At, id::FileId, refusal::Refusal};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    pub subject: String,
    /// Absent in what an agent writes: the mailbox is the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Empty in an answer: it goes to whoever wrote.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Mailbox>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Mailbox>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Mailbox>,
    /// The plain text, or its beginning.
    pub text: String,
    /// The text goes on in the file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// Cleaned HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<FileId>,
    /// The mail as it came, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<FileId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// A machine wrote it (RFC 3834): it is answered by no machine.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_automatic: bool,
    /// Leaves at this instant instead of at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_at: Option<At>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Mailbox {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub address: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    pub file: FileId,
    pub name: String,
    pub mime: String,
    pub size: u64,
    /// Shown within the HTML under this name (RFC 2392).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub inline: String,
}

/// Whether the sender is who the mail says (SPF, DKIM and DMARC), as the receiving server found (RFC 8601).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Proof {
    pub spf: Verdict,
    pub dkim: Verdict,
    pub dmarc: Verdict,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    #[default]
    None,
    Pass,
    Fail,
}

impl Mail {
    pub const MAX_TEXT: usize = 6_000;
    pub const MAX_SUBJECT: usize = 998;
    /// So many receivers one mail may have, all kinds together.
    pub const MOST_RECEIVERS: usize = 50;
    pub const MOST_FILES: usize = 20;

    /// Files that belong to it.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.html.into_iter().chain(self.raw).chain(self.files.iter().map(|it| it.file))
    }

    pub fn receivers(&self) -> impl Iterator<Item = &Mailbox> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// It says something, fits into an event, and has nothing in its header that would begin another one.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.text.trim().is_empty() && self.html.is_none() && self.files.is_empty() {
            return Err(Refusal::Empty);
        }
        let names = self.files.iter().map(|it| it.name.len() + it.mime.len() + it.inline.len());
        let people = self.from.iter().chain(self.receivers()).map(|it| it.name.len() + it.address.len());
        let too_long = self.text.len() > Self::MAX_TEXT
            || self.subject.len() > Self::MAX_SUBJECT
            || self.receivers().count() > Self::MOST_RECEIVERS
            || self.files.len() > Self::MOST_FILES
            || names.sum::<usize>() + people.sum::<usize>() > 5_000;
        if too_long {
            return Err(Refusal::TooLong);
        }
        let clean = |text: &str| !text.chars().any(char::is_control);
        let all_clean = clean(&self.subject)
            && self.from.iter().chain(self.receivers()).all(|it| clean(&it.name) && clean(&it.address));
        if all_clean { Ok(()) } else { Err(Refusal::BadValue) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, to: usize, text: &str) -> Mail {
        let to = (0..to).map(|n| Mailbox { name: String::new(), address: format!("a{n}@example.com") });
        Mail { subject: subject.into(), to: to.collect(), text: text.into(), ..Mail::default() }
    }

    #[test]
    fn what_is_empty_too_long_or_breaks_a_header_is_refused() {
        assert_eq!(mail("退货", 1, "您好").check(), Ok(()));
        assert_eq!(mail("退货", 1, " \n").check(), Err(Refusal::Empty));
        assert_eq!(mail("退货", 51, "您好").check(), Err(Refusal::TooLong));
        assert_eq!(mail("a\r\nBcc: b@example.com", 1, "您好").check(), Err(Refusal::BadValue));
        assert_eq!(mail("退货", 1, &"长".repeat(2_001)).check(), Err(Refusal::TooLong));
    }
}
