//! The demo's content as data: `packs/e-commerce/demo.json`.

use serde::Deserialize;
use std::collections::BTreeMap;
use yingda_core::{
    config::{LiveFlow, Record},
    id::{QueueId, RecordId, TagId, TeamId, UserId},
    lang::Lang,
    order::{OrderDraft, Product, Report, ShipmentWhat},
};

#[derive(Debug, Deserialize)]
pub struct Pack {
    pub records: Vec<Entry>,
    pub surnames: Vec<String>,
    pub given: Vec<String>,
    pub foreign: Vec<String>,
    pub products: Vec<String>,
    pub products_en: Vec<String>,
    pub cities: Vec<String>,
    pub sources: Vec<From>,
    pub praise: Vec<String>,
    pub blame: Vec<String>,
    pub notes: Vec<String>,
    pub offline: Vec<String>,
    pub talks: Vec<Talk>,
    pub cases: Vec<Case>,
    pub goods: Vec<Product>,
    pub orders: Vec<Bought>,
}

/// An order, placed so many hours ago and promised so many hours from now.
#[derive(Debug, Deserialize)]
pub struct Bought {
    pub hours: i64,
    pub due_hours: i64,
    pub address: String,
    pub order: OrderDraft,
    #[serde(default)]
    pub shipment: Option<Parcel>,
    /// What came in between, where a case follows it up.
    #[serde(default)]
    pub exception: Option<Report>,
}

#[derive(Debug, Deserialize)]
pub struct Parcel {
    pub carrier: String,
    pub tracking: String,
    pub events: Vec<Stop>,
}

/// Where a parcel was so many hours ago.
#[derive(Debug, Deserialize)]
pub struct Stop {
    pub what: ShipmentWhat,
    pub hours: i64,
    pub place: String,
}

/// A ticket, raised so many hours ago, and what was done with it.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Key of its kind in the shipped pack.
    pub kind: String,
    pub title: String,
    pub hours: i64,
    pub team: TeamId,
    #[serde(default)]
    pub owner: Option<UserId>,
    #[serde(default)]
    pub severity: Option<u8>,
    pub values: BTreeMap<String, String>,
    #[serde(default)]
    pub moves: Vec<Move>,
}

#[derive(Debug, Deserialize)]
pub struct Move {
    pub way: String,
    pub values: BTreeMap<String, String>,
    pub reason: String,
    pub by: UserId,
}

/// A record under a fixed id, so that records of the pack can name each other.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub id: RecordId,
    /// Codes of the shipped roles that a user has.
    #[serde(default)]
    pub roles: Vec<String>,
    pub record: Record,
}

/// Where visitors come from.
#[derive(Debug, Deserialize)]
pub struct From {
    pub referrer: String,
    pub campaign: String,
    pub landing: String,
}

/// A conversation as it may go. `{p}`, `{o}` and `{d}` are a product, an order number and a few days.
#[derive(Debug, Deserialize)]
pub struct Talk {
    pub queue: QueueId,
    pub lang: Lang,
    pub tags: Vec<TagId>,
    /// Key of the record form's category.
    pub category: String,
    pub need: String,
    /// Key of the record form's result.
    pub result: String,
    pub page: String,
    pub page_title: String,
    /// How often it happens, compared with the others.
    pub weight: u32,
    #[serde(default)]
    pub transfer: Option<Transfer>,
    pub lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
pub struct Transfer {
    /// After so many words of the agent.
    pub after: usize,
    pub queue: QueueId,
}

/// Who speaks, and what.
#[derive(Debug, Deserialize)]
pub struct Line(pub Side, pub String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Side {
    #[serde(rename = "v")]
    Visitor,
    #[serde(rename = "a")]
    Agent,
}

pub fn pack() -> Pack {
    const TEXT: &str = include_str!("../../../../packs/e-commerce/demo.json");
    let mut pack: Pack = serde_json::from_str(TEXT).expect("the pack that is compiled in is read by a test");
    // What is drawn there is what callers meet.
    for Entry { record, .. } in &mut pack.records {
        if let Record::Flow(flow) = record {
            let graph = flow.draft.clone();
            flow.live = Some(LiveFlow { version: 1, published_at: 0, published_by: None, graph });
        }
    }
    pack
}
