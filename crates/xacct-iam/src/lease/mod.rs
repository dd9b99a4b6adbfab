//! One holder at a time: a lease made of IAM roles.
//!
//! IAM has no lock, but it has an atom: of all who call `CreateRole` with one
//! name, one makes the role and the others are told `EntityAlreadyExists`,
//! however late reads see it. A lease is a chain of such roles, numbered from 1.
//!
//! # Expected flow
//! 1. [`Leases::observe`] lists what is there.
//! 2. [`Leases::acquire`] makes role 1 and holds the lease. Where role 1 is there,
//!    it reads it: one that is over is followed by role 2, and so on; one that is
//!    not is waited for.
//! 3. [`Lease`] is a [`Gate`](xacct_converge::Gate): every call of the holder
//!    passes it. After [`RENEW`] the next call makes the next role of the chain
//!    first; whoever makes it, holder or successor, has the lease.
//! 4. [`Lease::release`] removes the chain, and what dead holders left, lowest
//!    number first.
//!
//! A role is over [`TERM`] after its creation. Both times are the service's: its
//! creation date, and the `Date` of the answer that shows it.
//!
//! # Guarantees
//! Two holders never both pass the gate: a holder stops passing [`STOP`] after it
//! *sent* the call that made its last role, and nobody takes over before that role
//! has existed for [`TERM`]. Only elapsed time of the holder's clock counts, so
//! clocks may differ.
//!
//! The numbers of a chain have no gap until its release begins, so that nobody
//! can make role 1 beside a live role 2. Whoever takes over from a role that is
//! over waits [`SIGHT`] and then makes sure that the chain below still stands:
//! it may have been released in that very moment.
//!
//! # Assumptions
//! A call reaches AWS less than [`TERM`] − [`STOP`], 5½ minutes, after it passed
//! the gate. Attempts time out long before, and AWS refuses requests that were
//! signed more than five minutes ago. A role is visible to reads [`SIGHT`] after
//! it was made, and no longer visible as long after it was removed.
//!
//! # Caveats
//! A holder that dies keeps others waiting for up to [`TERM`].

#[cfg(feature = "aws")]
mod calls;
#[cfg(feature = "aws")]
mod held;
mod name;
#[cfg(feature = "aws")]
mod taking;

#[cfg(feature = "aws")]
pub use held::Lease;
pub use name::LeaseName;
#[cfg(feature = "aws")]
pub use taking::{Holder, LeaseError, LeaseRole, Leases, ObservedLeases};

use std::time::Duration;

/// How long a role of the chain holds the lease.
pub const TERM: Duration = Duration::from_secs(15 * 60);
/// When the holder makes the next role. Most deployments are done before.
pub const RENEW: Duration = Duration::from_secs(8 * 60);
/// When a holder that could not make the next role stops calling.
pub const STOP: Duration = Duration::from_secs(9 * 60 + 30);
/// How long after a change of a role every read shows it.
pub const SIGHT: Duration = Duration::from_secs(15);
