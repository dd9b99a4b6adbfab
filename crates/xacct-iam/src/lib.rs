//! IAM between two AWS accounts.
//!
//! A warehouse in one account reads a stream in another through two roles: the
//! service assumes the first, the first assumes the second, the second may read.
//! This crate knows what such a chain needs, proves that it holds before
//! anything exists, and brings the roles about.
//!
//! | module | question it answers |
//! |---|---|
//! | [`spec`] | which roles do I want, and how are they called? |
//! | [`pair`] | which two roles does a pipeline need, and does their chain hold? |
//! | [`trust`] | who may assume them? |
//! | [`policy`] | how are documents read, written, compared and split? |
//! | [`evaluate`] | would AWS allow this call, and by which statement? |
//! | [`chain`] | may this service, through these roles, do that? |
//! | [`permissions`] | what must a deployer of roles be allowed? |
//! | [`plan`] | how does what was read differ from what is wanted? |
//! | [`verify`] | which links are broken, and what would mend them? |
//! | [`outputs`] | what is there once they are made? |
//! | [`lease`] | who changes a pipeline now? |
//! | `apply` (feature `aws`) | the roles as resources of a graph |
//! | `account`, `session` (feature `aws`) | whose credentials are these; calls as another role |
//!
//! Without the feature `aws` the crate is pure: no SDK, no I/O.

#[cfg(feature = "aws")]
pub mod account;
#[cfg(feature = "aws")]
pub mod apply;
pub mod chain;
pub mod error;
pub mod evaluate;
pub mod lease;
pub mod outputs;
pub mod pair;
pub mod permissions;
pub mod plan;
pub mod policy;
#[cfg(feature = "aws")]
pub mod session;
pub mod spec;
pub mod trust;
pub mod verify;

#[cfg(feature = "aws")]
pub use apply::{ObservedPair, PairHandles, RolePair, RolesUnder, Seen};
pub use error::{AccountError, PolicyError};
pub use outputs::{RoleOut, RolePolicyOut};
pub use pair::{PairView, RolePairSpec, RoleRules};
pub use policy::PolicyDocument;
pub use spec::{RoleNaming, RoleSpec};
