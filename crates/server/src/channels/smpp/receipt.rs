//! What became of a message, as servers tell it: by parameters of their own, or as text (SMPP 3.4, appendix B).

use super::pdu::Short;
use yingda_core::event::Delivery;

#[derive(Debug, PartialEq)]
pub struct Receipt {
    /// The message, as the server named it.
    pub name: String,
    /// None while it is on its way.
    pub state: Option<Delivery>,
    /// The server's own words where it failed.
    pub reason: String,
}

pub fn read(short: &Short, text: &str) -> Option<Receipt> {
    let name = match short.receipted.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => name,
        _ => value(text, "id:")?,
    };
    let code = short.state.and_then(by_number);
    let word = value(text, "stat:").map(str::to_uppercase);
    let word = match (&word, code) {
        (_, Some(code)) => code,
        (Some(word), None) => word.as_str(),
        (None, None) => return None,
    };
    let state = state(word);
    let error = value(text, "err:").filter(|it| !it.trim_start_matches('0').is_empty());
    let reason = match (state, error) {
        (Some(Delivery::Failed), Some(error)) => format!("{word}, err:{error}"),
        (Some(Delivery::Failed), None) => word.to_owned(),
        _ => String::new(),
    };
    Some(Receipt { name: name.to_owned(), state, reason })
}

/// What stands after a name, up to the next space.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (at, _) = text.char_indices().find(|(at, _)| {
        let is_first = *at == 0 || text[..*at].ends_with(char::is_whitespace);
        is_first && text.get(*at..at + name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name))
    })?;
    text[at + name.len()..].split_whitespace().next()
}

fn by_number(state: u8) -> Option<&'static str> {
    Some(match state {
        1 => "ENROUTE",
        2 => "DELIVRD",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIV",
        6 => "ACCEPTD",
        7 => "UNKNOWN",
        8 => "REJECTD",
        _ => return None,
    })
}

fn state(word: &str) -> Option<Delivery> {
    match word {
        "DELIVRD" => Some(Delivery::Delivered),
        "ENROUTE" | "ACCEPTD" | "SCHEDULED" | "BUFFRED" => None,
        _ => Some(Delivery::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, receipted: Option<&str>, state: Option<u8>) -> Option<Receipt> {
        let short = Short { receipted: receipted.map(str::to_owned), state, ..Short::default() };
        read(&short, text)
    }

    #[test]
    fn sys_10_receipts_are_read_from_text_and_from_parameters() {
        let text = "id:0123456789 sub:001 dlvrd:001 submit date:2611221000 done date:2611221001 stat:DELIVRD err:000 text:";
        let delivered = |name: &str| Receipt {
            name: name.into(),
            state: Some(Delivery::Delivered),
            reason: String::new(),
        };
        assert_eq!(told(text, None, None), Some(delivered("0123456789")));
        assert_eq!(told("", Some("m7"), Some(2)), Some(delivered("m7")));
        let failed = told("id:m7 stat:undeliv err:012 text:id:x stat:DELIVRD", None, None).unwrap();
        assert_eq!((failed.state, failed.reason.as_str()), (Some(Delivery::Failed), "UNDELIV, err:012"));
        assert_eq!(told("id:m7 stat:ACCEPTD", None, None).unwrap().state, None);
        assert_eq!(told("Thanks, my id:7", None, None), None, "words are no receipt");
    }
}
