//! Which backups stay, and what goes with those that do not.

use super::{Failed, Vault, manifest};
use crate::config;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeSet;
use yingda_core::At;

pub struct Pruned {
    /// Names of the backups that went.
    pub gone: Vec<String>,
    pub freed: u64,
}

/// Removes backups that no rule keeps, and chunks that no backup needs. Where a manifest cannot be read nobody knows what
/// it needs, so nothing is removed.
pub fn prune(vault: &Vault, rules: &config::Backup) -> Result<Pruned, Failed> {
    let names = vault.names()?;
    let kept = kept(&names, rules);
    let mut needed = BTreeSet::new();
    for name in &kept {
        let manifest = vault.manifest(name).map_err(|hurt| {
            Failed(format!("the manifest of backup {name} is {}: nothing was removed", hurt.word()))
        })?;
        needed.extend(manifest.chunks().map(|(_, _, chunk)| chunk.name.clone()));
    }
    let gone: Vec<String> = names.into_iter().filter(|name| !kept.contains(name)).collect();
    for name in &gone {
        vault.forget(name)?;
    }
    let mut freed = 0;
    for (name, bytes) in vault.chunks()? {
        if !needed.contains(&name) {
            vault.forget_chunk(&name)?;
            freed += bytes;
        }
    }
    Ok(Pruned { gone, freed })
}

/// The newest, and of each of the last days, weeks and months (UTC) that have one the last.
fn kept(names: &[String], rules: &config::Backup) -> BTreeSet<String> {
    let newest_first: Vec<(At, &String)> =
        names.iter().rev().filter_map(|name| Some((manifest::at_of(name)?, name))).collect();
    let mut kept = BTreeSet::new();
    let mut keep = |spans: u32, span_of: &dyn Fn(At) -> (i16, i32)| {
        let mut seen = BTreeSet::new();
        for (at, name) in &newest_first {
            let is_last_of_its_span = seen.insert(span_of(*at));
            if seen.len() > spans as usize {
                break;
            }
            if is_last_of_its_span {
                kept.insert((*name).clone());
            }
        }
    };
    let day = |at: At| Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    keep(rules.keep_daily, &|at| (day(at).year(), i32::from(day(at).day_of_year())));
    keep(rules.keep_weekly, &|at| {
        let week = day(at).iso_week_date();
        (week.year(), i32::from(week.week()))
    });
    keep(rules.keep_monthly, &|at| (day(at).year(), i32::from(day(at).month())));
    let last = newest_first.iter().take(rules.keep_last.max(1) as usize);
    kept.extend(last.map(|(_, name)| (*name).clone()));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const HOUR: At = 3_600_000;

    fn rules(keep_last: u32, keep_daily: u32, keep_weekly: u32, keep_monthly: u32) -> config::Backup {
        let (folder, key_file) = (PathBuf::new(), PathBuf::new());
        config::Backup { folder, key_file, every_hours: 6, keep_last, keep_daily, keep_weekly, keep_monthly }
    }

    #[test]
    fn the_last_of_each_span_stays() {
        // Every six hours, from Sunday 2026-11-22 18:00 back for 100 days.
        let end = 1_795_370_400_000;
        let mut names: Vec<_> = (0..400).map(|n| manifest::name_of(end - n * 6 * HOUR)).collect();
        names.reverse();
        let last: Vec<_> = kept(&names, &rules(2, 0, 0, 0)).into_iter().collect();
        assert_eq!(last, ["20261122T120000.000Z", "20261122T180000.000Z"]);
        assert_eq!(kept(&names, &rules(0, 0, 0, 0)).len(), 1, "the newest always stays");
        let daily: Vec<_> = kept(&names, &rules(1, 3, 0, 0)).into_iter().collect();
        assert_eq!(daily, ["20261120T180000.000Z", "20261121T180000.000Z", "20261122T180000.000Z"]);
        let weekly: Vec<_> = kept(&names, &rules(1, 0, 2, 0)).into_iter().collect();
        assert_eq!(weekly, ["20261115T180000.000Z", "20261122T180000.000Z"]);
        let monthly: Vec<_> = kept(&names, &rules(1, 0, 0, 3)).into_iter().collect();
        assert_eq!(monthly, ["20260930T180000.000Z", "20261031T180000.000Z", "20261122T180000.000Z"]);
    }
}
