//! Reports from facts: by agent, queue, hour, day or invitation, with the formula of every column.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    csv::Csv,
    http::{audit, body::Json, edit::download},
    problem::{Code, Problem},
    sheet::Sheet,
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use hashbrown::HashSet;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use yingda_core::{
    At,
    access::{self, Action, Reach, Resource},
    actor::Actor,
    calendar,
    directory::Directory,
    fact::Facts,
    id::*,
};
use yingda_report::{
    metric::Level,
    report::{self, By, Question},
    table::Table,
    tally::Period,
    xlsx,
};
use yingda_store::fact as rows;

pub fn routes() -> Routes {
    Routes::new().routes(routes!(live))
}

const DAY_MS: At = 86_400_000;
/// All facts of a report are in memory at once.
const LONGEST_MS: At = 100 * DAY_MS;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    #[param(inline)]
    by: By,
    /// From this instant on, in milliseconds; the beginning of today in the line's zone.
    from: Option<At>,
    /// Before this instant; a day after `from`.
    to: Option<At>,
    /// Only this business line; its zone cuts hours and days.
    line: Option<LineId>,
    queue: Option<QueueId>,
    /// Only agents of this team and the teams below it.
    team: Option<TeamId>,
    /// Which reading of the service level.
    #[param(inline)]
    #[serde(default)]
    level: Level,
    #[param(inline)]
    #[serde(default)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
    Xlsx,
}

/// A report of a period, today unless told otherwise. Each column carries its formula; the total is computed from all
/// facts, so it need not be the sum of the rows. As CSV or XLSX it needs the right to export, and leaves a trace.
#[utoipa::path(get, path = "/reports/live", tag = "reports", params(ReportQuery),
    responses((status = 200, body = Table)))]
async fn live(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::ReportRead)?;
    if !matches!(query.format, Format::Json) {
        app.reach(caller.actor, Action::ReportExport)?;
    }
    let table = table(&app, caller.actor, &query).await?;
    if !matches!(query.format, Format::Json) {
        audit::note_export(&app, &caller, "report", table.rows.len() as u64).await?;
    }
    let name = format!("report-{}", &table.period()[..10]);
    match query.format {
        Format::Json => Ok(Json(table).into_response()),
        Format::Csv => {
            let mut lines = table.lines(caller.lang).into_iter();
            let mut csv = Csv::new(lines.next().unwrap_or_default());
            lines.for_each(|line| csv.line(line));
            Ok(download(&format!("{name}.csv"), "text/csv; charset=utf-8", csv.into_bytes()))
        }
        Format::Xlsx => {
            let bytes = xlsx::write(&table, caller.lang)
                .map_err(|error| Problem::broken("a report could not be written", error))?;
            Ok(download(&format!("{name}.xlsx"), Sheet::XLSX, bytes))
        }
    }
}

async fn table(app: &App, actor: Actor, query: &ReportQuery) -> Result<Table, Problem> {
    let directory = app.directory();
    let now = app.clock.now();
    let line = query.line.or_else(|| query.queue.and_then(|id| directory.queues.get(&id)).map(|it| it.line));
    let line = line.and_then(|id| directory.lines.get(&id)).or_else(|| directory.lines.values().next());
    let zone = line.map_or("UTC", |line| &*line.zone).to_owned();
    let from = query.from.unwrap_or_else(|| calendar::day_start(&zone, now));
    let to = query.to.unwrap_or(from.saturating_add(DAY_MS));
    if from < 0 || from >= to || to - from > LONGEST_MS {
        return Err(Problem::new(Code::BadQuery)
            .on("时段必须从先到后，且不超过 100 天", "The period must run forwards, over at most 100 days"));
    }
    let mut facts = rows::within(&app.db, from, to).await?;
    Sight::of(&directory, actor, query).narrow(&mut facts, &directory);
    let period = Period { from, to, now };
    let question = Question { by: query.by, period, zone, level: query.level };
    Ok(report::answer(&question, &facts, &directory))
}

/// What the reader may see, and asked for. Absent sets exclude nothing.
struct Sight {
    users: Option<HashSet<UserId>>,
    /// Queues whose figures the reader may see whoever answered.
    queues: Option<HashSet<QueueId>>,
    team: Option<HashSet<UserId>>,
    line: Option<LineId>,
    queue: Option<QueueId>,
}

impl Sight {
    fn of(directory: &Directory, actor: Actor, query: &ReportQuery) -> Sight {
        let (users, queues) = match access::scope(directory, actor, Action::ReportRead) {
            Some(Reach::Everything) => (None, None),
            Some(Reach::Users(users)) => {
                let may = |id: &QueueId| {
                    access::allows(
                        directory,
                        actor,
                        Action::ReportRead,
                        Resource { holders: &[], queue: Some(*id) },
                    )
                };
                let queues = directory.queues.keys().copied().filter(may).collect();
                (Some(users.into_iter().collect()), Some(queues))
            }
            None => (Some(HashSet::new()), Some(HashSet::new())),
        };
        let members = |top| {
            let teams = directory.department(top);
            let inside =
                directory.users.iter().filter(|(_, it)| it.team.is_some_and(|team| teams.contains(&team)));
            inside.map(|(id, _)| *id).collect()
        };
        Sight { users, queues, team: query.team.map(members), line: query.line, queue: query.queue }
    }

    fn sees(&self, agent: Option<UserId>, queue: Option<QueueId>) -> bool {
        let Some(users) = &self.users else { return true };
        agent.is_some_and(|agent| users.contains(&agent))
            || queue.is_some_and(|queue| self.queues.as_ref().is_some_and(|queues| queues.contains(&queue)))
    }

    fn wants(&self, agent: Option<UserId>, queue: Option<QueueId>, line: Option<LineId>) -> bool {
        self.team.as_ref().is_none_or(|team| agent.is_some_and(|agent| team.contains(&agent)))
            && self.queue.is_none_or(|wanted| queue == Some(wanted))
            && self.line.is_none_or(|wanted| line == Some(wanted))
    }

    fn narrow(&self, facts: &mut Facts, directory: &Directory) {
        let line_of = |queue: QueueId| directory.queues.get(&queue).map(|it| it.line);
        facts.visits.retain(|it| {
            self.sees(it.agent, Some(it.queue)) && self.wants(it.agent, Some(it.queue), Some(it.line))
        });
        // Figures of a person are for those who may see that person.
        facts.segments.retain(|it| {
            self.sees(Some(it.agent), None) && self.wants(Some(it.agent), it.queue, Some(it.line))
        });
        facts.offers.retain(|it| {
            self.sees(Some(it.agent), None) && self.wants(Some(it.agent), Some(it.queue), line_of(it.queue))
        });
        facts.intervals.retain(|it| {
            self.sees(Some(it.agent), None) && self.team.as_ref().is_none_or(|team| team.contains(&it.agent))
        });
        // Invitations are nobody's own: they are for those who see everything.
        facts.invitations.retain(|it| {
            let invitation = it.invitation.and_then(|id| directory.invitations.get(&id));
            let widget = invitation.and_then(|it| directory.widgets.get(&it.widget));
            self.users.is_none() && self.line.is_none_or(|wanted| widget.is_some_and(|it| it.line == wanted))
        });
        let narrowed =
            self.users.is_some() || self.team.is_some() || self.queue.is_some() || self.line.is_some();
        if narrowed {
            let seen: HashSet<ConversationId> = facts
                .visits
                .iter()
                .map(|it| it.conversation)
                .chain(facts.segments.iter().map(|it| it.conversation))
                .collect();
            facts.contacts.retain(|it| seen.contains(&it.conversation));
        }
    }
}
