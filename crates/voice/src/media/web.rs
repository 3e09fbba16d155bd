//! A browser's leg: ICE, DTLS and SRTP by `rustrtc`, which is known nowhere else in the house.

use super::{leg::Leg, rtp, rtp::Place};
use crate::sip::sdp::{self, Codec};
use bytes::Bytes;
use rustrtc::{
    AudioCapability, MediaCapabilities, PeerConnection, RtcConfiguration, RtpCodecParameters, SdpType,
    SessionDescription,
    media::{
        frame::{AudioFrame, MediaKind},
        track::{SampleStreamSource, sample_track},
    },
    peer_connection::RtpObserver,
    rtp::RtpPacket,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    time::Duration,
};

const GATHERED_WITHIN: Duration = Duration::from_secs(3);
/// Frames that wait for the network; more than these would be heard too late.
const QUEUE: usize = 16;

pub struct Web {
    connection: PeerConnection,
    source: SampleStreamSource,
}

struct Ear(Weak<Leg>);

impl RtpObserver for Ear {
    fn on_ingress(&self, packet: &RtpPacket, _: SocketAddr) {
        let Some(leg) = self.0.upgrade() else { return };
        leg.hear(&rtp::Packet {
            payload_type: packet.header.payload_type,
            marker: packet.header.marker,
            sequence: packet.header.sequence_number,
            timestamp: packet.header.timestamp,
            source: packet.header.ssrc,
            payload: &packet.payload,
        });
    }
}

fn capability(codec: Codec) -> AudioCapability {
    match codec {
        Codec::Pcmu => AudioCapability::pcmu(),
        Codec::Pcma => AudioCapability::pcma(),
    }
}

type Tried<T> = Result<T, String>;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl Web {
    pub fn new(ip: IpAddr) -> Tried<Self> {
        let mut audio: Vec<AudioCapability> = Codec::ALL.into_iter().map(capability).collect();
        audio.push(AudioCapability { payload_type: sdp::DIGITS, ..AudioCapability::telephone_event() });
        let configuration = RtcConfiguration {
            media_capabilities: Some(MediaCapabilities {
                audio,
                video: Vec::new(),
                application: None,
                ..MediaCapabilities::default()
            }),
            ice_include_loopback_candidates: ip.is_loopback(),
            enable_upnp: false,
            enable_gcc: false,
            ice_disconnect_grace: Duration::from_secs(15),
            ..RtcConfiguration::default()
        };
        let connection = PeerConnection::new(configuration);
        let (source, track, _) = sample_track(MediaKind::Audio, QUEUE);
        let parameters = RtpCodecParameters {
            payload_type: Codec::Pcma.payload(),
            name: Codec::Pcma.name().to_owned(),
            clock_rate: 8000,
            channels: 1,
        };
        connection.add_track(track, parameters).map_err(told)?;
        Ok(Self { connection, source })
    }

    pub fn hear_for(&self, leg: Weak<Leg>) {
        self.connection.add_observer(Arc::new(Ear(leg)));
    }

    /// Ours, with all the ways to us: nothing is sent after it.
    pub async fn offer(&self, _first: Codec) -> Tried<String> {
        // The first one only tells what is to be gathered for.
        self.connection.create_offer().await.map_err(told)?;
        self.gathered().await?;
        let offer = self.connection.create_offer().await.map_err(told)?;
        self.connection.set_local_description(offer.clone()).map_err(told)?;
        Ok(offer.to_sdp_string())
    }

    async fn gathered(&self) -> Tried<()> {
        tokio::time::timeout(GATHERED_WITHIN, self.connection.wait_for_gathering_complete())
            .await
            .map_err(told)
    }

    pub async fn accepted(&self, answer: &str) -> Tried<(Codec, Option<u8>)> {
        let description = SessionDescription::parse(SdpType::Answer, answer).map_err(told)?;
        self.connection.set_remote_description(description).await.map_err(told)?;
        agreed(answer)
    }

    pub async fn answer(&self, offer: &str) -> Tried<(String, Codec, Option<u8>)> {
        let description = SessionDescription::parse(SdpType::Offer, offer).map_err(told)?;
        self.connection.set_remote_description(description).await.map_err(told)?;
        self.gathered().await?;
        let answer = self.connection.create_answer().await.map_err(told)?;
        self.connection.set_local_description(answer.clone()).map_err(told)?;
        let text = answer.to_sdp_string();
        let (codec, digits) = agreed(&text)?;
        Ok((text, codec, digits))
    }

    pub fn send(&self, payload_type: u8, place: Place, payload: &[u8]) {
        let frame = AudioFrame {
            rtp_timestamp: place.timestamp,
            clock_rate: 8000,
            data: Bytes::copy_from_slice(payload),
            // With a number the stack keeps our timestamps; the numbers are its own.
            sequence_number: Some(place.sequence),
            payload_type: Some(payload_type),
            marker: place.marker,
            ..AudioFrame::default()
        };
        let _ = self.source.send_audio(frame);
    }

    pub fn close(&self) {
        self.connection.close();
    }
}

/// What an answer settles: its first codec of ours, and the number of digits.
fn agreed(answer: &str) -> Tried<(Codec, Option<u8>)> {
    let line = answer.lines().find(|line| line.starts_with("m=audio")).ok_or("no sound in the answer")?;
    let numbers: Vec<u8> = line.split_whitespace().skip(3).filter_map(|it| it.parse().ok()).collect();
    let codec = numbers.iter().copied().find_map(Codec::of).ok_or("no codec in common")?;
    let digits = answer
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '))
        .find(|(_, name)| name.to_ascii_lowercase().starts_with("telephone-event/8000"))
        .and_then(|(number, _)| number.parse().ok());
    Ok((codec, digits))
}
