//! Template packs: what a business line needs, as data: kinds of tickets, tags, replies. A pack never overwrites
//! what somebody changed, and may be installed again at will.

use crate::{app::App, http::records, problem::Problem};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use yingda_core::{
    actor::Actor,
    config::{Record, RecordKind},
    directory::Directory,
    id::RecordId,
    lang::{Lang, Text},
};
use yingda_store::{
    pack::{self as rows, Brought},
    record,
};
use yingda_wire::http::{PackItem, PackState};

const SHIPPED: [(&str, &str); 5] = [
    ("e-commerce", include_str!("../../../packs/e-commerce/pack.json")),
    ("property", include_str!("../../../packs/property/pack.json")),
    ("hospital", include_str!("../../../packs/hospital/pack.json")),
    ("education", include_str!("../../../packs/education/pack.json")),
    ("finance", include_str!("../../../packs/finance/pack.json")),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub name: Text,
    pub about: Text,
    pub version: u32,
    pub items: Vec<Item>,
}

/// A record under a name of the pack's own; `"@name"` anywhere in a record stands for another one's id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub key: String,
    pub record: Value,
}

/// All packs that this version ships, by their names.
pub fn shipped() -> impl Iterator<Item = (&'static str, Pack)> {
    SHIPPED
        .iter()
        .map(|(key, text)| (*key, serde_json::from_str(text).expect("a shipped pack is read by a test")))
}

pub fn named(key: &str) -> Option<Pack> {
    shipped().find(|(name, _)| *name == key).map(|(_, pack)| pack)
}

/// The item's record, with the ids of those that it names.
pub fn record_of(item: &Item, ids: &BTreeMap<String, RecordId>) -> Result<Record, serde_json::Error> {
    let mut value = item.record.clone();
    name_ids(&mut value, ids);
    serde_json::from_value(value)
}

fn name_ids(value: &mut Value, ids: &BTreeMap<String, RecordId>) {
    match value {
        Value::String(text) => {
            if let Some(id) = text.strip_prefix('@').and_then(|key| ids.get(key)) {
                *text = id.to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| name_ids(it, ids)),
        Value::Object(fields) => fields.values_mut().for_each(|it| name_ids(it, ids)),
        _ => {}
    }
}

fn hash(record: &Record) -> String {
    let text = serde_json::to_vec(record).expect("a record has a JSON form");
    hex::encode(&Sha256::digest(text)[..16])
}

/// What is kept of a record that a pack brings.
pub fn brought(item: &str, record: RecordId, it: &Record) -> Brought {
    Brought { item: item.into(), kind: it.kind(), record, hash: hash(it) }
}

/// What is done with a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing: only told.
    Look,
    Install,
    Remove,
}

/// Goes through a pack's records in their order.
pub async fn go_through(
    app: &App,
    by: Actor,
    key: &str,
    pack: &Pack,
    deed: Deed,
    lang: Lang,
) -> Result<Vec<PackItem>, Problem> {
    let here: BTreeMap<_, _> =
        rows::of_pack(&app.db, key).await?.into_iter().map(|it| (it.item.clone(), it)).collect();
    let mut ids: BTreeMap<String, RecordId> =
        here.iter().map(|(item, it)| (item.clone(), it.record)).collect();
    // What stands earlier in the pack is there by the time that something names it; what names something goes first.
    let mut planned = (*app.directory()).clone();
    let mut items: Vec<&Item> = pack.items.iter().collect();
    if deed == Deed::Remove {
        items.reverse();
    }
    for item in &pack.items {
        ids.entry(item.key.clone()).or_insert_with(|| RecordId(app.next_id()));
    }
    let mut told = vec![];
    for item in items {
        let record =
            record_of(item, &ids).map_err(|error| Problem::broken("a pack cannot be read", error))?;
        let mut line = PackItem {
            item: item.key.clone(),
            kind: record.kind(),
            name: record.name(),
            record: None,
            state: PackState::New,
            problem: None,
        };
        let work = Work { app, by, key, record, ids: &ids };
        let outcome = match here.get(&item.key) {
            Some(known) => work.known(known, deed).await,
            None => work.fresh(&item.key, deed, &mut planned).await,
        };
        match outcome {
            Ok((state, record)) => (line.state, line.record) = (state, record),
            Err(problem) if problem.is_ours() => return Err(problem),
            Err(problem) => {
                line.state = PackState::Blocked;
                line.problem = Some(problem.sentence(lang));
            }
        }
        told.push(line);
    }
    if deed == Deed::Remove {
        told.reverse();
    }
    Ok(told)
}

struct Work<'a> {
    app: &'a App,
    by: Actor,
    key: &'a str,
    record: Record,
    ids: &'a BTreeMap<String, RecordId>,
}

type Outcome = Result<(PackState, Option<RecordId>), Problem>;

impl Work<'_> {
    /// It was never brought here.
    async fn fresh(self, item: &str, deed: Deed, planned: &mut Directory) -> Outcome {
        // What would stand in the way is told before anything is done.
        records::refuse(yingda_core::record::check(&self.record, None, planned))?;
        planned.apply(self.record.kind(), self.ids[item], Some(&self.record));
        if deed != Deed::Install {
            return Ok((PackState::New, None));
        }
        let brought = brought(item, self.ids[item], &self.record);
        records::add(self.app, self.by, brought.record, self.record, vec![rows::put(self.key, &brought)])
            .await?;
        Ok((PackState::Same, Some(brought.record)))
    }

    /// It was brought here before.
    async fn known(self, known: &Brought, deed: Deed) -> Outcome {
        let now = record::get(&self.app.db, known.kind, known.record).await?;
        let Some(now) = now.filter(|it| it.deleted_at.is_none()) else {
            return Ok((PackState::Deleted, Some(known.record)));
        };
        if hash(&now.record) != known.hash {
            let state = if now.record == self.record { PackState::Same } else { PackState::Edited };
            return Ok((state, Some(known.record)));
        }
        let is_same = now.record == self.record;
        match deed {
            Deed::Install if !is_same => {
                let brought = brought(&known.item, known.record, &self.record);
                records::replace(self.app, self.by, now, self.record, vec![rows::put(self.key, &brought)])
                    .await?;
                Ok((PackState::Same, Some(known.record)))
            }
            Deed::Remove => {
                records::take_away(self.app, self.by, now, vec![rows::forget(self.key, &known.item)]).await?;
                Ok((PackState::Removed, Some(known.record)))
            }
            _ => Ok((if is_same { PackState::Same } else { PackState::Older }, Some(known.record))),
        }
    }
}

/// The kinds of records that packs bring; who installs one must be allowed to change all of them.
pub fn kinds(pack: &Pack) -> Vec<RecordKind> {
    let kind = |item: &Item| RecordKind::parse(item.record.get("kind")?.as_str()?);
    let mut kinds: Vec<_> = pack.items.iter().filter_map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_18_every_shipped_pack_would_pass_the_checks_of_an_administrators() {
        let mut directory = Directory::default();
        let mut next = 0;
        for (name, pack) in shipped() {
            assert!(!pack.name.zh.is_empty() && !pack.about.en.is_empty() && pack.version > 0, "{name}");
            let mut ids = BTreeMap::new();
            for item in &pack.items {
                next += 1;
                ids.insert(item.key.clone(), RecordId(next));
                let record =
                    record_of(item, &ids).unwrap_or_else(|error| panic!("{name} {}: {error}", item.key));
                let wrong = yingda_core::record::check(&record, None, &directory);
                assert_eq!(wrong, vec![], "{name} {}", item.key);
                // All of them side by side, so that no two packs want the same name or prefix.
                directory.apply(record.kind(), RecordId(next), Some(&record));
            }
        }
        assert!(directory.ticket_types.len() >= 15);
    }
}
