//! The one place that starts tasks: each has a name, a panic in one is logged under it, and all can be stopped.

use futures_util::FutureExt;
use std::{future::Future, panic::AssertUnwindSafe, sync::LazyLock};
use tokio::{sync::watch, task::JoinHandle};

/// Starts a task. When it panics the process goes on.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn start<F>(name: &'static str, work: F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        if AssertUnwindSafe(work).catch_unwind().await.is_err() {
            tracing::error!(name, "a task panicked");
        }
    })
}

/// Starts a task that goes on until the process is asked to stop.
pub fn go_on<F>(name: &'static str, work: F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    start(name, async move {
        tokio::select! {
            () = work => {}
            () = stopping() => {}
        }
    })
}

static STOP: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::channel(false).0);

/// Tells every task that waits in `stopping` to end.
pub fn stop() {
    STOP.send_replace(true);
}

/// Whether the process was asked to stop: for work on threads, which cannot wait for it.
pub fn is_stopping() -> bool {
    *STOP.borrow()
}

/// Waits until the process is asked to stop.
pub async fn stopping() {
    let mut receiver = STOP.subscribe();
    // The sender is a static, so waiting ends only by its word.
    let _ = receiver.wait_for(|stopped| *stopped).await;
}
