//! What rules did over HTTP, and what one would have done (SYS-21).

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{body::Json, edit::page_size, records},
    problem::Problem,
    rules::{self, Sight},
};
use axum::extract::{Query, State};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;
use yingda_core::{
    access::{Action, Reach},
    config::{MaskedField, Record},
    event::{Fact, Subject},
    id::RuleId,
    mask,
    refusal::Refusal,
    rule,
    rule_run::{RuleRun, RunState},
    ticket,
};
use yingda_store::{
    event::{self as events, AuditFilter},
    rule_run as rows,
};
use yingda_wire::http::{DryRun, DryRunCase, DryRunResult, Page, RuleRunRow};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(runs)).routes(routes!(dry_run))
}

/// A dry run looks at so many events, and names so many of those that would have set the rule off.
const LOOKED: u64 = 20_000;
const NAMED: usize = 200;
const PIECE: usize = 500;

fn allowed(app: &App, caller: &Caller) -> Result<(), Problem> {
    match app.reach(caller.actor, Action::ManageTickets)? {
        Reach::Everything => Ok(()),
        Reach::Users(_) => Err(Refusal::Forbidden.into()),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunQuery {
    /// Only of this rule.
    rule: Option<RuleId>,
    /// Only those in this state.
    #[param(inline)]
    state: Option<RunState>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// What rules did and still have to do, the newest first.
#[utoipa::path(get, path = "/rules/runs", tag = "tickets", params(RunQuery),
    responses((status = 200, body = Page<RuleRunRow>)))]
async fn runs(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<RunQuery>,
) -> Result<Json<Page<RuleRunRow>>, Problem> {
    allowed(&app, &caller)?;
    let limit = page_size(query.limit);
    let page = rows::list(&app.db, query.rule, query.state, query.cursor.as_deref(), limit).await?;
    let namer = Namer { app: &app, caller: &caller, masks: mask::of(&app.directory(), caller.actor) };
    let mut items = vec![];
    for run in page.items {
        items.push(namer.row(run).await?);
    }
    Ok(Json(Page { items, next: page.next }))
}

/// Tells what a rule would have been set off by in a period, without doing anything.
#[utoipa::path(post, path = "/rules/dry-run", tag = "tickets", request_body = DryRun,
    responses((status = 200, body = DryRunResult)))]
async fn dry_run(
    State(app): State<Shared>,
    caller: Caller,
    Json(body): Json<DryRun>,
) -> Result<Json<DryRunResult>, Problem> {
    allowed(&app, &caller)?;
    if body.from >= body.to {
        return Err(Problem::field("to", "须晚于开始时间。", "Has to be later than the beginning."));
    }
    let directory = app.directory();
    // Its name may be taken by itself, and it needs no name to be tried.
    let mut wrong = yingda_core::record::check(&Record::Rule(Box::new(body.rule.clone())), None, &directory);
    wrong.retain(|it| !it.field.starts_with("name"));
    records::refuse(wrong)?;
    let namer = Namer { app: &app, caller: &caller, masks: mask::of(&directory, caller.actor) };
    let rule = &body.rule;
    let mut filter = AuditFilter {
        kind: Some(rule.when.fact_kind().to_owned()),
        from: Some(body.from),
        to: Some(body.to),
        ..AuditFilter::default()
    };
    let mut told = DryRunResult { looked: 0, fires: 0, is_whole: true, cases: vec![] };
    loop {
        let page = events::audit(&app.db, &filter, PIECE).await?;
        for stored in page.events {
            told.looked += 1;
            let Some(event) = stored.event() else { continue };
            if matches!(event.fact, Fact::ConversationClosed { into: Some(_), .. }) {
                continue;
            }
            let Some(sight) = rules::look(&app, &event).await? else { continue };
            if !sight.events(&event.fact).contains(&rule.when) || !rule::holds(rule, sight.seen()) {
                continue;
            }
            told.fires += 1;
            if told.cases.len() < NAMED {
                let label = namer.label(&sight);
                told.cases.push(DryRunCase { seq: event.seq, at: event.at, on: sight.on, label });
            }
        }
        let Some(next) = page.next else { break };
        if told.looked >= LOOKED {
            told.is_whole = false;
            break;
        }
        filter.before = Some(next);
    }
    Ok(Json(told))
}

/// Names what rules act on, as far as the reader may know it.
struct Namer<'a> {
    app: &'a App,
    caller: &'a Caller,
    masks: BTreeSet<MaskedField>,
}

impl Namer<'_> {
    async fn row(&self, run: RuleRun) -> Result<RuleRunRow, Problem> {
        let label = rules::around(self.app, run.on).await?.map(|it| self.label(&it)).unwrap_or_default();
        let ticket = match run.ticket {
            Some(id) => yingda_store::ticket::get(&self.app.db, id).await?.map(|it| it.serial),
            None => None,
        };
        Ok(RuleRunRow { label, serial: ticket.unwrap_or_default(), run })
    }

    fn label(&self, sight: &Sight) -> String {
        let directory = self.app.directory();
        let actor = self.caller.actor;
        let may = |action| self.app.reach(actor, action).is_ok();
        let name = match (sight.on, &sight.ticket, &sight.customer) {
            (Subject::Ticket(_), Some((it, _)), _) => {
                if ticket::may(&directory, actor, Action::TicketRead, it) {
                    format!("{} {}", it.serial, it.title)
                } else {
                    it.serial.clone()
                }
            }
            (_, _, Some(it)) if may(Action::CustomerRead) => it.card.name.clone(),
            _ => String::new(),
        };
        mask::within(&name, &self.masks)
    }
}
