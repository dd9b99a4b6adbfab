//! Physical ids as AWS hands them out, one type each so that they cannot be swapped.

use crate::text::checked_text;
use serde::{Deserialize, Serialize};

fn check_id(value: &str, prefix: &str) -> Result<(), String> {
    let rest = value.strip_prefix(prefix);
    let legal = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if rest.is_some_and(legal) {
        return Ok(());
    }
    Err(format!("does not start with {prefix}"))
}

macro_rules! physical_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            fn check(value: &str) -> Result<(), String> {
                check_id(value, $prefix)
            }
        }

        checked_text!($name, $what);
    };
}

physical_id!(/// The id of a VPC, `vpc-…`.
    VpcId, "VPC id", "vpc-");
physical_id!(/// The id of a subnet, `subnet-…`.
    SubnetId, "subnet id", "subnet-");
physical_id!(/// The id of a route table, `rtb-…`.
    RouteTableId, "route table id", "rtb-");
physical_id!(/// The id of an internet gateway, `igw-…`.
    GatewayId, "internet gateway id", "igw-");
physical_id!(/// The id of a NAT gateway, `nat-…`.
    NatGatewayId, "NAT gateway id", "nat-");
physical_id!(/// The allocation id of an Elastic IP address, `eipalloc-…`.
    AddressId, "address allocation id", "eipalloc-");
physical_id!(/// The id of a security group, `sg-…`.
    SecurityGroupId, "security group id", "sg-");
physical_id!(/// The id of a VPC peering connection, `pcx-…`.
    PeeringId, "peering connection id", "pcx-");
physical_id!(/// The id of a VPC endpoint, `vpce-…`.
    VpcEndpointId, "VPC endpoint id", "vpce-");
physical_id!(/// The id of a Route 53 Resolver endpoint, `rslvr-in-…` or `rslvr-out-…`.
    ResolverEndpointId, "resolver endpoint id", "rslvr-");
physical_id!(/// The id of a Route 53 Resolver rule, `rslvr-rr-…`.
    ResolverRuleId, "resolver rule id", "rslvr-rr-");

/// The id of an availability zone, such as `aps1-az1`.
///
/// Unlike zone names, which AWS shuffles per account, it means the same place
/// in every account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneId(String);

impl ZoneId {
    fn check(value: &str) -> Result<(), String> {
        if value.contains("-az") {
            return Ok(());
        }
        Err("is not a zone id like aps1-az1 (zone names differ from account to account)".into())
    }
}

checked_text!(ZoneId, "availability zone id");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_id_is_refused_where_a_vpc_id_belongs() {
        let refusal = VpcId::new("subnet-0a5ccf0c8c0037829").unwrap_err().to_string();
        assert!(refusal.contains("does not start with vpc-"), "{refusal}");
    }

    #[test]
    fn a_zone_name_is_not_a_zone_id() {
        assert!(ZoneId::new("aps1-az1").is_ok());
        assert!(ZoneId::new("ap-south-1a").is_err());
    }
}
