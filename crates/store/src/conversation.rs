//! Conversations: the row behind each, and the rows that make lists of them quick.

use crate::{
    ConversationWrite, Db, ReadError, Value,
    event::SITE,
    pulse::{self, live},
    sql::sql,
    value::{args, word},
};
use yingda_core::{
    At,
    conversation::{Conversation, Phase},
    id::{ConversationId, CustomerId, UserId, VisitorId},
};

pub use crate::conversation_list::{Filter, Line, fallen_due, list, next_due};

sql! {
    UPSERT = "
        INSERT INTO conversation (id, site, line, medium, phase, lang, visitor, customer, queue, agent, widget, vip,
            segment, started_at, last_at, last_seq, closed_at, unread, preview, rating, flag, follow_up_at,
            record_due, page, page_title, landing, referrer, campaign, live)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, $28, $29)
        ON CONFLICT (id) DO UPDATE SET
            line = excluded.line, phase = excluded.phase, lang = excluded.lang, visitor = excluded.visitor,
            customer = excluded.customer, queue = excluded.queue, agent = excluded.agent, vip = excluded.vip,
            segment = excluded.segment, last_at = excluded.last_at, last_seq = excluded.last_seq,
            closed_at = excluded.closed_at, unread = excluded.unread, preview = excluded.preview,
            rating = excluded.rating, flag = excluded.flag, follow_up_at = excluded.follow_up_at,
            record_due = excluded.record_due,
            page = coalesce(excluded.page, conversation.page),
            page_title = coalesce(excluded.page_title, conversation.page_title),
            landing = coalesce(excluded.landing, conversation.landing),
            referrer = coalesce(excluded.referrer, conversation.referrer),
            campaign = coalesce(excluded.campaign, conversation.campaign),
            live = excluded.live";
    UNTAG = "DELETE FROM conversation_tag WHERE conversation = $1";
    TAG = "
        INSERT INTO conversation_tag (conversation, tag, started_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    HELD = "
        INSERT INTO conversation_agent (conversation, agent, started_at) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING";
    OPEN = live!("WHERE c.phase <> 'closed' ORDER BY c.started_at, c.id");
    ONE = live!("WHERE c.id = $1");
    LAST_AGENT_OF_VISITOR = "
        SELECT c.agent, coalesce(m.last_at, c.last_at)
        FROM conversation AS c LEFT JOIN pulse AS m ON m.conversation = c.id
        WHERE c.visitor = $1 AND c.agent IS NOT NULL ORDER BY c.started_at DESC, c.id DESC LIMIT 1";
    LAST_AGENT_OF_CUSTOMER = "
        SELECT c.agent, coalesce(m.last_at, c.last_at)
        FROM conversation AS c LEFT JOIN pulse AS m ON m.conversation = c.id
        WHERE c.customer = $1 AND c.agent IS NOT NULL ORDER BY c.started_at DESC, c.id DESC LIMIT 1";
    LATEST_OF_VISITOR = live!("WHERE c.visitor = $1 ORDER BY c.started_at DESC, c.id DESC LIMIT $2");
    IS_HOLDER = "SELECT CAST(1 AS BIGINT) FROM conversation_agent WHERE conversation = $1 AND agent = $2";
}

/// What a write does, in order.
pub(crate) fn put(write: &ConversationWrite) -> Vec<(&'static str, Vec<Value>)> {
    let state = &write.state;
    let id = state.id.0;
    let source = write.source.as_ref();
    // A closed conversation is held by nobody; its row still names who served it.
    let agent = state.agent.or(state.last_agent.filter(|_| state.phase == Phase::Closed));
    let mut all = vec![
        (
            UPSERT,
            args![
                id,
                SITE,
                state.line.0,
                word(state.medium),
                state.phase.as_str(),
                word(state.lang),
                state.visitor.0,
                state.customer.map(|it| it.0),
                state.queue.map(|it| it.0),
                agent.map(|it| it.0),
                state.widget.map(|it| it.0),
                state.vip,
                state.segment,
                state.started_at,
                state.last_at,
                state.last_seq,
                state.closed_at,
                state.unread,
                &*state.preview,
                state.rating,
                state.flag.as_ref().map(|flag| word(flag.colour)),
                state.follow_up_at,
                state.record_due.map(|it| it.0),
                source.map(|it| &*it.page),
                source.map(|it| &*it.page_title),
                source.map(|it| &*it.landing),
                source.map(|it| &*it.referrer),
                source.map(|it| &*it.campaign),
                &*write.live,
            ],
        ),
        (UNTAG, args![id]),
    ];
    all.extend(state.tags.iter().map(|tag| (TAG, args![id, tag.0, state.started_at])));
    let holders = agent.iter().chain(&state.guests);
    all.extend(holders.map(|agent| (HELD, args![id, agent.0, state.started_at])));
    all
}

/// Every conversation that is not closed, wrap-up included, for a rebuild.
pub async fn open_live(db: &Db) -> Result<Vec<Conversation>, ReadError> {
    db.query(OPEN, vec![], pulse::read).await
}

pub async fn get(db: &Db, id: ConversationId) -> Result<Option<Conversation>, ReadError> {
    db.query_one(ONE, args![id.0], pulse::read).await
}

/// A visitor's conversations, newest first.
pub async fn of_visitor(db: &Db, visitor: VisitorId, limit: usize) -> Result<Vec<Conversation>, ReadError> {
    db.query(LATEST_OF_VISITOR, args![visitor.0, limit as i64], pulse::read).await
}

/// Who served this customer last and when: by customer where one is known, else by visitor.
pub async fn last_agent_of(
    db: &Db,
    visitor: VisitorId,
    customer: Option<CustomerId>,
) -> Result<Option<(UserId, At)>, ReadError> {
    let (sql, id) = match customer {
        Some(customer) => (LAST_AGENT_OF_CUSTOMER, customer.0),
        None => (LAST_AGENT_OF_VISITOR, visitor.0),
    };
    db.query_one(sql, args![id], |row| Ok((UserId(row.get(0)?), row.get(1)?))).await
}

/// Whether this person holds it or ever held it.
pub async fn is_holder(db: &Db, id: ConversationId, agent: UserId) -> Result<bool, ReadError> {
    Ok(db.query_one(IS_HOLDER, args![id.0, agent.0], |row| row.get::<i64>(0)).await?.is_some())
}
