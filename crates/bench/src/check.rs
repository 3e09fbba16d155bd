//! Whether everything that was acknowledged arrived once and in order.

use crate::{Result, api::Api};
use serde::Deserialize;
use std::{borrow::Cow, collections::HashSet};
use yingda_core::{
    event::Origin,
    id::{ConversationId, Tab},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub lost: u64,
    pub doubled: u64,
    pub reordered: u64,
}

impl std::ops::AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
    }
}

/// Compares what one visitor had acknowledged with what was found, in the order of finding.
pub fn compare(acked: &[u32], found: &[u32]) -> Faults {
    let mut faults = Faults::default();
    let mut seen = HashSet::with_capacity(found.len());
    let mut highest = 0;
    for &n in found {
        if !seen.insert(n) {
            faults.doubled += 1;
        } else if n < highest {
            faults.reordered += 1;
        }
        highest = highest.max(n);
    }
    faults.lost =
        acked.iter().collect::<HashSet<_>>().into_iter().filter(|n| !seen.contains(n)).count() as u64;
    faults
}

#[derive(Deserialize)]
struct Events<'a> {
    #[serde(borrow)]
    events: Vec<Row<'a>>,
    more: bool,
}

#[derive(Deserialize)]
struct Row<'a> {
    seq: u64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    from: Option<Origin>,
}

/// The numbers of this tab's messages as they are stored, oldest first, and how many messages there are in all.
pub async fn stored(api: &Api, conversation: ConversationId, tab: Tab) -> Result<Vec<u32>> {
    let mut found = vec![];
    let mut before = None;
    loop {
        let before_text = before.map(|seq: u64| format!("&before={seq}")).unwrap_or_default();
        let path = format!("/conversations/{conversation}/events?limit=500{before_text}");
        let bytes = api.send(reqwest::Method::GET, &path, None).await?.bytes().await?;
        let page: Events<'_> = serde_json::from_slice(&bytes)?;
        let own = page.events.iter().filter(|row| row.kind == "message_posted");
        let numbers = own.filter_map(|row| row.from).filter(|from| from.tab == tab).map(|from| from.n);
        found.extend(numbers.rev());
        let oldest = page.events.iter().map(|row| row.seq).min();
        if !page.more || oldest.is_none() {
            break;
        }
        before = oldest;
    }
    found.reverse();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_apart() {
        assert_eq!(compare(&[1, 2, 3], &[1, 2, 3]), Faults::default());
        assert_eq!(compare(&[1, 2, 3], &[1, 3]), Faults { lost: 1, ..Faults::default() });
        assert_eq!(compare(&[1, 2], &[1, 2, 2]), Faults { doubled: 1, ..Faults::default() });
        assert_eq!(compare(&[1, 2, 3], &[1, 3, 2]), Faults { reordered: 1, ..Faults::default() });
        // Stored without an acknowledgement is no fault: the answer was on its way when the line broke.
        assert_eq!(compare(&[1], &[1, 2]), Faults::default());
    }
}
