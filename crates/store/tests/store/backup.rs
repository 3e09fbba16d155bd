//! Backup while work goes on, verification, and restoring onto nothing.

use crate::{
    rows::{batch, events},
    support::Scratch,
};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use yingda_store::{Db, backup, event};

/// a copy of one instant, made while commits go on, comes back whole elsewhere.
#[tokio::test]
async fn a_backup_is_one_instant_and_comes_back() {
    let scratch = Scratch::new();
    let db = Db::open(&scratch.sqlite()).await.unwrap();
    db.migrate().await.unwrap();
    let mut log = events(None, 20_000, "message_posted");
    db.commit(batch(log.clone())).await.unwrap();

    let copy = scratch.path().join("copy.db");
    let pages = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&pages);
    let copying = backup::to(&db, &copy, move |done, all| {
        assert!(done <= all);
        seen.store(done, Ordering::Relaxed);
    });
    let writing = async {
        for _ in 0..50 {
            let next = events(log.last(), 20, "tagged");
            db.commit(batch(next.clone())).await.unwrap();
            log.extend(next);
        }
    };
    let (made, ()) = tokio::join!(copying, writing);
    let made = made.unwrap();
    assert!((20_000..=21_000).contains(&made.last_seq), "{made:?}");
    assert!(pages.load(Ordering::Relaxed) > 1000, "progress was told");
    assert_eq!(backup::verify(&copy).await.unwrap(), made);
    assert!(backup::to(&db, &copy, |_, _| ()).await.is_err(), "an older backup is never written over");

    let target = format!("sqlite:{}", scratch.path().join("restored.db").display());
    backup::restore(&copy, &target).await.unwrap();
    let restored = Db::open(&target).await.unwrap();
    restored.migrate().await.unwrap();
    let (seq, hash) = event::head(&restored).await.unwrap().unwrap();
    assert_eq!((seq, hash), (made.last_seq, log[made.last_seq as usize - 1].hash));
    let refused = backup::restore(&copy, &target).await.unwrap_err();
    assert!(refused.to_string().contains("holds data already"), "{refused}");

    let mut bytes = fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&copy, bytes).unwrap();
    let refused = backup::verify(&copy).await.unwrap_err();
    assert!(refused.to_string().contains("is not what was written"), "{refused}");
    let elsewhere = format!("sqlite:{}", scratch.path().join("elsewhere.db").display());
    assert!(backup::restore(&copy, &elsewhere).await.is_err());
    assert!(!scratch.path().join("elsewhere.db").exists());
}
