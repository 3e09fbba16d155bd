//! Uploaded files: where they may be read, and what a sweep may take away.

use crate::{rows::DAY, story::store};
use yingda_core::id::*;
use yingda_store::{CommitError, Db, file};

on_both!(what_is_posted_is_kept);

async fn what_is_posted_is_kept(db: &Db) {
    db.migrate().await.unwrap();
    let picture = file::StoredFile {
        id: FileId(80),
        hash: "ab12".into(),
        size: 3_000_000_000,
        mime: "image/png".into(),
        name: "截图.png".into(),
        visitor: Some(VisitorId(600)),
        user: None,
        created_at: DAY,
    };
    // It may be posted in several conversations; what was never uploaded is posted nowhere.
    let posted = [70, 71, 70].map(|id| file::attach(picture.id, ConversationId(id)));
    store(db, vec![file::insert(&picture)]).await.unwrap();
    store(db, posted.into()).await.unwrap();
    store(db, vec![file::attach(FileId(999), ConversationId(70))]).await.unwrap();
    assert_eq!(file::get(db, picture.id).await.unwrap().as_ref(), Some(&picture));
    assert_eq!(file::uses(db, picture.id).await.unwrap(), [ConversationId(71), ConversationId(70)]);
    assert_eq!(file::uses(db, FileId(999)).await.unwrap(), []);
    assert!(file::is_used(db, "ab12").await.unwrap());
    let in_use = store(db, vec![file::forget(picture.id)]).await;
    assert!(matches!(in_use, Err(CommitError::Stale { .. })), "{in_use:?}");
    let unused = file::StoredFile { id: FileId(picture.id.0 + 1), hash: "cd34".into(), ..picture.clone() };
    store(db, vec![file::insert(&unused)]).await.unwrap();
    let until = unused.created_at + 1;
    let stray = file::stray(db, FileId(0), until, 10).await.unwrap();
    assert_eq!(stray, [(unused.id, "cd34".to_owned())]);
    store(db, vec![file::forget(unused.id)]).await.unwrap();
    assert!(!file::is_used(db, "cd34").await.unwrap());
}
