//! A workbook of two sheets: the figures, and how each is computed.

use crate::{
    metric::Unit,
    table::{Cell, Table, words},
};
use rust_xlsxwriter::{Format, FormatBorder, Workbook, Worksheet, XlsxError};
use yingda_core::lang::Lang;

pub fn write(table: &Table, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let words = words(lang);
    let bold = Format::new().set_bold();
    let mut book = Workbook::new();

    let sheet = book.add_worksheet().set_name(sheet_name(table.title.get(lang)))?;
    sheet.write_with_format(0, 0, table.title.get(lang), &bold)?;
    sheet.write(1, 0, words.period)?.write(1, 1, table.period())?;
    sheet.write(2, 0, words.zone)?.write(2, 1, &table.zone)?;
    let head = Format::new().set_bold().set_border_bottom(FormatBorder::Thin).set_text_wrap();
    sheet.write_with_format(4, 0, words.name, &head)?;
    for (n, column) in table.columns.iter().enumerate() {
        sheet.write_with_format(4, col(n), table.heading(column, lang), &head)?;
    }
    let mut at = 5;
    for row in &table.rows {
        sheet.write(at, 0, row.name.get(lang))?;
        figures(sheet, at, table, &row.cells, &Format::new())?;
        at += 1;
    }
    let foot = Format::new().set_bold().set_border_top(FormatBorder::Thin);
    sheet.write_with_format(at, 0, words.total, &foot)?;
    figures(sheet, at, table, &table.total, &foot)?;
    sheet.set_freeze_panes(5, 1)?;
    sheet.set_column_width(0, 22)?;

    let sheet = book.add_worksheet().set_name(words.formulas)?;
    for (n, text) in [words.metric, words.version, words.formula].into_iter().enumerate() {
        sheet.write_with_format(0, n as u16, text, &head)?;
    }
    for (n, column) in table.columns.iter().enumerate() {
        let row = n as u32 + 1;
        sheet.write(row, 0, column.name.get(lang))?.write(row, 1, column.version)?;
        sheet.write(row, 2, column.formula.get(lang))?;
    }
    sheet.set_column_width(0, 24)?.set_column_width(2, 90)?;
    book.save_to_buffer()
}

fn figures(
    sheet: &mut Worksheet,
    at: u32,
    table: &Table,
    cells: &[Cell],
    base: &Format,
) -> Result<(), XlsxError> {
    for (n, (column, cell)) in table.columns.iter().zip(cells).enumerate() {
        let (value, shape) = match (column.unit, cell.number()) {
            (_, None) => {
                sheet.write_blank(at, col(n), base)?;
                continue;
            }
            (Unit::Percent, Some(value)) => (value, "0.0%"),
            (Unit::Ms, Some(value)) => (value / 1_000.0, "#,##0.0"),
            (Unit::Number, Some(value)) => (value, "0.00"),
            (_, Some(value)) => (value, "#,##0"),
        };
        sheet.write_with_format(at, col(n), value, &base.clone().set_num_format(shape))?;
    }
    Ok(())
}

/// The names stand in the first column.
fn col(n: usize) -> u16 {
    n as u16 + 1
}

/// Excel allows 31 characters, and none of these.
fn sheet_name(title: &str) -> String {
    title.chars().filter(|c| !"[]:*?/\\".contains(*c)).take(31).collect()
}
