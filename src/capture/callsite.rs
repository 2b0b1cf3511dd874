//! What matters about a callsite, decided once from its static metadata.
//!
//! Callsites that matter are in a table whose buckets are written once; of the
//! [`Others`] only the addresses are kept. So a look-up costs a hash and a load or
//! two: no locks, no unsafe code.
//!
//! A callsite may be asked about before it was registered: while one thread
//! registers it, `tracing` lets others that meet it go on. It is then decided
//! on the spot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing_core::{Metadata, callsite::Identifier};

use super::fixed::boxed_array;
use super::meaning::Meanings;
use super::opens::{AtomicOpens, Opens};
use super::others::Others;
use super::place::{Place, Places, Report};
use super::ruled::{Book, Concern, Mark};
pub(crate) use super::slot::{IdField, Slot};

/// Why a callsite matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// A span that becomes an event.
    Operation,
    /// A span that only carries identity for the spans inside it.
    Context,
    /// A `tracing` event that becomes an audit event.
    Statement,
    /// An event by which `#[instrument]` may report how its function ended.
    Report(Report),
    /// It says nothing of itself; a policy has something to say.
    Silent,
}

/// What is known of a callsite that matters.
#[derive(Debug)]
pub(crate) struct Callsite {
    pub(crate) metadata: &'static Metadata<'static>,
    pub(crate) index: u32,
    pub(crate) role: Role,
    pub(super) opens: AtomicOpens,
    /// The policy in force has something to say.
    pub(super) ruled: Mark,
    pub(crate) fields: Meanings,
    /// Index of the field by which spans state how they ended; [`NO_FIELD`].
    pub(super) status_field: u32,
    /// Field names, by field index.
    pub(crate) names: Box<[&'static str]>,
    /// Some field name occurs twice.
    pub(crate) repeats_names: bool,
    /// Where `#[instrument]` stands; shared by the span and its report events.
    pub(crate) place: Arc<Place>,
    /// The function was seen to report its return. Then so is [some](Callsites::some_report).
    reports_return: AtomicBool,
    /// A misuse of this callsite was already reported.
    pub(crate) warned: AtomicBool,
}

impl Callsite {
    /// Whether its spans or events are wanted: a report event is not where no
    /// audited span can be.
    pub(crate) fn is_wanted(&self) -> bool {
        match self.role {
            Role::Report(_) => self.place.may_matter() || self.ruled.is_set(),
            Role::Silent => self.ruled.is_set(),
            Role::Operation | Role::Context | Role::Statement => true,
        }
    }

    /// Whether the function was seen to report its return.
    pub(super) fn reports_return(&self) -> bool {
        self.reports_return.load(Ordering::Relaxed)
    }

    /// Whether this is the first misuse of the callsite that is noticed.
    pub(crate) fn first_warning(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }

    /// `file:line`, as far as known.
    pub(crate) fn location(&self) -> String {
        location(self.metadata)
    }
}

/// All callsites that matter to one layer.
#[derive(Debug)]
pub(crate) struct Callsites {
    /// The policy in force.
    pub(crate) book: Book,
    table: Table,
    pub(super) others: Others,
    /// Held while a callsite is registered; callsites with fields that mean
    /// nothing, each of which was told of.
    told: Mutex<Vec<(Identifier, UnknownFields)>>,
    places: Places,
    ignored_targets: Vec<String>,
    /// The layer is told of every span that is entered and left. Before it is told of
    /// any callsite it is clear whether it is.
    pub(super) told_of_all: AtomicBool,
    /// Some function was seen to report its return.
    some_report: AtomicBool,
}

impl Callsites {
    pub(crate) fn new(ignored_targets: Vec<String>) -> Self {
        Callsites {
            book: Book::default(),
            table: Table::new(0),
            others: Others::new(),
            told: Mutex::default(),
            places: Places::default(),
            ignored_targets,
            told_of_all: AtomicBool::new(false),
            some_report: AtomicBool::new(false),
        }
    }

    /// Decides what `metadata` is to us, and remembers it. Asked again for the
    /// same callsite it answers the same, except that a report event is
    /// dropped once a span at its place is known not to matter.
    ///
    /// `misuse` is told, once, about field names that are none.
    #[cold]
    #[inline(never)]
    pub(crate) fn register(
        &self,
        metadata: &'static Metadata<'static>,
        misuse: impl FnOnce(String),
    ) -> Option<&Callsite> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.table.find(address(metadata)) {
            return Some(known);
        }
        let role = self.role(metadata);
        let concern = self.concern(metadata);
        let place = self.places.register(metadata, role_at_place(role.as_ref(), concern));
        let fields: Meanings =
            metadata.fields().iter().map(|field| Slot::of(field.name())).collect();
        let was_told = || told.iter().any(|(known, _)| *known == identifier(metadata));
        if !self.is_ignored(metadata) && !was_told() {
            if let Some(unknown) = UnknownFields::of(metadata, &fields) {
                misuse(unknown.to_string());
                told.push((identifier(metadata), unknown));
            }
        }
        let Some(role) = role.or(concern.is_any.then_some(Role::Silent)) else {
            if !self.is_ignored(metadata) {
                self.book.note_unmatched(metadata);
            }
            self.others.insert(metadata);
            return None;
        };
        Some(self.table.insert(metadata, |index| Callsite {
            metadata,
            index,
            opens: AtomicOpens::new(self.opens(&role, concern)),
            role,
            ruled: Mark::new(concern),
            status_field: fields.status().unwrap_or(NO_FIELD),
            fields,
            names: metadata.fields().iter().map(|field| field.name()).collect(),
            repeats_names: repeats_names(metadata),
            place,
            reports_return: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }))
    }

    /// What a callsite is to us, if it matters. Registers it if nobody has.
    #[inline]
    pub(crate) fn find(
        &self,
        metadata: &'static Metadata<'static>,
        misuse: impl FnOnce(String),
    ) -> Option<&Callsite> {
        match self.table.find(address(metadata)) {
            None => self.register_if_unknown(metadata, misuse),
            known => known,
        }
    }

    #[cold]
    #[inline(never)]
    fn register_if_unknown(
        &self,
        metadata: &'static Metadata<'static>,
        misuse: impl FnOnce(String),
    ) -> Option<&Callsite> {
        if self.others.contains(metadata) { None } else { self.register(metadata, misuse) }
    }

    /// The callsite with this index, if it is one of the first few.
    #[inline(always)]
    pub(super) fn by_first_index(&self, index: u32) -> Option<&Callsite> {
        self.table.buckets.get(index as usize)?.get()
    }

    /// The callsite with this index.
    pub(crate) fn by_index(&self, index: u32) -> Option<&Callsite> {
        self.table.by_index(index)
    }

    /// Notes that the function of a callsite reported its return.
    pub(super) fn note_return(&self, callsite: &Callsite) {
        callsite.reports_return.store(true, Ordering::Relaxed);
        self.some_report.store(true, Ordering::Relaxed);
    }

    /// Whether some function was seen to report its return. If none was, no callsite has
    /// to be asked.
    #[inline(always)]
    pub(super) fn some_report(&self) -> bool {
        self.some_report.load(Ordering::Relaxed)
    }

    /// Every callsite that matters.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Callsite> {
        let mut tables = Vec::new();
        let mut table = Some(&self.table);
        while let Some(known) = table {
            tables.push(known);
            table = known.next.get().map(|next| &**next);
        }
        tables.into_iter().flat_map(|table| table.buckets.iter().filter_map(OnceLock::get))
    }

    /// The fields under names of ours that mean nothing, of every callsite that
    /// was met.
    pub(crate) fn unknown_fields(&self) -> Vec<UnknownFields> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().map(|(_, unknown)| unknown.clone()).collect()
    }

    /// Puts a policy in force: what was decided of callsites is decided anew.
    #[cfg(feature = "policy")]
    pub(crate) fn adopt(&self, policy: Arc<super::ruled::Compiled>) {
        let _registering = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        self.book.adopt(policy);
        for callsite in self.iter() {
            let (metadata, concern) = (callsite.metadata, self.concern(callsite.metadata));
            callsite.ruled.set(concern);
            callsite.opens.set(self.opens(&callsite.role, concern));
            if concern.may_operate {
                self.places.register(metadata, role_at_place(Some(&callsite.role), concern));
            }
            if callsite.role == Role::Silent && !concern.is_any {
                self.book.note_unmatched(metadata);
            }
        }
        self.others.clear();
    }

    fn concern(&self, metadata: &Metadata<'_>) -> Concern {
        if self.is_ignored(metadata) { Concern::default() } else { self.book.concern(metadata) }
    }

    fn opens(&self, role: &Role, concern: Concern) -> Opens {
        let is_usual = !concern.is_any && self.told_of_all.load(Ordering::Relaxed);
        if is_usual { Opens::by_code(role) } else { Opens::Unusually }
    }

    fn role(&self, metadata: &Metadata<'_>) -> Option<Role> {
        if self.is_ignored(metadata) {
            return None;
        }
        let fields = metadata.fields();
        let audited = fields.iter().any(|field| field.name() == "audit.operation");
        if metadata.is_span() {
            let context = fields.iter().any(|field| field.name().starts_with("audit."));
            return match (audited, context) {
                (true, _) => Some(Role::Operation),
                (false, true) => Some(Role::Context),
                (false, false) => None,
            };
        }
        if audited {
            return Some(Role::Statement);
        }
        Report::of(fields).map(Role::Report)
    }

    fn is_ignored(&self, metadata: &Metadata<'_>) -> bool {
        self.ignored_targets.iter().any(|target| is_within(metadata.target(), target))
    }
}

/// What a callsite is at its place: a span that a policy makes an event of is an
/// operation there.
fn role_at_place(role: Option<&Role>, concern: Concern) -> Option<&Role> {
    if concern.may_operate { Some(&Role::Operation) } else { role }
}

/// Whether `target` is `prefix` or a module below it.
fn is_within(target: &str, prefix: &str) -> bool {
    target.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Fields of a callsite whose names begin with `audit.` and mean nothing.
#[derive(Debug, Clone)]
pub(crate) struct UnknownFields {
    pub(crate) names: Vec<&'static str>,
    /// `file:line`, as far as known.
    pub(crate) location: String,
}

impl UnknownFields {
    fn of(metadata: &'static Metadata<'static>, fields: &Meanings) -> Option<Self> {
        let names: Vec<_> = metadata
            .fields()
            .iter()
            .zip(fields.slots())
            .filter(|(_, slot)| *slot == Slot::Unknown)
            .map(|(field, _)| field.name())
            .collect();
        let location = location(metadata);
        (!names.is_empty()).then_some(UnknownFields { names, location })
    }
}

impl std::fmt::Display for UnknownFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "unknown audit field {} at {}; the known ones are audit.operation, audit.user_id, audit.actor, \
             audit.session_id, audit.org_id, audit.resource, audit.entry_ids, audit.source, audit.status, \
             audit.error and audit.duration_ms, and anything else goes under a name without `audit.`",
            self.names.join(", "),
            self.location,
        )
    }
}

/// `file:line`, as far as known.
fn location(metadata: &Metadata<'_>) -> String {
    let file = metadata.file().unwrap_or("unknown file");
    format!("{file}:{}", metadata.line().unwrap_or(0))
}

fn repeats_names(metadata: &Metadata<'_>) -> bool {
    let fields = metadata.fields();
    fields.iter().enumerate().any(|(index, field)| {
        fields.iter().take(index).any(|earlier| earlier.name() == field.name())
    })
}

/// Metadata of callsites is static, so its address is its identity.
#[inline]
pub(super) fn address(metadata: &Metadata<'_>) -> usize {
    std::ptr::from_ref(metadata) as usize
}

/// Metadata lies in static memory; Fibonacci hashing spreads its addresses, which
/// are multiples of eight, into the upper bits.
#[inline]
pub(super) fn spread(address: usize) -> usize {
    address.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize)
}

/// No field.
pub(super) const NO_FIELD: u32 = u32::MAX;

const BUCKETS: usize = 256;
const PROBES: usize = 8;

/// A hash table whose buckets are written once; what finds no free bucket goes
/// into the next table.
#[derive(Debug)]
struct Table {
    buckets: Box<[OnceLock<Callsite>; BUCKETS]>,
    base: u32,
    next: OnceLock<Box<Table>>,
}

impl Table {
    fn new(base: u32) -> Self {
        Table { buckets: boxed_array(), base, next: OnceLock::new() }
    }

    #[inline]
    fn first_position(address: usize) -> usize {
        spread(address) >> (usize::BITS - BUCKETS.ilog2())
    }

    fn positions(address: usize) -> impl Iterator<Item = usize> {
        let hash = Self::first_position(address);
        (0..PROBES).map(move |probe| (hash + probe) % BUCKETS)
    }

    #[inline]
    fn find(&self, wanted: usize) -> Option<&Callsite> {
        let first = self.buckets.get(Self::first_position(wanted))?.get()?;
        if address(first.metadata) == wanted { Some(first) } else { self.find_further(wanted) }
    }

    #[cold]
    #[inline(never)]
    fn find_further(&self, wanted: usize) -> Option<&Callsite> {
        let mut table = self;
        loop {
            for position in Self::positions(wanted) {
                let callsite = table.buckets.get(position)?.get()?;
                if address(callsite.metadata) == wanted {
                    return Some(callsite);
                }
            }
            table = table.next.get()?;
        }
    }

    /// Callers hold the registration lock, so a bucket seen empty stays so.
    fn insert(
        &self,
        metadata: &'static Metadata<'static>,
        make: impl FnOnce(u32) -> Callsite,
    ) -> &Callsite {
        for position in Self::positions(address(metadata)) {
            let Some(bucket) = self.buckets.get(position) else { continue };
            if bucket.get().is_none() {
                return bucket.get_or_init(|| make(self.base + position as u32));
            }
        }
        let next = || Box::new(Table::new(self.base + BUCKETS as u32));
        self.next.get_or_init(next).insert(metadata, make)
    }

    /// Asked of the first table.
    #[inline]
    fn by_index(&self, index: u32) -> Option<&Callsite> {
        match self.buckets.get(index as usize) {
            Some(bucket) => bucket.get(),
            None => self.by_further_index(index),
        }
    }

    #[cold]
    #[inline(never)]
    fn by_further_index(&self, index: u32) -> Option<&Callsite> {
        let mut table = self;
        loop {
            let position = index.checked_sub(table.base)? as usize;
            match table.buckets.get(position) {
                Some(bucket) => return bucket.get(),
                None => table = table.next.get()?,
            }
        }
    }
}

/// Identity of a callsite, for sets of them.
pub(super) fn identifier(metadata: &'static Metadata<'static>) -> Identifier {
    metadata.callsite()
}
