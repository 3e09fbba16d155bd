//! `yingda serve`.

use crate::{
    app::Shared,
    channels::{lmtp, phone},
    clock::Clock,
    config::{Config, LogFormat},
    demo, jobs, metrics, serve,
    start::{self, StartError, while_trying},
    tasks, tls,
};
use std::net::SocketAddr;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

pub async fn run(config: Config, with_demo: bool) -> Result<(), StartError> {
    log(&config)?;
    let mut lock = start::lock(&config.data)?;
    let listener = serve::bind(config.listen).map_err(|error| StartError(error.to_string()))?;
    let address = listener.local_addr().map_err(while_trying("cannot learn the port"))?;
    let collector = config.metrics.listen.map(serve::bind).transpose();
    let collector = collector.map_err(|error| StartError(error.to_string()))?;
    let mails = config.mail.listen.map(serve::bind).transpose();
    let mails = mails.map_err(|error| StartError(error.to_string()))?;
    let tls = config.tls.is_on().then(|| tls::acceptor(config.tls.clone()));
    let tls = tls.transpose().map_err(while_trying("cannot use the certificate"))?;
    let clock = Clock::new();
    let db = start::store(&config).await?;
    if with_demo && demo::is_empty(&db).await? {
        demo::load(&db, clock.now()).await?;
    }
    let is_demo = demo::is_demo(&db).await?;
    let app = start::app(config, clock, db).await?;
    lock.write(&own_url(&app.config, address)).map_err(while_trying("cannot write the lock file"))?;
    stop_on_signals()?;
    // In a cluster the owner of the site does them.
    let _jobs = app.cluster.is_none().then(|| jobs::start(&app, &app.db));
    let measured = collector.as_ref().and_then(|listener| listener.local_addr().ok());
    if let Some(listener) = collector {
        tasks::start("metrics", metrics::run(app.clone(), listener));
    }
    let handed = mails.as_ref().and_then(|listener| listener.local_addr().ok());
    if let Some(listener) = mails {
        tasks::start("lmtp", lmtp::run(app.clone(), listener));
    }
    let calls = phone::start(&app).await?;
    tell(&app, address, [measured, handed, calls], is_demo).await;
    serve::run(app.clone(), listener, tls).await;
    app.end().await;
    Ok(())
}

/// Prints where everything is. The first line is the sign that requests are served.
async fn tell(
    app: &Shared,
    address: SocketAddr,
    [measured, handed, calls]: [Option<SocketAddr>; 3],
    is_demo: bool,
) {
    let url = app.config.base_url(address);
    println!("Yingda {} listening on {url}", env!("CARGO_PKG_VERSION"));
    println!("  Console          {url}/console/");
    if let Some(token) = &*app.set_up_token.lock().await {
        println!("  First set-up     {url}/console/setup?token={token}");
    }
    if let Some(measured) = measured {
        println!("  Metrics          http://{measured}/metrics");
    }
    if let Some(handed) = handed {
        println!("  Mail by LMTP     {handed}");
    }
    if let Some(calls) = calls {
        println!("  Telephone (SIP)  {calls}");
    }
    if is_demo {
        println!("  Shop with widget {url}/demo/");
        for login in demo::logins() {
            println!("  {login}");
        }
    }
    println!("  Stop with Ctrl-C");
}

/// How this machine reaches the server, whatever the outside calls it.
fn own_url(config: &Config, address: SocketAddr) -> String {
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    let port = address.port();
    match address {
        _ if !address.ip().is_unspecified() => format!("{scheme}://{address}"),
        SocketAddr::V4(_) => format!("{scheme}://127.0.0.1:{port}"),
        SocketAddr::V6(_) => format!("{scheme}://[::1]:{port}"),
    }
}

fn log(config: &Config) -> Result<(), StartError> {
    // The telephone's parts tell every message with all that is in it, unless somebody asks for less and gets more.
    let level = format!("rsipstack=warn,rustrtc=warn,{}", config.log.level);
    let filter = EnvFilter::try_new(level).map_err(while_trying("`log.level` has a wrong value"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let what = panic.payload_as_str().unwrap_or("a panic without words");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "{what}");
    }));
    Ok(())
}

fn stop_on_signals() -> Result<(), StartError> {
    let listen = |kind| signal(kind).map_err(while_trying("cannot listen for signals"));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tasks::start("signals", async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop; open requests may end");
        tasks::stop();
    });
    Ok(())
}
