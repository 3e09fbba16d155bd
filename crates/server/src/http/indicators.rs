//! The service desk's indicators over HTTP, each with the cases behind it.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{body::Json, customers::told, ticket_shown::Viewer},
    problem::Problem,
    tickets,
};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    At,
    access::{Action, Reach},
    fact::Contact,
    id::TicketTypeId,
    mask,
    promise::Promise,
    refusal::Refusal,
    survey::SurveyAsk,
    ticket::{self, Ticket},
};
use yingda_report::indicator::{Figure, Indicator, Period, Verdict};
use yingda_store::{customer_list, fact as facts, promise as promises, survey as surveys, ticket as rows};
use yingda_wire::http::{IndicatorCall, IndicatorCase, IndicatorCases, IndicatorRow};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(list)).routes(routes!(cases))
}

const DAY_MS: At = 86_400_000;
/// Cases that were opened so long before the period may still fall into it.
const BEFORE_MS: At = 90 * DAY_MS;
/// More than these are no period that anyone looks at at once.
const MOST: usize = 200_000;
const MOST_CASES: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PeriodQuery {
    /// From this instant on, in milliseconds; absent: the last 30 days.
    from: Option<At>,
    /// Before this instant.
    to: Option<At>,
}

impl PeriodQuery {
    fn period(&self, now: At) -> Period {
        let to = self.to.unwrap_or(now + 1);
        Period { from: self.from.unwrap_or(to - 30 * DAY_MS), to }
    }
}

/// Every indicator over a period, of what the reader may see.
#[utoipa::path(get, path = "/indicators", tag = "reports", params(PeriodQuery),
    responses((status = 200, body = Vec<IndicatorRow>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<PeriodQuery>,
) -> Result<Json<Vec<IndicatorRow>>, Problem> {
    let book = Book::read(&app, &caller, &query).await?;
    let settings = app.settings();
    let mut all = vec![];
    for it in Indicator::ALL {
        let judged = book.judged(&app, it).await?;
        let scores: Vec<f64> = judged.iter().filter_map(|(_, case)| case.score()).collect();
        let mean = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
        let verdicts: Vec<Verdict> = judged.into_iter().map(|(verdict, _)| verdict).collect();
        let figure =
            if it == Indicator::CardsChecked { book.cards(&app).await? } else { Figure::of(&verdicts) };
        let Figure { good, all: count, percent, mean_ms, p90_ms } = figure;
        all.push(IndicatorRow {
            key: it.key().to_owned(),
            name: it.name(),
            formula: it.formula(&settings),
            target: settings.targets.get(it.key()).copied().unwrap_or(it.target()),
            value: percent,
            good,
            all: count,
            mean,
            mean_ms,
            p90_ms,
        });
    }
    Ok(Json(all))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CasesQuery {
    /// Only what was good, or only what was not.
    good: Option<bool>,
}

/// The cases behind an indicator, the latest first.
#[utoipa::path(get, path = "/indicators/{key}/cases", tag = "reports",
    params(("key" = String, Path), PeriodQuery, CasesQuery), responses((status = 200, body = IndicatorCases)))]
async fn cases(
    State(app): State<Shared>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<PeriodQuery>,
    Query(part): Query<CasesQuery>,
) -> Result<Json<IndicatorCases>, Problem> {
    let it = Indicator::of_key(&key).ok_or_else(Problem::not_found)?;
    let book = Book::read(&app, &caller, &query).await?;
    if it == Indicator::CardsChecked {
        return Ok(Json(IndicatorCases { items: book.checked(&app, &caller, part.good).await? }));
    }
    let mut judged = book.judged(&app, it).await?;
    judged.retain(|(verdict, _)| part.good.is_none_or(|good| verdict.is_good == good));
    judged.reverse();
    judged.truncate(MOST_CASES);
    let viewer = Viewer::new(&app, &caller);
    let mut items = Vec::with_capacity(judged.len());
    for (verdict, case) in judged {
        let Verdict { is_good, took_ms } = verdict;
        let mut line = IndicatorCase { is_good, took_ms, ..IndicatorCase::default() };
        match case {
            Case::Ticket(it) => line.ticket = Some(viewer.row(it.clone()).await?),
            Case::Promise(it) => line.promise = Some(it.clone()),
            Case::Survey(it) => line.survey = Some(it.clone()),
            Case::Call(it) => {
                line.call = Some(IndicatorCall {
                    conversation: it.conversation,
                    started_at: it.started_at,
                    is_resolved: it.resolved,
                    is_answered: it.answered_at.is_some(),
                });
            }
        }
        items.push(line);
    }
    Ok(Json(IndicatorCases { items }))
}

enum Case<'a> {
    Ticket(&'a Ticket),
    Promise(&'a Promise),
    Survey(&'a SurveyAsk),
    Call(&'a Contact),
}

impl Case<'_> {
    fn score(&self) -> Option<f64> {
        match self {
            Case::Survey(it) => it.csat.map(f64::from),
            Case::Ticket(_) | Case::Promise(_) | Case::Call(_) => None,
        }
    }
}

/// What may count in a period, as far as the reader may see it.
struct Book {
    period: Period,
    now: At,
    tickets: Vec<Ticket>,
    promises: Vec<Promise>,
    surveys: Vec<SurveyAsk>,
    /// Of all agents and of none: only for who sees the reports of all.
    calls: Vec<Contact>,
    /// The least satisfaction that counts as satisfied.
    good: u8,
    /// Whether the reader may see customers.
    has_customers: bool,
}

impl Book {
    async fn read(app: &App, caller: &Caller, query: &PeriodQuery) -> Result<Book, Problem> {
        let reports = app.reach(caller.actor, Action::ReportRead)?;
        let directory = app.directory();
        let readable = ticket::readable(&directory, caller.actor, Action::TicketRead);
        let readable = readable.ok_or(Refusal::Forbidden)?;
        let now = app.clock.now();
        let period = query.period(now);
        let kinds: Vec<TicketTypeId> = directory.ticket_types.keys().copied().collect();
        let from = period.from.saturating_sub(BEFORE_MS);
        let mut tickets = rows::opened_in(&app.db, &kinds, from, period.to, MOST).await?;
        tickets.retain(|it| readable.holds(it));
        let owners = match yingda_core::promise::reach(&directory, caller.actor) {
            Some(Reach::Users(users)) => Some(users),
            Some(Reach::Everything) => None,
            None => Some(vec![]),
        };
        let promises = promises::due_in(&app.db, period.from, period.to, owners.as_deref(), MOST).await?;
        let agents = match &reports {
            Reach::Everything => None,
            Reach::Users(users) => Some(users.as_slice()),
        };
        let calls = match &reports {
            Reach::Everything => facts::calls(&app.db, period.from, period.to, MOST).await?,
            Reach::Users(_) => vec![],
        };
        let has_customers = app.reach(caller.actor, Action::CustomerRead).is_ok();
        let surveys = surveys::answered_in(&app.db, (period.from, period.to), agents, MOST).await?;
        Ok(Book {
            period,
            now,
            tickets,
            promises,
            surveys,
            calls,
            good: directory.settings.csat_good,
            has_customers,
        })
    }

    /// From when on a card has to have been looked at to count.
    fn since(&self, app: &App) -> At {
        self.period.to - At::from(app.settings().customers.check_days) * DAY_MS
    }

    /// How many cards are up to date: counted by the store, since there may be a million.
    async fn cards(&self, app: &App) -> Result<Figure, Problem> {
        if !self.has_customers {
            return Ok(Figure::default());
        }
        let (all, good) = customer_list::checked(&app.db, self.period.to, self.since(app)).await?;
        Ok(Figure::counted(good, all))
    }

    /// The customers behind it: those who are longest due first, then those who were looked at last.
    async fn checked(
        &self,
        app: &App,
        caller: &Caller,
        part: Option<bool>,
    ) -> Result<Vec<IndicatorCase>, Problem> {
        let mut items = vec![];
        if !self.has_customers {
            return Ok(items);
        }
        let directory = app.directory();
        let masks = mask::of(&directory, caller.actor);
        for is_good in [false, true] {
            if part.is_some_and(|part| part != is_good) {
                continue;
            }
            let left = MOST_CASES - items.len();
            let found =
                customer_list::looked_at(&app.db, self.period.to, self.since(app), is_good, left).await?;
            items.extend(found.into_iter().map(|row| IndicatorCase {
                is_good,
                customer: Some(told(row, &masks, &directory)),
                ..IndicatorCase::default()
            }));
        }
        Ok(items)
    }

    async fn judged(&self, app: &App, it: Indicator) -> Result<Vec<(Verdict, Case<'_>)>, Problem> {
        let mut all = vec![];
        for ticket in &self.tickets {
            let of = tickets::kind_of(app, ticket).await?;
            all.extend(
                it.judge(ticket, &of, self.period, self.now).map(|verdict| (verdict, Case::Ticket(ticket))),
            );
        }
        for promise in &self.promises {
            let verdict = it.judge_promise(promise, self.period, self.now);
            all.extend(verdict.map(|verdict| (verdict, Case::Promise(promise))));
        }
        for survey in &self.surveys {
            let verdict = it.judge_survey(survey, self.period, self.good);
            all.extend(verdict.map(|verdict| (verdict, Case::Survey(survey))));
        }
        for call in &self.calls {
            all.extend(it.judge_call(call, self.period).map(|verdict| (verdict, Case::Call(call))));
        }
        Ok(all)
    }
}
