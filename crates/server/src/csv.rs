//! CSV that spreadsheets open as it is meant.

/// Excel takes UTF-8 for what it is only with this in front.
const MARK: &str = "\u{feff}";

/// Lines of fields, with a byte-order mark in front.
#[derive(Debug)]
pub struct Csv(String);

impl Csv {
    pub fn new<S: AsRef<str>>(head: impl IntoIterator<Item = S>) -> Self {
        let mut csv = Self(MARK.into());
        csv.line(head);
        csv
    }

    pub fn line<S: AsRef<str>>(&mut self, fields: impl IntoIterator<Item = S>) {
        for (n, field) in fields.into_iter().enumerate() {
            if n > 0 {
                self.0.push(',');
            }
            self.field(field.as_ref());
        }
        self.0.push_str("\r\n");
    }

    fn field(&mut self, text: &str) {
        // What begins like a formula would run in a spreadsheet; a quotation mark in front keeps it text.
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
        if !is_formula && !text.contains([',', '"', '\n', '\r']) {
            return self.0.push_str(text);
        }
        self.0.push('"');
        if is_formula {
            self.0.push('\'');
        }
        self.0.push_str(&text.replace('"', "\"\""));
        self.0.push('"');
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_never_a_formula() {
        let mut csv = Csv::new(["名称", "值"]);
        csv.line(["=HYPERLINK(\"http://x\")", "-1.5"]);
        csv.line(["+86 138, 上海", "@sum"]);
        csv.line(["two\nlines", ""]);
        assert_eq!(
            String::from_utf8(csv.into_bytes()).unwrap(),
            "\u{feff}名称,值\r\n\"'=HYPERLINK(\"\"http://x\"\")\",-1.5\r\n\"'+86 138, 上海\",\"'@sum\"\r\n\"two\nlines\",\r\n"
        );
    }
}
