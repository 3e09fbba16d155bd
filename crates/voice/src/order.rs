//! What a host may want of a call, and the words for what happens in it.

use crate::Sound;
use std::{path::PathBuf, time::Duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    Caller,
    /// Whoever was rung for the caller.
    Second,
    House,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// Somebody hung up.
    HungUp,
    /// Before it was answered.
    Cancelled,
    Busy,
    Declined,
    NoAnswer,
    /// There is no phone, or no way to it.
    Unreachable,
    /// No sound came any more.
    Silent,
    /// They have no sound in common with us.
    NoCommonSound,
}

#[derive(Clone, Debug)]
pub struct Ring {
    /// An extension.
    pub name: String,
    /// What its phone shows.
    pub caller: String,
    pub patience: Duration,
    /// Where the talk is kept.
    pub record: Option<PathBuf>,
    /// Whether the caller stays when the second leg hangs up.
    pub stay: bool,
}

#[derive(Clone, Debug)]
pub enum Order {
    /// The caller hears that it rings.
    Ringing,
    /// Sound before the call is answered: it costs the caller nothing.
    Early,
    Answer,
    /// Once; a digit ends it, and `Played` tells of its end.
    Play(Sound),
    Music,
    /// What the caller says to the house is kept, until `Kept` or the end.
    Keep(PathBuf),
    Kept,
    Ring(Ring),
    StopRinging,
    Hold,
    Resume,
    /// What the second leg says is not heard.
    Mute(bool),
    /// The second leg is let go, the caller stays.
    Release,
    /// All is over. Before the answer it is a refusal.
    HangUp,
}
