//! The OpenAPI document. A release carries it as it lies in `docs`; a debug build makes it anew from the handlers, so
//! that `cargo xtask codegen` has something to write and the tests something to compare.

#[cfg(debug_assertions)]
mod describe;

/// The document of all endpoints, as `yingda openapi` prints it.
#[cfg(debug_assertions)]
pub fn document() -> String {
    describe::document()
}

/// The document of all endpoints, as `yingda openapi` prints it.
#[cfg(not(debug_assertions))]
pub fn document() -> String {
    use std::io::Read as _;
    const STORED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));
    let mut text = String::new();
    let read = flate2::read::GzDecoder::new(STORED).read_to_string(&mut text);
    read.expect("the build compressed a text");
    text
}
