//! The store's tests: each on SQLite and on PostgreSQL where both can do it.

/// A story that is told on SQLite and on PostgreSQL, each time in an empty store.
macro_rules! on_both {
    ($story:ident) => {
        mod $story {
            use yingda_peers::{Postgres, Scratch};
            use yingda_store::Db;

            #[tokio::test]
            async fn on_sqlite() {
                let scratch = Scratch::new();
                super::$story(&Db::open(&scratch.sqlite()).await.unwrap()).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                let server = Postgres::shared();
                let db = Db::open(&server.database().await).await.unwrap();
                super::$story(&db).await;
                db.close().await;
            }
        }
    };
}

mod backup;
mod customers;
mod faults;
mod files;
mod leases;
mod lists;
mod migrations;
mod moments;
mod orders;
mod rows;
mod statements;
mod story;
