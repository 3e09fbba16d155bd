//! One owner at a time, by the database's word (SYS-71).

use crate::rows::{batch, events};
use std::sync::Arc;
use yingda_peers::Postgres;
use yingda_store::{
    CommitError, Db, event,
    lease::{self, Newcomer},
};

const LONG: i64 = 600_000;

async fn store() -> (Arc<Postgres>, String, Db) {
    let server = Postgres::shared();
    let address = server.database().await;
    let db = Db::open(&address).await.unwrap();
    db.migrate().await.unwrap();
    (server, address, db)
}

#[tokio::test]
async fn a_site_has_one_owner_until_the_lease_ends_or_is_given_back() {
    let (_server, _, db) = store().await;
    let held = lease::take(&db, 1, 2, LONG).await.unwrap().expect("nobody owns it");
    assert_eq!(lease::owner(&db, 1).await.unwrap(), Some(2));
    assert_eq!(lease::take(&db, 1, 3, LONG).await.unwrap(), None);
    assert!(lease::renew(&db, held.fence, 3, LONG).await.unwrap().is_none(), "another node's lease");
    let renewed = lease::renew(&db, held.fence, 2, LONG).await.unwrap().expect("it is ours");
    assert!(renewed.now_at >= held.now_at);
    lease::give_back(&db, held.fence, 2).await.unwrap();
    assert_eq!(lease::owner(&db, 1).await.unwrap(), None);
    let next = lease::take(&db, 1, 3, LONG).await.unwrap().expect("it is free again");
    assert!(next.fence.number > held.fence.number);
    assert!(lease::renew(&db, held.fence, 2, LONG).await.unwrap().is_none());
    assert_eq!(lease::take(&db, 7, 2, LONG).await.unwrap(), None, "there is no such site");
}

/// The owner was away longer than its lease, wakes up, and goes on writing: nothing of it is stored.
#[tokio::test]
async fn a_stale_owner_stores_nothing() {
    let (_server, address, db) = store().await;
    let first = lease::take(&db, 1, 2, 0).await.unwrap().unwrap();
    let old = db.under(first.fence);
    let rows = events(None, 3, "message_posted");
    old.commit(batch(rows.clone())).await.unwrap();

    let other = Db::open(&address).await.unwrap();
    let second = lease::take(&other, 1, 3, LONG).await.unwrap().expect("the lease has ended");
    let late = events(rows.last(), 2, "message_posted");
    assert_eq!(old.commit(batch(late.clone())).await, Err(CommitError::Fenced));
    assert_eq!(event::head(&db).await.unwrap().unwrap().0, 3);
    other.under(second.fence).commit(batch(late)).await.unwrap();
    assert_eq!(event::head(&db).await.unwrap().unwrap().0, 5);
    assert_eq!(old.commit(batch(vec![])).await, Err(CommitError::Fenced), "not even an empty batch");
}

/// A commit that has passed the check and is not done yet: whoever takes over waits for it, and then sees it.
#[tokio::test]
async fn a_take_over_waits_for_the_commit_in_flight() {
    let (_server, address, db) = store().await;
    let first = lease::take(&db, 1, 2, 0).await.unwrap().unwrap();
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let take_over = async {
        is_locked.await.unwrap();
        let taken = lease::take(&db, 1, 3, LONG).await.unwrap();
        assert!(taken.is_some_and(|held| held.fence.number > first.fence.number));
        event::head(&db).await.unwrap().map(|(seq, _)| seq)
    };
    let in_flight = async move {
        client.batch_execute("BEGIN; SELECT 1 FROM lease WHERE site = 1 FOR KEY SHARE").await.unwrap();
        locked.send(()).unwrap();
        let waits = "SELECT count(*) FROM pg_locks
            WHERE NOT granted AND transactionid = CAST(pg_current_xact_id() AS xid)";
        let insert =
            "INSERT INTO event (site, seq, occurred_at, on_kind, on_id, kind, audited, actor_kind, actor_id,
            audience, digest, chain) VALUES (1, 1, 0, 0, 0, 'x', false, 0, 0, 0, '', decode(repeat('00', 32), 'hex'))";
        while client.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
        client.batch_execute(insert).await.unwrap();
        client.batch_execute("COMMIT").await.unwrap();
    };
    let (seen, (), _) = tokio::join!(take_over, in_flight, connection);
    assert_eq!(seen, Some(1));
}

#[tokio::test]
async fn nodes_have_numbers_of_their_own_while_they_stay() {
    let (_server, _, db) = store().await;
    let newcomer = |run| Newcomer { run, name: format!("node {run}"), version: "0.1.0".into(), level: 6 };
    let (one, two) = (newcomer(1), newcomer(2));
    let (a, b) = tokio::join!(lease::join(&db, &one, LONG), lease::join(&db, &two, LONG));
    let (a, b) = (a.unwrap().unwrap(), b.unwrap().unwrap());
    assert_eq!([a.min(b), a.max(b)], [2, 3]);
    assert!(lease::stay(&db, a, 1, LONG).await.unwrap().is_some());
    assert_eq!(lease::stay(&db, a, 9, LONG).await.unwrap(), None, "a former life's number");
    let there = lease::nodes(&db).await.unwrap();
    assert_eq!(there.iter().map(|node| node.number).collect::<Vec<_>>(), [2, 3]);
    lease::leave(&db, a, 1).await.unwrap();
    assert_eq!(lease::nodes(&db).await.unwrap().len(), 1);
    assert_eq!(lease::join(&db, &newcomer(3), LONG).await.unwrap(), Some(a), "the lowest free one");
    assert_eq!(lease::stay(&db, a, 1, LONG).await.unwrap(), None);
}
