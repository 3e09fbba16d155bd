//! Signalling: what comes in, who it is, where phones are.

pub mod desk;
pub mod digest;
pub mod edge;
pub mod registrar;
pub mod screen;
pub mod sdp;
