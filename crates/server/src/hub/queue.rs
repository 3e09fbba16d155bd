//! Frames on their way to one socket. There are as many of these as connections, so an empty one is small: a channel
//! of the runtime's keeps a block of room for each that never fills it.

use super::Out;
use futures_util::task::AtomicWaker;
use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::Poll,
};

/// The hub's end. Dropping it ends the queue.
pub struct Feed(Arc<Queue>);

/// The socket's end.
pub struct Frames(Arc<Queue>);

struct Queue {
    waiting: Mutex<Waiting>,
    reader: AtomicWaker,
}

struct Waiting {
    frames: VecDeque<Out>,
    is_over: bool,
}

pub fn queue() -> (Feed, Frames) {
    let waiting = Waiting { frames: VecDeque::new(), is_over: false };
    let queue = Arc::new(Queue { waiting: Mutex::new(waiting), reader: AtomicWaker::new() });
    (Feed(queue.clone()), Frames(queue))
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Feed {
    /// False when so many wait already: then this frame is not among them, and the queue should end.
    pub fn push(&self, out: Out, most: usize) -> bool {
        let mut waiting = self.0.lock();
        if waiting.is_over || waiting.frames.len() >= most {
            return false;
        }
        waiting.frames.push_back(out);
        drop(waiting);
        self.0.reader.wake();
        true
    }

    pub fn is_over(&self) -> bool {
        self.0.lock().is_over
    }

    /// What waits is not sent any more; its reader sees the end.
    pub fn end(&self) {
        let mut waiting = self.0.lock();
        waiting.frames = VecDeque::new();
        waiting.is_over = true;
        drop(waiting);
        self.0.reader.wake();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end();
    }
}

impl Frames {
    /// Waits until there is something, then moves at most so much of it behind what `out` holds. 0 is the end.
    pub async fn take(&mut self, out: &mut Vec<Out>, most: usize) -> usize {
        poll_fn(|context| {
            self.0.reader.register(context.waker());
            let mut waiting = self.0.lock();
            let count = waiting.frames.len().min(most);
            if count == 0 && !waiting.is_over {
                return Poll::Pending;
            }
            out.extend(waiting.frames.drain(..count));
            if waiting.frames.is_empty() {
                waiting.frames = VecDeque::new();
            }
            Poll::Ready(count)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(seq: u64) -> Out {
        Out { seq, bytes: bytes::Bytes::new() }
    }

    #[tokio::test]
    async fn frames_keep_their_order_and_a_full_queue_says_so() {
        let (feed, mut frames) = queue();
        assert!((1..=5).all(|seq| feed.push(out(seq), 5)));
        assert!(!feed.push(out(6), 5));
        let mut taken = vec![];
        assert_eq!(frames.take(&mut taken, 3).await, 3);
        assert!(feed.push(out(6), 5), "there is room again");
        assert_eq!(frames.take(&mut taken, 9).await, 3);
        assert!(taken.iter().map(|out| out.seq).eq(1..=6));
        let (waiting, ()) = tokio::join!(frames.take(&mut taken, 9), async { assert!(feed.push(out(7), 5)) });
        assert_eq!(waiting, 1, "a reader that waits is woken");
    }

    #[tokio::test]
    async fn an_ended_queue_gives_nothing_more() {
        let (feed, mut frames) = queue();
        assert!(feed.push(out(1), 5));
        drop(feed);
        assert_eq!(frames.take(&mut vec![], 9).await, 0);
    }
}
