//! Comma-separated text that spreadsheets open as it is, with the formulas below the figures.

use crate::{
    metric::Unit,
    table::{Cell, Table, words},
};
use yingda_core::lang::Lang;

/// UTF-8 with a byte-order mark, so that Excel reads Chinese.
pub fn write(table: &Table, lang: Lang) -> String {
    let words = words(lang);
    let mut out = String::from("\u{feff}");
    let mut head = vec![words.name.to_owned()];
    head.extend(table.columns.iter().map(|column| table.heading(column, lang)));
    line(&mut out, &head);
    for row in &table.rows {
        line(&mut out, &figures(table, row.name.get(lang), &row.cells));
    }
    line(&mut out, &figures(table, words.total, &table.total));
    out.push_str("\r\n");
    line(&mut out, &[words.period.to_owned(), table.period()]);
    line(&mut out, &[words.zone.to_owned(), table.zone.clone()]);
    line(&mut out, &[words.metric.to_owned(), words.version.to_owned(), words.formula.to_owned()]);
    for column in &table.columns {
        let formula = column.formula.get(lang).to_owned();
        line(&mut out, &[column.name.get(lang).to_owned(), column.version.to_string(), formula]);
    }
    out
}

fn figures(table: &Table, name: &str, cells: &[Cell]) -> Vec<String> {
    let shown = table.columns.iter().zip(cells).map(|(column, cell)| match (column.unit, cell.number()) {
        (_, None) => String::new(),
        (Unit::Percent, Some(n)) => format!("{:.1}%", n * 100.0),
        (Unit::Ms, Some(n)) => format!("{:.1}", n / 1_000.0),
        (Unit::Number, Some(n)) => format!("{n:.2}"),
        (_, Some(n)) => n.to_string(),
    });
    std::iter::once(name.to_owned()).chain(shown).collect()
}

/// Appends one line of fields, quoted where needed.
pub fn line(out: &mut String, fields: &[String]) {
    for (n, field) in fields.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push_str(&quote(field));
    }
    out.push_str("\r\n");
}

/// A spreadsheet must never take somebody's words for a formula.
fn quote(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !field.contains([',', '"', '\n', '\r']) {
        return field.to_owned();
    }
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}
