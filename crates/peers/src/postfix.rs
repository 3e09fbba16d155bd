//! A Postfix server of its own, which hands mails over to Dovecot and sends back what it cannot. It needs root, as its
//! programs change to users of their own.

use crate::{Dovecot, Scratch, folder, free_port, is_root, succeed, talk::hand, wait_for};
use std::process::Command;

/// It stops with its user.
pub struct Postfix {
    scratch: Scratch,
    smtp: u16,
}

impl Postfix {
    /// This receiver of any domain is refused at once.
    pub const REFUSED: &str = "refused@kunde.example";

    /// Takes mails from whoever logs in at Dovecot; with STARTTLS where a certificate and its key are given, in PEM.
    pub fn new(dovecot: &Dovecot, tls: Option<(&str, &str)>) -> Self {
        Self::start(dovecot.lmtp(), Some(dovecot.auth()), tls)
    }

    /// Takes mails for the house from anybody on this machine, and hands them over there.
    pub fn handing_over(lmtp: u16) -> Self {
        Self::start(lmtp, None, None)
    }

    fn start(lmtp: u16, auth: Option<u16>, tls: Option<(&str, &str)>) -> Self {
        assert!(is_root(), "Postfix runs only where root starts it");
        let scratch = Scratch::new();
        let (at, smtp) = (scratch.path().display().to_string(), free_port());
        folder(&scratch, "data", "postfix");
        folder(&scratch, "queue", "root");
        let write = |name: &str, text: &str| {
            std::fs::write(scratch.path().join(name), text).expect("a scratch folder takes a file");
        };
        let tls = tls.map_or(String::new(), |(certificate, key)| {
            write("certificate", certificate);
            write("key", key);
            format!(
                "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {at}/certificate\nsmtpd_tls_key_file = {at}/key\n"
            )
        });
        write("receivers", &receivers(&[]));
        let (auth, mine) = match auth {
            Some(auth) => (
                format!(
                    "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:{auth}\nsmtpd_sasl_auth_enable = yes"
                ),
                "",
            ),
            None => (String::new(), "127.0.0.0/8"),
        };
        let domains = Dovecot::DOMAINS.join(", ");
        write(
            "main.cf",
            &format!(
                "compatibility_level = 3.6
queue_directory = {at}/queue
data_directory = {at}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {at}/log
maillog_file_prefixes = {at}
myhostname = mx.shop.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks = {mine}
alias_maps =
virtual_mailbox_domains = {domains}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:5.4.4 nothing leaves this machine
{auth}
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{at}/receivers
smtpd_peername_lookup = no
message_size_limit = 60000000
virtual_mailbox_limit = 0
{tls}"
            ),
        );
        write("master.cf", &format!("127.0.0.1:{smtp} inet n - n - - smtpd\n{SERVICES}"));
        let server = Self { scratch, smtp };
        server.start_again();
        server
    }

    /// After `stop`, on the same port with what it still had to carry.
    pub fn start_again(&self) {
        succeed(&mut self.postfix("start"), "postfix");
        wait_for(self.smtp);
    }

    /// From now on these and no others are refused for now.
    pub fn refuse_for_now(&self, addresses: &[&str]) {
        let at = self.scratch.path().join("receivers");
        std::fs::write(at, receivers(addresses)).expect("a scratch folder takes a file");
        self.stop();
        self.start_again();
    }

    /// All who are connected lose their connection.
    pub fn stop(&self) {
        succeed(&mut self.postfix("stop"), "postfix");
    }

    pub fn smtp(&self) -> u16 {
        self.smtp
    }

    /// Gives it a mail to carry.
    pub fn take(&self, from: &str, to: &str, mail: &[u8]) {
        hand(self.smtp, "EHLO", from, to, mail);
    }

    fn postfix(&self, what: &str) -> Command {
        let mut command = Command::new("/usr/sbin/postfix");
        command.arg("-c").arg(self.scratch.path()).arg(what);
        command
    }
}

/// Postfix's own table of who is refused.
fn receivers(for_now: &[&str]) -> String {
    let for_now: String = for_now.iter().map(|it| format!("{it} 450 4.2.1 come back later\n")).collect();
    format!("{} REJECT\n{for_now}", Postfix::REFUSED)
}

/// As in the file that comes with it, but without folders of their own to live in.
const SERVICES: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
";

impl Drop for Postfix {
    fn drop(&mut self) {
        // Stopped before, or gone: either way it does not run.
        let _ = self.postfix("abort").output();
    }
}
