//! `/s/{token}` for who was asked, `/survey/{id}` for whoever has the address (B-29). Plain pages: what is answered on
//! one page travels on with the next, so that nothing is lost and nothing is stored before the end.

use crate::{
    app::{App, Shared},
    http::{
        client::Client,
        plain_page::plain,
        survey_form::{Given, Seen, form},
        transcript::escape,
    },
    limits::Door,
    problem::Problem,
    surveys,
};
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde::Deserialize;
use std::sync::Arc;
use yingda_core::{
    config::{Question, Survey},
    fault::Wrong,
    id::{RecordId, SurveyId},
    lang::Lang,
    survey::{self, SurveyAsk, Via},
};
use yingda_store::survey as rows;

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/s/{token}", get(invited).post(invited_answer))
        .route("/survey/{id}", get(open).post(open_answer))
}

#[derive(Deserialize)]
struct LangQuery {
    lang: Option<String>,
}

impl LangQuery {
    fn or(&self, usual: Lang) -> Lang {
        self.lang.as_deref().map_or(usual, Lang::of_tag)
    }
}

/// Who was asked, and what.
struct Invited {
    ask: SurveyAsk,
    survey: Arc<Survey>,
}

/// What an answer's page stands on.
struct Paper<'a> {
    survey: &'a Survey,
    lang: Lang,
    /// Where the form goes.
    action: String,
    /// What the open link's form carries, so that sending it twice is one answer.
    once: String,
}

async fn invited(
    State(app): State<Shared>,
    client: Client,
    Path(token): Path<String>,
    Query(query): Query<LangQuery>,
) -> Result<Response, Problem> {
    let found = match find(&app, &token, query.or(client.lang)).await? {
        Ok(found) => found,
        Err(page) => return Ok(page),
    };
    let lang = query.or(found.ask.lang);
    if let Some(page) = over(&app, &found, lang, app.clock.now()) {
        return Ok(page);
    }
    Ok(show(&paper(&found.survey, &token, lang), 0, &Given::default(), &[], StatusCode::OK))
}

async fn invited_answer(
    State(app): State<Shared>,
    client: Client,
    Path(token): Path<String>,
    Query(query): Query<LangQuery>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    app.limits.pass(Door::Message, client.ip, app.clock.now())?;
    let found = match find(&app, &token, query.or(client.lang)).await? {
        Ok(found) => found,
        Err(page) => return Ok(page),
    };
    let lang = query.or(found.ask.lang);
    if let Some(page) = over(&app, &found, lang, app.clock.now()) {
        return Ok(page);
    }
    let given = Given::read(&found.survey, fields);
    match step(&paper(&found.survey, &token, lang), &given) {
        Step::Show(page) => Ok(*page),
        Step::Done => {
            surveys::answer(&app, &found.ask, &found.survey, &given.answers).await?;
            Ok(thanks(&app, &found.survey, lang, false))
        }
    }
}

async fn open(
    State(app): State<Shared>,
    client: Client,
    Path(survey): Path<String>,
    Query(query): Query<LangQuery>,
) -> Result<Response, Problem> {
    let lang = query.or(client.lang);
    let Some((id, survey)) = open_one(&app, &survey) else { return Ok(nowhere(lang)) };
    let once = surveys::token(&app, RecordId(app.next_id()));
    Ok(show(&open_paper(id, &survey, once, lang), 0, &Given::default(), &[], StatusCode::OK))
}

async fn open_answer(
    State(app): State<Shared>,
    client: Client,
    Path(survey): Path<String>,
    Query(query): Query<LangQuery>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (lang, now) = (query.or(client.lang), app.clock.now());
    app.limits.pass(Door::Message, client.ip, now)?;
    let Some((id, survey)) = open_one(&app, &survey) else { return Ok(nowhere(lang)) };
    let given = Given::read(&survey, fields);
    let Some(ask) = surveys::read_token(&app, &given.once) else { return Ok(nowhere(lang)) };
    match step(&open_paper(id, &survey, given.once.clone(), lang), &given) {
        Step::Show(page) => Ok(*page),
        Step::Done => {
            let expires_at = survey::expires_at(&survey, now);
            let ask = SurveyAsk {
                id: ask,
                survey: id,
                via: Via::Open,
                lang,
                asked_at: now,
                expires_at,
                ..SurveyAsk::default()
            };
            let is_first = surveys::answer(&app, &ask, &survey, &given.answers).await?;
            Ok(thanks(&app, &survey, lang, !is_first))
        }
    }
}

enum Step {
    Show(Box<Response>),
    Done,
}

/// One page on: back, again with what is wrong or was not seen yet, to the next page, or to the end.
fn step(paper: &Paper<'_>, given: &Given) -> Step {
    let survey = paper.survey;
    let pages = survey::pages(survey);
    let here = given.page.min(pages.len() - 1);
    let asks = |page: &[&Question]| page.iter().any(|it| survey::is_asked(survey, it, &given.answers));
    let show = |page, wrong: &[Wrong], status| Step::Show(Box::new(show(paper, page, given, wrong, status)));
    if given.back {
        return show((0..here).rev().find(|page| asks(&pages[*page])).unwrap_or(0), &[], StatusCode::OK);
    }
    let (seen, fresh): (Vec<&Question>, Vec<&Question>) =
        pages[here].iter().copied().partition(|it| given.seen.contains(&it.key));
    let wrong = survey::check_answers(survey, &seen, &given.answers);
    if !wrong.is_empty() {
        return show(here, &wrong, StatusCode::UNPROCESSABLE_ENTITY);
    }
    // Another answer leads to it, and without script it was not there yet.
    if asks(&fresh) {
        return show(here, &[], StatusCode::OK);
    }
    if let Some(next) = (here + 1..pages.len()).find(|page| asks(&pages[*page])) {
        return show(next, &[], StatusCode::OK);
    }
    let wrong = |page: &&Vec<&Question>| !survey::check_answers(survey, page, &given.answers).is_empty();
    match pages.iter().position(|page| wrong(&page)) {
        Some(page) => {
            let wrong = survey::check_answers(survey, &pages[page], &given.answers);
            show(page, &wrong, StatusCode::UNPROCESSABLE_ENTITY)
        }
        None => Step::Done,
    }
}

async fn find(app: &App, token: &str, lang: Lang) -> Result<Result<Invited, Response>, Problem> {
    let Some(id) = surveys::read_token(app, token) else { return Ok(Err(nowhere(lang))) };
    let Some(ask) = rows::get(&app.db, id).await? else { return Ok(Err(nowhere(lang))) };
    match app.directory().surveys.get(&ask.survey).cloned() {
        Some(survey) => Ok(Ok(Invited { ask, survey })),
        None => Ok(Err(nowhere(lang))),
    }
}

fn open_one(app: &App, survey: &str) -> Option<(SurveyId, Arc<Survey>)> {
    let id: SurveyId = survey.parse().ok()?;
    let found = app.directory().surveys.get(&id).cloned()?;
    (found.open_link && !found.retired).then_some((id, found))
}

fn paper<'a>(survey: &'a Survey, token: &str, lang: Lang) -> Paper<'a> {
    Paper { survey, lang, action: format!("/s/{}", escape(token)), once: String::new() }
}

fn open_paper(id: SurveyId, survey: &Survey, once: String, lang: Lang) -> Paper<'_> {
    Paper { survey, lang, action: format!("/survey/{id}"), once }
}

fn show(paper: &Paper<'_>, page: usize, given: &Given, wrong: &[Wrong], status: StatusCode) -> Response {
    let seen = Seen { survey: paper.survey, lang: paper.lang, page, given, wrong };
    let html = form(&seen, &paper.action, &paper.once);
    plain(status, &escape(paper.survey.heading(paper.lang)), paper.lang, &html)
}

/// The page for whom it is too late, or who answered before.
fn over(app: &App, found: &Invited, lang: Lang, now: i64) -> Option<Response> {
    if found.ask.answered_at.is_some() {
        return Some(thanks(app, &found.survey, lang, true));
    }
    (!survey::may_answer(&found.ask, now)).then(|| {
        let title = lang.of("问卷已过期", "This survey has ended");
        let text = lang.of(
            "这份问卷的有效期已过，不能再提交了。感谢您的关注；如有意见，欢迎随时联系我们。",
            "The time for this survey is over. Thank you all the same; you are welcome to contact us at any time.",
        );
        plain(StatusCode::GONE, title, lang, &format!("<h1>{title}</h1><p>{text}</p>"))
    })
}

fn thanks(app: &App, survey: &Survey, lang: Lang, before: bool) -> Response {
    let title = match before {
        true => lang.of("您已经答过这份问卷", "You have answered this survey already"),
        false => lang.of("谢谢您的回答", "Thank you for your answer"),
    };
    let usual = lang.of("您的意见会帮助我们做得更好。", "What you say helps us to do better.");
    let own = survey.thanks.get(lang);
    let text = escape(if own.is_empty() { usual } else { own });
    // Where there are pages of their own, they find the rest there.
    let own_pages = lang.of("查看您的工单、订单和对话", "Your tickets, orders and conversations");
    let has_portal = app.settings().portal.is_some();
    let portal =
        if has_portal { format!("<p><a href=\"/portal\">{own_pages}</a></p>") } else { String::new() };
    plain(StatusCode::OK, title, lang, &format!("<h1>{title}</h1><p>{text}</p>{portal}"))
}

fn nowhere(lang: Lang) -> Response {
    let title = lang.of("没有这份问卷", "There is no such survey");
    let text = lang.of(
        "链接不完整或有误，请检查是否完整复制了网址。",
        "The link is wrong or incomplete. Please check that you have the whole address.",
    );
    plain(StatusCode::NOT_FOUND, title, lang, &format!("<h1>{title}</h1><p>{text}</p>"))
}
