//! The service desk's indicators over HTTP, each with the cases behind it.

use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{body::Json, ticket_shown::Viewer},
    problem::Problem,
    tickets,
};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use yingda_core::{
    At,
    access::{Action, Reach},
    id::TicketTypeId,
    promise::Promise,
    refusal::Refusal,
    ticket::{self, Ticket},
};
use yingda_report::indicator::{Figure, Indicator, Period, Verdict};
use yingda_store::{promise as promises, ticket as rows};
use yingda_wire::http::{IndicatorCase, IndicatorCases, IndicatorRow};

pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(cases))
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
    let mut all = vec![];
    for it in Indicator::ALL {
        let verdicts: Vec<Verdict> =
            book.judged(&app, it).await?.into_iter().map(|(verdict, _)| verdict).collect();
        let Figure { good, all: count, percent, mean_ms, p90_ms } = Figure::of(&verdicts);
        all.push(IndicatorRow {
            key: it.key().to_owned(),
            name: it.name(),
            formula: it.formula(),
            target: app.settings().targets.get(it.key()).copied().unwrap_or(it.target()),
            value: percent,
            good,
            all: count,
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
    let mut judged = book.judged(&app, it).await?;
    judged.retain(|(verdict, _)| part.good.is_none_or(|good| verdict.is_good == good));
    judged.reverse();
    judged.truncate(MOST_CASES);
    let viewer = Viewer::new(&app, &caller);
    let mut items = Vec::with_capacity(judged.len());
    for (verdict, case) in judged {
        let Verdict { is_good, took_ms } = verdict;
        let (ticket, promise) = match case {
            Case::Ticket(it) => (Some(viewer.row(it.clone()).await?), None),
            Case::Promise(it) => (None, Some(it.clone())),
        };
        items.push(IndicatorCase { is_good, took_ms, ticket, promise });
    }
    Ok(Json(IndicatorCases { items }))
}

enum Case<'a> {
    Ticket(&'a Ticket),
    Promise(&'a Promise),
}

/// What may count in a period, as far as the reader may see it.
struct Book {
    period: Period,
    now: At,
    tickets: Vec<Ticket>,
    promises: Vec<Promise>,
}

impl Book {
    async fn read(app: &App, caller: &Caller, query: &PeriodQuery) -> Result<Book, Problem> {
        app.reach(caller.actor, Action::ReportRead)?;
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
        Ok(Book { period, now, tickets, promises })
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
        Ok(all)
    }
}
