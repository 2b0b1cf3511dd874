//! The search operation: what it is asked, what it answers, what it says about
//! itself. The steps between are in `pipeline`.

use tracing::Span;
use tracing_audit::list;

use super::cache::CacheKey;
use super::caller::Caller;
use super::error::Result;
use super::ids::document_row;
use super::pipeline::{Hit, Pipeline, Query, Ranker};
use super::system::{Memory, require_knowledge_base};
use super::{acl, pipeline};

/// What to look for, and where.
#[derive(Clone, Default)]
pub(crate) struct SearchRequest {
    pub knowledge_base: String,
    /// Words, or an expression with `"…"`, `AND`, `OR`, `NOT`.
    pub query: String,
    /// How many hits at most.
    pub limit: usize,
    /// Only in this document.
    pub document_id: Option<String>,
    /// The application's own ranking, instead of relevance × importance.
    pub ranker: Option<Ranker>,
}

/// The best hits first.
#[derive(Debug)]
pub(crate) struct SearchResults {
    pub hits: Vec<Hit>,
    /// By which principals the caller may read the document searched in, if it
    /// is guarded.
    pub granted_by: Vec<String>,
}

impl Memory {
    /// Finds entries that the caller may read.
    #[tracing::instrument(err, skip_all, fields(
        audit.operation = "SEARCH",
        audit.resource = %request.knowledge_base,
        audit.entry_ids,
        query = %request.query,
        query_type,
        results_count,
        top_score,
        pipeline_steps,
        cached,
    ))]
    pub(crate) async fn search(
        &self,
        caller: &Caller,
        request: SearchRequest,
    ) -> Result<SearchResults> {
        let query = Query::parse(&request.query)?;
        let span = Span::current();
        span.record("query_type", query.kind.as_str());
        let granted_by = self.admit(caller, &request).await?;
        let mut pipeline = Pipeline::default();
        let hits = self.answer(caller, &request, query, &mut pipeline).await?;
        span.record("audit.entry_ids", list(&ids(&hits)));
        span.record("results_count", hits.len());
        span.record("top_score", hits.first().map(|hit| hit.score));
        span.record("pipeline_steps", list(&pipeline.steps));
        span.record("cached", pipeline.cached);
        Ok(SearchResults { hits, granted_by })
    }

    /// Whether the caller may search there at all.
    async fn admit(&self, caller: &Caller, request: &SearchRequest) -> Result<Vec<String>> {
        let (caller, request) = (caller.clone(), request.clone());
        self.db
            .run(move |db| {
                require_knowledge_base(db, &caller, &request.knowledge_base)?;
                let Some(id) = &request.document_id else { return Ok(Vec::new()) };
                let document = document_row(id)?;
                acl::owner(db, &caller, document)?;
                acl::authorize(db, &caller, document, Some(&request.query))
            })
            .await
    }

    async fn answer(
        &self,
        caller: &Caller,
        request: &SearchRequest,
        query: Query,
        pipeline: &mut Pipeline,
    ) -> Result<Vec<Hit>> {
        let key = cache_key(caller, request)?;
        // The application's own ranking may depend on anything.
        let answer = request.ranker.is_none().then(|| self.cache.answer(&key)).flatten();
        pipeline.cached = answer.is_some();
        pipeline.step(if pipeline.cached { "cache_hit" } else { "cache_miss" });
        if let Some(hits) = answer {
            return Ok(hits);
        }
        pipeline.step("tokenize");
        let (scope, terms) = (key.clone(), query.terms.clone());
        let candidates = self.db.run(move |db| pipeline::candidates(db, &scope, &query)).await?;
        pipeline.step("full_text_search");
        let hits = pipeline.refine(candidates, &terms, request.ranker.as_ref(), request.limit);
        if request.ranker.is_none() {
            self.cache.keep(key, &hits);
        }
        Ok(hits)
    }
}

fn cache_key(caller: &Caller, request: &SearchRequest) -> Result<CacheKey> {
    Ok(CacheKey {
        org_id: caller.org_id.clone(),
        principals: caller.principals.clone(),
        knowledge_base: request.knowledge_base.clone(),
        document: request.document_id.as_deref().map(document_row).transpose()?,
        query: request.query.clone(),
        limit: request.limit,
    })
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.entry_id.as_str()).collect()
}
