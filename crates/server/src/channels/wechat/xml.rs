//! The platform's XML: one element with plain children. Entities and document types are not followed.

use quick_xml::{Reader, events::Event};
use std::collections::BTreeMap;

/// More than this is no message.
const LONGEST: usize = 64 * 1_024;

/// The text of each child of the outermost element, by name.
pub fn read(body: &[u8]) -> Option<BTreeMap<String, String>> {
    if body.len() > LONGEST {
        return None;
    }
    let mut reader = Reader::from_reader(body);
    let (mut path, mut found) = (vec![], BTreeMap::<String, String>::new());
    loop {
        let text = match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(String::from_utf8(start.name().as_ref().to_vec()).ok()?);
                continue;
            }
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Text(text) => text.decode().ok()?.into_owned(),
            Event::CData(text) => text.decode().ok()?.into_owned(),
            Event::GeneralRef(name) => match name.decode().ok()?.as_ref() {
                "amp" => "&".into(),
                "lt" => "<".into(),
                "gt" => ">".into(),
                "quot" => "\"".into(),
                "apos" => "'".into(),
                _ => name.resolve_char_ref().ok().flatten()?.to_string(),
            },
            _ => continue,
        };
        if let [_, child] = path.as_slice() {
            found.entry(child.clone()).or_default().push_str(&text);
        }
    }
    path.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_read_in_every_form_of_text() {
        let body = "<xml><A><![CDATA[你 & 好]]></A><B>1 &lt; 2&#33;</B>\n<C/><D><E>deep</E></D></xml>";
        let found = read(body.as_bytes()).unwrap();
        assert_eq!(found["A"], "你 & 好");
        assert_eq!(found["B"], "1 < 2!");
        assert!(!found.contains_key("C") && !found.contains_key("E"));
    }

    #[test]
    fn entities_and_what_is_broken_are_refused() {
        let evil = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><A>&e;</A></xml>"#;
        assert_eq!(read(evil.as_bytes()), None);
        assert_eq!(read(b"<xml><A>&e;</A></xml>"), None, "an entity that nobody declared");
        assert_eq!(read(b"<xml><A>"), None);
        assert_eq!(read(&vec![b'x'; LONGEST + 1]), None);
    }
}
