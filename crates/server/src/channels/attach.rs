//! Files that come or go with messages.

use crate::{app::App, files};
use bytes::Bytes;
use yingda_core::{conversation::Content, id::FileId, mail::Attachment};
use yingda_store::{Batch, Statement, file as rows};

/// What no kind of ours is: it is kept, and only ever downloaded.
const ANY: &str = "application/octet-stream";

/// Keeps content that came by a channel, whatever it is. The conversation it is posted in makes it readable.
///
/// Its row is the caller's to commit, with whatever names it: many together cost one commit. Until then the caller holds
/// the files (`Files::hold`), so that no sweep comes in between.
pub async fn put(
    app: &App,
    name: &str,
    mime: &str,
    content: Bytes,
) -> Result<(Attachment, Statement), String> {
    let size = content.len() as u64;
    let (mime, name) = match files::sniff(&content, name) {
        Some((kind, name)) => (kind.mime, name),
        None if mime == "text/html" => ("text/html", clean(name)),
        None => (ANY, clean(name)),
    };
    let hash = app.files.keep(content).await.map_err(|error| error.to_string())?;
    let row = rows::StoredFile {
        id: files::fresh_id(),
        hash,
        size,
        mime: mime.into(),
        name: name.clone(),
        visitor: None,
        user: None,
        created_at: app.clock.now(),
    };
    let row_of_it = rows::insert(&row);
    Ok((Attachment { file: row.id, name, mime: row.mime, size, inline: String::new() }, row_of_it))
}

/// The same as a message of its own, with its row.
pub async fn keep_message(app: &App, name: &str, content: Bytes) -> Result<Content, String> {
    let _held = app.files.hold().await;
    let (Attachment { file, name, mime, size, .. }, row) = put(app, name, "", content).await?;
    let statements = vec![row];
    app.db.commit(Batch { statements, ..Batch::default() }).await.map_err(|error| error.to_string())?;
    Ok(Content::File { file, name, mime, size })
}

pub async fn read(app: &App, file: FileId) -> Result<Bytes, String> {
    let row = rows::get(&app.db, file).await.map_err(|error| error.to_string())?;
    let row = row.ok_or("the file does not exist any more")?;
    app.files.whole(&row.hash).await.map_err(|error| error.to_string())
}

fn clean(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control() && !"/\\".contains(*c)).take(150).collect();
    if name.trim().is_empty() { "file".into() } else { name }
}
