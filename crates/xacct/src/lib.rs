//! A click-stream in one AWS account, a warehouse in another, and one call that joins them.
//!
//! [`Pipeline::deploy`] makes Amazon MSK Serverless in a *source* account, Amazon Redshift Serverless in a
//! *warehouse* account, and everything between the two: VPCs, peering, routes, security groups, forwarded DNS,
//! two least-privilege roles, the topic, the external schema, the materialized view. [`Pipeline::verify`] proves
//! from read calls that packets, names, roles and SQL work, or names each link that does not;
//! [`Pipeline::destroy`] takes away what was made and nothing else. There is no state file.
//!
//! # A whole program
//!
//! On the simulator, [`xacct_sim`](https://docs.rs/xacct-sim): no AWS account, no network beyond this machine.
//! With AWS only the two configurations are others, and nobody needs to say where the brokers are.
//!
//! ```
//! use serde::Deserialize;
//! use std::time::{Duration, SystemTime};
//! use xacct::{Action, ClickEvent, KafkaAccess, Page, Pipeline, PipelineSpec};
//! use xacct_sim::{Sim, Standing};
//!
//! #[derive(Debug, PartialEq, Deserialize)]
//! struct Visit { visitor: String, path: String }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (a, b) = ("111111111111", "222222222222");
//!     let sim = Sim::builder().region("ap-south-1").account(a).account(b).build();
//!     let door = sim.kafka_door(Standing::Inside)?;
//!
//!     // Minutes of AWS's time, next to none of ours.
//!     let spec = PipelineSpec::new("clicks".parse()?, "ap-south-1".parse()?, a.parse()?, b.parse()?);
//!     let here = |access: KafkaAccess| access.with_bootstrap(door.bootstrap()).with_ca_pem(door.ca_pem());
//!     let deployment = sim.run(async {
//!         let pipeline = Pipeline::new(spec, sim.sdk_config(a), sim.sdk_config(b)).await?;
//!         pipeline.with_kafka_access(here).deploy().await
//!     })?;
//!     assert!(sim.run(deployment.verify())?.holds());
//!
//!     // The Kafka protocol with IAM authentication, over real sockets.
//!     tokio::runtime::Runtime::new()?.block_on(async {
//!         let producer = deployment.producer().await?;
//!         let event = ClickEvent::new(SystemTime::now(), "visitor-1", Action::PageView);
//!         producer.send(&event.with_page(Page::new("/shop"))).await?;
//!         producer.close(Duration::from_secs(10)).await;
//!         Ok::<(), Box<dyn std::error::Error>>(())
//!     })?;
//!
//!     let rows: Vec<Visit> = sim.run(async {
//!         let warehouse = deployment.warehouse();
//!         warehouse.refresh("myview1").await?;
//!         let columns = "payload.visitor::varchar AS visitor, payload.page.path::varchar AS path";
//!         warehouse.query(&format!("SELECT {columns} FROM myview1_parsed")).await
//!     })?;
//!     assert_eq!(rows, [Visit { visitor: "visitor-1".into(), path: "/shop".into() }]);
//!     Ok(())
//! }
//! ```
//!
//! # Where things are
//!
//! | what | where |
//! |---|---|
//! | what you want: a file or a builder, every field with its default | [`PipelineSpec`], [`spec`] |
//! | planned, deployed, verified, removed | [`Pipeline`] |
//! | what differs, and why | [`Plan`], [`Change`], [`Reason`] |
//! | what there is: every id, ARN and name, as JSON too | [`Outputs`], [`outputs`] |
//! | a pipeline at work: refresh, query, count, produce | [`Deployment`], [`Warehouse`], [`ClickstreamProducer`] |
//! | what holds and what does not | [`Report`], [`Finding`] |
//! | what happens meanwhile | [`Pipeline::with_events`], [`Pipeline::on_event`], [`Event`] |
//! | ending it early | [`Pipeline::stop`], [`Pipeline::with_deadline`] |
//! | when it fails, when another one is at it | [`OnFailure`], [`WhenBusy`] |
//! | many pipelines over shared networks, clusters, workgroups | [`Fleet`], [`fleet`] |
//! | only the networks, only the roles, … | [`Pipeline::only`], [`Part`] |
//! | an account through a role | [`Account`] |
//! | what went wrong, whether to try again, whether anything was changed | [`Error`], [`explain`] |
//! | the IAM policies that a specification leads to | [`PipelineSpec::policies`] |
//!
//! The parts are crates of their own, here under [`net`], [`iam`], [`msk`], [`redshift`] and [`clickstream`]; the
//! names that they exchange are in [`types`].
//!
//! # Guarantees
//!
//! - **Again is safe.** A second [`deploy`](Pipeline::deploy) on an unchanged pipeline makes no call that writes.
//!   After a failure, a kill or a dropped future, `deploy` goes on from there: everything carries the pipeline's
//!   tags, or a name that derives from it, from the call that makes it.
//! - **One at a time.** Of several processes that deploy or destroy one pipeline, one does and the others wait, or are
//!   told who it is ([`when_busy`](Pipeline::when_busy)). What a process that died held is free after 15 minutes.
//! - **Others stay as they are.** What carries neither those tags nor those names is neither used nor touched,
//!   whatever it is called and whichever addresses it has.
//! - **Nothing is replaced unasked.** A plan that would remove a resource and make it anew is refused before anything is
//!   changed, unless [`allow_replace`](Pipeline::allow_replace) is said, and [`allow_data_loss`](Pipeline::allow_data_loss)
//!   for a cluster, a topic, a namespace or a view, as it must be for their removal.
//! - **Bad input costs nothing.** Everything that can be known without a call is checked before the first one, all
//!   of it is reported at once, and credentials of a wrong account are refused before anything is read.
//! - **Least privilege.** The reader may read its topics and nothing else; no role trusts a whole account.
//! - **No record is lost to another.** A record that is not JSON lands as bytes beside the others and does not
//!   block the refresh: [`Warehouse::tally`] counts what was parsed, what was not, and what Redshift skipped.
//! - **No secret passes through here.** Redshift manages the admin password; statements name its secret by ARN.
//! - **One clock, no surroundings.** Time, sleep, retries' jitter and credentials come from the [`SdkConfig`] of
//!   each account and a seed; the library reads no environment, keeps no globals and prints nothing.
//!
//! What is removed is gone: [`Pipeline::destroy`] loses the events of the cluster and the rows of the views.
//!
//! # What AWS leaves unconfirmed
//!
//! Everything here is tested against the simulator, which knows AWS from its texts, and where they are silent or
//! disagree it has a switch. Not promised:
//!
//! - that `broker = "address"` (`FROM KAFKA … URI`) takes the bootstrap name of a *serverless* cluster together with
//!   a chain of roles: AWS publishes no such example. The default, `FROM MSK … CLUSTER_ARN`, is what its tutorial runs;
//! - that Redshift with enhanced VPC routing uses an interface endpoint of STS (`egress = "sts-endpoint"`);
//! - whether a workgroup's trust needs `redshift-serverless.amazonaws.com`: the role trusts both principals;
//! - which consumer groups Redshift uses: the reader's permission for groups ends in `*` within the cluster;
//! - whether the free addresses that a workgroup wants are meant for each subnet or in all: each is assumed;
//! - that `CASE WHEN CAN_JSON_PARSE(…)` guards `JSON_PARSE` inside a streaming view as it does elsewhere, and what the
//!   guard says of an object with one attribute twice, which `JSON_PARSE` refuses;
//! - what a refresh does when a topic was made anew or its first offset has expired.

mod account;
mod collect;
mod control;
mod deploy;
mod deployment;
mod doctor;
mod draft;
mod error;
pub mod fleet;
mod lease;
mod only;
pub mod outputs;
mod pipeline;
mod policies;
pub mod spec;
mod verify;

pub use account::Account;
pub use control::Events;
pub use deployment::Deployment;
pub use doctor::{Patient, doctor};
pub use error::Error;
pub use fleet::Fleet;
pub use lease::WhenBusy;
pub use only::{NoSuchPart, Part, Partial};
pub use outputs::Outputs;
pub use pipeline::{OnFailure, Pipeline};
pub use spec::{PipelineSpec, SpecError};

pub use aws_types::SdkConfig;
#[doc(inline)]
pub use msk_clickstream::{Action, ClickEvent, ClickstreamProducer, KafkaAccess, Page};
#[doc(inline)]
pub use redshift_streaming::warehouse::{Tally, Warehouse};
#[doc(inline)]
pub use xacct_converge::{Change, Event, Finding, Plan, Reason, Report, Severity, Sink, Step, What, explain};

pub use msk_clickstream as clickstream;
pub use msk_serverless as msk;
pub use redshift_streaming as redshift;
pub use xacct_iam as iam;
pub use xacct_net as net;
pub use xacct_types as types;
