//! A day in the life of the memory system, the same every time: what happens
//! is drawn from a fixed seed. Each step also checks that it went as it should.

mod incidents;
mod preparation;
mod removal;
mod scene;
mod upkeep;
mod users;

pub(crate) use scene::{Scene, Surprise};

use users::work_day;

/// Runs the whole day.
pub(crate) async fn run(scene: &Scene) -> Result<(), Surprise> {
    let library = preparation::prepare(scene).await?;
    work_day(scene, &library).await?;
    incidents::denied(scene, &library).await?;
    incidents::deletes_everything(scene).await?;
    incidents::exports_often(scene).await?;
    incidents::outgrows_the_quota(scene).await?;
    incidents::brings_a_broken_ranking(scene).await?;
    upkeep::finished(scene).await?;
    upkeep::cancelled(scene).await?;
    removal::remove(scene, &library).await
}
