//! How to find the events of one segment: the smallest list that an index has,
//! and the checks that remain.

use super::checks::{Check, Pool, PoolRange};
use super::compiled::{ActorNeedle, Compiled, Needle};
use super::filter::Kinds;
use super::matching::NO_KEY;
use crate::buffer::{Posted, Segment, SymbolColumn};
use crate::event::{Kind, Status};

/// Lists of several values are united only if that promises to be cheaper
/// than looking at every event: if they name at most one event in so many, or
/// very few.
const UNION_SHARE: usize = 16;
const UNION_EVENTS_MIN: usize = 64;

/// Which events of the segment come into question.
#[derive(Clone, Copy)]
pub(super) enum Candidates<'a> {
    All,
    List(&'a [u16]),
    /// The planner's `union`.
    Union,
}

/// Plans segment after segment, with memory that is allocated once.
pub(super) struct Planner<'a> {
    filter: &'a Compiled<'a>,
    conditions: Vec<(Check<'a>, Lists<'a>)>,
    pub(super) pool: Pool,
    pub(super) union: Vec<u16>,
    pub(super) checks: Vec<Check<'a>>,
}

/// What an index knows about a condition.
#[derive(Clone, Copy)]
enum Lists<'a> {
    None,
    /// Exactly the events that satisfy it.
    Exact(&'a [u16]),
    /// These and others.
    Superset(&'a [u16]),
    /// Several lists with so many events together.
    Several(usize),
}

/// The segment has no event that satisfies the filter.
pub(super) struct Impossible;

type Outcome = Result<(), Impossible>;

impl<'a> Planner<'a> {
    pub(super) fn new(filter: &'a Compiled<'a>) -> Self {
        Planner {
            filter,
            conditions: Vec::new(),
            pool: Pool::default(),
            union: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// Leaves the remaining checks in `checks`. With a symbol of a user, that
    /// is the only one in this segment who may be the one that is wanted.
    pub(super) fn plan(
        &mut self,
        segment: &'a Segment,
        user: Option<u16>,
    ) -> Result<Candidates<'a>, Impossible> {
        self.conditions.clear();
        self.pool.clear();
        self.checks.clear();
        self.user(&segment.columns().user, user)?;
        self.texts(segment)?;
        self.several(segment)?;
        self.bounds(segment)?;
        self.scans(segment)?;
        let candidates = self.candidates(segment);
        self.checks.extend(self.conditions.iter().map(|(check, _)| *check));
        if self.checks.len() > 1 {
            self.checks.sort_by_key(Check::rank);
        }
        Ok(candidates)
    }

    fn texts(&mut self, segment: &'a Segment) -> Outcome {
        let (filter, columns) = (self.filter, segment.columns());
        self.symbol(&columns.session, &filter.session)?;
        self.symbol(&columns.org, &filter.org_scope)?;
        self.symbol(&columns.org, &filter.org)?;
        self.symbol(&columns.resource, &filter.resource)?;
        self.unindexed_symbol(&columns.source, &filter.source)?;
        filter.actor.as_ref().map_or(Ok(()), |actors| self.actor(segment, actors))
    }

    fn several(&mut self, segment: &'a Segment) -> Outcome {
        let filter = self.filter;
        if let Some(operations) = &filter.operations {
            self.operations(segment, operations)?;
        }
        if let Some(mask) = filter.statuses {
            self.statuses(segment, mask)?;
        }
        filter.entry_ids.as_ref().map_or(Ok(()), |ids| self.entry_ids(segment, ids))
    }

    fn bounds(&mut self, segment: &'a Segment) -> Outcome {
        let filter = self.filter;
        let logs = segment.log_entries();
        let (have, check) = match filter.kinds {
            Kinds::Every => (segment.events(), Check::Event),
            Kinds::Only(Kind::Log) => (logs, Check::Kind(Kind::Log)),
            Kinds::Only(kind) => (segment.events() - logs, Check::Kind(kind)),
        };
        self.known(have == 0, have == segment.len(), check)?;
        if let Some(bounds) = filter.times {
            self.within(segment.timestamps(), segment, bounds, true)?;
        }
        filter
            .durations
            .map_or(Ok(()), |bounds| self.within(segment.durations(), segment, bounds, false))
    }

    fn scans(&mut self, segment: &'a Segment) -> Outcome {
        let filter = self.filter;
        if let Some(trail) = &filter.trail {
            let none = !trail.meets(segment.event_id_range());
            self.known(none, false, Check::Trail(trail))?;
        }
        if let Some(part) = &filter.error_contains {
            self.known(segment.errors().is_empty(), false, Check::Error(part))?;
        }
        for wanted in &filter.metadata {
            let fields = segment.metadata();
            let keys =
                self.pool.add(wanted.splits.iter().map(|(needle, _)| {
                    fields.find_key(needle.hash, needle.text).unwrap_or(NO_KEY)
                }));
            let absent = self.pool.slice(keys).iter().all(|key| *key == NO_KEY);
            self.known(absent, false, Check::Metadata { wanted, fields, keys })?;
        }
        Ok(())
    }

    fn user(&mut self, column: &'a SymbolColumn, symbol: Option<u16>) -> Outcome {
        let Some((symbol, user)) = symbol.zip(self.filter.one_user()) else {
            return self.symbol(column, &self.filter.user);
        };
        if column.symbol_text(symbol) != Some(user.text) {
            return Err(Impossible);
        }
        self.one_symbol(column, symbol);
        Ok(())
    }

    fn symbol(&mut self, column: &'a SymbolColumn, forms: &Option<Vec<Needle<'a>>>) -> Outcome {
        let Some(forms) = forms else { return Ok(()) };
        let symbols = self.symbols(column, forms);
        match *self.pool.slice(symbols) {
            [] => return Err(Impossible),
            [symbol] => self.one_symbol(column, symbol as u16),
            _ => self.any_symbol(column, symbols)?,
        }
        Ok(())
    }

    fn one_symbol(&mut self, column: &'a SymbolColumn, symbol: u16) {
        if let Posted::List(list) = column.posted(symbol) {
            self.require(Check::Symbol { column, symbol }, Lists::Exact(list));
        }
    }

    fn unindexed_symbol(
        &mut self,
        column: &'a SymbolColumn,
        forms: &Option<Vec<Needle<'a>>>,
    ) -> Outcome {
        let Some(forms) = forms else { return Ok(()) };
        let symbols = self.symbols(column, forms);
        let check = match *self.pool.slice(symbols) {
            [] => return Err(Impossible),
            [symbol] => Check::Symbol { column, symbol: symbol as u16 },
            _ => Check::AnySymbol { column, symbols },
        };
        self.require(check, Lists::None);
        Ok(())
    }

    /// Those of the texts that the segment has.
    fn symbols(&mut self, column: &SymbolColumn, texts: &[Needle<'_>]) -> PoolRange {
        let found = texts.iter().filter_map(|needle| column.find(needle.hash, needle.text));
        self.pool.add(found.map(u32::from))
    }

    fn any_symbol(&mut self, column: &'a SymbolColumn, symbols: PoolRange) -> Outcome {
        let posted = self.pool.slice(symbols).iter().map(|symbol| column.posted(*symbol as u16));
        let Some(lists) = lists(posted) else { return Ok(()) };
        self.possible(lists)?;
        self.require(Check::AnySymbol { column, symbols }, lists);
        Ok(())
    }

    fn actor(&mut self, segment: &'a Segment, forms: &[ActorNeedle<'a>]) -> Outcome {
        let columns = segment.columns();
        let find = |column: &SymbolColumn, needle: &Needle<'_>| {
            column.find(needle.hash, needle.text).unwrap_or(0)
        };
        let found = forms.iter().map(|form| {
            let user = form.user.as_ref().map_or(0, |user| find(&columns.user, user));
            (find(&columns.actor, &form.actor), user)
        });
        let found = found.filter(|(actor, user)| *actor > 0 || *user > 0);
        let pairs = self.pool.add(found.flat_map(|(actor, user)| [actor.into(), user.into()]));
        let [actor, user] = *self.pool.slice(pairs) else {
            if self.pool.slice(pairs).is_empty() {
                return Err(Impossible);
            }
            self.require(Check::AnyActor { pairs }, Lists::None);
            return Ok(());
        };
        let (actor, user) = (actor as u16, user as u16);
        let lists = match (actor, user) {
            (actor, 0) => columns.actor.posted(actor).list().map_or(Lists::None, Lists::Exact),
            (0, user) => columns.user.posted(user).list().map_or(Lists::None, Lists::Superset),
            _ => Lists::None,
        };
        self.require(Check::Actor { actor, user }, lists);
        Ok(())
    }

    fn operations(&mut self, segment: &'a Segment, wanted: &[Needle<'a>]) -> Outcome {
        let column = &segment.columns().operation;
        let symbols = self.symbols(column, wanted);
        self.any_symbol(column, symbols)
    }

    fn statuses(&mut self, segment: &'a Segment, mask: u8) -> Outcome {
        let codes =
            Status::ALL.iter().map(|status| status.code()).filter(|code| mask >> code & 1 == 1);
        let Some(lists) = lists(codes.map(|code| segment.posted_status(code))) else {
            return Ok(());
        };
        self.possible(lists)?;
        self.require(Check::Status(mask), lists);
        Ok(())
    }

    fn entry_ids(&mut self, segment: &'a Segment, wanted: &[Needle<'a>]) -> Outcome {
        let ids = segment.entry_ids();
        let found = wanted.iter().filter_map(|needle| ids.find(needle.hash, needle.text));
        let wanted = self.pool.add(found);
        let total = self.pool.slice(wanted).iter().map(|id| ids.posted(*id).len()).sum();
        let lists = Lists::Several(total);
        self.possible(lists)?;
        self.require(Check::EntryIds { ids, wanted }, lists);
        Ok(())
    }

    fn within(
        &mut self,
        numbers: &'a crate::buffer::Numbers,
        segment: &'a Segment,
        (min, max): (u64, u64),
        always_present: bool,
    ) -> Outcome {
        let (least, greatest) = numbers.range().ok_or(Impossible)?;
        let none = segment.len() == 0 || greatest < min || least > max || min > max;
        let all = always_present && min <= least && greatest <= max;
        self.known(none, all, Check::Within { numbers, min, max })
    }

    /// Adds the check unless it is known that no event, or every event,
    /// satisfies it.
    fn known(&mut self, none: bool, all: bool, check: Check<'a>) -> Outcome {
        if none {
            return Err(Impossible);
        }
        if !all {
            self.require(check, Lists::None);
        }
        Ok(())
    }

    fn possible(&self, lists: Lists<'_>) -> Outcome {
        match lists {
            Lists::Several(0) | Lists::Exact([]) => Err(Impossible),
            _ => Ok(()),
        }
    }

    fn require(&mut self, check: Check<'a>, lists: Lists<'a>) {
        self.conditions.push((check, lists));
    }

    /// Picks the condition with the fewest events, and drops its check if its
    /// list makes it needless.
    fn candidates(&mut self, segment: &'a Segment) -> Candidates<'a> {
        let best = self
            .conditions
            .iter()
            .enumerate()
            .filter_map(|(at, (_, lists))| Some((lists.events(segment.len())?, at)))
            .min();
        let Some((_, at)) = best else { return Candidates::All };
        let Some((check, lists)) = self.conditions.get(at).copied() else { return Candidates::All };
        if !matches!(lists, Lists::Superset(_)) {
            self.conditions.swap_remove(at);
        }
        match lists {
            Lists::Exact(list) | Lists::Superset(list) => Candidates::List(list),
            Lists::None | Lists::Several(_) => self.unite(segment, check),
        }
    }

    /// Unites the lists of a condition that has several.
    fn unite(&mut self, segment: &'a Segment, check: Check<'a>) -> Candidates<'a> {
        self.union.clear();
        match check {
            Check::AnySymbol { column, symbols } => {
                let posted = self.pool.slice(symbols).iter().map(|at| column.posted(*at as u16));
                posted.for_each(|posted| self.union.extend(posted.list().unwrap_or_default()));
            }
            Check::EntryIds { ids, wanted } => {
                let posted = self.pool.slice(wanted).iter().map(|at| ids.posted(*at));
                posted.for_each(|list| self.union.extend(list));
            }
            Check::Status(mask) => {
                let codes = (0..4_u8).filter(|code| mask >> code & 1 == 1);
                codes.for_each(|code| {
                    self.union.extend(segment.posted_status(code).list().unwrap_or_default());
                });
            }
            _ => {}
        }
        self.union.sort_unstable();
        self.union.dedup();
        Candidates::Union
    }
}

impl Lists<'_> {
    /// How many events to look at, if these lists are to be used.
    fn events(&self, segment_events: usize) -> Option<usize> {
        match self {
            Lists::None => None,
            Lists::Exact(list) | Lists::Superset(list) => Some(list.len()),
            Lists::Several(events) => {
                let worth = (segment_events / UNION_SHARE).max(UNION_EVENTS_MIN);
                Some(*events).filter(|events| *events <= worth)
            }
        }
    }
}

/// `None` if every event is in one of them.
fn lists<'a>(posted: impl Iterator<Item = Posted<'a>>) -> Option<Lists<'a>> {
    let mut found = Lists::Several(0);
    for posted in posted {
        let Posted::List(list) = posted else { return None };
        found = match found {
            _ if list.is_empty() => found,
            Lists::Several(0) => Lists::Exact(list),
            Lists::Exact(other) => Lists::Several(other.len() + list.len()),
            Lists::Several(events) => Lists::Several(events + list.len()),
            other => other,
        };
    }
    Some(found)
}
