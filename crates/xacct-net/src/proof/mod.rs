//! Proof that packets and names get through, before or after deployment.
//!
//! A [`Model`] is filled from a plan ([`planned`]) or from what Describe calls
//! returned; [`prove`] answers a fixed list of [`Question`]s over it. An answer is
//! the way hop by hop, in both directions, or every link that fails, with what was
//! read that shows it and what would mend it.
//!
//! Sources: Amazon VPC user guide (route priority, network ACLs, security groups),
//! VPC peering guide, Route 53 developer guide (resolver rules).

mod api;
mod dns;
mod finding;
mod findings;
pub mod model;
mod packet;
mod planned;
mod questions;
mod region;
mod report;

pub use dns::{DnsAnswer, is_under};
pub use finding::{Finding, Hop, LinkId, LinkKind, Severity};
pub use model::Model;
pub use planned::planned;
pub use questions::{Options, prove};
pub use report::{Answer, Question, Report};

#[cfg(test)]
mod tests;
