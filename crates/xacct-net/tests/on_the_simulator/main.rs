//! Two networks from plan to removal on the simulator, undisturbed and disturbed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod drift;
mod faults;
mod lookalikes;
mod proof;
mod way;
mod world;
