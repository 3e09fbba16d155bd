//! A mail's bytes become what a conversation holds (RFC 5322, MIME). Nothing here fails for one bad part: what can be
//! read is read, and the whole mail is kept beside it.

use super::{
    history, html, proof,
    report::{self, Report},
    unmarked::marked,
};
use bytes::Bytes;
use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use yingda_core::mail::{Mail, Mailbox, Proof};

/// So much of a text is looked at for where its history begins.
const LOOKED_AT: usize = 100_000;
const LONGEST_ID: usize = 250;
/// What is listed of a mail's receivers: an event has its bounds, and the whole mail is kept.
const MOST_RECEIVERS: usize = 20;
/// So many mails above it name a thread.
const MOST_REFERENCES: usize = 20;

#[derive(Debug, Default)]
pub struct Parsed {
    /// Without its angle brackets, as all ids here.
    pub message_id: String,
    /// The mails that it answers, the nearest first.
    pub references: Vec<String>,
    pub from: Option<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub subject: String,
    /// When it was written, as its writer's clock showed it.
    pub date: String,
    /// What it says, without what it quotes.
    pub text: String,
    pub is_cut: bool,
    pub html: Option<String>,
    pub files: Vec<Found>,
    pub proof: Option<Proof>,
    /// A machine wrote it.
    pub is_automatic: bool,
    /// Through so many servers it came.
    pub hops: usize,
    pub report: Option<Report>,
    /// The same mail has the same one, whichever way it came.
    pub key: String,
}

#[derive(Debug)]
pub struct Found {
    pub name: String,
    pub mime: String,
    pub content: Bytes,
    pub inline: String,
}

/// Nothing where it is no mail at all. `server` is the one whose verdicts are believed.
pub fn parse(raw: &[u8], server: &str) -> Option<Parsed> {
    let raw = &*marked(raw);
    let mut message = MessageParser::default().parse(raw)?;
    let from = message.from().or(message.sender()).and_then(Address::first).and_then(mailbox);
    let subject = plain(message.subject().unwrap_or_default(), Mail::MAX_SUBJECT);
    let html = html_of(&message);
    let whole = text_of(&message, html.as_deref().unwrap_or_default());
    let is_forwarded = is_forward(&subject);
    let looked_at = cut(&whole, LOOKED_AT);
    let said = if is_forwarded { looked_at.trim_end() } else { history::without(looked_at) };
    let mut text = cut(said, Mail::MAX_TEXT).to_owned();
    let key = key(&message, &id(message.message_id().unwrap_or_default()), raw);
    let files = files(&mut message, html.as_deref().unwrap_or_default());
    if text.trim().is_empty() && html.is_none() && files.is_empty() {
        // A mail may say everything in its subject; a message has to say something.
        text = if subject.is_empty() { "—".into() } else { cut(&subject, Mail::MAX_TEXT).into() };
    }
    let message_id = id(message.message_id().unwrap_or_default());
    Some(Parsed {
        references: references(&message, &message_id),
        reply_to: mailboxes(message.reply_to()),
        to: mailboxes(message.to()),
        cc: mailboxes(message.cc()),
        date: message.date().map(written).unwrap_or_default(),
        is_cut: text.len() < said.len() || looked_at.len() < whole.len(),
        proof: field(&message, "Authentication-Results").and_then(|it| proof::read(it, server)),
        is_automatic: is_automatic(&message),
        hops: message.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("Received")).count(),
        report: report::read(&message),
        message_id,
        from,
        subject,
        text,
        html,
        files,
        key,
    })
}

/// A mail whose content is forwarded says nothing without it.
fn is_forward(subject: &str) -> bool {
    let subject = subject.trim_start().to_lowercase();
    ["fw:", "fwd:", "fw：", "转发:", "转发：", "轉寄:", "轉寄："].iter().any(|it| subject.starts_with(it))
}

fn text_of(message: &Message<'_>, html: &str) -> String {
    let parts = message.text_body.iter().filter_map(|n| message.part(*n));
    let texts: Vec<&str> = parts
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect();
    let text = if texts.is_empty() { html::text(html) } else { texts.join("\n\n").replace("\r\n", "\n") };
    let text = text.replace('\u{a0}', " ");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Nothing where the mail is plain text.
fn html_of(message: &Message<'_>) -> Option<String> {
    let parts = message.html_body.iter().filter_map(|n| message.part(*n));
    let parts: Vec<&MessagePart<'_>> = parts.collect();
    if !parts.iter().any(|part| matches!(part.body, PartType::Html(_))) {
        return None;
    }
    let parts = parts.into_iter().filter_map(|part| match &part.body {
        PartType::Html(text) => Some(html::clean(text)),
        PartType::Text(text) => Some(html::of_text(text)),
        _ => None,
    });
    Some(parts.collect::<Vec<String>>().join("<hr>\n"))
}

/// Takes the files out of a mail: a large one is in memory once.
fn files(message: &mut Message<'_>, html: &str) -> Vec<Found> {
    let parts: Vec<u32> = message.attachments.iter().copied().take(Mail::MOST_FILES).collect();
    let found = parts.into_iter().enumerate();
    found
        .filter_map(|(n, part)| {
            let part = message.parts.get_mut(part as usize)?;
            let inline = id(part.content_id().unwrap_or_default());
            let (mime, ending) = kind(part);
            let name = match (part.attachment_name(), part.message().and_then(|it| it.subject())) {
                (Some(name), _) => plain(name, 150),
                (None, Some(subject)) => format!("{}.eml", plain(subject, 140)),
                (None, None) => format!("{}{ending}", n + 1),
            };
            // A picture that the HTML does not show is an attachment like any other.
            let is_shown = !inline.is_empty() && html.contains(&format!("cid:{inline}"));
            let inline = if is_shown { inline } else { String::new() };
            Some(Found { name, mime, content: take(part), inline })
        })
        .collect()
}

/// What was decoded leaves its part; what stands in the mail as it is is copied.
fn take(part: &mut MessagePart<'_>) -> Bytes {
    match &mut part.body {
        PartType::Binary(Cow::Owned(content)) | PartType::InlineBinary(Cow::Owned(content)) => {
            std::mem::take(content).into()
        }
        _ => Bytes::copy_from_slice(part.contents()),
    }
}

fn kind(part: &MessagePart<'_>) -> (String, &'static str) {
    let mime = match part.content_type() {
        Some(it) => format!("{}/{}", it.ctype(), it.subtype().unwrap_or("octet-stream")).to_lowercase(),
        None => String::new(),
    };
    let ending = match &part.body {
        PartType::Html(_) => ".html",
        PartType::Text(_) => ".txt",
        PartType::Message(_) => ".eml",
        _ => "",
    };
    (plain(&mime, 100), ending)
}

fn mailbox(it: &mail_parser::Addr<'_>) -> Option<Mailbox> {
    let address = plain(it.address()?, 254);
    let name = plain(it.name().unwrap_or_default(), 100);
    // What is no address cannot be answered.
    let is_whole = address.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    is_whole.then(|| Mailbox { name: if name == address { String::new() } else { name }, address })
}

fn mailboxes(address: Option<&Address<'_>>) -> Vec<Mailbox> {
    address.into_iter().flat_map(Address::iter).filter_map(mailbox).take(MOST_RECEIVERS).collect()
}

/// The nearest first: what is answered, then what that answered, back to the beginning.
fn references(message: &Message<'_>, own: &str) -> Vec<String> {
    let lists = [message.in_reply_to().clone(), message.references().clone()];
    let mut ids: Vec<String> = vec![];
    for list in lists {
        let list = list.into_text_list().unwrap_or_default();
        for name in list.iter().rev().map(|it| id(it)) {
            if !name.is_empty() && name != own && !ids.contains(&name) && ids.len() < MOST_REFERENCES {
                ids.push(name);
            }
        }
    }
    ids
}

/// RFC 3834 and what was usual before it.
fn is_automatic(message: &Message<'_>) -> bool {
    let says = |name: &str| field(message, name).map(str::to_lowercase).unwrap_or_default();
    let submitted = says("Auto-Submitted");
    let precedence = says("Precedence");
    let return_path = field(message, "Return-Path");
    (!submitted.is_empty() && submitted != "no")
        || ["bulk", "list", "junk", "auto_reply", "auto-reply"].contains(&precedence.as_str())
        || ["X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id", "List-Unsubscribe"]
            .iter()
            .any(|name| field(message, name).is_some())
        || return_path == Some("<>")
}

/// The topmost field of this name.
fn field<'m>(message: &'m Message<'_>, name: &str) -> Option<&'m str> {
    message.headers_raw().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Servers on the way add to the header only, so what the writer wrote is what counts.
fn key(message: &Message<'_>, message_id: &str, raw: &[u8]) -> String {
    let mut hash = Sha256::new();
    for name in ["From", "Date", "Subject"] {
        hash.update(field(message, name).unwrap_or_default());
        hash.update([0]);
    }
    let body = message.parts.first().map_or(0, |it| it.raw_body_offset() as usize);
    hash.update(raw.get(body..).unwrap_or_default());
    let sum = hex::encode(&hash.finalize()[..8]);
    format!("{message_id} {sum}")
}

/// A Message-ID as it is compared and sent again: without what would break a header.
pub fn id(text: &str) -> String {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    let is_whole =
        text.len() <= LONGEST_ID && text.chars().all(|c| c.is_ascii_graphic() && !"<>".contains(c));
    if is_whole { text.into() } else { String::new() }
}

fn written(date: &mail_parser::DateTime) -> String {
    let mail_parser::DateTime { year, month, day, hour, minute, .. } = date;
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

/// One line without control characters.
fn plain(text: &str, longest: usize) -> String {
    let parts: Vec<&str> = text.split(char::is_control).filter(|part| !part.is_empty()).collect();
    cut(parts.join(" ").trim(), longest).to_owned()
}

/// At most so many bytes, ending with a whole character.
pub fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}
