use sqlx::error::DatabaseError;

/// A failure of the database, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database address is not understood: {0}")]
    Address(String),
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A stored value is not what the program writes.
    #[error("the stored data is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
}

impl Error {
    /// A unique or primary key already holds the value.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Error::Sqlx(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// The same work may succeed when done again: lost connections, deadlocks, serialisation failures, a busy
    /// SQLite file. Whether a commit that failed so took effect is unknown.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Sqlx(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed) => true,
            Error::Sqlx(sqlx::Error::Protocol(_)) => true,
            Error::Sqlx(sqlx::Error::Database(error)) => is_transient_code(error.as_ref()),
            _ => false,
        }
    }
}

/// SQLSTATE classes 08 (connection), 40 (rollback), 53 (resources), 57P (shutdown); SQLite's BUSY, LOCKED and their
/// extended codes.
fn is_transient_code(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    if let Ok(sqlite) = code.parse::<u32>()
        && code.len() < 5
    {
        return matches!(sqlite & 0xff, 5 | 6);
    }
    ["08", "40", "53", "57P"].iter().any(|class| code.starts_with(class))
}
