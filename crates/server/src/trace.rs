//! Following a request, or a command of a socket, over all nodes: its lines in the logs carry one id (W3C Trace Context), and where a collector is
//! named its spans go there.

mod export;

pub use export::{Tracer, start};

use crate::{app::Shared, random};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use std::{fmt, future::Future, str::FromStr, time::Instant};
use tracing::Instrument;
use yingda_core::At;

/// Where in which trace one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub trace: [u8; 16],
    pub span: [u8; 8],
    /// Whoever began the trace wants it collected.
    pub is_followed: bool,
}

tokio::task_local! {
    static HERE: Place;
}

/// Where the running request is.
pub fn here() -> Option<Place> {
    HERE.try_with(|place| *place).ok()
}

impl Place {
    fn begin(one_in: u32) -> Self {
        let trace: [u8; 16] = random::bytes();
        let draw = u32::from_be_bytes([trace[0], trace[1], trace[2], trace[3]]);
        Self { trace, span: random::bytes(), is_followed: draw.is_multiple_of(one_in.max(1)) }
    }

    fn below(self) -> Self {
        Self { span: random::bytes(), ..self }
    }
}

/// As it stands in the header `traceparent`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.is_followed);
        write!(f, "00-{}-{}-{flags:02x}", hex::encode(self.trace), hex::encode(self.span))
    }
}

impl FromStr for Place {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-').skip(1);
        let mut next = || parts.next().unwrap_or_default();
        let (mut place, mut flags) = (Self { trace: [0; 16], span: [0; 8], is_followed: false }, [0]);
        hex::decode_to_slice(next(), &mut place.trace)?;
        hex::decode_to_slice(next(), &mut place.span)?;
        hex::decode_to_slice(next(), &mut flags)?;
        // All zeros means nothing.
        if place.trace == [0; 16] || place.span == [0; 8] {
            return Err(hex::FromHexError::InvalidStringLength);
        }
        place.is_followed = flags[0] & 1 == 1;
        Ok(place)
    }
}

/// Work that is being done; told to the collector when it is dropped.
pub struct Span {
    pub place: Place,
    parent: Option<[u8; 8]>,
    name: String,
    /// A request from outside, or work for another node.
    kind: Kind,
    start_at: At,
    start: Instant,
    status: Option<u16>,
    tracer: Tracer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Server,
    Consumer,
}

impl Span {
    pub fn below(tracer: &Tracer, above: Place, name: &str, kind: Kind) -> Self {
        Self::new(tracer, above.below(), Some(above.span), name.to_owned(), kind)
    }

    fn new(tracer: &Tracer, place: Place, parent: Option<[u8; 8]>, name: String, kind: Kind) -> Self {
        let (start_at, start) = (tracer.clock.now(), tracer.clock.instant());
        Self { place, parent, name, kind, start_at, start, status: None, tracer: tracer.clone() }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.place.is_followed {
            self.tracer.tell(self);
        }
    }
}

/// Gives each request its place, from outside or fresh. Its name is the route's, which holds nobody's data.
pub async fn follow(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", |path| path.as_str());
    let name = format!("{} {route}", request.method());
    let above = request.headers().get("traceparent").and_then(|it| it.to_str().ok()?.parse::<Place>().ok());
    let mut span = match above {
        Some(above) => Span::below(&app.tracer, above, &name, Kind::Server),
        None => Span::new(&app.tracer, Place::begin(app.config.trace.one_in), None, name, Kind::Server),
    };
    // Of the highest level, so that it is there whatever the log leaves out.
    let logged = tracing::error_span!("request", trace = hex::encode(span.place.trace), name = span.name);
    let response = HERE.scope(span.place, next.run(request)).instrument(logged).await;
    span.status = Some(response.status().as_u16());
    response
}

/// Gives what a socket asks for its place: one socket's commands belong to no common request.
pub async fn command<T>(app: &Shared, name: &'static str, work: impl Future<Output = T>) -> T {
    let place = Place::begin(app.config.trace.one_in);
    let span = Span::new(&app.tracer, place, None, name.to_owned(), Kind::Server);
    let logged = tracing::error_span!("command", trace = hex::encode(place.trace), act = name);
    let work = async {
        tracing::debug!("a command of a socket");
        work.await
    };
    let done = HERE.scope(span.place, work).instrument(logged).await;
    drop(span);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_and_read_as_the_header_has_it() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let place: Place = text.parse().unwrap();
        assert!(place.is_followed);
        assert_eq!(place.to_string(), text);
        for wrong in
            ["", "00-4bf9-00f067aa0ba902b7-01", &text.replace("00f067aa0ba902b7", "0000000000000000")]
        {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
        assert!(Place::begin(1).is_followed);
        assert_eq!(place.below().trace, place.trace);
    }
}
