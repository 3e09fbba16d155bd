//! How long a visitor will wait, estimated from how fast a queue was answered lately.
