//! Which thread a mail belongs to: by what it refers to (RFC 5322, section 3.6.4), else by the token that our subjects
//! and reply addresses carry, else it begins one.

use super::parse::Parsed;
use crate::{app::App, random};
use serde::{Deserialize, Serialize};
use yingda_core::{id::ChannelId, mail::Mailbox};

/// A thread's name has so many hex digits: nobody guesses their way into another's.
const DIGITS: usize = 12;

/// The last mail from outside in a thread: what an answer answers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    pub message_id: String,
    /// The mails before it, the nearest first.
    pub references: Vec<String>,
    pub from: Mailbox,
    /// Where answers are wanted.
    pub reply_to: Vec<Mailbox>,
    pub subject: String,
    pub date: String,
    pub text: String,
    pub is_automatic: bool,
}

pub fn fresh() -> String {
    hex::encode(random::bytes::<{ DIGITS / 2 }>())
}

fn is_term(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
}

/// The token that a mail carries, though its program dropped the references.
pub fn token(mail: &Parsed) -> Option<String> {
    let in_subject = in_subject(&mail.subject).map(|(_, term, _)| term.to_owned());
    in_subject.or_else(|| {
        let users = mail.to.iter().chain(&mail.cc).filter_map(|it| it.address.split_once('@'));
        let mut tags = users.filter_map(|(user, _)| Some(user.rsplit_once('+')?.1.to_lowercase()));
        tags.find(|tag| is_term(tag))
    })
}

/// What stands before and after the token, and the token.
fn in_subject(subject: &str) -> Option<(&str, &str, &str)> {
    let mut found = subject.match_indices("[#").filter_map(|(at, mark)| {
        let (term, rest) = subject[at + mark.len()..].split_once(']')?;
        is_term(term).then_some((&subject[..at], term, rest))
    });
    found.next()
}

pub fn without_token(subject: &str) -> String {
    let Some((before, _, after)) = in_subject(subject) else { return subject.to_owned() };
    without_token(&format!("{} {}", before.trim_end(), after.trim_start())).trim().to_owned()
}

pub fn with_token(subject: &str, term: &str) -> String {
    let room = yingda_core::mail::Mail::MAX_SUBJECT - DIGITS - 4;
    format!("{} [#{term}]", super::parse::cut(&without_token(subject), room))
}

/// `Re:` once, however often it was answered and in whichever tongue.
pub fn answer(subject: &str) -> String {
    const MARKS: [&str; 9] = ["re:", "re：", "aw:", "回复:", "回复：", "答复:", "答复：", "回覆:", "回覆："];
    let mut rest = subject.trim();
    while let Some(mark) =
        MARKS.iter().find(|mark| rest.get(..mark.len()).is_some_and(|start| start.to_lowercase() == **mark))
    {
        rest = rest[mark.len()..].trim_start();
    }
    format!("Re: {rest}").trim_end().to_owned()
}

/// The Message-ID of a mail of ours. It follows from the parcel, so that the same again is the same mail; and it is
/// signed, so that what comes back is known.
pub fn own_id(app: &App, channel: ChannelId, parcel: i64, address: &str) -> String {
    let host = address.rsplit_once('@').map_or("localhost", |(_, host)| host);
    format!("y{parcel}.{}@{host}", signature(app, channel, parcel))
}

pub fn is_own(app: &App, channel: ChannelId, message_id: &str) -> bool {
    let parts = message_id.split_once('@').and_then(|(it, _)| it.strip_prefix('y')?.split_once('.'));
    let parsed = parts.and_then(|(parcel, given)| Some((parcel.parse().ok()?, given)));
    parsed.is_some_and(|(parcel, given)| given == signature(app, channel, parcel))
}

fn signature(app: &App, channel: ChannelId, parcel: i64) -> String {
    let text = [channel.0.to_be_bytes(), parcel.to_be_bytes()].concat();
    hex::encode(&app.secrets.mac("mail-id", &text)[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, to: &str) -> Parsed {
        let to = vec![Mailbox { name: String::new(), address: to.into() }];
        Parsed { subject: subject.into(), to, ..Parsed::default() }
    }

    #[test]
    fn a_token_is_found_in_the_subject_or_the_address_and_stands_once() {
        let find = |subject: &str, to: &str| token(&mail(subject, to));
        assert_eq!(find("Re: Order [#0123456789ab]", "x@example.com").as_deref(), Some("0123456789ab"));
        assert_eq!(find("[#12] [#0123456789ab] Order", "x@example.com").as_deref(), Some("0123456789ab"));
        assert_eq!(find("Order", "help+0123456789AB@example.com").as_deref(), Some("0123456789ab"));
        assert_eq!(find("[#0123456789xy] [#", "help+shop@example.com"), None);
        assert_eq!(with_token("订单 [#0123456789ab]", "ba9876543210"), "订单 [#ba9876543210]");
        assert_eq!(without_token("a [#0123456789ab] b [#0123456789ab]"), "a b");
        assert_eq!(without_token("plain [#x]"), "plain [#x]");
        assert!(with_token(&"长".repeat(400), "ba9876543210").len() <= 998);
        assert!(is_term(&fresh()));
    }

    #[test]
    fn an_answer_says_re_once() {
        for subject in ["订单", "Re: 订单", "RE: re:  回复：答复: 订单", " Aw: 订单 "] {
            assert_eq!(answer(subject), "Re: 订单");
        }
        assert_eq!(answer(""), "Re:");
        assert_eq!(answer("Report"), "Re: Report");
    }
}
