//! Upkeep that finishes, and upkeep that is cancelled in the middle.

use std::time::Duration;

use tokio::sync::oneshot;

use super::scene::{ACME, HANDBOOK, Scene, Surprise, ensure, note};
use crate::client::Client;
use crate::memory::Pace;

const AT_ONCE: Pace = Pace(Duration::ZERO);
/// Rests for longer than anybody waits.
const FOREVER: Pace = Pace(Duration::from_secs(3_600));
const PATIENCE: Duration = Duration::from_millis(50);

pub(super) async fn finished(scene: &Scene) -> Result<(), Surprise> {
    for client in [scene.alice(), scene.bob()] {
        repeat_a_note(&client).await?;
        let Client { memory, caller, .. } = &client;
        let done = client.call("COMPACT", memory.compact(caller, HANDBOOK, AT_ONCE)).await?;
        ensure(done.entries_after < done.entries_before, "a duplicate was kept")?;
    }
    let system = scene.system(ACME);
    let done = system.call("REINDEX", system.memory.reindex(&system.caller, AT_ONCE)).await?;
    ensure(done.entries > 0, "the index is empty")
}

/// One operation runs into a timeout, another one's task is aborted. Nobody
/// can tell how they ended, and the trail must not pretend to.
pub(super) async fn cancelled(scene: &Scene) -> Result<(), Surprise> {
    let alice = scene.alice();
    repeat_a_note(&alice).await?;
    let compact = alice.request(alice.memory.compact(&alice.caller, HANDBOOK, FOREVER));
    let ended = tokio::time::timeout(PATIENCE, compact).await;
    ensure(ended.is_err(), "a compaction ended before it could")?;
    alice.count("COMPACT", "UNKNOWN");

    let system = scene.system(ACME);
    let (begun, beginning) = oneshot::channel();
    let task = tokio::spawn({
        let system = system.clone();
        async move {
            // Sent from within the request, whose next step begins the operation.
            let work = async {
                let _ = begun.send(());
                system.memory.reindex(&system.caller, FOREVER).await
            };
            system.request(work).await
        }
    });
    ensure(beginning.await.is_ok(), "the task did not begin")?;
    task.abort();
    ensure(task.await.is_err_and(|error| error.is_cancelled()), "the task was not cancelled")?;
    system.count("REINDEX", "UNKNOWN");
    Ok(())
}

async fn repeat_a_note(client: &Client) -> Result<(), Surprise> {
    for _ in 0..2 {
        let note = note("said twice", 0.2);
        client.call("STORE", client.memory.store(&client.caller, note)).await?;
    }
    Ok(())
}
