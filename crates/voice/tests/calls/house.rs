//! A telephone exchange under test, and what it was heard to say.

use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::sync::mpsc::UnboundedReceiver;
use yingda_peers::{Account, Phone, phones_address};
use yingda_voice::{CallId, Heard, Settings, Sound, Voice};

const PATIENCE: Duration = Duration::from_secs(20);
pub const MUSIC_HZ: f32 = 330.0;
pub const PROMPT_HZ: f32 = 1200.0;

pub struct House {
    pub voice: Voice,
    heard: UnboundedReceiver<Heard>,
}

pub fn settings() -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        host: "127.0.0.1".parse().expect("an address"),
        realm: "yingda".to_owned(),
        strong_digest: false,
        sound: (21_000, 29_998),
        trunks: vec!["127.0.0.1".parse().expect("an address"), phones_address()],
        most_calls: 1000,
        calls_per_second: 1000,
        silence: Duration::from_secs(30),
        music: Sound::tone(MUSIC_HZ, 1000),
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let (voice, heard) = Voice::start(settings).await.expect("loopback has room");
        Self { voice, heard }
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::new("127.0.0.1".parse().expect("an address"), self.voice.port())
    }

    /// A phone of ours, registered before this returns.
    pub async fn extension(&mut self, name: &str, hertz: u32, answers: bool) -> Phone {
        self.voice.admit(name, Some("secret".to_owned()));
        let account = Account {
            name,
            password: "secret",
            exchange: self.address(),
            transport: "udp",
            registers: true,
            answers,
            hertz,
        };
        let phone = Phone::new(&account);
        let wanted = Heard::Registered { name: name.to_owned(), present: true };
        self.until(|heard| (*heard == wanted).then_some(())).await;
        phone
    }

    /// A phone outside, whose calls come by the trunk.
    pub fn caller(&self, name: &str, hertz: u32) -> Phone {
        Phone::new(&Account {
            name,
            password: "",
            exchange: self.address(),
            transport: "udp",
            registers: false,
            answers: true,
            hertz,
        })
    }

    /// Waits for something that happens, past everything else.
    pub async fn until<T>(&mut self, pick: impl Fn(&Heard) -> Option<T>) -> T {
        let mut past = Vec::new();
        let wait = async {
            loop {
                let heard = self.heard.recv().await.expect("the exchange lives");
                match pick(&heard) {
                    Some(picked) => return picked,
                    None => past.push(heard),
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("it never happened; what did: {past:#?}"))
    }

    pub async fn arrived(&mut self) -> (CallId, String, String) {
        self.until(|heard| match heard {
            Heard::Arrived { call, from, to, .. } => Some((*call, from.clone(), to.clone())),
            _ => None,
        })
        .await
    }

    pub async fn ended(&mut self) -> (yingda_voice::Party, yingda_voice::Why) {
        self.until(|heard| match heard {
            Heard::Ended { by, why, .. } => Some((*by, *why)),
            _ => None,
        })
        .await
    }

    /// Waits until nothing is left of any call.
    pub async fn empty(&self) {
        let wait = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while self.voice.load().calls + self.voice.load().dialogs > 0 {
                ticks.tick().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("something is left: {:?}", self.voice.load()));
    }
}

/// The two sides of a recording.
pub fn sides(path: &Path) -> [Vec<i16>; 2] {
    let mut reader = hound::WavReader::open(path).expect("a whole WAV");
    assert_eq!((reader.spec().channels, reader.spec().sample_rate), (2, 8000));
    let all: Vec<i16> = reader.samples().map(|it| it.expect("a sample")).collect();
    [0, 1].map(|side| all.iter().skip(side).step_by(2).copied().collect())
}

/// The longest time in milliseconds in which nothing but this tone was heard.
pub fn tone_ms(samples: &[i16], hertz: f32) -> usize {
    let (mut longest, mut run) = (0, 0);
    for window in samples.chunks_exact(400) {
        let pure = yingda_voice::media::sound::strength(window, hertz) > 0.8;
        run = if pure { run + 50 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// What a phone heard in its last call.
pub fn heard_by(phone: &Phone) -> Vec<i16> {
    let path = phone.heard().pop().expect("it kept what it heard");
    let mut reader = hound::WavReader::open(path).expect("a WAV");
    let samples: Vec<i16> = match reader.spec().sample_format {
        hound::SampleFormat::Int => reader.samples::<i16>().map_while(Result::ok).collect(),
        hound::SampleFormat::Float => {
            reader.samples::<f32>().map_while(Result::ok).map(|it| (it * 32_767.0) as i16).collect()
        }
    };
    samples
}
