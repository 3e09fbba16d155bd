//! Tables that people bring: CSV in the usual character sets, or the first sheet of a workbook, as lines of text.

use bytes::Bytes;
use calamine::{Data, Reader, Xls, Xlsx};
use encoding_rs::{GB18030, UTF_8, UTF_16LE};
use std::io::Cursor;
use yingda_core::lang::Text;

/// More columns than any list of people has.
const MOST_COLUMNS: usize = 200;
const MOST_LINES: usize = 1_000_000;

/// A heading, and lines as long as it is.
#[derive(Debug, PartialEq)]
pub struct Grid {
    pub headings: Vec<String>,
    pub lines: Vec<Vec<String>>,
}

/// Reads a table; or says why it is none.
pub fn read(bytes: &Bytes) -> Result<Grid, Text> {
    let is_zip = bytes.starts_with(b"PK");
    let is_ole = bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
    let mut lines = if is_zip || is_ole { workbook(bytes, is_ole)? } else { csv(bytes)? };
    lines.retain(|line| line.iter().any(|cell| !cell.trim().is_empty()));
    if lines.len() > MOST_LINES {
        return Err(Text::new(
            "一次最多一百万行，请分成几个文件。",
            "At most a million lines at once: divide the file.",
        ));
    }
    let mut lines = lines.into_iter();
    let headings = lines.next().ok_or_else(|| Text::new("文件里没有内容。", "The file holds nothing."))?;
    if headings.len() > MOST_COLUMNS {
        return Err(Text::new("最多 200 列。", "At most 200 columns."));
    }
    let width = headings.len();
    let lines = lines.map(|mut line| {
        line.resize(width, String::new());
        line
    });
    Ok(Grid { lines: lines.collect(), headings })
}

/// Excel in China saves CSV as GB18030, elsewhere as UTF-8, and "Unicode text" as UTF-16 with tabs.
fn csv(bytes: &Bytes) -> Result<Vec<Vec<String>>, Text> {
    let (text, _, is_damaged) = match bytes {
        it if it.starts_with(&[0xff, 0xfe]) => UTF_16LE.decode(it),
        it if std::str::from_utf8(it).is_ok() => UTF_8.decode(it),
        it => GB18030.decode(it),
    };
    if is_damaged || text.contains('\0') {
        return Err(Text::new(
            "文件的编码无法识别，请另存为 UTF-8 的 CSV。",
            "Unknown encoding: save it as CSV in UTF-8.",
        ));
    }
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    let delimiter =
        [b',', b'\t', b';'].into_iter().max_by_key(|mark| count(char::from(*mark))).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut lines = vec![];
    for line in reader.records() {
        let line = line.map_err(|_| Text::new("文件不是有效的 CSV。", "The file is no valid CSV."))?;
        lines.push(line.iter().map(str::to_owned).collect());
    }
    Ok(lines)
}

fn workbook(bytes: &Bytes, is_ole: bool) -> Result<Vec<Vec<String>>, Text> {
    let unreadable = || {
        Text::new(
            "工作簿无法读取，请另存为 XLSX 或 CSV。",
            "The workbook cannot be read: save it as XLSX or CSV.",
        )
    };
    let from = Cursor::new(bytes.clone());
    let sheet = if is_ole {
        Xls::new(from).ok().and_then(|mut it| it.worksheet_range_at(0)?.ok())
    } else {
        Xlsx::new(from).ok().and_then(|mut it| it.worksheet_range_at(0)?.ok())
    };
    let sheet = sheet.ok_or_else(unreadable)?;
    Ok(sheet.rows().map(|row| row.iter().map(cell).collect()).collect())
}

/// A cell as its reader sees it: whole numbers without a point, instants as dates.
fn cell(it: &Data) -> String {
    match it {
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::DateTime(at) if at.is_datetime() => {
            let (year, month, day, hour, minute, ..) = at.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            if (hour, minute) == (0, 0) { date } else { format!("{date} {hour:02}:{minute:02}") }
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::Sheet;

    fn lines(bytes: impl Into<Bytes>) -> Vec<Vec<String>> {
        read(&bytes.into()).unwrap().lines
    }

    #[test]
    fn b_36_a_table_is_read_whatever_program_wrote_it() {
        let expected = [["王五", "13800138000"]];
        assert_eq!(lines("姓名,电话\r\n王五,13800138000\r\n\r\n"), expected);
        assert_eq!(lines("\u{feff}姓名;电话\n王五;13800138000"), expected);
        let (gbk, ..) = GB18030.encode("姓名,电话\n王五,13800138000\n");
        assert_eq!(lines(gbk.into_owned()), expected);
        let wide = "姓名\t电话\n王五\t13800138000\n".encode_utf16().flat_map(u16::to_le_bytes);
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide).collect();
        assert_eq!(lines(wide), expected);
        let mut sheet = Sheet::new(vec!["姓名", "电话"]);
        sheet.add(vec!["王五".into(), "13800138000".into()]);
        assert_eq!(lines(sheet.xlsx().unwrap()), expected);
    }

    #[test]
    fn what_is_no_table_is_refused_in_words() {
        for bytes in [&b""[..], b"PK\x03\x04 no workbook", b"\xd0\xcf\x11\xe0", b"\xff\xff\xff\xff\n"] {
            assert!(!read(&Bytes::from_static(bytes)).unwrap_err().zh.is_empty());
        }
    }

    #[test]
    fn short_lines_are_filled_and_long_ones_cut() {
        assert_eq!(lines("a,b\n1\n1,2,3\n"), [["1", ""], ["1", "2"]]);
    }
}
