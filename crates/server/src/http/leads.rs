//! Messages left while nobody was there (留言): a visitor leaves one, staff follow it up.

use crate::{
    app::{App, Shared},
    auth::Caller,
    http::{
        body::Json,
        client::Client,
        edit::{IfMatch, Tagged, id, page_size},
        idempotency::{self, Key, Replay, request_hash},
        visitors,
    },
    limits::Door,
    problem::Problem,
    site::{Item, ItemFact},
};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use yingda_core::{
    access::Action,
    actor::Actor,
    config::{BanWhat, Field, FieldShape, MaskedField, Widget},
    event::{Audience, Fact, Private, Subject},
    form,
    id::*,
    lang::Text,
    mask,
    refusal::Refusal,
};
use yingda_store::{
    customer, lead as rows,
    visitor::{self as visitor_rows, Visitor},
};
use yingda_wire::http::{Lead, LeadChange, LeadStatus, LeaveMessage, LeftMessage, Page};

pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(leave)).routes(routes!(list)).routes(routes!(change))
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
    let customer = known_customer(app, &phone, &email).await?;
    let row = rows::Lead {
        id: RecordId(app.next_id()),
        line: of.line,
        version: 1,
        widget,
        visitor: Some(visitor),
        customer,
        name: fields.get("name").cloned().unwrap_or_default(),
        phone,
        email,
        status: "new".into(),
        owner: None,
        answer: String::new(),
        created_at: now,
        updated_at: now,
        fields,
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
async fn known_customer(app: &App, phone: &str, email: &str) -> Result<Option<CustomerId>, Problem> {
    for (kind, value) in [("phone", phone), ("email", email)] {
        if let [one] = customer::with(&app.db, kind, value, 2).await?.as_slice() {
            return Ok(Some(one.id));
        }
    }
    Ok(None)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    status: Option<LeadStatus>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Messages that were left, newest first.
#[utoipa::path(get, path = "/leads", tag = "customers", params(ListQuery),
    responses((status = 200, body = Page<Lead>)))]
async fn list(
    State(app): State<Shared>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Lead>>, Problem> {
    app.reach(caller.actor, Action::CustomerRead)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let status = query.status.map(word);
    let page = rows::list(&app.db, status, query.cursor.as_deref(), page_size(query.limit)).await?;
    Ok(Json(Page { items: page.items.into_iter().map(|row| told(row, &masks)).collect(), next: page.next }))
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
    app.reach(caller.actor, Action::CustomerWrite)?;
    let masks = mask::of(&app.directory(), caller.actor);
    let id: RecordId = id(&lead)?;
    let before = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    if before.version != version {
        return Err(Problem::stale(told(before, &masks)));
    }
    if body.answer.chars().count() > 8_000 {
        return Err(Refusal::TooLong.into());
    }
    let owner = if body.status == LeadStatus::New { None } else { before.owner.or(caller.user) };
    let row = rows::Lead { status: word(body.status).into(), owner, answer: body.answer, ..before.clone() };
    let values = |row: &rows::Lead| {
        Some(serde_json::json!({ "status": row.status, "owner": row.owner, "answer": row.answer }))
    };
    let fact = ItemFact {
        on: Subject::Record(id),
        to: Audience::Staff,
        fact: Fact::LeadChanged { lead: id, version: version + 1, status: row.status.clone() },
        private: Some(Box::new(Private::Values { before: values(&before), after: values(&row) })),
    };
    let now = app.clock.now();
    let writes = vec![rows::update(&row, now)];
    match app.site.change(Item::new(caller.actor, vec![fact], writes)).await {
        Ok(_) => {
            Ok(Tagged(StatusCode::OK, version + 1, told(rows::Lead { version: version + 1, ..row }, &masks)))
        }
        Err(refused) if refused.refusal == Refusal::Stale => {
            let current = rows::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
            Err(Problem::stale(told(current, &masks)))
        }
        Err(refused) => Err(refused.into()),
    }
}

fn word(status: LeadStatus) -> &'static str {
    match status {
        LeadStatus::New => "new",
        LeadStatus::Claimed => "claimed",
        LeadStatus::Done => "done",
    }
}

fn told(row: rows::Lead, masks: &BTreeSet<MaskedField>) -> Lead {
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
        status: match row.status.as_str() {
            "claimed" => LeadStatus::Claimed,
            "done" => LeadStatus::Done,
            _ => LeadStatus::New,
        },
        owner: row.owner,
        answer: row.answer,
    }
}
