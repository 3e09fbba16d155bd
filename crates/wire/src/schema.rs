//! What a schema cannot derive by itself.
