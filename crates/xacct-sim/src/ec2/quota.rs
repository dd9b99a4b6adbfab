//! Default quotas (docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html); raise them in the settings.

use crate::world::{ApiError, Call};

fn check(count: usize, limit: usize, code: &str, what: &str) -> Result<(), ApiError> {
    if count < limit {
        return Ok(());
    }
    Err(ApiError::bad(
        code,
        format!("The maximum number of {what} has been reached."),
    ))
}

pub(crate) fn vpcs(call: &Call<'_>) -> Result<(), ApiError> {
    let count = call.here_account().ec2.vpcs.len();
    check(count, call.world.settings.quotas.vpcs, "VpcLimitExceeded", "VPCs")
}

pub(crate) fn internet_gateways(call: &Call<'_>) -> Result<(), ApiError> {
    let count = call.here_account().ec2.internet_gateways.len();
    check(
        count,
        call.world.settings.quotas.vpcs,
        "InternetGatewayLimitExceeded",
        "internet gateways",
    )
}

pub(crate) fn addresses(call: &Call<'_>) -> Result<(), ApiError> {
    let count = call.here_account().ec2.addresses.len();
    check(
        count,
        call.world.settings.quotas.addresses,
        "AddressLimitExceeded",
        "addresses",
    )
}

pub(crate) fn subnets(call: &Call<'_>, vpc: &str) -> Result<(), ApiError> {
    let count = call
        .here_account()
        .ec2
        .subnets
        .values()
        .filter(|one| one.vpc == vpc)
        .count();
    check(count, 200, "SubnetLimitExceeded", "subnets")
}

pub(crate) fn route_tables(call: &Call<'_>, vpc: &str) -> Result<(), ApiError> {
    let count = call
        .here_account()
        .ec2
        .route_tables
        .values()
        .filter(|one| one.vpc == vpc)
        .count();
    check(count, 200, "RouteTableLimitExceeded", "route tables")
}

pub(crate) fn routes(count: usize) -> Result<(), ApiError> {
    check(count, 50, "RouteLimitExceeded", "routes")
}

/// NAT gateways per zone; those being made and deleted count.
pub(crate) fn nat_gateways(call: &Call<'_>, zone_id: &str) -> Result<(), ApiError> {
    let state = &call.here_account().ec2;
    let in_zone = |subnet: &str| {
        state
            .subnets
            .get(subnet)
            .is_some_and(|subnet| subnet.zone_id == zone_id)
    };
    let count = state
        .nat_gateways
        .values()
        .filter(|nat| in_zone(&nat.subnet) && nat.is_live(call.now))
        .count();
    check(
        count,
        call.world.settings.quotas.nat_gateways_per_zone,
        "NatGatewayLimitExceeded",
        "NAT gateways",
    )
}

pub(crate) fn security_groups(call: &Call<'_>) -> Result<(), ApiError> {
    let count = call.here_account().ec2.security_groups.len();
    check(count, 2500, "SecurityGroupLimitExceeded", "security groups")
}

/// Rules of one group in one direction, after the change.
pub(crate) fn rules(count: usize) -> Result<(), ApiError> {
    check(
        count.saturating_sub(1),
        60,
        "RulesPerSecurityGroupLimitExceeded",
        "rules per security group",
    )
}

pub(crate) fn network_acls(call: &Call<'_>, vpc: &str) -> Result<(), ApiError> {
    let count = call
        .here_account()
        .ec2
        .network_acls
        .values()
        .filter(|one| one.vpc == vpc)
        .count();
    check(count, 200, "NetworkAclLimitExceeded", "network ACLs")
}

pub(crate) fn endpoints(call: &Call<'_>, vpc: &str) -> Result<(), ApiError> {
    let count = call
        .here_account()
        .ec2
        .endpoints
        .values()
        .filter(|one| one.vpc == vpc)
        .count();
    check(count, 50, "VpcEndpointLimitExceeded", "VPC endpoints")
}

pub(crate) fn peerings(count: usize) -> Result<(), ApiError> {
    check(
        count,
        50,
        "VpcPeeringConnectionsPerVpcLimitExceeded",
        "VPC peering connections per VPC",
    )
}
