//! PostgreSQL: a batch goes out as one pipeline and costs one round trip.

use crate::{
    AgentWrite, Batch, CommitError, EventRow, ReadError, Value, agent, conversation,
    db::{Query, migrations},
    error::why,
    lease::{self, Fence},
    pulse::{self, put},
    sql::sql,
    tls::{self, Tls},
    value::{Row, without_nul},
};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future::{BoxFuture, join_all};
use std::{borrow::Cow, fmt, time::Duration};
use tokio_postgres::{Client, Config, Statement, types::ToSql};
use yingda_core::pulse::Pulse;

/// Any number that only our own migrations lock.
pub(crate) const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(7310577399169024)";

/// A transaction in which nothing more is asked for so long is over.
const FROZEN_MS: u32 = 1_500;

pub struct Postgres {
    name: String,
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    /// Apart from the readers, so that a commit never waits behind reads.
    writers: Pool,
    readers: Pool,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres:{}", self.name)
    }
}

impl Postgres {
    pub(crate) fn open(address: &str) -> Result<Self, ReadError> {
        let (mut config, tls) = tls::parse(address).map_err(ReadError::Failed)?;
        config.connect_timeout(Duration::from_secs(3));
        // A process that freezes within a transaction must not hold its locks: whoever takes over waits for them.
        let options = config.get_options().map(|given| format!("{given} ")).unwrap_or_default();
        config.options(format!("{options}-c idle_in_transaction_session_timeout={FROZEN_MS}"));
        let pool = |size| {
            let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            Pool::builder(Manager::from_config(config.clone(), tls.clone(), recycling))
                .max_size(size)
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(Duration::from_secs(10)))
                .create_timeout(Some(Duration::from_secs(5)))
                .build()
                .map_err(|error| ReadError::Failed(error.to_string()))
        };
        let name = config.get_dbname().unwrap_or_default().to_owned();
        Ok(Self { name, writers: pool(4)?, readers: pool(8)?, config, tls })
    }

    pub(crate) async fn migrate(&self) -> Result<(), CommitError> {
        let (mut client, connection) = self.config.connect(self.tls.clone()).await?;
        let work = async move {
            client.batch_execute(MIGRATION_LOCK).await?;
            let runner = migrations::migrations::runner().set_abort_missing(false);
            // The lock ends with this connection.
            let outcome = runner.run_async(&mut client).await;
            outcome.map(drop).map_err(|error| CommitError::Failed(error.to_string()))
        };
        // The connection ends by itself once `work` has dropped its client.
        let (outcome, _) = tokio::join!(work, connection);
        outcome
    }

    pub(crate) fn close(&self) {
        self.writers.close();
        self.readers.close();
    }

    pub(crate) async fn query_together<T: Send + 'static>(
        &self,
        queries: Vec<Query<T>>,
    ) -> Result<Vec<T>, ReadError> {
        self.query_in(&self.readers, queries).await
    }

    /// A statement that changes rows and answers with some, on a connection that no reader keeps busy.
    pub(crate) async fn write<T: Send + 'static>(&self, query: Query<T>) -> Result<Vec<T>, ReadError> {
        self.query_in(&self.writers, vec![query]).await
    }

    async fn query_in<T: Send + 'static>(
        &self,
        pool: &Pool,
        queries: Vec<Query<T>>,
    ) -> Result<Vec<T>, ReadError> {
        let open = Open(Some(connect(pool).await?));
        let client = open.client();
        let mut prepared = Vec::with_capacity(queries.len());
        for (sql, args, _) in &queries {
            prepared.push((client.prepare_cached(sql).await?, refs(args)));
        }
        // One statement sees one moment by itself; several do within a transaction.
        let together = queries.len() > 1;
        if together {
            simple(client, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        }
        let answers = join_all(prepared.iter().map(|(statement, args)| client.query(statement, args))).await;
        if together {
            simple(client, "ROLLBACK").await?;
        }
        open.give_back();
        let mut found = Vec::new();
        for (rows, (_, _, from)) in answers.into_iter().zip(&queries) {
            for row in &rows? {
                found.push(from(&Row::Postgres(row))?);
            }
        }
        Ok(found)
    }

    pub(crate) async fn commit(&self, batch: Batch, fence: Option<Fence>) -> Result<(), CommitError> {
        let open = Open(Some(connect(&self.writers).await?));
        let outcome = transact(open.client(), &batch, fence).await;
        // After an answer the server is out of the transaction, whichever way it went.
        if !matches!(outcome, Err(CommitError::Unavailable(_))) {
            open.give_back();
        }
        outcome
    }
}

async fn connect(pool: &Pool) -> Result<Object, CommitError> {
    pool.get().await.map_err(|error| CommitError::Unavailable(why(&error)))
}

fn refs(args: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A connection that may stand in a transaction. Unless it is given back it is closed, which rolls back: so a
/// commit that is cancelled half-way leaves nothing open.
struct Open(Option<Object>);

impl Open {
    fn client(&self) -> &Object {
        self.0.as_ref().expect("only `give_back` and `drop` take it, and both end it")
    }

    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

async fn transact(client: &Object, batch: &Batch, fence: Option<Fence>) -> Result<(), CommitError> {
    let mut steps = Vec::new();
    for write in &batch.conversations {
        steps.extend(conversation::put(write));
    }
    for AgentWrite { agent } in &batch.agents {
        steps.push(agent::upsert(agent)?);
    }
    let guards_from = steps.len();
    let mut prepared = Vec::with_capacity(guards_from + batch.statements.len());
    for (sql, args) in &steps {
        prepared.push((client.prepare_cached(sql).await?, refs(args)));
    }
    for statement in &batch.statements {
        prepared.push((client.prepare_cached(statement.sql).await?, refs(&statement.args)));
    }
    let events = EventArrays::of(&batch.events);
    let pulses = PulseArrays::of(&batch.pulses);
    let insert = client.prepare_cached(INSERT_EVENTS).await?;
    let put_pulses = client.prepare_cached(PUT_PULSES).await?;
    let check = client.prepare_cached(lease::CHECK).await?;
    let fence = fence.map(|fence| [Value::Int(fence.site), Value::Int(fence.number)]);
    let fence = fence.as_ref().map(|args| refs(args));

    let guarded = batch.statements.iter().any(|statement| statement.guard.is_some());
    let plain: &Client = client;
    // `join_all` polls its futures in order the first time, and the first poll is what sends each.
    let mut pipeline: Vec<BoxFuture<'_, Result<u64, tokio_postgres::Error>>> =
        Vec::with_capacity(prepared.len() + 4);
    pipeline.push(Box::pin(simple(plain, "BEGIN")));
    if let Some(args) = &fence {
        pipeline.push(Box::pin(plain.execute(&check, args)));
    }
    if !batch.events.is_empty() {
        pipeline.push(Box::pin(events.run(plain, &insert)));
    }
    if !batch.pulses.is_empty() {
        pipeline.push(Box::pin(pulses.run(plain, &put_pulses)));
    }
    let before_steps = pipeline.len();
    for (statement, args) in &prepared {
        pipeline.push(Box::pin(plain.execute(statement, args)));
    }
    if !guarded {
        pipeline.push(Box::pin(simple(plain, "COMMIT")));
    }
    let answers = join_all(pipeline).await;
    let mut touched = Vec::with_capacity(answers.len());
    for answer in answers {
        // The first error is the cause; those after it only say that the transaction is aborted.
        match answer {
            Ok(count) => touched.push(count),
            Err(error) => {
                simple(plain, "ROLLBACK").await?;
                return Err(error.into());
            }
        }
    }
    if guarded {
        let counts = &touched[before_steps + guards_from..];
        let stale = batch
            .statements
            .iter()
            .zip(counts)
            .position(|(statement, count)| statement.guard.is_some_and(|expected| expected != *count));
        if let Some(statement) = stale {
            simple(plain, "ROLLBACK").await?;
            return Err(CommitError::Stale { statement });
        }
        simple(plain, "COMMIT").await?;
    }
    Ok(())
}

async fn simple(client: &Client, sql: &str) -> Result<u64, tokio_postgres::Error> {
    client.batch_execute(sql).await.map(|()| 0)
}

// The one exception to "one SQL text": arrays in one statement.
sql! {
    INSERT_EVENTS = "
        INSERT INTO event (site, seq, occurred_at, on_kind, on_id, kind, audited, actor_kind, actor_id, audience, body,
            private_body, salt, digest, chain, prev)
        SELECT 1, * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[], $11::text[], $12::bytea[], $13::bytea[],
            $14::bytea[], $15::bigint[])";
    PUT_PULSES = put!(
        "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::boolean[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::text[])"
    );
}

/// A batch's events, turned into columns.
#[derive(Default)]
struct EventArrays<'a> {
    seq: Vec<i64>,
    at: Vec<i64>,
    on_kind: Vec<i64>,
    on_id: Vec<i64>,
    kind: Vec<&'a str>,
    audited: Vec<bool>,
    actor_kind: Vec<i64>,
    actor_id: Vec<i64>,
    audience: Vec<i64>,
    body: Vec<&'a [u8]>,
    private: Vec<Option<&'a str>>,
    salt: Vec<&'a [u8]>,
    digest: Vec<&'a [u8]>,
    hash: Vec<&'a [u8]>,
    prev: Vec<i64>,
}

impl<'a> EventArrays<'a> {
    fn of(events: &'a [EventRow]) -> Self {
        let mut columns = Self::default();
        for row in events {
            columns.seq.push(row.seq as i64);
            columns.at.push(row.at);
            columns.on_kind.push(row.on_kind.into());
            columns.on_id.push(row.on_id);
            columns.kind.push(row.kind);
            columns.audited.push(row.audited);
            columns.actor_kind.push(row.actor_kind.into());
            columns.actor_id.push(row.actor_id);
            columns.audience.push(row.audience.into());
            columns.body.push(&row.body);
            columns.private.push(row.private.as_deref());
            columns.salt.push(&row.salt);
            columns.digest.push(&row.digest);
            columns.hash.push(&row.hash);
            columns.prev.push(row.prev as i64);
        }
        columns
    }

    async fn run(&self, client: &Client, statement: &Statement) -> Result<u64, tokio_postgres::Error> {
        let args: [&(dyn ToSql + Sync); 15] = [
            &self.seq,
            &self.at,
            &self.on_kind,
            &self.on_id,
            &self.kind,
            &self.audited,
            &self.actor_kind,
            &self.actor_id,
            &self.audience,
            &self.body,
            &self.private,
            &self.salt,
            &self.digest,
            &self.hash,
            &self.prev,
        ];
        client.execute(statement, &args).await
    }
}

/// A batch's pulses, turned into columns.
#[derive(Default)]
struct PulseArrays<'a> {
    conversation: Vec<i64>,
    last_at: Vec<i64>,
    last_seq: Vec<i64>,
    spoke_at: Vec<i64>,
    unanswered_since_at: Vec<Option<i64>>,
    first_reply_at: Vec<Option<i64>>,
    warned: Vec<bool>,
    read_by_visitor: Vec<i64>,
    read_by_staff: Vec<i64>,
    unread: Vec<i64>,
    preview: Vec<Cow<'a, str>>,
    preview_of: Vec<i64>,
    senders: Vec<Option<String>>,
}

impl<'a> PulseArrays<'a> {
    fn of(pulses: &'a [Pulse]) -> Self {
        let mut columns = Self::default();
        for it in pulses {
            columns.conversation.push(it.conversation.0);
            columns.last_at.push(it.last_at);
            columns.last_seq.push(it.last_seq as i64);
            columns.spoke_at.push(it.spoke_at);
            columns.unanswered_since_at.push(it.unanswered_since_at);
            columns.first_reply_at.push(it.first_reply_at);
            columns.warned.push(it.warned);
            columns.read_by_visitor.push(it.read_by_visitor as i64);
            columns.read_by_staff.push(it.read_by_staff as i64);
            columns.unread.push(it.unread.into());
            columns.preview.push(without_nul(&it.preview));
            columns.preview_of.push(it.preview_of as i64);
            columns.senders.push(pulse::senders(it));
        }
        columns
    }

    async fn run(&self, client: &Client, statement: &Statement) -> Result<u64, tokio_postgres::Error> {
        let args: [&(dyn ToSql + Sync); 13] = [
            &self.conversation,
            &self.last_at,
            &self.last_seq,
            &self.spoke_at,
            &self.unanswered_since_at,
            &self.first_reply_at,
            &self.warned,
            &self.read_by_visitor,
            &self.read_by_staff,
            &self.unread,
            &self.preview,
            &self.preview_of,
            &self.senders,
        ];
        client.execute(statement, &args).await
    }
}
