//! Business hours: weekly spans, holidays and make-up workdays (调休), read in the calendar's own time zone.
//!
//! Spans are minutes on the wall clock. Where the clock is put forward, a time in the gap counts as that much after it,
//! and an hour that comes twice counts twice.

use crate::{
    At,
    config::{Calendar, Span},
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::{TimeZone, db},
};

/// No calendar opens later than this; `next_open` gives up there.
const HORIZON_DAYS: usize = 400;
const DAY_MS: At = 86_400_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    UnknownZone(String),
    /// Not a date of the form `YYYY-MM-DD`.
    BadDate(String),
    /// Not `from < to ≤ 1440`, or spans of one day overlap or are out of order. The day is a date, or 0 to 6.
    BadSpan {
        day: String,
        from: u16,
        to: u16,
    },
}

/// Whether a calendar may be stored. The other functions rely on it, and treat one that slipped through as closed.
pub fn check(calendar: &Calendar) -> Result<(), Fault> {
    zone(&calendar.zone).ok_or_else(|| Fault::UnknownZone(calendar.zone.clone()))?;
    for (number, spans) in calendar.week.iter().enumerate() {
        check_spans(&number.to_string(), spans)?;
    }
    for (text, day) in &calendar.days {
        let canonical = text.parse::<Date>().is_ok_and(|date| date.to_string() == *text);
        if !canonical {
            return Err(Fault::BadDate(text.clone()));
        }
        check_spans(text, &day.spans)?;
    }
    Ok(())
}

fn check_spans(day: &str, spans: &[Span]) -> Result<(), Fault> {
    let mut free_from = 0;
    for span in spans {
        if span.from < free_from || span.from >= span.to || span.to > 1440 {
            return Err(Fault::BadSpan { day: day.into(), from: span.from, to: span.to });
        }
        free_from = span.to;
    }
    Ok(())
}

fn zone(name: &str) -> Option<TimeZone> {
    // An empty name would be refused by the database too, but only after a search.
    if name.is_empty() { None } else { db().get(name).ok() }
}

pub fn is_open(calendar: &Calendar, now: At) -> bool {
    let Some((zone, date)) = place(&calendar.zone, now) else { return false };
    openings(calendar, &zone, date).any(|(from, to)| (from..to).contains(&now))
}

/// `now` if it is open, else when it opens next; none if it does not open within the coming year.
pub fn next_open(calendar: &Calendar, now: At) -> Option<At> {
    let (zone, date) = place(&calendar.zone, now)?;
    date.series(jiff::Span::new().days(1))
        .take(HORIZON_DAYS)
        .flat_map(|date| openings(calendar, &zone, date))
        .find(|(_, to)| *to > now)
        .map(|(from, _)| from.max(now))
}

/// How much of the time from one instant to another is open.
pub fn open_ms_between(calendar: &Calendar, from: At, to: At) -> i64 {
    let Some((zone, first)) = place(&calendar.zone, from) else { return 0 };
    let mut open_ms = 0;
    for date in first.series(jiff::Span::new().days(1)) {
        if day_at(&zone, date).is_none_or(|start| start >= to) {
            break;
        }
        open_ms += openings(calendar, &zone, date)
            .map(|(opens, closes)| (closes.min(to) - opens.max(from)).max(0))
            .sum::<i64>();
    }
    open_ms
}

/// The instant after so much open time from `from` on, or before it where `span_ms` is below zero. Nothing where the
/// calendar does not open long enough within its horizon.
pub fn shift_open_ms(calendar: &Calendar, from: At, span_ms: i64) -> Option<At> {
    let (zone, first) = place(&calendar.zone, from)?;
    let mut left = span_ms;
    for n in 0..HORIZON_DAYS as i64 * 10 {
        let date = first.checked_add(jiff::Span::new().days(if span_ms < 0 { -n } else { n })).ok()?;
        if span_ms >= 0 {
            for (opens, closes) in openings(calendar, &zone, date) {
                let begin = opens.max(from);
                if closes > begin && closes - begin >= left {
                    return Some(begin + left);
                }
                left -= (closes - begin).max(0);
            }
        } else {
            let spans: Vec<_> = openings(calendar, &zone, date).collect();
            for (opens, closes) in spans.into_iter().rev() {
                let end = closes.min(from);
                if end > opens && end - opens >= -left {
                    return Some(end + left);
                }
                left += (end - opens).max(0);
            }
        }
    }
    None
}

/// Midnight, in this zone, of the day that `now` belongs to. An unknown zone counts as UTC: figures of a day must begin
/// somewhere.
pub fn day_start(zone_name: &str, now: At) -> At {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    local_date(&zone, now).and_then(|date| day_at(&zone, date)).unwrap_or(now)
}

/// The date of an instant in this zone, as it is written after a note. An unknown zone counts as UTC.
pub fn date_text(zone_name: &str, now: At) -> String {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    local_date(&zone, now).map(|date| date.to_string()).unwrap_or_default()
}

/// The day of an instant in this zone, counted from 1970-01-01, which is 0. An unknown zone counts as UTC.
pub fn day_number(zone_name: &str, now: At) -> i64 {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    let since = |date: Date| i64::from((date - jiff::civil::date(1970, 1, 1)).get_days());
    local_date(&zone, now).map(since).unwrap_or_default()
}

/// Such a day as a date; nothing where no calendar reaches.
pub fn day_text(number: i64) -> String {
    let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(number));
    date.map(|date| date.to_string()).unwrap_or_default()
}

/// The first instant after `at` at this minute of the day. An unknown zone counts as UTC.
pub fn next_daily(zone_name: &str, minute: u16, at: At) -> At {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    let today = local_date(&zone, at);
    let days = today.into_iter().flat_map(|date| [Some(date), date.tomorrow().ok()]).flatten();
    days.filter_map(|date| instant(&zone, date, minute)).find(|next| *next > at).unwrap_or(at + DAY_MS)
}

/// An instant as people write it in this zone: `2026/2/8 14:03`, `2026年2月8日`; without a time of day it is midnight.
pub fn read_instant(zone_name: &str, text: &str) -> Option<At> {
    let parts: Vec<i16> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let (year, month, day, hour, minute, second) = match parts[..] {
        [year, month, day] => (year, month, day, 0, 0, 0),
        [year, month, day, hour, minute] => (year, month, day, hour, minute, 0),
        [year, month, day, hour, minute, second] => (year, month, day, hour, minute, second),
        _ => return None,
    };
    let small = |part: i16| i8::try_from(part).ok();
    let date = Date::new(year, small(month)?, small(day)?).ok().filter(|_| year >= 1970)?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    Some(zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?.as_millisecond())
}

fn place(zone_name: &str, now: At) -> Option<(TimeZone, Date)> {
    let zone = zone(zone_name)?;
    let date = local_date(&zone, now)?;
    Some((zone, date))
}

fn local_date(zone: &TimeZone, now: At) -> Option<Date> {
    Some(zone.to_datetime(Timestamp::from_millisecond(now).ok()?).date())
}

/// When a day begins; where midnight is skipped by the clock, at the first instant after it.
fn day_at(zone: &TimeZone, date: Date) -> Option<At> {
    instant(zone, date, 0)
}

/// The instant of a minute of the day; 1440 is the next midnight.
fn instant(zone: &TimeZone, date: Date, minute: u16) -> Option<At> {
    let (date, minute) = if minute >= 1440 { (date.tomorrow().ok()?, 0) } else { (date, minute) };
    let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).ok()?;
    let ambiguous = zone.to_ambiguous_timestamp(date.to_datetime(time));
    Some(ambiguous.compatible().ok()?.as_millisecond())
}

/// The open intervals of a day, in order.
fn openings<'a>(
    calendar: &'a Calendar,
    zone: &'a TimeZone,
    date: Date,
) -> impl Iterator<Item = (At, At)> + use<'a> {
    let special = calendar.days.get(&date.to_string());
    let weekday = &calendar.week[date.weekday().to_monday_zero_offset() as usize];
    let spans = special.map_or(weekday, |day| &day.spans);
    spans
        .iter()
        .filter_map(move |span| Some((instant(zone, date, span.from)?, instant(zone, date, span.to)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Day;

    const HOUR: i64 = 3_600_000;

    fn at(text: &str) -> At {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn spans(text: &str) -> Vec<Span> {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':').unwrap();
            hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
        };
        text.split_whitespace()
            .map(|span| {
                let (from, to) = span.split_once('-').unwrap();
                Span { from: minute(from), to: minute(to) }
            })
            .collect()
    }

    fn calendar(zone: &str, workdays: &str, weekend: &str) -> Calendar {
        let mut calendar = Calendar { zone: zone.into(), ..Calendar::default() };
        for (number, day) in calendar.week.iter_mut().enumerate() {
            *day = spans(if number < 5 { workdays } else { weekend });
        }
        calendar
    }

    fn day(calendar: &mut Calendar, date: &str, text: &str) {
        calendar.days.insert(date.into(), Day { spans: spans(text), ..Day::default() });
    }

    /// National Day 2026 as the State Council announced it: 1 to 7 October off, Sunday 20 September and Saturday
    /// 10 October worked instead (调休).
    fn national_day_2026() -> Calendar {
        let mut calendar = calendar("Asia/Shanghai", "9:00-12:00 13:30-18:00", "");
        for date in 1..=7 {
            day(&mut calendar, &format!("2026-10-0{date}"), "");
        }
        for date in ["2026-09-20", "2026-10-10"] {
            day(&mut calendar, date, "9:00-12:00 13:30-18:00");
        }
        assert_eq!(check(&calendar), Ok(()));
        calendar
    }

    #[test]
    fn a_working_day_has_its_lunch_break() {
        let calendar = national_day_2026();
        // Wednesday, 30 September 2026.
        for (time, open) in [
            ("08:59:59", false),
            ("09:00:00", true),
            ("11:59:59", true),
            ("12:00:00", false),
            ("13:30:00", true),
            ("18:00:00", false),
        ] {
            assert_eq!(is_open(&calendar, at(&format!("2026-09-30T{time}+08:00"))), open, "{time}");
        }
    }

    #[test]
    fn holidays_are_closed_and_make_up_days_are_open() {
        let calendar = national_day_2026();
        let open = |date: &str| is_open(&calendar, at(&format!("{date}T10:00+08:00")));
        assert!(!open("2026-10-01"), "Thursday, but National Day");
        assert!(!open("2026-10-07"), "Wednesday, the last day off");
        assert!(open("2026-10-08"));
        assert!(open("2026-10-10"), "Saturday, made up for");
        assert!(open("2026-09-20"), "Sunday, made up for");
        assert!(!open("2026-10-11"), "an ordinary Sunday");
    }

    #[test]
    fn the_next_opening_skips_a_holiday() {
        let calendar = national_day_2026();
        let next = |from: &str| next_open(&calendar, at(from));
        assert_eq!(next("2026-09-30T18:00+08:00"), Some(at("2026-10-08T09:00+08:00")));
        assert_eq!(next("2026-10-09T20:00+08:00"), Some(at("2026-10-10T09:00+08:00")), "on the Saturday");
        assert_eq!(next("2026-10-10T12:15+08:00"), Some(at("2026-10-10T13:30+08:00")), "after lunch");
        let open = at("2026-10-10T09:30+08:00");
        assert_eq!(next_open(&calendar, open), Some(open), "it is open");
        assert_eq!(next_open(&calendar_that_never_opens(), open), None);
    }

    fn calendar_that_never_opens() -> Calendar {
        calendar("Asia/Shanghai", "", "")
    }

    #[test]
    fn open_time_counts_only_opening_hours() {
        let calendar = national_day_2026();
        let between = |from: &str, to: &str| open_ms_between(&calendar, at(from), at(to));
        // From Wednesday 17:00 over the holiday to Thursday 10:30: one hour, and one and a half.
        assert_eq!(between("2026-09-30T17:00+08:00", "2026-10-08T10:30+08:00"), 5 * HOUR / 2);
        assert_eq!(between("2026-10-08T11:00+08:00", "2026-10-08T14:00+08:00"), 3 * HOUR / 2, "lunch");
        // Thursday, Friday and the made-up Saturday, seven and a half hours each.
        assert_eq!(between("2026-10-08T00:00+08:00", "2026-10-12T00:00+08:00"), 45 * HOUR / 2);
        assert_eq!(between("2026-10-08T11:00+08:00", "2026-10-08T10:00+08:00"), 0, "backwards");
    }

    #[test]
    fn open_time_is_added_and_taken_away() {
        let calendar = national_day_2026();
        let shift = |from: &str, ms| shift_open_ms(&calendar, at(from), ms);
        let (evening, after) = ("2026-09-30T17:00+08:00", "2026-10-08T10:30+08:00");
        assert_eq!(shift(evening, 5 * HOUR / 2), Some(at(after)), "over the holidays");
        assert_eq!(shift(after, -5 * HOUR / 2), Some(at(evening)));
        assert_eq!(
            shift("2026-10-08T11:00+08:00", 3 * HOUR / 2),
            Some(at("2026-10-08T14:00+08:00")),
            "lunch"
        );
        assert_eq!(
            shift("2026-10-01T11:00+08:00", 0),
            Some(at("2026-10-08T09:00+08:00")),
            "as soon as it opens"
        );
        assert_eq!(shift_open_ms(&calendar_that_never_opens(), at(evening), HOUR), None);
    }

    #[test]
    fn the_wall_clock_counts_where_clocks_change() {
        // In Berlin the clock goes from 02:00 to 03:00 on 29 March 2026, and back from 03:00 to 02:00 on 25 October.
        let day_and_night = calendar("Europe/Berlin", "0:00-24:00", "0:00-24:00");
        let day_ms = |from: &str, to: &str| open_ms_between(&day_and_night, at(from), at(to));
        assert_eq!(day_ms("2026-03-28T23:00Z", "2026-03-29T22:00Z"), 23 * HOUR, "the short Sunday");
        assert_eq!(day_ms("2026-10-24T22:00Z", "2026-10-25T23:00Z"), 25 * HOUR, "the long Sunday");

        let nine_to_five = calendar("Europe/Berlin", "9:00-17:00", "9:00-17:00");
        assert_eq!(
            next_open(&nine_to_five, at("2026-03-28T20:00Z")),
            Some(at("2026-03-29T07:00Z")),
            "summer"
        );
        assert_eq!(
            next_open(&nine_to_five, at("2026-10-24T20:00Z")),
            Some(at("2026-10-25T08:00Z")),
            "winter"
        );

        // A span that begins in the hour that is skipped begins after it.
        let early = calendar("Europe/Berlin", "2:30-4:00", "2:30-4:00");
        assert_eq!(
            next_open(&early, at("2026-03-29T00:00Z")),
            Some(at("2026-03-29T01:30Z")),
            "03:30 on the clock"
        );
        assert_eq!(day_start("Europe/Berlin", at("2026-03-29T12:00Z")), at("2026-03-28T23:00Z"));
        assert_eq!(day_start("Asia/Shanghai", at("2026-10-08T15:59Z")), at("2026-10-07T16:00Z"));
        assert_eq!(day_start("nowhere", at("2026-10-08T15:59Z")), at("2026-10-08T00:00Z"), "as in UTC");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let good = national_day_2026();
        let fault = |change: &dyn Fn(&mut Calendar)| {
            let mut calendar = good.clone();
            change(&mut calendar);
            check(&calendar).unwrap_err()
        };
        for zone in ["", "Asia/Beijing", "+08:00", "../etc/passwd"] {
            assert_eq!(fault(&|it| it.zone = zone.into()), Fault::UnknownZone(zone.into()));
        }
        for date in ["2026-02-30", "2026-2-3", "20261001", "tomorrow", ""] {
            assert_eq!(fault(&|it| day(it, date, "")), Fault::BadDate(date.into()));
        }
        let bad = |from, to| Fault::BadSpan { day: "6".into(), from, to };
        assert_eq!(fault(&|it| it.week[6] = spans("9:00-9:00")), bad(540, 540), "empty");
        assert_eq!(fault(&|it| it.week[6] = spans("9:00-24:01")), bad(540, 1441), "beyond the day");
        assert_eq!(fault(&|it| it.week[6] = spans("9:00-12:00 11:00-13:00")), bad(660, 780), "overlapping");
        let on_a_day = Fault::BadSpan { day: "2026-10-01".into(), from: 720, to: 540 };
        assert_eq!(fault(&|it| day(it, "2026-10-01", "12:00-9:00")), on_a_day, "the wrong way round");
        // If one slipped through all the same, nobody is promised an open door.
        let nowhere = Calendar { zone: "Nowhere".into(), ..good.clone() };
        assert!(!is_open(&nowhere, 0));
        assert_eq!((next_open(&nowhere, 0), open_ms_between(&nowhere, 0, HOUR)), (None, 0));
    }

    #[test]
    fn days_are_counted_where_the_company_is() {
        let at_night = at("2026-11-22T16:30:00Z");
        let day = day_number("Asia/Shanghai", at_night);
        assert_eq!(day_text(day), "2026-11-23", "in Shanghai it is half past midnight");
        assert_eq!((day_number("UTC", at_night), day_text(0)), (day - 1, "1970-01-01".into()));
        let three = |now: &str| next_daily("Asia/Shanghai", 180, at(now));
        assert_eq!(three("2026-11-22T16:30:00Z"), at("2026-11-22T19:00:00Z"));
        assert_eq!(three("2026-11-22T19:00:00Z"), at("2026-11-23T19:00:00Z"), "not twice in one night");
        // On 29 March clocks go forward in Berlin: three by the clock is an hour sooner.
        let berlin = |now: &str| next_daily("Europe/Berlin", 180, at(now));
        assert_eq!(berlin("2026-03-28T01:00:00Z"), at("2026-03-28T02:00:00Z"));
        assert_eq!(berlin("2026-03-28T12:00:00Z"), at("2026-03-29T01:00:00Z"));
    }
}
