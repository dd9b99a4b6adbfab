//! What a deployer of the networks needs to be allowed, call by call.
//!
//! Source: Service Authorization Reference, "Amazon EC2" and "Amazon Route 53 Resolver"; EC2 user guide, "Grant
//! permission to tag Amazon EC2 resources during creation"; for what Resolver does in EC2 in its caller's name,
//! github.com/awsdocs/amazon-route53-docs#10.

use crate::spec::{Egress, Link, Side};
use On::{All, Any, New, Ours};
use Phase::{Create, Destroy, Read, Update};
use xacct_types::{AccountId, Call, Need, Phase, Place};

/// On what a call is judged, by the kind of resource as ARNs name it.
#[derive(Debug, Clone, Copy)]
enum On {
    /// AWS knows no resource for it.
    All,
    /// Something to be made, with our tag.
    New(&'static str),
    /// Something that carries our tag.
    Ours(&'static str),
    /// Something that never carries our tag: what services make for us.
    Any(&'static str),
}

/// A row: the call, when, on what, and as what it tags what it makes.
type Row = (
    &'static str,
    &'static [Phase],
    &'static [On],
    Option<&'static str>,
);

/// In both accounts.
const BOTH: &[Row] = &[
    ("ec2:CreateTags", &[Update], &[Ours("route-table")], None),
    ("ec2:CreateTags", &[Update], &[Ours("security-group")], None),
    ("ec2:CreateTags", &[Update], &[Ours("subnet")], None),
    ("ec2:CreateTags", &[Update], &[Ours("vpc")], None),
    ("ec2:DescribeAvailabilityZones", &[Read], &[All], None),
    ("ec2:DescribeDhcpOptions", &[Read], &[All], None),
    ("ec2:DescribeInternetGateways", &[Read], &[All], None),
    ("ec2:DescribeNatGateways", &[Read], &[All], None),
    ("ec2:DescribeNetworkAcls", &[Read], &[All], None),
    ("ec2:DescribeRouteTables", &[Read], &[All], None),
    ("ec2:DescribeSecurityGroups", &[Read], &[All], None),
    ("ec2:DescribeSubnets", &[Read], &[All], None),
    ("ec2:DescribeVpcAttribute", &[Read], &[Ours("vpc")], None),
    ("ec2:DescribeVpcEndpoints", &[Read], &[All], None),
    ("ec2:DescribeVpcEndpointServices", &[Read], &[All], None),
    ("ec2:DescribeVpcPeeringConnections", &[Read], &[All], None),
    ("ec2:DescribeVpcs", &[Read], &[All], None),
    ("ec2:CreateVpc", &[Create], &[New("vpc")], Some("vpc")),
    ("ec2:ModifyVpcAttribute", &[Create], &[Ours("vpc")], None),
    (
        "ec2:CreateSubnet",
        &[Create],
        &[New("subnet"), Ours("vpc")],
        Some("subnet"),
    ),
    (
        "ec2:CreateRouteTable",
        &[Create],
        &[New("route-table"), Ours("vpc")],
        Some("route-table"),
    ),
    (
        "ec2:AssociateRouteTable",
        &[Create],
        &[Ours("route-table"), Ours("subnet")],
        None,
    ),
    ("ec2:CreateRoute", &[Create], &[Ours("route-table")], None),
    (
        "ec2:CreateSecurityGroup",
        &[Create],
        &[New("security-group"), Ours("vpc")],
        Some("security-group"),
    ),
    (
        "ec2:RevokeSecurityGroupEgress",
        &[Create],
        &[Ours("security-group")],
        None,
    ),
    (
        "ec2:RevokeSecurityGroupIngress",
        &[Update],
        &[Ours("security-group")],
        None,
    ),
    ("ec2:ReplaceRoute", &[Update], &[Ours("route-table")], None),
    (
        "ec2:ReplaceRouteTableAssociation",
        &[Update],
        &[Ours("route-table"), Ours("subnet")],
        None,
    ),
    (
        "ec2:DeleteRoute",
        &[Update, Destroy],
        &[Ours("route-table")],
        None,
    ),
    (
        "ec2:DisassociateRouteTable",
        &[Destroy],
        &[Ours("route-table"), Ours("subnet")],
        None,
    ),
    ("ec2:DeleteRouteTable", &[Destroy], &[Ours("route-table")], None),
    (
        "ec2:DeleteSecurityGroup",
        &[Destroy],
        &[Ours("security-group")],
        None,
    ),
    ("ec2:DeleteSubnet", &[Destroy], &[Ours("subnet")], None),
    ("ec2:DeleteVpc", &[Destroy], &[Ours("vpc")], None),
    ("route53resolver:ListResolverEndpoints", &[Read], &[All], None),
    ("route53resolver:ListResolverRules", &[Read], &[All], None),
    (
        "route53resolver:ListResolverRuleAssociations",
        &[Read],
        &[All],
        None,
    ),
    (
        "route53resolver:GetResolverEndpoint",
        &[Create, Destroy],
        &[Ours("resolver-endpoint")],
        None,
    ),
    (
        "route53resolver:ListResolverEndpointIpAddresses",
        &[Read],
        &[Ours("resolver-endpoint")],
        None,
    ),
];

/// Where a NAT gateway leads out.
const NAT: &[Row] = &[
    ("ec2:CreateTags", &[Update], &[Ours("elastic-ip")], None),
    ("ec2:CreateTags", &[Update], &[Ours("internet-gateway")], None),
    ("ec2:CreateTags", &[Update], &[Ours("natgateway")], None),
    ("ec2:DescribeAddresses", &[Read], &[All], None),
    (
        "ec2:CreateInternetGateway",
        &[Create],
        &[New("internet-gateway")],
        Some("internet-gateway"),
    ),
    (
        "ec2:AttachInternetGateway",
        &[Create],
        &[Ours("internet-gateway"), Ours("vpc")],
        None,
    ),
    (
        "ec2:AllocateAddress",
        &[Create],
        &[New("elastic-ip")],
        Some("elastic-ip"),
    ),
    (
        "ec2:CreateNatGateway",
        &[Create],
        &[New("natgateway"), Ours("subnet"), Ours("elastic-ip")],
        Some("natgateway"),
    ),
    (
        "ec2:DetachInternetGateway",
        &[Destroy],
        &[Ours("internet-gateway"), Ours("vpc")],
        None,
    ),
    (
        "ec2:DeleteInternetGateway",
        &[Destroy],
        &[Ours("internet-gateway")],
        None,
    ),
    ("ec2:DeleteNatGateway", &[Destroy], &[Ours("natgateway")], None),
    ("ec2:ReleaseAddress", &[Destroy], &[Ours("elastic-ip")], None),
];

/// Where an interface endpoint leads to STS.
const STS_ENDPOINT: &[Row] = &[
    ("ec2:CreateTags", &[Update], &[Ours("vpc-endpoint")], None),
    (
        "ec2:AuthorizeSecurityGroupIngress",
        &[Create],
        &[Ours("security-group")],
        None,
    ),
    (
        "ec2:CreateVpcEndpoint",
        &[Create],
        &[
            New("vpc-endpoint"),
            Ours("vpc"),
            Ours("subnet"),
            Ours("security-group"),
        ],
        Some("vpc-endpoint"),
    ),
    (
        "ec2:DeleteVpcEndpoints",
        &[Destroy],
        &[Ours("vpc-endpoint")],
        None,
    ),
];

/// Of the warehouse's account alone.
const WAREHOUSE: &[Row] = &[
    (
        "ec2:AuthorizeSecurityGroupEgress",
        &[Create],
        &[Ours("security-group")],
        None,
    ),
    (
        "ec2:DeleteVpcPeeringConnection",
        &[Destroy],
        &[Ours("vpc-peering-connection")],
        None,
    ),
    (
        "ec2:CreateVpcPeeringConnection",
        &[Create],
        &[New("vpc-peering-connection"), Ours("vpc")],
        Some("vpc-peering-connection"),
    ),
    (
        "route53resolver:GetResolverRule",
        &[Create, Destroy],
        &[Ours("resolver-rule")],
        None,
    ),
    (
        "route53resolver:GetResolverRuleAssociation",
        &[Create, Destroy],
        &[Ours("resolver-rule")],
        None,
    ),
    (
        "route53resolver:CreateResolverRule",
        &[Create],
        &[New("resolver-rule")],
        None,
    ),
    (
        "route53resolver:TagResource",
        &[Create],
        &[New("resolver-rule")],
        None,
    ),
    (
        "route53resolver:AssociateResolverRule",
        &[Create],
        &[Ours("resolver-rule")],
        None,
    ),
    (
        "route53resolver:UpdateResolverRule",
        &[Update],
        &[Ours("resolver-rule")],
        None,
    ),
    (
        "route53resolver:DisassociateResolverRule",
        &[Destroy],
        &[Ours("resolver-rule")],
        None,
    ),
    (
        "route53resolver:DeleteResolverRule",
        &[Destroy],
        &[Ours("resolver-rule")],
        None,
    ),
];

/// Of the source's account alone.
const SOURCE: &[Row] = &[
    (
        "ec2:AuthorizeSecurityGroupIngress",
        &[Create],
        &[Ours("security-group")],
        None,
    ),
    // The proof asks where the brokers' interfaces are.
    ("ec2:DescribeNetworkInterfaces", &[Read], &[All], None),
    ("ec2:AcceptVpcPeeringConnection", &[Create], &[Ours("vpc")], None),
];

/// Endpoints of the resolver, whose interfaces it makes with its caller's rights.
const ENDPOINTS: &[Row] = &[
    (
        "route53resolver:AssociateResolverEndpointIpAddress",
        &[Update],
        &[Ours("resolver-endpoint")],
        None,
    ),
    (
        "route53resolver:DisassociateResolverEndpointIpAddress",
        &[Update],
        &[Ours("resolver-endpoint")],
        None,
    ),
    (
        "route53resolver:CreateResolverEndpoint",
        &[Create],
        &[New("resolver-endpoint")],
        None,
    ),
    (
        "route53resolver:TagResource",
        &[Create],
        &[New("resolver-endpoint")],
        None,
    ),
    (
        "ec2:CreateNetworkInterface",
        &[Create],
        &[Any("network-interface"), Ours("subnet"), Ours("security-group")],
        None,
    ),
    (
        "ec2:CreateNetworkInterfacePermission",
        &[Create],
        &[Any("network-interface")],
        None,
    ),
    ("ec2:DescribeNetworkInterfaces", &[Create, Destroy], &[All], None),
    (
        "route53resolver:DeleteResolverEndpoint",
        &[Destroy],
        &[Ours("resolver-endpoint")],
        None,
    ),
    (
        "ec2:DeleteNetworkInterface",
        &[Update, Destroy],
        &[Any("network-interface")],
        None,
    ),
];

/// Every call that deploying, changing, proving and removing one side of `link` makes. `peer` is the other account.
#[must_use]
pub fn calls(place: &Place, link: &Link, side: Side, peer: &AccountId) -> Vec<Call> {
    let own = match side {
        Side::Source => SOURCE,
        Side::Warehouse => WAREHOUSE,
    };
    let egress: &[Row] = match link.network(side).egress {
        Egress::Nat => NAT,
        Egress::StsEndpoint => STS_ENDPOINT,
        Egress::None => &[],
    };
    let rows = [BOTH, own, egress, ENDPOINTS].concat();
    let mut calls: Vec<Call> = rows.iter().map(|row| call(place, row)).collect();
    if side == Side::Source {
        calls.extend(accepting(place, peer));
    }
    calls
}

fn call(place: &Place, (operation, phases, on, tagged): &Row) -> Call {
    let (service, name) = operation.split_once(':').unwrap_or((operation, ""));
    let arn = |kind: &str| place.arn(service, &format!("{kind}/*"));
    let mut needs: Vec<Need> = on
        .iter()
        .map(|on| match on {
            All => Need::new(operation, "*"),
            Any(kind) => Need::new(operation, arn(kind)),
            New(kind) => place.making(operation, arn(kind)),
            Ours(kind) => place.on_ours(operation, arn(kind)),
        })
        .collect();
    needs.extend(tagged.map(|kind| {
        place
            .making("ec2:CreateTags", arn(kind))
            .when("StringEquals", "ec2:CreateAction", [name])
    }));
    Call {
        operation,
        phases,
        needs,
    }
}

/// The peering carries no tag of this account before it is tagged here; whose it is, the requester's VPC tells.
fn accepting(place: &Place, peer: &AccountId) -> [Call; 2] {
    let pcx = place.arn("ec2", "vpc-peering-connection/*");
    // The ARN of any VPC of the other account in this region.
    let vpcs = place.arn_in(peer, "ec2", "vpc/*");
    let of_peer = |need: Need| need.when("ArnLike", "ec2:RequesterVpc", [vpcs.clone()]);
    [
        Call {
            operation: "ec2:AcceptVpcPeeringConnection",
            phases: &[Create],
            needs: vec![of_peer(Need::new("ec2:AcceptVpcPeeringConnection", pcx.clone()))],
        },
        Call {
            operation: "ec2:CreateTags",
            phases: &[Create],
            needs: vec![of_peer(place.making("ec2:CreateTags", pcx))],
        },
    ]
}
