//! A trail with everything on that lets events out.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::Datelike;
use tracing::subscriber::DefaultGuard;
use tracing_audit::redaction::Redaction;
use tracing_audit::report::{compliance_report, table, user_summary};
use tracing_audit::sink::{JsonLinesFile, callback};
use tracing_audit::{Audit, AuditEvent, AuditLayer, JournalSettings, Order};
use tracing_subscriber::prelude::*;

use crate::search::Found;

const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) struct Trail {
    pub(crate) audit: Audit,
    directory: tempfile::TempDir,
    told: Arc<Mutex<String>>,
    streamed: Arc<Mutex<String>>,
    _default: DefaultGuard,
}

impl Trail {
    pub(crate) fn new(redaction: Redaction) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let told = Arc::<Mutex<String>>::default();
        let (hook, streamed) = (told.clone(), Arc::<Mutex<String>>::default());
        let journal = JournalSettings::new(directory.path().join("journal"));
        let (layer, audit) = AuditLayer::builder()
            .redaction(redaction)
            .journal(journal.segment_bytes_max(200_000).group_commit(Duration::from_millis(1)))
            .export_directory(directory.path().join("export"))
            .buffer_events_max(4_000)
            .stream_events_max(100_000)
            .overflow(tracing_audit::OverflowPolicy::BlockForever)
            .on_error(move |error| hook.lock().unwrap().push_str(&error.to_string()))
            .build()
            .unwrap();
        let texts = streamed.clone();
        let collect = callback(move |event: &AuditEvent| {
            texts.lock().unwrap().push_str(&serde_json::to_string(event).unwrap());
        });
        audit.attach(collect).unwrap();
        audit.attach(JsonLinesFile::open(directory.path().join("sink.jsonl")).unwrap()).unwrap();
        let default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        tracing::callsite::rebuild_interest_cache();
        Trail { audit, directory, told, streamed, _default: default }
    }

    /// Every event, the oldest first.
    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        self.audit.query().order(Order::OldestFirst).run().unwrap().events
    }

    /// Ends the trail, and hands over whatever came out of it.
    pub(crate) fn end(self, look: impl Fn(&str, &[u8]) -> Found) -> Found {
        let mut found = Found::new();
        let mut look = |name: &str, bytes: &[u8]| {
            for (number, wheres) in look(name, bytes) {
                found.entry(number).or_default().extend(wheres);
            }
        };
        let every = self.audit.query().every_kind().run().unwrap().events;
        look("query", serde_json::to_string(&every).unwrap().as_bytes());
        look("debug", format!("{every:?}").as_bytes());
        let held = self.audit.view().unwrap();
        look("table", table(&every).as_bytes());
        look("report", this_month(&every).as_bytes());
        look("summary", user_summary(&every).to_string().as_bytes());
        look("statistics", format!("{:?} {held:?}", self.audit.statistics()).as_bytes());
        self.wait_for_packed();
        self.audit.export_to_file(self.directory.path().join("export_by_hand.json")).unwrap();
        let report = self.audit.shutdown(DEADLINE);
        assert!(report.is_complete, "{report:?}");
        look("subscription", self.streamed.lock().unwrap().as_bytes());
        look("told", self.told.lock().unwrap().as_bytes());
        for file in files(self.directory.path()) {
            let name = file.strip_prefix(self.directory.path()).unwrap().to_string_lossy();
            let bytes = std::fs::read(&file).unwrap();
            look(&name, &bytes);
            if is_packed(&bytes) {
                look(&format!("{name}, packed"), &zstd::stream::decode_all(&*bytes).unwrap());
            }
        }
        found
    }

    /// Segments are packed by a thread of their own.
    fn wait_for_packed(&self) {
        let begin = Instant::now();
        while !files(self.directory.path())
            .iter()
            .any(|file| std::fs::read(file).is_ok_and(|bytes| is_packed(&bytes)))
        {
            assert!(begin.elapsed() < DEADLINE, "no segment was packed");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn this_month(events: &[AuditEvent]) -> String {
    let at = events[0].timestamp;
    compliance_report(events, at.year(), at.month()).unwrap().to_string()
}

fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD])
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}
