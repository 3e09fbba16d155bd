//! A table for spreadsheets, as CSV or XLSX.

use crate::csv::Csv;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::borrow::Cow;

/// Lines of text below a head.
#[derive(Debug)]
pub struct Sheet {
    head: Vec<Cow<'static, str>>,
    lines: Vec<Vec<String>>,
}

impl Sheet {
    pub const XLSX: &'static str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

    pub fn new<T: Into<Cow<'static, str>>>(head: Vec<T>) -> Self {
        Self { head: head.into_iter().map(Into::into).collect(), lines: vec![] }
    }

    pub fn add(&mut self, line: Vec<String>) {
        self.lines.push(line);
    }

    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    pub fn csv(self) -> Vec<u8> {
        let mut csv = Csv::new(self.head);
        for line in self.lines {
            csv.line(line);
        }
        csv.into_bytes()
    }

    /// Every cell is a text, so nothing in it is ever taken for a formula.
    pub fn xlsx(self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let bold = Format::new().set_bold();
        for (column, text) in self.head.iter().enumerate() {
            sheet.write_string_with_format(0, column as u16, text.as_ref(), &bold)?;
        }
        for (row, line) in self.lines.iter().enumerate() {
            for (column, text) in line.iter().enumerate() {
                sheet.write_string(row as u32 + 1, column as u16, text)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        book.save_to_buffer()
    }
}
