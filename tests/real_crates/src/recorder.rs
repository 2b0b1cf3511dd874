//! A layer that notes what spans carry: names, fields, values, events, and in
//! which order they close.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// What is noted; a clone of the layer notes the same.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<SeenSpan>>>);

/// A span, in the order of opening.
#[derive(Clone, Debug)]
pub struct SeenSpan {
    pub name: &'static str,
    pub target: String,
    pub level: String,
    /// Name of the span around it.
    pub parent: Option<&'static str>,
    /// The fields that it declares.
    pub declared: Vec<&'static str>,
    /// The last value of each field that was given one.
    pub values: Values,
    pub events: Vec<SeenEvent>,
    /// How many spans had closed before it, if it has closed.
    pub closed: Option<usize>,
}

/// An event, at the span that it belongs to.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    pub target: String,
    pub level: String,
    pub values: Values,
}

type Values = BTreeMap<&'static str, String>;

impl Recorder {
    /// Every span so far.
    pub fn spans(&self) -> Vec<SeenSpan> {
        self.lock().clone()
    }

    /// The spans of this name.
    pub fn named(&self, name: &str) -> Vec<SeenSpan> {
        self.lock().iter().filter(|span| span.name == name).cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SeenSpan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a span of the registry is in the list.
struct Place(usize);

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let metadata = attributes.metadata();
        let mut values = Recorded::default();
        attributes.record(&mut values);
        let mut spans = self.lock();
        span.extensions_mut().insert(Place(spans.len()));
        spans.push(SeenSpan {
            name: metadata.name(),
            target: metadata.target().to_owned(),
            level: metadata.level().to_string(),
            parent: span.parent().map(|parent| parent.name()),
            declared: metadata.fields().iter().map(|field| field.name()).collect(),
            values: values.0,
            events: Vec::new(),
            closed: None,
        });
    }

    fn on_record(&self, id: &span::Id, recorded: &span::Record<'_>, ctx: Context<'_, S>) {
        let mut values = Recorded::default();
        recorded.record(&mut values);
        self.change(id, &ctx, |span| span.values.extend(values.0));
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.event_span(event) else { return };
        let mut values = Recorded::default();
        event.record(&mut values);
        let seen = SeenEvent {
            target: event.metadata().target().to_owned(),
            level: event.metadata().level().to_string(),
            values: values.0,
        };
        self.change(&span.id(), &ctx, |span| span.events.push(seen));
    }

    fn on_close(&self, id: span::Id, ctx: Context<'_, S>) {
        let closed = self.lock().iter().filter(|span| span.closed.is_some()).count();
        self.change(&id, &ctx, |span| span.closed = Some(closed));
    }
}

impl Recorder {
    fn change<S>(&self, id: &span::Id, ctx: &Context<'_, S>, change: impl FnOnce(&mut SeenSpan))
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let place = ctx.span(id).and_then(|span| Some(span.extensions().get::<Place>()?.0));
        let Some(place) = place else { return };
        if let Some(span) = self.lock().get_mut(place) {
            change(span);
        }
    }
}

#[derive(Default)]
struct Recorded(Values);

impl Visit for Recorded {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
