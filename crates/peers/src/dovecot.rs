//! A Dovecot server of its own: mailboxes by IMAP, filled by LMTP. It needs root, and gives the mails to a user without
//! rights.

use crate::{Scratch, folder, free_port, is_root, succeed, talk::hand, wait_for};
use std::{
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// It stops with its user.
pub struct Dovecot {
    scratch: Scratch,
    imap: u16,
    imaps: u16,
    lmtp: u16,
    auth: u16,
    child: Mutex<Option<Child>>,
    given: AtomicU32,
    filled: AtomicU32,
}

/// So many mailboxes there are in each domain.
const MAILBOXES: u32 = 20;

impl Dovecot {
    pub const PASSWORD: &str = "geheim";
    /// The house that is tested, and its customers.
    pub const DOMAINS: [&str; 2] = ["shop.example", "kunde.example"];

    /// With TLS where a certificate and its key are given, in PEM.
    pub fn new(tls: Option<(&str, &str)>) -> Self {
        Self::start(tls, "")
    }

    /// Takes access tokens as well, about which it asks at this address (RFC 7662): it appends the token.
    pub fn with_tokens(ask: &str) -> Self {
        Self::start(None, ask)
    }

    fn start(tls: Option<(&str, &str)>, ask: &str) -> Self {
        assert!(is_root(), "Dovecot runs only where root starts it");
        let scratch = Scratch::new();
        let home = folder(&scratch, "home", "mail");
        let at = scratch.path().display();
        let [imap, imaps, lmtp, auth] = [free_port(), free_port(), free_port(), free_port()];
        let tls = tls.map_or("ssl = no".to_owned(), |(certificate, key)| {
            write(&scratch, "certificate", certificate);
            write(&scratch, "key", key);
            format!("ssl = yes\nssl_cert = <{at}/certificate\nssl_key = <{at}/key")
        });
        let users =
            Self::DOMAINS.iter().flat_map(|domain| (0..MAILBOXES).map(move |n| format!("m{n}@{domain}")));
        let users = users.map(|user| format!("{user}:{{PLAIN}}{}::::::\n", Self::PASSWORD));
        write(&scratch, "users", &users.collect::<String>());
        let oauth =
            format!("introspection_url = {ask}\nintrospection_mode = get\nusername_attribute = email\n");
        write(&scratch, "oauth", &oauth);
        let tokens = format!("passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {at}/oauth\n}}");
        let (mechanism, tokens) = if ask.is_empty() { ("", "") } else { ("xoauth2", tokens.as_str()) };
        let text = format!(
            "base_dir = {at}/run
state_dir = {at}/state
log_path = {at}/log
protocols = imap lmtp
listen = 127.0.0.1
{tls}
disable_plaintext_auth = no
auth_mechanisms = plain login {mechanism}
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
first_valid_uid = 1
{tokens}
passdb {{
  driver = passwd-file
  args = {at}/users
}}
userdb {{
  driver = passwd-file
  args = {at}/users
  default_fields = uid=mail gid=mail home={home}/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    port = {auth}
  }}
}}
",
            home = home.display()
        );
        write(&scratch, "dovecot.conf", &text);
        let (child, given, filled) = (Mutex::new(None), AtomicU32::new(0), AtomicU32::new(0));
        let server = Self { scratch, imap, imaps, lmtp, auth, child, given, filled };
        server.start_again();
        server
    }

    pub fn imap(&self) -> u16 {
        self.imap
    }

    /// By TLS from the beginning.
    pub fn imaps(&self) -> u16 {
        self.imaps
    }

    pub(crate) fn lmtp(&self) -> u16 {
        self.lmtp
    }

    pub(crate) fn auth(&self) -> u16 {
        self.auth
    }

    /// A mailbox of the house and one of a customer, which nobody has used.
    pub fn pair(&self) -> (String, String) {
        let n = self.given.fetch_add(1, Ordering::Relaxed);
        assert!(n < MAILBOXES, "there are {MAILBOXES} mailboxes");
        let [house, customers] = Self::DOMAINS;
        (format!("m{n}@{house}"), format!("m{n}@{customers}"))
    }

    /// Puts a mail into a mailbox, byte for byte but for what the server adds on top (LMTP, RFC 2033).
    pub fn deliver(&self, to: &str, mail: &[u8]) {
        hand(self.lmtp, "LHLO", "sender@kunde.example", to, mail);
    }

    /// Where a mailbox's mails lie, each a file.
    pub fn folder(&self, user: &str) -> std::path::PathBuf {
        self.scratch.path().join("home").join(user).join("Maildir/new")
    }

    /// Puts many mails into a mailbox at once, as programs do that write into its folder themselves.
    pub fn fill(&self, to: &str, mails: impl Iterator<Item = Vec<u8>>) {
        use std::os::unix::fs::{MetadataExt, chown};
        let home = self.scratch.path().join("home");
        let owner = std::fs::metadata(&home).expect("there is a folder of mailboxes");
        let own = |path: &std::path::Path| {
            chown(path, Some(owner.uid()), Some(owner.gid())).expect("root gives things away");
        };
        let mut folder = home.join(to);
        for name in [None, Some("Maildir"), Some("new")] {
            folder = name.map_or(folder.clone(), |name| folder.join(name));
            std::fs::create_dir_all(&folder).expect("a mailbox takes a folder");
            own(&folder);
        }
        for (n, mail) in mails.enumerate() {
            let given = self.filled.fetch_add(1, Ordering::Relaxed);
            // Its name is its place in the order of delivery.
            let file = folder.join(format!("{:010}.M{n:06}P{given}.test", 1_700_000_000 + given));
            std::fs::write(&file, mail).expect("a mailbox takes a mail");
            own(&file);
        }
    }

    /// As a server does that was set up anew: what was read of a mailbox is no longer known by its numbers.
    pub fn renumber(&self, user: &str) {
        let mut command = Command::new("/usr/bin/doveadm");
        command.arg("-c").arg(self.scratch.path().join("dovecot.conf"));
        command.args(["mailbox", "update", "-u", user, "--uid-validity", "2000000000", "INBOX"]);
        succeed(&mut command, "dovecot-imapd");
    }

    /// After `stop`, on the same ports with the same mails.
    pub fn start_again(&self) {
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(self.scratch.path().join("dovecot.conf"));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|error| {
            panic!("dovecot did not start: {error}; install it first: apt-get install dovecot-imapd dovecot-lmtpd")
        });
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        wait_for(self.imap);
        wait_for(self.lmtp);
    }

    /// All who are connected lose their connection.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Killed outright it would leave those who serve a connection behind. It may have ended by itself.
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let _ = child.wait();
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

fn write(scratch: &Scratch, name: &str, text: &str) {
    std::fs::write(scratch.path().join(name), text).expect("a scratch folder takes a file");
}
