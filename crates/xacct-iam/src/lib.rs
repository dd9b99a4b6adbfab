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
//! | [`trust`] | who may assume them? |
//! | [`policy`] | how are documents read, written, compared and split? |
//! | [`evaluate`] | would AWS allow this call, and by which statement? |
//! | [`chain`] | may this service, through these roles, do that? |
//! | [`plan`] | how does what was read differ from what is wanted? |
//! | [`verify`] | which links are broken, and what would mend them? |
//!
//! Without the feature `aws` the crate is pure: no SDK, no I/O.

pub mod chain;
pub mod error;
pub mod evaluate;
pub mod plan;
pub mod policy;
pub mod spec;
pub mod trust;
pub mod verify;

pub use error::PolicyError;
pub use policy::PolicyDocument;
pub use spec::{RoleNaming, RoleSpec};
