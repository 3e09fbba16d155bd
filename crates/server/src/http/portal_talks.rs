//! A customer's conversations on the portal: all of them to read, and site mail (站内信, SYS-01i) to write.

use crate::{
    app::{App, Shared},
    channels::{
        heard::Message,
        reach,
        say::{self, Said},
    },
    http::{
        client::Client,
        portal::Guest,
        portal_pages::{self as pages, Told, back, nothing, page},
        transcript::{self, escape, local_time},
        visitors,
    },
    limits::Door,
    problem::{Code, Problem},
};
use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::fmt::Write;
use yingda_core::{
    actor::Actor,
    command::{Act, Command, Envelope, Sent},
    config::{Channel, Setup},
    conversation::{Content, Conversation},
    id::*,
    lang::Lang,
    medium::Medium,
};
use yingda_store::{
    ReadError, address,
    conversation::{self, Filter, Line},
    visitor::Visitor,
};

pub fn routes() -> Router<Shared> {
    Router::new().route("/portal/talks", post(write)).route("/portal/talks/{id}", get(one).post(reply))
}

const ONCE: &str = "portal-talk";
const MAX_TEXT: usize = 4_000;
const MOST: usize = 100;

type Answer = Result<Response, Response>;

fn failed(problem: Problem) -> Response {
    problem.into_response()
}

/// The conversations, with a form for a first word where site mail is on.
pub async fn list(app: &App, guest: &Guest) -> Result<String, Problem> {
    let lang = guest.lang;
    let filter = Filter { customer: Some(guest.customer.id), ..Filter::default() };
    let found = conversation::list(&app.db, &filter, None, MOST).await?.items;
    let mut rows = vec![];
    for line in &found {
        let has_news = line.medium == Medium::SiteMail && has_news(app, line.id).await?;
        rows.push(row(app, line, has_news, lang));
    }
    let none = lang.of("您还没有和我们的会话。", "You have had no conversation with us.");
    let mut html = pages::list(lang.of("我的会话", "My conversations"), &rows, none);
    if site_mail(app).is_some() {
        let _ = write!(html, "<h2>{}</h2>", lang.of("给我们写信", "Write to us"));
        html += &form(app, guest, "/portal/talks", "", None);
    }
    Ok(html)
}

/// Somebody of ours wrote last, and it was not opened since.
async fn has_news(app: &App, id: ConversationId) -> Result<bool, ReadError> {
    let found = conversation::get(&app.db, id).await?;
    Ok(found.is_some_and(|it| it.unanswered_since_at.is_none() && it.preview_of > it.read_by_visitor))
}

fn row(app: &App, line: &Line, has_news: bool, lang: Lang) -> String {
    let time = local_time(line.started_at, app.directory().zone(line.line));
    let words = if line.preview.is_empty() { lang.of("会话", "Conversation") } else { &*line.preview };
    let new = match has_news {
        true => format!("<strong>{}</strong> · ", lang.of("新消息", "New")),
        false => String::new(),
    };
    format!(
        "<a href=\"/portal/talks/{}\">{}</a><br><small>{new}<time>{time}</time></small>",
        line.id,
        escape(words)
    )
}

/// The channel of site mail, where there is one.
fn site_mail(app: &App) -> Option<(ChannelId, Channel)> {
    let directory = app.directory();
    let found = directory.channels.iter().find(|(_, it)| it.enabled && matches!(it.setup, Setup::SiteMail));
    found.map(|(id, channel)| (*id, (**channel).clone()))
}

fn form(app: &App, guest: &Guest, action: &str, text: &str, wrong: Option<&Told>) -> String {
    let lang = guest.lang;
    format!(
        "<form method=\"post\" action=\"{action}\">{}<input type=\"hidden\" name=\"seal\" value=\"{}\"><input \
         type=\"hidden\" name=\"once\" value=\"{}\"><label><span>{}</span><textarea name=\"text\" rows=\"4\" \
         maxlength=\"{MAX_TEXT}\" required>{}</textarea></label><button class=\"main\">{}</button></form>",
        Told::html(wrong),
        guest.seal(app),
        app.secrets.sealed_id(ONCE, RecordId(app.next_id())),
        lang.of("您想说的", "Your message"),
        escape(text),
        lang.of("发送", "Send"),
    )
}

/// A conversation of this customer; another's does not exist.
async fn own(app: &App, guest: &Guest, id: &str) -> Result<Conversation, Response> {
    let id: ConversationId = id.parse().map_err(|_| nothing(guest.lang))?;
    let found = conversation::get(&app.db, id).await.map_err(|error| failed(error.into()))?;
    found.filter(|it| it.customer == Some(guest.customer.id)).ok_or_else(|| nothing(guest.lang))
}

async fn one(State(app): State<Shared>, guest: Guest, Path(id): Path<String>) -> Answer {
    let it = own(&app, &guest, &id).await?;
    read(&app, &it).await;
    show(&app, &guest, &it, "", None, StatusCode::OK).await.map_err(failed)
}

/// Whoever opens site mail has read it.
async fn read(app: &App, it: &Conversation) {
    if it.channel.is_some() && it.channel == site_mail(app).map(|(id, _)| id) {
        let command = Command::Conversation(it.id, Act::Read { up_to: it.last_seq });
        let actor = Actor::Visitor { id: it.visitor };
        if app.site.send(Envelope { actor, origin: None, command }).await.is_err() {
            tracing::debug!("site mail stays unread: its conversation is away");
        }
    }
}

async fn show(
    app: &App,
    guest: &Guest,
    it: &Conversation,
    text: &str,
    wrong: Option<&Told>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let lang = guest.lang;
    let mut html = format!("<h1>{}</h1><dl>", lang.of("会话记录", "Conversation"));
    for line in transcript::lines(app, it, lang, true).await? {
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<dt><time>{}</time> {}</dt><dd>{}</dd>",
            escape(&line.time),
            escape(&line.who),
            escape(&line.text),
        );
    }
    html += "</dl>";
    if it.channel.is_some() && it.channel == site_mail(app).map(|(id, _)| id) {
        html += &form(app, guest, &format!("/portal/talks/{}", it.id), text, wrong);
    }
    Ok(page(status, lang, &format!("{html}{}", back(lang))))
}

#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    seal: String,
    #[serde(default)]
    once: String,
    #[serde(default)]
    text: String,
}

/// A first word. Where the last site mail goes on, this belongs to it.
async fn write(State(app): State<Shared>, client: Client, guest: Guest, Form(words): Form<Words>) -> Answer {
    guest.check(&app, &words.seal).map_err(|page| *page)?;
    match speak(&app, client, &guest, &words).await {
        Ok(Some(id)) => Ok(Redirect::to(&format!("/portal/talks/{id}")).into_response()),
        Ok(None) => Ok(Redirect::to("/portal").into_response()),
        Err(problem) => {
            let (told, status) = Told::of(problem, guest.lang);
            let html = form(&app, &guest, "/portal/talks", &words.text, Some(&told));
            Ok(page(status, guest.lang, &format!("{html}{}", back(guest.lang))))
        }
    }
}

async fn reply(
    State(app): State<Shared>,
    client: Client,
    guest: Guest,
    Path(id): Path<String>,
    Form(words): Form<Words>,
) -> Answer {
    let it = own(&app, &guest, &id).await?;
    guest.check(&app, &words.seal).map_err(|page| *page)?;
    match speak(&app, client, &guest, &words).await {
        // What was over begins anew, elsewhere.
        Ok(said) => Ok(Redirect::to(&format!("/portal/talks/{}", said.unwrap_or(it.id))).into_response()),
        Err(problem) => {
            let (told, status) = Told::of(problem, guest.lang);
            show(&app, &guest, &it, &words.text, Some(&told), status).await.map_err(failed)
        }
    }
}

/// The customer says something by site mail; the same form sent twice says it once.
async fn speak(
    app: &Shared,
    client: Client,
    guest: &Guest,
    words: &Words,
) -> Result<Option<ConversationId>, Problem> {
    let once = app.secrets.read_sealed_id(ONCE, &words.once).ok_or(Code::BadToken)?;
    app.limits.pass(Door::Message, client.ip, app.clock.now())?;
    let text = words.text.trim();
    if text.is_empty() {
        return Err(Problem::field("text", "请填写内容。", "Please write something."));
    }
    if text.chars().count() > MAX_TEXT {
        let (zh, en) = (format!("最多 {MAX_TEXT} 个字符。"), format!("At most {MAX_TEXT} characters."));
        return Err(Problem::field("text", zh, en));
    }
    let (channel, setup) = site_mail(app).ok_or_else(Problem::not_found)?;
    let name = guest.customer.card.name.clone();
    let stranger = visitors::unannounced(app, client.ip, None, guest.lang);
    let fresh = Visitor { customer: Some(guest.customer.id), name: name.clone(), ..stranger };
    let term = guest.customer.id.to_string();
    reach::meet(&app.db, channel, &term, &name, &fresh).await?;
    let address = address::get(&app.db, channel, &term).await?.ok_or_else(Problem::not_found)?;
    let content = Some(Content::Text { text: text.to_owned() });
    let message = Message { name, lang: Some(setup.lang), content, ..Message::default() };
    // Each form is a place of its own, from which one thing is said.
    let origin = Sent { tab: Tab(once.0 as u32), n: 1, base: 1 };
    let Said { conversation, .. } = say::say(app, &app.db, &address, origin, message).await?;
    Ok(conversation)
}
