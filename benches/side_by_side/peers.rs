//! What a user would otherwise take.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{fmt, registry};

use super::arms::{Installed, init};
use super::control::Empty;

/// `tracing-opentelemetry` with the batch processor in its default size, and
/// an exporter that only counts.
pub(crate) fn opentelemetry() -> Installed {
    let exported = Arc::new(AtomicU64::new(0));
    let exporter = Counting(exported.clone());
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("side_by_side"));
    init(registry().with(Empty).with(layer).into());
    Installed::new(move |_| {
        provider.force_flush().expect("the processor");
        exported.load(Ordering::Acquire)
    })
}

#[derive(Debug)]
struct Counting(Arc<AtomicU64>);

impl SpanExporter for Counting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.fetch_add(batch.len() as u64, Ordering::Release);
        Ok(())
    }
}

/// `fmt` with JSON, a line per closed span, through `tracing-appender`'s
/// non-blocking writer into one that only counts lines.
pub(crate) fn fmt_json() -> Installed {
    let lines = Arc::new(AtomicU64::new(0));
    let (writer, guard) = tracing_appender::non_blocking(Lines(lines.clone()));
    let dropped = writer.error_counter();
    let layer = fmt::layer().json().with_span_events(FmtSpan::CLOSE).with_writer(writer);
    init(registry().with(Empty).with(layer).into());
    Installed::new(move |expected| {
        let _writes_as_long_as_it_lives = &guard;
        let give_up = Instant::now() + Duration::from_secs(10);
        while lines.load(Ordering::Acquire) + (dropped.dropped_lines() as u64) < expected
            && Instant::now() < give_up
        {
            std::thread::sleep(Duration::from_micros(200));
        }
        lines.load(Ordering::Acquire)
    })
}

struct Lines(Arc<AtomicU64>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        self.0.fetch_add(lines as u64, Ordering::Release);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
