//! The OpenAPI document. A release carries it as it lies in `docs`; a debug build makes it anew from the handlers, so
//! that `cargo xtask codegen` has something to write and the tests something to compare.

#[cfg(debug_assertions)]
mod describe;

use std::borrow::Cow;

/// The document of all endpoints, as `yingda openapi` prints it.
pub fn document() -> Cow<'static, str> {
    #[cfg(debug_assertions)]
    return describe::document().into();
    #[cfg(not(debug_assertions))]
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json")).trim_end().into()
}
