//! SYS-43: all rows of a store on their way into another, whichever engines they are of.

use crate::{
    migrations::{as_bytes, first_version, what_it_held_is_there},
    rows::{batch, events},
    story::story,
};
use rusqlite::types::Value;
use std::path::Path;
use tokio::sync::mpsc;
use yingda_peers::{Postgres, Scratch};
use yingda_store::{
    Db, ReadError,
    backup::{self, Chain, Kind, Log, Piece, Table},
    event,
};

async fn pieces(db: &Db) -> Vec<Piece> {
    let (to, mut from) = mpsc::channel(2);
    let taking = async {
        let mut taken = vec![];
        while let Some(piece) = from.recv().await {
            taken.push(piece);
        }
        taken
    };
    let (sent, taken) = tokio::join!(backup::read(db, to), taking);
    sent.unwrap();
    assert_eq!(taken.last(), Some(&Piece::All));
    taken
}

/// From store to store, without a stop.
async fn carry(from: &Db, address: &str) -> Result<Db, ReadError> {
    let (to, pieces) = mpsc::channel(2);
    let (sent, written) = tokio::join!(backup::read(from, to), backup::write(address, pieces));
    written?;
    sent?;
    Db::open(address).await
}

async fn send(pieces: Vec<Piece>, address: &str) -> Result<(), ReadError> {
    let (to, from) = mpsc::channel(pieces.len().max(1));
    for piece in pieces {
        to.send(piece).await.unwrap();
    }
    drop(to);
    backup::write(address, from).await
}

/// Tables with how many rows came of each.
fn counted(pieces: &[Piece]) -> Vec<(&Table, u64)> {
    let mut counted = vec![];
    for piece in pieces {
        match piece {
            Piece::Table(table) => counted.push((table, 0)),
            Piece::Rows { rows, bytes } => {
                assert_eq!(backup::count(bytes).unwrap(), *rows);
                counted.last_mut().unwrap().1 += rows;
            }
            Piece::End { rows } => assert_eq!(counted.last().unwrap().1, *rows),
            Piece::Begin { .. } | Piece::All => {}
        }
    }
    counted
}

fn log(pieces: &[Piece]) -> Vec<Log> {
    let mut chain: Option<Chain> = None;
    for piece in pieces {
        match (piece, &mut chain) {
            (Piece::Table(table), None) => chain = Chain::of(table).unwrap(),
            (Piece::Rows { bytes, .. }, Some(chain)) => chain.follow(bytes).unwrap(),
            (Piece::End { .. }, Some(_)) => return chain.unwrap().end(),
            _ => {}
        }
    }
    panic!("there is no log")
}

/// A row with everything in it for each table that has none, and the values that are easiest to get wrong.
fn fill_the_empty(file: &Path, pieces: &[Piece]) {
    let store = rusqlite::Connection::open(file).unwrap();
    for (table, _) in counted(pieces).iter().filter(|(_, rows)| *rows == 0) {
        let values = table.columns.iter().enumerate().map(|(place, column)| match column.kind {
            Kind::Int => Value::Integer(place as i64 + 1),
            Kind::Real => Value::Real(-0.5),
            Kind::Bool => Value::Integer(1),
            Kind::Text => Value::Text(format!("{}，第 {place} 列", table.name)),
            Kind::Bytes => Value::Blob((0..=255).collect()),
        });
        let marks = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("INSERT INTO {} VALUES ({marks})", table.name);
        store.execute(&sql, rusqlite::params_from_iter(values)).unwrap();
    }
    let edges = "INSERT INTO preference (account, body) VALUES (-9223372036854775808, ''), (9223372036854775807, '\"''\\\t\n😀')";
    store.execute(edges, []).unwrap();
    // The same twice, in the one table without a key.
    let twice = "INSERT INTO page_view (visitor, viewed_at, url, title, referrer)
        VALUES (1, 2, 'b', 'Ä', ''), (1, 2, 'b', 'Ä', ''), (1, 2, 'B', 'a', ''), (1, 2, 'a', 'z', '')";
    store.execute(twice, []).unwrap();
}

/// Every table, filled, goes from SQLite to PostgreSQL and back, and stays what it was.
#[tokio::test]
async fn sys_43_every_row_of_every_table_is_the_same_on_both_engines() {
    let (scratch, server) = (Scratch::new(), Postgres::shared());
    let first = Db::open(&scratch.sqlite()).await.unwrap();
    story(&first).await;
    let file = scratch.path().join("yingda.db");
    fill_the_empty(&file, &pieces(&first).await);
    let all = pieces(&first).await;
    let tables = counted(&all);
    assert!(tables.len() >= 28 && tables.iter().all(|(_, rows)| *rows > 0), "{tables:?}");
    let in_sqlite = rusqlite::Connection::open(&file).unwrap();
    for (table, rows) in &tables {
        let count: i64 = in_sqlite
            .query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0))
            .unwrap();
        assert_eq!(count as u64, *rows, "{}", table.name);
    }

    let elsewhere = |name: &str| format!("sqlite:{}", scratch.path().join(name).display());
    let postgres = carry(&first, &server.database().await).await.unwrap();
    let back = carry(&postgres, &elsewhere("back.db")).await.unwrap();
    let copy = carry(&first, &elsewhere("copy.db")).await.unwrap();
    for db in [&postgres, &back, &copy] {
        let came = pieces(db).await;
        for (mine, theirs) in all.iter().zip(&came) {
            assert_eq!(mine, theirs);
        }
        assert_eq!(all.len(), came.len());
        db.migrate().await.expect("it is at this version already");
        assert_eq!(event::head(db).await.unwrap(), event::head(&first).await.unwrap());
        assert_eq!(log(&came), log(&all));
    }
    let logs = log(&all);
    assert_eq!((logs.len(), logs[0].last_seq, logs[0].broken_at), (1, 301, None));
    let refused = carry(&first, &elsewhere("copy.db")).await.unwrap_err();
    assert!(refused.to_string().contains("holds data already"), "{refused}");

    // The indexes are all there again.
    let indexes = |file: &str| -> i64 {
        let file = rusqlite::Connection::open(scratch.path().join(file)).unwrap();
        file.query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'index'", [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(indexes("back.db"), indexes("yingda.db"));
    postgres.close().await;
}

on_both!(sys_43_one_moment_is_read_while_writers_write);

/// Each commit moves the log and its conversation's pulse: in what is read, both are of the same commit.
async fn sys_43_one_moment_is_read_while_writers_write(db: &Db) {
    db.migrate().await.unwrap();
    let mut log_so_far = events(None, 10_000, "message_posted");
    db.commit(batch(log_so_far.clone())).await.unwrap();
    let writing = async {
        for _ in 0..100 {
            let next = events(log_so_far.last(), 10, "tagged");
            db.commit(batch(next.clone())).await.unwrap();
            log_so_far.extend(next);
        }
    };
    let (read, ()) = tokio::join!(pieces(db), writing);
    let logs = log(&read);
    let rows = |name: &str| counted(&read).iter().find(|(table, _)| table.name == name).unwrap().1;
    assert_eq!((logs[0].broken_at, logs[0].last_seq), (None, rows("event")));
    let head = &log_so_far[logs[0].last_seq as usize - 1];
    assert_eq!(logs[0].head, hex::encode(head.hash));

    let scratch = Scratch::new();
    send(read, &scratch.sqlite()).await.unwrap();
    let copy = rusqlite::Connection::open(scratch.path().join("yingda.db")).unwrap();
    let last: i64 = copy.query_row("SELECT max(last_seq) FROM pulse", [], |row| row.get(0)).unwrap();
    assert_eq!(last as u64, logs[0].last_seq, "the log and the pulses are of one moment");
}

/// What breaks off, lies about its rows, or is of tables that nobody knows yet leaves nothing behind.
#[tokio::test]
async fn sys_43_what_does_not_arrive_whole_leaves_nothing() {
    let (scratch, server) = (Scratch::new(), Postgres::shared());
    let source = Db::open(&scratch.sqlite()).await.unwrap();
    source.migrate().await.unwrap();
    source.commit(batch(events(None, 5_000, "message_posted"))).await.unwrap();
    let whole = pieces(&source).await;
    let log_at =
        whole.iter().position(|it| matches!(it, Piece::Table(table) if table.name == "event")).unwrap();
    let mut lies = whole.clone();
    let end = lies[log_at..].iter_mut().find(|it| matches!(it, Piece::End { .. })).unwrap();
    *end = Piece::End { rows: 5_001 };
    let mut newer = whole.clone();
    newer[0] = Piece::Begin { level: yingda_store::level() + 1 };
    let other_columns = {
        let mut pieces = whole.clone();
        let Piece::Table(table) = &mut pieces[log_at] else { panic!("it is the log's table") };
        table.columns[0].name = "somewhere".into();
        pieces
    };
    let in_postgres = server.database().await;
    let in_sqlite = format!("sqlite:{}", scratch.path().join("target.db").display());
    for (pieces, why) in [
        (whole[..log_at + 2].to_vec(), "the other end gave up"),
        (whole[..whole.len() - 1].to_vec(), "the other end gave up"),
        (lies, "has 5000 rows after loading, not 5001"),
        (newer, "this version of Yingda knows them up to"),
        (other_columns, "has other columns"),
    ] {
        for address in [&in_sqlite, &in_postgres] {
            let refused = send(pieces.clone(), address).await.unwrap_err();
            assert!(refused.to_string().contains(why), "{refused}");
        }
        let left: Vec<_> =
            std::fs::read_dir(scratch.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("target")), "{left:?}");
    }
    send(whole.clone(), &in_postgres).await.expect("nothing is in the way of the next one");
    let refused = send(whole, &in_postgres).await.unwrap_err();
    assert!(refused.to_string().contains("holds data already"), "{refused}");
}

/// SQLite lets text hold U+0000 and PostgreSQL does not: that one sign is replaced, and nothing else.
#[tokio::test]
async fn sys_43_a_sign_that_postgres_refuses_stops_no_restore() {
    let (scratch, server) = (Scratch::new(), Postgres::shared());
    let source = Db::open(&scratch.sqlite()).await.unwrap();
    source.migrate().await.unwrap();
    let file = rusqlite::Connection::open(scratch.path().join("yingda.db")).unwrap();
    let rows = "INSERT INTO preference (account, body) VALUES (1, 'a' || char(0) || '好'), (2, 'b')";
    file.execute(rows, []).unwrap();
    let address = server.database().await;
    carry(&source, &address).await.unwrap().close().await;
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    let work =
        async move { client.query("SELECT body FROM preference ORDER BY account", &[]).await.unwrap() };
    let (rows, ended) = tokio::join!(work, connection);
    ended.unwrap();
    let bodies: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(bodies, ["a\u{fffd}好", "b"]);
}

/// Tables of the first version come back at this one, with what they held.
#[tokio::test]
async fn sys_43_rows_of_an_older_version_are_brought_up() {
    let scratch = Scratch::new();
    let file = scratch.path().join("yingda.db");
    let mut old = rusqlite::Connection::open(&file).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    first_version().run(&mut old).unwrap();
    old.execute_batch(&as_bytes("CAST(", " AS BLOB)")).unwrap();
    // No chain was ever computed for these events: the copy must say so and still be had.
    old.execute_batch("UPDATE event SET digest = zeroblob(32), chain = zeroblob(32)").unwrap();
    drop(old);
    let source = Db::open(&scratch.sqlite()).await.unwrap();
    let read = pieces(&source).await;
    assert_eq!(read[0], Piece::Begin { level: 1 });
    assert_eq!(log(&read)[0].broken_at, Some(1));
    let server = Postgres::shared();
    let in_postgres = server.database().await;
    let in_sqlite = format!("sqlite:{}", scratch.path().join("new.db").display());
    for address in [in_sqlite, in_postgres] {
        send(read.clone(), &address).await.unwrap();
        what_it_held_is_there(&address).await;
    }
}
