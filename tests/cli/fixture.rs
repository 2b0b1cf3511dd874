//! A log, written byte by byte as docs/FORMAT.md says, without the library's
//! own writer.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tracing_audit::proof::{
    Checkpoint, Frontier, HashTiles, SignerKey, TileContent, TreeHead, leaf_hash,
};

pub(crate) const ID: &str = "000102030405060708090a0b0c0d0e0f";

const SEGMENT_ENTRIES: usize = 150;

/// A closed log in a directory of its own, and what was kept elsewhere.
pub(crate) struct Fixture {
    pub(crate) home: TempDir,
    pub(crate) entries: Vec<String>,
    pub(crate) head: TreeHead,
}

impl Fixture {
    /// A log with so many entries.
    pub(crate) fn new(size: usize) -> Self {
        Fixture::changed(size, |_| ())
    }

    /// A log whose entries were changed before they were written and signed.
    pub(crate) fn changed(size: usize, change: impl FnOnce(&mut Vec<String>)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut entries: Vec<_> = (0..size).map(|number| entry(number, size)).collect();
        change(&mut entries);
        let fixture = Fixture { head: head(&entries), entries, home };
        fixture.write_segments();
        fixture.write_tree();
        let signer = signer();
        let signed =
            Checkpoint::new(origin(), fixture.head).unwrap().sign(&[&signer]).unwrap().to_string();
        fs::write(fixture.log().join("checkpoint"), &signed).unwrap();
        fs::write(fixture.log().join("log.vkey"), format!("{}\n", signer.verifier())).unwrap();
        fs::create_dir(fixture.home.path().join("kept")).unwrap();
        fs::write(fixture.kept().join(format!("{ID}.checkpoint")), signed).unwrap();
        fixture
    }

    /// The directory with the log below it.
    pub(crate) fn parent(&self) -> PathBuf {
        self.home.path().join("audit")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.parent().join(format!("log-{ID}"))
    }

    /// Where its checkpoint was copied to.
    pub(crate) fn kept(&self) -> PathBuf {
        self.home.path().join("kept")
    }

    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.log().join("segments")).unwrap();
        let mut paths: Vec<_> = listed.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }

    /// Changes one byte of a file.
    pub(crate) fn damage(&self, path: &Path, at: usize) {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 4;
        fs::write(path, bytes).unwrap();
    }

    fn write_segments(&self) {
        fs::create_dir_all(self.log().join("segments")).unwrap();
        let segments: Vec<_> = self.entries.chunks(SEGMENT_ENTRIES).collect();
        for (number, entries) in segments.iter().enumerate() {
            let first = number * SEGMENT_ENTRIES;
            let is_last = number + 1 == segments.len();
            let mut bytes = header(first as u64);
            for (place, entry) in entries.iter().enumerate() {
                let sequence = (first + place) as u64;
                push_frame(&mut bytes, sequence, b"");
                push_frame(&mut bytes, sequence, entry.as_bytes());
            }
            if is_last {
                push_frame(&mut bytes, (first + entries.len()) as u64 | 1 << 63, b"");
            }
            let extension = if is_last { "open" } else { "seg" };
            let name = format!("segments/{first:020}.{extension}");
            fs::write(self.log().join(name), bytes).unwrap();
        }
    }

    fn write_tree(&self) {
        let mut tiles = HashTiles::new();
        self.entries.iter().for_each(|entry| tiles.append(leaf_hash(entry.as_bytes())));
        fs::create_dir_all(self.log().join("tree")).unwrap();
        let mut levels: Vec<Vec<u8>> = Vec::new();
        while let Some(tile) = tiles.take_full() {
            let TileContent::Hashes { level, .. } = tile.id.content() else { unreachable!() };
            levels.resize(levels.len().max(usize::from(level) + 1), Vec::new());
            levels[usize::from(level)].extend(tile.bytes);
        }
        for (level, bytes) in levels.iter().enumerate() {
            fs::write(self.log().join(format!("tree/{level:02}")), bytes).unwrap();
        }
    }
}

pub(crate) fn origin() -> String {
    format!("audit.example/host/{ID}")
}

pub(crate) fn signer() -> SignerKey {
    SignerKey::from_seed(&origin(), &[42; 32]).unwrap()
}

pub(crate) fn vkey() -> String {
    signer().verifier().to_string()
}

/// The head of a log with these entries.
pub(crate) fn head(entries: &[String]) -> TreeHead {
    let mut tree = Frontier::new();
    entries.iter().for_each(|entry| tree.append(leaf_hash(entry.as_bytes())));
    tree.head()
}

pub(crate) fn event_id(number: usize) -> String {
    format!("evt_{number:026}")
}

fn entry(number: usize, size: usize) -> String {
    let time = "2026-01-15T10:30:45.123456Z";
    let (kind, operation, rest) = match number {
        0 => {
            let facts = format!("{{\"origin\":\"{}\",\"vkey\":\"{}\"}}", origin(), vkey());
            ("\"kind\":\"log\",", "OPEN", format!(",\"metadata\":{facts}"))
        }
        last if last + 1 == size => ("\"kind\":\"log\",", "CLOSE", String::new()),
        _ => ("", "STORE", String::new()),
    };
    let id = event_id(number);
    format!(
        "{{\"sequence\":{number},{kind}\"event_id\":\"{id}\",\"timestamp\":\"{time}\",\"recorded_at\":\"{time}\",\"operation\":\"{operation}\",\"actor\":\"user:\u{202e}eve\",\"status\":\"SUCCESS\",\"status_source\":\"explicit\"{rest}}}"
    )
}

fn header(first: u64) -> Vec<u8> {
    let mut bytes = b"TAUDSEG\n\x01\x00".to_vec();
    bytes.extend(0..16_u8);
    bytes.extend([1, 0]);
    bytes.extend(first.to_le_bytes());
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

fn push_frame(bytes: &mut Vec<u8>, sequence: u64, entry: &[u8]) {
    let length = (entry.len() as u32).to_le_bytes();
    let covered = [&length[..], &sequence.to_le_bytes(), entry].concat();
    bytes.extend(length);
    bytes.extend(crc32c::crc32c(&covered).to_le_bytes());
    bytes.extend(&covered[4..]);
}
