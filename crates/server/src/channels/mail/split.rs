//! One mail of a conversation that is about something else becomes a conversation of its own, and what answers it
//! follows.

use super::{parse, take, thread};
use crate::{
    app::App,
    channels::{attach, intake::TAB},
    http::visitors,
    problem::Problem,
};
use std::net::{IpAddr, Ipv4Addr};
use yingda_core::{
    actor::Actor,
    command::{Command, Envelope, Sent, Start},
    config::Setup,
    conversation::{Content, Conversation},
    event::{Event, Fact},
    id::*,
    mail::Mail,
    medium::Medium,
    refusal::Refusal,
};
use yingda_store::{
    Batch, ReadError, address, conversation,
    event::{self, Part},
    visitor,
};

/// So many events are looked through for the mail that is now the last of those left.
const LOOKED_AT: usize = 1_000;

pub struct Split {
    pub conversation: ConversationId,
    pub seq: u64,
    pub subject: String,
    /// It was not split off before.
    pub is_new: bool,
}

/// Takes a mail out of a conversation; it is served by whoever took it out. The same again is the same conversation.
pub async fn split(app: &App, of: &Conversation, message: u64, by: Option<UserId>) -> Result<Split, Problem> {
    let channel = of.channel.filter(|_| of.medium == Medium::Mail).ok_or(Refusal::WrongPhase)?;
    let events = event::of_conversation(&app.db, of.id, Part::Latest, LOOKED_AT, true).await?;
    let mails: Vec<(u64, Mail)> = events.iter().filter_map(|it| incoming(it.event()?)).collect();
    let (_, mail) = mails.iter().find(|(seq, _)| *seq == message).ok_or(Refusal::NotFound)?;
    let rest = mails.iter().rev().find(|(seq, _)| *seq != message).map(|(_, mail)| mail);
    // With nothing left it would be the same conversation again.
    let rest = rest.ok_or(Refusal::WrongPhase)?;
    let term = term(app, message);
    let known = address::get(&app.db, channel, &term).await?;
    let owner = match known {
        Some(known) => known.visitor,
        None => part(app, of, channel, &term, mail, rest).await?,
    };
    if let Some(begun) = conversation::of_visitor(&app.db, owner, 1).await?.pop() {
        let (conversation, subject) = (begun.id, mail.subject.clone());
        return Ok(Split { conversation, seq: begun.preview_of, subject, is_new: false });
    }
    let start = Start {
        visitor: owner,
        customer: of.customer,
        medium: Medium::Mail,
        channel: Some(channel),
        line: of.line,
        queue: of.queue.unwrap_or_default(),
        lang: of.lang,
        vip: of.vip,
        agent: by,
        content: Some(Content::Mail { mail: Box::new(mail.clone()) }),
        ..Start::default()
    };
    // The first that was said by this address.
    let origin = Some(Sent { tab: TAB, n: 1, base: 1 });
    let command = Command::Start(Box::new(start));
    let envelope = Envelope { actor: Actor::Visitor { id: owner }, origin, command };
    let done = app.site.send(envelope).await?;
    let conversation = done.conversation.ok_or(Refusal::NotFound)?;
    Ok(Split { conversation, seq: done.seq, subject: mail.subject.clone(), is_new: true })
}

/// A mail from outside, which was kept whole.
fn incoming(event: Event) -> Option<(u64, Mail)> {
    match (event.by, event.fact) {
        (Actor::Visitor { .. }, Fact::MessagePosted { content: Content::Mail { mail }, .. }) => {
            mail.raw.map(|_| (event.seq, *mail))
        }
        _ => None,
    }
}

/// The thread that a mail begins follows from it, so that it begins one only.
fn term(app: &App, message: u64) -> String {
    hex::encode(&app.secrets.mac("mail-split", &message.to_be_bytes())[..6])
}

/// Makes the new thread, and gives the old one back what it answered before.
async fn part(
    app: &App,
    of: &Conversation,
    channel: ChannelId,
    term: &str,
    mail: &Mail,
    rest: &Mail,
) -> Result<VisitorId, Problem> {
    let (own, left) = (head(app, channel, mail).await?, head(app, channel, rest).await?);
    let text = |head: &thread::Head| serde_json::to_string(head).expect("the head of a thread is JSON");
    let stranger = visitors::unannounced(app, IpAddr::V4(Ipv4Addr::UNSPECIFIED), None, of.lang);
    let (name, label) = (own.from.name.clone(), own.from.address.clone());
    let name = if name.is_empty() { label.clone() } else { name };
    let fresh = visitor::Visitor { customer: of.customer, name, ip: String::new(), ..stranger };
    let mut statements = vec![
        visitor::seen(&fresh),
        address::insert(channel, term, fresh.id, &label),
        address::numbered(channel, term, 1, app.clock.now()),
        address::put_head(channel, term, &text(&own)),
    ];
    if !own.message_id.is_empty() {
        statements.push(address::move_thread(channel, &own.message_id, term));
    }
    let addresses = address::of_visitor(&app.db, of.visitor).await?;
    if let Some(old) = addresses.into_iter().find(|it| it.channel == channel) {
        statements.push(address::put_head(channel, &old.term, &text(&left)));
    }
    app.db.commit(Batch { statements, ..Batch::default() }).await.map_err(ReadError::from)?;
    Ok(fresh.id)
}

/// What an answer to a mail has to know of it.
async fn head(app: &App, channel: ChannelId, mail: &Mail) -> Result<thread::Head, Problem> {
    let raw = mail.raw.ok_or(Refusal::NotFound)?;
    let raw =
        attach::read(app, raw).await.map_err(|error| Problem::broken("a mail could not be read", error))?;
    let verifier = match app.directory().channels.get(&channel).map(|it| &it.setup) {
        Some(Setup::Mail(setup)) => setup.verifier.clone(),
        _ => String::new(),
    };
    let parsed = tokio::task::spawn_blocking(move || parse::parse(&raw, &verifier)).await;
    let parsed = parsed.map_err(|error| Problem::broken("a mail could not be read", error))?;
    let parsed = parsed.ok_or(Refusal::NotFound)?;
    let writer = mail.from.clone().or(parsed.from.clone()).unwrap_or_default();
    Ok(take::head(&parsed, &writer))
}
