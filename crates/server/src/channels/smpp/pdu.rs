//! Octets to commands and back. The standard's forms are the library's; what a server sends beside them is borne: framing
//! goes by the length alone, so that one command which cannot be read spoils no other.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use rusmpp::{
    Command, CommandStatus, Pdu,
    decode::DecodeWithLength,
    encode::{Length, owned::Encode},
    pdus::{BindTransceiver, DeliverSm, SubmitSm},
    tlvs::{MessageSubmissionRequestTlvValue, TlvValue},
    types::{COctetString, OctetString},
    values::{DataCoding, EsmClass, InterfaceVersion, Npi, RegisteredDelivery, Ton, UserMessageReference},
};
use yingda_core::config::SmppSetup;

pub const DELIVER_SM: u32 = 0x05;
pub const UNBIND: u32 = 0x06;
pub const ENQUIRE_LINK: u32 = 0x15;
pub const GENERIC_NACK: u32 = 0x8000_0000;
pub const BIND_TRANSCEIVER_RESP: u32 = 0x8000_0009;
pub const SUBMIT_SM_RESP: u32 = 0x8000_0004;
/// An answer's number is its request's with this bit.
pub const ANSWER: u32 = 0x8000_0000;

const HEADER: usize = 16;
/// A payload of 64 KiB with its command.
const LARGEST: usize = 70_000;
/// In an esm_class: the octets begin with a header of their own.
pub const HAS_HEADER: u8 = 0x40;

/// A command as it came.
#[derive(Debug)]
pub struct Frame {
    pub id: u32,
    pub status: u32,
    pub number: u32,
    /// Nothing where it could not be read.
    pub pdu: Option<Pdu>,
    /// What follows the header.
    pub body: Bytes,
}

/// The next command, as soon as it is there whole.
pub fn take(buffer: &mut BytesMut) -> Result<Option<Frame>, String> {
    let Some(mut length) = buffer.get(..4) else { return Ok(None) };
    let length = length.get_u32() as usize;
    if !(HEADER..=LARGEST).contains(&length) {
        return Err(format!("the server sent a command of {length} octets: it does not speak SMPP"));
    }
    if buffer.len() < length {
        buffer.reserve(length - buffer.len());
        return Ok(None);
    }
    let whole = buffer.split_to(length).freeze();
    let mut header = whole.slice(4..HEADER);
    let (id, status, number) = (header.get_u32(), header.get_u32(), header.get_u32());
    let body = whole.slice(HEADER..);
    let pdu = read(&whole[4..]).or_else(|| {
        // Parameters at the end are where servers stray from the standard, and what they say stands in the text as well.
        let end = (id == DELIVER_SM).then(|| before_parameters(&body)).flatten()?;
        read(&whole[4..HEADER + end])
    });
    Ok(Some(Frame { id, status, number, pdu, body }))
}

fn read(octets: &[u8]) -> Option<Pdu> {
    let (command, _) = Command::decode(&mut BytesMut::from(octets), octets.len()).ok()?;
    command.pdu().cloned()
}

/// Where the message of a deliver_sm ends (SMPP 3.4, section 4.6.1).
fn before_parameters(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut text = |after: usize| {
        at += body.get(at..)?.iter().position(|octet| *octet == 0)? + 1 + after;
        Some(at)
    };
    // service_type, type and plan; source, type and plan; destination, three octets; two times.
    text(2)?;
    text(2)?;
    text(3)?;
    text(0)?;
    let at = text(0)? + 4;
    let length = usize::from(*body.get(at)?);
    let end = at + 1 + length;
    (end <= body.len()).then_some(end)
}

/// Writes a command behind what waits to be sent.
pub fn put(buffer: &mut BytesMut, status: u32, number: u32, pdu: impl Into<Pdu>) {
    let command = Command::new(CommandStatus::from(status), number, pdu);
    buffer.put_u32(4 + command.length() as u32);
    command.encode(buffer);
}

/// A message that came, without what nobody here needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Short {
    pub from: String,
    pub to: String,
    pub esm_class: u8,
    pub coding: u8,
    pub octets: Vec<u8>,
    /// A part of a long message by parameters: its number, how many there are, and which this is.
    pub sar: (Option<u16>, Option<u8>, Option<u8>),
    /// The message that a receipt is about, and what became of it.
    pub receipted: Option<String>,
    pub state: Option<u8>,
}

impl From<&DeliverSm> for Short {
    fn from(it: &DeliverSm) -> Self {
        let from = it.source_addr.as_str();
        let is_international = it.source_addr_ton == Ton::International && !from.starts_with('+');
        let mut short = Short {
            from: if is_international { format!("+{from}") } else { from.to_owned() },
            to: it.destination_addr.as_str().to_owned(),
            esm_class: it.esm_class.into(),
            coding: it.data_coding.into(),
            octets: it.short_message().as_ref().to_vec(),
            ..Short::default()
        };
        for value in it.tlvs().iter().filter_map(|it| it.value()) {
            match value {
                TlvValue::MessagePayload(payload) => short.octets = payload.value.as_ref().to_vec(),
                TlvValue::SarMsgRefNum(number) => short.sar.0 = Some(*number),
                TlvValue::SarTotalSegments(total) => short.sar.1 = Some(*total),
                TlvValue::SarSegmentSeqnum(part) => short.sar.2 = Some(*part),
                TlvValue::ReceiptedMessageId(name) => short.receipted = Some(name.as_str().to_owned()),
                TlvValue::MessageState(state) => short.state = Some((*state).into()),
                _ => {}
            }
        }
        short
    }
}

impl Short {
    /// A receipt, or word that it is on its way.
    pub fn is_receipt(&self) -> bool {
        self.esm_class & 0x24 != 0
    }
}

fn text<const MOST: usize>(what: &str, text: &str) -> Result<COctetString<1, MOST>, String> {
    COctetString::from_string(text.to_owned())
        .map_err(|_| format!("{what} has at most {} characters, of ASCII alone", MOST - 1))
}

pub fn bind(setup: &SmppSetup, password: &str) -> Result<BindTransceiver, String> {
    Ok(BindTransceiver::builder()
        .system_id(text("a system_id", &setup.system_id)?)
        .password(text("a password of SMPP", password)?)
        .system_type(text("a system_type", &setup.system_type)?)
        .interface_version(InterfaceVersion::Smpp3_4)
        .build())
}

/// A message or a part of one.
#[derive(Debug)]
pub struct Leaving<'a> {
    pub to: &'a str,
    pub coding: u8,
    pub octets: Vec<u8>,
    pub has_header: bool,
    /// Word of what became of it is wanted.
    pub is_last: bool,
    /// Names it towards the server: the same again is the same message.
    pub reference: u16,
}

pub fn submit(setup: &SmppSetup, leaving: Leaving<'_>) -> Result<SubmitSm, String> {
    let (source, source_ton, source_npi) = source(&setup.source);
    let (to, ton, npi) = destination(leaving.to, &setup.country_code);
    let octets =
        OctetString::from_vec(leaving.octets).map_err(|_| "a part has at most 255 octets".to_owned())?;
    let reference = UserMessageReference::new(leaving.reference);
    Ok(SubmitSm::builder()
        .source_addr_ton(source_ton)
        .source_addr_npi(source_npi)
        .source_addr(text("a sender", source)?)
        .dest_addr_ton(ton)
        .dest_addr_npi(npi)
        .destination_addr(text("a number", &to)?)
        .esm_class(EsmClass::from(if leaving.has_header { HAS_HEADER } else { 0 }))
        .registered_delivery(RegisteredDelivery::from(u8::from(leaving.is_last)))
        .data_coding(DataCoding::from(leaving.coding))
        .short_message(octets)
        .push_tlv(MessageSubmissionRequestTlvValue::UserMessageReference(reference))
        .build())
}

/// A name, a number with its country, or a number as the operator gave it.
fn source(source: &str) -> (&str, Ton, Npi) {
    match source.strip_prefix('+') {
        Some(number) => (number, Ton::International, Npi::Isdn),
        None if source.is_empty() => (source, Ton::Unknown, Npi::Unknown),
        None if source.bytes().all(|c| c.is_ascii_digit()) => (source, Ton::Unknown, Npi::Isdn),
        None => (source, Ton::Alphanumeric, Npi::Unknown),
    }
}

fn destination(number: &str, country: &str) -> (String, Ton, Npi) {
    match number.strip_prefix('+') {
        Some(number) => (number.to_owned(), Ton::International, Npi::Isdn),
        None if country.is_empty() => (number.to_owned(), Ton::Unknown, Npi::Isdn),
        None => (format!("{country}{}", number.trim_start_matches('0')), Ton::International, Npi::Isdn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusmpp::pdus::DeliverSmResp;

    fn framed(id: u32, body: &[u8]) -> BytesMut {
        let mut buffer = BytesMut::new();
        buffer.put_u32((HEADER + body.len()) as u32);
        buffer.put_u32(id);
        buffer.put_u32(0);
        buffer.put_u32(7);
        buffer.put_slice(body);
        buffer
    }

    /// A receipt whose parameter lacks the octet that ends it, as some servers send it.
    #[test]
    fn sys_10_what_strays_at_its_end_is_read_up_to_there() {
        let text = b"id:1 stat:DELIVRD";
        let mut body = b"\0\x01\x01491701\0\0\x01106\0\x04\0\0\0\0\x01\0\0\0".to_vec();
        body.push(text.len() as u8);
        body.extend_from_slice(text);
        let end = body.len();
        body.extend_from_slice(&[0x00, 0x1E, 0x00, 0x02, b'a', b'b']);
        assert_eq!(before_parameters(&body), Some(end));
        let frame = take(&mut framed(DELIVER_SM, &body)).unwrap().unwrap();
        let Some(Pdu::DeliverSm(found)) = frame.pdu else { panic!("{frame:?}") };
        let short = Short::from(&found);
        assert_eq!((short.from.as_str(), short.to.as_str()), ("+491701", "106"));
        assert!(short.is_receipt() && short.octets == text);
    }

    #[test]
    fn sys_10_commands_are_framed_by_their_length_alone() {
        let mut buffer = framed(DELIVER_SM, b"no such thing");
        put(&mut buffer, 0, 9, DeliverSmResp::default());
        let cut = buffer.split_off(buffer.len() - 1);
        let broken = take(&mut buffer).unwrap().unwrap();
        assert!(broken.pdu.is_none() && broken.number == 7);
        assert!(take(&mut buffer).unwrap().is_none(), "an octet is missing");
        buffer.unsplit(cut);
        assert_eq!(take(&mut buffer).unwrap().unwrap().number, 9);
        assert!(take(&mut BytesMut::from(&b"HTTP/1.1 400 Bad Request"[..])).is_err());
    }

    #[test]
    fn numbers_leave_in_the_form_that_they_say_they_have() {
        let form = |(number, ton, npi): (String, Ton, Npi)| (number, u8::from(ton), u8::from(npi));
        assert_eq!(form(destination("13800138000", "")), ("13800138000".into(), 0, 1));
        assert_eq!(form(destination("13800138000", "86")), ("8613800138000".into(), 1, 1));
        assert_eq!(form(destination("+12025550123", "86")), ("12025550123".into(), 1, 1));
        let form = |(name, ton, npi): (&str, Ton, Npi)| (name.to_owned(), u8::from(ton), u8::from(npi));
        assert_eq!(form(source("Yingda")), ("Yingda".into(), 5, 0));
        assert_eq!(form(source("10690001")), ("10690001".into(), 0, 1));
    }
}
