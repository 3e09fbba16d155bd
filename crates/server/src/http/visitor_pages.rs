//! `/chat/{widget}`: the chat as a page of its own, for phones and for links in mails. A browser that runs no
//! script gets a form in the same page: it leaves a message and a link under which the answer will stand (SYS-01f).

use crate::{
    app::{App, Shared},
    http::{
        assets,
        client::Client,
        leads,
        plain_page::plain,
        transcript::{escape, local_time},
    },
    problem::Problem,
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write, sync::Arc};
use yingda_core::{
    actor::Actor,
    command::{Command, Envelope, VisitorAct},
    config::{Choice, Field, FieldShape, Widget},
    id::{VisitorId, WidgetId},
    lang::Lang,
    lead::Lead,
};
use yingda_store::lead;

pub fn routes() -> Router<Shared> {
    Router::new().route("/chat/{widget}", get(chat).post(leave)).route("/chat/{widget}/answers", get(answers))
}

/// So many messages of a visitor are shown.
const MOST: usize = 50;

/// Answers of the form, by their names in it.
type Answers = BTreeMap<String, String>;

async fn chat(
    State(app): State<Shared>,
    client: Client,
    Path(widget): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((id, widget)) = find(&app, &widget) else { return none(client.lang) };
    let form = form_html(id, &widget, client.lang, &Answers::new(), &[]);
    assets::chat_page(&format!("<noscript>{form}</noscript>"), &headers)
}

async fn leave(
    State(app): State<Shared>,
    client: Client,
    Path(widget): Path<String>,
    Form(mut answers): Form<Answers>,
) -> Response {
    let Some((id, widget)) = find(&app, &widget) else { return none(client.lang) };
    let lang = client.lang;
    let given = answers.clone();
    let again = |wrong: &[Wrong], status: StatusCode| {
        page(status, &widget, lang, &form_html(id, &widget, lang, &given, wrong))
    };
    let guarded = match consent(&widget, &mut answers, lang) {
        Ok(guarded) => guarded,
        Err(wrong) => return again(&[wrong], StatusCode::UNPROCESSABLE_ENTITY),
    };
    let visitor = VisitorId(app.next_id());
    let left = match leads::keep(&app, client, id, Some(visitor), answers).await {
        Ok(left) => left,
        Err(problem) => {
            let status = problem.clone().into_response().status();
            return again(&wrong_fields(&problem, lang), status);
        }
    };
    if let Some(guardian) = guarded
        && let Err(problem) = accept(&app, visitor, id, widget.notice_version, guardian).await
    {
        // The message is kept and its writer agreed; what is missing is the note of it, and it is in the log.
        tracing::error!(?problem, %visitor, "the accepted notice could not be noted");
    }
    let lang = lang_tag(lang);
    Redirect::to(&format!("/chat/{id}/answers?lang={lang}&token={}", left.token)).into_response()
}

#[derive(Deserialize)]
struct AnswersQuery {
    #[serde(default)]
    token: String,
}

/// The visitor's messages with their answers; the link's token says whose they are.
async fn answers(
    State(app): State<Shared>,
    client: Client,
    Path(widget): Path<String>,
    Query(query): Query<AnswersQuery>,
) -> Result<Response, Problem> {
    let Some((id, widget)) = find(&app, &widget) else { return Ok(none(client.lang)) };
    let lang = client.lang;
    let Some(visitor) = app.secrets.read_visitor_token(&query.token) else {
        let text =
            lang.of("链接已失效，请重新留言。", "This link is no longer valid. Please leave a new message.");
        let body = format!("<h1>{}</h1><p>{text}</p>{}", title(&widget, lang), back(id, lang));
        return Ok(page(StatusCode::FORBIDDEN, &widget, lang, &body));
    };
    let left = lead::of_visitor(&app.db, visitor, MOST).await?;
    let zone = app.directory().zone(widget.line).to_owned();
    let mut body = format!(
        "<h1>{}</h1><p>{}</p>",
        lang.of("您的留言", "Your messages"),
        lang.of(
            "留言已收到。请保存本页网址，回复会显示在这里。",
            "We have your message. Keep the address of this page: the answer will stand here."
        )
    );
    for one in &left {
        body += &lead_html(one, &widget, &zone, lang);
    }
    Ok(page(StatusCode::OK, &widget, lang, &(body + &back(id, lang))))
}

fn find(app: &App, widget: &str) -> Option<(WidgetId, Arc<Widget>)> {
    let id: WidgetId = widget.parse().ok()?;
    Some((id, app.directory().widgets.get(&id)?.clone()))
}

/// Takes the answers about the privacy notice out. What is left are the form's own; `None` where nothing is asked.
fn consent(widget: &Widget, answers: &mut Answers, lang: Lang) -> Result<Option<bool>, Wrong> {
    let (agreed, age) = (answers.remove(AGREED), answers.remove(AGE));
    if !has_notice(widget) {
        return Ok(None);
    }
    if agreed.as_deref() != Some("yes") {
        let text = lang.of("请先同意《隐私说明》", "Please accept the privacy notice first");
        return Err(Wrong { field: AGREED.into(), text: text.into() });
    }
    match age.as_deref() {
        _ if !widget.ask_guardian => Ok(Some(false)),
        Some("adult") => Ok(Some(false)),
        Some("guarded") => Ok(Some(true)),
        _ => Err(Wrong { field: AGE.into(), text: lang.of("请选择一项", "Please choose one").into() }),
    }
}

async fn accept(
    app: &App,
    visitor: VisitorId,
    widget: WidgetId,
    version: u32,
    guardian: bool,
) -> Result<(), Problem> {
    let act = VisitorAct::AcceptNotice { widget, version, guardian };
    let command = Command::Visitor(visitor, act);
    let envelope = Envelope { actor: Actor::Visitor { id: visitor }, origin: None, command };
    app.site.send(envelope).await?;
    Ok(())
}

// ── HTML ──

const AGREED: &str = "_agreed";
const AGE: &str = "_age";

/// What is wrong with an answer; an empty field means the form as a whole.
struct Wrong {
    field: String,
    text: String,
}

fn wrong_fields(problem: &Problem, lang: Lang) -> Vec<Wrong> {
    let told = problem.told(lang);
    let whole = Wrong { field: String::new(), text: told.detail.unwrap_or(told.title) };
    let fields = told.fields.into_iter().map(|wrong| Wrong {
        field: wrong.field.strip_prefix("fields.").unwrap_or(&wrong.field).to_owned(),
        text: wrong.message,
    });
    std::iter::once(whole).chain(fields).collect()
}

fn has_notice(widget: &Widget) -> bool {
    widget.notice_version > 0 && !widget.notice.is_empty()
}

fn lang_tag(lang: Lang) -> &'static str {
    lang.of("zh", "en")
}

fn title(widget: &Widget, lang: Lang) -> String {
    let title = widget.title.get(lang);
    escape(if title.is_empty() { lang.of("在线客服", "Chat") } else { title })
}

fn back(id: WidgetId, lang: Lang) -> String {
    let (text, tag) = (lang.of("再写一条留言", "Write another message"), lang_tag(lang));
    format!("<p><a href=\"/chat/{id}?lang={tag}\">{text}</a></p>")
}

fn form_html(id: WidgetId, widget: &Widget, lang: Lang, given: &Answers, wrong: &[Wrong]) -> String {
    let fault = |field: &str| {
        let text = wrong.iter().find(|wrong| wrong.field == field).map(|wrong| escape(&wrong.text));
        text.map(|text| format!("<p class=\"error\" role=\"alert\">{text}</p>")).unwrap_or_default()
    };
    let (other, other_name) = match lang {
        Lang::Zh => ("en", "English"),
        Lang::En => ("zh", "中文"),
    };
    let mut html = format!(
        "<h1>{}</h1><p>{}</p><p><a href=\"/chat/{id}?lang={other}\" lang=\"{other}\">{other_name}</a></p>\
         <form method=\"post\" action=\"/chat/{id}?lang={}\">{}",
        title(widget, lang),
        lang.of(
            "请留下您的问题和联系方式，我们会尽快回复。提交后您会得到一个可以查看回复的网址。",
            "Leave your question and how to reach you. After sending you get a page where the answer will stand."
        ),
        lang_tag(lang),
        fault(""),
    );
    for field in leads::fields_of(widget) {
        let value = given.get(&field.key).map_or("", String::as_str);
        html += &format!("<div>{}{}</div>", field_html(&field, value, lang), fault(&field.key));
    }
    if has_notice(widget) {
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<details><summary>{}</summary><p>{}</p></details><div><label class=\"tick\"><input type=\"checkbox\" \
             name=\"{AGREED}\" value=\"yes\" required> <span>{}</span></label>{}</div>",
            lang.of("隐私说明", "Privacy notice"),
            escape(widget.notice.get(lang)),
            lang.of("我已阅读并同意《隐私说明》", "I have read and accept the privacy notice"),
            fault(AGREED),
        );
        if widget.ask_guardian {
            let choices = [
                ("adult", lang.of("我已满 14 周岁", "I am 14 or older")),
                ("guarded", lang.of("我未满 14 周岁，监护人已同意", "I am under 14 and my guardian agrees")),
            ];
            for (value, label) in choices {
                let _ = write!(
                    html,
                    "<label class=\"tick\"><input type=\"radio\" name=\"{AGE}\" value=\"{value}\" required> \
                     <span>{label}</span></label>"
                );
            }
            html += &fault(AGE);
        }
    }
    html + &format!("<button class=\"main\">{}</button></form>", lang.of("提交留言", "Send message"))
}

fn field_html(field: &Field, value: &str, lang: Lang) -> String {
    let (key, value) = (escape(&field.key), escape(value));
    let optional =
        if field.required { "" } else { lang.of(" <small>选填</small>", " <small>optional</small>") };
    let label = format!("<span>{}{optional}</span>", escape(field.label.get(lang)));
    let required = if field.required { " required" } else { "" };
    let kind = match field.shape {
        FieldShape::Paragraph => {
            return format!(
                "<label>{label}<textarea name=\"{key}\" rows=\"5\" maxlength=\"8000\"{required}>{value}</textarea></label>"
            );
        }
        FieldShape::Choice => {
            let mut options = format!("<option value=\"\">{}</option>", lang.of("请选择", "Please choose"));
            options_html(&mut options, &field.options, &value, lang);
            return format!("<label>{label}<select name=\"{key}\"{required}>{options}</select></label>");
        }
        FieldShape::Consent => {
            let checked = if value == "yes" { " checked" } else { "" };
            return format!(
                "<label class=\"tick\"><input type=\"checkbox\" name=\"{key}\" value=\"yes\"{checked}{required}> \
                 <span>{label}</span></label>"
            );
        }
        FieldShape::Phone => "tel",
        FieldShape::Email => "email",
        FieldShape::Date => "date",
        // Visitors are not asked for the last three: see `check_open_fields`.
        FieldShape::Number
        | FieldShape::Line
        | FieldShape::Money
        | FieldShape::Address
        | FieldShape::Person
        | FieldShape::File
        | FieldShape::Formula => "text",
    };
    format!(
        "<label>{label}<input type=\"{kind}\" name=\"{key}\" value=\"{value}\" maxlength=\"500\"{required}></label>"
    )
}

/// The leaves of a tree of choices: only a leaf counts as an answer.
fn options_html(html: &mut String, options: &[Choice], chosen: &str, lang: Lang) {
    for option in options {
        let label = escape(option.label.get(lang));
        if option.children.is_empty() {
            let value = escape(&option.key);
            let selected = if value == chosen { " selected" } else { "" };
            let _ = write!(html, "<option value=\"{value}\"{selected}>{label}</option>");
        } else {
            let _ = write!(html, "<optgroup label=\"{label}\">");
            // Groups do not nest in HTML: finer branches follow as groups of their own.
            let (leaves, branches): (Vec<_>, Vec<_>) =
                option.children.iter().cloned().partition(|child| child.children.is_empty());
            options_html(html, &leaves, chosen, lang);
            html.push_str("</optgroup>");
            options_html(html, &branches, chosen, lang);
        }
    }
}

fn lead_html(lead: &Lead, widget: &Widget, zone: &str, lang: Lang) -> String {
    let fields = leads::fields_of(widget);
    let mut html = format!("<h2><time>{}</time></h2><dl>", escape(&local_time(lead.created_at, zone)));
    for field in &fields {
        if let Some(value) = lead.fields.get(&field.key) {
            let _ = write!(html, "<dt>{}</dt><dd>{}</dd>", escape(field.label.get(lang)), escape(value));
        }
    }
    let answer = match lead.answer.as_str() {
        "" => lang.of("还没有回复，请稍后再来看。", "There is no answer yet. Please look again later."),
        answer => answer,
    };
    let label = lang.of("我们的回复", "Our answer");
    let _ = write!(html, "<dt><b>{label}</b></dt><dd class=\"answer\">{}</dd></dl>", escape(answer));
    html
}

/// A plain page: no script at all. Its address may hold a token, so it is neither kept nor passed on.
fn page(status: StatusCode, widget: &Widget, lang: Lang, body: &str) -> Response {
    plain(status, &title(widget, lang), lang, body)
}

fn none(lang: Lang) -> Response {
    let text = lang.of("没有这个在线客服页面", "There is no such chat page");
    plain(StatusCode::NOT_FOUND, text, lang, &format!("<h1>{text}</h1>"))
}
