//! What is said in a conversation becomes a mail: to whoever wrote, in their thread, with what they wrote below.

use super::{
    html,
    thread::{self, Head},
};
use crate::{
    app::Shared,
    channels::{
        attach,
        connector::{Failure, Parcel},
    },
    surveys,
};
use bytes::Bytes;
use lettre::{
    Message,
    message::{
        Attachment, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use std::time::{Duration, UNIX_EPOCH};
use yingda_core::{
    config::{Channel, MailSetup},
    conversation::Content,
    id::ChannelId,
    lang::Lang,
    mail::{self, Mail},
};
use yingda_store::address;

#[derive(Debug)]
pub struct Letter {
    /// The thread that it belongs to; none for what is sent to an address and awaits no answer.
    pub term: Option<String>,
    pub message_id: String,
    pub message: Message,
}

pub async fn letter(
    app: &Shared,
    id: ChannelId,
    (channel, setup): (&Channel, &MailSetup),
    parcel: &Parcel,
) -> Result<Letter, Failure> {
    let term = Some(&parcel.to.term).filter(|term| !term.contains('@'));
    let head = match term {
        Some(term) => head(app, id, term).await?,
        None => None,
    };
    let is_automatic = match &parcel.content {
        Content::Mail { mail } => mail.is_automatic || parcel.is_automatic,
        _ => parcel.is_automatic,
    };
    if is_automatic && head.as_ref().is_some_and(|head| head.is_automatic) {
        return Err(Failure::Never("a machine wrote the mail, and machines do not answer each other".into()));
    }
    let mail = match &parcel.content {
        Content::Mail { mail } => (**mail).clone(),
        Content::Text { text } => Mail { text: text.clone(), ..Mail::default() },
        Content::File { file, name, mime, size } => {
            let (name, mime) = (name.clone(), mime.clone());
            let file = mail::Attachment { file: *file, name, mime, size: *size, inline: String::new() };
            Mail { files: vec![file], ..Mail::default() }
        }
    };
    let draft = Draft { setup, lang: channel.lang, parcel, mail, head };
    let message_id = thread::own_id(app, id, parcel.id, &setup.address);
    let body = draft.body(app).await?;
    let mut builder = Message::builder()
        .message_id(Some(format!("<{message_id}>")))
        .date(UNIX_EPOCH + Duration::from_millis(draft.written_at()))
        .from(draft.sender()?)
        .subject(draft.subject(term));
    for receiver in draft.to()? {
        builder = builder.to(receiver);
    }
    for receiver in &draft.mail.cc {
        builder = builder.cc(mailbox(receiver)?);
    }
    for receiver in &draft.mail.bcc {
        builder = builder.bcc(mailbox(receiver)?);
    }
    if let Some(head) = draft.head.as_ref().filter(|head| !head.message_id.is_empty()) {
        let before = head.references.iter().rev().chain([&head.message_id]);
        let references: Vec<String> = before.map(|it| format!("<{it}>")).collect();
        builder = builder.in_reply_to(format!("<{}>", head.message_id)).references(references.join(" "));
    }
    if is_automatic {
        let kind = if draft.head.is_some() { "auto-replied" } else { "auto-generated" };
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        builder = builder.raw_header(HeaderValue::new(name, kind.into()));
    }
    let message = builder.multipart(body).map_err(|error| Failure::Never(error.to_string()))?;
    Ok(Letter { term: term.cloned(), message_id, message })
}

async fn head(app: &Shared, id: ChannelId, term: &str) -> Result<Option<Head>, Failure> {
    let text = address::head(&app.db, id, term).await.map_err(|error| Failure::Later(error.to_string()))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn mailbox(it: &mail::Mailbox) -> Result<Mailbox, Failure> {
    let address = it.address.parse();
    let address =
        address.map_err(|error| Failure::Never(format!("{} is no mail address: {error}", it.address)))?;
    Ok(Mailbox::new(Some(it.name.clone()).filter(|name| !name.is_empty()), address))
}

struct Draft<'a> {
    setup: &'a MailSetup,
    lang: Lang,
    parcel: &'a Parcel,
    mail: Mail,
    head: Option<Head>,
}

impl Draft<'_> {
    fn sender(&self) -> Result<Mailbox, Failure> {
        let names = [self.parcel.persona.name.as_str(), self.setup.sender.as_str()];
        let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
        mailbox(&mail::Mailbox { name: names.join(" · "), address: self.setup.address.clone() })
    }

    fn to(&self) -> Result<Vec<Mailbox>, Failure> {
        if !self.mail.to.is_empty() {
            return self.mail.to.iter().map(mailbox).collect();
        }
        if let Some(head) = &self.head {
            return head.reply_to.iter().map(mailbox).collect();
        }
        let address = self.parcel.to.label.clone();
        Ok(vec![mailbox(&mail::Mailbox { name: String::new(), address })?])
    }

    fn subject(&self, term: Option<&String>) -> String {
        let subject = match &self.head {
            _ if !self.mail.subject.is_empty() => self.mail.subject.clone(),
            Some(head) => thread::answer(&head.subject),
            None if !self.setup.sender.is_empty() => self.setup.sender.clone(),
            None => self.setup.address.clone(),
        };
        match term {
            Some(term) => thread::with_token(&subject, term),
            None => subject,
        }
    }

    fn written_at(&self) -> u64 {
        self.mail.send_at.unwrap_or_default().max(self.parcel.at).unsigned_abs()
    }

    /// Plain text and HTML that say the same, with the pictures of the HTML, and files.
    async fn body(&self, app: &Shared) -> Result<MultiPart, Failure> {
        let (text, html) = self.words(app).await?;
        let (inline, attached): (Vec<_>, Vec<_>) =
            self.mail.files.iter().partition(|it| !it.inline.is_empty() && self.mail.html.is_some());
        let mut shown = MultiPart::related().singlepart(SinglePart::html(html));
        for file in inline {
            let part = Attachment::new_inline(file.inline.clone());
            shown = shown.singlepart(part.body(content(app, file).await?, kind(&file.mime)));
        }
        let body = MultiPart::alternative().singlepart(SinglePart::plain(text)).multipart(shown);
        if attached.is_empty() {
            return Ok(body);
        }
        let mut whole = MultiPart::mixed().multipart(body);
        for file in attached {
            let part = Attachment::new(file.name.clone());
            whole = whole.singlepart(part.body(content(app, file).await?, kind(&file.mime)));
        }
        Ok(whole)
    }

    async fn words(&self, app: &Shared) -> Result<(String, String), Failure> {
        let mut text = self.mail.text.clone();
        let mut html = match self.mail.html {
            Some(file) => html::clean(&String::from_utf8_lossy(&read(app, file).await?)),
            None => html::of_text(&self.mail.text),
        };
        let mut signature = self.setup.signature.get(self.lang).to_owned();
        // Where customers have pages of their own, each mail leads there.
        if app.settings().portal.is_some() {
            let portal = surveys::address(app, "/portal");
            let line = match self.lang {
                Lang::Zh => format!("查看您的工单、订单和对话：{portal}"),
                Lang::En => format!("Your tickets, orders and conversations: {portal}"),
            };
            signature =
                [signature, line].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n");
        }
        if !signature.is_empty() {
            text.push_str(&format!("\n\n-- \n{signature}"));
            html.push_str(&format!("<br>\n<br>\n-- <br>\n{}", html::of_text(&signature)));
        }
        if let Some(head) = self.quoted() {
            let who = if head.from.name.is_empty() { &head.from.address } else { &head.from.name };
            let said = match self.lang {
                Lang::Zh => format!("{who} 于 {} 写道：", head.date),
                Lang::En => format!("On {}, {who} wrote:", head.date),
            };
            let lines: Vec<String> = head.text.lines().map(|line| format!("> {line}")).collect();
            text.push_str(&format!("\n\n{said}\n{}\n", lines.join("\n")));
            let below = html::of_text(&head.text);
            html.push_str(&format!("<br>\n<br>\n{}<blockquote>{below}</blockquote>", html::of_text(&said)));
        }
        Ok((text, html))
    }

    /// What an answer quotes. Who did not write it, and is not in the thread, does not get it to read.
    fn quoted(&self) -> Option<&Head> {
        let head = self.head.as_ref()?;
        let wrote = |it: &mail::Mailbox| {
            head.reply_to
                .iter()
                .chain([&head.from])
                .any(|there| there.address.eq_ignore_ascii_case(&it.address))
        };
        let is_answer = self.mail.to.is_empty() || self.mail.to.iter().any(wrote);
        is_answer.then_some(head)
    }
}

async fn read(app: &Shared, file: yingda_core::id::FileId) -> Result<Bytes, Failure> {
    attach::read(app, file).await.map_err(Failure::Later)
}

/// Base64 whatever it is: the other encodings change the ends of lines.
async fn content(app: &Shared, file: &mail::Attachment) -> Result<Body, Failure> {
    let content = read(app, file.file).await?.to_vec();
    Body::new_with_encoding(content, ContentTransferEncoding::Base64)
        .map_err(|_| Failure::Never(format!("{} cannot be attached", file.name)))
}

fn kind(mime: &str) -> ContentType {
    ContentType::parse(mime).unwrap_or(ContentType::parse("application/octet-stream").expect("a kind"))
}
