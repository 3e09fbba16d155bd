//! Today's counts per queue, kept as events happen so that a screen never has to add up rows.

use crate::{At, event::QueueExit, id::QueueId, wait::WaitEstimate};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub queues: BTreeMap<QueueId, QueueDay>,
    pub waits: BTreeMap<QueueId, WaitEstimate>,
}

/// A queue since the start of its day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDay {
    pub day_at: At,
    pub entered: u32,
    pub answered: u32,
    pub answered_in_time: u32,
    pub abandoned: u32,
    pub abandoned_in_time: u32,
}

impl Figures {
    /// The counts of the day that began at `day_at`; yesterday's are gone.
    pub fn of(&mut self, queue: QueueId, day_at: At) -> &mut QueueDay {
        let day = self.queues.entry(queue).or_default();
        if day.day_at != day_at {
            *day = QueueDay { day_at, ..QueueDay::default() };
        }
        day
    }

    pub fn wait(&mut self, queue: QueueId) -> &mut WaitEstimate {
        self.waits.entry(queue).or_default()
    }
}

impl QueueDay {
    pub fn left(&mut self, exit: QueueExit, in_time: bool) {
        match exit {
            QueueExit::Answered => {
                self.answered += 1;
                self.answered_in_time += u32::from(in_time);
            }
            QueueExit::Abandoned => {
                self.abandoned += 1;
                self.abandoned_in_time += u32::from(in_time);
            }
            QueueExit::Overflow | QueueExit::Transfer | QueueExit::Message | QueueExit::Closed => {}
        }
    }
}
