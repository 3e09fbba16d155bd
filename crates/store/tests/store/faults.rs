//! What goes wrong leaves the store whole.

use crate::rows::{batch, conversation, events, write};
use std::process::{Command, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use yingda_core::{id::*, pulse::Pulse};
use yingda_peers::{Postgres, Scratch};
use yingda_store::{Batch, CommitError, Db, conversation as conversations, event, preference};

/// a batch is stored whole or not at all, and the next one finds the store as it was.
async fn a_batch_that_fails_leaves_nothing(db: &Db) {
    db.migrate().await.unwrap();
    let first = events(None, 3, "message_posted");
    db.commit(batch(first.clone())).await.unwrap();
    // Everything before the last statement is new and sound; the event at position 3 is taken.
    let mut doubled = events(first.last(), 2, "message_posted");
    doubled.push(first[2].clone());
    let bad = Batch {
        events: doubled,
        conversations: vec![write(&conversation(1))],
        statements: vec![preference::put(UserId(1), &1.into())],
        ..Batch::default()
    };
    let refused = db.commit(bad).await;
    assert!(matches!(refused, Err(CommitError::Conflict { .. })), "{refused:?}");
    assert_eq!(event::head(db).await.unwrap().unwrap().0, 3);
    assert_eq!(conversations::open_live(db).await.unwrap(), []);
    assert_eq!(preference::get(db, UserId(1)).await.unwrap(), None);
    db.commit(batch(events(first.last(), 2, "message_posted"))).await.unwrap();
    assert_eq!(event::head(db).await.unwrap().unwrap().0, 5);
}

on_both!(a_batch_that_fails_leaves_nothing);

/// Several nodes start at once: one migrates, the others wait for it.
#[tokio::test]
async fn nodes_migrate_side_by_side() {
    let server = Postgres::shared();
    let address = server.database().await;
    let (one, two) = (Db::open(&address).await.unwrap(), Db::open(&address).await.unwrap());
    let (first, second) = tokio::join!(one.migrate(), two.migrate());
    assert_eq!((first, second), (Ok(()), Ok(())));
    one.ping().await.unwrap();
}

/// Connections that the server cuts are "unavailable", never a refusal; the next commit gets a fresh one.
#[tokio::test]
async fn cut_connections_are_replaced() {
    let server = Postgres::shared();
    let address = server.database().await;
    let db = Db::open(&address).await.unwrap();
    db.migrate().await.unwrap();
    db.ping().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    let cut = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let work = async move { client.query_one(cut, &[]).await.unwrap().get::<_, i64>(0) };
    let (cut, _) = tokio::join!(work, connection);
    assert!(cut > 0);
    let mut outcome = db.commit(batch(events(None, 1, "tagged"))).await;
    if let Err(error) = outcome {
        assert!(matches!(error, CommitError::Unavailable(_)), "{error:?}");
        outcome = db.commit(batch(events(None, 1, "tagged"))).await;
    }
    assert_eq!(outcome, Ok(()));
    assert_eq!(event::head(&db).await.unwrap().unwrap().0, 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let db = Db::open("postgres://yingda@127.0.0.1:1/yingda").await.unwrap();
    let outcome = db.commit(Batch::default()).await;
    assert!(matches!(outcome, Err(CommitError::Unavailable(_))), "{outcome:?}");
    assert!(Db::open("mysql://x").await.unwrap_err().to_string().contains("mysql://x"));
    assert!(Db::open("sqlite:/no/such/folder/yingda.db").await.is_err());
}

const WRITER: &str = "YINGDA_TEST_WRITES_TO";

/// what was answered as stored is there after a `kill -9`, in order, and nothing is half there. The test
/// starts itself as the process that is killed.
#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    if let Ok(address) = std::env::var(WRITER) {
        write_until_killed(&address).await;
    }
    let scratch = Scratch::new();
    for _ in 0..3 {
        let mut child = tokio::process::Command::from(Command::new(std::env::current_exe().unwrap()))
            .args(["--exact", "faults::a_kill_loses_nothing_that_was_acknowledged", "--nocapture"])
            .env(WRITER, scratch.sqlite())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: u64 = 0;
        for _ in 0..300 {
            let line = lines.next_line().await.unwrap().expect("the writer goes on until it is killed");
            acknowledged = line.parse().unwrap_or(acknowledged);
        }
        child.kill().await.unwrap();

        let db = Db::open(&scratch.sqlite()).await.unwrap();
        let all = event::since(&db, 0, usize::MAX >> 1).await.unwrap();
        assert!(all.len() as u64 >= acknowledged && acknowledged > 0, "{} < {acknowledged}", all.len());
        assert!(all.iter().map(|it| it.seq).eq(1..=all.len() as u64), "gapless, in order");
        let row = conversations::get(&db, ConversationId(1)).await.unwrap().unwrap();
        assert_eq!(row.last_seq, all.len() as u64, "event and row were stored together");
        db.close().await;
    }
}

async fn write_until_killed(address: &str) -> ! {
    let db = Db::open(address).await.unwrap();
    db.migrate().await.unwrap();
    let mut seq = event::head(&db).await.unwrap().map_or(0, |(seq, _)| seq);
    let mut state = conversation(1);
    loop {
        // The chain begins anew after each kill: this test is about what is there.
        let mut next = events(None, 7, "message_posted");
        for event in &mut next {
            event.seq += seq;
        }
        seq += 7;
        state.last_seq = seq;
        let conversations = if seq == 7 { vec![write(&state)] } else { vec![] };
        let pulses = vec![Pulse::of(&state)];
        db.commit(Batch { events: next, conversations, pulses, ..Batch::default() }).await.unwrap();
        println!("{seq}");
    }
}

/// PostgreSQL's text cannot hold U+0000; a pasted one must not stop a whole site's batch.
async fn an_odd_sign_stops_nobody(db: &Db) {
    db.migrate().await.unwrap();
    let mut first = batch(events(None, 1, "message_posted"));
    first.pulses[0].preview = "前\0后".into();
    first.statements = vec![preference::put(UserId(1), &"a\0b".into())];
    db.commit(first).await.unwrap();
    assert_eq!(event::head(db).await.unwrap().unwrap().0, 1);
    assert!(preference::get(db, UserId(1)).await.unwrap().is_some());
}

on_both!(an_odd_sign_stops_nobody);
