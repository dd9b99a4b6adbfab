//! AWS accounts in one process.
//!
//! `xacct-sim` models the services that a cross-account streaming pipeline uses, in as many accounts as asked for.
//! It is semantic: a call is authorized by the caller's policies, a packet arrives only if subnets, routes, groups and
//! peering let it, and what is not modelled is refused loudly ([`ApiError::not_modelled`]).
//!
//! Time is virtual: a deployment of minutes takes milliseconds and is the same every time for the same seed.

pub mod clock;
pub mod fault;
pub mod inventory;
pub mod limits;
pub mod log;
pub mod sample;
pub mod settings;
pub mod timeline;
pub mod wire;
pub mod world;

pub(crate) mod auth;
pub(crate) mod data;
pub(crate) mod dispatch;
pub(crate) mod door;
pub(crate) mod ec2;
pub(crate) mod iam;
pub(crate) mod ingest;
pub mod kafka;
pub(crate) mod msk;
pub(crate) mod net;
pub(crate) mod placement;
pub(crate) mod resolver;
pub(crate) mod serverless;
pub(crate) mod sim;
pub(crate) mod sql;
pub(crate) mod sts;

pub use clock::{SimClock, SimTime};
pub use inventory::Inventory;
pub use kafka::{DoorError, KafkaDoor, KafkaDoorOptions, KafkaStore, Standing};
pub use log::{ApiCalls, Entry, Outcome};
pub use settings::Settings;
pub use sim::{Sim, SimBuilder};
pub use world::{ApiError, Reply};
