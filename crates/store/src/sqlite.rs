//! SQLite: one thread that writes, a few connections that read.

use crate::{
    Batch, CommitError, EventRow, ReadError, Statement, Value, agent, conversation,
    db::{Query, migrations},
    event, pulse,
    value::Row,
};
use rusqlite::{CachedStatement, Connection, OpenFlags, TransactionBehavior, params};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
};
use tokio::sync::{Semaphore, oneshot};
use yingda_core::pulse::Pulse;

const READERS: usize = 4;

pub struct Sqlite {
    pub(crate) path: PathBuf,
    writer: mpsc::Sender<Job>,
    readers: Arc<Readers>,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", self.path.display())
    }
}

/// What the writing thread is asked to do. It ends with the last sender, or when told to close.
enum Job {
    Commit(Batch, oneshot::Sender<Result<(), CommitError>>),
    Migrate(oneshot::Sender<Result<(), CommitError>>),
    Close(oneshot::Sender<()>),
}

struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Sqlite {
    pub(crate) async fn open(path: &str) -> Result<Self, ReadError> {
        let path = PathBuf::from(path);
        let (writer, jobs) = mpsc::channel();
        let (opened, ready) = oneshot::channel();
        let thread_path = path.clone();
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || match open_writer(&thread_path) {
                Ok(connection) => {
                    let _ = opened.send(Ok(()));
                    write(connection, &jobs);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(|error| ReadError::Unavailable(format!("no thread for the writer: {error}")))?;
        ready.await.map_err(gone)??;
        let readers = Readers { idle: Mutex::default(), permits: Semaphore::new(READERS) };
        Ok(Self { path, writer, readers: Arc::new(readers) })
    }

    pub(crate) async fn migrate(&self) -> Result<(), CommitError> {
        self.ask(Job::Migrate).await
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.ask(|reply| Job::Commit(batch, reply)).await
    }

    async fn ask(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<(), CommitError>>) -> Job,
    ) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        let away = || CommitError::Unavailable("the writer has ended".into());
        self.writer.send(job(reply)).map_err(|_| away())?;
        answer.await.map_err(|_| away())?
    }

    pub(crate) async fn close(&self) {
        self.readers.permits.close();
        lock(&self.readers.idle).clear();
        let (reply, done) = oneshot::channel();
        if self.writer.send(Job::Close(reply)).is_ok() {
            let _ = done.await;
        }
    }

    pub(crate) async fn query_together<T: Send + 'static>(
        &self,
        queries: Vec<Query<T>>,
    ) -> Result<Vec<T>, ReadError> {
        self.read(move |connection| {
            // One statement sees one moment by itself; several do within a transaction. It wrote nothing, so its end
            // is a rollback.
            let _moment = if queries.len() > 1 { Some(connection.unchecked_transaction()?) } else { None };
            let mut found = Vec::new();
            for (sql, args, from) in &queries {
                let mut statement = connection.prepare_cached(sql)?;
                bind(&mut statement, args)?;
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next()? {
                    found.push(from(&Row::Sqlite(row))?);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Runs on a reading connection, on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let _permit = self.readers.permits.acquire().await.map_err(gone)?;
        let readers = Arc::clone(&self.readers);
        let path = self.path.clone();
        let task = tokio::task::spawn_blocking(move || {
            let idle = lock(&readers.idle).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open_reader(&path)?,
            };
            let outcome = work(&connection);
            if !readers.permits.is_closed() {
                lock(&readers.idle).push(connection);
            }
            outcome
        });
        task.await.map_err(gone)?
    }
}

/// A list of connections stays whole even if a reader panicked beside it.
fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gone(error: impl fmt::Display) -> ReadError {
    ReadError::Unavailable(error.to_string())
}

fn open_writer(path: &Path) -> Result<Connection, ReadError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 1000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -4096;
         PRAGMA temp_store = MEMORY;",
    )?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

pub(crate) fn open_reader(path: &Path) -> Result<Connection, ReadError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;")?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

/// The writing thread.
fn write(mut connection: Connection, jobs: &mpsc::Receiver<Job>) {
    for job in jobs {
        match job {
            Job::Commit(batch, reply) => {
                let _ = reply.send(commit(&mut connection, &batch));
            }
            Job::Migrate(reply) => {
                let runner = migrations::migrations::runner().set_abort_missing(false);
                let outcome = runner.run(&mut connection).map(drop);
                let _ = reply.send(outcome.map_err(|error| CommitError::Failed(error.to_string())));
            }
            Job::Close(reply) => {
                drop(connection);
                let _ = reply.send(());
                return;
            }
        }
    }
}

fn commit(connection: &mut Connection, batch: &Batch) -> Result<(), CommitError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    insert_events(&transaction, &batch.events)?;
    for (sql, args) in batch.conversations.iter().flat_map(conversation::put) {
        run(&transaction, sql, &args)?;
    }
    write_pulses(&transaction, &batch.pulses)?;
    for write in &batch.agents {
        let (sql, args) = agent::upsert(&write.agent)?;
        run(&transaction, sql, &args)?;
    }
    for (statement, Statement { sql, args, guard }) in batch.statements.iter().enumerate() {
        let touched = run(&transaction, sql, args)?;
        if guard.is_some_and(|expected| expected != touched as u64) {
            return Err(CommitError::Stale { statement });
        }
    }
    Ok(transaction.commit()?)
}

fn write_pulses(connection: &Connection, pulses: &[Pulse]) -> Result<(), CommitError> {
    if pulses.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(pulse::PUT)?;
    for it in pulses {
        put.execute(params![
            it.conversation.0,
            it.last_at,
            it.last_seq as i64,
            it.spoke_at,
            it.unanswered_since_at,
            it.first_reply_at,
            it.warned,
            it.read_by_visitor as i64,
            it.read_by_staff as i64,
            it.unread,
            it.preview,
            it.preview_of as i64,
            pulse::senders(it),
        ])?;
    }
    Ok(())
}

/// The one row loop that SQLite has instead of arrays: the same statement, bound again and again.
fn insert_events(connection: &Connection, events: &[EventRow]) -> Result<(), CommitError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(event::INSERT)?;
    for row in events {
        insert.execute(params![
            event::SITE,
            row.seq as i64,
            row.at,
            row.on_kind,
            row.on_id,
            row.kind,
            row.audited,
            row.actor_kind,
            row.actor_id,
            row.audience,
            &row.body[..],
            row.private,
            &row.salt[..],
            &row.digest[..],
            &row.hash[..],
            row.prev as i64,
        ])?;
    }
    Ok(())
}

fn run(connection: &Connection, sql: &str, args: &[Value]) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, args)?;
    statement.raw_execute()
}

/// `$n` is a name to SQLite, numbered by first appearance: the names decide, not their order.
fn bind(statement: &mut CachedStatement<'_>, args: &[Value]) -> rusqlite::Result<()> {
    let names = statement.parameter_count();
    if names != args.len() {
        return Err(rusqlite::Error::InvalidParameterCount(args.len(), names));
    }
    for position in 1..=names {
        let name = statement.parameter_name(position).unwrap_or_default();
        let number = name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok());
        let value = number.and_then(|n| args.get(n.wrapping_sub(1)));
        let value = value.ok_or_else(|| rusqlite::Error::InvalidParameterName(name.to_owned()))?;
        statement.raw_bind_parameter(position, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_text(user: i64) -> Batch {
        let body = "长".repeat(100_000).into();
        let statements = vec![crate::preference::put(yingda_core::id::UserId(user), &body)];
        Batch { statements, ..Batch::default() }
    }

    /// a full disk refuses what is new with a clear error, keeps what is there, and recovers by itself.
    #[test]
    fn a_full_disk_is_told_apart_and_recovers() {
        let folder = std::env::temp_dir().join(format!("yingda-full-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut connection = open_writer(&folder.join("yingda.db")).unwrap();
        migrations::migrations::runner().set_abort_missing(false).run(&mut connection).unwrap();
        commit(&mut connection, &long_text(1)).unwrap();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let limit = |connection: &Connection, pages: i64| {
            connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        limit(&connection, pages + 5);
        assert_eq!(commit(&mut connection, &long_text(2)), Err(CommitError::DiskFull));
        assert_eq!(commit(&mut connection, &long_text(2)), Err(CommitError::DiskFull));
        limit(&connection, pages + 5000);
        assert_eq!(commit(&mut connection, &long_text(2)), Ok(()));
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM preference"), 2);
        drop(connection);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
