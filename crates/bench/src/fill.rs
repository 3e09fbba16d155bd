//! Fills a stopped server's store with conversations, through the store's own batches and the real hash chain.

use crate::Result;
use bytes::Bytes;
use rusqlite::{Connection, config::DbConfig};
use std::path::Path;
use yingda_core::{
    At,
    actor::Actor,
    chain::{self, Hash, Header},
    conversation::{Content, Conversation, Phase, Source},
    event::{Audience, Author, CloseReason, Event, Fact, Origin, QueueReason, Subject},
    id::{ConversationId, CustomerId, IdMaker, LineId, QueueId, Tab, TagId, UserId, VisitorId, WidgetId},
    lang::Lang,
    medium::Medium,
};
use yingda_store::{Batch, ConversationWrite, Db, EventRow, event};
use yingda_wire::frame::ServerFrame;

const SENTENCE: &str = "您好，请问这件衣服的蓝色大号什么时候有货，可以今天发出吗？";
/// Tags and customers that conversations are spread over.
pub const TAGS: i64 = 50;
pub const CUSTOMERS: i64 = 20_000;
const TAG_BASE: i64 = 1 << 40;
const CUSTOMER_BASE: i64 = 1 << 41;
/// The single-site mode's one site.
const SITE: i64 = 1;
pub const DAY: At = 86_400_000;
/// Events in a transaction.
const BATCH: usize = 4_000;

pub fn tag(number: i64) -> TagId {
    TagId(TAG_BASE + number % TAGS)
}

pub fn customer(number: i64) -> CustomerId {
    CustomerId(CUSTOMER_BASE + number % CUSTOMERS)
}

/// Who and what the conversations are about.
#[derive(Clone, Debug)]
pub struct Cast {
    pub line: LineId,
    pub widget: WidgetId,
    pub queue: QueueId,
    pub agents: Vec<UserId>,
}

/// How much to store.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    pub conversations: u64,
    pub messages_each: u64,
    /// So many of them, the last ones, stay open and wait in this queue.
    pub open: u64,
    pub waiting_in: Option<QueueId>,
}

impl Amount {
    pub fn messages(messages: u64) -> Amount {
        let messages_each = 20;
        Amount { conversations: messages.div_ceil(messages_each), messages_each, open: 0, waiting_in: None }
    }
}

pub fn store_file(folder: &Path) -> std::path::PathBuf {
    folder.join("data/yingda.db")
}

pub async fn fill(file: &Path, cast: &Cast, amount: Amount) -> Result<()> {
    let db = Db::open(&format!("sqlite:{}", file.display())).await?;
    let (seq, _) = event::head(&db).await?.unwrap_or_default();
    let last_at = event::one(&db, seq).await?.map_or(0, |event| event.at);
    let end = append(&db, cast, amount, Period { from: last_at - 90 * DAY, ms: 90 * DAY }).await?;
    db.close().await;
    catch_up(file, end)
}

/// When the conversations are said to have begun.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    pub from: At,
    pub ms: At,
}

/// Stores conversations behind what is there; gives the log's last position.
pub async fn append(db: &Db, cast: &Cast, amount: Amount, period: Period) -> Result<u64> {
    let (seq, prev) = event::head(db).await?.unwrap_or_default();
    let mut writer = Writer { seq, prev, batch: Batch::default() };
    let step = period.ms / amount.conversations.max(1) as i64;
    let mut ids = IdMaker::new(1, 0);
    for number in 0..amount.conversations {
        let now = period.from + step * number as i64;
        let id = ids.next(now);
        let open = number >= amount.conversations - amount.open;
        let agent = cast.agents[number as usize % cast.agents.len()];
        let mut conversation = Conversation {
            id: ConversationId(id),
            visitor: VisitorId(id),
            customer: Some(customer(number as i64)),
            line: cast.line,
            widget: Some(cast.widget),
            queue: Some(cast.queue),
            started_at: now,
            queued_at: now,
            since_at: now,
            tags: [tag(number as i64)].into_iter().collect(),
            ..Conversation::default()
        };
        writer.converse(&mut conversation, agent, amount, open, now)?;
        if writer.batch.events.len() >= BATCH {
            db.commit(std::mem::take(&mut writer.batch)).await?;
        }
    }
    db.commit(std::mem::take(&mut writer.batch)).await?;
    Ok(writer.seq)
}

/// Numbers and chains what is written.
struct Writer {
    seq: u64,
    prev: Hash,
    batch: Batch,
}

impl Writer {
    fn converse(
        &mut self,
        conversation: &mut Conversation,
        agent: UserId,
        amount: Amount,
        open: bool,
        mut now: At,
    ) -> Result<()> {
        let visitor = Actor::Visitor { id: conversation.visitor };
        let started = Fact::ConversationStarted {
            visitor: conversation.visitor,
            customer: conversation.customer,
            medium: Medium::Chat,
            line: conversation.line,
            widget: conversation.widget,
            channel: None,
            lang: Lang::Zh,
            source: Source::default(),
            fields: Default::default(),
            vip: false,
        };
        self.push(conversation, visitor, None, now, started)?;
        let queue = if open { amount.waiting_in.or(conversation.queue) } else { conversation.queue };
        conversation.queue = queue;
        if let Some(queue) = queue {
            let queued = Fact::Queued {
                queue,
                reason: QueueReason::New,
                priority: 50,
                since_at: now,
                threshold_s: 20,
                preview: String::new(),
            };
            self.push(conversation, Actor::System, None, now, queued)?;
        }
        conversation.phase = Phase::Waiting;
        conversation.priority = 50;
        for n in 1..=amount.messages_each {
            now += 1_000;
            // The tab of a visitor long gone: no sender of the load counts from here.
            let from = Origin { tab: Tab(u32::MAX), n: u32::try_from(n)? };
            let said = Fact::MessagePosted {
                content: Content::Text { text: format!("{n} {SENTENCE}") },
                author: Author::Person,
                leaves_at: None,
            };
            self.push(conversation, visitor, Some(from), now, said)?;
        }
        conversation.preview = SENTENCE.into();
        if !open {
            conversation.agent = Some(agent);
            conversation.phase = Phase::Closed;
            conversation.closed_at = Some(now);
            let closed =
                Fact::ConversationClosed { reason: CloseReason::Ended, agent: Some(agent), into: None };
            self.push(conversation, Actor::User { id: agent }, None, now, closed)?;
        }
        let live = serde_json::to_string(conversation)?;
        let source = Some(Source::default());
        self.batch.conversations.push(ConversationWrite { state: conversation.clone(), live, source });
        Ok(())
    }

    fn push(
        &mut self,
        conversation: &mut Conversation,
        by: Actor,
        from: Option<Origin>,
        now: At,
        fact: Fact,
    ) -> Result<()> {
        self.seq += 1;
        let on = Subject::Conversation(conversation.id);
        let (kind, audited) = (fact.kind(), fact.is_audited());
        let to = Audience::Customer;
        let frame =
            ServerFrame::Event(Event { seq: self.seq, at: now, on, by, to, from, fact, private: None });
        let body = Bytes::from(serde_json::to_vec(&frame)?);
        let ((on_kind, on_id), (actor_kind, actor_id)) = (event::subject_code(on), event::actor_code(by));
        let salt = [7; 16];
        let digest = chain::digest(&salt, &body, None);
        let header = Header {
            site: SITE,
            seq: self.seq,
            at: now,
            on_kind,
            on_id,
            kind,
            actor_kind,
            actor_id,
            audience: 0,
        };
        let hash = chain::link(&self.prev, header, &digest);
        self.prev = hash;
        let prev = std::mem::replace(&mut conversation.last_seq, self.seq);
        conversation.last_at = now;
        self.batch.events.push(EventRow {
            seq: self.seq,
            at: now,
            on_kind,
            on_id,
            kind,
            audited,
            actor_kind,
            actor_id,
            audience: 0,
            body,
            private: None,
            salt,
            digest,
            hash,
            prev,
        });
        Ok(())
    }
}

/// Jobs that follow the log would spend the measurement on reading what was filled in: they stand at its end.
fn catch_up(file: &Path, seq: u64) -> Result<()> {
    let store = Connection::open(file)?;
    store.execute("UPDATE reader SET reached_seq = ?1", [seq as i64])?;
    Ok(())
}

/// Leaves a write-ahead log of at least this size behind, as a kill under load would.
pub fn grow_wal(file: &Path, bytes: u64) -> Result<()> {
    let mut store = Connection::open(file)?;
    store.execute_batch("PRAGMA wal_autocheckpoint = 0")?;
    store.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let wal = file.with_extension("db-wal");
    while std::fs::metadata(&wal).map_or(0, |it| it.len()) < bytes {
        // Real rows, written again and again. A row that stays as it is would touch no page.
        let transaction = store.transaction()?;
        let rows = transaction.execute(
            "UPDATE conversation SET unread = 1 - unread WHERE id IN
             (SELECT id FROM conversation ORDER BY id DESC LIMIT 2000)",
            [],
        )?;
        transaction.commit()?;
        if rows == 0 {
            return Err("nothing is stored to write again".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_chained_and_leaves_a_log_behind() {
        let folder = std::env::temp_dir().join(format!("yingda-fill-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("fill.db");
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        runtime.block_on(async {
            let address = format!("sqlite:{}", file.display());
            let db = Db::open(&address).await.unwrap();
            db.migrate().await.unwrap();
            db.close().await;
            let cast = Cast {
                line: LineId(1),
                widget: WidgetId(2),
                queue: QueueId(3),
                agents: vec![UserId(4), UserId(5)],
            };
            let amount = Amount { conversations: 10, messages_each: 3, open: 2, waiting_in: None };
            fill(&file, &cast, amount).await.unwrap();
            let db = Db::open(&address).await.unwrap();
            let mut prev = Hash::default();
            let events = event::since(&db, 0, 1_000).await.unwrap();
            for it in &events {
                let digest = chain::digest(it.salt.as_deref().unwrap(), it.body.as_deref().unwrap(), None);
                let header = Header {
                    site: SITE,
                    seq: it.seq,
                    at: it.at,
                    on_kind: it.on_kind,
                    on_id: it.on_id,
                    kind: &it.kind,
                    actor_kind: it.actor_kind,
                    actor_id: it.actor_id,
                    audience: it.audience,
                };
                prev = chain::link(&prev, header, &digest);
                assert_eq!(it.hash, prev, "the chain holds at {}", it.seq);
            }
            // Started, queued, three messages; and closed, but for the two that are open.
            assert_eq!(events.len(), 10 * 5 + 8);
            assert_eq!(yingda_store::conversation::open_live(&db).await.unwrap().len(), 2);
            db.close().await;
        });
        grow_wal(&file, 1 << 20).unwrap();
        assert!(std::fs::metadata(folder.join("fill.db-wal")).unwrap().len() >= 1 << 20);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
