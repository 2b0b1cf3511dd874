//! The texts that the memory system is fed with: real files of a folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use fastrand::Rng;

/// A run takes at most this many files, spread over all that there are.
const FILES_MAX: usize = 60;
/// And so many bytes from the beginning of each.
const FILE_BYTES_MAX: usize = 16 * 1024;
/// Shorter words make dull queries.
const WORD_CHARS_MIN: usize = 4;

/// A file's text.
pub(crate) struct Text {
    /// Its path below the folder.
    pub source: String,
    pub text: String,
}

/// Texts to ingest, and to take notes and queries from.
pub(crate) struct Corpus {
    pub texts: Vec<Text>,
    words: Vec<String>,
    lines: Vec<String>,
}

impl Corpus {
    /// The files below `root` that are UTF-8 text; only those with one of
    /// `extensions`, unless there are none given.
    pub(crate) fn read(root: &Path, extensions: &[&str]) -> std::io::Result<Corpus> {
        let mut paths = Vec::new();
        walk(root, extensions, &mut paths)?;
        paths.sort();
        let every = paths.len().div_ceil(FILES_MAX).max(1);
        let texts: Vec<Text> =
            paths.iter().step_by(every).filter_map(|path| read_text(root, path)).collect();
        let lines: Vec<String> = texts.iter().flat_map(|text| lines(&text.text)).collect();
        let words: Vec<String> = lines.iter().flat_map(|line| words(line)).collect();
        if words.is_empty() {
            let message = format!("{}: no text in this folder; name another one", root.display());
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, message));
        }
        Ok(Corpus { texts, words, lines })
    }

    /// A line of text worth remembering.
    pub(crate) fn line(&self, rng: &mut Rng) -> String {
        rng.choice(&self.lines).cloned().unwrap_or_default()
    }

    /// A query of so many words.
    pub(crate) fn query(&self, rng: &mut Rng, words: usize) -> String {
        let chosen = (0..words).filter_map(|_| rng.choice(&self.words));
        chosen.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

fn walk(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // Links are not followed: they could lead in circles.
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() && !is_skipped(&entry.file_name()) {
            walk(&path, extensions, found)?;
        } else if kind.is_file() && is_wanted(&path, extensions) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_skipped(folder: &OsStr) -> bool {
    let name = folder.to_string_lossy();
    name.starts_with('.') || matches!(&*name, "target" | "audit_logs" | "node_modules")
}

fn is_wanted(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extensions.is_empty() || extension.is_some_and(|extension| extensions.contains(&extension))
}

fn read_text(root: &Path, path: &Path) -> Option<Text> {
    let mut text = String::from_utf8(std::fs::read(path).ok()?).ok()?;
    let end = (0..=FILE_BYTES_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    let source = path.strip_prefix(root).unwrap_or(path).display().to_string();
    (!text.trim().is_empty()).then_some(Text { source, text })
}

fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(str::trim).filter(|line| words(line).count() >= 2).map(str::to_owned)
}

fn words(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().count() >= WORD_CHARS_MIN)
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_in_order_without_hidden_and_binary_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes);
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        file("b.md", b"second document here").unwrap();
        file("a.md", b"first document here").unwrap();
        file("c.bin", &[0xff, 0xfe, 0x00]).unwrap();
        file(".git/d.md", b"hidden document here").unwrap();
        let corpus = Corpus::read(folder.path(), &[]).unwrap();
        let sources: Vec<_> = corpus.texts.iter().map(|text| text.source.as_str()).collect();
        assert_eq!(sources, ["a.md", "b.md"]);
        assert!(Corpus::read(folder.path(), &["rs"]).is_err());
    }
}
