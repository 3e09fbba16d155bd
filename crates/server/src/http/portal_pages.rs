//! The pages of the customer portal as HTML.

use crate::{
    app::App,
    http::{
        plain_page::plain,
        portal::Guest,
        portal_orders, portal_talks,
        transcript::{escape, local_time},
    },
    problem::Problem,
    surveys, tickets,
};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::fmt::Write;
use yingda_core::{config::Portal, lang::Lang, survey, ticket::Ticket};
use yingda_store::{survey as asks, ticket_list as lists};

/// So many of each are listed: customers of a company have few.
const MOST: usize = 100;

/// What went wrong, as a person reads it.
pub struct Told(pub String);

impl Told {
    pub fn of(problem: Problem, lang: Lang) -> (Told, StatusCode) {
        let told = problem.told(lang);
        let text = match told.fields.first() {
            Some(field) => field.message.clone(),
            None => told.detail.map_or(told.title.clone(), |detail| format!("{} {detail}", told.title)),
        };
        (Told(text), problem.into_response().status())
    }

    pub fn html(it: Option<&Told>) -> String {
        it.map(|it| format!("<p class=\"error\" role=\"alert\">{}</p>", escape(&it.0))).unwrap_or_default()
    }
}

pub fn tag(lang: Lang) -> &'static str {
    lang.of("zh", "en")
}

fn name(lang: Lang) -> &'static str {
    lang.of("我的服务", "My service")
}

fn heading(app: &App, lang: Lang) -> String {
    format!("<h1>{}</h1><p>{}</p>", name(lang), escape(app.settings().company.get(lang)))
}

fn other_language(lang: Lang) -> String {
    let (tag, name) = match lang {
        Lang::Zh => ("en", "English"),
        Lang::En => ("zh", "中文"),
    };
    format!("<p><a href=\"/portal?lang={tag}\" lang=\"{tag}\">{name}</a></p>")
}

pub fn back(lang: Lang) -> String {
    format!("<p><a href=\"/portal\">← {}</a></p>", name(lang))
}

pub fn page(status: StatusCode, lang: Lang, body: &str) -> Response {
    plain(status, name(lang), lang, body)
}

/// Not there, or somebody else's: nobody learns which.
pub fn nothing(lang: Lang) -> Response {
    let title = lang.of("没有这一项", "There is no such thing");
    page(StatusCode::NOT_FOUND, lang, &format!("<h1>{title}</h1>{}", back(lang)))
}

pub fn sign_in(
    app: &App,
    portal: &Portal,
    lang: Lang,
    to: &str,
    wrong: Option<&Told>,
    status: StatusCode,
) -> Response {
    let greeting = portal.greeting.get(lang);
    let greeting = match greeting.is_empty() {
        true => lang.of(
            "在这里查看您的工单、订单、会话和问卷。请用您留给我们的手机号或邮箱登录。",
            "Your requests, orders, conversations and surveys. Sign in with the number or the address that we have of you.",
        ),
        false => greeting,
    };
    let html = format!(
        "{}<p>{}</p>{}<form method=\"post\" action=\"/portal/code\">{}<label><span>{}</span>\
         <input name=\"to\" value=\"{}\" autocomplete=\"username\" maxlength=\"200\" required></label>\
         <button class=\"main\">{}</button></form>",
        heading(app, lang),
        escape(greeting),
        other_language(lang),
        Told::html(wrong),
        lang.of("手机号或邮箱", "Telephone number or e-mail"),
        escape(to),
        lang.of("获取验证码", "Send me a code"),
    );
    page(status, lang, &html)
}

pub fn say_code(
    app: &App,
    lang: Lang,
    attempt: &str,
    to: &str,
    wrong: Option<&Told>,
    status: StatusCode,
) -> Response {
    let html = format!(
        "{}<p>{}</p><form method=\"post\" action=\"/portal/session\">{}<input type=\"hidden\" name=\"attempt\" \
         value=\"{}\"><input type=\"hidden\" name=\"to\" value=\"{}\"><label><span>{}</span><input name=\"code\" \
         inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"12\" required></label>\
         <button class=\"main\">{}</button></form><p><a href=\"/portal\">{}</a></p>",
        heading(app, lang),
        lang.of(
            "如果这个号码或邮箱在我们这里登记过，验证码已经发出。没有收到时，请联系客服。",
            "If we know this number or address, a code is on its way. If none arrives, please contact us.",
        ),
        Told::html(wrong),
        escape(attempt),
        escape(to),
        lang.of("验证码", "Code"),
        lang.of("登录", "Sign in"),
        lang.of("换一个号码", "Use another number"),
    );
    page(status, lang, &html)
}

fn put(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = html.write_fmt(text);
}

/// A heading with a list, or a sentence where there is nothing.
pub fn list(title: &str, rows: &[String], none: &str) -> String {
    if rows.is_empty() {
        return format!("<h2>{title}</h2><p>{none}</p>");
    }
    let rows: String = rows.iter().map(|row| format!("<li>{row}</li>")).collect();
    format!("<h2>{title}</h2><ul class=\"list\">{rows}</ul>")
}

/// Everything of one customer.
pub async fn home(app: &App, guest: &Guest) -> Result<Response, Problem> {
    let (lang, id) = (guest.lang, guest.customer.id);
    let directory = app.directory();
    let mut html = heading(app, lang);
    let greeting = guest.portal.greeting.get(lang);
    if !greeting.is_empty() {
        put(&mut html, format_args!("<p>{}</p>", escape(greeting)));
    }
    put(&mut html, format_args!("<p>{}</p>{}", escape(&guest.customer.card.name), other_language(lang)));

    let now = app.clock.now();
    let waiting = asks::of_customer(&app.db, id, MOST).await?;
    let waiting: Vec<String> = waiting
        .iter()
        .filter(|ask| survey::may_answer(ask, now))
        .filter_map(|ask| {
            let of = directory.surveys.get(&ask.survey)?;
            let token = surveys::token(app, ask.id);
            Some(format!("<a href=\"/s/{token}?lang={}\">{}</a>", tag(lang), escape(of.heading(lang))))
        })
        .collect();
    if !waiting.is_empty() {
        html += &list(lang.of("等您填写的问卷", "Surveys that wait for you"), &waiting, "");
    }

    let filter = lists::Filter { customer: Some(id), ..lists::Filter::default() };
    let mut rows = vec![];
    for ticket in lists::list(&app.db, &filter, None, MOST).await?.items {
        rows.push(ticket_row(app, &ticket, lang).await?);
    }
    let none = lang.of("您没有工单。", "You have no requests.");
    html += &list(lang.of("我的工单", "My requests"), &rows, none);
    if guest.portal.requests.is_some() {
        let (ask, own) = (lang.of("提出新的请求", "Make a new request"), lang.of("我的资料", "My data"));
        put(
            &mut html,
            format_args!(
                "<p><a href=\"/portal/request\">{ask}</a></p><p><a href=\"/portal/profile\">{own}</a></p>"
            ),
        );
    }

    html += &portal_orders::list(app, guest).await?;

    html += &portal_talks::list(app, guest).await?;
    put(
        &mut html,
        format_args!(
            "<form method=\"post\" action=\"/portal/leave\"><input type=\"hidden\" name=\"seal\" value=\"{}\">\
             <button class=\"quiet\">{}</button></form>",
            guest.seal(app),
            lang.of("退出登录", "Sign out"),
        ),
    );
    Ok(page(StatusCode::OK, lang, &html))
}

async fn ticket_row(app: &App, ticket: &Ticket, lang: Lang) -> Result<String, Problem> {
    let of = tickets::kind_of(app, ticket).await?;
    let state = of.state(&ticket.state).map_or("", |state| state.name.get(lang));
    let time = local_time(ticket.updated_at, app.directory().zone(ticket.line));
    Ok(format!(
        "<a href=\"/portal/tickets/{}\">{}</a><br><small>{} · {} · <time>{time}</time></small>",
        ticket.id,
        escape(&ticket.title),
        escape(&ticket.serial),
        escape(state),
    ))
}
