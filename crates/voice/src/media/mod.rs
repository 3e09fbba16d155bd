//! Sound: legs, what is played to them, and what is kept of them.

pub mod leg;
pub mod recorder;
pub mod rtp;
pub mod sound;
mod web;
