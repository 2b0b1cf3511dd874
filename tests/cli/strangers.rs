//! Verifiers that nobody here wrote read what the command line writes:
//! checkpoint, tiles and bundles, as files.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, Error, Tile, TileHashReader, TileReader};
use tlog_tiles::{check_record, prove_record, record_hash};

use crate::fixture::{Fixture, head, origin, vkey};
use crate::run::run;
use crate::tools::{accepts, is_there};

const STRANGER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proof/stranger.py");

/// Ed25519 public keys in DER (RFC 8410).
const DER_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The log as files.
fn published(fixture: &Fixture) -> PathBuf {
    let out = fixture.home.path().join("published");
    let run = run(["tiles".as_ref(), fixture.parent().as_os_str(), out.as_os_str()]);
    assert_eq!((run.code, run.complaints.as_str()), (0, ""));
    out
}

#[test]
fn tiles_are_written_again_as_the_log_grows() {
    let fixture = Fixture::new(300);
    let out = published(&fixture);
    let before = fs::metadata(out.join("tile/0/000")).unwrap().modified().unwrap();
    assert_eq!(published(&fixture), out);
    let after = fs::metadata(out.join("tile/0/000")).unwrap().modified().unwrap();
    assert_eq!(before, after, "a tile that did not change was written");
    let checkpoint = fs::read(fixture.log().join("checkpoint")).unwrap();
    assert_eq!(fs::read(out.join("checkpoint")).unwrap(), checkpoint);
}

#[test]
fn entries_that_were_not_signed_are_not_published() {
    let fixture = Fixture::new(300);
    let segment = fixture.segments().remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    // The last entry of the segment, under a checksum that fits.
    let entry = bytes.len() - 16 - fixture.entries[149].len();
    let length = bytes.len();
    bytes[length - 3] ^= 1;
    let covered = [&bytes[entry..entry + 4], &bytes[entry + 8..]].concat();
    let checksum = crc32c::crc32c(&covered).to_le_bytes();
    bytes[entry + 4..entry + 8].copy_from_slice(&checksum);
    fs::write(&segment, bytes).unwrap();
    let out = fixture.home.path().join("published");
    let run = run(["tiles".as_ref(), fixture.parent().as_os_str(), out.as_os_str()]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(!out.join("checkpoint").exists());
}

// tlog-scales (Python).

fn python() -> Command {
    Command::new(std::env::var_os("TLOG_SCALES_PYTHON").unwrap_or("python3".into()))
}

fn audit(published: &Path, older: usize, fixture: &Fixture) -> (bool, String) {
    let root = head(&fixture.entries[..older]).root.to_string();
    let older = older.to_string();
    let facts = [vkey(), origin(), older, root];
    accepts(python().arg(STRANGER).arg("audit").arg(published).args(facts))
}

fn has_no_tlog_scales() -> bool {
    !is_there("tlog-scales (PyPI)", python().args(["-c", "import tlog_scales.reader"]))
}

#[test]
fn tlog_scales_accepts_what_the_command_line_wrote() {
    if has_no_tlog_scales() {
        return;
    }
    for (size, older) in [(2, 1), (256, 255), (700, 300)] {
        let fixture = Fixture::new(size);
        let (accepted, said) = audit(&published(&fixture), older, &fixture);
        assert!(accepted, "{size}: {said}");
        assert!(said.contains(&format!("{size} entries")), "{said}");
    }
}

#[test]
fn tlog_scales_refuses_what_was_damaged() {
    if has_no_tlog_scales() {
        return;
    }
    let fixture = Fixture::new(700);
    let published = published(&fixture);
    for file in ["checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/188"] {
        let path = published.join(file);
        let whole = fs::read(&path).unwrap();
        fixture.damage(&path, whole.len() / 2);
        let (accepted, said) = audit(&published, 300, &fixture);
        assert!(!accepted, "{file}: {said}");
        fs::write(&path, whole).unwrap();
    }
    assert!(audit(&published, 300, &fixture).0);
}

// tlog_tiles and signed_note (Rust).

/// Reads tiles from files; which ones were read.
struct Files<'a> {
    published: &'a Path,
    read: RefCell<Vec<PathBuf>>,
}

impl TileReader for Files<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let path = |tile: &Tile| self.published.join(tile.path().replacen("tile/8/", "tile/", 1));
        self.read.borrow_mut().extend(tiles.iter().map(path));
        tiles.iter().map(|tile| fs::read(path(tile)).map_err(|_| Error::InvalidTile)).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// Whether they find every entry in the log that they know the key of.
fn they_accept(published: &Path, entries: &[String]) -> bool {
    let text = fs::read(published.join("checkpoint")).unwrap();
    let Ok(note) = Note::from_bytes(&text) else { return false };
    let verifier = Box::new(StandardVerifier::new(&vkey()).unwrap());
    if !note.verify(&VerifierList::new(vec![verifier])).is_ok_and(|(by, _)| by.len() == 1) {
        return false;
    }
    let Ok(checkpoint) = Checkpoint::from_bytes(note.text()) else { return false };
    let (size, root) = (checkpoint.size(), *checkpoint.hash());
    let files = Files { published, read: RefCell::default() };
    let reader = TileHashReader::new(size, root, &files);
    let is_in_log = |(index, entry): (usize, &String)| {
        let index = index as u64;
        let Ok(proof) = prove_record(size, index, &reader) else { return false };
        check_record(&proof, size, root, index, record_hash(entry.as_bytes())).is_ok()
    };
    let accepted = entries.iter().enumerate().all(is_in_log);
    assert!(!accepted || !files.read.borrow().is_empty());
    accepted && size == entries.len() as u64
}

#[test]
fn tlog_tiles_accepts_what_the_command_line_wrote_and_refuses_it_damaged() {
    for size in [2, 257, 400] {
        let fixture = Fixture::new(size);
        let published = published(&fixture);
        assert!(they_accept(&published, &fixture.entries), "{size}");
        let leaves = if size > 256 { "tile/0/000" } else { "tile/0/000.p/2" };
        for file in [leaves, "checkpoint"] {
            let path = published.join(file);
            let whole = fs::read(&path).unwrap();
            for at in [0, whole.len() / 2, whole.len() - 1] {
                fixture.damage(&path, at);
                assert!(!they_accept(&published, &fixture.entries), "{size}: {file}, byte {at}");
                fs::write(&path, &whole).unwrap();
            }
        }
    }
}

// openssl.

#[test]
fn openssl_verifies_the_signature_of_the_checkpoint() {
    let mut probe = Command::new("sh");
    probe.args(["-c", "openssl version | grep -q '^OpenSSL [3-9]'"]);
    if !is_there("openssl 3", &mut probe) {
        return;
    }
    let fixture = Fixture::new(400);
    let text = fs::read_to_string(published(&fixture).join("checkpoint")).unwrap();
    let (body, line) = text.rsplit_once("\n\n").unwrap();
    let encoded = line.trim_end().rsplit(' ').next().unwrap();
    let home = fixture.home.path();
    let decode = |text: &str| {
        fs::write(home.join("base64"), text).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["base64", "-d", "-A", "-in"]).arg(home.join("base64"));
        openssl.output().unwrap().stdout
    };
    let key = decode(vkey().splitn(3, '+').nth(2).unwrap());
    fs::write(home.join("key.der"), [&DER_PREFIX[..], &key[1..]].concat()).unwrap();
    fs::write(home.join("signature"), &decode(encoded)[4..]).unwrap();
    let verify = |body: &str| {
        fs::write(home.join("text"), format!("{body}\n")).unwrap();
        let arguments =
            "pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature";
        accepts(Command::new("openssl").args(arguments.split(' ')).current_dir(home))
    };
    let (accepted, said) = verify(body);
    assert!(accepted, "{said}");
    assert!(!verify(&body.replace("400", "401")).0);
}
