//! Uploading and fetching files. Their bytes say what they are; who may read a conversation may read its files.

use super::routes::{Routes, routes};
use crate::{
    app::{App, Shared},
    auth::{Caller, OptionalCaller},
    files,
    http::{
        client::Client,
        conversations,
        edit::{disposition, id},
        idempotency::{Key, Replay, request_hash},
        visitors::{self, TokenQuery},
    },
    limits::Door,
    problem::{Code, Problem},
    tickets,
};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, Multipart, Path, Query, State, multipart::MultipartError},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use utoipa::ToSchema;
use yingda_core::{
    actor::Actor,
    id::{FileId, VisitorId},
    refusal::Refusal,
};
use yingda_store::{Batch, ReadError, conversation, file as rows, visitor};
use yingda_wire::http::StoredFile;

/// `largest` is the most that a file may have in bytes.
pub fn routes(largest: usize) -> Routes {
    // Up to twice as much is heard out, so that the sender reads why it was refused instead of a broken connection.
    let room = DefaultBodyLimit::max(2 * largest + 64 * 1024);
    Routes::new().routes(routes!(upload)).layer(room).routes(routes!(fetch))
}

/// The form of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read piece by piece; this describes it")]
struct Upload {
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// Who sends or asks for a file.
enum Who {
    Staff(Caller),
    Visitor(VisitorId),
}

impl Who {
    fn of(
        app: &App,
        caller: OptionalCaller,
        headers: &HeaderMap,
        token: &TokenQuery,
    ) -> Result<Who, Problem> {
        match (caller.0, visitors::who(app, headers, token)) {
            // A widget on our own pages has both; the token says which of the two is meant.
            (_, Ok(visitor)) => Ok(Who::Visitor(visitor)),
            (Some(caller), Err(_)) => Ok(Who::Staff(caller)),
            (None, Err(problem)) => Err(problem),
        }
    }

    fn actor(&self) -> Actor {
        match self {
            Who::Staff(caller) => caller.actor,
            Who::Visitor(id) => Actor::Visitor { id: *id },
        }
    }
}

/// Uploads a file: form field `file`. It belongs to nobody's conversation until it is posted in one.
#[utoipa::path(post, path = "/files", tag = "files", params(("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, body = StoredFile)))]
async fn upload(
    State(app): State<Shared>,
    client: Client,
    caller: OptionalCaller,
    headers: HeaderMap,
    Query(token): Query<TokenQuery>,
    mut form: Multipart,
) -> Result<Response, Problem> {
    let who = Who::of(&app, caller, &headers, &token)?;
    app.limits.pass(Door::Upload, client.ip, app.clock.now())?;
    if let Who::Visitor(id) = who {
        takes_files(&app, id).await?;
    }
    let (name, bytes) = read(&mut form, app.config.limits.upload_bytes()).await?;
    let key = Key::look_up(&app, who.actor(), &headers, request_hash("POST", &name, &bytes)).await;
    let key = match key {
        Ok(key) => key,
        Err(answer) => return Ok(answer),
    };
    let (kind, name) = files::sniff(&bytes, &name).ok_or(Code::WrongFileType)?;
    let size = bytes.len() as u64;
    let _held = app.files.hold().await;
    let kept = app.files.keep(bytes).await;
    let hash = kept.map_err(|error| failed(&app, "a file could not be kept", error))?;
    let (visitor, user) = match &who {
        Who::Staff(caller) => (None, caller.user),
        Who::Visitor(id) => (Some(*id), None),
    };
    let row = rows::StoredFile {
        id: files::fresh_id(),
        hash,
        size,
        mime: kind.mime.to_owned(),
        name,
        visitor,
        user,
        created_at: app.clock.now(),
    };
    let stored = told(row.clone());
    let replay = Replay::new(StatusCode::CREATED, &stored);
    let mut statements = vec![rows::insert(&row)];
    statements.extend(key.map(|key| key.keep(&app, &replay)));
    app.db.commit(Batch { statements, ..Batch::default() }).await.map_err(ReadError::from)?;
    Ok(replay.into_response())
}

async fn takes_files(app: &App, id: VisitorId) -> Result<(), Problem> {
    let visitor = visitor::get(&app.db, id).await?.ok_or(Code::BadToken)?;
    let directory = app.directory();
    let widget = visitor.widget.and_then(|id| directory.widgets.get(&id));
    if widget.is_some_and(|widget| !widget.allow_files) {
        return Err(Refusal::Forbidden.into());
    }
    Ok(())
}

/// The form's file, never more of it than may be.
async fn read(form: &mut Multipart, largest: usize) -> Result<(String, Bytes), Problem> {
    let failed = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::TooLarge),
        _ => Problem::new(Code::BadQuery),
    };
    while let Some(mut field) = form.next_field().await.map_err(failed)? {
        if field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let (mut bytes, mut size) = (BytesMut::new(), 0);
        while let Some(chunk) = field.chunk().await.map_err(failed)? {
            size += chunk.len();
            if size <= largest {
                bytes.extend_from_slice(&chunk);
            }
        }
        if size > largest {
            return Err(Code::TooLarge.into());
        }
        return Ok((name, bytes.freeze()));
    }
    Err(Problem::field("file", "表单中没有文件。", "The form holds no file."))
}

/// What is told of a file.
pub fn told(row: rows::StoredFile) -> StoredFile {
    StoredFile {
        url: format!("/api/v1/files/{}", row.id),
        id: row.id,
        name: row.name,
        mime: row.mime,
        size: row.size,
    }
}

/// A file. Pictures are shown in the page, everything else is downloaded.
#[utoipa::path(get, path = "/files/{id}", tag = "files", params(("id" = FileId, Path), TokenQuery),
    responses((status = 200, body = Vec<u8>, content_type = "*/*")))]
async fn fetch(
    State(app): State<Shared>,
    caller: OptionalCaller,
    Path(file): Path<String>,
    headers: HeaderMap,
    Query(token): Query<TokenQuery>,
) -> Result<Response, Problem> {
    let who = Who::of(&app, caller, &headers, &token)?;
    let row = rows::get(&app.db, id(&file)?).await?.ok_or_else(Problem::not_found)?;
    may_read(&app, &who, &row).await?;
    let tag = format!("\"{}\"", row.hash);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let read = app.files.read(&row.hash).await;
    let (size, content) = read.map_err(|error| failed(&app, "a stored file cannot be read", error))?;
    let how = if files::is_inline(&row.mime) { "inline" } else { "attachment" };
    let mut response = (
        [
            (header::CONTENT_TYPE, row.mime),
            (header::CONTENT_DISPOSITION, disposition(how, &row.name)),
            (header::ETAG, tag),
            (header::CONTENT_LENGTH, size.to_string()),
        ],
        Body::from_stream(content),
    )
        .into_response();
    let headers = response.headers_mut();
    // Content never changes under an id, but only its own reader may keep it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    Ok(response)
}

/// A storage of its own may come back; a folder that fails, or content that is gone, is a fault.
fn failed(app: &App, what: &str, error: object_store::Error) -> Problem {
    match error {
        error if app.files.is_remote && !matches!(error, object_store::Error::NotFound { .. }) => {
            tracing::warn!(%error, "{what}");
            Problem { retry_after_s: Some(5), ..Problem::new(Code::FilesAway) }
        }
        error => Problem::broken(what, error),
    }
}

/// Whether a member of staff may pass these files on: only what one may read oneself.
pub async fn may_pass_on(app: &App, caller: &Caller, files: &[FileId]) -> Result<(), Problem> {
    for id in files {
        let unknown =
            || Problem::field("files", "文件不存在或无权查看。", "No such file, or you may not read it.");
        let row = rows::get(&app.db, *id).await?.ok_or_else(unknown)?;
        may_read(app, &Who::Staff(caller.clone()), &row).await.map_err(|_| unknown())?;
    }
    Ok(())
}

async fn may_read(app: &App, who: &Who, row: &rows::StoredFile) -> Result<(), Problem> {
    let directory = app.directory();
    if directory.users.values().any(|user| user.avatar == Some(row.id)) {
        return Ok(());
    }
    match who {
        Who::Visitor(id) if row.visitor == Some(*id) => Ok(()),
        Who::Staff(caller) if row.user.is_some() && row.user == caller.user => Ok(()),
        _ => may_read_where_posted(app, who, row).await,
    }
}

/// Whoever may read one of the conversations in which it was posted may read it.
async fn may_read_where_posted(app: &App, who: &Who, row: &rows::StoredFile) -> Result<(), Problem> {
    let uses = rows::uses(&app.db, row.id).await?;
    let tickets = rows::tickets(&app.db, row.id).await?;
    match who {
        Who::Visitor(id) => {
            for of in uses {
                if conversation::get(&app.db, of).await?.is_some_and(|it| it.visitor == *id) {
                    return Ok(());
                }
            }
        }
        // What a colleague uploaded and nobody posted yet: a picture for a reply or a profile.
        Who::Staff(_) if uses.is_empty() && tickets.is_empty() && row.visitor.is_none() => return Ok(()),
        Who::Staff(caller) => {
            for of in uses {
                match conversations::find(app, caller, of).await {
                    Ok(_) => return Ok(()),
                    Err(problem) if problem.code == Code::Refused(Refusal::NotFound) => {}
                    Err(problem) => return Err(problem),
                }
            }
            for of in tickets {
                if tickets::find(app, caller.actor, of).await.is_ok() {
                    return Ok(());
                }
            }
        }
    }
    Err(Problem::not_found())
}
