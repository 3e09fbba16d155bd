//! Dovecot and Postfix for tests that are no Rust: it says where they are, and then does what each line of its input
//! asks for, with one line in answer. It ends with its input.

use std::io::stdin;
use yingda_peers::{Dovecot, Postfix};

fn main() {
    let dovecot = Dovecot::new(None);
    let postfix = Postfix::new(&dovecot, None);
    let (house, customer) = dovecot.pair();
    println!(
        r#"{{"imap":{},"smtp":{},"password":"{}","house":"{house}","customer":"{customer}","folder":"{}"}}"#,
        dovecot.imap(),
        postfix.smtp(),
        Dovecot::PASSWORD,
        dovecot.folder(&customer).display(),
    );
    for line in stdin().lines() {
        let line = line.expect("its input is text");
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("stop", _) => {
                postfix.stop();
                dovecot.stop();
            }
            // The other way round: Postfix asks Dovecot who may send, and rests for a minute where nobody answers.
            ("start", _) => {
                dovecot.start_again();
                postfix.start_again();
            }
            ("deliver", file) => {
                let mail = std::fs::read(file).expect("the mail lies in a file");
                dovecot.deliver(&house, &mail);
            }
            (other, _) => panic!("{other} is nothing that can be asked for"),
        }
        println!("done");
    }
}
