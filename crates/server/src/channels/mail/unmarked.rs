//! Mails that do not say how their characters are written. Old programs in China write GBK without a word about it: what
//! is no UTF-8 is read as that, and what says how it is written is left alone.

use encoding_rs::GB18030;
use std::borrow::Cow;

/// The mail with its unmarked characters in UTF-8.
pub fn marked(raw: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(raw).is_ok() {
        return Cow::Borrowed(raw);
    }
    let (header, body) = raw.split_at(end_of_header(raw));
    let names_none = !contains(raw, b"charset");
    match (recoded(header), names_none.then(|| recoded(body)).flatten()) {
        (None, None) => Cow::Borrowed(raw),
        (header_now, body_now) => {
            let header = header_now.unwrap_or(Cow::Borrowed(header));
            let body = body_now.unwrap_or(Cow::Borrowed(body));
            Cow::Owned([header, body].concat())
        }
    }
}

/// Nothing where it is UTF-8, or no GBK either.
fn recoded(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes)?;
    Some(Cow::Owned(text.into_owned().into_bytes()))
}

fn end_of_header(raw: &[u8]) -> usize {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return at;
        }
    }
    raw.len()
}

fn contains(raw: &[u8], word: &[u8]) -> bool {
    raw.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn sys_01e_gbk_without_a_word_about_it_is_recognised() {
        let text = "From: 王小明 <w@example.cn>\r\nSubject: 订单\r\n\r\n我的订单到哪了？\r\n";
        assert_eq!(marked(&gbk(text)), text.as_bytes());
        assert!(matches!(marked(text.as_bytes()), Cow::Borrowed(_)), "UTF-8 stays");
        // The header is unmarked, and the body says what it is.
        let header = "Subject: 订单\r\nContent-Type: text/plain; charset=gbk\r\n\r\n";
        let mail = [gbk(header), gbk("你好")].concat();
        assert_eq!(marked(&mail), [header.as_bytes(), &gbk("你好")].concat());
        let neither = b"Subject: \xff\xff\r\n\r\n\xff";
        assert!(matches!(marked(neither), Cow::Borrowed(_)));
    }
}
