//! How much a user may store.

use rusqlite::{Connection, OptionalExtension, params};

use super::caller::Caller;
use super::error::{Error, Result};
use super::system::Memory;

impl Memory {
    /// Bounds what `user` may store to `bytes_max`; returns the bound before.
    /// Takes `role:admin`.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "SET_QUOTA",
        target_user = %user,
        quota_bytes = bytes_max,
        previous_quota_bytes,
    ))]
    pub(crate) async fn set_quota(
        &self,
        caller: &Caller,
        user: &str,
        bytes_max: i64,
    ) -> Result<Option<i64>> {
        super::acl::require_admin(caller, &format!("the quota of {user}"))?;
        let user = user.to_owned();
        let previous = self.db.run(move |db| replace(db, &user, bytes_max)).await?;
        tracing::Span::current().record("previous_quota_bytes", previous);
        Ok(previous)
    }
}

/// Fails if `bytes` more would be more than the owner's quota.
pub(super) fn charge(db: &Connection, owner: &str, bytes: usize) -> Result<()> {
    let Some(bytes_max) = bound(db, owner)? else { return Ok(()) };
    let used: i64 = db
        .prepare_cached(
            "SELECT coalesce(sum(length(CAST(content AS BLOB))), 0) FROM entries WHERE owner = ?1",
        )?
        .query_row(params![owner], |row| row.get(0))?;
    let bytes = used.saturating_add(i64::try_from(bytes).unwrap_or(i64::MAX));
    if bytes <= bytes_max {
        return Ok(());
    }
    Err(Error::QuotaExceeded { user: owner.to_owned(), bytes_max, bytes })
}

fn bound(db: &Connection, user: &str) -> Result<Option<i64>> {
    Ok(db
        .prepare_cached("SELECT bytes_max FROM quotas WHERE user_id = ?1")?
        .query_row(params![user], |row| row.get(0))
        .optional()?)
}

fn replace(db: &Connection, user: &str, bytes_max: i64) -> Result<Option<i64>> {
    let previous = bound(db, user)?;
    db.prepare_cached("INSERT OR REPLACE INTO quotas VALUES (?1, ?2)")?
        .execute(params![user, bytes_max])?;
    Ok(previous)
}
