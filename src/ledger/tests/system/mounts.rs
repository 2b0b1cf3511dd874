//! Filesystems that are full or can only be read: mounted in a namespace of the
//! child's own, which takes them with it. Where the system keeps such
//! namespaces from users, they need root.

use std::path::Path;
use std::process::Command;

use super::parent::{Outcome, check, entries, is_there, through};

/// Mounts what `$0` says, and runs the rest.
fn mounted(mount: &str) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    unshare.arg(format!("{mount} && exec \"$0\" \"$@\""));
    unshare
}

/// A filesystem with little room.
fn small(directory: &Path) -> Command {
    mounted(&format!("mount -t tmpfs -o size=256k none {}", directory.display()))
}

/// The directory itself, to be read alone.
fn read_only(directory: &Path) -> Command {
    let path = directory.display();
    mounted(&format!("mount --bind {path} {path} && mount -o remount,bind,ro {path}"))
}

/// Whether this system lets us.
fn can_mount(mount: impl FnOnce(&Path) -> Command) -> bool {
    let home = tempfile::tempdir().unwrap();
    is_there("unshare with mount", mount(home.path()).arg("true"))
}

#[test]
fn a_full_disk_refuses_takes_a_last_word_and_goes_on_with_room() {
    if !can_mount(small) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let outcome = Outcome::of(&mut through(small(home.path()), "fills_a_disk", home.path()));
    assert!(outcome.is_done() && outcome.failed("Full"), "{outcome:?}");
}

#[test]
fn a_log_on_a_read_only_filesystem_is_read_and_not_written() {
    if !can_mount(read_only) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    check(home.path(), 0);
    let before = entries(home.path());
    let outcome = Outcome::of(&mut through(read_only(home.path()), "reads_only", home.path()));
    assert!(outcome.is_done(), "{outcome:?}");
    assert_eq!(entries(home.path()), before);
}
