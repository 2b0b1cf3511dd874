//! Who waits until something is durable, or covered by a checkpoint.

use super::keeper::{Keeper, Kept};
use super::trouble::State;
use crate::error::{Error, Result};
use crate::event::Sequence;
use crate::proof::SignedCheckpoint;
use crate::worker::request::Reply;
use crate::worker::trail::Stored;

/// Somebody who waits for a sync.
pub(super) struct Waiting {
    /// So many entries have to be durable.
    size: u64,
    answer: Answer,
}

enum Answer {
    Stored(Stored, Reply<Result<Stored>>),
    Synced(Reply<Result<()>>),
}

/// Somebody who waits for a checkpoint over so many entries.
pub(super) struct WaitingForCheckpoint {
    size: u64,
    reply: Reply<Result<SignedCheckpoint>>,
}

impl Keeper {
    /// Tells when an event is durable; without a journal, at once.
    pub(in crate::worker) fn acknowledge(&mut self, stored: Stored, reply: Reply<Result<Stored>>) {
        let Some(kept) = self.open_mut() else { return drop(reply.send(Ok(stored))) };
        let answer = Answer::Stored(stored, reply);
        kept.waiting.push_back(Waiting { size: stored.end(), answer });
    }

    /// Tells when everything that was appended is durable.
    pub(in crate::worker) fn acknowledge_all(&mut self, reply: Reply<Result<()>>) {
        let Some(kept) = self.open_mut() else { return drop(reply.send(Ok(()))) };
        let (size, answer) = (kept.ledger.size(), Answer::Synced(reply));
        kept.waiting.push_back(Waiting { size, answer });
    }

    /// Gives the first checkpoint that covers an event.
    pub(in crate::worker) fn await_checkpoint(
        &mut self,
        sequence: Sequence,
        reply: Reply<Result<SignedCheckpoint>>,
    ) {
        let Some(kept) = self.open_mut() else { return drop(reply.send(Err(Error::stopped()))) };
        let size = sequence.0.saturating_add(1);
        kept.waiting_for_checkpoint.push(WaitingForCheckpoint { size, reply });
        kept.answer_checkpoints();
    }
}

impl Kept {
    /// Answers whom a sync has made good, or everybody why it cannot; how many.
    pub(super) fn answer_waiting(&mut self) -> usize {
        let durable = self.ledger.durable();
        let before = self.waiting.len();
        while let Some(first) = self.waiting.front() {
            let refusal = if first.size <= durable { None } else { self.refusal() };
            if first.size > durable && refusal.is_none() {
                break;
            }
            let Some(waiting) = self.waiting.pop_front() else { break };
            waiting.answer.send(refusal);
        }
        before - self.waiting.len()
    }

    /// Answers whom the newest checkpoint covers; everybody else, where there will
    /// be no other one.
    pub(super) fn answer_checkpoints(&mut self) {
        let latest = self.ledger.latest_checkpoint();
        let is_over = matches!(self.state, State::GivenUp(_));
        for waiting in std::mem::take(&mut self.waiting_for_checkpoint) {
            let covers =
                |latest: &&SignedCheckpoint| waiting.size <= latest.checkpoint().head().size;
            match (latest.filter(covers), self.refusal().filter(|_| is_over)) {
                (Some(latest), _) => waiting.answer(latest),
                (None, Some(refusal)) => drop(waiting.reply.send(Err(refusal))),
                (None, None) => self.waiting_for_checkpoint.push(waiting),
            }
        }
    }
}

impl WaitingForCheckpoint {
    pub(super) fn answer(self, checkpoint: &SignedCheckpoint) {
        drop(self.reply.send(Ok(checkpoint.clone())));
    }
}

impl Answer {
    /// Who gave up waiting does not miss the answer.
    fn send(self, refusal: Option<Error>) {
        match (self, refusal) {
            (Answer::Stored(_, reply), Some(error)) => drop(reply.send(Err(error))),
            (Answer::Stored(stored, reply), None) => drop(reply.send(Ok(stored))),
            (Answer::Synced(reply), Some(error)) => drop(reply.send(Err(error))),
            (Answer::Synced(reply), None) => drop(reply.send(Ok(()))),
        }
    }
}
