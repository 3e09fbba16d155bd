//! Answering on paper: a letter is set, numbered in the register of post, and lies in its conversation as a PDF.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::Caller,
    files,
    http::{
        conversations,
        edit::id,
        idempotency::{self, Key, Once, Replay},
        registers,
    },
    letters,
    problem::Problem,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use yingda_core::{
    command::{Act, Command, Envelope, Sent},
    conversation::{Content, Conversation},
    event::Author,
    id::{ConversationId, RecordId},
    lang::Lang,
    medium::Medium,
    refusal::Refusal,
    register::{Book, Entry, Post, PostKind},
};
use yingda_store::{
    file,
    register::{self, Stored},
};
use yingda_wire::http::{NewLetter, StoredFile, WrittenLetter};

pub fn routes() -> Routes {
    Routes::new().routes(routes!(write))
}

const PDF: &str = "application/pdf";

/// Writes a letter to the customer of a conversation that one serves.
#[utoipa::path(post, path = "/conversations/{id}/letters", tag = "conversations", request_body = NewLetter,
    params(("id" = ConversationId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = WrittenLetter)))]
async fn write(
    State(app): State<Shared>,
    Path(conversation): Path<String>,
    once: Once<NewLetter>,
) -> Result<Response, Problem> {
    let Once { caller, body, key } = once;
    let found = conversations::served(&app, &caller, id(&conversation)?).await?;
    check(&body)?;
    let id = registers::number(&app, key.as_ref());
    let written = match known(&app, id).await? {
        Some(written) => written,
        None => printed(&app, &caller, id, &found, &body).await?,
    };
    tell(&app, &caller, &found, &written, key.as_ref().map(Key::origin)).await?;
    let replay = Replay::new(StatusCode::CREATED, &written);
    if let Some(key) = key {
        idempotency::remember(&app, &key, &replay).await;
    }
    Ok(replay.into_response())
}

fn check(new: &NewLetter) -> Result<(), Problem> {
    let mut problem = Problem::new(Refusal::BadValue);
    for (field, text, most) in [
        ("receiver", &new.receiver, 500),
        ("subject", &new.subject, 200),
        ("body", &new.body, 20_000),
        ("signed", &new.signed, 200),
    ] {
        if text.chars().count() > most {
            problem = problem.and_field(
                field,
                format!("最多 {most} 个字符。"),
                format!("At most {most} characters."),
            );
        }
    }
    for (field, text) in [("receiver", &new.receiver), ("body", &new.body)] {
        if text.trim().is_empty() {
            problem = problem.and_field(field, "必填。", "Required.");
        }
    }
    if problem.fields.is_empty() { Ok(()) } else { Err(problem) }
}

/// What was written under this number, and its answer lost.
async fn known(app: &App, id: RecordId) -> Result<Option<WrittenLetter>, Problem> {
    let Some(Stored { id: entry, serial, entry: Entry::Post(Post { file: Some(file), .. }), .. }) =
        register::get(&app.db, Book::Post, id).await?
    else {
        return Ok(None);
    };
    let row = file::get(&app.db, file).await?;
    Ok(row.map(|row| WrittenLetter { serial, entry, file: shown(row) }))
}

fn shown(row: file::StoredFile) -> StoredFile {
    let url = format!("/api/v1/files/{}", row.id);
    StoredFile { id: row.id, name: row.name, mime: row.mime, size: row.size, url }
}

/// Sets the letter under the next free serial number, and stores file and entry in one transaction.
async fn printed(
    app: &Shared,
    caller: &Caller,
    id: RecordId,
    of: &Conversation,
    new: &NewLetter,
) -> Result<WrittenLetter, Problem> {
    for serial in registers::serials(app, Book::Post).await? {
        let now = app.clock.now();
        let letter = letters::set(app, new, of.line, of.lang, &serial, now);
        let folder = app.config.fonts.clone();
        let set = tokio::task::spawn_blocking(move || letters::pdf(&folder, &letter)).await;
        let pdf = set.map_err(|error| Problem::broken("a letter could not be printed", error))??;
        let size = pdf.len() as u64;
        let _held = app.files.hold().await;
        let kept = app.files.keep(Bytes::from(pdf)).await;
        let hash = kept.map_err(|error| Problem::broken("a letter could not be kept", error))?;
        let row = file::StoredFile {
            id: files::fresh_id(),
            hash,
            size,
            mime: PDF.to_owned(),
            name: format!("{serial}.pdf"),
            visitor: None,
            user: caller.user,
            created_at: now,
        };
        let post = Post {
            outward: true,
            kind: PostKind::Letter,
            receiver: new.receiver.lines().next().unwrap_or_default().trim().chars().take(200).collect(),
            happened_at: now,
            conversation: Some(of.id),
            file: Some(row.id),
            note: new.subject.trim().to_owned(),
            ..Post::default()
        };
        let also = vec![file::insert(&row), file::attach(row.id, of.id)];
        if let Some(stored) = registers::put(app, caller, id, serial, Entry::Post(post), also).await? {
            return Ok(WrittenLetter { serial: stored.serial, entry: stored.id, file: shown(row) });
        }
    }
    Err(Refusal::Busy.into())
}

/// The letter stands in the conversation. What goes out by a machine is told in a note: paper is no message there.
async fn tell(
    app: &App,
    caller: &Caller,
    of: &Conversation,
    written: &WrittenLetter,
    origin: Option<Sent>,
) -> Result<(), Problem> {
    let act = if matches!(of.medium, Medium::Letter | Medium::Walkin) {
        let it = written.file.clone();
        let content = Content::File { file: it.id, name: it.name, mime: it.mime, size: it.size };
        Act::Post { content, author: Author::Person }
    } else {
        let text = match of.lang {
            Lang::Zh => format!("已写信，编号 {}", written.serial),
            Lang::En => format!("A letter was written: {}", written.serial),
        };
        Act::Note { text, mentions: Default::default() }
    };
    let command = Command::Conversation(of.id, act);
    let told = app.site.send(Envelope { actor: caller.actor, origin, command }).await;
    match told {
        // It is written, whatever became of the conversation meanwhile.
        Err(refused) if refused.refusal == Refusal::Closed => Ok(()),
        other => other.map(drop).map_err(Problem::from),
    }
}
