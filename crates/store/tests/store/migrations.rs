//! SYS-30: the tables come up from nothing and from the first version with everything that it held, on both engines;
//! and what must not be stored is refused by the tables themselves.

use refinery::{Migration, Runner};
use yingda_core::id::*;
use yingda_peers::{Postgres, Scratch};
use yingda_store::{
    Db, conversation,
    event::{self, Part},
    file, session,
};

/// The first version, as it landed.
pub fn first_version() -> Runner {
    let text = include_str!("../../migrations/V1__site.sql");
    Runner::new(&[Migration::unapplied("V1__site", text).unwrap()])
}

/// What a company had in the first version: a conversation with its words, a file that was posted, somebody signed in.
/// `BYTES` is what each engine makes bytes of a text with.
const HELD: &str = r#"
    INSERT INTO conversation (id, site, line, medium, phase, lang, visitor, customer, vip, segment, started_at, last_at,
        last_seq, unread, preview, follow_up_at, live)
    VALUES (70, 1, 1, 'chat', 'closed', 'zh', 600, 500, FALSE, 1, 1000, 3000, 4, 1, '何时到货', 9000,
        '{"id":"70","visitor":"600","customer":"500","phase":"closed","started_at":1000,"last_at":3000,"last_seq":4,
        "follow_up_at":9000,"preview":"何时到货","unread":1}');
    INSERT INTO event (site, seq, occurred_at, on_kind, on_id, kind, audited, actor_kind, actor_id, audience, body,
        digest, chain)
    VALUES
        (1, 1, 1000, 1, 70, 'conversation_started', TRUE, 2, 600, 0, BYTES('{"seq":1}'), BYTES('d'), BYTES('c')),
        (1, 2, 1500, 2, 9, 'signed_in', TRUE, 3, 9, 1, BYTES('{"seq":2}'), BYTES('d'), BYTES('c')),
        (1, 3, 2000, 1, 71, 'message_posted', FALSE, 2, 601, 0, BYTES('{"seq":3}'), BYTES('d'), BYTES('c')),
        (1, 4, 3000, 1, 70, 'message_posted', FALSE, 2, 600, 0, BYTES('{"seq":4}'), BYTES('d'), BYTES('c'));
    INSERT INTO file (id, hash, size, mime, name, conversation, visitor, account, created_at)
    VALUES (80, 'ab12', 6, 'image/png', 'a.png', 70, 600, NULL, 1000),
        (81, 'cd34', 6, 'image/png', 'b.png', NULL, 600, NULL, 1000);
    INSERT INTO session (token_hash, account, created_at, seen_at, expires_at, ip, browser)
    VALUES (BYTES('0123456789abcdef0123456789abcdef'), 9, 1000, 2000, 9000, '10.0.0.1', 'Firefox');
"#;

#[tokio::test]
async fn sys_30_the_first_version_keeps_what_it_held_on_sqlite() {
    let scratch = Scratch::new();
    let mut sqlite = rusqlite::Connection::open(scratch.path().join("yingda.db")).unwrap();
    first_version().run(&mut sqlite).unwrap();
    sqlite.execute_batch(&as_bytes("CAST(", " AS BLOB)")).unwrap();
    drop(sqlite);
    what_it_held_is_there(&scratch.sqlite()).await;
}

#[tokio::test]
async fn sys_30_the_first_version_keeps_what_it_held_on_postgres() {
    let server = Postgres::shared();
    let address = server.database().await;
    let (mut client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    let work = async move {
        first_version().run_async(&mut client).await.unwrap();
        client.batch_execute(&as_bytes("convert_to(", ", 'UTF8')")).await.unwrap();
    };
    let ((), ended) = tokio::join!(work, connection);
    ended.unwrap();
    what_it_held_is_there(&address).await;
}

pub fn as_bytes(before: &str, after: &str) -> String {
    HELD.split("BYTES(")
        .enumerate()
        .map(|(n, part)| match part.split_once(')') {
            Some((text, rest)) if n > 0 => format!("{before}{text}{after}{rest}"),
            _ => part.to_owned(),
        })
        .collect()
}

pub async fn what_it_held_is_there(address: &str) {
    let db = Db::open(address).await.unwrap();
    db.migrate().await.unwrap();
    db.migrate().await.expect("a second time there is nothing to do");
    let found = conversation::get(&db, ConversationId(70)).await.unwrap().unwrap();
    assert_eq!((found.preview.to_string(), found.unread), ("何时到货".to_owned(), 1));
    assert_eq!((found.customer, found.last_seq), (Some(CustomerId(500)), 4));
    let said = event::of_conversation(&db, ConversationId(70), Part::Latest, 10, false).await.unwrap();
    assert_eq!(said.iter().map(|it| it.seq).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(said[1].body.as_deref(), Some(br#"{"seq":4}"#.as_slice()), "byte for byte");
    let filter = conversation::Filter { follow_up_until: Some(9_000), ..Default::default() };
    assert_eq!(conversation::list(&db, &filter, None, 9).await.unwrap().items[0].id, ConversationId(70));
    assert_eq!(file::uses(&db, FileId(80)).await.unwrap(), [ConversationId(70)]);
    let stray = file::stray(&db, FileId(0), 2_000, 9).await.unwrap();
    assert_eq!(stray, [(FileId(81), "cd34".to_owned())], "only what was never posted");
    let signed_in = session::open(&db, 3_000).await.unwrap();
    assert_eq!((signed_in.len(), signed_in[0].0.vouched), (1, false));
    db.close().await;
}

/// Rows that contradict another, or say too little.
const REFUSED: [&str; 8] = [
    "INSERT INTO conversation (id) VALUES (1)",
    "INSERT INTO conversation_tag (conversation, tag, started_at) VALUES (1, 2, 3), (1, 2, 4)",
    "INSERT INTO file_use (file, conversation) VALUES (1, 2), (1, 2)",
    "INSERT INTO preference (account, body) VALUES (1, '{}'), (1, '{}')",
    "INSERT INTO preference (account, body) VALUES (1, NULL)",
    "INSERT INTO credential (account, login, password_hash, totp_step, failed_count, locked_until_at, changed_at)
        VALUES (1, 'li', '', 0, 0, 0, 0), (2, 'li', '', 0, 0, 0, 0)",
    "INSERT INTO delivery (id, webhook, event_seq, subject, kind, state, attempts, last_error)
        VALUES (1, 5, 7, 1, 'x', 'waiting', 0, ''), (2, 5, 7, 1, 'x', 'waiting', 0, '')",
    "INSERT INTO reader (site, name, reached_seq) VALUES (1, 'facts', 1), (1, 'facts', 2)",
];

#[tokio::test]
async fn sys_30_the_tables_refuse_what_contradicts_itself() {
    let scratch = Scratch::new();
    let db = Db::open(&scratch.sqlite()).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    let sqlite = rusqlite::Connection::open(scratch.path().join("yingda.db")).unwrap();
    for sql in REFUSED {
        let error = sqlite.execute(sql, []).expect_err(sql);
        assert_eq!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::ConstraintViolation),
            "{sql}: {error}"
        );
    }

    let server = Postgres::shared();
    let address = server.database().await;
    Db::open(&address).await.unwrap().migrate().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    let work = async move {
        for sql in REFUSED {
            let error = client.execute(sql, &[]).await.expect_err(sql);
            let code = error.code().map(|it| it.code().to_owned()).unwrap_or_default();
            // Class 23: integrity constraint violation.
            assert!(code.starts_with("23"), "{sql}: {error:?}");
        }
    };
    let ((), ended) = tokio::join!(work, connection);
    ended.unwrap();
}
