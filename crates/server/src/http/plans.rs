//! Plans of visits over HTTP (B-33).

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        audit,
        body::Json,
        edit::{id, page_size},
        idempotency::{self, Once, Replay},
        table::{self, FormatQuery},
        transcript::local_time,
    },
    jobs::plans,
    problem::Problem,
    rules::keep,
    sheet::Sheet,
    site::{Item, ItemFact},
    tickets,
};
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::IntoParams;
use yingda_core::{
    access::{Action, Reach},
    event::{Audience as To, Fact, PlanCancelled, PlanMade, Subject},
    id::*,
    lang::{Lang, Text},
    mask,
    plan::{self, MOST, NewPlan, Plan, Visit, VisitPart},
};
use yingda_store::{customer, plan as rows};
use yingda_wire::http::{Page, PlanRow, PlanVisit};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list, make))
        .routes(routes!(read))
        .routes(routes!(visits))
        .routes(routes!(export))
        .routes(routes!(cancel))
}

const PIECE: usize = 500;

/// Whoever leads people plans their visits, and sees how they stand.
fn reach(app: &App, caller: &Caller) -> Result<Reach, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    app.reach(caller.actor, Action::TicketApprove)
}

fn within(reach: &Reach, plan: &Plan) -> bool {
    let Reach::Users(users) = reach else { return true };
    plan.by.iter().chain(&plan.wanted.staff).any(|id| users.contains(id))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Plans of visits, the newest first, and how each stands.
#[utoipa::path(get, path = "/plans", tag = "tickets", params(ListQuery),
    responses((status = 200, body = Page<PlanRow>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PlanRow>>, Problem> {
    let reach = reach(&app, &caller)?;
    let page = rows::list(&app.db, query.cursor.as_deref(), page_size(query.limit)).await?;
    let mut items = vec![];
    for it in page.items.into_iter().filter(|it| within(&reach, it)) {
        items.push(row(&app, it).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

async fn row(app: &App, plan: Plan) -> Result<PlanRow, Problem> {
    let visits = rows::visits(&app.db, plan.id).await?;
    let figures = plan::figures(&plan.wanted, &visits, app.clock.now());
    Ok(PlanRow { plan, figures })
}

/// Makes a plan: its visits become tickets one after the other.
#[utoipa::path(post, path = "/plans", tag = "tickets", request_body = NewPlan,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = PlanRow)))]
async fn make(State(app): State<Shared>, once: Once<NewPlan>) -> Result<Response, Problem> {
    let Once { caller, body: new, key } = once;
    let reach = reach(&app, &caller)?;
    let (now, directory) = (app.clock.now(), app.directory());
    plan::check(&new, now, &directory).map_err(tickets::problem)?;
    if let Reach::Users(users) = &reach
        && let Some(n) = new.staff.iter().position(|id| !users.contains(id))
    {
        let (zh, en) = ("不在您的管理范围内。", "Is none of your people.");
        return Err(Problem::field(format!("staff.{n}"), zh, en));
    }
    let customers = rows::audience(&app.db, &new.audience, MOST + 1).await?;
    if customers.is_empty() {
        return Err(Problem::field("audience", "没有符合的客户。", "No customer is like that."));
    }
    if customers.len() > MOST {
        let (zh, en) = (
            format!("超过 {MOST} 位客户，请缩小范围。"),
            format!("More than {MOST} customers; narrow it down."),
        );
        return Err(Problem::field("audience", zh, en));
    }
    let total = customers.len() as u32;
    let it = Plan {
        id: RecordId(app.next_id()),
        version: 1,
        by: caller.user,
        created_at: now,
        cancelled: false,
        total,
        wanted: NewPlan { name: new.name.trim().to_owned(), ..new },
    };
    let wanted = &it.wanted;
    let calendar = wanted.calendar.and_then(|id| directory.calendars.get(&id));
    let places: Vec<_> = customers
        .into_iter()
        .enumerate()
        .map(|(n, customer)| {
            let person = wanted.staff[n % wanted.staff.len()];
            let due_at = plan::due_at(wanted.from, wanted.to, calendar.map(|it| &**it), n as u32, total);
            rows::add_visit(it.id, n as u32, customer, person, due_at)
        })
        .collect();
    // Visits without a plan are nobody's, should it break off here.
    for piece in places.chunks(PIECE) {
        keep(&app.db, piece.to_vec()).await?;
    }
    let fact = Fact::PlanMade(PlanMade { plan: it.id, name: wanted.name.clone(), visits: total });
    let item = said(&caller, it.id, fact, vec![rows::insert(&it)]);
    let made = row(&app, it).await?;
    let answer = idempotency::change(&app, key, Replay::new(StatusCode::CREATED, &made), item).await?;
    plans::WAKE.notify_one();
    Ok(answer)
}

fn said(caller: &Caller, on: RecordId, fact: Fact, writes: Vec<yingda_store::Statement>) -> Item {
    let fact = ItemFact { on: Subject::Record(on), to: To::Staff, fact, private: None };
    Item::new(caller.actor, vec![fact], writes)
}

/// One plan, and how it stands.
#[utoipa::path(get, path = "/plans/{id}", tag = "tickets", params(("id" = RecordId, Path)),
    responses((status = 200, body = PlanRow)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(plan): Path<String>,
) -> Result<Json<PlanRow>, Problem> {
    Ok(Json(row(&app, find(&app, &caller, &plan).await?).await?))
}

async fn find(app: &App, caller: &Caller, plan: &str) -> Result<Plan, Problem> {
    let reach = reach(app, caller)?;
    let found = rows::get(&app.db, id(plan)?).await?.filter(|it| within(&reach, it));
    found.ok_or_else(Problem::not_found)
}

/// Makes no more tickets of a plan. Those that are there stay.
#[utoipa::path(post, path = "/plans/{id}/cancel", tag = "tickets", params(("id" = RecordId, Path)),
    responses((status = 200, body = PlanRow)))]
async fn cancel(
    State(app): State<Shared>,
    caller: Caller,
    Path(plan): Path<String>,
) -> Result<Json<PlanRow>, Problem> {
    let found = find(&app, &caller, &plan).await?;
    if found.cancelled {
        return Ok(Json(row(&app, found).await?));
    }
    let after = Plan { version: found.version + 1, cancelled: true, ..found };
    let fact = Fact::PlanCancelled(PlanCancelled { plan: after.id, name: after.wanted.name.clone() });
    app.site.change(said(&caller, after.id, fact, vec![rows::update(&after)])).await?;
    Ok(Json(row(&app, after).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VisitQuery {
    /// Only those that stand so.
    #[param(inline)]
    part: Option<VisitPart>,
    /// Only those with a sensitive matter.
    #[serde(default)]
    sensitive: bool,
    cursor: Option<String>,
    limit: Option<usize>,
}

impl VisitQuery {
    fn wants(&self, plan: &Plan, visit: &Visit, now: i64) -> bool {
        self.part.is_none_or(|part| plan::part(&plan.wanted, visit, now) == part)
            && (!self.sensitive || plan::is_sensitive(&plan.wanted, visit))
    }
}

/// The visits of a plan in their order.
#[utoipa::path(get, path = "/plans/{id}/visits", tag = "tickets",
    params(("id" = RecordId, Path), VisitQuery), responses((status = 200, body = Page<PlanVisit>)))]
async fn visits(
    State(app): State<Shared>,
    caller: Caller,
    Path(plan): Path<String>,
    Query(query): Query<VisitQuery>,
) -> Result<Json<Page<PlanVisit>>, Problem> {
    let plan = find(&app, &caller, &plan).await?;
    let after = match query.cursor.as_deref() {
        Some(text) => Some(text.parse::<u32>().map_err(|_| yingda_store::ReadError::BadCursor)?),
        None => None,
    };
    let (now, limit) = (app.clock.now(), page_size(query.limit));
    let mut all = rows::visits(&app.db, plan.id).await?;
    all.retain(|it| after.is_none_or(|after| it.place > after) && query.wants(&plan, it, now));
    let is_more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| is_more).map(|it| it.place.to_string());
    Ok(Json(Page { items: shown(&app, &caller, &plan, all).await?, next }))
}

async fn shown(
    app: &App,
    caller: &Caller,
    plan: &Plan,
    visits: Vec<Visit>,
) -> Result<Vec<PlanVisit>, Problem> {
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    let now = app.clock.now();
    let hides = directory.ticket_types.get(&plan.wanted.of).is_some_and(|of| {
        let keys =
            plan.wanted.sensitive.iter().map(|it| it.field.as_str()).chain([plan.wanted.score.as_str()]);
        keys.filter_map(|key| of.field(key)).any(|field| field.sensitive)
            && masks.contains(&yingda_core::config::MaskedField::Sensitive)
    });
    let mut names: BTreeMap<CustomerId, String> = BTreeMap::new();
    let mut rows = Vec::with_capacity(visits.len());
    for visit in visits {
        let name = match names.get(&visit.customer) {
            Some(name) => name.clone(),
            None => {
                let found = customer::living(&app.db, visit.customer).await?;
                found.map(|it| mask::within(&it.card.name, &masks)).unwrap_or_default()
            }
        };
        names.insert(visit.customer, name.clone());
        let problem = visit.problem.as_deref().map(|text| {
            serde_json::from_str::<Text>(text)
                .map_or_else(|_| text.to_owned(), |it| it.get(caller.lang).to_owned())
        });
        rows.push(PlanVisit {
            place: visit.place,
            customer: visit.customer,
            customer_name: name,
            person: visit.person,
            due_at: visit.due_at,
            part: plan::part(&plan.wanted, &visit, now),
            ticket: visit.ticket.as_ref().map(|it| it.id),
            serial: visit.ticket.as_ref().map(|it| it.serial.clone()).unwrap_or_default(),
            state: visit.ticket.as_ref().map(|it| it.state.clone()).unwrap_or_default(),
            sensitive: !hides && plan::is_sensitive(&plan.wanted, &visit),
            score: plan::score(&plan.wanted, &visit).filter(|_| !hides),
            problem,
        });
    }
    Ok(rows)
}

const COLUMNS: [(&str, &str); 8] = [
    ("序号", "Place"),
    ("客户", "Customer"),
    ("拜访人", "By"),
    ("应完成时间", "Due"),
    ("进展", "Stands"),
    ("工单", "Ticket"),
    ("满意度", "Score"),
    ("敏感问题", "Sensitive"),
];

fn standing(part: VisitPart, lang: Lang) -> &'static str {
    let (zh, en) = match part {
        VisitPart::Unmade => ("未生成", "Not made"),
        VisitPart::Open => ("待拜访", "To do"),
        VisitPart::Overdue => ("已超时", "Overdue"),
        VisitPart::Done => ("已完成", "Done"),
        VisitPart::Unreached => ("未联系上", "Not reached"),
    };
    if lang == Lang::Zh { zh } else { en }
}

/// The visits of a plan as a table for spreadsheets. Leaves a trace.
#[utoipa::path(get, path = "/plans/{id}/export", tag = "tickets",
    params(("id" = RecordId, Path), FormatQuery),
    responses((status = 200, content(
        (Vec<u8> = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    ))))]
async fn export(
    State(app): State<Shared>,
    caller: Caller,
    Path(plan): Path<String>,
    Query(format): Query<FormatQuery>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::TicketExport)?;
    let plan = find(&app, &caller, &plan).await?;
    let (directory, lang) = (app.directory(), caller.lang);
    let head = COLUMNS.iter().map(|(zh, en)| if lang == Lang::Zh { *zh } else { *en }).collect();
    let mut sheet = Sheet::new(head);
    let line =
        plan.wanted.audience.line.or_else(|| directory.lines.keys().next().copied()).unwrap_or_default();
    let visits = rows::visits(&app.db, plan.id).await?;
    for it in shown(&app, &caller, &plan, visits).await? {
        sheet.add(vec![
            (it.place + 1).to_string(),
            it.customer_name,
            directory.users.get(&it.person).map(|user| user.name.clone()).unwrap_or_default(),
            local_time(it.due_at, directory.zone(line)),
            standing(it.part, lang).to_owned(),
            it.serial,
            it.score.map(|it| it.to_string()).unwrap_or_default(),
            if it.sensitive { "*".to_owned() } else { String::new() },
        ]);
    }
    audit::note_export(&app, &caller, "plan", sheet.rows() as u64).await?;
    table::sent(sheet, "visits", &format)
}
