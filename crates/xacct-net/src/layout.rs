//! Where the subnets of a network lie, and whether they are large enough.

use crate::error::SpecError;
use crate::spec::{Egress, Side};
use serde::Serialize;
use xacct_types::Cidr;

/// The longest prefix that EC2 takes for a subnet.
const SMALLEST_SUBNET: u8 = 28;
/// The prefix of a subnet where there is room: what the tutorial uses.
const USUAL_SUBNET: u8 = 24;
/// Addresses kept free in every private subnet of the source: one broker endpoint
/// of MSK Serverless, one address of the inbound resolver endpoint, one producer.
const BROKER_ADDRESSES: u64 = 3;

/// Free addresses that Redshift Serverless wants in each subnet when a workgroup
/// with enhanced VPC routing is made, by base capacity up to (RPU, addresses).
///
/// Source: Amazon Redshift management guide, "Considerations when using Amazon
/// Redshift Serverless". Whether the numbers are per subnet is not said there; per
/// subnet is the careful reading.
const REDSHIFT_ADDRESSES: [(u32, u64); 7] = [
    (8, 9),
    (32, 13),
    (64, 21),
    (128, 37),
    (256, 69),
    (512, 133),
    (1024, 261),
];

/// Ranges that EC2 refuses for a VPC (`InvalidVpc.Range`) or that would never route.
const RESERVED: [([u8; 4], u8); 5] = [
    ([0, 0, 0, 0], 8),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// How many free addresses each private subnet needs, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// The number of addresses.
    pub addresses: u64,
    /// Who takes them.
    pub why: String,
}

impl Needed {
    /// What brokers and the inbound resolver endpoint take.
    #[must_use]
    pub fn for_brokers() -> Self {
        Self {
            addresses: BROKER_ADDRESSES,
            why: "broker endpoint, resolver endpoint and a producer".into(),
        }
    }

    /// What a workgroup of `capacity` RPU takes besides the endpoints in its subnets.
    ///
    /// # Errors
    /// [`SpecError::Capacity`] where Redshift Serverless does not offer the capacity.
    pub fn for_capacity(capacity: u32, egress: Egress) -> Result<Self, SpecError> {
        let redshift = redshift_addresses(capacity).ok_or(SpecError::Capacity { capacity })?;
        let endpoint = u64::from(egress == Egress::StsEndpoint);
        let and = if endpoint == 1 { ", the STS endpoint 1" } else { "" };
        Ok(Self {
            addresses: redshift + 1 + endpoint,
            why: format!("Redshift takes {redshift} for {capacity} RPU, the resolver endpoint 1{and}"),
        })
    }
}

/// Free addresses per subnet for a base capacity; `None` where it is not on offer.
///
/// ```
/// assert_eq!(xacct_net::layout::redshift_addresses(32), Some(13));
/// assert_eq!(xacct_net::layout::redshift_addresses(33), None);
/// ```
#[must_use]
pub fn redshift_addresses(capacity: u32) -> Option<u64> {
    let offered = capacity == 4 || (capacity >= 8 && capacity.is_multiple_of(8));
    let row = REDSHIFT_ADDRESSES.iter().find(|(up_to, _)| capacity <= *up_to);
    row.filter(|_| offered).map(|(_, addresses)| *addresses)
}

/// The blocks of a network's subnets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Layout {
    /// The public subnet: made only where a NAT gateway is asked for, but its place
    /// is always kept, so that choosing NAT later moves nothing.
    pub public: Cidr,
    /// The private subnets, one for each zone.
    pub private: Vec<Cidr>,
}

impl Layout {
    /// Lays out one public and `zones` private subnets of the same size.
    ///
    /// # Errors
    /// [`SpecError`] where the block cannot be a VPC, the number of zones is not
    /// possible, or the subnets would be too small for what is `needed`.
    pub fn of(side: Side, block: Cidr, zones: u8, needed: &Needed) -> Result<Self, SpecError> {
        check_block(side, block)?;
        if !(3..=6).contains(&zones) {
            return Err(SpecError::Zones { side, zones });
        }
        let prefix = subnet_prefix(side, block, zones, needed)?;
        let nth = |index: u8| block.subnet(prefix, u32::from(index));
        let private: Option<Vec<Cidr>> = (1..=zones).map(nth).collect();
        match (nth(0), private) {
            (Some(public), Some(private)) => Ok(Self { public, private }),
            _ => Err(SpecError::VpcSize { side, block }),
        }
    }
}

fn check_block(side: Side, block: Cidr) -> Result<(), SpecError> {
    if !(16..=SMALLEST_SUBNET).contains(&block.prefix()) {
        return Err(SpecError::VpcSize { side, block });
    }
    for (address, prefix) in RESERVED {
        if let Ok(range) = Cidr::new(address.into(), prefix)
            && range.overlaps(&block)
        {
            return Err(SpecError::Reserved { side, block, range });
        }
    }
    Ok(())
}

/// How many bits the choice among one public and `zones` private subnets takes.
fn choice_bits(zones: u8) -> u8 {
    if zones <= 3 { 2 } else { 3 }
}

/// The usual size, larger where more is needed, smaller where the block is small.
fn subnet_prefix(side: Side, block: Cidr, zones: u8, needed: &Needed) -> Result<u8, SpecError> {
    let largest = block.prefix() + choice_bits(zones);
    let suffices = |prefix: u8| usable(prefix) >= needed.addresses;
    let mut prefix = USUAL_SUBNET.max(largest).min(SMALLEST_SUBNET);
    while prefix > largest && !suffices(prefix) {
        prefix -= 1;
    }
    if prefix >= largest && suffices(prefix) {
        return Ok(prefix);
    }
    let enough = (16..=SMALLEST_SUBNET).rev().find(|&p| suffices(p)).unwrap_or(16);
    Err(SpecError::TooSmall {
        side,
        block,
        zones,
        prefix: largest,
        usable: usable(largest),
        needed: needed.addresses,
        why: needed.why.clone(),
        enough: enough - choice_bits(zones),
    })
}

/// Addresses that EC2 leaves in a subnet of this size; none in one it would refuse.
fn usable(prefix: u8) -> u64 {
    if prefix > SMALLEST_SUBNET {
        return 0;
    }
    (1_u64 << (32 - prefix)) - 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lay(block: &str, capacity: u32) -> Result<Layout, SpecError> {
        let needed = Needed::for_capacity(capacity, Egress::Nat).unwrap();
        Layout::of(Side::Warehouse, block.parse().unwrap(), 3, &needed)
    }

    #[test]
    fn a_small_block_gives_small_subnets() {
        let layout = lay("10.0.0.0/25", 32).unwrap();
        assert_eq!(layout.private[2].to_string(), "10.0.0.96/27");
    }

    #[test]
    fn the_largest_capacity_gets_larger_subnets_than_usual() {
        let layout = lay("10.0.0.0/16", 1024).unwrap();
        assert_eq!(layout.private[0].to_string(), "10.0.2.0/23");
    }

    #[test]
    fn a_slash_28_per_subnet_is_too_small_for_32_rpu_but_enough_for_brokers() {
        assert!(matches!(
            lay("10.0.0.0/26", 32),
            Err(SpecError::TooSmall { enough: 25, .. })
        ));
        let brokers = Layout::of(
            Side::Source,
            "10.0.0.0/26".parse().unwrap(),
            3,
            &Needed::for_brokers(),
        );
        assert_eq!(brokers.unwrap().public.prefix(), 28);
    }

    #[test]
    fn multicast_cannot_be_a_network() {
        let refusal = lay("224.1.0.0/16", 8).unwrap_err().to_string();
        assert!(refusal.contains("224.0.0.0/4"), "{refusal}");
    }

    proptest! {
        #[test]
        fn whatever_is_laid_out_is_apart_inside_and_large_enough(
            prefix in 16u8..=28, zones in 3u8..=6, step in 0usize..7, third: u8,
        ) {
            let capacity = REDSHIFT_ADDRESSES[step].0;
            let needed = Needed::for_capacity(capacity, Egress::StsEndpoint).unwrap();
            let block = Cidr::new([10, 7, third, 0].into(), prefix).unwrap();
            if let Ok(layout) = Layout::of(Side::Warehouse, block, zones, &needed) {
                let mut all = layout.private.clone();
                prop_assert_eq!(all.len(), usize::from(zones));
                all.push(layout.public);
                for (i, one) in all.iter().enumerate() {
                    prop_assert!(block.covers(one) && one.usable() >= needed.addresses);
                    prop_assert!(all.iter().skip(i + 1).all(|other| !one.overlaps(other)));
                }
            }
        }

        #[test]
        fn the_block_that_is_recommended_suffices(zones in 3u8..=6, step in 0usize..7) {
            let capacity = REDSHIFT_ADDRESSES[step].0;
            let needed = Needed::for_capacity(capacity, Egress::Nat).unwrap();
            let tiny = "10.0.0.0/28".parse().unwrap();
            if let Err(SpecError::TooSmall { enough, .. }) = Layout::of(Side::Warehouse, tiny, zones, &needed) {
                let block = Cidr::new([10, 0, 0, 0].into(), enough).unwrap();
                prop_assert!(Layout::of(Side::Warehouse, block, zones, &needed).is_ok());
            }
        }
    }
}
