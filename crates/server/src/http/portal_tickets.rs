//! A customer's tickets and requests on the portal: what is told to them, and what they say back.

use crate::{
    app::{App, Shared},
    files,
    http::{
        client::Client,
        portal::Guest,
        portal_pages::{Told, back, nothing, page},
        transcript::{escape, local_time},
    },
    limits::Door,
    problem::{Code, Problem},
    tickets,
};
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Multipart, Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write, sync::Arc};
use yingda_core::{
    actor::Actor,
    config::{FieldShape, TicketMove, TicketPhase, TicketType},
    event::{Fact, Subject},
    id::*,
    lang::Lang,
    ticket::{self, NewTicket, Ticket, TicketAct},
};
use yingda_store::{
    Batch, ReadError, customer,
    event::{self, Part},
    file, ticket as rows,
};

/// `largest` is the most that a file may have in bytes.
pub fn routes(largest: usize) -> Router<Shared> {
    let room = DefaultBodyLimit::max(2 * largest + 64 * 1024);
    Router::new()
        .route("/portal/tickets/{id}/reply", post(reply))
        .layer(room)
        .route("/portal/tickets/{id}", get(one))
        .route("/portal/tickets/{id}/{deed}", post(deed))
        .route("/portal/request", get(request).post(open))
        .route("/portal/profile", get(profile).post(change))
}

/// What a customer wrote stands on a ticket with this in front: the log knows no customers as writers of notes.
const SAID: &str = "【客户】";
const MAX_TEXT: usize = 4_000;
const EVENTS: usize = 500;

type Answer = Result<Response, Response>;

fn failed(problem: Problem) -> Response {
    problem.into_response()
}

/// A ticket of this customer; another's does not exist.
async fn own(app: &App, guest: &Guest, id: &str) -> Result<(Ticket, Arc<TicketType>), Response> {
    let id: TicketId = id.parse().map_err(|_| nothing(guest.lang))?;
    let found = rows::get(&app.db, id).await.map_err(|error| failed(error.into()))?;
    let found = found.ok_or_else(|| nothing(guest.lang))?;
    // A ticket of somebody who became a part of this customer is theirs as well.
    let whose = match found.customer {
        Some(id) => customer::living(&app.db, id).await.map_err(|error| failed(error.into()))?,
        None => None,
    };
    if whose.is_none_or(|it| it.id != guest.customer.id) {
        return Err(nothing(guest.lang));
    }
    let of = tickets::kind_of(app, &found).await.map_err(failed)?;
    Ok((found, of))
}

async fn one(State(app): State<Shared>, guest: Guest, Path(id): Path<String>) -> Answer {
    let (it, of) = own(&app, &guest, &id).await?;
    show(&app, &guest, &it, &of, "", None, StatusCode::OK).await.map_err(failed)
}

async fn show(
    app: &App,
    guest: &Guest,
    it: &Ticket,
    of: &TicketType,
    text: &str,
    wrong: Option<&Told>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let lang = guest.lang;
    let zone = app.directory().zone(it.line).to_owned();
    let state = |key: &str| of.state(key).map_or("", |state| state.name.get(lang)).to_owned();
    let mut html = format!(
        "<h1>{}</h1><p><small>{}</small></p><p><b>{}</b></p><h2>{}</h2><dl>",
        escape(&it.title),
        escape(&it.serial),
        escape(&state(&it.state)),
        lang.of("进展", "Progress"),
    );
    for stored in event::of_subject(&app.db, Subject::Ticket(it.id), Part::Latest, EVENTS, false).await? {
        let Some(happened) = stored.event() else { continue };
        let line = match happened.fact {
            Fact::TicketOpened { .. } => Some((String::new(), lang.of("已受理", "Received").to_owned())),
            Fact::TicketMoved { to, .. } => Some((String::new(), state(&to))),
            Fact::TicketNoted { text, told: true, files, .. } => {
                let company = app.settings().company.get(lang).to_owned();
                Some((company, with_files(text, files.len(), lang)))
            }
            Fact::TicketNoted { text, files, .. } => text.strip_prefix(SAID).map(|text| {
                (lang.of("您", "You").to_owned(), with_files(text.to_owned(), files.len(), lang))
            }),
            _ => None,
        };
        let Some((who, what)) = line else { continue };
        let class = if who.is_empty() { "" } else { " class=\"answer\"" };
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<dt><time>{}</time> {}</dt><dd{class}>{}</dd>",
            local_time(happened.at, &zone),
            escape(&who),
            escape(&what),
        );
    }
    html += "</dl>";
    let seal = guest.seal(app);
    let _ = write!(
        html,
        "<h2>{}</h2><form method=\"post\" action=\"/portal/tickets/{}/reply\" enctype=\"multipart/form-data\">{}\
         <input type=\"hidden\" name=\"seal\" value=\"{seal}\"><label><span>{}</span><textarea name=\"text\" rows=\"4\" \
         maxlength=\"{MAX_TEXT}\">{}</textarea></label><label><span>{}</span><input type=\"file\" name=\"file\"></label>\
         <button class=\"main\">{}</button></form>",
        lang.of("补充说明", "Add to it"),
        it.id,
        Told::html(wrong),
        lang.of("您想告诉我们的", "What you want to tell us"),
        escape(text),
        lang.of("附件（选填）", "A file (optional)"),
        lang.of("发送", "Send"),
    );
    if may_confirm(it, of) {
        html += &button(it, "confirm", &seal, lang.of("问题已解决，确认", "It is solved: confirm"));
    }
    if it.phase >= TicketPhase::Solved {
        html += &button(it, "reopen", &seal, lang.of("没有解决，请继续处理", "It is not solved: go on"));
    }
    Ok(page(status, lang, &(html + &back(lang))))
}

fn button(it: &Ticket, deed: &str, seal: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/portal/tickets/{}/{deed}\"><input type=\"hidden\" name=\"seal\" \
         value=\"{seal}\"><button class=\"quiet\">{label}</button></form>",
        it.id,
    )
}

fn with_files(text: String, count: usize, lang: Lang) -> String {
    match (count, lang) {
        (0, _) => text,
        (_, Lang::Zh) => format!("{text}\n📎 {count} 个附件"),
        (_, Lang::En) => format!("{text}\n📎 files: {count}"),
    }
}

/// A reply as a browser sends it.
#[derive(Default)]
struct Reply {
    seal: String,
    text: String,
    file: Option<(String, Bytes)>,
}

async fn read(form: &mut Multipart, most: usize) -> Result<Reply, Problem> {
    let mut reply = Reply::default();
    let bad = |_| Problem::new(Code::BadQuery);
    while let Some(field) = form.next_field().await.map_err(bad)? {
        let (name, file) =
            (field.name().unwrap_or_default().to_owned(), field.file_name().map(str::to_owned));
        let bytes = field.bytes().await.map_err(|_| Problem::new(Code::TooLarge))?;
        match name.as_str() {
            "seal" => reply.seal = String::from_utf8_lossy(&bytes).into_owned(),
            "text" => reply.text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim().to_owned(),
            // A browser sends an empty file where none was chosen.
            "file" if bytes.is_empty() => {}
            "file" if bytes.len() > most => return Err(Problem::new(Code::TooLarge)),
            "file" => reply.file = Some((file.unwrap_or_default(), bytes)),
            _ => {}
        }
    }
    Ok(reply)
}

async fn reply(
    State(app): State<Shared>,
    client: Client,
    guest: Guest,
    Path(id): Path<String>,
    mut form: Multipart,
) -> Answer {
    let (it, of) = own(&app, &guest, &id).await?;
    app.limits.pass(Door::Message, client.ip, app.clock.now()).map_err(failed)?;
    let most = app.config.limits.upload_bytes();
    let said = match read(&mut form, most).await {
        Ok(said) => said,
        Err(problem) => return again(&app, &guest, &it, &of, "", problem).await,
    };
    guest.check(&app, &said.seal).map_err(|page| *page)?;
    let text = said.text.clone();
    match say(&app, &it, said).await {
        Ok(()) => Ok(Redirect::to(&format!("/portal/tickets/{}", it.id)).into_response()),
        Err(problem) => again(&app, &guest, &it, &of, &text, problem).await,
    }
}

async fn again(
    app: &App,
    guest: &Guest,
    it: &Ticket,
    of: &TicketType,
    text: &str,
    problem: Problem,
) -> Answer {
    let (told, status) = Told::of(problem, guest.lang);
    show(app, guest, it, of, text, Some(&told), status).await.map_err(failed)
}

async fn say(app: &App, it: &Ticket, said: Reply) -> Result<(), Problem> {
    if said.text.is_empty() && said.file.is_none() {
        return Err(Problem::field("text", "请填写内容。", "Please write something."));
    }
    if said.text.chars().count() > MAX_TEXT {
        let (zh, en) = (format!("最多 {MAX_TEXT} 个字符。"), format!("At most {MAX_TEXT} characters."));
        return Err(Problem::field("text", zh, en));
    }
    let mut kept = vec![];
    if let Some((name, bytes)) = said.file {
        kept.push(keep(app, &name, bytes).await?);
    }
    note(app, it, &said.text, kept).await
}

async fn keep(app: &App, name: &str, bytes: Bytes) -> Result<FileId, Problem> {
    let (kind, name) = files::sniff(&bytes, name).ok_or(Code::WrongFileType)?;
    let size = bytes.len() as u64;
    let _held = app.files.hold().await;
    let hash = app.files.keep(bytes).await.map_err(|error| {
        tracing::warn!(%error, "a customer's file could not be kept");
        Problem::new(Code::FilesAway)
    })?;
    let row = file::StoredFile {
        id: files::fresh_id(),
        hash,
        size,
        mime: kind.mime.to_owned(),
        name,
        visitor: None,
        user: None,
        created_at: app.clock.now(),
    };
    let statements = vec![file::insert(&row)];
    app.db.commit(Batch { statements, ..Batch::default() }).await.map_err(ReadError::from)?;
    Ok(row.id)
}

async fn note(app: &App, it: &Ticket, text: &str, files: Vec<FileId>) -> Result<(), Problem> {
    let act = TicketAct::Note { text: format!("{SAID}{text}"), files, told: false };
    tickets::act(app, Actor::System, it.id, act).await.map(|_| ())
}

#[derive(Deserialize)]
struct SealForm {
    #[serde(default)]
    seal: String,
}

/// The customer confirms that it is solved, or that it is not. What they say is noted in any case; the ticket goes the
/// way of its kind where one leads there and nothing but their own word is missing.
async fn deed(
    State(app): State<Shared>,
    guest: Guest,
    Path((id, deed)): Path<(String, String)>,
    Form(form): Form<SealForm>,
) -> Answer {
    let (it, of) = own(&app, &guest, &id).await?;
    guest.check(&app, &form.seal).map_err(|page| *page)?;
    let (is_confirmed, words) = match deed.as_str() {
        "confirm" if may_confirm(&it, &of) => (true, "已在客户门户确认解决。"),
        "reopen" if it.phase >= TicketPhase::Solved => (false, "在客户门户表示没有解决，请继续处理。"),
        _ => return Err(nothing(guest.lang)),
    };
    note(&app, &it, words, vec![]).await.map_err(failed)?;
    let moved = match way(&it, &of, is_confirmed) {
        Some(way) => {
            let consents = way.needs.iter().filter(|key| {
                of.field(key).is_some_and(|field| is_confirmed && field.shape == FieldShape::Consent)
            });
            let values = consents.map(|key| (key.clone(), "yes".to_owned())).collect();
            let reason = format!("{SAID}{words}");
            let act = TicketAct::Move { way: way.key.clone(), values, reason, force: false };
            tickets::act(&app, Actor::System, it.id, act).await.is_ok()
        }
        None => false,
    };
    if !moved {
        // People take it from here.
        let act = TicketAct::Urge { text: format!("{SAID}{words}") };
        tickets::act(&app, Actor::System, it.id, act).await.map_err(failed)?;
    }
    Ok(Redirect::to(&format!("/portal/tickets/{}", it.id)).into_response())
}

/// The way that a customer's word alone may open: to a confirmed end, or back to work.
fn way<'a>(it: &'a Ticket, of: &'a TicketType, is_confirmed: bool) -> Option<&'a TicketMove> {
    of.ways(&it.state).find(|way| {
        let fits = of.state(&way.to).is_some_and(|to| match is_confirmed {
            true => to.phase == TicketPhase::Closed && to.confirmed,
            false => to.phase == TicketPhase::Open,
        });
        // What somebody has to allow, a customer does not.
        fits && !ticket::needs_approval(it, way)
    })
}

fn may_confirm(it: &Ticket, of: &TicketType) -> bool {
    it.phase == TicketPhase::Solved || (it.phase == TicketPhase::Waiting && way(it, of, true).is_some())
}

#[derive(Default, Deserialize)]
struct RequestForm {
    #[serde(default)]
    seal: String,
    #[serde(default)]
    once: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
}

const ONCE: &str = "portal-request";

async fn request(State(app): State<Shared>, guest: Guest) -> Answer {
    Ok(request_page(&app, &guest, &RequestForm::default(), None, StatusCode::OK))
}

fn request_page(
    app: &App,
    guest: &Guest,
    form: &RequestForm,
    wrong: Option<&Told>,
    status: StatusCode,
) -> Response {
    let lang = guest.lang;
    if guest.portal.requests.is_none() {
        return nothing(lang);
    }
    let html = format!(
        "<h1>{}</h1><form method=\"post\" action=\"/portal/request\">{}{}<label><span>{}</span><input name=\"title\" \
         value=\"{}\" maxlength=\"200\" required></label><label><span>{}</span><textarea name=\"text\" rows=\"6\" \
         maxlength=\"{MAX_TEXT}\" required>{}</textarea></label><button class=\"main\">{}</button></form>{}",
        lang.of("提出新的请求", "Make a new request"),
        Told::html(wrong),
        carried(app, guest),
        lang.of("主题", "What it is about"),
        escape(&form.title),
        lang.of("请详细说明", "Please tell us more"),
        escape(&form.text),
        lang.of("提交", "Send"),
        back(lang),
    );
    page(status, lang, &html)
}

/// What a form carries: the session's seal, and a number by which sending it twice is one request.
fn carried(app: &App, guest: &Guest) -> String {
    let once = app.secrets.sealed_id(ONCE, RecordId(app.next_id()));
    format!(
        "<input type=\"hidden\" name=\"seal\" value=\"{}\"><input type=\"hidden\" name=\"once\" value=\"{once}\">",
        guest.seal(app),
    )
}

async fn open(
    State(app): State<Shared>,
    client: Client,
    guest: Guest,
    Form(form): Form<RequestForm>,
) -> Answer {
    guest.check(&app, &form.seal).map_err(|page| *page)?;
    match ask(&app, client, &guest, &form.once, form.title.trim(), form.text.trim()).await {
        Ok(id) => Ok(Redirect::to(&format!("/portal/tickets/{id}")).into_response()),
        Err(problem) => {
            let (told, status) = Told::of(problem, guest.lang);
            Ok(request_page(&app, &guest, &form, Some(&told), status))
        }
    }
}

/// Opens a ticket in the customer's name.
async fn ask(
    app: &App,
    client: Client,
    guest: &Guest,
    once: &str,
    title: &str,
    text: &str,
) -> Result<TicketId, Problem> {
    let request = app.secrets.read_sealed_id(ONCE, once).ok_or(Code::BadToken)?;
    app.limits.pass(Door::Message, client.ip, app.clock.now())?;
    if title.is_empty() || text.is_empty() {
        return Err(Problem::field(
            "title",
            "主题和说明都要填写。",
            "Please give both a subject and the details.",
        ));
    }
    if text.chars().count() > MAX_TEXT {
        let (zh, en) = (format!("最多 {MAX_TEXT} 个字符。"), format!("At most {MAX_TEXT} characters."));
        return Err(Problem::field("text", zh, en));
    }
    let of = guest.portal.requests.ok_or_else(Problem::not_found)?;
    let directory = app.directory();
    let kind = directory.ticket_types.get(&of).ok_or_else(Problem::not_found)?;
    let new = NewTicket {
        of,
        title: title.to_owned(),
        line: guest.customer.line.filter(|line| directory.lines.contains_key(line)),
        customer: Some(guest.customer.id),
        values: kind.told_by(title, text),
        ..NewTicket::default()
    };
    Ok(tickets::open(app, Actor::System, new, Some(request.0)).await?.id)
}

/// The data that a customer may ask to have changed.
fn data(guest: &Guest) -> [(&'static str, &'static str, &'static str, &str); 5] {
    let it = &guest.customer;
    [
        ("name", "姓名", "Name", &it.card.name),
        ("phone", "电话", "Telephone", &it.card.phone),
        ("email", "邮箱", "E-mail", &it.card.email),
        ("company", "公司", "Company", &it.card.company),
        ("address", "地址", "Address", &it.card.address),
    ]
}

async fn profile(State(app): State<Shared>, guest: Guest) -> Answer {
    Ok(profile_page(&app, &guest, &BTreeMap::new(), None, StatusCode::OK))
}

fn profile_page(
    app: &App,
    guest: &Guest,
    given: &BTreeMap<String, String>,
    wrong: Option<&Told>,
    status: StatusCode,
) -> Response {
    let lang = guest.lang;
    if guest.portal.requests.is_none() {
        return nothing(lang);
    }
    let mut fields = String::new();
    for (key, zh, en, known) in data(guest) {
        let value = given.get(key).map_or(known, String::as_str);
        // Writing to a string cannot fail.
        let _ = write!(
            fields,
            "<label><span>{}</span><input name=\"{key}\" value=\"{}\" maxlength=\"300\"></label>",
            lang.of(zh, en),
            escape(value),
        );
    }
    let html = format!(
        "<h1>{}</h1><p>{}</p><form method=\"post\" action=\"/portal/profile\">{}{}{fields}\
         <button class=\"main\">{}</button></form>{}",
        lang.of("我的资料", "My data"),
        lang.of(
            "改好后提交，工作人员核对后更新。",
            "Write what is right and send it: our people check it and take it over.",
        ),
        Told::html(wrong),
        carried(app, guest),
        lang.of("申请修改", "Ask for the change"),
        back(lang),
    );
    page(status, lang, &html)
}

async fn change(
    State(app): State<Shared>,
    client: Client,
    guest: Guest,
    Form(form): Form<BTreeMap<String, String>>,
) -> Answer {
    guest.check(&app, form.get("seal").map_or("", String::as_str)).map_err(|page| *page)?;
    let lang = guest.lang;
    let wanted = |key: &str| form.get(key).map_or("", |value| value.trim());
    let lines: Vec<String> = data(&guest)
        .iter()
        .filter(|(key, _, _, known)| form.contains_key(*key) && wanted(key) != known.trim())
        .map(|(key, zh, _, known)| format!("{zh}：{known} → {}", wanted(key)))
        .collect();
    let once = form.get("once").map_or("", String::as_str);
    let asked = match lines.is_empty() {
        true => Err(Problem::field("name", "没有任何改动。", "Nothing was changed.")),
        false => ask(&app, client, &guest, once, "客户申请修改资料", &lines.join("\n")).await,
    };
    match asked {
        Ok(id) => Ok(Redirect::to(&format!("/portal/tickets/{id}")).into_response()),
        Err(problem) => {
            let (told, status) = Told::of(problem, lang);
            Ok(profile_page(&app, &guest, &form, Some(&told), status))
        }
    }
}
