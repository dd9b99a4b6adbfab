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
//!
//! Without the feature `aws` the crate is pure: no SDK, no I/O.
//!
//! ```
//! use xacct_net::{LinkSpec, proof};
//!
//! let link = LinkSpec::new("ap-south-1".parse()?).resolve()?;
//! let report = proof::prove(&proof::planned(&link), &proof::Options::default());
//! assert!(report.holds(), "{report}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "aws")]
pub mod apply;
pub mod blueprint;
#[cfg(feature = "aws")]
mod endpoint;
mod error;
#[cfg(feature = "aws")]
mod groups;
#[cfg(feature = "aws")]
mod internet;
pub mod layout;
#[cfg(feature = "aws")]
pub mod live;
#[cfg(feature = "aws")]
mod observe;
#[cfg(feature = "aws")]
pub mod outputs;
#[cfg(feature = "aws")]
mod peering;
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
pub use spec::{Egress, Link, LinkSpec, Network, NetworkSpec, Side};
