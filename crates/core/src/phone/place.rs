//! Where a mainland number is from (归属地) and whose network its prefix belongs to. Prefixes are handed out by town and
//! network; a number that its owner took along to another network keeps its prefix.

use super::normal;
use crate::lang::Text;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use std::{collections::HashMap, sync::OnceLock};

/// What a number says about itself.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NumberPlace {
    pub sort: NumberSort,
    /// Province and town.
    pub town: Option<Text>,
    pub carrier: Option<Carrier>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NumberSort {
    Mobile,
    Landline,
    /// 400: who calls pays a local call.
    SharedCost,
    /// 800: who is called pays.
    FreePhone,
    /// 95xxx and 96xxx: a company's own short number.
    Service,
    /// 106…: messages come from it, and nobody answers.
    Port,
    /// 110, 119, 120, 122 and the like.
    Emergency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    Mobile,
    Unicom,
    Telecom,
    /// 中国广电
    Broadnet,
}

/// By whom prefixes were handed out; the longer one counts. Of networks without masts of their own (170, 171, 162,
/// 165, 167) it names whose masts they use.
const CARRIERS: [(Carrier, &[&str]); 4] = [
    (
        Carrier::Mobile,
        &[
            "134", "135", "136", "137", "138", "139", "144", "147", "148", "150", "151", "152", "157", "158",
            "159", "165", "172", "178", "182", "183", "184", "187", "188", "195", "197", "198", "1703",
            "1705", "1706",
        ],
    ),
    (
        Carrier::Unicom,
        &[
            "130", "131", "132", "140", "145", "146", "155", "156", "166", "167", "171", "175", "176", "185",
            "186", "196", "1704", "1707", "1708", "1709",
        ],
    ),
    (
        Carrier::Telecom,
        &[
            "133", "141", "149", "153", "162", "173", "174", "177", "180", "181", "189", "190", "191", "193",
            "199", "1349", "1700", "1701", "1702",
        ],
    ),
    (Carrier::Broadnet, &["192"]),
];

/// A line for each place: its Chinese name, its English name, and its area codes.
const PLACES: &str = include_str!("../../data/places.txt");
/// Runs of mobile prefixes of one place: how many, and its line in [`PLACES`]; 0 is nowhere.
const MOBILES: &[u8] = include_bytes!("../../data/mobiles.bin");
const FIRST_MOBILE: u32 = 1_300_000;

/// What the number says about itself; nothing for numbers of other countries and what is no number.
pub fn place(number: &str) -> Option<NumberPlace> {
    let number = normal(number);
    let own = number.strip_prefix("86").filter(|own| own.len() >= 9);
    // Written with the country code, an area code has no zero before it.
    let number = own.map_or(number.clone(), |own| format!("0{own}"));
    let of = |sort| Some(NumberPlace { sort, town: None, carrier: None });
    let is = |length: usize, prefix: &str| number.len() == length && number.starts_with(prefix);
    match number.as_str() {
        "110" | "112" | "119" | "120" | "122" => of(NumberSort::Emergency),
        _ if is(11, "1") && !is(11, "10") && !is(11, "12") => Some(NumberPlace {
            sort: NumberSort::Mobile,
            town: mobile_town(&number),
            carrier: carrier(&number),
        }),
        _ if is(10, "400") => of(NumberSort::SharedCost),
        _ if is(10, "800") => of(NumberSort::FreePhone),
        _ if number.starts_with("106") && number.len() >= 8 => of(NumberSort::Port),
        _ if (5..=8).contains(&number.len()) && (number.starts_with("95") || number.starts_with("96")) => {
            of(NumberSort::Service)
        }
        // An area code of three or four digits and seven or eight of its own.
        _ if (10..=12).contains(&number.len()) && number.starts_with('0') => {
            let town = Some(fixed_town(&number)?);
            Some(NumberPlace { sort: NumberSort::Landline, town, carrier: None })
        }
        _ => None,
    }
}

fn carrier(number: &str) -> Option<Carrier> {
    let by = |length: usize| {
        let prefix = number.get(..length)?;
        CARRIERS.iter().find(|(_, all)| all.contains(&prefix)).map(|(carrier, _)| *carrier)
    };
    by(4).or_else(|| by(3))
}

/// Areas of one code have names of their own where its next digits say more.
fn fixed_town(number: &str) -> Option<Text> {
    let codes = codes();
    let found = (3..=7).rev().find_map(|length| codes.get(number.get(..length)?))?;
    name(*found)
}

fn codes() -> &'static HashMap<&'static str, usize> {
    static CODES: OnceLock<HashMap<&str, usize>> = OnceLock::new();
    CODES.get_or_init(|| {
        let places = PLACES.lines().enumerate();
        places.flat_map(|(n, line)| parts(line)[2].split(' ').map(move |code| (code, n))).collect()
    })
}

fn mobile_town(number: &str) -> Option<Text> {
    let prefix: u32 = number.get(..7)?.parse().ok()?;
    let runs = runs();
    let run = runs.partition_point(|(from, _)| *from <= prefix).checked_sub(1)?;
    name(usize::from(runs[run].1).checked_sub(1)?)
}

/// Where each run begins, and its place.
fn runs() -> &'static [(u32, u16)] {
    static RUNS: OnceLock<Vec<(u32, u16)>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let mut from = FIRST_MOBILE;
        let run = |four: &[u8]| {
            let begins = from;
            from += u32::from(u16::from_be_bytes([four[0], four[1]]));
            (begins, u16::from_be_bytes([four[2], four[3]]))
        };
        MOBILES.chunks_exact(4).map(run).collect()
    })
}

fn name(line: usize) -> Option<Text> {
    let [zh, en, _] = parts(PLACES.lines().nth(line)?);
    Some(Text::new(zh, en))
}

fn parts(line: &'static str) -> [&'static str; 3] {
    let mut parts = line.split('|');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(number: &str) -> String {
        let Some(it) = place(number) else { return String::new() };
        let town = it.town.map(|town| town.zh).unwrap_or_default();
        let carrier = it.carrier.map(|it| format!(" {it:?}")).unwrap_or_default();
        format!("{:?} {town}{carrier}", it.sort)
    }

    #[test]
    fn b_36_a_number_says_where_it_is_from() {
        for (number, told) in [
            ("13800138000", "Mobile 北京市 Mobile"),
            ("+86 186 1234 5678", "Mobile 北京市 Unicom"),
            ("013901234567", "Mobile 北京市 Mobile"),
            ("13491234567", "Mobile 北京市 Telecom"),
            ("17012345678", "Mobile  Telecom"),
            ("19212345678", "Mobile  Broadnet"),
            ("010-88886666", "Landline 北京市"),
            ("+86 10 8888 6666", "Landline 北京市"),
            ("020 87654321", "Landline 广东省广州市"),
            ("0755-8888888", "Landline 广东省深圳市"),
            ("0571 88886666", "Landline 浙江省杭州市"),
            ("400-820-8820", "SharedCost "),
            ("800 810 8888", "FreePhone "),
            ("95588", "Service "),
            ("96110", "Service "),
            ("106900001234", "Port "),
            ("120", "Emergency "),
            ("+1 202 555 0123", ""),
            ("88886666", ""),
            ("0999999999999", ""),
            ("12345", ""),
            ("", ""),
        ] {
            assert_eq!(said(number), told, "{number}");
        }
    }

    #[test]
    fn the_tables_name_only_places_that_exist() {
        let places = PLACES.lines().count();
        assert!(PLACES.lines().all(|line| line.split('|').count() == 3 && !line.starts_with('|')));
        assert!(runs().iter().all(|(_, line)| usize::from(*line) <= places));
        let covered: u32 =
            MOBILES.chunks_exact(4).map(|it| u32::from(u16::from_be_bytes([it[0], it[1]]))).sum();
        assert_eq!(covered, 700_000, "from 1300000 to 1999999");
        assert_eq!(
            codes().get("0755").map(|line| name(*line).unwrap().en),
            Some("Shenzhen, Guangdong".into())
        );
    }
}
