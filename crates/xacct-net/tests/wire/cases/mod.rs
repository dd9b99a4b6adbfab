//! One row an operation: how it comes to be called, what a success shows, what a refusal means.

mod ec2;
mod ec2_links;
mod nodes;
mod resolver;

use super::stage::{Came, Stage};
use std::future::Future;
use std::pin::Pin;
use xacct_converge::Class;

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    /// It ends the call, with this class.
    Fails(Class),
    /// It is no failure; the outcome shows this.
    Knows(&'static str),
}

/// A row.
pub(crate) struct Case {
    pub(crate) operation: &'static str,
    pub(crate) call: fn(Stage) -> Pin<Box<dyn Future<Output = Came>>>,
    pub(crate) shows: &'static str,
    /// Status, code and message.
    pub(crate) refusal: (u16, &'static str, &'static str),
    pub(crate) then: Then,
}

pub(crate) const FAILS: Then = Then::Fails(Class::Terminal);
pub(crate) const BUSY: Then = Then::Fails(Class::Busy);
pub(crate) const LATE: Then = Then::Fails(Class::NotYet);
pub(crate) const DENIED: (u16, &str, &str) = (
    403,
    "UnauthorizedOperation",
    "You are not authorized to perform this operation.",
);
pub(crate) const IN_USE: (u16, &str, &str) =
    (400, "DependencyViolation", "resource sg-1 has a dependent object");

macro_rules! case {
    ($operation:literal, $shows:literal, $refusal:expr, $then:expr, |$stage:ident| $call:expr) => {
        Case {
            operation: $operation,
            call: |$stage| Box::pin(async move { $call }),
            shows: $shows,
            refusal: $refusal,
            then: $then,
        }
    };
}

pub(crate) use case;

/// Every row.
pub(crate) fn cases() -> impl Iterator<Item = &'static Case> {
    ec2::CASES.iter().chain(ec2_links::CASES).chain(resolver::CASES)
}
