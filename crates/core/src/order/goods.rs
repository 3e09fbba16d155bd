//! Goods, and what may come instead of them, with what speaks for and against it.

use super::OrderLine;
use crate::{
    At,
    fault::{Fault, Faults, Wrong},
    id::RecordId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Goods of the shop's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Product {
    /// The shop's own number; no two have the same.
    pub sku: String,
    pub name: String,
    /// In cents.
    pub price: i64,
    pub stock: i64,
    /// What it is like: colour, size, power …
    pub attributes: BTreeMap<String, String>,
    /// Numbers of what may come instead, the best first.
    pub substitutes: Vec<String>,
    /// Not sold any more.
    pub retired: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoredProduct {
    pub id: RecordId,
    pub version: i64,
    pub product: Product,
    pub updated_at: At,
}

impl Product {
    pub fn tidy(&mut self) {
        self.sku = self.sku.trim().to_owned();
        self.name = self.name.trim().to_owned();
        self.attributes.retain(|key, value| !key.trim().is_empty() && !value.trim().is_empty());
        self.substitutes.iter_mut().for_each(|sku| *sku = sku.trim().to_owned());
        self.substitutes.retain(|sku| !sku.is_empty() && *sku != self.sku);
    }

    pub fn check(&self) -> Vec<Wrong> {
        let mut faults = Faults::default();
        faults.unless(!self.sku.is_empty(), "sku", Fault::Missing);
        faults.unless(!self.name.is_empty(), "name", Fault::Missing);
        faults.length("sku", &self.sku, 64);
        faults.length("name", &self.name, 200);
        faults.range("price", self.price, 0, 1_000_000_000_000);
        faults.range("stock", self.stock, -1_000_000_000, 1_000_000_000);
        faults.unless(self.attributes.len() <= 50, "attributes", Fault::TooMany(50));
        for (key, value) in &self.attributes {
            faults.length("attributes", key, 50);
            faults.length(format!("attributes.{key}"), value, 200);
        }
        faults.unless(self.substitutes.len() <= 20, "substitutes", Fault::TooMany(20));
        faults.0
    }

    pub fn words(&self) -> String {
        format!("{} {}", self.sku, self.name).to_lowercase()
    }
}

/// Goods that may come instead, beside what was ordered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Substitute {
    /// What it would replace.
    pub instead_of: String,
    pub sku: String,
    pub name: String,
    pub price: i64,
    /// How much more one of it costs; less than nothing where it is cheaper.
    pub difference: i64,
    pub stock: i64,
    /// There are as many as were ordered.
    pub enough: bool,
    pub differs: Vec<Difference>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Difference {
    pub name: String,
    /// Of what was ordered; empty where it has none.
    pub had: String,
    /// Of what comes instead.
    pub has: String,
}

/// What may come instead of a position: what is there first, then as the shop would have it.
pub fn substitutes(line: &OrderLine, ordered: &Product, others: &[Product]) -> Vec<Substitute> {
    let place = |sku: &str| ordered.substitutes.iter().position(|it| it == sku);
    let mut all: Vec<(usize, Substitute)> = others
        .iter()
        .filter(|it| !it.retired)
        .filter_map(|other| Some((place(&other.sku)?, compare(line, ordered, other))))
        .collect();
    all.sort_by_key(|(place, it)| (!it.enough, *place));
    all.into_iter().map(|(_, it)| it).collect()
}

fn compare(line: &OrderLine, ordered: &Product, other: &Product) -> Substitute {
    let keys = ordered.attributes.keys().chain(other.attributes.keys());
    let mut keys: Vec<&String> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    let of = |it: &Product, key: &str| it.attributes.get(key).cloned().unwrap_or_default();
    let differs = keys
        .into_iter()
        .map(|key| Difference { name: key.clone(), had: of(ordered, key), has: of(other, key) })
        .filter(|it| it.had != it.has)
        .collect();
    Substitute {
        instead_of: line.sku.clone(),
        sku: other.sku.clone(),
        name: other.name.clone(),
        price: other.price,
        difference: other.price - line.price,
        stock: other.stock,
        enough: other.stock >= i64::from(line.quantity.max(1)),
        differs,
    }
}
