//! Ids as users see them, and the database rows behind them.

use super::error::{Error, Result};

pub(super) fn entry_id(row: i64) -> String {
    format!("mem_{row}")
}

pub(super) fn entry_row(id: &str) -> Result<i64> {
    row(id, "mem_").ok_or_else(|| Error::EntryNotFound(id.to_owned()))
}

pub(super) fn document_id(row: i64) -> String {
    format!("doc_{row}")
}

pub(super) fn document_row(id: &str) -> Result<i64> {
    row(id, "doc_").ok_or_else(|| Error::DocumentNotFound(id.to_owned()))
}

fn row(id: &str, prefix: &str) -> Option<i64> {
    id.strip_prefix(prefix)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back_to_their_rows() {
        assert_eq!(entry_row(&entry_id(7)).unwrap(), 7);
        assert_eq!(document_row(&document_id(9)).unwrap(), 9);
        assert!(matches!(entry_row("doc_7"), Err(Error::EntryNotFound(id)) if id == "doc_7"));
        assert!(document_row("doc_x").is_err());
    }
}
