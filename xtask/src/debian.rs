//! What the tests need from Debian.

use crate::shell::{self, Outcome, at_root};
use std::path::Path;

/// A package, and a file or folder that tells that it is there.
const NEEDED: [(&str, &str); 17] = [
    ("baresip", "/usr/bin/baresip"),
    ("chromium", "/usr/bin/chromium"),
    ("dovecot-imapd", "/usr/lib/dovecot/imap"),
    ("dovecot-lmtpd", "/usr/lib/dovecot/lmtp"),
    ("espeak-ng", "/usr/bin/espeak-ng"),
    ("fonts-noto-cjk", "/usr/share/fonts/opentype/noto"),
    ("libfaketime", "/usr/share/doc/libfaketime"),
    ("nats-server", "/usr/sbin/nats-server"),
    ("poppler-utils", "/usr/bin/pdftotext"),
    ("postfix", "/usr/lib/postfix/sbin/master"),
    ("postgresql", "/usr/lib/postgresql"),
    ("sip-tester", "/usr/bin/sipp"),
    ("strace", "/usr/bin/strace"),
    ("swift-account", "/usr/bin/swift-account-server"),
    ("swift-container", "/usr/bin/swift-container-server"),
    ("swift-object", "/usr/bin/swift-object-server"),
    ("swift-proxy", "/usr/bin/swift-proxy-server"),
];

/// Installs what is missing where that is allowed, else names it.
pub fn prepare() -> Outcome {
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|(_, sign)| !Path::new(sign).exists())
        .map(|(package, _)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("install what the tests need first: apt-get install {}", missing.join(" "));
    if shell::read(at_root("id", &["-u"]))?.trim() != "0" {
        return Err(by_hand);
    }
    let apt = |arguments: &[&str]| {
        let mut command = at_root("apt-get", arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        shell::must(command).map_err(|error| format!("{error}; {by_hand}"))
    };
    apt(&["update", "-q"])?;
    let mut install = vec!["install", "-y", "-q", "--no-install-recommends"];
    install.extend(missing);
    apt(&install)
}
