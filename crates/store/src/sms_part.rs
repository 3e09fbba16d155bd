//! Parts of long SMS whose others have not come yet.

use crate::{Db, ReadError, Statement, sql::sql, value::args};
use yingda_core::{At, id::ChannelId};

sql! {
    PUT = "
        INSERT INTO sms_part (channel, term, receiver, reference, total, part, coding, body, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    REMOVE = "
        DELETE FROM sms_part
        WHERE channel = $1 AND term = $2 AND receiver = $3 AND reference = $4 AND total = $5";
    ALL_OF = "
        SELECT term, receiver, reference, total, part, coding, body, received_at FROM sms_part
        WHERE channel = $1 ORDER BY received_at, part";
}

/// The message that parts belong to, by its two ends and the number that its sender gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole {
    pub term: String,
    pub receiver: String,
    pub reference: u16,
    pub total: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub whole: Whole,
    pub part: u8,
    pub coding: u8,
    pub body: Vec<u8>,
    pub received_at: At,
}

/// The same part again changes nothing.
pub fn put(channel: ChannelId, it: &Part) -> Statement {
    let Whole { term, receiver, reference, total } = &it.whole;
    let (reference, total, part) = (i64::from(*reference), i64::from(*total), i64::from(it.part));
    let coding = i64::from(it.coding);
    Statement::new(
        PUT,
        args![channel.0, &**term, &**receiver, reference, total, part, coding, &*it.body, it.received_at],
    )
}

/// All parts of a message, which is whole now or was given up.
pub fn remove(channel: ChannelId, whole: &Whole) -> Statement {
    let Whole { term, receiver, reference, total } = whole;
    Statement::new(REMOVE, args![channel.0, &**term, &**receiver, i64::from(*reference), i64::from(*total)])
}

/// A channel's, the oldest first.
pub async fn all(db: &Db, channel: ChannelId) -> Result<Vec<Part>, ReadError> {
    db.query(ALL_OF, args![channel.0], |row| {
        let whole = Whole {
            term: row.get(0)?,
            receiver: row.get(1)?,
            reference: row.get::<i64>(2)? as u16,
            total: row.get::<i64>(3)? as u8,
        };
        let (part, coding) = (row.get::<i64>(4)? as u8, row.get::<i64>(5)? as u8);
        Ok(Part { whole, part, coding, body: row.get(6)?, received_at: row.get(7)? })
    })
    .await
}
