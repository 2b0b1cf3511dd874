//! A filesystem whose steps fail when a test says so.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Filesystem, OsFilesystem, SyncWrite};

/// The steps that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    CreateDirectory,
    CreateNew,
    OpenAppend,
    Write,
    Sync,
    Link,
    Rename,
    Remove,
    SyncDirectory,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The call of this number, from 1, fails.
    Once(Call, usize),
    /// Every such call fails.
    Always(Call),
    /// The call of this number fails, and everything after it.
    Crash(Call, usize),
}

/// Time between two looks whether a call hangs on.
const LOOK_EVERY: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
struct State {
    hanging: Option<Call>,
    faults: Vec<Fault>,
    calls: Vec<Call>,
    crashed: bool,
}

/// The real filesystem, with failures and a record of the calls. Clones share
/// both.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultyFilesystem(Arc<Mutex<State>>);

impl FaultyFilesystem {
    /// Lets the `nth` call of a kind fail, counted from 1.
    pub(crate) fn failing(self, call: Call, nth: usize) -> Self {
        self.with(Fault::Once(call, nth))
    }

    /// Lets every call of a kind fail.
    pub(crate) fn always_failing(self, call: Call) -> Self {
        self.with(Fault::Always(call))
    }

    /// Lets the `nth` call of a kind fail and every call after it, as if the
    /// process had died there.
    pub(crate) fn crashing_at(self, call: Call, nth: usize) -> Self {
        self.with(Fault::Crash(call, nth))
    }

    /// Lets every call of a kind hang, until repaired.
    pub(crate) fn hang(&self, call: Call) {
        self.0.lock().unwrap().hanging = Some(call);
    }

    /// Ends all faults.
    pub(crate) fn repair(&self) {
        *self.0.lock().unwrap() = State::default();
    }

    /// What was called, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().calls.clone()
    }

    fn with(self, fault: Fault) -> Self {
        self.0.lock().unwrap().faults.push(fault);
        self
    }

    fn step(&self, call: Call) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.calls.push(call);
        while state.hanging == Some(call) {
            drop(state);
            std::thread::sleep(LOOK_EVERY);
            state = self.0.lock().unwrap();
        }
        let nth = state.calls.iter().filter(|earlier| **earlier == call).count();
        let mut fails = state.crashed;
        for fault in &state.faults.clone() {
            match *fault {
                Fault::Once(kind, at) => fails |= (kind, at) == (call, nth),
                Fault::Always(kind) => fails |= kind == call,
                Fault::Crash(kind, at) if (kind, at) == (call, nth) => {
                    state.crashed = true;
                    fails = true;
                }
                Fault::Crash(..) => {}
            }
        }
        if fails { Err(io::Error::other(format!("injected: {call:?}"))) } else { Ok(()) }
    }
}

impl Filesystem for FaultyFilesystem {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.step(Call::CreateDirectory)?;
        OsFilesystem.create_directory(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn SyncWrite>> {
        self.step(Call::CreateNew)?;
        Ok(Box::new(FaultyFile { fs: self.clone(), file: OsFilesystem.create_new(path)? }))
    }

    fn open_append(&self, path: &Path) -> io::Result<Box<dyn SyncWrite>> {
        self.step(Call::OpenAppend)?;
        Ok(Box::new(FaultyFile { fs: self.clone(), file: OsFilesystem.open_append(path)? }))
    }

    #[cfg(any(feature = "journal", feature = "policy"))]
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
        OsFilesystem.open_read(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        OsFilesystem.read(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        OsFilesystem.list(directory)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        OsFilesystem.exists(path)
    }

    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Call::Link)?;
        OsFilesystem.link_new(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Call::Rename)?;
        OsFilesystem.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step(Call::Remove)?;
        OsFilesystem.remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.step(Call::SyncDirectory)?;
        OsFilesystem.sync_directory(directory)
    }
}

struct FaultyFile {
    fs: FaultyFilesystem,
    file: Box<dyn SyncWrite>,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.fs.step(Call::Write)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl SyncWrite for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        self.fs.step(Call::Sync)?;
        self.file.sync()
    }
}
