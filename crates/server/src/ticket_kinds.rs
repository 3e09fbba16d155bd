//! What this process knows of kinds of tickets: their versions, which never change, and the last serial numbers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use yingda_core::{
    config::{RecordKind, TicketType},
    id::{RecordId, TicketTypeId},
};
use yingda_store::{Db, ReadError, record, ticket};

/// So many versions are kept before all are forgotten.
const MOST: usize = 1_000;

#[derive(Default)]
pub struct TicketKinds {
    versions: Mutex<HashMap<(TicketTypeId, i64), Arc<TicketType>>>,
    /// The last number of each day's series that was given here.
    series: Mutex<HashMap<String, u32>>,
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TicketKinds {
    pub fn get(&self, id: TicketTypeId, version: i64) -> Option<Arc<TicketType>> {
        lock(&self.versions).get(&(id, version)).cloned()
    }

    pub fn put(&self, id: TicketTypeId, version: i64, of: TicketType) -> Arc<TicketType> {
        let mut versions = lock(&self.versions);
        if versions.len() >= MOST {
            versions.clear();
        }
        versions.entry((id, version)).or_insert_with(|| Arc::new(of)).clone()
    }

    /// The version that new tickets get; nothing where the kind is gone.
    pub async fn latest(&self, id: TicketTypeId, db: &Db) -> Result<Option<i64>, ReadError> {
        let found = record::get(db, RecordKind::TicketType, RecordId(id.0)).await?;
        Ok(found.filter(|it| it.deleted_at.is_none()).map(|it| it.version))
    }

    /// The next serial number of a series, such as `TS20261122-0017`. Another process may take it first.
    pub async fn serial(&self, series: &str, db: &Db) -> Result<String, ReadError> {
        if let Some(last) = lock(&self.series).get_mut(series) {
            *last += 1;
            return Ok(format!("{series}{last:05}"));
        }
        let last = ticket::last_serial(db, series).await?;
        let stored: u32 = last.and_then(|it| it.strip_prefix(series)?.parse().ok()).unwrap_or_default();
        let mut all = lock(&self.series);
        // Yesterday's are of no use any more.
        if all.len() >= MOST {
            all.clear();
        }
        let last = all.entry(series.to_owned()).or_insert(stored);
        *last = (*last).max(stored) + 1;
        Ok(format!("{series}{last:05}"))
    }

    /// Somebody else gives numbers too: the next one is asked for anew.
    pub fn forget_series(&self, series: &str) {
        lock(&self.series).remove(series);
    }
}
