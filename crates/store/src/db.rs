//! The two engines behind one enum: opening, migrating, committing, asking.

use crate::{
    Batch, CommitError, ReadError, Value, lease::Fence, postgres::Postgres, sqlite::Sqlite, value::Row,
};
use std::sync::Arc;

/// A store. Clones share it.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(Arc<Sqlite>),
    /// With a fence, all that is committed counts only as long as it is the highest.
    Postgres(Arc<Postgres>, Option<Fence>),
}

/// Makes a value of a row; runs where the row is.
pub(crate) type FromRow<T> = fn(&Row<'_>) -> Result<T, ReadError>;

/// A statement that reads, its arguments, and what its rows become.
pub(crate) type Query<T> = (&'static str, Vec<Value>, FromRow<T>);

impl Db {
    /// Opens `sqlite:<path>` (made when absent) or `postgres://user@host/name`.
    pub async fn open(address: &str) -> Result<Db, ReadError> {
        if let Some(path) = address.strip_prefix("sqlite:") {
            Ok(Db::Sqlite(Arc::new(Sqlite::open(path).await?)))
        } else if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            Ok(Db::Postgres(Arc::new(Postgres::open(address)?), None))
        } else {
            Err(ReadError::Failed(format!("`{address}` names no store: use sqlite:<path> or postgres://…")))
        }
    }

    /// The same store for the owner of a site. The embedded one has a single process and needs no fence.
    pub fn under(&self, fence: Fence) -> Db {
        match self {
            Db::Sqlite(db) => Db::Sqlite(db.clone()),
            Db::Postgres(db, _) => Db::Postgres(db.clone(), Some(fence)),
        }
    }

    /// Brings the tables to this version. Several nodes may do so at once.
    pub async fn migrate(&self) -> Result<(), CommitError> {
        match self {
            Db::Sqlite(db) => db.migrate().await,
            Db::Postgres(db, _) => db.migrate().await,
        }
    }

    /// Whether the store answers, to a read and from the writer.
    pub async fn ping(&self) -> Result<(), ReadError> {
        self.commit(Batch::default()).await?;
        self.query("SELECT CAST(1 AS BIGINT)", vec![], |row| row.get::<i64>(0)).await.map(drop)
    }

    /// Stores all of the batch in one transaction, or nothing of it.
    pub async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        match self {
            Db::Sqlite(db) => db.commit(batch).await,
            Db::Postgres(db, fence) => db.commit(batch, *fence).await,
        }
    }

    /// Waits until all that was committed is done and lets go of the files. Other clones fail from here on.
    pub async fn close(&self) {
        match self {
            Db::Sqlite(db) => db.close().await,
            Db::Postgres(db, _) => db.close(),
        }
    }

    pub(crate) async fn query<T: Send + 'static>(
        &self,
        sql: &'static str,
        args: Vec<Value>,
        from: FromRow<T>,
    ) -> Result<Vec<T>, ReadError> {
        self.query_together(vec![(sql, args, from)]).await
    }

    /// Several reads as of one moment; the rows one after another.
    pub(crate) async fn query_together<T: Send + 'static>(
        &self,
        queries: Vec<Query<T>>,
    ) -> Result<Vec<T>, ReadError> {
        match self {
            Db::Sqlite(db) => db.query_together(queries).await,
            Db::Postgres(db, _) => db.query_together(queries).await,
        }
    }

    pub(crate) async fn query_one<T: Send + 'static>(
        &self,
        sql: &'static str,
        args: Vec<Value>,
        from: FromRow<T>,
    ) -> Result<Option<T>, ReadError> {
        Ok(self.query(sql, args, from).await?.into_iter().next())
    }

    /// The highest id stored: new ids must lie above it.
    pub async fn highest_id(&self) -> Result<i64, ReadError> {
        let found = self.query_one(crate::site::HIGHEST_ID, vec![], |row| row.get(0)).await?;
        Ok(found.flatten().unwrap_or_default())
    }
}

/// The latest migration that this version knows.
pub fn level() -> i64 {
    let all = migrations::migrations::runner();
    all.get_migrations().iter().map(|migration| migration.version()).max().unwrap_or_default()
}

/// The migrations, embedded from `migrations/`.
pub(crate) mod migrations {
    refinery::embed_migrations!("migrations");
}
