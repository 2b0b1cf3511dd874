//! What can be asked.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Verifies, shows and publishes audit logs.
///
/// DIR is the directory of a log, or one with several logs below it. Nothing
/// is ever written there, and a program may go on writing to its log
/// meanwhile.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Checks whether logs are what was written and what was signed
    ///
    /// Exit status: 0 all is well and a checkpoint from outside vouches for it;
    /// 1 tampered with, cut, replaced, or never signed; 2 something could not
    /// be read; 3 all is well by the log's own word alone.
    Verify(VerifyArguments),
    /// Prints the entries, one JSON object a line
    Cat(LogArguments),
    /// Prints the events that were asked for, one JSON object a line
    ///
    /// Those of all logs are merged, the most recent first. An event has to satisfy
    /// every option that is given; of one that is given several times (operation,
    /// status, entry), any. What is printed was read, not verified.
    Query(Box<QueryArguments>),
    /// Prints a proof that an event is in a log, as C2SP tlog-proof
    ///
    /// The proof carries the event, and can be verified without the log:
    /// `tracing-audit verify-proof`. Of an event that takes several entries,
    /// there is a proof of each, one after the other. Of an operation that was
    /// announced before it began, the entry is proven that tells how it ended;
    /// its intent, which is said, if there is no such entry.
    Proof(ProofArguments),
    /// Verifies a proof offline and prints the event that it proves
    ///
    /// Exit status: 0 proven, 1 not proven, 2 something could not be read.
    VerifyProof(VerifyProofArguments),
    /// Prints the newest checkpoint of each log, to be kept elsewhere
    ///
    /// Between those of several logs is an empty line; `verify --checkpoint`
    /// takes them together or one by one. What is not signed by its log is not
    /// printed, and the exit status is 2.
    Checkpoint(LogArguments),
    /// Writes a log as C2SP tlog-tiles files, ready to be served
    Tiles(TilesArguments),
    /// Prints the keys that logs are signed with, to be kept elsewhere
    Keys(LogArguments),
}

#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// Directory of a log, or of several
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArguments {
    /// Directory of a log, or of several
    pub(crate) dir: PathBuf,
    /// On behalf of this user
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// By this actor: user:ID, api_key:ID, service:ID, system or anonymous
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Of this session
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Of this organisation
    #[arg(long, value_name = "ID")]
    pub(crate) org: Option<String>,
    /// On this knowledge base, collection or other container
    #[arg(long, value_name = "ID")]
    pub(crate) resource: Option<String>,
    /// From this network origin
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Of this operation
    #[arg(long)]
    pub(crate) operation: Vec<String>,
    /// With this status: success, failure, partial or unknown
    #[arg(long)]
    pub(crate) status: Vec<String>,
    /// On this entry
    #[arg(long, value_name = "ID")]
    pub(crate) entry: Vec<String>,
    /// Begun at this time or later: 2025-01-15T10:30:00Z, or 2025-01-15 (UTC)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Begun before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// With this text in the error message
    #[arg(long, value_name = "TEXT")]
    pub(crate) error: Option<String>,
    /// With this value in the metadata: JSON, or else text; KEY may be a path with dots
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) metadata: Vec<String>,
    /// This event (evt_…), and what was done inside it
    #[arg(long, value_name = "EVENT")]
    pub(crate) trail: Option<String>,
    /// Facts about the log itself as well
    #[arg(long)]
    pub(crate) every_kind: bool,
    /// The oldest first
    #[arg(long)]
    pub(crate) oldest_first: bool,
    /// Prints so many at most, and on the standard error how to go on
    #[arg(long, value_name = "EVENTS")]
    pub(crate) limit: Option<usize>,
    /// Goes on where the same question ended
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
    /// Prints how many there are
    #[arg(long, group = "figures", conflicts_with_all = ["limit", "after"])]
    pub(crate) count: bool,
    /// Prints how many there are of each, the most frequent first
    #[arg(long, group = "figures", value_name = "FIELD", conflicts_with_all = ["limit", "after"])]
    pub(crate) group_by: Option<GroupBy>,
    /// Prints figures over them, as a JSON object: rates, durations, counts by operation and status
    #[arg(long, group = "figures", conflicts_with_all = ["limit", "after"])]
    pub(crate) statistics: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GroupBy {
    User,
    Actor,
    Session,
    Operation,
    Org,
    Resource,
    Source,
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Directory of a log, or of several
    pub(crate) dir: PathBuf,
    /// Key that the logs have to be signed with: its text, or a file of keys, one a line
    #[arg(long, value_name = "VKEY|FILE")]
    pub(crate) key: Vec<String>,
    /// Checkpoint that was kept elsewhere: a file of one or several, or a directory of such files
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ProofArguments {
    /// Directory of a log, or of several
    pub(crate) dir: PathBuf,
    /// Id of the event (evt_…), or its sequence in the only log
    pub(crate) event: String,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyProofArguments {
    /// File that holds the proof; - for the standard input
    pub(crate) proof: PathBuf,
    /// Key of the log: its text, or a file of keys
    #[arg(long, value_name = "VKEY|FILE", required = true)]
    pub(crate) key: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TilesArguments {
    /// Directory of the log
    pub(crate) dir: PathBuf,
    /// Directory to write to, not that of the log; files in it that have changed are replaced
    pub(crate) out: PathBuf,
}
