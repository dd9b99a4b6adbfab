//! The whole pipeline on the simulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and sleeps in the simulator's time"
)]

mod accounts;
mod bad_input;
mod broken_links;
mod company_rules;
mod deploy;
mod doctor;
mod door;
mod drift;
mod ending;
mod fleet;
mod look_alikes;
mod only;
mod reads;
mod secrets;
mod together;
mod tutorial;
mod world;
