//! API keys as they are now: which hash is which key. What a key may do stands in the directory.

use hashbrown::HashMap;
use std::sync::RwLock;
use yingda_core::{At, id::ApiKeyId};

/// The keyed hash of a key; the key itself is kept nowhere.
pub type KeyHash = [u8; 32];

#[derive(Clone, Copy, Debug)]
pub struct KnownKey {
    pub id: ApiKeyId,
    pub expires_at: Option<At>,
    pub used_at: Option<At>,
}

#[derive(Default)]
pub struct ApiKeys {
    known: RwLock<HashMap<KeyHash, KnownKey>>,
}

impl ApiKeys {
    pub fn new(stored: impl IntoIterator<Item = (KeyHash, KnownKey)>) -> Self {
        Self { known: RwLock::new(stored.into_iter().collect()) }
    }

    pub fn add(&self, hash: KeyHash, key: KnownKey) {
        self.known_mut().insert(hash, key);
    }

    /// A revoked key opens nothing from this moment on.
    pub fn revoke(&self, id: ApiKeyId) {
        self.known_mut().retain(|_, key| key.id != id);
    }

    /// The key behind a hash, unless it is unknown, revoked or past its time.
    pub fn check(&self, hash: KeyHash, now: At) -> Option<ApiKeyId> {
        let found = *self.known.read().unwrap_or_else(|e| e.into_inner()).get(&hash)?;
        if found.expires_at.is_some_and(|at| at <= now) {
            return None;
        }
        // A minute more or less does not matter, and spares a write lock for each request.
        if found.used_at.is_none_or(|at| now - at > 60_000)
            && let Some(key) = self.known_mut().get_mut(&hash)
        {
            key.used_at = Some(now);
        }
        Some(found.id)
    }

    /// When the key was last used, as far as this process knows.
    pub fn used_at(&self, id: ApiKeyId) -> Option<At> {
        let known = self.known.read().unwrap_or_else(|e| e.into_inner());
        known.values().find(|key| key.id == id).and_then(|key| key.used_at)
    }

    fn known_mut(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<KeyHash, KnownKey>> {
        self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_until_it_expires_or_is_revoked() {
        let key = KnownKey { id: ApiKeyId(5), expires_at: Some(100), used_at: None };
        let keys =
            ApiKeys::new([([1; 32], key), ([2; 32], KnownKey { id: ApiKeyId(6), expires_at: None, ..key })]);
        assert_eq!(keys.check([1; 32], 99), Some(ApiKeyId(5)));
        assert_eq!(keys.used_at(ApiKeyId(5)), Some(99));
        assert_eq!(keys.check([1; 32], 100), None);
        assert_eq!(keys.check([9; 32], 1), None);
        keys.revoke(ApiKeyId(6));
        assert_eq!(keys.check([2; 32], 1), None);
    }
}
