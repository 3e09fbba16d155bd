//! A mail that came becomes rows for the inbox: with its files kept, and its thread found.

use super::{
    bounds,
    pace::Pace,
    parse::{self, Parsed},
    thread::{self, Head},
};
use crate::{
    channels::{
        attach,
        heard::{Arrival, Heard, Message},
    },
    jobs::Duty,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::{collections::BTreeMap, sync::Arc};
use yingda_core::{
    At,
    config::MailSetup,
    conversation::Content,
    id::*,
    mail::{Attachment, Mail, Mailbox, Verdict},
};
use yingda_store::{ReadError, Statement, address, inbound};

/// So many mails are read at once: their files reach the disk together.
const AT_ONCE: usize = 32;
/// A mail that went through more servers goes in circles.
const MOST_HOPS: usize = 50;

/// A mail as the server gave it.
#[derive(Debug)]
pub struct Came {
    /// Where it lies at the server.
    pub place: String,
    pub came_at: At,
    /// Too large ones are left where they are.
    pub raw: Result<Bytes, String>,
}

/// What of a mail was kept beside the conversation.
struct Kept {
    raw: FileId,
    html: Option<FileId>,
    files: Vec<Attachment>,
    /// The rows of all these.
    rows: Vec<Statement>,
}

/// A mail that was read.
enum Read {
    Mail(Box<Parsed>, Kept),
    /// About a mail of ours.
    Report(Box<Parsed>),
    Dropped {
        key: String,
        why: &'static str,
    },
    Quarantined {
        key: String,
        why: String,
    },
    Known,
}

/// What goes into the inbox in one commit.
#[derive(Default)]
pub struct Harvest {
    pub arrivals: Vec<Arrival>,
    pub statements: Vec<Statement>,
    /// Why a mail was not taken in.
    pub refused: Option<String>,
    /// Threads that begin in it, by Message-ID.
    threads: BTreeMap<String, String>,
}

/// Reads mails side by side, and puts them into the inbox in the order in which they came. The caller holds the files
/// until the harvest is committed.
pub async fn harvest(
    duty: &Duty,
    id: ChannelId,
    setup: &Arc<MailSetup>,
    pace: &mut Pace,
    mails: Vec<Came>,
) -> Result<Harvest, String> {
    let reading = mails.into_iter().map(async |came| (came.came_at, read(duty, id, setup, came).await));
    let mut reading = std::pin::pin!(stream::iter(reading).buffered(AT_ONCE));
    let mut harvest = Harvest::default();
    while let Some((came_at, read)) = reading.next().await {
        add(&mut harvest, duty, id, pace, came_at, read?).await.map_err(|error| error.to_string())?;
    }
    Ok(harvest)
}

async fn read(duty: &Duty, id: ChannelId, setup: &Arc<MailSetup>, came: Came) -> Result<Read, String> {
    let Came { place, raw, .. } = came;
    let raw = match raw {
        Ok(raw) => raw,
        Err(why) => return Ok(Read::Quarantined { key: place, why }),
    };
    let (bytes, server) = (raw.clone(), setup.verifier.clone());
    // A large mail takes a while, which would hold up others. A panic in here is this mail's end and no other's.
    let parsing = tokio::task::spawn_blocking(move || {
        bounds::check(&bytes)?;
        parse::parse(&bytes, &server).ok_or("it is no mail".to_owned())
    });
    let parsed = parsing.await.map_err(|error| format!("it cannot be read: {error}")).flatten();
    let mut parsed = match parsed.and_then(|parsed| answerable(parsed, &setup.address)) {
        Ok(parsed) => parsed,
        Err(why) => return Ok(Read::Quarantined { key: place, why }),
    };
    if inbound::is_known(&duty.db, id, &parsed.key).await.map_err(|error| error.to_string())? {
        return Ok(Read::Known);
    }
    let is_ours = |name: &str| thread::is_own(&duty.app, id, name);
    if let Some(why) = loops(&parsed, &setup.address, is_ours(&parsed.message_id)) {
        return Ok(Read::Dropped { key: parsed.key, why });
    }
    if parsed.report.as_ref().is_some_and(|report| is_ours(&report.about)) {
        return Ok(Read::Report(Box::new(parsed)));
    }
    let kept = keep(duty, &mut parsed, raw).await?;
    Ok(Read::Mail(Box::new(parsed), kept))
}

/// Forms on web sites write to a mailbox in its own name, and name the customer as who wants the answer.
fn answerable(mut mail: Parsed, own: &str) -> Result<Parsed, String> {
    let is_ours = |it: &Mailbox| it.address.eq_ignore_ascii_case(own);
    if mail.from.as_ref().is_none_or(is_ours)
        && let Some(writer) = mail.reply_to.iter().find(|it| !is_ours(it))
    {
        mail.from = Some(writer.clone());
    }
    if mail.from.is_some() { Ok(mail) } else { Err("it names no sender who could be answered".into()) }
}

/// Why a mail goes in circles.
fn loops(mail: &Parsed, own: &str, is_ours: bool) -> Option<&'static str> {
    let is_own_sender = mail.from.as_ref().is_some_and(|it| it.address.eq_ignore_ascii_case(own));
    match () {
        () if is_ours => Some("a mail of ours came back"),
        () if is_own_sender => Some("the mailbox itself is the sender"),
        () if mail.hops > MOST_HOPS => Some("the mail went in circles between servers"),
        () => None,
    }
}

async fn keep(duty: &Duty, mail: &mut Parsed, raw: Bytes) -> Result<Kept, String> {
    let app = &duty.app;
    let (whole, row) = attach::put(app, "mail.eml", "message/rfc822", raw).await?;
    let mut rows = vec![row];
    let html = match mail.html.take() {
        Some(html) => {
            let (kept, row) = attach::put(app, "mail.html", "text/html", html.into()).await?;
            rows.push(row);
            Some(kept.file)
        }
        None => None,
    };
    let mut files = vec![];
    for found in std::mem::take(&mut mail.files) {
        let (kept, row) = attach::put(app, &found.name, &found.mime, found.content).await?;
        rows.push(row);
        files.push(Attachment { inline: found.inline, ..kept });
    }
    Ok(Kept { raw: whole.file, html, files, rows })
}

async fn add(
    harvest: &mut Harvest,
    duty: &Duty,
    id: ChannelId,
    pace: &mut Pace,
    came_at: At,
    read: Read,
) -> Result<(), ReadError> {
    let app = &duty.app;
    let (row, now) = (RecordId(app.next_id()), app.clock.now());
    match read {
        Read::Known => {}
        Read::Dropped { key, why } => {
            tracing::info!(channel = id.0, key, why, "a mail was dropped");
            harvest.statements.push(inbound::drop(row, id, &key, why, now));
        }
        // It stays in the mailbox, where its place says people find it.
        Read::Quarantined { key, why } => {
            tracing::warn!(channel = id.0, key, why, "a mail was not taken in");
            harvest.statements.push(inbound::quarantine(row, id, &key, "", &why, now));
            harvest.refused = Some(why);
        }
        Read::Report(mail) => {
            let Parsed { key, report: Some(report), .. } = *mail else { return Ok(()) };
            match report.state {
                None => {
                    harvest.statements.push(inbound::drop(row, id, &key, "it takes longer to arrive", now));
                }
                Some(state) => {
                    let (term, reason) = (report.about.clone(), report.reason);
                    let heard = Heard::Receipt { outside_id: report.about, state, reason };
                    harvest.arrivals.push(Arrival { key, term, heard });
                }
            }
        }
        Read::Mail(mut mail, mut kept) => {
            harvest.statements.append(&mut kept.rows);
            let writer = mail.from.clone().unwrap_or_default();
            mail.is_automatic |= pace.is_too_fast(&writer.address, came_at);
            let term = thread_of(harvest, duty, id, &mail).await?;
            if !mail.message_id.is_empty() {
                harvest.threads.insert(mail.message_id.clone(), term.clone());
                harvest.statements.push(address::put_thread(id, &mail.message_id, &term));
            }
            let head = head(&mail, &writer);
            let text = serde_json::to_string(&head).expect("the head of a thread is JSON");
            harvest.statements.push(address::put_head(id, &term, &text));
            let key = mail.key.clone();
            let heard = Heard::Message(Box::new(message(*mail, kept, writer)));
            harvest.arrivals.push(Arrival { key, term, heard });
        }
    }
    Ok(())
}

async fn thread_of(
    harvest: &Harvest,
    duty: &Duty,
    id: ChannelId,
    mail: &Parsed,
) -> Result<String, ReadError> {
    for name in &mail.references {
        let known = match harvest.threads.get(name) {
            Some(known) => Some(known.clone()),
            None => address::thread(&duty.db, id, name).await?,
        };
        if let Some(term) = known {
            return joined(duty, id, term).await;
        }
    }
    if let Some(term) = thread::token(mail)
        && address::get(&duty.db, id, &term).await?.is_some()
    {
        return joined(duty, id, term).await;
    }
    Ok(thread::fresh())
}

/// The thread itself, or the one that it was joined to.
async fn joined(duty: &Duty, id: ChannelId, term: String) -> Result<String, ReadError> {
    Ok(address::joined_thread(&duty.db, id, &term).await?.unwrap_or(term))
}

pub(super) fn head(mail: &Parsed, writer: &Mailbox) -> Head {
    Head {
        message_id: mail.message_id.clone(),
        references: mail.references.clone(),
        from: writer.clone(),
        reply_to: if mail.reply_to.is_empty() { vec![writer.clone()] } else { mail.reply_to.clone() },
        subject: thread::without_token(&mail.subject),
        date: mail.date.clone(),
        text: mail.text.clone(),
        is_automatic: mail.is_automatic,
    }
}

fn message(mail: Parsed, kept: Kept, writer: Mailbox) -> Message {
    let is_forged = mail.proof.is_some_and(|proof| proof.dmarc == Verdict::Fail);
    let mut content = Mail {
        subject: thread::without_token(&mail.subject),
        from: Some(writer.clone()),
        to: mail.to,
        cc: mail.cc,
        text: mail.text,
        is_cut: mail.is_cut,
        html: kept.html,
        raw: Some(kept.raw),
        files: kept.files,
        proof: mail.proof,
        is_automatic: mail.is_automatic,
        ..Mail::default()
    };
    fit(&mut content);
    Message {
        name: writer.name,
        label: writer.address.clone(),
        email: writer.address,
        is_forged,
        content: Some(Content::Mail { mail: Box::new(content) }),
        ..Message::default()
    }
}

/// What does not fit into a message is left to the whole mail, which is kept: receivers first, then files.
fn fit(mail: &mut Mail) {
    while mail.check().is_err() {
        if mail.cc.pop().or_else(|| mail.to.pop()).is_none() && mail.files.pop().is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(address: &str) -> Mailbox {
        Mailbox { name: String::new(), address: address.into() }
    }

    fn from(address: &str, reply_to: &[&str]) -> Parsed {
        let reply_to = reply_to.iter().map(|it| mailbox(it)).collect();
        Parsed { from: Some(mailbox(address)), reply_to, ..Parsed::default() }
    }

    #[test]
    fn what_goes_in_circles_is_dropped_and_a_web_form_is_not() {
        let own = "help@example.com";
        let judged = |mail: Parsed| answerable(mail, own).map(|mail| loops(&mail, own, false).is_some());
        assert_eq!(judged(from("wang@example.cn", &[])), Ok(false));
        assert_eq!(judged(from("HELP@example.com", &[])), Ok(true));
        assert_eq!(judged(from(own, &["wang@example.cn"])), Ok(false));
        assert_eq!(judged(Parsed { hops: 51, ..from("wang@example.cn", &[]) }), Ok(true));
        assert!(judged(Parsed::default()).is_err(), "nobody to answer");
        assert!(loops(&from("wang@example.cn", &[]), own, true).is_some());
    }

    #[test]
    fn what_does_not_fit_into_a_message_is_left_out() {
        let long = |n: usize| Mailbox {
            name: "名".repeat(33),
            address: format!("{n}@{}.example", "a".repeat(200)),
        };
        let mut mail = Mail { text: "a".into(), cc: (0..20).map(long).collect(), ..Mail::default() };
        mail.to = (0..20).map(long).collect();
        fit(&mut mail);
        assert_eq!(mail.check(), Ok(()));
        assert!(mail.to.len() + mail.cc.len() > 10);
    }
}
