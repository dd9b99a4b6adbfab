//! One undisturbed run, with the world just before each of its calls.

use crate::drill::{Ground, Trouble};
use xacct_sim::{Delivery, Entry, Inventory, Sim, Snapshot};

/// What is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// `deploy()`
    Deploy,
    /// `destroy()`
    Destroy,
}

impl Errand {
    /// Runs it to its end in virtual time.
    ///
    /// # Errors
    /// The pipeline's.
    pub fn run(self, ground: &Ground, sim: &Sim) -> Result<(), xacct::Error> {
        sim.run(async {
            let pipeline = ground.pipeline(sim).await?;
            match self {
                Self::Deploy => pipeline.deploy().await.map(drop),
                Self::Destroy => pipeline.allow_data_loss().destroy().await.map(drop),
            }
        })
    }
}

/// An undisturbed run.
#[derive(Debug)]
pub struct Story {
    /// Where it took place.
    pub ground: Ground,
    /// What was done.
    pub errand: Errand,
    /// The world before it.
    pub start: Snapshot,
    /// Its calls, with the world before each.
    pub deliveries: Vec<Delivery>,
    /// The same calls with their outcomes.
    pub log: Vec<Entry>,
    /// What it left.
    pub left: Vec<Inventory>,
    /// The world after it.
    pub end: Snapshot,
}

impl Story {
    /// Runs `errand` from `start`.
    ///
    /// # Errors
    /// It did not end well although nothing disturbed it.
    pub fn of(ground: &Ground, errand: Errand, start: Snapshot) -> Result<Self, Trouble> {
        let sim = start.restore();
        let before = sim.call_log().len();
        let recorder = sim.record();
        errand.run(ground, &sim)?;
        let deliveries = recorder.finish();
        let log = sim.call_log().split_off(before);
        if deliveries.len() != log.len() {
            return Err("a call was refused at the door, past the log".into());
        }
        Ok(Self {
            ground: ground.clone(),
            errand,
            start,
            deliveries,
            log,
            left: ground.inventories(&sim),
            end: sim.snapshot(),
        })
    }

    /// The call of this number, and those that came later.
    pub fn from(&self, number: u64) -> &[Delivery] {
        let first = self.deliveries.iter().position(|call| call.number() == number);
        first.map_or(&[], |first| &self.deliveries[first..])
    }
}
