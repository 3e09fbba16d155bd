//! What was said, kept: a WAV with the caller left and the other side right. Packets only drop their bytes into a queue; one
//! thread places them by their timestamps and writes. Each second the file is a whole WAV, so that a crash loses no more.

use super::sound::{RATE, decode};
use crate::{house, sip::sdp::Codec};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufWriter, Read},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};
use tokio::sync::oneshot;

/// About ten seconds of two hundred calls: beyond that the disk is lost, and sound with it, not memory.
const QUEUE: usize = 200_000;
/// What comes later than this after its time is not heard either.
const LATE_MS: u64 = 400;
const FLUSH_MS: u64 = 1000;
/// A timestamp that is so far from the clock belongs to a new stream.
const ASTRAY: i64 = RATE as i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The caller.
    Left,
    /// Whoever answered.
    Right,
}

/// A recording that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub path: PathBuf,
    pub sha256: String,
    pub ms: u64,
}

enum Task {
    Begin { id: u64, path: PathBuf, at_ms: u64 },
    Sound { id: u64, side: Side, at_ms: u64, timestamp: u32, codec: Codec, payload: Vec<u8> },
    End { id: u64, at_ms: u64, done: oneshot::Sender<io::Result<Recording>> },
}

#[derive(Clone)]
pub struct Recorder(SyncSender<Task>);

/// Where a leg leaves what it hears.
#[derive(Clone)]
pub struct Tap {
    id: u64,
    tasks: SyncSender<Task>,
}

impl Recorder {
    pub fn start() -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        thread::Builder::new().name("recorder".to_owned()).spawn(move || run(&receiver))?;
        Ok(Self(sender))
    }

    pub fn begin(&self, id: u64, path: PathBuf) -> Tap {
        let _ = self.0.try_send(Task::Begin { id, path, at_ms: house::now_ms() });
        Tap { id, tasks: self.0.clone() }
    }
}

impl Tap {
    pub fn hear(&self, side: Side, at_ms: u64, timestamp: u32, codec: Codec, payload: &[u8]) {
        let payload = payload.to_vec();
        // A full queue loses sound and nothing else: the call goes on.
        let _ = self.tasks.try_send(Task::Sound { id: self.id, side, at_ms, timestamp, codec, payload });
    }

    pub async fn end(self) -> io::Result<Recording> {
        let (done, result) = oneshot::channel();
        let end = Task::End { id: self.id, at_ms: house::now_ms(), done };
        self.tasks.try_send(end).map_err(|_| io::Error::other("the recorder is behind"))?;
        result.await.map_err(|_| io::Error::other("the recorder is gone"))?
    }
}

fn run(tasks: &Receiver<Task>) {
    let mut files: HashMap<u64, Keeping> = HashMap::new();
    let mut flushed_ms = house::now_ms();
    loop {
        match tasks.recv_timeout(Duration::from_millis(FLUSH_MS)) {
            Ok(Task::Begin { id, path, at_ms }) => match Keeping::open(&path, at_ms) {
                Ok(file) => drop(files.insert(id, file)),
                Err(error) => tracing::error!(path = %path.display(), %error, "a recording cannot be opened"),
            },
            Ok(Task::Sound { id, side, at_ms, timestamp, codec, payload }) => {
                if let Some(file) = files.get_mut(&id) {
                    file.place(side, at_ms, timestamp, codec, &payload);
                }
            }
            Ok(Task::End { id, at_ms, done }) => {
                let missing = || io::Error::new(io::ErrorKind::NotFound, "no such recording");
                let _ = done.send(files.remove(&id).ok_or_else(missing).and_then(|file| file.end(at_ms)));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now_ms = house::now_ms();
        if now_ms - flushed_ms >= FLUSH_MS {
            flushed_ms = now_ms;
            for file in files.values_mut() {
                if let Err(error) = file.write(now_ms.saturating_sub(LATE_MS)).and_then(|()| file.flush()) {
                    tracing::error!(path = %file.path.display(), %error, "a recording cannot be written");
                }
            }
        }
    }
}

/// A recording that runs: what is written, and the last moment that may still change.
struct Keeping {
    path: PathBuf,
    writer: hound::WavWriter<BufWriter<File>>,
    began_ms: u64,
    written: usize,
    open: [Vec<i16>; 2],
    /// For each side a timestamp and its place.
    anchors: [Option<(u32, i64)>; 2],
}

fn plain(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

impl Keeping {
    fn open(path: &Path, began_ms: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let writer = hound::WavWriter::new(BufWriter::new(File::create_new(path)?), spec).map_err(plain)?;
        let path = path.to_owned();
        Ok(Self { path, writer, began_ms, written: 0, open: [Vec::new(), Vec::new()], anchors: [None, None] })
    }

    fn place_of(&self, at_ms: u64) -> i64 {
        at_ms.saturating_sub(self.began_ms) as i64 * i64::from(RATE / 1000)
    }

    fn place(&mut self, side: Side, at_ms: u64, timestamp: u32, codec: Codec, payload: &[u8]) {
        let by_clock = self.place_of(at_ms);
        let anchor = &mut self.anchors[side as usize];
        let by_stream = anchor.map(|(first, place)| place + i64::from(timestamp.wrapping_sub(first) as i32));
        let place = match by_stream {
            Some(place) if (place - by_clock).abs() <= ASTRAY => place,
            _ => {
                *anchor = Some((timestamp, by_clock));
                by_clock
            }
        };
        let samples = &mut self.open[side as usize];
        for (index, byte) in payload.iter().enumerate() {
            // What is written is written.
            let Ok(at) = usize::try_from(place + index as i64 - self.written as i64) else { continue };
            if at >= samples.len() {
                samples.resize(at + 1, 0);
            }
            samples[at] = decode(codec, *byte);
        }
    }

    /// Writes all up to a moment; what was not heard by then is silence.
    fn write(&mut self, until_ms: u64) -> io::Result<()> {
        let until = self.place_of(until_ms) as usize;
        let count = until.saturating_sub(self.written);
        let [left, right] = &mut self.open;
        for index in 0..count {
            for side in [&*left, &*right] {
                self.writer.write_sample(side.get(index).copied().unwrap_or(0)).map_err(plain)?;
            }
        }
        for side in [left, right] {
            side.drain(..count.min(side.len()));
        }
        self.written += count;
        Ok(())
    }

    /// The head of the file tells its length from here on.
    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(plain)
    }

    fn end(mut self, at_ms: u64) -> io::Result<Recording> {
        self.write(at_ms)?;
        self.writer.finalize().map_err(plain)?;
        let file = File::open(&self.path)?;
        file.sync_all()?;
        let sha256 = hash(file)?;
        Ok(Recording { path: self.path, sha256, ms: self.written as u64 / u64::from(RATE / 1000) })
    }
}

fn hash(mut file: File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::sound::{Sound, encode, strength};

    /// Frames of a tone, each with its timestamp.
    fn frames(hertz: f32, ms: u32, first: u32) -> Vec<(u32, Vec<u8>)> {
        let tone = Sound::tone(hertz, ms);
        let mut code = Vec::new();
        let frame = |(index, part): (usize, &[i16])| {
            encode(Codec::Pcma, part, &mut code);
            (first.wrapping_add(index as u32 * 160), code.clone())
        };
        tone.0.chunks(160).enumerate().map(frame).collect()
    }

    fn sides(path: &Path) -> [Vec<i16>; 2] {
        let mut reader = hound::WavReader::open(path).expect("a whole WAV");
        let all: Vec<i16> = reader.samples().map(|it| it.expect("a sample")).collect();
        [0, 1].map(|side| all.iter().skip(side).step_by(2).copied().collect())
    }

    #[test]
    fn sys_05_each_side_lies_where_its_timestamps_say_and_late_or_lost_packets_shift_nothing() {
        let folder = std::env::temp_dir().join(format!("yingda-recorder-{}", house::token()));
        let path = folder.join("a.wav");
        let mut file = Keeping::open(&path, 1000).expect("a new file");
        for (index, (timestamp, code)) in frames(440.0, 1000, u32::MAX - 800).into_iter().enumerate() {
            // Each fifth is lost, and those that come arrive in bursts.
            if index % 5 != 4 {
                let burst_ms = 1000 + (index as u64 / 4) * 80;
                file.place(Side::Left, burst_ms, timestamp, Codec::Pcma, &code);
            }
        }
        for (timestamp, code) in frames(1000.0, 500, 7) {
            file.place(Side::Right, 1500 + u64::from((timestamp - 7) / 8), timestamp, Codec::Pcma, &code);
        }
        file.write(1600).expect("room");
        file.flush().expect("room");
        let [early, _] = sides(&path);
        assert_eq!(early.len(), 4800, "before its end it is a WAV already");
        let recording = file.end(2000).expect("room");
        assert_eq!(recording.ms, 1000);
        assert_eq!(recording.sha256, hash(File::open(&path).expect("it is there")).expect("it is read"));
        let [left, right] = sides(&path);
        assert_eq!((left.len(), right.len()), (8000, 8000));
        assert!(strength(&left[..640], 440.0) > 0.95, "the first four frames");
        assert!(left[640..800].iter().all(|it| *it == 0), "the fifth was lost");
        assert!(strength(&left[800..1440], 440.0) > 0.95, "the place after it is kept");
        assert!(right[..4000].iter().all(|it| *it == 0), "they came half a second later");
        assert!(strength(&right[4000..], 1000.0) > 0.95);
        assert!(Keeping::open(&path, 0).is_err(), "nothing is written over");
        fs::remove_dir_all(folder).expect("the folder was made");
    }
}
