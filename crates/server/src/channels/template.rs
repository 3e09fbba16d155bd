//! Requests as data: a text with places that are filled in, and answers of which a path names a part.

use serde_json::Value;

/// Replaces `{name}` by its value, `{name:json}` by the value quoted for JSON, `{name:url}` by the value encoded for
/// a form. What stands in braces and is no such name stays as it is, as braces are common in JSON.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(from) = rest.find('{') {
        filled.push_str(&rest[..from]);
        rest = &rest[from..];
        let place = rest.find('}').map(|to| &rest[1..to]);
        let (name, form) =
            place.unwrap_or_default().split_once(':').unwrap_or((place.unwrap_or_default(), ""));
        let text = value(name).and_then(|text| match form {
            "" => Some(text),
            "json" => Some(Value::String(text).to_string()),
            "url" => Some(encode(&text)),
            _ => None,
        });
        match (text, place) {
            (Some(text), Some(place)) => {
                filled.push_str(&text);
                rest = &rest[place.len() + 2..];
            }
            _ => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Percent-encoding of everything but unreserved characters (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The plain value at a path such as `result.0.mid`.
pub fn at(value: &Value, path: &str) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    let found = path.split('.').try_fold(value, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(found.to_string()),
        _ => None,
    }
}

/// A body of JSON or of a form, as JSON.
pub fn read(body: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(value);
    }
    let text = std::str::from_utf8(body).ok().filter(|text| text.contains('='))?;
    let url = reqwest::Url::parse(&format!("http://form/?{text}")).ok()?;
    let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    Some(Value::Object(pairs.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_filled_as_their_form_asks_and_other_braces_stay() {
        let value = |name: &str| (name == "text").then(|| "a \"b\"&中".to_owned());
        assert_eq!(fill(r#"{"t":{text:json},"x":{}}"#, value), r#"{"t":"a \"b\"&中","x":{}}"#);
        assert_eq!(fill("t={text:url}&o={other}{", value), "t=a%20%22b%22%26%E4%B8%AD&o={other}{");
        assert_eq!(fill("{text:odd}", value), "{text:odd}");
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("{a}", |name| (name == "a").then(|| "{a}".into())), "{a}");
    }

    #[test]
    fn a_path_finds_plain_values_only() {
        let value = json!({ "result": [{ "mid": 7, "ok": true }], "text": "x" });
        assert_eq!(at(&value, "result.0.mid").as_deref(), Some("7"));
        assert_eq!(at(&value, "result.0.ok").as_deref(), Some("true"));
        assert_eq!(at(&value, "text").as_deref(), Some("x"));
        assert_eq!(at(&value, "result"), None);
        assert_eq!(at(&value, "result.1.mid"), None);
        assert_eq!(at(&value, ""), None);
    }

    #[test]
    fn a_form_reads_like_json() {
        assert_eq!(read(b"from=138&text=%E4%BD%A0+a"), Some(json!({ "from": "138", "text": "你 a" })));
        assert_eq!(read(br#"{"a":1}"#), Some(json!({ "a": 1 })));
        assert_eq!(read(b"nothing"), None);
    }
}
