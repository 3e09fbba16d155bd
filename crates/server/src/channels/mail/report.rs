//! What a mail server reports about a mail of ours: that it did not arrive, or that it did (RFC 3464).

use super::parse::{cut, id};
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use yingda_core::event::Delivery;

#[derive(Debug, PartialEq)]
pub struct Report {
    /// The Message-ID of the mail that it is about.
    pub about: String,
    /// Nothing where the server only says that it takes longer.
    pub state: Option<Delivery>,
    pub reason: String,
}

/// Nothing where the mail is no report.
pub fn read(message: &Message<'_>) -> Option<Report> {
    let kind = message.content_type()?;
    let is_report = message.is_content_type("multipart", "report")
        && kind.attribute("report-type").is_some_and(|it| it.eq_ignore_ascii_case("delivery-status"));
    if !is_report {
        return None;
    }
    let about = message.parts.iter().find_map(returned)?;
    let status = message.parts.iter().find(|part| part.is_content_type("message", "delivery-status"))?;
    let text = String::from_utf8_lossy(status.contents()).replace("\r\n", "\n");
    // Fields of the mail first, then a group of each receiver: the one that failed says most.
    let groups: Vec<&str> = text.split("\n\n").filter(|group| !field(group, "Action").is_empty()).collect();
    let is_failed = |group: &&&str| field(group, "Action").eq_ignore_ascii_case("failed");
    let group = groups.iter().find(is_failed).or(groups.first())?;
    let state = match field(group, "Action").to_lowercase().as_str() {
        "failed" => Some(Delivery::Failed),
        "delivered" | "relayed" | "expanded" => Some(Delivery::Delivered),
        _ => None,
    };
    Some(Report { about, state, reason: reason(group) })
}

fn reason(group: &str) -> String {
    let without_kind =
        |value: String| value.split_once(';').map_or(value.clone(), |(_, it)| it.trim().to_owned());
    let receiver = without_kind(field(group, "Final-Recipient"));
    let words = without_kind(field(group, "Diagnostic-Code"));
    let words = if words.is_empty() { field(group, "Status") } else { words };
    cut(&format!("{receiver}: {words}"), 500).to_owned()
}

/// The Message-ID of the mail that the report brings back, whole or only its header.
fn returned(part: &MessagePart<'_>) -> Option<String> {
    let name = match &part.body {
        PartType::Message(message) => message.message_id().map(id),
        _ if part.is_content_type("text", "rfc822-headers") || part.is_content_type("message", "rfc822") => {
            let header = MessageParser::default().parse_headers(part.contents())?;
            header.message_id().map(id)
        }
        _ => None,
    };
    name.filter(|name| !name.is_empty())
}

/// A field's value with its folded lines; empty where there is none.
fn field(group: &str, name: &str) -> String {
    let mut value = String::new();
    let mut is_inside = false;
    for line in group.lines() {
        if line.starts_with([' ', '\t']) {
            if is_inside {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let found = line.split_once(':').filter(|(other, _)| other.trim().eq_ignore_ascii_case(name));
        is_inside = found.is_some();
        if let Some((_, text)) = found {
            value = text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
        }
    }
    value
}
