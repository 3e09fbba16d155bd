//! A report as data: columns that say how they are computed, rows, and a total with its own computation.

use crate::metric::{Definition, Metric, Unit};
use serde::{Deserialize, Serialize};
use yingda_core::{
    At,
    lang::{Lang, Text},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Table {
    pub title: Text,
    pub from: At,
    pub to: At,
    /// The zone in which hours and days are cut, such as Asia/Shanghai.
    pub zone: String,
    pub made_at: At,
    pub columns: Vec<Column>,
    pub rows: Vec<Line>,
    /// Computed from all facts at once; it need not be the sum of the rows.
    pub total: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Column {
    pub key: String,
    /// The indicator of the catalogue that it shows, such as K-01.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    pub name: Text,
    pub unit: Unit,
    pub version: u16,
    pub formula: Text,
}

impl From<Definition> for Column {
    fn from(it: Definition) -> Column {
        Column {
            key: it.key.to_owned(),
            code: it.code.to_owned(),
            name: it.name(),
            unit: it.unit,
            version: it.version,
            formula: it.formula(),
        }
    }
}

impl From<Metric> for Column {
    fn from(metric: Metric) -> Column {
        metric.definition().into()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
// A business line is a `Line` too; a document has one schema for each name.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = TableLine))]
pub struct Line {
    /// The agent's or queue's id, the hour or the day.
    pub key: String,
    pub name: Text,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// A figure; absent where there is nothing to divide by. Percentages are fractions of 1, spans milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Cell {
    Whole(i64),
    Real(f64),
    Empty,
}

impl Cell {
    pub fn count(n: u64) -> Cell {
        Cell::Whole(i64::try_from(n).unwrap_or(i64::MAX))
    }

    pub fn ratio(part: u64, whole: u64) -> Cell {
        if whole == 0 { Cell::Empty } else { Cell::Real(part as f64 / whole as f64) }
    }

    pub fn ratio_ms(part: i64, whole: i64) -> Cell {
        if whole <= 0 { Cell::Empty } else { Cell::Real(part as f64 / whole as f64) }
    }

    pub fn mean_ms(sum: i64, n: u64) -> Cell {
        if n == 0 { Cell::Empty } else { Cell::Whole((sum as f64 / n as f64).round() as i64) }
    }

    pub fn number(self) -> Option<f64> {
        match self {
            Cell::Whole(n) => Some(n as f64),
            Cell::Real(n) => Some(n),
            Cell::Empty => None,
        }
    }
}

/// Words of every printed report.
pub struct Words {
    pub name: &'static str,
    pub total: &'static str,
    pub period: &'static str,
    pub zone: &'static str,
    pub formulas: &'static str,
    pub metric: &'static str,
    pub version: &'static str,
    pub formula: &'static str,
    pub seconds: &'static str,
}

pub fn words(lang: Lang) -> Words {
    match lang {
        Lang::Zh => Words {
            name: "名称",
            total: "合计",
            period: "时段",
            zone: "时区",
            formulas: "公式",
            metric: "指标",
            version: "版本",
            formula: "公式",
            seconds: "秒",
        },
        Lang::En => Words {
            name: "Name",
            total: "Total",
            period: "Period",
            zone: "Time zone",
            formulas: "Formulas",
            metric: "Metric",
            version: "Version",
            formula: "Formula",
            seconds: "s",
        },
    }
}

impl Table {
    /// The column's heading, with its unit where the figures do not show it.
    pub fn heading(&self, column: &Column, lang: Lang) -> String {
        match column.unit {
            Unit::Ms => format!("{} ({})", column.name.get(lang), words(lang).seconds),
            _ => column.name.get(lang).to_owned(),
        }
    }

    /// All of it as lines of text for a spreadsheet, with the formulas below the figures.
    pub fn lines(&self, lang: Lang) -> Vec<Vec<String>> {
        let words = words(lang);
        let mut head = vec![words.name.to_owned()];
        head.extend(self.columns.iter().map(|column| self.heading(column, lang)));
        let mut lines = vec![head];
        lines.extend(self.rows.iter().map(|row| self.shown(row.name.get(lang), &row.cells)));
        lines.push(self.shown(words.total, &self.total));
        lines.push(vec![]);
        lines.push(vec![words.period.to_owned(), self.period()]);
        lines.push(vec![words.zone.to_owned(), self.zone.clone()]);
        lines.push([words.metric, words.version, words.formula].map(str::to_owned).to_vec());
        for column in &self.columns {
            let (name, formula) = (column.name.get(lang).to_owned(), column.formula.get(lang).to_owned());
            lines.push(vec![name, column.version.to_string(), formula]);
        }
        lines
    }

    fn shown(&self, name: &str, cells: &[Cell]) -> Vec<String> {
        let show = |(column, cell): (&Column, &Cell)| match (column.unit, cell.number()) {
            (_, None) => String::new(),
            (Unit::Percent, Some(n)) => format!("{:.1}%", n * 100.0),
            (Unit::Ms, Some(n)) => format!("{:.1}", n / 1_000.0),
            (Unit::Number, Some(n)) => format!("{n:.2}"),
            (_, Some(n)) => n.to_string(),
        };
        std::iter::once(name.to_owned()).chain(self.columns.iter().zip(cells).map(show)).collect()
    }

    /// `2026-11-21 00:00 – 2026-11-22 00:00` in the report's zone.
    pub fn period(&self) -> String {
        let show = |at: At| {
            let zoned = jiff::Timestamp::from_millisecond(at).unwrap_or_default().in_tz(&self.zone);
            zoned.map_or_else(|_| at.to_string(), |it| it.strftime("%Y-%m-%d %H:%M").to_string())
        };
        format!("{} – {}", show(self.from), show(self.to))
    }
}
