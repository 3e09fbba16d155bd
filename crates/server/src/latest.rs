//! Something that is replaced as a whole: whoever reads it keeps the one that they took.

use std::sync::Arc;
use tokio::sync::watch;

pub struct Latest<T>(watch::Sender<Arc<T>>);

impl<T: Default> Default for Latest<T> {
    fn default() -> Self {
        Self(watch::Sender::default())
    }
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Latest<T> {
    pub fn get(&self) -> Arc<T> {
        self.0.borrow().clone()
    }

    /// Tells whenever there is another.
    pub fn follow(&self) -> watch::Receiver<Arc<T>> {
        self.0.subscribe()
    }

    /// Gives back what everyone reads from now on.
    pub fn put(&self, it: T) -> Arc<T> {
        let it = Arc::new(it);
        self.0.send_replace(it.clone());
        it
    }
}
