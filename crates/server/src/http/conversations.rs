//! Conversations: lists, one of them, what was said in it, and why it went to whom.

use super::routes::{Routes, routes};
use crate::site::question::Question;
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        audit,
        body::Json,
        conversation_sheet,
        edit::{id, page_size},
        table::{self, FormatQuery},
    },
    problem::{Code, Problem},
    sheet::Sheet,
};
use axum::{
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};
use yingda_core::{
    At,
    access::{self, Action, Reach, Resource},
    actor::Actor,
    config::MaskedField,
    conversation::{Conversation, Phase},
    directory::Directory,
    engine::Engine,
    event::{Fact, Private, Subject},
    id::*,
    mask,
    medium::Medium,
    refusal::Refusal,
};
use yingda_store::{
    conversation::{self as rows, Filter, Line},
    event::{self as events, Part},
};
use yingda_wire::http::{Assignment, ConversationFound, ConversationRow, Events, Page};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list))
        .routes(routes!(export))
        .routes(routes!(read))
        .routes(routes!(said))
        .routes(routes!(assignments))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConversationQuery {
    /// `open`, or one phase.
    #[param(value_type = Option<String>)]
    phase: Option<String>,
    queue: Option<QueueId>,
    #[param(value_type = Option<String>)]
    medium: Option<Medium>,
    /// Who holds it or held it: an id, or `me`.
    agent: Option<String>,
    customer: Option<CustomerId>,
    tag: Option<TagId>,
    /// Started at or after this instant, in milliseconds.
    from: Option<At>,
    /// Started before this instant.
    to: Option<At>,
    /// A customer's name or phone number, a conversation's id, or a part of the last words.
    #[serde(default)]
    q: String,
    /// Only those whose consultation record is still owed (待补记录).
    #[serde(default)]
    record_due: bool,
    /// Only those with a promised follow-up, the most urgent first.
    #[param(inline)]
    follow_up: Option<FollowUps>,
    cursor: Option<String>,
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FollowUps {
    /// Promised for now or earlier.
    Due,
    /// Promised for any time.
    Open,
}

impl ConversationQuery {
    pub fn of_customer(self, customer: CustomerId) -> Self {
        Self { customer: Some(customer), ..self }
    }

    fn filter(&self, app: &App, caller: &Caller) -> Result<Filter, Problem> {
        let agent = match self.agent.as_deref() {
            None | Some("") => None,
            Some("me") => Some(caller.user.ok_or(Code::BadQuery)?),
            Some(text) => Some(text.parse().map_err(|_| Code::BadQuery)?),
        };
        let phase = self.phase.as_deref().filter(|text| !text.is_empty() && *text != "open");
        let phase =
            phase.map(|text| serde_json::from_value(text.into()).map_err(|_| Code::BadQuery)).transpose()?;
        Ok(Filter {
            phase,
            open: self.phase.as_deref() == Some("open"),
            record_due: self.record_due,
            follow_up_until: self.follow_up.map(|which| match which {
                FollowUps::Due => app.clock.now(),
                FollowUps::Open => At::MAX,
            }),
            queue: self.queue,
            medium: self.medium,
            agent,
            customer: self.customer,
            tag: self.tag,
            from: self.from,
            to: self.to,
            q: self.q.trim().to_owned(),
            visible_to: match app.reach(caller.actor, Action::ConversationRead)? {
                Reach::Everything => None,
                Reach::Users(users) => Some(users),
            },
        })
    }
}

/// Conversations, newest first.
#[utoipa::path(get, path = "/conversations", tag = "conversations", params(ConversationQuery),
    responses((status = 200, body = Page<ConversationRow>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ConversationQuery>,
) -> Result<Json<Page<ConversationRow>>, Problem> {
    page(&app, &caller, query).await.map(Json)
}

/// One page of a list, as far as the caller may read.
pub async fn page(
    app: &App,
    caller: &Caller,
    query: ConversationQuery,
) -> Result<Page<ConversationRow>, Problem> {
    let filter = query.filter(app, caller)?;
    let page = rows::list(&app.db, &filter, query.cursor.as_deref(), page_size(query.limit)).await?;
    let masks = mask::of(&app.directory(), caller.actor);
    Ok(Page { items: page.items.into_iter().map(|line| row(line, &masks)).collect(), next: page.next })
}

/// The caller's conversation, live where it is open. Other people's do not exist.
pub async fn find(app: &App, caller: &Caller, id: ConversationId) -> Result<Conversation, Problem> {
    let live = app.site.ask(ConversationNow { id }).await?;
    let found = match live {
        Some(found) => found,
        None => rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?,
    };
    let directory = app.directory();
    if may_read(&directory, caller.actor, &found) {
        return Ok(found);
    }
    // One also reads what one's people held before it went on.
    let held = match access::scope(&directory, caller.actor, Action::ConversationRead) {
        Some(Reach::Users(users)) => was_held(app, id, &users).await?,
        _ => false,
    };
    if held { Ok(found) } else { Err(Problem::not_found()) }
}

/// One that the caller serves: a colleague who merely may read it does nothing in its name. Programs need the right.
pub async fn served(app: &App, caller: &Caller, id: ConversationId) -> Result<Conversation, Problem> {
    let found = find(app, caller, id).await?;
    match caller.actor {
        Actor::User { id } if found.agent == Some(id) || found.guests.contains(&id) => Ok(found),
        Actor::User { .. } => Err(Refusal::NotYours.into()),
        actor => app.allows(actor, Action::ConversationServe, Resource::default()).map(|()| found),
    }
}

async fn was_held(app: &App, id: ConversationId, users: &[UserId]) -> Result<bool, Problem> {
    for user in users {
        if rows::is_holder(&app.db, id, *user).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn may_read(directory: &Directory, actor: Actor, conversation: &Conversation) -> bool {
    let mut holders: Vec<UserId> = conversation.guests.to_vec();
    holders.extend(conversation.agent);
    holders.extend(conversation.last_agent);
    holders.extend(conversation.offer.map(|offer| offer.agent));
    let on = Resource { holders: &holders, queue: conversation.queue };
    if access::allows(directory, actor, Action::ConversationRead, on) {
        return true;
    }
    // What waits in one's queue may be looked at before it is taken.
    let waits = matches!(conversation.phase, Phase::Waiting | Phase::Offered);
    let queue = conversation.queue.and_then(|id| directory.queues.get(&id));
    waits
        && access::scope(directory, actor, Action::ConversationServe).is_some()
        && actor.user().zip(queue).is_some_and(|(user, queue)| directory.serves(user, queue))
}

/// One conversation.
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations", params(("id" = ConversationId, Path)),
    responses((status = 200, body = ConversationFound)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Json<ConversationFound>, Problem> {
    let live = find(&app, &caller, id(&conversation)?).await?;
    let masks = mask::of(&app.directory(), caller.actor);
    let name = name_of(&app, &live).await?;
    let row = ConversationRow {
        id: live.id,
        medium: live.medium,
        line: live.line,
        phase: live.phase,
        visitor: live.visitor,
        customer: live.customer,
        customer_name: mask::within(&name, &masks),
        queue: live.queue,
        agent: live.agent.or(live.last_agent),
        started_at: live.started_at,
        last_at: live.last_at,
        closed_at: live.closed_at,
        preview: live.preview.to_string(),
        rating: live.rating,
        tags: live.tags.to_vec(),
        flag: live.flag.as_ref().map(|flag| flag.colour),
        vip: live.vip,
        record_due: live.record_due.is_some(),
        follow_up_at: live.follow_up_at,
    };
    Ok(Json(ConversationFound { row, live }))
}

/// What the other side is called: the customer's name, else what the visitor gave.
pub async fn name_of(app: &App, conversation: &Conversation) -> Result<String, Problem> {
    if let Some(customer) = conversation.customer
        && let Some(customer) = yingda_store::customer::get(&app.db, customer).await?
        && !customer.card.name.is_empty()
    {
        return Ok(customer.card.name);
    }
    Ok(yingda_store::visitor::get(&app.db, conversation.visitor).await?.map(|it| it.name).unwrap_or_default())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PartQuery {
    /// Only events before this position.
    before: Option<u64>,
    /// Only events after this position.
    after: Option<u64>,
    limit: Option<usize>,
}

impl PartQuery {
    pub fn part(&self) -> Part {
        match (self.before, self.after) {
            (Some(seq), _) => Part::Before(seq),
            (None, Some(seq)) => Part::After(seq),
            (None, None) => Part::Latest,
        }
    }

    /// Long conversations are read in larger pieces than lists.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(100).clamp(1, 1_000)
    }
}

/// What was said and done in a conversation, oldest first: the latest part, or the part before or after a position.
#[utoipa::path(get, path = "/conversations/{id}/events", tag = "conversations",
    params(("id" = ConversationId, Path), PartQuery), responses((status = 200, body = Events)))]
async fn said(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
    Query(query): Query<PartQuery>,
) -> Result<Response, Problem> {
    let found = find(&app, &caller, id(&conversation)?).await?;
    part(&app, found.id, &query, false).await
}

/// A part of a conversation's events, as they were stored, byte for byte.
pub async fn part(
    app: &App,
    id: ConversationId,
    query: &PartQuery,
    customer_only: bool,
) -> Result<Response, Problem> {
    let (part, limit) = (query.part(), query.limit());
    let mut found = events::of_conversation(&app.db, id, part, limit + 1, customer_only).await?;
    let is_more = found.len() > limit;
    if is_more {
        // The one too many is the farthest from where reading began.
        match part {
            Part::After(_) => drop(found.pop()),
            Part::Latest | Part::Before(_) => drop(found.remove(0)),
        }
    }
    let mut body = b"{\"events\":[".to_vec();
    for (n, event) in found.iter().filter_map(|event| event.body.as_ref()).enumerate() {
        if n > 0 {
            body.push(b',');
        }
        body.extend_from_slice(event);
    }
    body.extend_from_slice(format!("],\"more\":{is_more}}}").as_bytes());
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Every assignment with its reasons: candidates, what excluded each other agent.
#[utoipa::path(get, path = "/conversations/{id}/assignments", tag = "conversations",
    params(("id" = ConversationId, Path)), responses((status = 200, body = Vec<Assignment>)))]
async fn assignments(
    State(app): State<Shared>,
    caller: Caller,
    Path(conversation): Path<String>,
) -> Result<Json<Vec<Assignment>>, Problem> {
    let found = find(&app, &caller, id(&conversation)?).await?;
    let stored = events::of_kind(&app.db, Subject::Conversation(found.id), "assigned", 200).await?;
    let all = stored.iter().filter_map(|stored| {
        let private = serde_json::from_str(stored.private.as_deref()?).ok()?;
        match (stored.event()?.fact, private) {
            (Fact::Assigned { agent, segment, .. }, Private::Why(why)) => {
                Some(Assignment { seq: stored.seq, at: stored.at, agent, segment, why })
            }
            _ => None,
        }
    });
    Ok(Json(all.collect()))
}

/// How many lines an export has at most; who needs more asks for shorter spans.
const EXPORT_ROWS: usize = 100_000;

/// The list as a table for spreadsheets. Needs the right to export, and leaves a trace.
#[utoipa::path(get, path = "/conversations/export", tag = "conversations", params(FormatQuery, ConversationQuery),
    responses((status = 200, content(
        (Vec<u8> = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    ))))]
async fn export(
    State(app): State<Shared>,
    caller: Caller,
    Query(format): Query<FormatQuery>,
    Query(query): Query<ConversationQuery>,
) -> Result<Response, Problem> {
    app.reach(caller.actor, Action::CustomerExport)?;
    let filter = query.filter(&app, &caller)?;
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    let mut sheet = Sheet::new(conversation_sheet::head(caller.lang));
    let mut cursor = None;
    while sheet.rows() < EXPORT_ROWS {
        let page = rows::list(&app.db, &filter, cursor.as_deref(), 1_000).await?;
        for line in page.items {
            sheet.add(conversation_sheet::cells(row(line, &masks), &directory, caller.lang));
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    audit::note_export(&app, &caller, "conversations", sheet.rows() as u64).await?;
    table::sent(sheet, "conversations", &format)
}

fn row(line: Line, masks: &BTreeSet<MaskedField>) -> ConversationRow {
    ConversationRow {
        id: line.id,
        medium: line.medium,
        line: line.line,
        phase: line.phase,
        visitor: line.visitor,
        customer: line.customer,
        customer_name: mask::within(&line.customer_name, masks),
        queue: line.queue,
        agent: line.agent,
        started_at: line.started_at,
        last_at: line.last_at,
        closed_at: line.closed_at,
        preview: line.preview,
        rating: line.rating,
        tags: line.tags,
        flag: line.flag,
        vip: line.vip,
        record_due: line.record_due.is_some(),
        follow_up_at: line.follow_up_at,
    }
}

/// A conversation as it is now, where it is open.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConversationNow {
    id: ConversationId,
}

impl ConversationNow {
    pub fn of(id: ConversationId) -> Self {
        Self { id }
    }
}

impl Question for ConversationNow {
    type Answer = Option<Conversation>;

    fn answer(self, engine: &Engine, _: At) -> Option<Conversation> {
        engine.conversations.get(&self.id).map(|it| (**it).clone())
    }
}
