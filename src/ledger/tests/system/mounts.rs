//! Filesystems that are full or can only be read: mounted in a namespace of the
//! child's own, which takes them with it. Where the system keeps such
//! namespaces from users, they need root.

use std::process::Command;

use super::parent::{Outcome, check, entries, is_there, through};

/// Mounts what `$0` says, and runs the rest.
fn mounted(mount: &str) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    unshare.arg(format!("{mount} && exec \"$0\" \"$@\""));
    unshare
}

fn can_mount() -> bool {
    let home = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs none {}", home.path().display());
    is_there("unshare with mount", mounted(&mount).arg("true"))
}

#[test]
fn a_full_disk_refuses_takes_a_last_word_and_goes_on_with_room() {
    if !can_mount() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=256k none {}", home.path().display());
    let outcome = Outcome::of(&mut through(mounted(&mount), "fills_a_disk", home.path()));
    assert!(outcome.is_done() && outcome.failed("Full"), "{outcome:?}");
}

#[test]
fn a_log_on_a_read_only_filesystem_is_read_and_not_written() {
    if !can_mount() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    check(home.path(), 0);
    let before = entries(home.path());
    let path = home.path().display();
    let mount = format!("mount --bind {path} {path} && mount -o remount,bind,ro {path}");
    let outcome = Outcome::of(&mut through(mounted(&mount), "reads_only", home.path()));
    assert!(outcome.is_done(), "{outcome:?}");
    assert_eq!(entries(home.path()), before);
}
