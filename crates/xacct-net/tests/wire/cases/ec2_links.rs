//! Routes, groups, peering and endpoints of EC2.

use super::super::stage::{came, group, sg};
use super::nodes::{accept_node, mend_group, request_node, route_node, sts_node, table_node, use_node};
use super::{BUSY, Case, DENIED, FAILS, IN_USE, Then, case};
use crate::entries::entries;
use crate::routes::Via;
use xacct_converge::Resource;

pub(crate) const CASES: &[Case] = &[
    case!(
        "ec2:CreateRouteTable",
        "rtb-1",
        (
            400,
            "RouteTableLimitExceeded",
            "The maximum number of route tables has been reached."
        ),
        FAILS,
        |s| s.make(table_node(&s)).await
    ),
    case!("ec2:DescribeRouteTables", "rtb-1", DENIED, FAILS, |s| came(
        s.site.route_tables(s.site.ours(), &s.cx).await
    )),
    case!("ec2:DeleteRouteTable", "()", IN_USE, BUSY, |s| came(
        table_node(&s).delete(&"rtb-1".parse().unwrap(), &s.cx).await
    )),
    case!(
        "ec2:AssociateRouteTable",
        "rtbassoc-9",
        (
            400,
            "Resource.AlreadyAssociated",
            "the specified association already exists"
        ),
        Then::Knows("rtbassoc-9"),
        |s| s.make(use_node(&s)).await
    ),
    case!(
        "ec2:ReplaceRouteTableAssociation",
        "rtbassoc-2",
        (
            400,
            "InvalidAssociationID.NotFound",
            "The association ID 'a' does not exist"
        ),
        FAILS,
        |s| came(
            use_node(&s)
                .replace("rtbassoc-1", &"rtb-2".parse().unwrap(), &s.cx)
                .await
        )
    ),
    case!(
        "ec2:DisassociateRouteTable",
        "()",
        (400, "InvalidAssociationID.NotFound", "gone"),
        Then::Knows("()"),
        |s| came(use_node(&s).delete(&"rtbassoc-1".into(), &s.cx).await)
    ),
    case!(
        "ec2:CreateRoute",
        "rtb-1",
        (
            400,
            "RouteAlreadyExists",
            "The route identified by 172.16.0.0/16 already exists"
        ),
        Then::Knows("rtb-1"),
        |s| s.make(route_node(&s)).await
    ),
    case!(
        "ec2:ReplaceRoute",
        "()",
        (
            400,
            "InvalidRoute.NotFound",
            "There is no route defined for '172.16.0.0/16'"
        ),
        FAILS,
        |s| came(
            route_node(&s)
                .turn(
                    &"rtb-1".parse().unwrap(),
                    &Via::Peering("pcx-1".parse().unwrap()),
                    &s.cx
                )
                .await
        )
    ),
    case!(
        "ec2:DeleteRoute",
        "()",
        (400, "InvalidRoute.NotFound", "gone"),
        Then::Knows("()"),
        |s| came(route_node(&s).delete(&"rtb-1".parse().unwrap(), &s.cx).await)
    ),
    case!(
        "ec2:CreateSecurityGroup",
        "sg-1",
        (
            400,
            "SecurityGroupLimitExceeded",
            "You've reached the limit on the number of security groups"
        ),
        FAILS,
        |s| s.make(group(&s)).await
    ),
    case!("ec2:DescribeSecurityGroups", "sg-1", DENIED, FAILS, |s| came(
        s.site
            .groups(s.site.ours(), &s.cx)
            .await
            .map(|all| (all[0].group_id.clone(), entries(&all[0])))
    )),
    case!(
        "ec2:AuthorizeSecurityGroupIngress",
        "sg-1",
        (
            400,
            "RulesPerSecurityGroupLimitExceeded",
            "You've reached the limit on the number of rules"
        ),
        FAILS,
        |s| s.make(group(&s)).await
    ),
    case!(
        "ec2:AuthorizeSecurityGroupEgress",
        "sg-1",
        (
            400,
            "RulesPerSecurityGroupLimitExceeded",
            "You've reached the limit on the number of rules"
        ),
        FAILS,
        |s| s.make(group(&s)).await
    ),
    case!(
        "ec2:RevokeSecurityGroupEgress",
        "sg-1",
        (
            400,
            "InvalidPermission.NotFound",
            "The specified rule does not exist"
        ),
        Then::Knows("sg-1"),
        |s| s.make(group(&s)).await
    ),
    case!("ec2:RevokeSecurityGroupIngress", "()", DENIED, FAILS, |s| {
        mend_group(&s).await
    }),
    case!("ec2:DeleteSecurityGroup", "()", IN_USE, BUSY, |s| {
        let deleted = group(&s).delete(&sg(), &s.cx).await;
        came(deleted.map_err(|f| f.with_source("resource sg-1 has a dependent object")))
    }),
    case!(
        "ec2:CreateVpcPeeringConnection",
        "pcx-1",
        (
            400,
            "VpcPeeringConnectionsPerVpcLimitExceeded",
            "The maximum has been reached."
        ),
        FAILS,
        |s| s.make(request_node(&s)).await
    ),
    case!("ec2:DescribeVpcPeeringConnections", "pcx-1", DENIED, FAILS, |s| {
        came(s.site.peerings(&s.cx).await)
    }),
    case!(
        "ec2:AcceptVpcPeeringConnection",
        "pcx-1",
        (
            400,
            "OperationNotPermitted",
            "User 222222222222 cannot accept peering pcx-1"
        ),
        FAILS,
        |s| s.make(accept_node(&s)).await
    ),
    case!(
        "ec2:CreateTags",
        "pcx-1",
        (
            400,
            "TagLimitExceeded",
            "The maximum number of Tags has been reached."
        ),
        FAILS,
        |s| s.make(accept_node(&s)).await
    ),
    case!(
        "ec2:DeleteVpcPeeringConnection",
        "()",
        (
            400,
            "InvalidStateTransition",
            "Invalid state transition for pcx-1"
        ),
        Then::Knows("()"),
        |s| came(request_node(&s).delete(&"pcx-1".parse().unwrap(), &s.cx).await)
    ),
    case!(
        "ec2:CreateVpcEndpoint",
        "vpce-1",
        (
            400,
            "InvalidServiceName",
            "The Vpc Endpoint Service 'x' does not exist"
        ),
        FAILS,
        |s| s.make(sts_node(&s)).await
    ),
    case!("ec2:DescribeVpcEndpoints", "vpce-1", DENIED, FAILS, |s| came(
        s.site.endpoints(s.site.ours(), &s.cx).await
    )),
    case!(
        "ec2:DeleteVpcEndpoints",
        "()",
        (400, "InvalidVpcEndpointId.NotFound", "gone"),
        Then::Knows("()"),
        |s| came(sts_node(&s).delete(&"vpce-1".parse().unwrap(), &s.cx).await)
    ),
    case!("ec2:DescribeNetworkAcls", "acl-1", DENIED, FAILS, |s| came(
        crate::live::acls(&s.site, "vpc-1", &s.cx).await
    )),
    case!("ec2:DescribeDhcpOptions", "true", DENIED, FAILS, |s| came(
        crate::live::amazon_dns(&s.site, "dopt-1", &s.cx).await
    )),
];
