//! A limit on the size of files: writes that are really short.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::parent::{check, is_there, through};

/// In the units of the shell, 512 or 1,024 bytes.
const LIMIT: &str = "ulimit -S -f 30 && trap '' XFSZ && exec \"$0\" \"$@\"";

/// Lifts a limit of another process, as the test does: some systems have the
/// tool and forbid that.
const PROBE: &str = "sleep 60 & prlimit --pid $! --fsize=unlimited; done=$?; kill $!; exit $done";

#[test]
fn a_size_limit_is_a_full_disk_until_it_is_lifted() {
    if !is_there("prlimit", Command::new("sh").args(["-c", PROBE])) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", LIMIT]);
    let mut command = through(shell, "meets_a_size_limit", home.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut facts = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("fact: ").map(|(_, fact)| fact.to_owned()));
    assert!(facts.any(|fact| fact == "at the limit"));
    let lifted = Command::new("prlimit")
        .args(["--pid", &child.id().to_string(), "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(lifted.success());
    child.stdin.take().unwrap().write_all(b"go on\n").unwrap();
    let facts: Vec<_> = facts.collect();
    assert!(child.wait().unwrap().success());
    assert_eq!(facts.last().map(String::as_str), Some("done"));
    let acknowledged = facts.iter().filter_map(|fact| fact.strip_prefix("acknowledged "));
    check(home.path(), acknowledged.map(|number| number.parse().unwrap()).max().unwrap());
}
