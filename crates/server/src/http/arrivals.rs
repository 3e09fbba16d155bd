//! Letters that came and visits at the counter: a colleague takes them down, and they wait in their queue like any
//! other contact.

use super::routes::{Routes, routes};
use crate::{
    app::Shared,
    channels::heard::{self, Arrival, Heard, Message},
    http::{
        edit::id,
        idempotency::{self, Once, Replay},
        registers,
    },
    problem::Problem,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use yingda_core::{
    At,
    access::Action,
    config::{Channel, Setup},
    conversation::Content,
    form,
    id::{ChannelId, FileId},
    lang::Lang,
    phone,
    refusal::Refusal,
    register::Visit,
};
use yingda_store::{Batch, CommitError, ReadError, file, inbound};
use yingda_wire::http::{Arrived, NewArrival};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(arrive))
}

/// Two who take something down in the same moment want the same number: so often is the next one tried.
const TRIES: u32 = 20;
const MOST_FILES: usize = 20;

/// Takes down a letter or a visit, and gives its serial number.
#[utoipa::path(post, path = "/channels/{id}/arrivals", tag = "channels", request_body = NewArrival,
    params(("id" = ChannelId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Arrived)))]
async fn arrive(
    State(app): State<Shared>,
    Path(channel): Path<String>,
    once: Once<NewArrival>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    app.reach(caller.actor, Action::ConversationServe)?;
    let id: ChannelId = id(&channel)?;
    let directory = app.directory();
    let channel = directory.channels.get(&id).filter(|it| it.enabled).ok_or_else(Problem::not_found)?;
    let prefix = match &channel.setup {
        Setup::Letter(setup) if setup.prefix.is_empty() => "L",
        Setup::Letter(setup) => &setup.prefix,
        Setup::Walkin => "V",
        _ => return Err(Problem::from(Refusal::WrongPhase)),
    };
    check(&body)?;
    let mut contents = vec![Content::Text { text: body.text.trim().to_owned() }];
    for file in &body.files {
        contents.push(attached(&app, *file).await?);
    }
    let line = directory.queues.get(&channel.queue).map(|queue| queue.line).unwrap_or_default();
    let series = format!("{prefix}{}-", day(directory.zone(line), app.clock.now()));
    let mut n = inbound::last_key(&app.db, id, &series).await?.map_or(0, |last| number(&last, &series));
    for _ in 0..TRIES {
        n += 1;
        let serial = format!("{series}{n:04}");
        let arrivals = arrivals(channel, &body, &contents, &serial);
        let mut statements: Vec<_> = arrivals.iter().map(|it| it.row(&app, id)).collect();
        statements[0].guard = Some(1);
        match app.db.commit(Batch { statements, ..Batch::default() }).await {
            Ok(()) => {
                heard::stir(&app).await;
                if matches!(channel.setup, Setup::Walkin) {
                    registers::visited(&app, &caller, visit(&body, &serial, app.clock.now())).await;
                }
                let replay = Replay::new(StatusCode::CREATED, &Arrived { serial });
                if let Some(key) = key {
                    idempotency::remember(&app, &key, &replay).await;
                }
                return Ok(replay.into_response());
            }
            Err(CommitError::Stale { .. }) => {}
            Err(error) => return Err(ReadError::from(error).into()),
        }
    }
    Err(Refusal::Busy.into())
}

/// Whoever comes to the counter stands in the register of visitors too.
fn visit(body: &NewArrival, serial: &str, now: At) -> Visit {
    let purpose = body.text.trim().lines().next().unwrap_or_default();
    Visit {
        name: body.name.trim().to_owned(),
        phone: Some(body.phone.trim()).filter(|it| form::is_phone(it)).unwrap_or_default().to_owned(),
        purpose: purpose.chars().take(500).collect(),
        came_at: Some(now),
        arrival: serial.to_owned(),
        ..Visit::default()
    }
}

fn check(body: &NewArrival) -> Result<(), Problem> {
    let mut problem = Problem::new(Refusal::BadValue);
    if body.name.trim().is_empty() || body.name.chars().count() > 100 {
        problem = problem.and_field("name", "1 到 100 个字符。", "1 to 100 characters.");
    }
    if body.text.trim().is_empty() || body.text.len() > Content::MAX_TEXT {
        problem = problem.and_field(
            "text",
            "写明事由，不超过 8000 字节。",
            "Say what it is about, in 8000 bytes at most.",
        );
    }
    if body.files.len() > MOST_FILES {
        problem = problem.and_field("files", "最多 20 个文件。", "At most 20 files.");
    }
    if problem.fields.is_empty() { Ok(()) } else { Err(problem) }
}

async fn attached(app: &Shared, id: FileId) -> Result<Content, Problem> {
    let found = file::get(&app.db, id).await?;
    let found = found.ok_or_else(|| Problem::field("files", "文件不存在。", "The file does not exist."))?;
    Ok(Content::File { file: found.id, name: found.name, mime: found.mime, size: found.size })
}

/// Words and files, one after another under one serial number.
fn arrivals(channel: &Channel, body: &NewArrival, contents: &[Content], serial: &str) -> Vec<Arrival> {
    // Who left a number is the same person next time.
    let number = phone::normal(&body.phone);
    let term = if number.is_empty() { serial.to_owned() } else { number.clone() };
    let of = |(n, content): (usize, &Content)| Arrival {
        key: if n == 0 { serial.to_owned() } else { format!("{serial}/{n}") },
        term: term.clone(),
        heard: Heard::Message(Box::new(Message {
            name: body.name.trim().to_owned(),
            label: if number.is_empty() { serial.to_owned() } else { body.phone.trim().to_owned() },
            phone: number.clone(),
            email: body.email.trim().to_owned(),
            lang: Some(channel.lang).filter(|it| *it != Lang::default()),
            content: Some(match content {
                Content::Text { text } if n == 0 => Content::Text { text: format!("[{serial}] {text}") },
                other => other.clone(),
            }),
            ..Message::default()
        })),
    };
    contents.iter().enumerate().map(of).collect()
}

/// The day as it stands in a serial number.
fn day(zone: &str, now: At) -> String {
    yingda_core::calendar::date_text(zone, now).replace('-', "")
}

fn number(serial: &str, series: &str) -> u32 {
    serial.strip_prefix(series).and_then(|rest| rest.split('/').next()?.parse().ok()).unwrap_or_default()
}
