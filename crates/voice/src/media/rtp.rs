//! RTP packets (RFC 3550), and the line on which one side sends them.

use super::sound::FRAME;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub source: u32,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let head = bytes.get(..12)?;
        // Control packets come on the same port where both sides mux; their types lie here.
        if head[0] >> 6 != 2 || (192..=223).contains(&head[1]) {
            return None;
        }
        let mut from = 12 + 4 * usize::from(head[0] & 15);
        if head[0] & 16 != 0 {
            let words = bytes.get(from + 2..from + 4)?;
            from += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        let mut payload = bytes.get(from..)?;
        if head[0] & 32 != 0 {
            let padding = usize::from(*payload.last()?);
            payload = payload.get(..payload.len().checked_sub(padding)?)?;
        }
        Some(Self {
            payload_type: head[1] & 127,
            marker: head[1] & 128 != 0,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            source: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            payload,
        })
    }

    pub fn write(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        buffer.extend_from_slice(&[0x80, self.payload_type | if self.marker { 128 } else { 0 }]);
        buffer.extend_from_slice(&self.sequence.to_be_bytes());
        buffer.extend_from_slice(&self.timestamp.to_be_bytes());
        buffer.extend_from_slice(&self.source.to_be_bytes());
        buffer.extend_from_slice(self.payload);
    }
}

/// Where a packet stands in what we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
}

/// What one leg hears is one stream, whatever it comes from: a prompt, music, or another leg. Numbers go on from the
/// highest that were sent; only inside one source do they follow it, so that a loss stays a loss.
#[derive(Debug)]
pub struct Outgoing {
    pub source: u32,
    /// The next sequence number, and the timestamp after the last sound that was sent.
    next: (u16, u32),
    sent_ms: u64,
    /// The stream that is passed on, with its first packet and the place that it got.
    passing: Option<(u32, Place, Place)>,
    fresh: bool,
}

impl Outgoing {
    pub fn new(source: u32, sequence: u16, timestamp: u32) -> Self {
        Self { source, next: (sequence, timestamp), sent_ms: 0, passing: None, fresh: true }
    }

    /// The place of a frame of our own.
    pub fn own(&mut self, now_ms: u64) -> Place {
        if self.passing.take().is_some() {
            self.fresh = true;
        }
        let place = self.begin(now_ms);
        self.sent(place, now_ms);
        place
    }

    /// The place of a packet that is passed on.
    pub fn pass(&mut self, packet: &Packet<'_>, now_ms: u64) -> Place {
        let (first, placed) = match self.passing {
            Some((source, first, placed)) if source == packet.source => (first, placed),
            _ => {
                self.fresh = true;
                let first = Place { marker: true, sequence: packet.sequence, timestamp: packet.timestamp };
                let placed = self.begin(now_ms);
                self.passing = Some((packet.source, first, placed));
                (first, placed)
            }
        };
        let place = Place {
            marker: packet.marker || first.sequence == packet.sequence,
            sequence: placed.sequence.wrapping_add(packet.sequence.wrapping_sub(first.sequence)),
            timestamp: placed.timestamp.wrapping_add(packet.timestamp.wrapping_sub(first.timestamp)),
        };
        self.sent(place, now_ms);
        place
    }

    /// A source begins where the last one stopped, and as much later as nothing was sent.
    fn begin(&mut self, now_ms: u64) -> Place {
        let (sequence, mut timestamp) = self.next;
        let marker = std::mem::take(&mut self.fresh);
        if marker && self.sent_ms > 0 {
            let silent_ms = now_ms.saturating_sub(self.sent_ms).saturating_sub(20);
            timestamp = timestamp.wrapping_add((silent_ms as u32).wrapping_mul(8));
        }
        Place { marker, sequence, timestamp }
    }

    fn sent(&mut self, place: Place, now_ms: u64) {
        let sequence = place.sequence.wrapping_add(1);
        let timestamp = place.timestamp.wrapping_add(FRAME as u32);
        // A late packet does not turn the numbers back.
        if sequence.wrapping_sub(self.next.0) < 1 << 15 {
            self.next.0 = sequence;
        }
        if timestamp.wrapping_sub(self.next.1) < 1 << 31 {
            self.next.1 = timestamp;
        }
        self.sent_ms = now_ms;
    }
}

/// RFC 4733: a digit is many packets with one timestamp, and counts once.
#[derive(Debug, Default)]
pub struct Digits(Option<(u32, u32)>);

impl Digits {
    pub fn hear(&mut self, packet: &Packet<'_>) -> Option<char> {
        let event = usize::from(*packet.payload.first()?);
        let this = (packet.source, packet.timestamp);
        if packet.payload.len() < 4 || self.0 == Some(this) {
            return None;
        }
        self.0 = Some(this);
        "0123456789*#ABCD".chars().nth(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(source: u32, sequence: u16, timestamp: u32) -> Packet<'static> {
        Packet { payload_type: 8, marker: false, sequence, timestamp, source, payload: &[0; 160] }
    }

    #[test]
    fn sys_05_a_packet_is_read_as_it_was_written() {
        let mut bytes = Vec::new();
        let one = Packet { marker: true, ..packet(7, 65_535, u32::MAX) };
        one.write(&mut bytes);
        assert_eq!(Packet::read(&bytes), Some(one));
        assert_eq!(Packet::read(&bytes[..11]), None);
        let report = [0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Packet::read(&report), None, "a sender's report is no sound");
        let lying = [0xBF, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Packet::read(&lying), None, "it promises more than it holds");
    }

    #[test]
    fn sys_05_another_source_goes_on_where_the_last_one_stopped() {
        let mut out = Outgoing::new(1, 65_534, u32::MAX - 159);
        let first = out.own(1000);
        assert_eq!(first, Place { marker: true, sequence: 65_534, timestamp: u32::MAX - 159 });
        assert_eq!(out.own(1020), Place { marker: false, sequence: 65_535, timestamp: 0 });
        let passed = out.pass(&packet(9, 500, 80_000), 1040);
        assert_eq!(passed, Place { marker: true, sequence: 0, timestamp: 160 });
        let lost_one = out.pass(&packet(9, 502, 80_320), 1080);
        assert_eq!(lost_one, Place { marker: false, sequence: 2, timestamp: 480 }, "the loss is seen");
        let late = out.pass(&packet(9, 501, 80_160), 1081);
        assert_eq!(late, Place { marker: false, sequence: 1, timestamp: 320 });
        // Nothing was sent for a second: the next sound is a second later.
        assert_eq!(out.own(2101), Place { marker: true, sequence: 3, timestamp: 640 + 8000 });
    }

    #[test]
    fn sys_05_a_digit_counts_once() {
        let mut digits = Digits::default();
        let press = |timestamp, event: &'static [u8]| Packet { payload: event, ..packet(3, 1, timestamp) };
        assert_eq!(digits.hear(&press(10, &[5, 10, 0, 160])), Some('5'));
        assert_eq!(digits.hear(&press(10, &[5, 138, 3, 32])), None, "the same press, at its end");
        assert_eq!(digits.hear(&press(900, &[5, 10, 0, 160])), Some('5'), "pressed again");
        assert_eq!(digits.hear(&press(1900, &[11, 10, 0, 160])), Some('#'));
        assert_eq!(digits.hear(&press(2900, &[99, 10, 0, 160])), None, "no digit");
        assert_eq!(digits.hear(&press(3900, &[1])), None, "cut off");
    }
}
