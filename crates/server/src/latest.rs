//! Something that is replaced as a whole: whoever reads it keeps the one that they took.

use std::sync::{Arc, PoisonError, RwLock};

#[derive(Default)]
pub struct Latest<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Latest<T> {
    pub fn get(&self) -> Arc<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives back what everyone reads from now on.
    pub fn put(&self, it: T) -> Arc<T> {
        let it = Arc::new(it);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = it.clone();
        it
    }
}
