//! Rules for channels: what a machine cannot work with is told to the administrator, field by field.

use super::{Check, is_url};
use crate::{
    config::{Channel, Endpoint, Security, Setup, SiteSetup, SmppSetup, SmsHttp, SmsRules},
    fault::{Fault, Faults, Shape},
    form::is_email,
    sites,
};

impl Check<'_> {
    pub(super) fn channel(&self, channel: &Channel, faults: &mut Faults) {
        self.name(&channel.name, &self.directory.channels, |it| &it.name, faults);
        faults.unless(self.directory.queues.contains_key(&channel.queue), "queue", Fault::Unknown);
        faults.range("undo_s", channel.undo_s, 0, 600);
        faults.range("per_second", channel.per_second, 0, 10_000);
        match &channel.setup {
            Setup::Mail(it) => {
                faults.shape(is_email(&it.address), "setup.address", Shape::Email);
                line("setup.sender", &it.sender, 100, faults);
                line("setup.login", &it.login, 254, faults);
                line("setup.folder", &it.folder, 200, faults);
                line("setup.verifier", &it.verifier, 253, faults);
                faults.text("setup.signature", &it.signature, 2_000);
                // A mailbox that only sends, or whose mail comes by LMTP, names no IMAP server.
                if !it.imap.host.is_empty() {
                    endpoint("setup.imap", &it.imap, faults);
                }
                endpoint("setup.smtp", &it.smtp, faults);
                if let Some(oauth) = &it.oauth {
                    faults.shape(is_url(&oauth.token_url), "setup.oauth.token_url", Shape::Url);
                    faults.unless(!oauth.client.is_empty(), "setup.oauth.client", Fault::Missing);
                }
            }
            Setup::SmsHttp(it) => sms_http(it, faults),
            Setup::Smpp(it) => smpp(it, faults),
            Setup::Wechat(it) => {
                faults.unless(!it.app_id.trim().is_empty(), "setup.app_id", Fault::Missing);
                line("setup.app_id", &it.app_id, 64, faults);
                base("setup.base_url", &it.base_url, faults);
            }
            Setup::Wecom(it) => {
                faults.unless(!it.corp_id.trim().is_empty(), "setup.corp_id", Fault::Missing);
                line("setup.corp_id", &it.corp_id, 64, faults);
                base("setup.base_url", &it.base_url, faults);
            }
            Setup::Platform(it) => faults.shape(is_url(&it.url), "setup.url", Shape::Url),
            Setup::Letter(it) => line("setup.prefix", &it.prefix, 16, faults),
            Setup::Walkin | Setup::SiteMail => {}
            Setup::Phone(it) => {
                faults.unless(!it.numbers.is_empty(), "setup.numbers", Fault::Missing);
                let dialled = |it: &String| {
                    (1..=32).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit() || it == b'+')
                };
                faults.shape(it.numbers.iter().all(dialled), "setup.numbers", Shape::Phone);
                if let Some(flow) = it.flow {
                    let found = self.directory.flows.get(&flow);
                    faults.unless(found.is_some(), "setup.flow", Fault::Unknown);
                    faults.unless(found.is_none_or(|it| it.live.is_some()), "setup.flow", Fault::Unpublished);
                }
            }
            Setup::Site(it) => self.site(it, faults),
        }
    }
}

impl Check<'_> {
    fn site(&self, it: &SiteSetup, faults: &mut Faults) {
        faults.shape(sites::is_name(&it.site), "setup.site", Shape::Key);
        if let Some(queue) = it.sends {
            faults.unless(self.directory.queues.contains_key(&queue), "setup.sends", Fault::Unknown);
            faults.unless(it.deputy.is_some(), "setup.deputy", Fault::Missing);
        }
        if let Some(deputy) = it.deputy {
            faults.unless(self.directory.users.contains_key(&deputy), "setup.deputy", Fault::Unknown);
        }
    }
}

/// One line of text of a bounded length.
fn line(field: &str, text: &str, most: usize, faults: &mut Faults) {
    faults.length(field, text, most);
    faults.shape(!text.chars().any(char::is_control), field, Shape::Line);
}

fn base(field: &str, url: &str, faults: &mut Faults) {
    faults.shape(url.is_empty() || is_url(url), field, Shape::Url);
}

fn host(field: &str, host: &str, port: u16, faults: &mut Faults) {
    let fits = !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    faults.shape(fits, format!("{field}host"), Shape::Host);
    faults.range(&format!("{field}port"), port, 1, 65_535);
}

fn endpoint(field: &str, it: &Endpoint, faults: &mut Faults) {
    host(&format!("{field}."), &it.host, it.port, faults);
}

fn rules(it: &SmsRules, faults: &mut Faults) {
    line("setup.rules.signature", &it.signature, 20, faults);
    faults.range("setup.rules.quiet_from", it.quiet_from, 0, 1_440);
    faults.range("setup.rules.quiet_until", it.quiet_until, 0, 1_440);
    faults.unless(it.stop_words.len() <= 50, "setup.rules.stop_words", Fault::TooMany(50));
    for (n, word) in it.stop_words.iter().enumerate() {
        faults.unless(!word.trim().is_empty(), format!("setup.rules.stop_words.{n}"), Fault::Missing);
        faults.length(format!("setup.rules.stop_words.{n}"), word, 20);
    }
}

/// The lengths are the standard's (SMPP 3.4, section 5.2).
fn smpp(it: &SmppSetup, faults: &mut Faults) {
    rules(&it.rules, faults);
    endpoint("setup.server", &it.server, faults);
    let is_known = it.server.security != Security::Starttls;
    faults.shape(is_known, "setup.server.security", Shape::Choice);
    faults.unless(!it.system_id.trim().is_empty(), "setup.system_id", Fault::Missing);
    for (field, text, most) in [
        ("setup.system_id", &it.system_id, 15),
        ("setup.system_type", &it.system_type, 12),
        ("setup.source", &it.source, 20),
    ] {
        line(field, text, most, faults);
        faults.shape(text.is_ascii(), field, Shape::Line);
    }
    let is_code = it.country_code.len() <= 4 && it.country_code.bytes().all(|c| c.is_ascii_digit());
    faults.shape(is_code, "setup.country_code", Shape::Number);
    faults.range("setup.window", it.window, 0, 1_000);
}

fn sms_http(it: &SmsHttp, faults: &mut Faults) {
    rules(&it.rules, faults);
    faults.shape(is_url(&it.url), "setup.url", Shape::Url);
    faults.unless(!it.body.trim().is_empty(), "setup.body", Fault::Missing);
    faults.length("setup.body", &it.body, 4_000);
    faults.length("setup.sign", &it.sign, 1_000);
    line("setup.content_type", &it.content_type, 100, faults);
    faults.unless(it.headers.len() <= 20, "setup.headers", Fault::TooMany(20));
    for (name, value) in &it.headers {
        let field = format!("setup.headers.{name}");
        let is_name = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        faults.shape(is_name, &*field, Shape::Key);
        line(&field, value, 1_000, faults);
    }
    for (field, text) in [
        ("setup.ok_at", &it.ok_at),
        ("setup.ok_is", &it.ok_is),
        ("setup.id_at", &it.id_at),
        ("setup.error_at", &it.error_at),
        ("setup.in_from", &it.in_from),
        ("setup.in_text", &it.in_text),
        ("setup.in_id", &it.in_id),
        ("setup.receipt_id", &it.receipt_id),
        ("setup.receipt_state", &it.receipt_state),
        ("setup.signature_header", &it.signature_header),
    ] {
        line(field, text, 200, faults);
    }
}
