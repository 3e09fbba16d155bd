//! The hash chain of the log, followed over rows on their way.

use super::{
    Table, failed,
    rows::{Rows, int},
};
use crate::ReadError;
use serde::{Deserialize, Serialize};
use yingda_core::chain::{self, Hash, Header, Kept};

/// What a site's log is: how far it goes, and the hash at its head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    pub site: i64,
    pub last_seq: u64,
    /// Hexadecimal.
    pub head: String,
    /// The first event that does not follow from the one before it.
    pub broken_at: Option<u64>,
}

const COLUMNS: [&str; 14] = [
    "site",
    "seq",
    "occurred_at",
    "on_kind",
    "on_id",
    "kind",
    "actor_kind",
    "actor_id",
    "audience",
    "body",
    "private_body",
    "salt",
    "digest",
    "chain",
];

/// Follows the rows of the log in their order.
pub struct Chain {
    /// Where each of `COLUMNS` stands in a row.
    places: [usize; COLUMNS.len()],
    site: i64,
    seq: u64,
    head: Hash,
    broken_at: Option<u64>,
    logs: Vec<Log>,
}

impl Chain {
    /// For the table of the log; nothing for others.
    pub fn of(table: &Table) -> Result<Option<Chain>, ReadError> {
        if table.name != "event" {
            return Ok(None);
        }
        let mut places = [0; COLUMNS.len()];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            let found = table.columns.iter().position(|column| column.name == name);
            *place = found.ok_or_else(|| failed(format!("the log has no column {name}")))?;
        }
        Ok(Some(Chain { places, site: 0, seq: 0, head: Hash::default(), broken_at: None, logs: vec![] }))
    }

    pub fn follow(&mut self, rows: &[u8]) -> Result<(), ReadError> {
        let (mut rows, mut row) = (Rows(rows), vec![]);
        while rows.next(&mut row)? {
            let mut fields = [None; COLUMNS.len()];
            for (field, place) in fields.iter_mut().zip(self.places) {
                *field = *row.get(place).ok_or_else(|| failed("a row of the log is too short"))?;
            }
            self.event(&fields)?;
        }
        Ok(())
    }

    fn event(&mut self, fields: &[Option<&[u8]>; COLUMNS.len()]) -> Result<(), ReadError> {
        let [site, seq, at, on_kind, on_id, kind, actor_kind, actor_id, audience, rest @ ..] = fields;
        let [body, private, salt, digest, hash] = rest;
        let number = |field: &Option<&[u8]>| field.map_or(Ok(0), int);
        let hash_of = |field: &Option<&[u8]>| -> Result<Hash, ReadError> {
            field.unwrap_or_default().try_into().map_err(|_| failed("a stored hash is not 32 bytes long"))
        };
        let site = number(site)?;
        if site != self.site {
            self.next_site(site);
        }
        let (kind, private) = (text(kind.unwrap_or_default())?, private.map(text).transpose()?);
        let seq = number(seq)? as u64;
        let header = Header {
            site,
            seq,
            at: number(at)?,
            on_kind: number(on_kind)? as i16,
            on_id: number(on_id)?,
            kind,
            actor_kind: number(actor_kind)? as i16,
            actor_id: number(actor_id)?,
            audience: number(audience)? as i16,
        };
        let kept = Kept {
            header,
            salt: *salt,
            body: *body,
            private,
            digest: hash_of(digest)?,
            hash: hash_of(hash)?,
        };
        match chain::verify(self.head, self.seq, [kept]) {
            Ok(head) => self.head = head,
            Err(_) => {
                self.broken_at.get_or_insert(seq);
                self.head = kept.hash;
            }
        }
        self.seq = seq;
        Ok(())
    }

    fn next_site(&mut self, site: i64) {
        if self.seq > 0 {
            let (last_seq, head) = (self.seq, hex::encode(self.head));
            self.logs.push(Log { site: self.site, last_seq, head, broken_at: self.broken_at });
        }
        (self.site, self.seq, self.head, self.broken_at) = (site, 0, Hash::default(), None);
    }

    /// Every site's log, in the order of sites.
    pub fn end(mut self) -> Vec<Log> {
        self.next_site(0);
        self.logs
    }
}

fn text(field: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(field).map_err(failed)
}
