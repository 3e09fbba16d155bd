//! Words read aloud, by a program of this machine. What is the same for everybody is read once and kept with the files.

use crate::{app::App, channels::attach, files::Files};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    path::PathBuf,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore, time::timeout};
use yingda_core::{flow::Spoken, id::FileId, lang::Lang};
use yingda_voice::Sound;

/// Read where nothing else is named: `-v cmn` is Mandarin.
const USUAL: &str = "espeak-ng -v {lang} -s 160 --stdin --stdout";
/// So many are read at once.
const AT_ONCE: usize = 2;
/// A prompt that takes longer to read is none.
const PATIENCE: Duration = Duration::from_secs(30);
/// Ten minutes: longer than anybody listens to a machine.
const LONGEST: usize = 10 * 60 * 8_000;
/// So many sounds stay in memory.
const MOST_KNOWN: usize = 200;

/// What reads, if anything does.
#[derive(Debug)]
pub struct Speech {
    /// The program and its arguments; empty: nothing reads.
    command: Vec<String>,
    turn: Semaphore,
    known: Mutex<HashMap<String, Sound>>,
}

impl Speech {
    /// `off`, a command line, or nothing: then the usual program where it is there.
    pub fn find(configured: &str) -> Result<Self, String> {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let command = match configured.trim() {
            "off" => vec![],
            "" => Some(words(USUAL)).filter(|it| is_program(&it[0])).unwrap_or_default(),
            line => {
                let command = words(line);
                if !is_program(&command[0]) {
                    return Err(format!("`phone.speech`: there is no program `{}`", command[0]));
                }
                command
            }
        };
        Ok(Self { command, turn: Semaphore::new(AT_ONCE), known: Mutex::default() })
    }

    pub fn is_there(&self) -> bool {
        !self.command.is_empty()
    }

    fn recall(&self, key: &str) -> Option<Sound> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn remember(&self, key: String, sound: &Sound) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(key, sound.clone());
    }

    async fn say(&self, files: &Files, said: &Spoken) -> Result<Sound, String> {
        if !said.is_fixed {
            return read(&self.read_aloud(&said.text, said.lang).await?);
        }
        let key = self.key(said);
        if let Some(sound) = self.recall(&key) {
            return Ok(sound);
        }
        let wav = match files.spoken(&key).await {
            Some(wav) => wav,
            None => {
                let wav = Bytes::from(self.read_aloud(&said.text, said.lang).await?);
                read(&wav)?;
                // Where it cannot be kept it is read again the next time.
                if let Err(error) = files.keep_spoken(&key, wav.clone()).await {
                    tracing::warn!(%error, "a prompt could not be kept");
                }
                wav
            }
        };
        let sound = read(&wav)?;
        self.remember(key, &sound);
        Ok(sound)
    }

    /// Another program reads otherwise.
    fn key(&self, said: &Spoken) -> String {
        let mut hasher = Sha256::new();
        for part in self.command.iter().map(String::as_str).chain([voice(said.lang), &said.text]) {
            hasher.update(part);
            hasher.update([0]);
        }
        hex::encode(hasher.finalize())
    }

    /// The words go in by the program's input, and a WAV comes out.
    async fn read_aloud(&self, text: &str, lang: Lang) -> Result<Vec<u8>, String> {
        let [program, arguments @ ..] = self.command.as_slice() else {
            return Err("nothing on this server reads text aloud".into());
        };
        let _turn = self.turn.acquire().await.map_err(|error| error.to_string())?;
        let mut child = Command::new(program)
            .args(arguments.iter().map(|it| it.replace("{lang}", voice(lang))))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{program}` did not start: {error}"))?;
        let input = child.stdin.take();
        let words = text.to_owned();
        let reading = async {
            if let Some(mut input) = input {
                // Who reads only the beginning tells so by its end.
                let _ = input.write_all(words.as_bytes()).await;
            }
            child.wait_with_output().await
        };
        let output = timeout(PATIENCE, reading).await.map_err(|_| format!("`{program}` did not end"))?;
        let output = output.map_err(|error| format!("`{program}` broke off: {error}"))?;
        if !output.status.success() {
            return Err(format!("`{program}` failed: {}", output.status));
        }
        Ok(whole(output.stdout))
    }
}

fn voice(lang: Lang) -> &'static str {
    lang.of("cmn", "en")
}

fn is_program(name: &str) -> bool {
    if name.contains('/') {
        return PathBuf::from(name).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// What goes through a pipe does not know its length when its head is written.
fn whole(mut wav: Vec<u8>) -> Vec<u8> {
    let Some(at) = wav.windows(4).position(|it| it == b"data") else { return wav };
    let begin = at + 8;
    if let (Some(length), Ok(all)) = (wav.len().checked_sub(begin), u32::try_from(wav.len())) {
        let length = length as u32 & !1;
        let told = wav[at + 4..begin].try_into().map_or(0, u32::from_le_bytes);
        if told > length {
            wav[at + 4..begin].copy_from_slice(&length.to_le_bytes());
            wav[4..8].copy_from_slice(&all.saturating_sub(8).to_le_bytes());
        }
    }
    wav
}

fn read(wav: &[u8]) -> Result<Sound, String> {
    let sound = Sound::read(wav).map_err(|error| format!("it is no sound of 16-bit PCM: {error}"))?;
    match sound.0.len() {
        0 => Err("it is empty".into()),
        length if length > LONGEST => Err("it is longer than ten minutes".into()),
        _ => Ok(sound),
    }
}

/// What is to be heard: a sound that was uploaded, or the words.
pub async fn sound(app: &App, said: &Spoken) -> Result<Sound, String> {
    match said.audio {
        Some(file) => uploaded(app, file).await,
        None => app.speech.say(&app.files, said).await,
    }
}

pub async fn uploaded(app: &App, file: FileId) -> Result<Sound, String> {
    let key = format!("file-{file}");
    if let Some(sound) = app.speech.recall(&key) {
        return Ok(sound);
    }
    let sound = read(&attach::read(app, file).await?)?;
    app.speech.remember(key, &sound);
    Ok(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_07_a_sound_from_a_pipe_gets_its_length() {
        let mut piped =
            b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0"
                .to_vec();
        piped.extend(b"data\xff\xff\xff\x7f\x01\0\x02\0\x03\0");
        assert!(read(&piped).is_err());
        assert_eq!(&*read(&whole(piped)).expect("a WAV").0, [1, 2, 3]);
        assert_eq!(whole(b"data".to_vec()), b"data", "a beginning without an end stays as it is");
        assert!(read(b"no sound").is_err());
    }

    #[test]
    fn sys_07_a_program_that_is_not_there_is_named() {
        let error = Speech::find("no-such-program --stdout").expect_err("it is not there");
        assert!(error.contains("no-such-program"), "{error}");
        assert!(!Speech::find("off").expect("nothing reads").is_there());
    }
}
