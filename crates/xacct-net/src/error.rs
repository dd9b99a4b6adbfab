//! What can be wrong with a specification.

use crate::spec::{Egress, Side};
use xacct_types::Cidr;

/// One thing that is wrong with a [`LinkSpec`](crate::LinkSpec).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Peered networks may not share addresses: EC2 would answer 200 and the
    /// peering would end in the state `failed`.
    #[error(
        "the networks overlap: source {source_block} and warehouse {warehouse_block} share addresses, \
         and a peering needs them apart; give one side another cidr"
    )]
    Overlap {
        /// The source's block.
        source_block: Cidr,
        /// The warehouse's block.
        warehouse_block: Cidr,
    },
    /// EC2 takes VPC blocks of /16 to /28 only.
    #[error("{side} network: {block} cannot be a VPC: its prefix must lie between /16 and /28")]
    VpcSize {
        /// Whose network.
        side: Side,
        /// The block asked for.
        block: Cidr,
    },
    /// Loopback, link-local, multicast and reserved blocks cannot be a VPC.
    #[error("{side} network: {block} lies in a range that no VPC can have ({range})")]
    Reserved {
        /// Whose network.
        side: Side,
        /// The block asked for.
        block: Cidr,
        /// The reserved range that it touches.
        range: Cidr,
    },
    /// The private subnets that fit into the block have too few addresses.
    #[error(
        "{side} network: {block} is too small: each of its {zones} private subnets would be a /{prefix} \
         with {usable} usable addresses, and {needed} are needed ({why}); \
         use a block of /{enough} or larger"
    )]
    TooSmall {
        /// Whose network.
        side: Side,
        /// The block asked for.
        block: Cidr,
        /// How many private subnets share it.
        zones: u8,
        /// The prefix that each of them would get.
        prefix: u8,
        /// The addresses that EC2 leaves in such a subnet.
        usable: u64,
        /// The addresses needed in each.
        needed: u64,
        /// What needs them.
        why: String,
        /// The smallest block that suffices.
        enough: u8,
    },
    /// Redshift with enhanced VPC routing needs three zones; more than six help nobody.
    #[error("{side} network: {zones} zones are not possible: 3 to 6 are (Redshift needs three)")]
    Zones {
        /// Whose network.
        side: Side,
        /// The number asked for.
        zones: u8,
    },
    /// The way out that was chosen does not serve this side.
    #[error("{side} network: egress \"{egress}\" is not possible here: {why}")]
    Egress {
        /// Whose network.
        side: Side,
        /// The way out asked for.
        egress: Egress,
        /// What would be.
        why: &'static str,
    },
    /// The capacity is not on offer.
    #[error("a base capacity of {capacity} RPU is not on offer: 4, or 8 to 1024 in steps of 8")]
    Capacity {
        /// Redshift processing units.
        capacity: u32,
    },
    /// Existing networks cannot be used yet.
    #[error(
        "{side} network: using an existing VPC ({what}) is not supported yet: \
         leave vpc and subnets out and give a cidr"
    )]
    Adoption {
        /// Whose network.
        side: Side,
        /// The ids given.
        what: String,
    },
    /// `vpc`, `subnets` and `cidr` contradict each other.
    #[error("{side} network: {why}")]
    Contradiction {
        /// Whose network.
        side: Side,
        /// What contradicts what.
        why: &'static str,
    },
    /// The domain to forward is no DNS name.
    #[error("the forward domain \"{domain}\" is no DNS name of at most 256 characters")]
    Domain {
        /// The domain given.
        domain: String,
    },
    /// Port 0 cannot be listened on.
    #[error("the broker port 0 is no port: MSK Serverless listens on 9098")]
    Port,
}

/// Everything that is wrong with a specification, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecErrors(Vec<SpecError>);

impl SpecErrors {
    /// `Err` with all of `found`, or `Ok` where there is nothing.
    pub(crate) fn none_of(found: Vec<SpecError>) -> Result<(), Self> {
        if found.is_empty() {
            Ok(())
        } else {
            Err(Self(found))
        }
    }

    /// Never met: stands where a list that cannot be empty would be.
    pub(crate) fn empty() -> Self {
        Self(Vec::new())
    }

    /// Every error, in the order of the specification.
    #[must_use]
    pub fn all(&self) -> &[SpecError] {
        &self.0
    }
}

impl std::fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecErrors {}
