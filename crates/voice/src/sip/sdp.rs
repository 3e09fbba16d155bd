//! What two sides agree on about sound. Only plain RTP is written here; a browser's description is `rustrtc`'s matter.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    Pcma,
    Pcmu,
}

impl Codec {
    pub const ALL: [Self; 2] = [Self::Pcma, Self::Pcmu];

    pub fn payload(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    pub fn of(payload: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.payload() == payload)
    }
}

/// The payload type of digits in what we offer; in an answer it is the other side's number.
pub const DIGITS: u8 = 101;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Both,
    /// They send and do not listen: we are on hold with their music, if they have any.
    SendOnly,
    ReceiveOnly,
    Neither,
}

impl Direction {
    /// The same seen from the other end.
    pub fn turned(self) -> Self {
        match self {
            Self::SendOnly => Self::ReceiveOnly,
            Self::ReceiveOnly => Self::SendOnly,
            same => same,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Both => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Neither => "inactive",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Both, Self::SendOnly, Self::ReceiveOnly, Self::Neither]
            .into_iter()
            .find(|it| it.word() == word)
    }
}

/// The other side's description, as far as it concerns us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub place: SocketAddr,
    /// In the order of their wish.
    pub codecs: Vec<Codec>,
    pub digits: Option<u8>,
    pub direction: Direction,
    /// Each media line: its kind and profile, so that an answer names all of them in order.
    lines: Vec<(String, String)>,
    /// Which of them is the sound that we take.
    chosen: usize,
}

/// A browser's description asks for encryption that only its own kind of leg gives.
pub fn is_web(sdp: &str) -> bool {
    sdp.contains("UDP/TLS/RTP/SAVPF")
}

pub fn read(sdp: &str) -> Option<Remote> {
    let mut session: Option<IpAddr> = None;
    let mut session_direction = Direction::Both;
    let mut lines = Vec::new();
    let mut found: Option<Remote> = None;
    let mut inside = false;
    for line in sdp.lines().map(str::trim_end) {
        let Some((key, value)) = line.split_once('=') else { continue };
        match key {
            "c" => {
                let address = connection(value)?;
                match &mut found {
                    Some(remote) if inside => remote.place.set_ip(address),
                    _ if lines.is_empty() => session = Some(address),
                    _ => {}
                }
            }
            "m" => {
                let mut parts = value.split_whitespace();
                let (kind, port, profile) = (parts.next()?, parts.next()?, parts.next()?);
                let port: u16 = port.split('/').next()?.parse().ok()?;
                lines.push((kind.to_owned(), format!("{profile} {}", parts.clone().next().unwrap_or("0"))));
                inside = kind == "audio" && profile == "RTP/AVP" && port != 0 && found.is_none();
                if inside {
                    let offered: Vec<u8> = parts.filter_map(|it| it.parse().ok()).collect();
                    found = Some(Remote {
                        place: SocketAddr::new(session.unwrap_or(IpAddr::from([0, 0, 0, 0])), port),
                        codecs: offered.into_iter().filter_map(Codec::of).collect(),
                        digits: None,
                        direction: session_direction,
                        lines: Vec::new(),
                        chosen: lines.len() - 1,
                    });
                }
            }
            "a" => match (&mut found, value.split_once(':')) {
                (Some(remote), Some(("rtpmap", map))) if inside => {
                    let (payload, name) = map.split_once(' ')?;
                    if name.to_ascii_lowercase().starts_with("telephone-event/8000") {
                        remote.digits = payload.trim().parse().ok();
                    }
                }
                (Some(remote), None) if inside => {
                    remote.direction = Direction::read(value).unwrap_or(remote.direction);
                }
                (_, None) if lines.is_empty() => {
                    session_direction = Direction::read(value).unwrap_or(session_direction);
                }
                _ => {}
            },
            _ => {}
        }
    }
    let mut remote = found?;
    remote.lines = lines;
    // An address of zeros is how old phones say hold.
    if remote.place.ip().is_unspecified() {
        remote.direction = Direction::SendOnly;
    }
    Some(remote)
}

fn connection(value: &str) -> Option<IpAddr> {
    value.split_whitespace().nth(2)?.split('/').next()?.parse().ok()
}

/// Our side: where we listen, what we take.
#[derive(Clone, Debug)]
pub struct Local {
    pub place: SocketAddr,
    /// The number of the session, and how often its description changed.
    pub session: u32,
    pub version: u32,
}

impl Local {
    fn head(&self) -> String {
        let (session, version, ip) = (self.session, self.version, self.place.ip());
        let kind = if ip.is_ipv4() { "IP4" } else { "IP6" };
        format!("v=0\r\no=- {session} {version} IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\n")
    }

    fn sound(&self, codecs: &[Codec], digits: Option<u8>, direction: Direction) -> String {
        let mut text = format!("m=audio {} RTP/AVP", self.place.port());
        for codec in codecs {
            let _ = write!(text, " {}", codec.payload());
        }
        if let Some(digits) = digits {
            let _ = write!(text, " {digits}");
        }
        text.push_str("\r\n");
        for codec in codecs {
            let _ = write!(text, "a=rtpmap:{} {}/8000\r\n", codec.payload(), codec.name());
        }
        if let Some(digits) = digits {
            let _ = write!(text, "a=rtpmap:{digits} telephone-event/8000\r\na=fmtp:{digits} 0-16\r\n");
        }
        let _ = write!(text, "a=ptime:20\r\na={}\r\n", direction.word());
        text
    }

    /// An offer; the codec that the other leg speaks comes first, so that nothing has to be converted.
    pub fn offer(&self, first: Codec) -> String {
        let mut codecs = Codec::ALL.to_vec();
        codecs.sort_by_key(|it| *it != first);
        self.head() + &self.sound(&codecs, Some(DIGITS), Direction::Both)
    }

    /// An answer with one codec. Lines that are no sound of ours are refused in their place.
    pub fn answer(&self, remote: &Remote, codec: Codec) -> String {
        let mut text = self.head();
        for (index, (kind, profile)) in remote.lines.iter().enumerate() {
            if index == remote.chosen {
                text += &self.sound(&[codec], remote.digits, remote.direction.turned());
            } else {
                let _ = write!(text, "m={kind} 0 {profile}\r\n");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=video 5000 RTP/AVP 31\r\n\
        a=sendonly\r\nm=audio 4000 RTP/AVP 96 8 0 97\r\nc=IN IP4 192.0.2.8\r\na=rtpmap:96 opus/48000/2\r\n\
        a=rtpmap:97 telephone-event/8000\r\n";

    #[test]
    fn sys_05_an_offer_is_read_and_each_of_its_lines_answered() {
        let remote = read(OFFER).expect("it has sound");
        assert_eq!(remote.place, "192.0.2.8:4000".parse().expect("an address"));
        assert_eq!(remote.codecs, [Codec::Pcma, Codec::Pcmu]);
        assert_eq!(remote.digits, Some(97), "in the answer the number of digits is theirs");
        assert_eq!(remote.direction, Direction::Both, "what the picture does is not what the sound does");
        let local =
            Local { place: "198.51.100.1:20000".parse().expect("an address"), session: 1, version: 1 };
        let answer = local.answer(&remote, Codec::Pcma);
        assert!(answer.contains("m=video 0 RTP/AVP 31\r\nm=audio 20000 RTP/AVP 8 97\r\n"), "{answer}");
    }

    #[test]
    fn sp_07_hold_is_heard_in_both_its_forms() {
        let held = OFFER.replace("telephone-event/8000\r\n", "telephone-event/8000\r\na=sendonly\r\n");
        let remote = read(&held).expect("it has sound");
        assert_eq!(remote.direction, Direction::SendOnly);
        let local =
            Local { place: "198.51.100.1:20000".parse().expect("an address"), session: 1, version: 2 };
        assert!(local.answer(&remote, Codec::Pcmu).contains("a=recvonly"));
        let zeros = OFFER.replace("192.0.2.8", "0.0.0.0");
        assert_eq!(read(&zeros).expect("it has sound").direction, Direction::SendOnly);
        assert_eq!(read("v=0\r\nm=video 1 RTP/AVP 31\r\n"), None);
    }
}
