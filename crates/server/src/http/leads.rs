//! Leads: messages left while nobody was there (留言) and people whom staff wrote down, followed up until something
//! comes of it.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        client::Client,
        customers,
        edit::{IfMatch, Tagged, id, page_size},
        idempotency::{self, Key, Once, Replay, request_hash},
        visitors,
    },
    leads,
    limits::Door,
    problem::{Code, Problem},
    site::{Item, ItemFact},
    tickets,
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::IntoParams;
use yingda_core::{
    access::{Action, Reach},
    actor::Actor,
    config::{BanWhat, Field, FieldShape, MaskedField, Widget},
    event::{Audience, Fact, Private, Subject},
    fault::Refused,
    form,
    id::*,
    lang::Text,
    lead::{self, LeadAct, LeadDeed, LeadStatus, NewLead, Scene},
    mask,
    refusal::Refusal,
};
use yingda_store::{
    customer, lead as rows,
    visitor::{self as visitor_rows, Visitor},
};
use yingda_wire::http::{Lead, LeadChange, LeadNote, LeaveMessage, LeftMessage, Page};

pub fn routes() -> Routes {
    Routes::new()
        .routes(routes!(leave))
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(act))
}

/// Leaves a message. The answer's token proves later who left it.
#[utoipa::path(post, path = "/widget/messages", tag = "widget", request_body = LeaveMessage,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = LeftMessage)))]
async fn leave(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<LeaveMessage>,
) -> Result<Response, Problem> {
    let visitor = body.token.as_deref().and_then(|token| app.secrets.read_visitor_token(token));
    let hash = request_hash("POST", "/widget/messages", &serde_json::to_vec(&body).unwrap_or_default());
    let sender = Actor::Visitor { id: visitor.unwrap_or_default() };
    let key = match Key::look_up(&app, sender, &headers, hash).await {
        Ok(key) => key,
        Err(answer) => return Ok(answer),
    };
    let left = keep(&app, client, body.widget, visitor, body.fields).await?;
    let replay = Replay::new(StatusCode::CREATED, &left);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

/// Keeps a message that a visitor leaves, also for pages without script.
pub async fn keep(
    app: &App,
    client: Client,
    widget: WidgetId,
    visitor: Option<VisitorId>,
    mut fields: BTreeMap<String, String>,
) -> Result<LeftMessage, Problem> {
    let now = app.clock.now();
    app.limits.pass(Door::Message, client.ip, now)?;
    let directory = app.directory();
    let of = directory.widgets.get(&widget).cloned().ok_or_else(Problem::not_found)?;
    // Somebody without a token is new here.
    let (visitor, fresh) = match visitor {
        Some(known) => (known, None),
        None => {
            let fresh = visitors::unannounced(app, client.ip, Some(widget), client.lang);
            (fresh.id, Some(fresh))
        }
    };
    let is_banned = directory.bans.values().any(|ban| {
        ban.until_at.is_none_or(|until| until > now)
            && match ban.what {
                BanWhat::Visitor => ban.value == visitor.to_string(),
                BanWhat::Ip => ban.value == client.ip.to_string(),
            }
    });
    if is_banned {
        return Err(Refusal::Banned.into());
    }
    fields.retain(|_, value| !value.trim().is_empty());
    let form = fields_of(&of);
    let mut wrong = form::check_values(&form, &fields);
    wrong.extend(form::missing(&form, &fields));
    if !wrong.is_empty() {
        return Err(wrong.into_iter().fold(Problem::new(Refusal::BadValue), |problem, wrong| {
            let text = wrong.fault.text();
            problem.and_field(wrong.field.replacen("values.", "fields.", 1), text.zh, text.en)
        }));
    }
    if fields.is_empty() {
        return Err(Refusal::Empty.into());
    }
    let of_shape = |shape| {
        let field = form.iter().find(|field| field.shape == shape);
        field.and_then(|field| fields.get(&field.key)).cloned().unwrap_or_default()
    };
    let (phone, email) = (of_shape(FieldShape::Phone), of_shape(FieldShape::Email));
    let known = known_customer(app, &phone, &email).await?;
    let customer = known.as_ref().map(|it| it.id);
    let row = lead::Lead {
        id: RecordId(app.next_id()),
        line: of.line,
        version: 1,
        widget,
        visitor: Some(visitor),
        customer,
        name: fields.get("name").cloned().unwrap_or_default(),
        phone,
        email,
        created_at: now,
        updated_at: now,
        area: known.map(|it| it.card.area).unwrap_or_default(),
        fields,
        ..lead::Lead::default()
    };
    // What was written names a person: it goes into the private part, not to everyone who hears of it.
    let fact = Fact::MessageLeft { customer, widget, fields: BTreeMap::new() };
    let private = Private::Values { before: None, after: serde_json::to_value(&row.fields).ok() };
    let fact = ItemFact {
        on: Subject::Visitor(visitor),
        to: Audience::Staff,
        fact,
        private: Some(Box::new(private)),
    };
    let by = Actor::Visitor { id: visitor };
    let mut writes = vec![rows::insert(&row)];
    writes.extend(fresh.map(|fresh| visitor_rows::seen(&Visitor { name: row.name.clone(), ..fresh })));
    app.site.change(Item::new(by, vec![fact], writes)).await?;
    crate::jobs::leads::WAKE.notify_one();
    Ok(LeftMessage { id: row.id, token: app.secrets.visitor_token(visitor) })
}

/// The widget's own form, or the usual one where it has none.
pub fn fields_of(widget: &Widget) -> Vec<Field> {
    if !widget.offline_form.is_empty() {
        return widget.offline_form.clone();
    }
    let field = |key: &str, zh: &str, en: &str, shape, required| Field {
        key: key.into(),
        label: Text::new(zh, en),
        shape,
        required,
        ..Field::default()
    };
    vec![
        field("name", "姓名", "Name", FieldShape::Line, false),
        field("phone", "电话", "Phone", FieldShape::Phone, false),
        field("email", "邮箱", "E-mail", FieldShape::Email, false),
        field("message", "留言", "Message", FieldShape::Paragraph, true),
    ]
}

/// The one customer with this number or address; of several nobody knows which.
async fn known_customer(app: &App, phone: &str, email: &str) -> Result<Option<customer::Customer>, Problem> {
    for (kind, value) in [("phone", phone), ("email", email)] {
        let mut found = customer::with(&app.db, kind, value, 2).await?;
        if found.len() == 1 {
            return Ok(found.pop());
        }
    }
    Ok(None)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    status: Option<LeadStatus>,
    /// Whose they are: an id, `me`, or `none` for those that nobody has.
    #[serde(default)]
    owner: String,
    #[serde(default)]
    area: String,
    /// A part of the name, the number or the words.
    #[serde(default)]
    q: String,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Leads, newest first. Who may only follow up their own sees these, and those that nobody has.
#[utoipa::path(get, path = "/leads", tag = "customers", params(ListQuery),
    responses((status = 200, body = Page<Lead>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Lead>>, Problem> {
    let visible_to = match reach(&app, caller.actor, Action::CustomerRead)? {
        Reach::Everything => None,
        Reach::Users(users) => Some(users),
    };
    let owner = match query.owner.as_str() {
        "" | "none" => None,
        "me" => Some(caller.user.ok_or(Code::BadQuery)?),
        text => Some(text.parse().map_err(|_| Code::BadQuery)?),
    };
    let filter = rows::Filter {
        status: query.status,
        owner,
        free: query.owner == "none",
        area: query.area,
        q: query.q,
        visible_to,
    };
    let page = rows::list(&app.db, &filter, query.cursor.as_deref(), page_size(query.limit)).await?;
    let masks = mask::of(&app.directory(), caller.actor);
    Ok(Json(Page { items: page.items.into_iter().map(|row| told(row, &masks)).collect(), next: page.next }))
}

/// Whose leads the actor may see or write: who may serve leads, those within its scope; else whoever may do so with
/// customers, all of them.
pub fn reach(app: &App, actor: Actor, otherwise: Action) -> Result<Reach, Problem> {
    app.reach(actor, Action::LeadServe).or_else(|_| app.reach(actor, otherwise))
}

async fn find(app: &App, actor: Actor, otherwise: Action, lead: &str) -> Result<lead::Lead, Problem> {
    let reach = reach(app, actor, otherwise)?;
    let found = rows::get(&app.db, id(lead)?).await?.ok_or_else(Problem::not_found)?;
    let is_theirs = match (&reach, found.owner) {
        (Reach::Everything, _) | (_, None) => true,
        (Reach::Users(users), Some(owner)) => users.contains(&owner),
    };
    if is_theirs { Ok(found) } else { Err(Problem::not_found()) }
}

/// One lead, with what happened to it.
#[utoipa::path(get, path = "/leads/{id}", tag = "customers", params(("id" = RecordId, Path)),
    responses((status = 200, body = Lead)))]
async fn read(
    State(app): State<Shared>,
    caller: Caller,
    Path(lead): Path<String>,
) -> Result<Tagged<Lead>, Problem> {
    let found = find(&app, caller.actor, Action::CustomerRead, &lead).await?;
    whole(&app, caller.actor, found).await
}

async fn whole(app: &App, actor: Actor, row: lead::Lead) -> Result<Tagged<Lead>, Problem> {
    let masks = mask::of(&app.directory(), actor);
    let notes = rows::notes(&app.db, row.id).await?.into_iter().map(|it| LeadNote {
        at: it.written_at,
        what: it.deed.what,
        author: it.author,
        person: it.deed.person,
        text: mask::within(&it.deed.text, &masks),
    });
    let notes = notes.collect();
    Ok(Tagged(StatusCode::OK, row.version, Lead { notes, ..told(row, &masks) }))
}

/// Writes down somebody who may become a customer.
#[utoipa::path(post, path = "/leads", tag = "customers", request_body = NewLead,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = Lead)))]
async fn create(State(app): State<Shared>, once: Once<NewLead>) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    reach(&app, caller.actor, Action::CustomerWrite)?;
    let known = match body.customer {
        Some(id) => Some(customers::find(&app, id).await?),
        None => known_customer(&app, body.phone.trim(), body.email.trim()).await?,
    };
    let directory = app.directory();
    let scene = Scene { directory: &directory, by: caller.actor, now: app.clock.now() };
    let blank = lead::Lead {
        id: RecordId(app.next_id()),
        line: directory.lines.keys().next().copied().unwrap_or_default(),
        customer: known.as_ref().map(|it| it.id),
        area: known.map(|it| it.card.area).unwrap_or_default(),
        ..lead::Lead::default()
    };
    let decided = lead::open(body, blank, scene).map_err(tickets::problem)?;
    let masks = mask::of(&directory, caller.actor);
    let replay = Replay::new(StatusCode::CREATED, &told(decided.lead.clone(), &masks)).tagged(1);
    let answer = idempotency::change(&app, key, replay, leads::item(&app, None, &decided, scene)).await?;
    crate::jobs::leads::WAKE.notify_one();
    Ok(answer)
}

/// Claims, answers or finishes a lead. Who claims it owns it.
#[utoipa::path(put, path = "/leads/{id}", tag = "customers", request_body = LeadChange,
    params(("id" = RecordId, Path), ("If-Match" = String, Header)), responses((status = 200, body = Lead)))]
async fn change(
    State(app): State<Shared>,
    caller: Caller,
    Path(lead): Path<String>,
    IfMatch(version): IfMatch,
    Json(body): Json<LeadChange>,
) -> Result<Tagged<Lead>, Problem> {
    let before = find(&app, caller.actor, Action::CustomerWrite, &lead).await?;
    let LeadChange { status, answer } = body;
    carry_out(&app, &caller, &before, version, |scene| lead::bring(&before, status, answer, scene)).await
}

/// Does something with a lead.
#[utoipa::path(post, path = "/leads/{id}/acts", tag = "customers", request_body = LeadAct,
    params(("id" = RecordId, Path), ("If-Match" = String, Header)), responses((status = 200, body = Lead)))]
async fn act(
    State(app): State<Shared>,
    caller: Caller,
    Path(lead): Path<String>,
    IfMatch(version): IfMatch,
    Json(act): Json<LeadAct>,
) -> Result<Tagged<Lead>, Problem> {
    let before = find(&app, caller.actor, Action::CustomerWrite, &lead).await?;
    if let LeadAct::Belongs { customer: Some(customer) } = act {
        customers::find(&app, customer).await?;
    }
    carry_out(&app, &caller, &before, version, |scene| lead::act(&before, act, scene)).await
}

async fn carry_out(
    app: &App,
    caller: &Caller,
    before: &lead::Lead,
    version: i64,
    decide: impl FnOnce(Scene<'_>) -> Result<lead::Decided, Refused>,
) -> Result<Tagged<Lead>, Problem> {
    let directory = app.directory();
    let masks = mask::of(&directory, caller.actor);
    if before.version != version {
        return Err(Problem::stale(told(before.clone(), &masks)));
    }
    let scene = Scene { directory: &directory, by: caller.actor, now: app.clock.now() };
    let mut decided = decide(scene).map_err(tickets::problem)?;
    // What somebody gave back is the next one's.
    if decided.deeds.iter().any(|deed| deed.what == LeadDeed::Released) {
        leads::pass_on(app, &mut decided, scene).await?;
    }
    match leads::store(app, before, &decided, scene).await {
        Ok(()) => whole(app, caller.actor, decided.lead).await,
        Err(refused) if refused.refusal == Refusal::Stale => {
            let current = rows::get(&app.db, before.id).await?.ok_or_else(Problem::not_found)?;
            Err(Problem::stale(told(current, &masks)))
        }
        Err(refused) => Err(refused.into()),
    }
}

fn told(row: lead::Lead, masks: &BTreeSet<MaskedField>) -> Lead {
    let hide = |(key, value): (String, String)| {
        let value = if !row.phone.is_empty() && value == row.phone && masks.contains(&MaskedField::Phone) {
            mask::phone(&value)
        } else {
            mask::within(&value, masks)
        };
        (key, value)
    };
    Lead {
        id: row.id,
        version: row.version,
        at: row.created_at,
        widget: row.widget,
        visitor: row.visitor,
        customer: row.customer,
        fields: row.fields.into_iter().map(hide).collect(),
        status: row.status,
        owner: row.owner,
        answer: row.answer,
        area: row.area,
        level: row.level,
        validity: row.validity,
        given_at: row.given_at,
        touched_at: row.touched_at,
        reclaim_at: row.reclaim_at,
        notes: vec![],
    }
}
