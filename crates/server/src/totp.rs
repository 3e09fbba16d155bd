//! The second factor: six digits that change every half minute (RFC 6238). The secret is stored sealed.

use crate::{random, secrets::Secrets};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use totp_rs::{Builder, Totp};
use yingda_core::{
    At,
    lang::{Lang, Text},
};
use yingda_wire::http::TotpSecret;

const PURPOSE: &str = "totp";

/// A fresh secret, as the app takes it and as it is stored.
pub fn begin(secrets: &Secrets, login: &str, company: &Text) -> (TotpSecret, String) {
    let bytes: [u8; 20] = random::bytes();
    // A colon parts issuer and account in the address.
    let [issuer, account] = [company.get(Lang::En), login].map(|text| text.replace(':', " "));
    let totp = Builder::new()
        .with_secret(bytes)
        .with_account_name(account)
        .with_issuer(Some(issuer).filter(|issuer| !issuer.is_empty()))
        .build()
        .expect("twenty bytes, six digits and names without colons are valid");
    let uri = totp.to_url().expect("an account name is set");
    let sealed = STANDARD_NO_PAD.encode(secrets.seal(PURPOSE, &bytes));
    (TotpSecret { uri, secret: totp_rs::Secret::from(bytes).to_base32() }, sealed)
}

/// The time step at which the code is right, one step early or late allowed.
pub fn check(secrets: &Secrets, sealed: &str, code: &str, now: At) -> Option<i64> {
    let bytes = secrets.unseal(PURPOSE, &STANDARD_NO_PAD.decode(sealed).ok()?)?;
    let totp: Totp = Builder::new().with_secret(bytes).build().ok()?;
    totp.check(code, now.max(0) as u64 / 1_000).map(|step| step as i64)
}
