//! What can go wrong, told apart by what the caller can do about it.

use std::fmt;

/// Why a batch was not stored. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// A guarded statement touched another number of rows than expected: somebody was faster.
    Stale { statement: usize },
    /// A unique value is already taken; `what` names the constraint or columns.
    Conflict { what: String },
    /// Another node owns the site by now.
    Fenced,
    /// The store cannot be reached; the same batch may succeed later.
    Unavailable(String),
    /// The disk is full.
    DiskFull,
    /// The batch itself is at fault.
    Failed(String),
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommitError::Stale { statement } => {
                write!(f, "statement {statement} of the batch met another version")
            }
            CommitError::Conflict { what } => write!(f, "already taken: {what}"),
            CommitError::Fenced => f.write_str("another node owns the site now"),
            CommitError::Unavailable(why) => write!(f, "the store cannot be reached: {why}"),
            CommitError::DiskFull => f.write_str("the disk is full"),
            CommitError::Failed(why) => write!(f, "the batch was not stored: {why}"),
        }
    }
}

impl std::error::Error for CommitError {}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    Unavailable(String),
    /// The cursor is not one of ours.
    BadCursor,
    Failed(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Unavailable(why) => write!(f, "the store cannot be reached: {why}"),
            ReadError::BadCursor => f.write_str("the cursor is not one that this list gave out"),
            ReadError::Failed(why) => write!(f, "reading failed: {why}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<CommitError> for ReadError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Unavailable(why) => ReadError::Unavailable(why),
            other => ReadError::Failed(other.to_string()),
        }
    }
}

/// An error with the reason at its bottom, if that says more.
pub(crate) fn why(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let (told, cause) = (error.to_string(), last.to_string());
    if told.ends_with(&cause) { told } else { format!("{told}: {cause}") }
}

impl From<rusqlite::Error> for CommitError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{ErrorCode, ffi};
        let rusqlite::Error::SqliteFailure(failure, text) = &error else {
            return CommitError::Failed(error.to_string());
        };
        match (failure.code, failure.extended_code) {
            (ErrorCode::DiskFull, _) => CommitError::DiskFull,
            (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                CommitError::Conflict { what: text.clone().unwrap_or_default() }
            }
            (
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly,
                _,
            ) => CommitError::Unavailable(error.to_string()),
            _ => CommitError::Failed(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        CommitError::from(error).into()
    }
}

impl From<tokio_postgres::Error> for CommitError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            return if error.is_closed()
                || std::error::Error::source(&error).is_some_and(|e| e.is::<std::io::Error>())
            {
                CommitError::Unavailable(why(&error))
            } else {
                CommitError::Failed(why(&error))
            };
        };
        match db.code() {
            &SqlState::UNIQUE_VIOLATION => {
                CommitError::Conflict { what: db.constraint().unwrap_or_default().to_owned() }
            }
            &SqlState::DISK_FULL => CommitError::DiskFull,
            // Only the check of the fence divides.
            &SqlState::DIVISION_BY_ZERO => CommitError::Fenced,
            // Classes of "cannot now": connection, insufficient resources, operator intervention, rollback.
            code if ["08", "53", "57", "40"].iter().any(|class| code.code().starts_with(class)) => {
                CommitError::Unavailable(db.to_string())
            }
            _ => CommitError::Failed(db.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> Self {
        CommitError::from(error).into()
    }
}
