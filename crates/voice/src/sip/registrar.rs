//! Where people's phones are: for each extension the flows on which it registered.

use crate::house;
use rsipstack::transport::SipAddr;
use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

const MOST_FLOWS: usize = 5;
pub const LONGEST_S: u64 = 3600;
pub const SHORTEST_S: u64 = 30;

/// A way to one phone: what it calls itself, and where its registration came from. A request goes there, whatever the
/// contact says, since a phone behind an address translator does not know its own address.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    pub contact: String,
    pub from: SipAddr,
    /// A browser: it takes only encrypted media.
    pub web: bool,
    until: Instant,
}

impl Flow {
    pub fn seconds(&self) -> u64 {
        self.until.saturating_duration_since(house::now()).as_secs()
    }
}

#[derive(Default)]
pub struct Registrar {
    flows: Mutex<HashMap<String, Vec<Flow>>>,
}

impl Registrar {
    pub fn bind(&self, name: &str, contact: &str, from: SipAddr, web: bool, seconds: u64) {
        let mut all = self.flows.lock().expect("no panic while it is held");
        let flows = all.entry(name.to_owned()).or_default();
        flows.retain(|it| it.contact != contact && it.until > house::now());
        let until = house::now() + Duration::from_secs(seconds.min(LONGEST_S));
        flows.insert(0, Flow { contact: contact.to_owned(), from, web, until });
        flows.truncate(MOST_FLOWS);
    }

    pub fn unbind(&self, name: &str, contact: Option<&str>) {
        let mut all = self.flows.lock().expect("no panic while it is held");
        if let Some(flows) = all.get_mut(name) {
            flows.retain(|it| contact.is_some_and(|contact| it.contact != contact));
        }
        all.retain(|_, flows| !flows.is_empty());
    }

    /// A connection is gone, and with it what came over it.
    pub fn lost(&self, from: &SipAddr) -> Vec<String> {
        let mut all = self.flows.lock().expect("no panic while it is held");
        let mut names = Vec::new();
        for (name, flows) in all.iter_mut() {
            let before = flows.len();
            flows.retain(|it| it.from != *from);
            if flows.is_empty() && before > 0 {
                names.push(name.clone());
            }
        }
        all.retain(|_, flows| !flows.is_empty());
        names
    }

    /// The ways to an extension, the latest first.
    pub fn flows(&self, name: &str) -> Vec<Flow> {
        let now = house::now();
        let all = self.flows.lock().expect("no panic while it is held");
        all.get(name)
            .map(|flows| flows.iter().filter(|it| it.until > now).cloned().collect())
            .unwrap_or_default()
    }

    /// Whether a request comes from where this extension registered.
    pub fn is_from(&self, name: &str, from: &SipAddr) -> bool {
        self.flows(name).iter().any(|flow| flow.from == *from)
    }
}
