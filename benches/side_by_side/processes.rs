//! Arms as processes of their own, asked one after the other.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use super::arms::{Arm, BURST_SPANS};
use super::figures::Figures;
use super::measure;
use super::spans::Workload;

/// How spans are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// At full speed on one thread.
    Bursts,
    /// At full speed on two threads.
    TwoThreads,
    /// 200,000 a second.
    Paced,
}

impl Way {
    const NAMED: [(&'static str, Way); 3] =
        [("bursts", Way::Bursts), ("two_threads", Way::TwoThreads), ("paced", Way::Paced)];

    fn named(name: &str) -> Way {
        Self::NAMED.iter().find(|(known, _)| *known == name).expect("a way to open spans").1
    }

    pub(crate) fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, known)| *known == self).map_or("?", |(name, _)| name)
    }
}

/// A process that answers for one arm.
pub(crate) struct ArmProcess {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl ArmProcess {
    pub(crate) fn start(arm: Arm) -> Self {
        let mut process = this_program()
            .args(["child", "arm", arm.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let questions = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        ArmProcess { process, questions, answers }
    }

    /// Nanoseconds per span, and how many audited spans were lost.
    pub(crate) fn ask(&mut self, way: Way, workload: Workload, seed: u64) -> (f64, f64) {
        writeln!(self.questions, "{} {} {seed}", way.name(), workload.name()).expect("the child");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the child");
        let mut numbers = answer.split_whitespace().map(|word| word.parse().expect("a number"));
        (numbers.next().expect("nanoseconds"), numbers.next().expect("losses"))
    }
}

impl Drop for ArmProcess {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The child's side: answers until nobody asks any more.
pub(crate) fn serve(arm: Arm) {
    let installed = Mutex::new(arm.install());
    let expected = Mutex::new(0_u64);
    for question in std::io::stdin().lines().map_while(Result::ok) {
        let words: Vec<&str> = question.split_whitespace().collect();
        let &[way, workload, seed] = words.as_slice() else { return };
        let (way, workload) = (Way::named(way), Workload::named(workload));
        let seed = seed.parse().expect("a number");
        let lost = Mutex::new(0);
        let drain = |spans: usize| {
            let mut expected = expected.lock().expect("no panic");
            *expected += if workload.is_audited() { spans as u64 } else { 0 };
            *lost.lock().expect("no panic") = installed.lock().expect("no panic").drain(*expected);
        };
        let ns = match way {
            Way::Bursts => measure::bursts(workload, seed, BURST_SPANS, drain),
            Way::TwoThreads => measure::bursts_of_two(workload, seed, BURST_SPANS, drain),
            Way::Paced => measure::paced(workload, seed, drain),
        };
        println!("{ns} {}", *lost.lock().expect("no panic"));
    }
}

/// Runs a part in a process of its own and takes over the figures it prints,
/// one `name value` a line.
pub(crate) fn figures_of_child(arguments: &[&str], figures: &mut Figures) {
    eprintln!("side_by_side: {}", arguments.join(" "));
    let output = this_program()
        .arg("child")
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started again");
    assert!(output.status.success(), "the process for {arguments:?} failed");
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        let value: f64 = value.parse().expect("a number");
        if name == "lost" { figures.lose(value) } else { figures.set(name, value) }
    }
}

/// This program, to be started again.
pub(crate) fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("this program has a path"))
}
