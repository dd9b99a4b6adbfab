//! AWS accounts in one process.
//!
//! `xacct-sim` models the services that a cross-account streaming pipeline uses, in as many accounts as asked for, as
//! deep as [`MODELLED`] says. It is semantic: a call is authorized by the caller's policies, a role is assumed only if
//! both sides allow it, a packet arrives only if subnets, routes, security groups, network ACLs and peering let it, a
//! name is found only if the resolver endpoints between the VPCs can talk to each other. What is not modelled is refused
//! loudly ([`ApiError::not_modelled`]), never faked.
//!
//! ```
//! use std::time::Duration;
//!
//! use aws_sdk_ec2::client::Waiters;
//! use xacct_sim::Sim;
//!
//! let sim = Sim::builder().seed(7).region("ap-south-1").account("111111111111").build();
//! let ec2 = aws_sdk_ec2::Client::new(&sim.sdk_config("111111111111"));
//! sim.run(async {
//!     let made = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await?;
//!     let id = made.vpc().and_then(|vpc| vpc.vpc_id()).unwrap_or_default().to_owned();
//!     // As on AWS, what was just made can be invisible for a few seconds, and the waiter gives up on that.
//!     tokio::time::sleep(Duration::from_secs(30)).await;
//!     ec2.wait_until_vpc_available().vpc_ids(id).wait(Duration::from_secs(60)).await?;
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! assert!(sim.now() > Duration::from_secs(30), "seconds of virtual time, no wall time");
//! assert_eq!(sim.api_calls().write, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In your tests
//!
//! Three lines make two accounts that your service can deploy into, and show every call if the test fails:
//!
//! ```
//! # use xacct_sim::Sim;
//! let sim = Sim::builder().account("111111111111").account("222222222222").build();
//! let _told = sim.on_panic(|story| eprintln!("{story}"));
//! let (source, warehouse) = (sim.sdk_config("111111111111"), sim.sdk_config("222222222222"));
//! # let _ = (source, warehouse);
//! ```
//!
//! Faults are rules with a guard; dropping the guard takes the rule back:
//!
//! ```
//! use xacct_sim::Sim;
//! use xacct_sim::fault::{Rule, Verdict};
//!
//! let sim = Sim::builder().account("111111111111").build();
//! let ec2 = aws_sdk_ec2::Client::new(&sim.sdk_config("111111111111"));
//! let lost = sim.fault(Rule::new(Verdict::LoseResponse).operation("CreateVpc"));
//! sim.run(ec2.create_vpc().cidr_block("10.0.0.0/16").send()).ok();
//! assert_eq!(lost.hits(), 1);
//! assert!(sim.story().contains("ec2 CreateVpc {\"CidrBlock\":\"10.0.0.0/16\"} → answer lost"));
//! ```
//!
//! For services with sockets there is [`SimBuilder::wall_clock`]; for other languages [`Sim::http_door`], and the
//! program `sim_server` around it.
//!
//! # What it keeps
//!
//! - **Time** is virtual: [`Sim::run`] owns a runtime whose clock jumps when everything waits, so a deployment of minutes
//!   takes milliseconds. Durations of asynchronous changes are sampled from the seed ([`sample`]).
//! - **The same seed gives the same call log** ([`Sim::call_log`]): operations, parameters, results.
//! - **Lag, limits, faults**: what was just made is invisible for a while, API token buckets throttle ([`limits`]), and
//!   scripted rules throttle, fail, delay, kill, or lose an answer after its effect ([`fault`]).
//! - **[`Sim::critical_path`]** is the shortest time in which the same could have been built, from the simulator's own
//!   prerequisites ([`timeline`]).
//! - **Probes** ask the simulated world whether packets and names would get through ([`probe`]), **audits** which
//!   permissions were needed and whether given policies allow them ([`audit`]).
//! - **[`Sim::inventory`]** compares accounts without physical ids.
//! - **[`Sim::snapshot`]** keeps a world to go back to; **[`Sim::record`]** keeps one for every call of a run ([`snapshot`]).
//!
//! It shares no code with the crates that it judges.

pub mod clock;
pub mod fault;
pub mod inventory;
pub mod limits;
pub mod log;
pub mod modelled;
pub mod sample;
pub mod settings;
pub mod timeline;
pub mod wire;
pub mod world;

pub(crate) mod auth;
pub(crate) mod builder;
pub(crate) mod data;
pub(crate) mod dispatch;
pub(crate) mod door;
pub(crate) mod ec2;
pub(crate) mod http;
pub(crate) mod iam;
pub(crate) mod ingest;
pub mod kafka;
pub(crate) mod kit;
pub(crate) mod msk;
pub(crate) mod net;
pub(crate) mod placement;
pub mod probe;
pub(crate) mod resolver;
pub(crate) mod serverless;
pub(crate) mod sim;
pub mod snapshot;
pub(crate) mod sql;
pub(crate) mod sts;

pub use crate::http::door::{HttpDoor, HttpDoorOptions};
pub use auth::audit;
pub use builder::SimBuilder;
pub use clock::{SimClock, SimTime};
pub use inventory::Inventory;
pub use kafka::{
    Brokers, DoorCounts, DoorError, KafkaDoor, KafkaDoorOptions, KafkaFault, KafkaStore, Standing,
};
pub use kit::Storyteller;
pub use log::{ApiCalls, Entry, Outcome};
pub use modelled::{MODELLED, Modelled};
pub use settings::Settings;
pub use sim::Sim;
pub use snapshot::{Delivery, Recorder, Snapshot};
pub use sql::options::{ConnectsAt, DuplicateKeys, GuardedParse, SqlSwitches};
pub use world::{ApiError, Reply};
