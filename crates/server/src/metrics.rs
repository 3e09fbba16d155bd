//! Figures for a collector, on a listener of their own: the service's doors stay closed to whoever only measures, and
//! the other way round.

use crate::{
    app::Shared,
    exposition::{Exposition, Labels, MEDIA_TYPE},
    http::floor::FloorNow,
    tasks,
};
use axum::{
    Router,
    body::Body,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    fs,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::Service;
use yingda_core::{At, agent::AgentState, lang::Lang};
use yingda_store::webhook;
use yingda_wire::http::{Floor, Standing};

/// A collector needs one connection; a few more do no harm.
const CONNECTIONS: usize = 16;
/// Who does not ask within this time is let go.
const PATIENCE: Duration = Duration::from_secs(30);
/// A loop or a store that does not answer by then is left out: the rest is wanted most in such a moment.
const ANSWER: Duration = Duration::from_secs(1);
/// Beyond so many given-up deliveries the number does not matter.
const DEAD_LETTERS: usize = 1_000;
/// Linux counts a process's time in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;
/// From a quarter of a millisecond to eight seconds.
const TIMES: std::ops::RangeInclusive<u32> = 8..=23;
/// From one command to the most that are stored together.
const BATCHES: std::ops::RangeInclusive<u32> = 0..=8;

/// Serves until the process is asked to stop.
pub async fn run(app: Shared, listener: TcpListener) {
    let router = Router::new().route("/metrics", get(move || tell(app.clone())));
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = tasks::stopping() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                if let Ok(place) = free.clone().try_acquire_owned() {
                    let router = router.clone();
                    tasks::start("metrics", async move {
                        serve(router, stream).await;
                        drop(place);
                    });
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a collector's connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(router: Router, stream: TcpStream) {
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move { Ok::<_, Infallible>(router.call(request.map(Body::new)).await.into_response()) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A collector that leaves early asks again.
        ended = connection => drop(ended),
        () = tasks::stopping() => {}
    }
}

async fn tell(app: Shared) -> Response {
    let mut it = Exposition::default();
    site(&mut it, &app);
    node(&mut it, &app);
    process(&mut it, &app);
    // Only the owner tells of what all nodes share, so that a sum over nodes counts nothing twice.
    if app.site.is_here() {
        if let Ok(Ok(floor)) = tokio::time::timeout(ANSWER, app.site.ask(FloorNow::WHOLE)).await {
            queues(&mut it, &app, &floor);
        }
        if let Ok(Some(dead)) = tokio::time::timeout(ANSWER, dead_letters(&app)).await {
            let labels: Vec<[(&str, &str); 2]> = dead
                .iter()
                .map(|(id, name, _)| [("webhook", id.as_str()), ("name", name.as_str())])
                .collect();
            let values: Vec<(Labels<'_>, f64)> =
                labels.iter().zip(&dead).map(|(labels, (.., count))| (&labels[..], *count as f64)).collect();
            it.gauges(
                "yingda_webhook_dead_letters",
                "Deliveries that were given up, counted up to 1000.",
                &values,
            );
        }
    }
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], it.text()).into_response()
}

/// What the site's loop did while it ran here.
fn site(it: &mut Exposition, app: &Shared) {
    let gauges = app.site.gauges();
    let count = |it: &std::sync::atomic::AtomicU64| it.load(Relaxed) as f64;
    it.counters(
        "yingda_commands_total",
        "Commands by what became of them.",
        &[(&[("result", "done")], count(&gauges.done)), (&[("result", "refused")], count(&gauges.refused))],
    );
    it.counter("yingda_events_total", "Events that were stored.", count(&gauges.events));
    it.counter(
        "yingda_failed_batches_total",
        "Batches of which nothing was stored.",
        count(&gauges.failed_batches),
    );
    it.histogram(
        "yingda_command_seconds",
        "From the moment a command is taken up until it may be answered.",
        &gauges.command.since_start(TIMES),
        1e6,
    );
    it.histogram("yingda_commit_seconds", "How long the store took.", &gauges.commit.since_start(TIMES), 1e6);
    it.histogram(
        "yingda_batch_commands",
        "Commands that were stored together.",
        &gauges.batch.since_start(BATCHES),
        1.0,
    );
}

/// This process among the others.
fn node(it: &mut Exposition, app: &Shared) {
    let yes = |yes: bool| f64::from(u8::from(yes));
    let is_up = |standing: Standing| yes(standing.up);
    it.gauges(
        "yingda_build_info",
        "The version, as a label.",
        &[(&[("version", env!("CARGO_PKG_VERSION"))], 1.0)],
    );
    let connected = app.hub.connected();
    it.gauges(
        "yingda_sockets",
        "Open connections.",
        &[
            (&[("kind", "visitor")], connected.visitor_sockets.into()),
            (&[("kind", "console")], connected.console_sockets.into()),
        ],
    );
    it.gauge("yingda_visitors", "Visitors who have the site open.", connected.visitors.into());
    it.gauge("yingda_log_position", "The last event known here.", *app.site.position().borrow() as f64);
    it.gauge("yingda_owner", "Whether this node decides and writes the log.", yes(app.site.is_here()));
    it.gauge("yingda_store_up", "Whether the store answers.", is_up(app.health.store()));
    if let Some(bus) = app.health.bus(app) {
        it.gauge("yingda_bus_up", "Whether the bus is connected.", is_up(bus));
    }
    if let Some(cluster) = &app.cluster {
        let seconds = cluster.renewal_us.load(Relaxed) as f64 / 1e6;
        it.gauge("yingda_lease_renewal_seconds", "How long the latest renewal took.", seconds);
    }
}

fn process(it: &mut Exposition, app: &Shared) {
    let started = app.health.started_at as f64 / 1e3;
    it.gauge("process_start_time_seconds", "When the process began, since 1970.", started);
    if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| cpu_seconds(&stat)) {
        it.counter("process_cpu_seconds_total", "Time that the processors worked for it.", seconds);
    }
    if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().and_then(|status| resident(&status)) {
        it.gauge("process_resident_memory_bytes", "Memory that it holds.", bytes);
    }
}

/// The 14th and 15th value; the second is a name in brackets that may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut values = stat.rsplit_once(')')?.1.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((values.next()?.ok()? + values.next()?.ok()?) / TICKS_PER_SECOND)
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024.0)
}

fn queues(it: &mut Exposition, app: &Shared, floor: &Floor) {
    let (directory, now) = (app.directory(), app.clock.now());
    let name = |id| directory.queues.get(&id).map_or("", |queue| queue.name.get(Lang::Zh)).to_owned();
    let named: Vec<(String, String)> =
        floor.queues.iter().map(|it| (it.queue.0.to_string(), name(it.queue))).collect();
    let labels: Vec<[(&str, &str); 2]> =
        named.iter().map(|(id, name)| [("queue", id.as_str()), ("name", name.as_str())]).collect();
    let each = |figure: &dyn Fn(&yingda_wire::frame::QueueNow) -> f64| -> Vec<(Labels<'_>, f64)> {
        labels.iter().zip(&floor.queues).map(|(labels, it)| (&labels[..], figure(it))).collect()
    };
    let waited = |since: Option<At>| since.map_or(0.0, |at| (now - at).max(0) as f64 / 1e3);
    it.gauges("yingda_queue_waiting", "Who waits.", &each(&|it| it.waiting.into()));
    it.gauges(
        "yingda_queue_longest_wait_seconds",
        "How long the first of them has waited.",
        &each(&|it| waited(it.longest_since_at)),
    );
    it.gauges("yingda_queue_active", "Conversations that are served.", &each(&|it| it.active.into()));
    it.gauges("yingda_queue_ready_agents", "Agents who can take a contact.", &each(&|it| it.ready.into()));
    let states =
        [("ready", AgentState::Ready), ("not_ready", AgentState::NotReady), ("offline", AgentState::Offline)];
    let labels = states.map(|(name, _)| [("state", name)]);
    let in_state = |state| floor.agents.iter().filter(|agent| agent.state == state).count() as f64;
    let values: Vec<(Labels<'_>, f64)> =
        labels.iter().zip(&states).map(|(labels, (_, state))| (&labels[..], in_state(*state))).collect();
    it.gauges("yingda_agents", "Agents by their state.", &values);
}

/// Each webhook with its name and how many deliveries to it were given up; `None` when the store does not say.
async fn dead_letters(app: &Shared) -> Option<Vec<(String, String, u64)>> {
    let mut all = vec![];
    for (id, it) in &app.directory().webhooks {
        let count = webhook::dead_letters(&app.db, *id, DEAD_LETTERS).await.ok()?;
        all.push((id.0.to_string(), it.name.clone(), count));
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_of_a_process_is_read() {
        let stat = "42 (ying) da) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 8 0 100 0 0";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("42"), None);
        assert_eq!(resident("Name:\tyingda\nVmRSS:\t   2048 kB\n"), Some(2_097_152.0));
        assert_eq!(resident("Name:\tyingda\n"), None);
    }
}
