//! What every way of sending SMS has in common: the text as it leaves, and a message that came.

use super::{
    connector::Failure,
    heard::{Arrival, Heard, Message},
};
use yingda_core::{config::SmsRules, conversation::Content, phone};

/// The longest text that is sent: ten parts of a long message in UCS-2.
const LONGEST: usize = 670;

/// Puts the signature in front, as Chinese providers demand.
pub fn signed(rules: &SmsRules, text: &str) -> String {
    if rules.signature.is_empty() { text.to_owned() } else { format!("【{}】{text}", rules.signature) }
}

/// The text of a parcel as it leaves.
pub fn text(rules: &SmsRules, content: &Content) -> Result<String, Failure> {
    let Content::Text { text } = content else {
        return Err(Failure::Never("an SMS carries text only".into()));
    };
    let text = signed(rules, text);
    if text.encode_utf16().count() > LONGEST {
        return Err(Failure::Never(format!("an SMS has at most {LONGEST} characters")));
    }
    Ok(text)
}

/// What somebody wrote from a number.
pub fn message(key: &str, from: &str, text: String) -> Arrival {
    let number = phone::normal(from);
    let message = Message {
        phone: number.clone(),
        label: from.to_owned(),
        content: Some(Content::Text { text }),
        ..Message::default()
    };
    Arrival { key: key.to_owned(), term: number, heard: Heard::Message(Box::new(message)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_stands_in_front_and_long_texts_are_refused() {
        let rules = SmsRules { signature: "应答".into(), ..SmsRules::default() };
        let content = |text: &str| Content::Text { text: text.into() };
        assert_eq!(text(&rules, &content("您好")), Ok("【应答】您好".into()));
        assert!(matches!(text(&rules, &content(&"长".repeat(667))), Err(Failure::Never(_))));
    }
}
