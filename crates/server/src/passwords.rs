//! Password hashes: argon2id, on blocking threads, few at once so that sign-ins never starve the rest of memory or
//! of processor time.

use crate::random;
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use hashbrown::HashMap;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, MutexGuard, Semaphore};
use yingda_core::At;

pub struct Passwords {
    turns: Semaphore,
    /// A hash that no password fits: unknown logins take as long as known ones.
    nobody: Arc<OnceLock<String>>,
    /// Tries at one account go one after another.
    doors: [Mutex<()>; DOORS],
    strangers: std::sync::Mutex<HashMap<String, (u32, At)>>,
}

/// More unknown logins than this are a flood, and the oldest counts are worth nothing.
const MOST_STRANGERS: usize = 10_000;

/// Accounts share doors by hash; more doors only mean less waiting for strangers.
const DOORS: usize = 64;
/// No setting allows shorter passwords than this.
pub const LEAST: u8 = 8;

impl Passwords {
    pub fn new() -> Self {
        Self {
            turns: Semaphore::new(2),
            nobody: Arc::default(),
            doors: std::array::from_fn(|_| Mutex::default()),
            strangers: std::sync::Mutex::default(),
        }
    }

    /// Counts a wrong try at a login that does not exist, as if it did: otherwise the lock would tell which logins
    /// there are. Gives whether it is locked now. Only memory knows; a restart forgets.
    pub fn stranger_failed(&self, login: &str, now: At, lock_after: u32, lock_ms: At) -> bool {
        let mut strangers = self.strangers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if strangers.len() >= MOST_STRANGERS {
            strangers.clear();
        }
        let (count, locked_until_at) = strangers.entry(login.to_owned()).or_default();
        if *locked_until_at > now {
            return true;
        }
        *count += 1;
        if *count >= lock_after {
            *locked_until_at = now + lock_ms;
        }
        *locked_until_at > now
    }

    /// Waits until nobody else tries this login; the turn ends when the guard goes.
    pub async fn turn(&self, login: &str) -> MutexGuard<'_, ()> {
        let sum = login.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.doors[sum % DOORS].lock().await
    }

    pub async fn hash(&self, password: &str) -> String {
        let password = password.to_owned();
        self.in_turn(move || hash(&password)).await
    }

    /// Whether the password fits the hash. Without a hash the answer is no, after the same work.
    pub async fn fits(&self, password: &str, hashed: Option<String>) -> bool {
        let (password, nobody) = (password.to_owned(), self.nobody.clone());
        self.in_turn(move || {
            let exists = hashed.is_some();
            let hashed = hashed.unwrap_or_else(|| nobody.get_or_init(|| hash("nobody's password")).clone());
            fits(&password, &hashed) && exists
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

pub fn hash(password: &str) -> String {
    let salt: [u8; 16] = random::bytes();
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("the default parameters and a salt of 16 bytes are valid");
    hash.to_string()
}

fn fits(password: &str, hashed: &str) -> bool {
    PasswordHash::new(hashed)
        .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// Whether a password may be set: long enough, not the login, not one that everybody tries first.
pub fn is_strong(password: &str, login: &str, min: u8) -> bool {
    const COMMON: [&str; 8] =
        ["password", "12345678", "qwertyui", "11111111", "abcd1234", "iloveyou", "admin", "woaini"];
    let lower = password.to_lowercase();
    let one_letter = lower.chars().all(|letter| lower.starts_with(letter));
    lower.chars().count() >= usize::from(min.max(LEAST))
        && password.len() <= 1_000
        && !one_letter
        && (login.len() < 3 || !lower.contains(&login.to_lowercase()))
        && !COMMON.iter().any(|common| lower.starts_with(common) && lower.len() < common.len() + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_only_and_differs_each_time() {
        let hashed = hash("correct horse");
        assert!(hashed.starts_with("$argon2id$"), "{hashed}");
        assert!(fits("correct horse", &hashed));
        assert!(!fits("correct horsf", &hashed));
        assert!(!fits("correct horse", "not a hash"));
        assert_ne!(hash("correct horse"), hashed);
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert!(is_strong("vt8-kupfer-wald", "admin", 10));
        assert!(!is_strong("short", "admin", 10));
        assert!(!is_strong("aaaaaaaaaaaaaa", "admin", 10));
        assert!(!is_strong("password12", "x", 10));
        assert!(!is_strong("my-li.ming-2026", "li.ming", 10));
        assert!(is_strong("这是一个很长的中文密码", "admin", 10));
    }
}
