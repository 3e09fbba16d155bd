//! How an SMS writes its characters: the GSM 7-bit default alphabet with its extension (3GPP TS 23.038, section 6.2.1),
//! one octet for each of its characters as SMPP carries it, and UCS-2 for everything else.

use encoding_rs::GB18030;
use yingda_core::config::SmppAlphabet;

/// By code; the escape to the extension stands at its place.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                   ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];
const ESCAPE: u8 = 0x1B;

/// The server's own alphabet, whichever that is.
const DEFAULT: u8 = 0;
const UCS2: u8 = 8;

/// A text as it leaves: how it is written, and its parts. More than one are joined by a header of six octets each.
#[derive(Debug, PartialEq)]
pub struct Written {
    pub coding: u8,
    pub parts: Vec<Vec<u8>>,
}

pub fn write(text: &str, alphabet: SmppAlphabet) -> Written {
    let plain: Option<Vec<Vec<u8>>> = match alphabet {
        SmppAlphabet::Gsm => text.chars().map(gsm).collect(),
        SmppAlphabet::Latin1 => text.chars().map(|c| u8::try_from(c).ok().map(|c| vec![c])).collect(),
    };
    match (plain, alphabet) {
        (Some(characters), SmppAlphabet::Gsm) => {
            Written { coding: DEFAULT, parts: cut(characters, 160, 153) }
        }
        // Octets stay octets until the server translates them.
        (Some(characters), SmppAlphabet::Latin1) => {
            Written { coding: DEFAULT, parts: cut(characters, 140, 134) }
        }
        (None, _) => {
            let wide = |c: char| {
                c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>()
            };
            Written { coding: UCS2, parts: cut(text.chars().map(wide).collect(), 140, 134) }
        }
    }
}

fn gsm(c: char) -> Option<Vec<u8>> {
    if let Some(code) = GSM.chars().position(|it| it == c).filter(|_| c != '\u{1b}') {
        return Some(vec![code as u8]);
    }
    EXTENSION.iter().find(|(_, it)| *it == c).map(|(code, _)| vec![ESCAPE, *code])
}

/// Into one part where it fits, else into several; no character is torn.
fn cut(characters: Vec<Vec<u8>>, alone: usize, each: usize) -> Vec<Vec<u8>> {
    if characters.iter().map(Vec::len).sum::<usize>() <= alone {
        return vec![characters.concat()];
    }
    let mut parts = vec![vec![]];
    for character in characters {
        match parts.last_mut() {
            Some(last) if last.len() + character.len() <= each => last.extend(character),
            _ => parts.push(character),
        }
    }
    parts
}

/// The text of octets that came (3GPP TS 23.038, section 4, and SMPP 3.4, section 5.2.19).
pub fn read(coding: u8, octets: &[u8], alphabet: SmppAlphabet) -> Result<String, String> {
    match coding {
        DEFAULT if alphabet == SmppAlphabet::Latin1 => Ok(latin(octets)),
        DEFAULT | 0xC0..=0xDF => Ok(read_gsm(octets)),
        1 | 3 => Ok(latin(octets)),
        UCS2 | 0xE0..=0xEF => Ok(wide(octets)),
        // As gateways in China write it.
        15 => Ok(GB18030.decode_without_bom_handling(octets).0.into_owned()),
        // With a class, the alphabet stands in two bits.
        0x10..=0x3F if coding & 0x0C == 0x00 => Ok(read_gsm(octets)),
        0x10..=0x3F if coding & 0x0C == 0x08 => Ok(wide(octets)),
        0xF0..=0xFF if coding & 0x04 == 0 => Ok(read_gsm(octets)),
        _ => Err(format!("it is no text (data_coding {coding})")),
    }
}

fn latin(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(*octet)).collect()
}

fn wide(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn read_gsm(octets: &[u8]) -> String {
    let table: Vec<char> = GSM.chars().collect();
    let mut text = String::with_capacity(octets.len());
    let mut octets = octets.iter();
    while let Some(octet) = octets.next() {
        let c = match *octet {
            ESCAPE => match octets.next() {
                // What is no extension is shown as the alphabet itself has it.
                Some(code) => EXTENSION
                    .iter()
                    .find(|(it, _)| it == code)
                    .map(|(_, c)| *c)
                    .or_else(|| table.get(usize::from(*code)).copied()),
                None => None,
            },
            code => table.get(usize::from(code)).copied(),
        };
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_GSM: SmppAlphabet = SmppAlphabet::Gsm;

    #[test]
    fn sys_10_every_character_of_the_default_alphabet_comes_back() {
        assert_eq!(GSM.chars().count(), 128);
        assert_eq!(GSM.chars().position(|c| c == '\u{1b}'), Some(0x1B));
        let all: String = GSM.chars().filter(|c| *c != '\u{1b}').chain(EXTENSION.map(|(_, c)| c)).collect();
        let written = write(&all, BY_GSM);
        assert_eq!((written.coding, written.parts.len()), (0, 1));
        assert_eq!(read(0, &written.parts[0], BY_GSM).unwrap(), all);
        assert_eq!(write("@€", BY_GSM).parts, [[0x00, 0x1B, 0x65]]);
    }

    #[test]
    fn sys_10_long_texts_are_cut_between_characters() {
        let parts = |text: &str| write(text, BY_GSM).parts.iter().map(Vec::len).collect::<Vec<usize>>();
        assert_eq!(parts(&"a".repeat(160)), [160]);
        assert_eq!(parts(&"a".repeat(161)), [153, 8]);
        assert_eq!(parts(&format!("{}€{}", "a".repeat(152), "a".repeat(10))), [152, 12], "the escape stays");
        assert_eq!(parts(&"长".repeat(70)), [140]);
        assert_eq!(parts(&"长".repeat(71)), [134, 8]);
        let written = write(&format!("{}😀{}", "长".repeat(66), "长".repeat(9)), BY_GSM);
        assert_eq!(written.parts.iter().map(Vec::len).collect::<Vec<usize>>(), [132, 22], "the pair stays");
        assert_eq!(read(8, &written.parts[1], BY_GSM).unwrap(), format!("😀{}", "长".repeat(9)));
        assert_eq!(write("ç", SmppAlphabet::Latin1).parts, [[0xE7]]);
    }

    #[test]
    fn sys_10_codings_are_read_by_their_numbers() {
        let read = |coding, octets: &[u8]| read(coding, octets, BY_GSM);
        assert_eq!(
            read(8, &[0x4F, 0x60, 0x59, 0x7D, 0x00]).unwrap(),
            "你好",
            "half a character at the end is none"
        );
        assert_eq!(read(0x18, &[0x4F, 0x60]).unwrap(), "你");
        assert_eq!(read(15, &[0xC4, 0xE3, 0xBA, 0xC3]).unwrap(), "你好");
        assert_eq!(read(3, &[0xE9]).unwrap(), "é");
        assert_eq!(read(0, &[0x05, 0x1B, 0xFF]).unwrap(), "é\u{fffd}");
        assert_eq!(read(0xF1, &[0x00]).unwrap(), "@");
        assert!(read(4, &[1, 2, 3]).unwrap_err().contains("data_coding 4"));
    }
}
