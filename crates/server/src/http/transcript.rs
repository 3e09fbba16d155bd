//! A conversation as a text or a page to keep. What people wrote stays text, whatever it looks like.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        client::Client,
        conversations,
        edit::{disposition, id},
        visitors::{self, TokenQuery},
    },
    problem::Problem,
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::fmt::Write;
use utoipa::{IntoParams, ToSchema};
use yingda_core::{
    actor::Actor,
    conversation::{Content, Conversation},
    event::{Author, Event, Fact},
    id::ConversationId,
    lang::Lang,
};
use yingda_store::event::{self as events, Part, StoredEvent};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(for_staff)).routes(routes!(for_visitor))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum TextFormat {
    #[default]
    Txt,
    Html,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FormatQuery {
    #[param(inline)]
    #[serde(default)]
    format: TextFormat,
}

/// A conversation's text, with the notes of staff.
#[utoipa::path(get, path = "/conversations/{id}/transcript", tag = "conversations",
    params(("id" = ConversationId, Path), FormatQuery),
    responses((status = 200, content((String = "text/plain"), (String = "text/html")))))]
async fn for_staff(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
    Query(query): Query<FormatQuery>,
) -> Result<Response, Problem> {
    let found = conversations::find(&app, &caller, id(&conversation)?).await?;
    write(&app, &[found], query.format, caller.lang, false).await
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WhichQuery {
    /// Only this one of the visitor's conversations.
    conversation: Option<ConversationId>,
}

/// The visitor's own conversations as they saw them, the oldest first.
#[utoipa::path(get, path = "/visitor/transcript", tag = "widget", params(TokenQuery, WhichQuery, FormatQuery),
    responses((status = 200, content((String = "text/plain"), (String = "text/html")))))]
async fn for_visitor(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Query(token): Query<TokenQuery>,
    Query(which): Query<WhichQuery>,
    Query(query): Query<FormatQuery>,
) -> Result<Response, Problem> {
    let mut own = visitors::own(&app, visitors::who(&app, &headers, &token)?).await?;
    own.retain(|it| which.conversation.is_none_or(|id| id == it.id));
    if own.is_empty() {
        return Err(Problem::not_found());
    }
    own.reverse();
    write(&app, &own, query.format, client.lang, true).await
}

/// A line of a transcript.
pub(super) struct Line {
    seq: u64,
    pub time: String,
    pub who: String,
    pub text: String,
    is_note: bool,
}

async fn write(
    app: &App,
    conversations: &[Conversation],
    format: TextFormat,
    lang: Lang,
    customer_only: bool,
) -> Result<Response, Problem> {
    let mut talks = Vec::with_capacity(conversations.len());
    for conversation in conversations {
        talks.push(lines(app, conversation, lang, customer_only).await?);
    }
    let company = app.settings().company.get(lang).to_owned();
    let (text, mime, name) = match format {
        TextFormat::Txt => (plain(&talks), "text/plain; charset=utf-8", "transcript.txt"),
        TextFormat::Html => (page(&company, &talks, lang), "text/html; charset=utf-8", "transcript.html"),
    };
    Ok((
        [
            (header::CONTENT_TYPE, mime.to_owned()),
            (header::CONTENT_DISPOSITION, disposition("attachment", name)),
        ],
        text,
    )
        .into_response())
}

/// What was said, as staff or as the customer saw it.
pub(super) async fn lines(
    app: &App,
    conversation: &Conversation,
    lang: Lang,
    customer_only: bool,
) -> Result<Vec<Line>, Problem> {
    let directory = app.directory();
    let zone = directory.zone(conversation.line);
    let customer = match conversations::name_of(app, conversation).await? {
        name if name.is_empty() => lang.of("访客", "Visitor").to_owned(),
        name => name,
    };
    let mut persona = String::new();
    let (mut lines, mut after) = (vec![], 0);
    loop {
        let part = Part::After(after);
        let stored = events::of_conversation(&app.db, conversation.id, part, 1_000, customer_only).await?;
        let Some(last) = stored.last() else { break };
        after = last.seq;
        for event in stored.iter().filter_map(StoredEvent::event) {
            if let Fact::Assigned { persona: shown, .. } = &event.fact {
                persona.clone_from(&shown.name);
            }
            let staff = match event.by {
                // Customers know staff by the name that was shown to them.
                Actor::User { .. } if customer_only => persona.clone(),
                Actor::User { id } => {
                    directory.users.get(&id).map(|user| user.name.clone()).unwrap_or_default()
                }
                _ => app.settings().company.get(lang).to_owned(),
            };
            let who = if matches!(event.by, Actor::Visitor { .. }) { customer.clone() } else { staff };
            lines.extend(line(event, who, zone));
        }
    }
    Ok(lines)
}

fn line(event: Event, who: String, zone: &str) -> Option<Line> {
    let (text, is_note) = match event.fact {
        Fact::MessagePosted { content: Content::Text { text }, author, .. } => {
            (if author == Author::Bot { format!("[Bot] {text}") } else { text }, false)
        }
        Fact::MessagePosted { content: Content::File { name, .. }, .. } => (format!("📎 {name}"), false),
        Fact::MessagePosted { content: Content::Mail { mail }, .. } => {
            (format!("✉ {}\n{}", mail.subject, mail.text), false)
        }
        Fact::NotePosted { text, .. } => (text, true),
        _ => return None,
    };
    Some(Line { seq: event.seq, time: local_time(event.at, zone), who, text, is_note })
}

/// What the customer saw before a position, apart from one message: as a text for whoever goes on elsewhere.
pub async fn before(
    app: &App,
    conversation: &Conversation,
    seq: u64,
    apart_from: Option<u64>,
) -> Result<String, Problem> {
    let mut lines = lines(app, conversation, conversation.lang, true).await?;
    lines.retain(|it| it.seq < seq && Some(it.seq) != apart_from);
    Ok(plain(&[lines]))
}

/// An instant as the line's own clock shows it.
pub(super) fn local_time(at: yingda_core::At, zone: &str) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(at)
        .map_or_else(|_| at.to_string(), |time| time.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Conversations stand apart by an empty line.
fn plain(talks: &[Vec<Line>]) -> String {
    let mut out = String::new();
    for (n, lines) in talks.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        for Line { time, who, text, is_note, .. } in lines {
            let mark = if *is_note { "* " } else { "" };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "[{time}] {mark}{who}: {text}");
        }
    }
    out
}

fn page(company: &str, talks: &[Vec<Line>], lang: Lang) -> String {
    let code = if lang == Lang::Zh { "zh-CN" } else { "en" };
    let company = escape(company);
    let mut out = format!(
        "<!doctype html><html lang=\"{code}\"><meta charset=\"utf-8\"><title>{company}</title><body><h1>{company}</h1>"
    );
    for lines in talks {
        out.push_str("<dl>");
        for Line { time, who, text, is_note, .. } in lines {
            let class = if *is_note { " class=\"note\"" } else { "" };
            let (time, who, text) = (escape(time), escape(who), escape(text).replace('\n', "<br>"));
            // Writing to a string cannot fail.
            let _ = write!(out, "<dt{class}><time>{time}</time> {who}</dt><dd>{text}</dd>");
        }
        out.push_str("</dl>");
    }
    out + "</body></html>"
}

/// Text that a browser shows as it was written.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_stays_text() {
        let line = Line {
            seq: 1,
            time: "2026-01-01 08:00:00".into(),
            who: "<b>Li</b>".into(),
            text: "<script>alert('x')</script>\n\"&\"".into(),
            is_note: false,
        };
        let page = page("A & B", &[vec![line]], Lang::En);
        assert!(page.contains("<title>A &amp; B</title>"));
        assert!(page.contains("&lt;b&gt;Li&lt;/b&gt;</dt>"));
        assert!(
            page.contains("<dd>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;<br>&quot;&amp;&quot;</dd>")
        );
        assert!(!page.contains("<script"));
    }

    #[test]
    fn times_are_those_of_the_line() {
        assert_eq!(local_time(0, "Asia/Shanghai"), "1970-01-01 08:00:00");
        assert_eq!(local_time(0, "Nowhere"), "1970-01-01 00:00:00");
    }
}
