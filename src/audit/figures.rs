//! Figures over whatever a query finds, on the thread that asks. A trail on disk
//! may be larger than memory, so one event at a time is held.

use crate::error::Result;
use crate::query::Query;
use crate::statistics::{UserStatistics, UserTally};

pub(super) fn user_statistics(query: &Query) -> Result<UserStatistics> {
    let mut tally = UserTally::default();
    query.each(|event| tally.add(&event))?;
    Ok(tally.statistics())
}
