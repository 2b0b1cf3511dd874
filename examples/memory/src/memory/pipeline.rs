//! The steps of a search, each recorded as it runs: full-text candidates that
//! the caller may read, ranking, removal of duplicates, formatting.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, Row, ffi, params};

use super::cache::CacheKey;
use super::error::{Error, Result};
use super::ids::entry_id;
use super::text::{snippet, terms};

/// How many candidates the ranking sees.
const CANDIDATES_MAX: u32 = 50;
/// Queries of more words than this count as complex.
const SIMPLE_TERMS_MAX: usize = 3;
const SNIPPET_CHARS: usize = 120;

/// A candidate's score, larger is better.
pub(crate) type Ranker = Arc<dyn Fn(&Candidate) -> f64 + Send + Sync>;

/// An entry that matches a query.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub entry_id: String,
    pub content: String,
    pub importance: f64,
    /// BM25, larger is better.
    pub relevance: f64,
}

/// A found entry.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub entry_id: String,
    pub score: f64,
    pub snippet: String,
}

/// What kind of query somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryKind {
    Simple,
    Complex,
    Expression,
}

impl QueryKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            QueryKind::Simple => "simple",
            QueryKind::Complex => "complex",
            QueryKind::Expression => "expression",
        }
    }
}

/// A query that the full-text index can be asked.
pub(super) struct Query {
    pub kind: QueryKind,
    pub terms: Vec<String>,
    text: String,
    expression: String,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Query> {
        let terms: Vec<String> = terms(text).into_iter().map(str::to_owned).collect();
        if terms.is_empty() {
            let reason = "it has no words".to_owned();
            return Err(Error::BadQuery { query: text.to_owned(), reason });
        }
        let operators = terms.iter().any(|term| matches!(term.as_str(), "AND" | "OR" | "NOT"));
        let kind = match terms.len() {
            _ if operators || text.contains('"') => QueryKind::Expression,
            0..=SIMPLE_TERMS_MAX => QueryKind::Simple,
            _ => QueryKind::Complex,
        };
        let expression = match kind {
            QueryKind::Expression => text.to_owned(),
            _ => terms.iter().map(|term| format!("\"{term}\"")).collect::<Vec<_>>().join(" OR "),
        };
        Ok(Query { kind, terms, text: text.to_owned(), expression })
    }
}

/// What ran, in order.
#[derive(Default)]
pub(super) struct Pipeline {
    pub steps: Vec<&'static str>,
    pub cached: bool,
}

impl Pipeline {
    pub(super) fn step(&mut self, name: &'static str) {
        self.steps.push(name);
    }

    /// From candidates to at most `limit` hits.
    pub(super) fn refine(
        &mut self,
        candidates: Vec<Candidate>,
        terms: &[String],
        ranker: Option<&Ranker>,
        limit: usize,
    ) -> Vec<Hit> {
        let ranked = rank(candidates, ranker);
        self.step(if ranker.is_some() { "custom_rank" } else { "rank" });
        let unique = dedup(ranked);
        self.step("dedup");
        let hits = unique.into_iter().take(limit).map(|found| format(found, terms)).collect();
        self.step("format");
        hits
    }
}

/// The best matches among what the caller may read: open and permitted
/// documents, and own notes.
pub(super) fn candidates(
    db: &Connection,
    scope: &CacheKey,
    query: &Query,
) -> Result<Vec<Candidate>> {
    let principals = serde_json::Value::from(scope.principals.as_slice()).to_string();
    let mut statement = db.prepare_cached(
        "SELECT e.row, e.content, e.importance, -bm25(entries_fts)
         FROM entries_fts JOIN entries e ON e.row = entries_fts.rowid
         WHERE entries_fts MATCH ?1 AND e.org_id = ?2 AND e.knowledge_base = ?3
           AND (?4 IS NULL OR e.document = ?4)
           AND CASE WHEN e.document IS NULL
               THEN 'user:' || e.owner IN (SELECT value FROM json_each(?5))
               ELSE NOT EXISTS (SELECT 1 FROM document_principals WHERE document = e.document)
                 OR EXISTS (SELECT 1 FROM document_principals WHERE document = e.document
                            AND principal IN (SELECT value FROM json_each(?5))) END
         ORDER BY bm25(entries_fts), e.row LIMIT ?6",
    )?;
    let scope = params![
        query.expression,
        scope.org_id,
        scope.knowledge_base,
        scope.document,
        principals,
        CANDIDATES_MAX
    ];
    let found = statement.query_map(scope, candidate).and_then(Iterator::collect);
    found.map_err(|error| bad_query(query, error))
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        entry_id: entry_id(row.get(0)?),
        content: row.get(1)?,
        importance: row.get(2)?,
        relevance: row.get(3)?,
    })
}

/// A syntax error in an expression is the asker's, not the database's.
fn bad_query(query: &Query, error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, Some(reason))
            if failure.extended_code == ffi::SQLITE_ERROR =>
        {
            Error::BadQuery { query: query.text.clone(), reason }
        }
        error => Error::Database(error),
    }
}

fn rank(candidates: Vec<Candidate>, ranker: Option<&Ranker>) -> Vec<(f64, Candidate)> {
    let mut ranked: Vec<_> = candidates
        .into_iter()
        .map(|found| (ranker.map_or_else(|| score(&found), |ranker| ranker(&found)), found))
        .collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked
}

fn score(found: &Candidate) -> f64 {
    found.relevance * (0.5 + found.importance)
}

fn dedup(ranked: Vec<(f64, Candidate)>) -> Vec<(f64, Candidate)> {
    let mut seen = HashSet::new();
    ranked.into_iter().filter(|(_, found)| seen.insert(found.content.clone())).collect()
}

fn format((score, found): (f64, Candidate), terms: &[String]) -> Hit {
    let snippet = snippet(&found.content, terms, SNIPPET_CHARS);
    Hit { entry_id: found.entry_id, score, snippet }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_told_apart() {
        let kind = |text| Query::parse(text).map(|query| query.kind).ok();
        assert_eq!(kind("audit trail"), Some(QueryKind::Simple));
        assert_eq!(kind("what is the refund policy?"), Some(QueryKind::Complex));
        assert_eq!(kind("audit AND trail"), Some(QueryKind::Expression));
        assert_eq!(kind(" ?! "), None);
    }

    #[test]
    fn the_best_come_first_and_only_once() {
        let candidate = |id: &str, content: &str, relevance| Candidate {
            entry_id: id.to_owned(),
            content: content.to_owned(),
            importance: 0.5,
            relevance,
        };
        let found =
            vec![candidate("a", "x", 1.0), candidate("b", "y", 3.0), candidate("c", "x", 2.0)];
        let mut pipeline = Pipeline::default();
        let hits = pipeline.refine(found, &[], None, 10);
        let ids: Vec<_> = hits.iter().map(|hit| hit.entry_id.as_str()).collect();
        assert_eq!(ids, ["b", "c"]);
        assert_eq!(pipeline.steps, ["rank", "dedup", "format"]);
    }
}
