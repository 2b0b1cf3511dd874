//! Each call to the system in turn: killed at, refused, interrupted. With
//! `strace`, on Linux.

use std::collections::BTreeMap;
use std::process::Command;

use super::parent::{Outcome, check, is_there, through};

/// The calls that change something, or tell of it.
const CHANGES: &str = "mkdir,openat,write,pwrite64,fdatasync,fsync,ftruncate,rename,unlink";

fn strace() -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq"]);
    strace
}

/// Calls that are not traced are not interfered with.
fn injecting(calls: &str, fault: &str) -> Command {
    let mut strace = strace();
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{fault}"));
    strace.args(["-o", "/dev/null", "-e", "signal=none", "-e", &trace, "-e", &inject]);
    strace
}

/// A program whose sync has to fail: where that cannot be brought about, no
/// fault can.
const SYNCS: &str = "! dd if=/dev/zero of=\"$0\" bs=1 count=1 conv=fdatasync 2>&-";

fn is_strace_there() -> bool {
    let home = tempfile::tempdir().unwrap();
    let mut strace = injecting("fdatasync", "error=EIO");
    is_there("strace", strace.args(["sh", "-c", SYNCS]).arg(home.path().join("file")))
}

/// How often a child makes each of these calls when nothing happens to it.
/// Faults are counted by thread and by call.
fn calls_without_fault(calls: &str) -> BTreeMap<String, usize> {
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trace = elsewhere.path().join("trace");
    let mut strace = strace();
    strace.arg("-o").arg(&trace).args(["-e", &format!("trace={calls}"), "-e", "signal=none"]);
    assert!(Outcome::of(&mut through(strace, "lives", home.path())).is_done());
    let mut counts = BTreeMap::<_, usize>::new();
    for line in std::fs::read_to_string(&trace).unwrap().lines() {
        let Some((thread, Some((call, _)))) =
            line.split_once(' ').map(|(thread, rest)| (thread, rest.trim_start().split_once('(')))
        else {
            continue;
        };
        *counts.entry((call.to_owned(), thread.to_owned())).or_default() += 1;
    }
    let mut most = BTreeMap::<String, usize>::new();
    for ((call, _), count) in counts {
        let most = most.entry(call).or_default();
        *most = count.max(*most);
    }
    most
}

/// Lets a child meet a fault at the first call of each of these kinds, at the
/// second, and so on, and looks at each log that is left.
fn at_each(calls: &str, fault: &str) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (call, count) in calls_without_fault(calls) {
        for nth in 1..=count {
            let home = tempfile::tempdir().unwrap();
            let strace = injecting(&call, &format!("{fault}:when={nth}"));
            let outcome = Outcome::of(&mut through(strace, "lives", home.path()));
            check(home.path(), outcome.acknowledged());
            outcomes.push(outcome);
        }
    }
    outcomes
}

#[test]
fn killed_at_any_call_a_writer_loses_nothing_acknowledged() {
    if !is_strace_there() {
        return;
    }
    let outcomes = at_each(CHANGES, "signal=KILL");
    assert!(outcomes.iter().all(|outcome| !outcome.is_done()), "not every child was killed");
    assert!(outcomes.len() > 100, "{}", outcomes.len());
}

#[test]
fn whatever_call_fails_nothing_is_acknowledged_that_is_not_there() {
    if !is_strace_there() {
        return;
    }
    for (calls, fault) in [
        ("pwrite64", "error=EIO"),
        ("pwrite64", "error=ENOSPC"),
        ("mkdir,rename,unlink,ftruncate", "error=EIO"),
    ] {
        let outcomes = at_each(calls, fault);
        assert!(outcomes.iter().all(Outcome::is_done), "{calls} {outcomes:?}");
        assert!(outcomes.iter().any(|outcome| outcome.failed("")), "{calls} {fault}");
    }
}

#[test]
fn a_sync_that_fails_poisons() {
    if !is_strace_there() {
        return;
    }
    let outcomes = at_each("fdatasync", "error=EIO");
    assert!(outcomes.iter().all(Outcome::is_done), "{outcomes:?}");
    let poisoned = outcomes.iter().filter(|outcome| outcome.failed("Poisoned")).count();
    assert!(poisoned > 8, "{poisoned} of {}", outcomes.len());
}

#[test]
fn interrupted_calls_are_repeated() {
    if !is_strace_there() {
        return;
    }
    for outcome in at_each("pwrite64,fdatasync", "error=EINTR") {
        assert!(outcome.is_done() && !outcome.failed(""), "{outcome:?}");
    }
}

/// The n-th write and the n-th sync of a child, and all that follow, fail: the
/// disk went away, or became read-only.
#[test]
fn a_disk_that_fails_for_good_or_can_only_be_read_takes_nothing_acknowledged_with_it() {
    if !is_strace_there() {
        return;
    }
    let calls = "mkdir,pwrite64,fdatasync,ftruncate,rename,unlink";
    let count = calls_without_fault(calls)["pwrite64"];
    for fault in ["error=EIO", "error=EROFS"] {
        for nth in 1..=count {
            let home = tempfile::tempdir().unwrap();
            let strace = injecting(calls, &format!("{fault}:when={nth}+"));
            let outcome = Outcome::of(&mut through(strace, "lives", home.path()));
            assert!(outcome.is_done() && outcome.failed(""), "{outcome:?}");
            check(home.path(), outcome.acknowledged());
        }
    }
}
