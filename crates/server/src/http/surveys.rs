//! Surveys over HTTP (B-29): asking somebody, what answers come to, and the rows behind each number.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        audit,
        body::Json,
        conversations,
        edit::{disposition, id, page_size},
        idempotency::{self, Once, Replay},
        survey_paper,
        table::{self, FormatQuery},
        transcript::local_time,
    },
    letters,
    problem::Problem,
    sheet::Sheet,
    surveys, tickets,
};
use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::{IntoParams, ToSchema};
use yingda_core::{
    At,
    access::{Action, Reach},
    actor::Actor,
    config::{Choice, Question, QuestionShape, Survey},
    conversation::Phase,
    id::*,
    lang::{Lang, Text},
    refusal::Refusal,
    survey::{SurveyAsk, Via},
    ticket,
};
use yingda_report::survey::{self as tally, By, Scores};
use yingda_store::survey as rows;
use yingda_wire::http::{
    AnswerCount, AskSurvey, Page, QuestionResult, SurveyAsked, SurveyGroup, SurveyResults, SurveyScores,
};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(ask))
        .routes(routes!(results))
        .routes(routes!(asks))
        .routes(routes!(export))
        .routes(routes!(paper))
}

const DAY_MS: At = 86_400_000;
/// More than these are no period that anyone looks at at once.
const MOST: usize = 200_000;

/// Asks the customer of a conversation that one serves, or of a ticket that one works on. The link leaves by the
/// conversation's own way, else by SMS; where neither is there, it is for the caller to hand on.
#[utoipa::path(post, path = "/surveys/{id}/asks", tag = "surveys", request_body = AskSurvey,
    params(("id" = SurveyId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = SurveyAsked)))]
async fn ask(
    State(app): State<Shared>,
    Path(survey): Path<String>,
    once: Once<AskSurvey>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    let survey_id: SurveyId = id(&survey)?;
    let it = surveys::find(&app, survey_id)?;
    if it.retired {
        return Err(Refusal::NotFound.into());
    }
    let asked = match (body.conversation, body.ticket) {
        (Some(conversation), None) => about_conversation(&app, &caller, survey_id, &it, conversation).await?,
        (None, Some(ticket)) => about_ticket(&app, &caller, survey_id, &it, ticket).await?,
        _ => {
            let (zh, en) = ("请指定一个会话或一张工单。", "Name either a conversation or a ticket.");
            return Err(Problem::field("conversation", zh, en));
        }
    };
    let replay = Replay::new(StatusCode::CREATED, &asked);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

async fn about_conversation(
    app: &App,
    caller: &Caller,
    survey: SurveyId,
    it: &Survey,
    conversation: ConversationId,
) -> Result<SurveyAsked, Problem> {
    let of = conversations::served(app, caller, conversation).await?;
    if matches!(of.phase, Phase::Closed | Phase::WrapUp) {
        return Err(Refusal::Closed.into());
    }
    let ask = surveys::about_conversation(app, survey, it, &of, Via::Agent);
    surveys::keep(app, caller.actor, &ask, vec![]).await?;
    surveys::say(app, caller.actor, &ask, of.id).await?;
    Ok(SurveyAsked { id: ask.id, url: surveys::link(app, ask.id), sent: true })
}

async fn about_ticket(
    app: &App,
    caller: &Caller,
    survey: SurveyId,
    it: &Survey,
    of: TicketId,
) -> Result<SurveyAsked, Problem> {
    let of = tickets::find(app, caller.actor, of).await?;
    if !ticket::may(&app.directory(), caller.actor, Action::TicketWrite, &of) {
        return Err(Refusal::Forbidden.into());
    }
    let talk = match of.conversation {
        Some(id) => app.site.ask(conversations::ConversationNow::of(id)).await?,
        None => None,
    };
    let talk = talk.filter(|it| !matches!(it.phase, Phase::Closed | Phase::WrapUp));
    let lang = talk.as_ref().map_or(caller.lang, |it| it.lang);
    let ask = surveys::about_ticket(app, survey, it, &of, lang);
    let url = surveys::link(app, ask.id);
    if let Some(talk) = talk {
        surveys::keep(app, caller.actor, &ask, vec![]).await?;
        surveys::say(app, Actor::System, &ask, talk.id).await?;
        return Ok(SurveyAsked { id: ask.id, url, sent: true });
    }
    let writes = surveys::by_sms(app, &ask).await?;
    let sent = !writes.is_empty();
    surveys::keep(app, caller.actor, &ask, writes).await?;
    surveys::left(app).await;
    Ok(SurveyAsked { id: ask.id, url, sent })
}

/// What results are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Grouping {
    Agent,
    Queue,
    Line,
    Day,
}

impl Grouping {
    fn by(self) -> By {
        match self {
            Grouping::Agent => By::Agent,
            Grouping::Queue => By::Queue,
            Grouping::Line => By::Line,
            Grouping::Day => By::Day,
        }
    }
}

/// Which rows: everything is counted of those who were asked in the period.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RowsQuery {
    /// Asked at or after this instant, in milliseconds; absent: the last 30 days.
    from: Option<At>,
    /// Asked before this instant.
    to: Option<At>,
    #[param(inline)]
    by: Option<Grouping>,
    /// Only the group with this key, of those in `by`; empty: what belongs to none.
    group: Option<String>,
    /// Only those who answered, or only those who did not.
    answered: Option<bool>,
    /// Only those who were asked (`true`), or who came by the open link.
    asked: Option<bool>,
    /// Key of a question, of a matrix `key.row`; only who answered it, with `value` only who answered so.
    question: Option<String>,
    value: Option<String>,
}

impl RowsQuery {
    /// The rows that fit, the earliest first, as far as the reader may see.
    async fn rows(
        &self,
        app: &App,
        caller: &Caller,
        of: SurveyId,
        it: &Survey,
    ) -> Result<Vec<SurveyAsk>, Problem> {
        let reach = app.reach(caller.actor, Action::ReportRead)?;
        let agents = match &reach {
            Reach::Everything => None,
            Reach::Users(users) => Some(users.as_slice()),
        };
        let now = app.clock.now();
        let to = self.to.unwrap_or(now + 1);
        let from = self.from.unwrap_or(to.saturating_sub(30 * DAY_MS));
        let mut all = rows::asked_in(&app.db, of, (from, to), agents, MOST).await?;
        let zone = zone(app);
        all.retain(|row| self.fits(row, it, &zone));
        Ok(all)
    }

    fn fits(&self, row: &SurveyAsk, it: &Survey, zone: &str) -> bool {
        let in_group = match (self.by, &self.group) {
            (Some(by), Some(group)) => by.by().of(row, zone).unwrap_or_default() == *group,
            _ => true,
        };
        let said = self.question.as_ref().is_none_or(|key| match &self.value {
            Some(value) => {
                let question = it.question(key.split('.').next().unwrap_or_default());
                tally::said(question, row, key, value)
            }
            None => row.answers.contains_key(key),
        });
        in_group
            && said
            && self.answered.is_none_or(|answered| row.answered_at.is_some() == answered)
            && self.asked.is_none_or(|asked| (row.via != Via::Open) == asked)
    }
}

/// Days are those of the first business line.
fn zone(app: &App) -> String {
    app.directory().lines.values().next().map(|line| line.zone.clone()).unwrap_or_default()
}

/// What a survey brought.
#[utoipa::path(get, path = "/surveys/{id}/results", tag = "surveys", params(("id" = SurveyId, Path), RowsQuery),
    responses((status = 200, body = SurveyResults)))]
async fn results(
    State(app): State<Shared>,
    caller: Caller,
    Path(survey): Path<String>,
    Query(query): Query<RowsQuery>,
) -> Result<Json<SurveyResults>, Problem> {
    app.reach(caller.actor, Action::ReportRead)?;
    let survey = id(&survey)?;
    let it = surveys::find(&app, survey)?;
    let rows = query.rows(&app, &caller, survey, &it).await?;
    let good = app.settings().csat_good;
    let questions = it.questions.iter().flat_map(|question| {
        let told = |spread: tally::Spread| result(question, spread);
        tally::spread(question, &rows).into_iter().map(told).collect::<Vec<_>>()
    });
    let mut groups = vec![];
    if let Some(by) = query.by {
        let zone = zone(&app);
        let group = |row: &SurveyAsk| by.by().of(row, &zone).unwrap_or_default();
        for key in rows.iter().map(group).collect::<BTreeSet<_>>() {
            let own = rows.iter().filter(|row| group(row) == key);
            groups.push(SurveyGroup { scores: scores(Scores::of(own, good)), key });
        }
    }
    let questions = questions.collect();
    Ok(Json(SurveyResults { scores: scores(Scores::of(rows.iter(), good)), questions, groups }))
}

fn scores(it: Scores) -> SurveyScores {
    let Scores { sent, answered_sent, answered, rate, csat, csat_mean, nps, ces_mean } = it;
    SurveyScores { sent, answered_sent, answered, rate, csat, csat_mean, nps, ces_mean }
}

fn result(question: &Question, it: tally::Spread) -> QuestionResult {
    let row = it.key.split_once('.').map(|(_, row)| label(&question.rows, row));
    let text = match row {
        Some(row) => Text::new(
            format!("{}：{}", question.text.get(Lang::Zh), row.get(Lang::Zh)),
            format!("{}: {}", question.text.get(Lang::En), row.get(Lang::En)),
        ),
        None => question.text.clone(),
    };
    let counts = it.counts.into_iter().map(|(value, count)| AnswerCount {
        label: label(&question.options, &value),
        value,
        count,
    });
    QuestionResult {
        key: it.key,
        text,
        shape: question.shape,
        answered: it.answered,
        counts: counts.collect(),
        mean: it.mean,
    }
}

fn label(options: &[Choice], key: &str) -> Text {
    options.iter().find(|it| it.key == key).map_or_else(|| Text::new(key, key), |it| it.label.clone())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// The rows behind the numbers, the latest first.
#[utoipa::path(get, path = "/surveys/{id}/asks", tag = "surveys",
    params(("id" = SurveyId, Path), RowsQuery, PageQuery), responses((status = 200, body = Page<SurveyAsk>)))]
async fn asks(
    State(app): State<Shared>,
    caller: Caller,
    Path(survey): Path<String>,
    Query(query): Query<RowsQuery>,
    Query(part): Query<PageQuery>,
) -> Result<Json<Page<SurveyAsk>>, Problem> {
    app.reach(caller.actor, Action::ReportRead)?;
    let survey = id(&survey)?;
    let it = surveys::find(&app, survey)?;
    let all = query.rows(&app, &caller, survey, &it).await?;
    let page = rows::page_of(all, part.cursor.as_deref(), page_size(part.limit))?;
    Ok(Json(Page { items: page.items, next: page.next }))
}

/// The rows as a table, a column for each question.
#[utoipa::path(get, path = "/surveys/{id}/export", tag = "surveys",
    params(("id" = SurveyId, Path), RowsQuery, FormatQuery),
    responses((status = 200, content((String = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
async fn export(
    State(app): State<Shared>,
    caller: Caller,
    Path(survey): Path<String>,
    Query(query): Query<RowsQuery>,
    Query(format): Query<FormatQuery>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::ReportExport)?;
    let survey = id(&survey)?;
    let it = surveys::find(&app, survey)?;
    let rows = query.rows(&app, &caller, survey, &it).await?;
    let (directory, lang, zone) = (app.directory(), caller.lang, zone(&app));
    let keys: Vec<(String, String)> = it
        .questions
        .iter()
        .flat_map(|question| {
            let empty = vec![];
            let all = tally::spread(question, &empty).into_iter().map(|one| result(question, one));
            all.map(|one| (one.key, one.text.get(lang).to_owned())).collect::<Vec<_>>()
        })
        .collect();
    let head = [
        ("编号", "Id"),
        ("发出时间", "Asked"),
        ("答复时间", "Answered"),
        ("方式", "Way"),
        ("客服", "Agent"),
        ("队列", "Queue"),
        ("会话", "Conversation"),
        ("工单", "Ticket"),
    ];
    let head = head.iter().map(|(zh, en)| lang.of(*zh, *en).to_owned());
    let mut sheet = Sheet::new(head.chain(keys.iter().map(|(_, text)| text.clone())).collect());
    let users: BTreeMap<UserId, String> =
        directory.users.iter().map(|(id, user)| (*id, user.name.clone())).collect();
    let time = |at: Option<At>| at.map(|at| local_time(at, &zone)).unwrap_or_default();
    for row in rows {
        let mut line = vec![
            row.id.to_string(),
            time(Some(row.asked_at)),
            time(row.answered_at),
            way(row.via, lang).to_owned(),
            row.agent.and_then(|id| users.get(&id).cloned()).unwrap_or_default(),
            row.queue
                .and_then(|id| directory.queues.get(&id))
                .map(|it| it.name.get(lang).to_owned())
                .unwrap_or_default(),
            row.conversation.map(|id| id.to_string()).unwrap_or_default(),
            row.ticket.map(|id| id.to_string()).unwrap_or_default(),
        ];
        line.extend(keys.iter().map(|(key, _)| said(&it, &row, key, lang)));
        sheet.add(line);
    }
    let what = format!("survey {survey}");
    audit::note_export(&app, &caller, &what, sheet.rows() as u64).await?;
    table::sent(sheet, &format!("survey-{survey}"), &format)
}

fn way(via: Via, lang: Lang) -> &'static str {
    match via {
        Via::Closed => lang.of("会话结束后", "After the conversation"),
        Via::Agent => lang.of("客服邀请", "Asked by an agent"),
        Via::Open => lang.of("公开链接", "Open link"),
    }
}

/// An answer as people read it.
fn said(it: &Survey, row: &SurveyAsk, key: &str, lang: Lang) -> String {
    let Some(value) = row.answers.get(key) else { return String::new() };
    match it.question(key.split('.').next().unwrap_or_default()) {
        Some(question) if question.shape != QuestionShape::Text => {
            let labels = value.split(',').map(|one| label(&question.options, one).get(lang).to_owned());
            labels.collect::<Vec<_>>().join(lang.of("、", ", "))
        }
        _ => value.clone(),
    }
}

/// The survey on paper, to be filled in with a pen.
#[utoipa::path(get, path = "/surveys/{id}/print", tag = "surveys", params(("id" = SurveyId, Path)),
    responses((status = 200, content((Vec<u8> = "application/pdf")))))]
async fn paper(
    State(app): State<Shared>,
    caller: Caller,
    Path(survey): Path<String>,
) -> Result<Response, Problem> {
    if caller.user.is_none() {
        app.reach(caller.actor, Action::ManageForms)?;
    }
    let survey: SurveyId = id(&survey)?;
    let it = surveys::find(&app, survey)?;
    let settings = app.settings();
    let letter = survey_paper::set(&it, &settings, caller.lang);
    let folder = app.config.fonts.clone();
    let set = tokio::task::spawn_blocking(move || letters::pdf(&folder, &letter)).await;
    let pdf = set.map_err(|error| Problem::broken("a survey could not be printed", error))??;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, disposition("inline", &format!("survey-{survey}.pdf"))),
    ];
    Ok((headers, pdf).into_response())
}
