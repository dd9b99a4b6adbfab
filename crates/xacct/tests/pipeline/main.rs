//! The whole pipeline on the simulator.

mod accounts;
mod bad_input;
mod broken_links;
mod deploy;
mod look_alikes;
mod tutorial;
mod world;
