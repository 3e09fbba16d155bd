//! Visitors: who browses now, where they went, and what a visitor may read of their own.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::{Caller, bearer},
    http::{
        body::Json,
        conversations::{self, PartQuery},
        edit::id,
    },
    problem::{Code, Problem},
};
use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use std::net::IpAddr;
use utoipa::IntoParams;
use yingda_core::{
    access::Action,
    conversation::Conversation,
    id::{VisitorId, WidgetId},
    lang::Lang,
};
use yingda_store::{conversation, event, visitor};
use yingda_wire::{
    frame::LiveVisitor,
    http::{Events, PageView},
};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(live)).routes(routes!(pages)).routes(routes!(own_events))
}

/// Who has the site open now.
#[utoipa::path(get, path = "/visitors/live", tag = "visitors",
    responses((status = 200, body = Vec<LiveVisitor>)))]
async fn live(State(app): State<Shared>, caller: Caller) -> Result<Json<Vec<LiveVisitor>>, Problem> {
    app.reach(caller.actor, Action::VisitorRead)?;
    Ok(Json(app.hub.live_visitors()))
}

/// The pages that a visitor looked at, newest first.
#[utoipa::path(get, path = "/visitors/{id}/pages", tag = "visitors", params(("id" = VisitorId, Path)),
    responses((status = 200, body = Vec<PageView>)))]
async fn pages(
    State(app): State<Shared>,
    caller: Caller,
    Path(visitor): Path<String>,
) -> Result<Json<Vec<PageView>>, Problem> {
    app.reach(caller.actor, Action::VisitorRead)?;
    let id: VisitorId = id(&visitor)?;
    visitor::get(&app.db, id).await?.ok_or_else(Problem::not_found)?;
    let views = visitor::pages(&app.db, id, 200).await?;
    Ok(Json(
        views
            .into_iter()
            .map(|it| PageView { at: it.at, url: it.url, title: it.title, referrer: it.referrer })
            .collect(),
    ))
}

/// Somebody whom no browser announced: who left a message without script, or whom a program brings in.
pub fn unannounced(app: &App, ip: IpAddr, widget: Option<WidgetId>, lang: Lang) -> visitor::Visitor {
    let now = app.clock.now();
    visitor::Visitor {
        id: VisitorId(app.next_id()),
        widget,
        customer: None,
        name: String::new(),
        lang,
        first_seen_at: now,
        last_seen_at: now,
        visits: 1,
        notice_version: 0,
        notice_at: None,
        guardian: false,
        ip: ip.to_string(),
        browser: String::new(),
        landing: String::new(),
        referrer: String::new(),
        campaign: String::new(),
    }
}

/// A visitor's proof: a token in the address or in the header.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// The visitor's token; may also stand in `Authorization: Bearer …`.
    pub token: Option<String>,
}

/// The visitor who sends the request; only a genuine token will do.
pub fn who(app: &App, headers: &HeaderMap, query: &TokenQuery) -> Result<VisitorId, Problem> {
    let token = query.token.as_deref().or_else(|| bearer(headers)).ok_or(Code::BadToken)?;
    app.secrets.read_visitor_token(token).ok_or_else(|| Code::BadToken.into())
}

/// Reading back goes through so many of a visitor's conversations.
const CONVERSATIONS: usize = 50;

/// The visitor's conversations, newest first.
pub async fn own(app: &App, visitor: VisitorId) -> Result<Vec<Conversation>, Problem> {
    Ok(conversation::of_visitor(&app.db, visitor, CONVERSATIONS).await?)
}

/// What was said in the visitor's conversations; nothing of what staff say among themselves. A part holds events of
/// one conversation, the newest that has any there: reading back ends where a part is empty.
#[utoipa::path(get, path = "/visitor/events", tag = "widget", params(TokenQuery, PartQuery),
    responses((status = 200, body = Events)))]
async fn own_events(
    State(app): State<Shared>,
    headers: HeaderMap,
    Query(token): Query<TokenQuery>,
    Query(query): Query<PartQuery>,
) -> Result<Response, Problem> {
    let all = own(&app, who(&app, &headers, &token)?).await?;
    let mut part_of = all.first().ok_or_else(Problem::not_found)?.id;
    for found in &all {
        if !event::of_conversation(&app.db, found.id, query.part(), 1, true).await?.is_empty() {
            part_of = found.id;
            break;
        }
    }
    conversations::part(&app, part_of, &query, true).await
}
