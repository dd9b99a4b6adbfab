//! Amazon MSK Serverless: a cluster, its topics, and who may do what with them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`spec`] | what is asked for, and everything that can be checked without AWS |
//! | [`plan`] | what was read, what stands against it, what has to change; pure |
//! | `apply` | the calls to MSK |
//! | [`outputs`] | ARN, bootstrap brokers, topics |
//! | [`verify`] | which links of a cluster and its topics hold |
//! | [`error`] | what can be wrong with a specification |
//! | [`cluster`] (feature `aws`) | the cluster as a resource |
//! | [`topics`] | topics as resources, made by whoever reaches the brokers |
//! | [`quotas`] | what an account and a cluster take |
//! | [`grants`] | the permissions of readers, producers and topic makers |
//!
//! Without the feature `aws` the crate compiles no SDK: specifications, grants,
//! topics, plans and checks remain.

#[cfg(feature = "aws")]
mod apply;
#[cfg(feature = "aws")]
pub mod cluster;
pub mod error;
pub mod grants;
pub mod outputs;
pub mod plan;
pub mod quotas;
pub mod spec;
pub mod topics;
pub mod verify;

#[cfg(feature = "aws")]
pub use cluster::Cluster;
pub use error::{SpecError, SpecErrors};
pub use grants::{Brokers, ClusterScope};
pub use outputs::{ClusterOut, TopicOut};
pub use plan::{ClientVpc, Observed, Seen, State};
pub use quotas::Quotas;
pub use spec::ClusterSpec;
pub use topics::{ObservedTopics, OnRemoval, Topics};
