//! Every statement can be prepared on both engines: one text of SQL serves both.

use yingda_peers::{Postgres, Scratch};
use yingda_store::{Db, statements};

#[tokio::test]
async fn every_statement_can_be_prepared_on_both_engines() {
    let all = statements();
    assert!(all.len() > 100, "the nouns list their statements");

    let scratch = Scratch::new();
    let db = Db::open(&scratch.sqlite()).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    let sqlite = rusqlite::Connection::open(scratch.path().join("yingda.db")).unwrap();
    for (noun, name, sql) in &all {
        let statement =
            sqlite.prepare(sql).unwrap_or_else(|error| panic!("{noun}.{name} on SQLite: {error}"));
        let mut numbers: Vec<usize> = (1..=statement.parameter_count())
            .map(|at| statement.parameter_name(at).unwrap()[1..].parse().unwrap())
            .collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(1..=numbers.len()), "{noun}.{name} counts {numbers:?}");
    }

    let server = Postgres::shared();
    let address = server.database().await;
    Db::open(&address).await.unwrap().migrate().await.unwrap();
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    let work = async move {
        for (noun, name, sql) in yingda_store::postgres_statements().into_iter().chain(all) {
            client
                .prepare(sql)
                .await
                .unwrap_or_else(|error| panic!("{noun}.{name} on PostgreSQL: {error:?}"));
        }
    };
    let ((), ended) = tokio::join!(work, connection);
    ended.unwrap();
}
