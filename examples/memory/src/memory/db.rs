//! The database: one connection, used on blocking threads.
//!
//! The span of the operation goes along to the blocking thread, so that what
//! happens there (an access check, a panic) belongs to the operation.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tracing::Span;

use super::error::{Error, Result};

const SCHEMA: &str = include_str!("schema.sql");

/// A cheap handle on the database.
#[derive(Clone)]
pub(super) struct Db {
    connection: Arc<Mutex<Connection>>,
}

impl Db {
    pub(super) fn in_memory() -> Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(SCHEMA)?;
        Ok(Db { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs `work` in a transaction, on a thread that may block. An error or a
    /// panic in `work` rolls back; a panic goes on in the caller.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (db, span) = (self.clone(), Span::current());
        let task = tokio::task::spawn_blocking(move || span.in_scope(|| db.transact(work)));
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Error::Stopped),
        }
    }

    fn transact<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        // A transaction that panicked was rolled back: the connection is good.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}
