//! Finished files: complete, synced, and never over another one.
//!
//! A temporary file in the same directory is written and synced, then gets its
//! final name by a hard link, which fails if the name is taken. Where links
//! are not supported, the name is first reserved by an empty file of our own,
//! which the rename then replaces. A reader never sees half a file under a
//! final name; the reservation, which a crash may leave behind, is empty.
//!
//! An error means that no file of ours is left, as far as the system lets us
//! clean up. A crash leaves at most a file `.tracing-audit-….tmp`.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Filesystem, SyncWrite};
use crate::error::{Error, Result};

const TEMPORARY_PREFIX: &str = ".tracing-audit-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Bytes that are collected before they go to the system.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;

/// How often a new name for a temporary file is tried.
const TEMPORARY_NAMES_MAX: usize = 100;

/// Whether a file of this name is an unfinished one of ours: in the making, or
/// left by a crash.
#[cfg(test)]
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX)
}

/// Writes a new file in `directory`, under the first of `names` that is free,
/// and returns its path.
///
/// # Errors
///
/// When the system refuses a step, when `write` fails, when a name is not a
/// plain file name, and when all names are taken.
pub(crate) fn write_new_atomically(
    fs: &dyn Filesystem,
    directory: &Path,
    names: impl IntoIterator<Item = String>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<PathBuf> {
    let temporary = Temporary::write(fs, directory, write)?;
    for name in names {
        if !is_plain(&name) {
            return Err(Error::invalid(format!("{name:?} is not a plain file name")));
        }
        let path = directory.join(name);
        match temporary.publish(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(Error::io("the file could not be given its name", path, error));
            }
            Ok(()) => return Ok(path),
        }
    }
    Err(Error::invalid("all names that this file could have are taken; move older files away"))
}

/// Writes a new file at a path that a user chose.
///
/// # Errors
///
/// As [`write_new_atomically`]; also when there is a file at `path`, which is
/// never overwritten, and when its directory does not exist.
pub(crate) fn write_new_file(
    fs: &dyn Filesystem,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    if path.file_name().is_none() {
        return Err(Error::invalid(format!(
            "{path:?} names no file; give a path that ends with the name of a new one"
        )));
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // Asked first only to spare the work; publishing refuses as well.
    if fs.exists(path).map_err(|error| Error::io("the path could not be looked up", path, error))? {
        return Err(taken(path));
    }
    let temporary = Temporary::write(fs, directory, write)?;
    temporary.publish(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => taken(path),
        _ => Error::io("the file could not be given its name", path, error),
    })
}

fn taken(path: &Path) -> Error {
    Error::io(
        "there is a file already, and files are never overwritten; choose another name or move it away",
        path,
        io::ErrorKind::AlreadyExists.into(),
    )
}

fn is_plain(name: &str) -> bool {
    Path::new(name).file_name().is_some_and(|plain| plain == name)
}

/// A finished file without its final name. Dropping it removes it.
struct Temporary<'a> {
    fs: &'a dyn Filesystem,
    directory: &'a Path,
    path: PathBuf,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // Gone after a rename; otherwise a failure leaves a recognisable name.
        let _ = self.fs.remove_file(&self.path);
    }
}

impl<'a> Temporary<'a> {
    fn write(
        fs: &'a dyn Filesystem,
        directory: &'a Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Self> {
        let (path, file) = create(fs, directory)?;
        let temporary = Temporary { fs, directory, path };
        let mut buffer = BufWriter::with_capacity(WRITE_BUFFER_BYTES, file);
        write(&mut buffer)
            .and_then(|()| buffer.flush())
            .and_then(|()| buffer.get_mut().sync())
            .map_err(|error| Error::io("the file could not be written", &temporary.path, error))?;
        Ok(temporary)
    }

    /// Gives the file its final name, for good.
    fn publish(&self, path: &Path) -> io::Result<()> {
        match self.fs.link_new(&self.path, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => self.reserve_and_rename(path)?,
            Ok(()) => {}
        }
        self.fs.sync_directory(self.directory).inspect_err(|_| {
            // Not known to be durable, so it has to be as if it were not there.
            let _ = self.fs.remove_file(path);
        })
    }

    fn reserve_and_rename(&self, path: &Path) -> io::Result<()> {
        self.fs.create_new(path)?;
        self.fs.rename(&self.path, path).inspect_err(|_| {
            let _ = self.fs.remove_file(path);
        })
    }
}

fn create(fs: &dyn Filesystem, directory: &Path) -> Result<(PathBuf, Box<dyn SyncWrite>)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut attempts = 0;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let path =
            directory.join(format!("{TEMPORARY_PREFIX}{process}-{number}{TEMPORARY_SUFFIX}"));
        match fs.create_new(&path) {
            Ok(file) => return Ok((path, file)),
            // Another host may count alike on a shared directory.
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && attempts < TEMPORARY_NAMES_MAX =>
            {
                attempts += 1;
            }
            Err(error) => return Err(Error::io("no file could be created", directory, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::faulty::{Call, FaultyFilesystem};
    use super::*;

    fn names() -> Vec<String> {
        ["a.json", "a_2.json", "a_3.json"].map(String::from).to_vec()
    }

    fn write_a(fs: &dyn Filesystem, directory: &Path, text: &str) -> Result<PathBuf> {
        write_new_atomically(fs, directory, names(), |out| out.write_all(text.as_bytes()))
    }

    #[test]
    fn a_taken_name_gives_the_next_one_and_nothing_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let fs = FaultyFilesystem::default();
        for (name, text) in [("a.json", "one"), ("a_2.json", "two"), ("a_3.json", "three")] {
            assert_eq!(write_a(&fs, home.path(), text).unwrap(), home.path().join(name));
        }
        assert!(write_a(&fs, home.path(), "four").unwrap_err().to_string().contains("taken"));
        assert_eq!(fs.list(home.path()).unwrap(), ["a.json", "a_2.json", "a_3.json"]);
        assert_eq!(fs.read(&home.path().join("a.json")).unwrap(), b"one");
        assert_eq!(fs.read(&home.path().join("a_3.json")).unwrap(), b"three");
    }

    #[test]
    fn the_content_is_synced_before_the_name_and_the_name_before_the_return() {
        let home = tempfile::tempdir().unwrap();
        let fs = FaultyFilesystem::default();
        write_a(&fs, home.path(), "text").unwrap();
        assert_eq!(
            fs.calls(),
            [
                Call::CreateNew,
                Call::Write,
                Call::Sync,
                Call::Link,
                Call::SyncDirectory,
                Call::Remove
            ]
        );
    }

    #[test]
    fn any_failing_step_leaves_nothing_behind() {
        for call in [Call::CreateNew, Call::Write, Call::Sync, Call::SyncDirectory] {
            let home = tempfile::tempdir().unwrap();
            let fs = FaultyFilesystem::default().failing(call, 1);
            assert!(write_a(&fs, home.path(), "text").is_err(), "{call:?}");
            assert_eq!(fs.list(home.path()).unwrap(), Vec::<String>::new(), "{call:?}");
            assert!(write_a(&fs, home.path(), "text").is_ok(), "{call:?}");
        }
        let home = tempfile::tempdir().unwrap();
        let fs = FaultyFilesystem::default();
        let failed = write_new_atomically(&fs, home.path(), names(), |_| {
            Err(io::Error::other("the content ended"))
        });
        assert!(failed.unwrap_err().to_string().contains("the content ended"));
        assert_eq!(fs.list(home.path()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn without_links_the_name_is_reserved_first() {
        let home = tempfile::tempdir().unwrap();
        let fs = FaultyFilesystem::default().always_failing(Call::Link);
        for (name, text) in [("a.json", "one"), ("a_2.json", "two")] {
            assert_eq!(write_a(&fs, home.path(), text).unwrap(), home.path().join(name));
            assert_eq!(fs.read(&home.path().join(name)).unwrap(), text.as_bytes());
        }
        let fs = FaultyFilesystem::default().always_failing(Call::Link).failing(Call::Rename, 1);
        assert!(write_a(&fs, home.path(), "three").is_err());
        assert_eq!(fs.list(home.path()).unwrap(), ["a.json", "a_2.json"]);
    }

    #[test]
    fn a_crash_leaves_a_file_that_is_recognised() {
        let home = tempfile::tempdir().unwrap();
        let fs = FaultyFilesystem::default().crashing_at(Call::Sync, 1);
        assert!(write_a(&fs, home.path(), "text").is_err());
        let left = super::super::OsFilesystem.list(home.path()).unwrap();
        assert_eq!(left.len(), 1);
        assert!(left.iter().all(|name| is_temporary(name)), "{left:?}");
        assert!(!is_temporary("audit_2025_01_15_103045.json"));
    }

    #[test]
    fn names_that_leave_the_directory_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("ours");
        let fs = FaultyFilesystem::default();
        fs.create_directory(&directory).unwrap();
        for name in ["../out.json", "/tmp/out.json", "a/b.json", "..", ".", "", "a/"] {
            let names = [name.to_owned()];
            let error = write_new_atomically(&fs, &directory, names, |_| Ok(())).unwrap_err();
            assert!(error.is_invalid_input(), "{name}: {error}");
        }
        assert_eq!(fs.list(home.path()).unwrap(), ["ours"]);
        assert_eq!(fs.list(&directory).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_path_of_the_user_is_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("trail.json");
        let fs = FaultyFilesystem::default();
        write_new_file(&fs, &path, |out| out.write_all(b"one")).unwrap();
        let error = write_new_file(&fs, &path, |out| out.write_all(b"two")).unwrap_err();
        assert!(error.to_string().contains("never overwritten"), "{error}");
        assert_eq!(error.path(), Some(path.as_path()));
        assert_eq!(fs.read(&path).unwrap(), b"one");
        assert_eq!(fs.list(home.path()).unwrap(), ["trail.json"]);
        assert!(write_new_file(&fs, Path::new("/"), |_| Ok(())).unwrap_err().is_invalid_input());
        assert!(write_new_file(&fs, &home.path().join("no/trail.json"), |_| Ok(())).is_err());
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_overwritten_either() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("trail.json");
        let fs = FaultyFilesystem::default();
        let error = write_new_file(&fs, &path, |out| {
            fs.create_new(&path)?.write_all(b"theirs")?;
            out.write_all(b"ours")
        });
        assert!(error.unwrap_err().to_string().contains("never overwritten"));
        assert_eq!(fs.read(&path).unwrap(), b"theirs");
        assert_eq!(fs.list(home.path()).unwrap(), ["trail.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_at_the_final_name_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let outside = home.path().join("outside");
        std::os::unix::fs::symlink(&outside, home.path().join("a.json")).unwrap();
        let fs = FaultyFilesystem::default();
        assert_eq!(write_a(&fs, home.path(), "t").unwrap(), home.path().join("a_2.json"));
        assert!(!fs.exists(&outside).unwrap());
    }
}
