//! A cluster from plan to removal on the simulator.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
