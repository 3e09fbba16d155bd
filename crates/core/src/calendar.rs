//! Business hours: weekly spans, holidays and make-up workdays (调休), read in the calendar's own time zone.
//!
//! Spans are minutes on the wall clock. Where the clock jumps, a span that begins in the gap begins when the gap ends,
//! and a repeated hour counts twice.

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

/// Midnight, in this zone, of the day that `now` belongs to. An unknown zone counts as UTC: figures of a day must begin
/// somewhere.
pub fn day_start(zone_name: &str, now: At) -> At {
    let zone = zone(zone_name).unwrap_or(TimeZone::UTC);
    local_date(&zone, now).and_then(|date| day_at(&zone, date)).unwrap_or(now)
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
    spans.iter().filter_map(move |span| Some((instant(zone, date, span.from)?, instant(zone, date, span.to)?)))
}
