//! A telephone: baresip, driven over its socket. It says a tone, and keeps what it hears.

use crate::{Scratch, free_port};
use std::{
    cell::RefCell,
    collections::VecDeque,
    fs,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

/// Longer than anything here takes on a machine under load.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who it is, and what it does by itself.
pub struct Account<'a> {
    pub name: &'a str,
    pub password: &'a str,
    /// Where its exchange is.
    pub exchange: SocketAddr,
    pub transport: &'a str,
    pub registers: bool,
    pub answers: bool,
    /// What it says.
    pub hertz: u32,
}

/// It ends with its user.
pub struct Phone {
    scratch: Scratch,
    child: Child,
    control: TcpStream,
    said: Receiver<String>,
    /// What it said while something else was waited for.
    events: RefCell<VecDeque<String>>,
}

impl Phone {
    pub fn new(account: &Account<'_>) -> Self {
        let scratch = Scratch::new();
        let folder = scratch.path().to_owned();
        let control = free_port();
        let config = format!(
            "poll_method epoll\nsip_listen 0.0.0.0:0\ncall_local_timeout 120\ncall_max_calls 4\n\
             audio_source aufile,{}\naudio_player aubridge,out\naudio_alert aubridge,alert\n\
             module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\n\
             module sndfile.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
             ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {}\n",
            folder.join("says.wav").display(),
            folder.display()
        );
        fs::write(folder.join("says.wav"), tone(account.hertz)).expect("a scratch folder takes a file");
        let line = format!(
            "<sip:{}@{};transport={}>;auth_pass={};regint={};answermode={};audio_codecs=PCMA/8000/1,PCMU/8000/1",
            account.name,
            account.exchange,
            account.transport,
            account.password,
            if account.registers { 60 } else { 0 },
            if account.answers { "auto" } else { "manual" },
        );
        for (file, text) in [("config", config.as_str()), ("accounts", ""), ("contacts", "")] {
            fs::write(folder.join(file), text).expect("a scratch folder takes a file");
        }
        let mut command = Command::new("baresip");
        command.arg("-f").arg(&folder).args(["-n", &outside()]);
        let log = fs::File::create(folder.join("log")).expect("a scratch folder takes a file");
        command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("baresip did not start: {error}; install it first: apt-get install baresip")
        });
        crate::wait_for(control);
        let control = TcpStream::connect((Ipv4Addr::LOCALHOST, control)).expect("it listens");
        let mut reading = control.try_clone().expect("a socket can be shared");
        let (sender, said) = channel();
        thread::spawn(move || {
            while let Some(message) = netstring(&mut reading) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let phone = Self { scratch, child, control, said, events: RefCell::default() };
        // Only now, so that somebody hears how its registration goes.
        phone.command("uanew", &line);
        phone
    }

    /// Gives a command, and waits until it was taken.
    pub fn command(&self, command: &str, parameters: &str) {
        let text = format!(r#"{{"command":"{command}","params":"{parameters}","token":"t"}}"#);
        let framed = format!("{}:{text},", text.len());
        (&self.control).write_all(framed.as_bytes()).expect("the phone listens");
        loop {
            let said = self.next(command);
            if said.contains(r#""response":true"#) {
                assert!(said.contains(r#""ok":true"#), "{command} was not understood: {said}");
                return;
            }
            self.events.borrow_mut().push_back(said);
        }
    }

    /// Waits for one of these events, and gives it whole.
    pub fn wait(&self, kinds: &[&str]) -> String {
        loop {
            let earlier = self.events.borrow_mut().pop_front();
            let event = earlier.unwrap_or_else(|| self.next(&kinds.join(" or ")));
            if kinds.iter().any(|kind| event.contains(&format!(r#""type":"{kind}""#))) {
                return event;
            }
        }
    }

    fn next(&self, wanted: &str) -> String {
        let said = self.said.recv_timeout(PATIENCE);
        said.unwrap_or_else(|_| panic!("the phone never said {wanted}; its log: {}", self.log()))
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    /// What it heard, one WAV a call; whole when the call is over.
    pub fn heard(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.scratch.path()).expect("its folder is there");
        let mut files: Vec<PathBuf> = files
            .flatten()
            .map(|it| it.path())
            .filter(|it| it.to_string_lossy().ends_with("dec.wav"))
            .collect();
        files.sort();
        files
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where its packets come from: it does not use the loopback.
pub fn phones_address() -> IpAddr {
    let output = Command::new("hostname").arg("-I").output().expect("hostname tells the addresses");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let address = text.split_whitespace().filter_map(|it| it.parse::<Ipv4Addr>().ok()).next();
    address.expect("an address beside the loopback").into()
}

/// The interface that it takes: it refuses the loopback.
fn outside() -> String {
    let routes = fs::read_dir("/sys/class/net").expect("Linux tells its interfaces");
    let mut names: Vec<String> = routes
        .flatten()
        .filter(|it| fs::read_to_string(it.path().join("operstate")).is_ok_and(|state| state.trim() == "up"))
        .map(|it| it.file_name().to_string_lossy().into_owned())
        .filter(|it| it != "lo")
        .collect();
    names.sort();
    names.into_iter().next().expect("baresip takes an interface that is up and no loopback")
}

/// A WAV of a tone, longer than any call here: at its end the phone would hang up.
fn tone(hertz: u32) -> Vec<u8> {
    const RATE: u32 = 8000;
    let count = RATE * 120;
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + count * 2).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&(RATE * 2).to_le_bytes());
    wav.extend_from_slice(b"\x02\0\x10\0data");
    wav.extend_from_slice(&(count * 2).to_le_bytes());
    for at in 0..count {
        let turn = std::f64::consts::TAU * f64::from(hertz) * f64::from(at) / f64::from(RATE);
        wav.extend_from_slice(&((8000.0 * turn.sin()) as i16).to_le_bytes());
    }
    wav
}

/// `length:text,`
fn netstring(stream: &mut TcpStream) -> Option<String> {
    let mut length = 0;
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        match byte[0] {
            b':' => break,
            digit => length = length * 10 + usize::from(digit.checked_sub(b'0')?),
        }
    }
    let mut text = vec![0; length + 1];
    stream.read_exact(&mut text).ok()?;
    text.pop();
    String::from_utf8(text).ok()
}
