//! Two private AWS networks in two accounts, peered and sharing DNS.
//!
//! The *source* network holds brokers, the *warehouse* network holds whoever
//! reads them. Between them stand a VPC peering, routes on both sides, security
//! groups, and a pair of Route 53 Resolver endpoints with a forward rule, so that
//! the warehouse resolves the brokers' names to their private addresses.
//!
//! | module | question it answers |
//! |---|---|
//! | [`spec`] | what do I want? |
//! | [`layout`] | which addresses does that give, and do they suffice? |
//! | [`blueprint`] | which routes, group rules and endpoints does that mean? |
//! | [`proof`] | do packets and names get through, and if not, which link is broken? |
//! | [`permissions`] | what must a deployer be allowed? |
//!
//! Without the feature `aws` the crate is pure: no SDK, no I/O. With it, [`Networks`]
//! observes, plans, deploys, verifies and removes (`apply`, `plan`, `outputs`,
//! `verify`, `live`), as a program of its own or as part of a larger graph.
//!
//! A plan is proved before anything exists:
//!
//! ```
//! use xacct_net::{LinkSpec, proof};
//!
//! let link = LinkSpec::new("ap-south-1".parse()?).resolve()?;
//! let report = proof::prove(&proof::planned(&link), &proof::Options::default());
//! assert!(report.holds(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
#![cfg_attr(
    feature = "aws",
    doc = r#"
A whole program on two simulated accounts: plan, deploy, verify, remove.

```
use xacct_converge::{Context, smithy::ConfigClock};
use xacct_net::{LinkSpec, Networks, live::Ends, proof::Options};
use xacct_sim::Sim;
use xacct_types::{Owner, PipelineName};

let sim = Sim::builder().region("ap-south-1").account("111111111111").account("222222222222").build();
let (source, warehouse) = (sim.sdk_config("111111111111"), sim.sdk_config("222222222222"));
let cx = Context::new(ConfigClock::of(&source), 1);

let owner = Owner::new(PipelineName::new("clicks")?);
let link = LinkSpec::new("ap-south-1".parse()?).resolve()?;
let networks = Networks::new(link, &owner, 1, &source, &warehouse);

sim.run(async {
    let plan = networks.plan(&cx).await?;
    assert!(plan.changes().count() > 30, "{plan}");

    let outputs = networks.deploy(&cx).await?;
    assert_eq!(outputs.source.private_subnets.len(), 3);
    assert!(networks.plan(&cx).await?.is_empty(), "a second run has nothing to do");

    let report = networks.verify(&outputs, &Ends::default(), &Options::default(), &cx).await?;
    assert!(report.holds(), "{report}");

    networks.remove(&cx).await?;
    Ok::<(), Box<dyn std::error::Error>>(())
})?;
assert!(sim.inventory("222222222222").is_empty());
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]

#[cfg(feature = "aws")]
mod addresses;
#[cfg(feature = "aws")]
pub mod apply;
pub mod blueprint;
#[cfg(feature = "aws")]
mod endpoint;
#[cfg(feature = "aws")]
mod entries;
mod error;
#[cfg(feature = "aws")]
mod groups;
#[cfg(feature = "aws")]
mod internet;
pub mod layout;
#[cfg(feature = "aws")]
pub mod live;
#[cfg(feature = "aws")]
mod nat;
#[cfg(feature = "aws")]
mod observe;
#[cfg(feature = "aws")]
pub mod outputs;
#[cfg(feature = "aws")]
mod peering;
pub mod permissions;
#[cfg(feature = "aws")]
pub mod plan;
pub mod proof;
#[cfg(feature = "aws")]
mod resolver;
#[cfg(feature = "aws")]
mod route_tables;
#[cfg(feature = "aws")]
mod routes;
#[cfg(feature = "aws")]
mod rule;
#[cfg(feature = "aws")]
mod site;
pub mod spec;
#[cfg(feature = "aws")]
mod subnets;
#[cfg(feature = "aws")]
pub mod verify;
#[cfg(feature = "aws")]
mod vpc;

#[cfg(feature = "aws")]
pub use apply::{LinkError, Networks, Observed};
pub use error::{SpecError, SpecErrors};
#[cfg(feature = "aws")]
pub use observe::Usage;
pub use spec::{Egress, Link, LinkSpec, Network, NetworkSpec, Side};

#[cfg(all(test, feature = "aws"))]
#[path = "../tests/wire/mod.rs"]
mod wire;
