//! What a message moves in a conversation, in a narrow row of its own.

use crate::{ReadError, sql::sql, value::Row};
use yingda_core::{
    conversation::Conversation,
    id::{ConversationId, CustomerId},
    pulse::Pulse,
};

/// Inserts pulses, or replaces those that are there.
macro_rules! put {
    ($rows:literal) => {
        concat!(
            "INSERT INTO pulse (conversation, last_at, last_seq, spoke_at, unanswered_since_at, first_reply_at, warned,
                read_by_visitor, read_by_staff, unread, preview, preview_of, senders) ",
            $rows,
            " ON CONFLICT (conversation) DO UPDATE SET
                last_at = excluded.last_at, last_seq = excluded.last_seq, spoke_at = excluded.spoke_at,
                unanswered_since_at = excluded.unanswered_since_at, first_reply_at = excluded.first_reply_at,
                warned = excluded.warned, read_by_visitor = excluded.read_by_visitor,
                read_by_staff = excluded.read_by_staff, unread = excluded.unread, preview = excluded.preview,
                preview_of = excluded.preview_of, senders = excluded.senders"
        )
    };
}
pub(crate) use put;

sql! {
    pub(crate) PUT = put!("VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
}

/// A conversation's columns with its pulse: `c` is the conversation, `m` what moved since it was stored.
macro_rules! live {
    ($rest:literal) => {
        concat!(
            "SELECT c.live, m.last_at, m.last_seq, m.spoke_at, m.unanswered_since_at, m.first_reply_at, m.warned,
                m.read_by_visitor, m.read_by_staff, m.unread, m.preview, m.preview_of, m.senders, c.customer
            FROM conversation AS c LEFT JOIN pulse AS m ON m.conversation = c.id ",
            $rest
        )
    };
}
pub(crate) use live;

/// What `live!` selects.
pub(crate) fn read(row: &Row<'_>) -> Result<Conversation, ReadError> {
    let mut conversation: Conversation = row.json(0)?;
    // When two records of one person become one, only the column is changed.
    conversation.customer = row.get::<Option<i64>>(13)?.map(CustomerId);
    let Some(last_at) = row.get(1)? else { return Ok(conversation) };
    let number = |index| row.get::<i64>(index).map(|it| it as u64);
    let senders: Option<String> = row.get(12)?;
    let pulse = Pulse {
        conversation: ConversationId::default(),
        last_at,
        last_seq: number(2)?,
        spoke_at: row.get(3)?,
        unanswered_since_at: row.get(4)?,
        first_reply_at: row.get(5)?,
        warned: row.get(6)?,
        read_by_visitor: number(7)?,
        read_by_staff: number(8)?,
        unread: row.get::<i64>(9)? as u16,
        preview: row.get(10)?,
        preview_of: number(11)?,
        senders: match senders {
            Some(_) => row.json(12)?,
            None => Default::default(),
        },
    };
    pulse.put(&mut conversation);
    Ok(conversation)
}

/// The column `senders`: JSON, or nothing where nobody counts.
pub(crate) fn senders(pulse: &Pulse) -> Option<String> {
    // Numbers alone: writing them as JSON cannot fail.
    let text = || serde_json::to_string(&pulse.senders).expect("counters are JSON");
    (!pulse.senders.is_empty()).then(text)
}
