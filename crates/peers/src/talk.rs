//! A mail handed to a server, line by line (RFC 5321, RFC 2033).

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

/// `hello` begins the dialogue: `EHLO` to an SMTP server, `LHLO` to one of LMTP.
pub fn hand(port: u16, hello: &str, from: &str, to: &str, mail: &[u8]) {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the mail server answers");
    let mut lines = BufReader::new(stream.try_clone().expect("a socket has two ends")).lines();
    let mut expect = |code: &str| loop {
        let line = lines.next().expect("the mail server answers").expect("the mail server answers");
        assert!(line.starts_with(code), "{line}");
        if line.as_bytes().get(3) != Some(&b'-') {
            return;
        }
    };
    let mut stream = &stream;
    let mut say = |bytes: &[u8]| stream.write_all(bytes).expect("the mail server listens");
    expect("220");
    for (line, code) in [
        (format!("{hello} test\r\n"), "250"),
        (format!("MAIL FROM:<{from}>\r\n"), "250"),
        (format!("RCPT TO:<{to}>\r\n"), "250"),
        ("DATA\r\n".to_owned(), "354"),
    ] {
        say(line.as_bytes());
        expect(code);
    }
    let mut body = vec![];
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            body.push(b'.');
        }
        body.extend_from_slice(line);
    }
    say(&body);
    say(b"\r\n.\r\n");
    expect("250");
}
