//! Everything about one customer in the order in which it happened: conversations of every channel, tickets, promises,
//! surveys, leads, orders, and what was done with the card. Each source is read by its own list, with the reader's rights.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        customers,
        edit::{id, page_size},
        leads, tickets,
    },
    problem::{Code, Problem},
};
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;
use yingda_core::{
    At,
    access::{Action, Reach},
    actor::Actor,
    event::{Fact, Subject},
    id::*,
    lead::Lead,
    mask,
    order::Order,
    promise,
    survey::SurveyAsk,
};
use yingda_store::{
    conversation,
    event::{self, Part},
    lead, order, promise as promises, survey, ticket_list,
};
use yingda_wire::http::{Page, TimelineEntry, TimelineKind};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(read))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TimelineQuery {
    /// Only this.
    #[param(inline)]
    kind: Option<TimelineKind>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// What happened with a customer, the newest first.
#[utoipa::path(get, path = "/customers/{id}/timeline", tag = "customers",
    params(("id" = CustomerId, Path), TimelineQuery), responses((status = 200, body = Page<TimelineEntry>)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(customer): Path<String>,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<Page<TimelineEntry>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let customer = customers::find(&app, id(&customer)?).await?.id;
    let limit = page_size(query.limit);
    let before = match query.cursor.as_deref() {
        Some(cursor) => cursor.parse().map_err(|_| Code::BadQuery)?,
        None => At::MAX,
    };
    let look = Look { app: &app, caller: &caller, customer, before, limit: limit + 1 };
    let mut all = vec![];
    let wanted = |kind| query.kind.is_none_or(|it| it == kind);
    if wanted(TimelineKind::Conversation) {
        all.extend(look.conversations().await?);
    }
    if wanted(TimelineKind::Ticket) {
        all.extend(look.tickets().await?);
    }
    if wanted(TimelineKind::Promise) {
        all.extend(look.promises().await?);
    }
    if wanted(TimelineKind::Survey) {
        all.extend(look.surveys().await?);
    }
    if wanted(TimelineKind::Lead) {
        all.extend(look.leads().await?);
    }
    if wanted(TimelineKind::Order) {
        all.extend(look.orders().await?);
    }
    if wanted(TimelineKind::Card) {
        all.extend(look.card().await?);
    }
    all.retain(|it| it.at < before);
    all.sort_by_key(|it| std::cmp::Reverse(it.at));
    // What happened at one instant stays on one page: the next one begins before it.
    let mut end = limit.min(all.len());
    while end > 0 && end < all.len() && all[end].at == all[end - 1].at {
        end += 1;
    }
    let next = (end < all.len()).then(|| all[end - 1].at.to_string());
    all.truncate(end);
    let masks = mask::of(&app.directory(), caller.actor);
    all.iter_mut().for_each(|it| it.text = mask::within(&it.text, &masks));
    Ok(Json(Page { items: all, next }))
}

/// Who asks for what: each source gives at most a page that ends before an instant.
struct Look<'a> {
    app: &'a App,
    caller: &'a Caller,
    customer: CustomerId,
    before: At,
    limit: usize,
}

impl Look<'_> {
    fn entry(
        &self,
        at: At,
        kind: TimelineKind,
        id: impl ToString,
        state: &str,
        text: String,
    ) -> TimelineEntry {
        TimelineEntry {
            at,
            kind,
            id: id.to_string(),
            serial: String::new(),
            text,
            name: None,
            state: state.to_owned(),
            state_name: None,
            medium: None,
            by: None,
            conversation: None,
            ticket: None,
        }
    }

    /// Where a list ends that is not to be read from its top.
    fn to(&self) -> Option<At> {
        (self.before < At::MAX).then_some(self.before)
    }

    /// Nothing where the reader may not read any of it.
    fn scope(&self, action: Action) -> Option<Option<Vec<UserId>>> {
        match self.app.reach(self.caller.actor, action).ok()? {
            Reach::Everything => Some(None),
            Reach::Users(users) => Some(Some(users)),
        }
    }

    async fn conversations(&self) -> Result<Vec<TimelineEntry>, Problem> {
        let Some(visible_to) = self.scope(Action::ConversationRead) else { return Ok(vec![]) };
        let filter = conversation::Filter {
            customer: Some(self.customer),
            to: self.to(),
            visible_to,
            ..conversation::Filter::default()
        };
        let found = conversation::list(&self.app.db, &filter, None, self.limit).await?.items;
        let told = |it: conversation::Line| TimelineEntry {
            medium: Some(it.medium),
            by: it.agent,
            ..self.entry(it.started_at, TimelineKind::Conversation, it.id, &word(it.phase), it.preview)
        };
        Ok(found.into_iter().map(told).collect())
    }

    async fn tickets(&self) -> Result<Vec<TimelineEntry>, Problem> {
        let Ok(readable) = tickets::readable(self.app, self.caller, Action::TicketRead) else {
            return Ok(vec![]);
        };
        let filter = ticket_list::Filter {
            customer: Some(self.customer),
            to: self.to(),
            readable: Some(readable),
            ..ticket_list::Filter::default()
        };
        let found = ticket_list::list(&self.app.db, &filter, None, self.limit).await?.items;
        let mut told = vec![];
        for it in found {
            let of = crate::tickets::kind_of(self.app, &it).await?;
            told.push(TimelineEntry {
                serial: it.serial.clone(),
                name: Some(of.name.clone()),
                state_name: of.state(&it.state).map(|state| state.name.clone()),
                by: it.owner,
                conversation: it.conversation,
                ..self.entry(it.created_at, TimelineKind::Ticket, it.id, &word(it.phase), it.title)
            });
        }
        Ok(told)
    }

    async fn promises(&self) -> Result<Vec<TimelineEntry>, Problem> {
        let directory = self.app.directory();
        let mut found = promises::of(&self.app.db, None, None, Some(self.customer)).await?;
        found.retain(|it| promise::may(&directory, self.caller.actor, it));
        let state = |it: &promise::Promise| match (it.kept_at, it.dropped_at) {
            (Some(at), _) if at <= it.first_due_at => "kept",
            (Some(_), _) => "kept_late",
            (_, Some(_)) => "dropped",
            _ if it.late => "broken",
            _ => "open",
        };
        let told = |it: promise::Promise| TimelineEntry {
            by: Some(it.owner),
            conversation: it.conversation,
            ticket: it.ticket,
            ..self.entry(it.made_at, TimelineKind::Promise, it.id, state(&it), it.text.clone())
        };
        Ok(found.into_iter().map(told).collect())
    }

    async fn surveys(&self) -> Result<Vec<TimelineEntry>, Problem> {
        let directory = self.app.directory();
        let found = survey::of_customer(&self.app.db, self.customer, 1_000).await?;
        let told = |it: SurveyAsk| {
            let score = [("CSAT", it.csat), ("NPS", it.nps), ("CES", it.ces)];
            let scores = score.iter().filter_map(|(name, score)| Some(format!("{name} {}", (*score)?)));
            let text = scores.collect::<Vec<_>>().join(" · ");
            let at = it.answered_at.unwrap_or(it.asked_at);
            let state = if it.answered_at.is_some() { "answered" } else { "asked" };
            TimelineEntry {
                name: directory.surveys.get(&it.survey).map(|survey| survey.name.clone()),
                by: it.agent,
                conversation: it.conversation,
                ticket: it.ticket,
                ..self.entry(at, TimelineKind::Survey, it.id, state, text)
            }
        };
        Ok(found.into_iter().map(told).collect())
    }

    async fn leads(&self) -> Result<Vec<TimelineEntry>, Problem> {
        let mut found = lead::of_customer(&self.app.db, self.customer, 1_000).await?;
        match leads::reach(self.app, self.caller.actor, Action::CustomerRead) {
            Ok(Reach::Everything) => {}
            Ok(Reach::Users(users)) => found.retain(|it| it.owner.is_none_or(|id| users.contains(&id))),
            Err(_) => found.clear(),
        }
        let told = |it: Lead| TimelineEntry {
            by: it.owner,
            text: it.fields.get("message").cloned().unwrap_or_default(),
            ..self.entry(it.created_at, TimelineKind::Lead, it.id, &word(it.status), String::new())
        };
        Ok(found.into_iter().map(told).collect())
    }

    async fn orders(&self) -> Result<Vec<TimelineEntry>, Problem> {
        if self.scope(Action::OrderRead).is_none() {
            return Ok(vec![]);
        }
        let filter = order::Filter { customer: Some(self.customer), ..order::Filter::default() };
        let found = order::list(&self.app.db, &filter, None, 1_000).await?.items;
        let goods = |it: &Order| {
            let names = it.order.lines.iter().map(|line| line.name.as_str()).filter(|name| !name.is_empty());
            names.collect::<Vec<_>>().join(", ")
        };
        let told = |it: Order| TimelineEntry {
            serial: it.order.number.clone(),
            ..self.entry(it.order.placed_at, TimelineKind::Order, it.id, &word(it.state), goods(&it))
        };
        Ok(found.into_iter().map(told).collect())
    }

    /// What was done with the card itself.
    async fn card(&self) -> Result<Vec<TimelineEntry>, Problem> {
        let on = Subject::Customer(self.customer);
        let mut part = Part::Latest;
        let mut told = vec![];
        // Events have no index by time: of somebody whose card changed so often only the newest are looked through.
        for _ in 0..20 {
            let events = event::of_subject(&self.app.db, on, part, self.limit, false).await?;
            let Some(first) = events.first() else { break };
            part = Part::Before(first.seq);
            let is_all = events.len() < self.limit;
            for stored in events.iter().rev().filter(|it| it.at < self.before) {
                let Some(event) = stored.event() else { continue };
                let (state, text) = match &event.fact {
                    Fact::CustomerChanged { deleted: true, .. } => ("deleted", String::new()),
                    Fact::CustomerChanged { version: 1, .. } => ("created", String::new()),
                    Fact::CustomerChanged { .. } => ("changed", String::new()),
                    Fact::CustomersRelated(it) => {
                        (if it.on { "related" } else { "unrelated" }, it.relation.clone())
                    }
                    Fact::ConsentNoted(it) => {
                        let purposes = &self.app.settings().customers.purposes;
                        let named = purposes.iter().find(|purpose| purpose.key == it.purpose);
                        let name =
                            named.map_or(it.purpose.clone(), |it| it.label.get(self.caller.lang).into());
                        (if it.given { "agreed" } else { "disagreed" }, name)
                    }
                    Fact::OptOutNoted(it) => (if it.out { "opted_out" } else { "opted_in" }, String::new()),
                    Fact::CustomersMerged { .. } => ("merged", String::new()),
                    Fact::CustomersParted { .. } => ("parted", String::new()),
                    _ => continue,
                };
                let by = match event.by {
                    Actor::User { id } => Some(id),
                    _ => None,
                };
                let medium = match &event.fact {
                    Fact::OptOutNoted(it) => Some(it.channel),
                    Fact::ConsentNoted(it) => it.channel,
                    _ => None,
                };
                told.push(TimelineEntry {
                    by,
                    medium,
                    ..self.entry(event.at, TimelineKind::Card, event.seq, state, text)
                });
            }
            if is_all || told.len() >= self.limit {
                break;
            }
        }
        Ok(told)
    }
}

/// How a word of the product is written outside.
fn word(it: impl serde::Serialize) -> String {
    serde_json::to_value(it).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}
