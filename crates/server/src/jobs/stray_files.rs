//! Uploads that were never posted and stand in no record: after a day they are removed, row and content.

use crate::{files::Files, jobs::Duty, tasks};
use std::time::Duration;
use tokio::task::JoinHandle;
use yingda_core::{At, id::FileId};
use yingda_store::{Batch, CommitError, Db, ReadError, file};

const PACE: Duration = Duration::from_secs(3_600);
/// Whoever uploads a file posts it soon, or comes back to a draft within this time.
const KEPT_MS: At = 24 * 3_600_000;
const BATCH: usize = 200;

pub fn start(duty: Duty) -> JoinHandle<()> {
    tasks::start("stray_files", async move {
        let mut ticks = tokio::time::interval(PACE);
        loop {
            tokio::select! {
                _ = ticks.tick() => match sweep(&duty.db, &duty.app.files, duty.app.clock.now()).await {
                    Ok(0) => {}
                    Ok(removed) => tracing::info!(removed, "uploads that nobody used were removed"),
                    Err(error) => tracing::warn!(%error, "unused uploads could not be removed"),
                },
                () = tasks::stopping() => return,
            }
        }
    })
}

/// Removes what nobody refers to; gives how many uploads that were.
async fn sweep(db: &Db, files: &Files, now: At) -> Result<usize, ReadError> {
    let (mut after, mut removed) = (FileId(0), 0);
    loop {
        let stray = file::stray(db, after, now - KEPT_MS, BATCH).await?;
        let Some((last, _)) = stray.last() else { return Ok(removed) };
        after = *last;
        for (id, hash) in stray {
            removed += usize::from(remove(db, files, id, &hash).await?);
        }
    }
}

async fn remove(db: &Db, files: &Files, id: FileId, hash: &str) -> Result<bool, ReadError> {
    // The same content may be on its way under another row.
    let _alone = files.hold_alone().await;
    match db.commit(Batch { statements: vec![file::forget(id)], ..Batch::default() }).await {
        Ok(()) => {}
        // Posted a moment ago.
        Err(CommitError::Stale { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    if !file::is_used(db, hash).await?
        && let Err(error) = files.remove(hash).await
    {
        tracing::warn!(%error, hash, "content without a row could not be removed");
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use yingda_core::{
        config::{Record, User},
        id::*,
    };
    use yingda_store::record;

    const NOW: At = 1_795_305_600_000;

    /// SYS-42: what is posted, what stands in a record and what is young stays; content goes with its last row.
    #[tokio::test]
    async fn only_what_nobody_refers_to_is_removed() {
        let folder = std::env::temp_dir().join(format!("yingda-stray-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let db = Db::open(&format!("sqlite:{}", folder.join("yingda.db").display())).await.unwrap();
        db.migrate().await.unwrap();
        let files = Files::folder(&folder.join("files")).unwrap();
        let (shared, alone) = (Bytes::from_static(b"shared"), Bytes::from_static(b"alone"));
        let (shared, alone) = (files.keep(shared).await.unwrap(), files.keep(alone).await.unwrap());
        let upload = |id: i64, hash: &str, created_at: At| {
            file::insert(&file::StoredFile {
                id: FileId(id),
                hash: hash.into(),
                size: 6,
                mime: "text/plain".into(),
                name: "a.txt".into(),
                visitor: Some(VisitorId(1)),
                user: None,
                created_at,
            })
        };
        let old_at = NOW - KEPT_MS - 1;
        let user = User { login: "li".into(), avatar: Some(FileId(4_004)), ..User::default() };
        let statements = vec![
            upload(4_001, &shared, old_at),
            upload(4_002, &shared, old_at),
            file::attach(FileId(4_002), ConversationId(70)),
            file::attach(FileId(4_002), ConversationId(71)),
            upload(4_003, &alone, old_at),
            upload(4_004, &shared, old_at),
            record::insert(RecordId(1), &Record::User(user), b"li", NOW),
            upload(4_005, &shared, NOW),
        ];
        db.commit(Batch { statements, ..Batch::default() }).await.unwrap();

        assert_eq!(sweep(&db, &files, NOW).await.unwrap(), 2);
        for (id, stays) in [(4_001, false), (4_002, true), (4_003, false), (4_004, true), (4_005, true)] {
            assert_eq!(file::get(&db, FileId(id)).await.unwrap().is_some(), stays, "{id}");
        }
        assert!(files.read(&shared).await.is_ok(), "others still need it");
        assert!(files.read(&alone).await.is_err(), "nobody needs it");
        assert_eq!(sweep(&db, &files, NOW).await.unwrap(), 0);
        db.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
