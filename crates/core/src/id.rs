//! Identities. Outside the process every id is an opaque string.

use crate::At;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "schema", schema(value_type = String, example = "7310577399169024"))]
        pub struct $name(pub i64);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map($name) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> { to.collect_str(&self.0) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(IdText).map($name)
            }
        }
        impl From<RecordId> for $name {
            fn from(id: RecordId) -> Self { $name(id.0) }
        }
    )*};
}

struct IdText;

impl de::Visitor<'_> for IdText {
    type Value = i64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id as a string of digits")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// Any configuration record's id; the typed ids below are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(value_type = String, example = "7310577399169024"))]
pub struct RecordId(pub i64);

impl Serialize for RecordId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}
impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(IdText).map(RecordId)
    }
}
impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl std::str::FromStr for RecordId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(RecordId)
    }
}

ids! {
    /// One contact from its first word to its closing.
    ConversationId,
    /// A person or company that is served.
    CustomerId,
    /// A browser that has the widget open.
    VisitorId,
    /// A member of staff.
    UserId,
    QueueId, SkillId, TeamId, RoleId, LineId, WidgetId, CalendarId, InvitationId, TagId, ApiKeyId, FormId,
    WebhookId, ChannelId, TicketTypeId, SurveyId,
    /// Steps that a machine walks with a customer.
    FlowId,
    /// Something that is done by itself.
    RuleId,
    /// A case that is followed until it is closed.
    TicketId,
    /// An uploaded file; the row behind it holds the content's hash.
    FileId,
}

/// A client tab's random name: with a counter it makes a command's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Tab(pub u32);

/// Makes ids: 41 bits of milliseconds, 10 of a writer's number, 12 of a counter, always rising.
#[derive(Clone, Debug)]
pub struct IdMaker {
    writer: i64,
    last: i64,
}

const EPOCH: At = 1_735_689_600_000; // 2025-01-01, so that 41 bits last until 2094

impl IdMaker {
    /// `writer` is this process's leased number (0..1024), `highest` the highest id already stored.
    pub fn new(writer: u16, highest: i64) -> Self {
        Self { writer: i64::from(writer & 0x3ff) << 12, last: highest }
    }

    pub fn next(&mut self, now: At) -> i64 {
        let fresh = ((now - EPOCH).max(0) << 22) | self.writer;
        // Within one millisecond, or when the clock stands behind what is stored, count on from the last id.
        self.last = if fresh > self.last { fresh } else { self.step() };
        self.last
    }

    fn step(&self) -> i64 {
        let next = self.last + 1;
        if next & 0x3f_f000 == self.writer { next } else { (((self.last >> 22) + 1) << 22) | self.writer }
    }
}

/// The lowest id that can be made at an instant.
pub fn first_at(at: At) -> i64 {
    at.saturating_sub(EPOCH).clamp(0, (1 << 41) - 1) << 22
}

/// The instant at which an id was made.
pub fn made_at(id: i64) -> At {
    (id >> 22) + EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_even_when_the_clock_stands_still_or_falls_back() {
        let mut maker = IdMaker::new(3, 0);
        let mut last = 0;
        for n in 0..20_000 {
            let now = EPOCH + 5_000 - (n % 7);
            let id = maker.next(now);
            assert!(id > last);
            assert_eq!((id >> 12) & 0x3ff, 3, "the writer's number stays in its bits");
            last = id;
        }
    }

    #[test]
    fn an_id_is_a_string_outside() {
        let id = ConversationId(7_310_577_399_169_024);
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, "\"7310577399169024\"");
        assert_eq!(serde_json::from_str::<ConversationId>(&text).unwrap(), id);
        assert!(serde_json::from_str::<ConversationId>("\"x\"").is_err());
    }
}
