//! Route 53 Resolver: it uses EC2 with the permissions of its caller, and refuses in its own words.

use super::{Row, Table, need, need_if, row};

const ENDPOINT: &str = "route53resolver:resolver-endpoint/{ResolverEndpointId}";
const RULE: &str = "route53resolver:resolver-rule/{ResolverRuleId}";

/// `route53resolver`.
pub(super) const RESOLVER: Table = Table {
    service: "route53resolver",
    source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_route53resolver.html; EC2 actions: github.com/awsdocs/amazon-route53-docs#10",
    rows: RESOLVER_ROWS,
};

const RESOLVER_ROWS: &[Row] = &[
    row("CreateResolverEndpoint", &["route53resolver:resolver-endpoint/*"]).and(&[
        need_if(
            "Tags",
            "route53resolver:TagResource",
            &["route53resolver:resolver-endpoint/*"],
        ),
        need("ec2:DescribeSubnets", &["*"]),
        need("ec2:DescribeVpcs", &["*"]),
        need("ec2:DescribeSecurityGroups", &["*"]),
        need("ec2:DescribeNetworkInterfaces", &["*"]),
        need(
            "ec2:CreateNetworkInterface",
            &[
                "ec2:network-interface/*",
                "ec2:subnet/{IpAddresses.SubnetId}",
                "ec2:security-group/{SecurityGroupIds}",
            ],
        ),
        need(
            "ec2:CreateNetworkInterfacePermission",
            &["ec2:network-interface/*"],
        ),
    ]),
    row("GetResolverEndpoint", &[ENDPOINT]),
    row("ListResolverEndpoints", &["*"]),
    row("ListResolverEndpointIpAddresses", &[ENDPOINT]),
    row("UpdateResolverEndpoint", &[ENDPOINT]),
    row("AssociateResolverEndpointIpAddress", &[ENDPOINT]).and(&[
        need("ec2:DescribeSubnets", &["*"]),
        need(
            "ec2:CreateNetworkInterface",
            &["ec2:network-interface/*", "?ec2:subnet/{IpAddress.SubnetId}"],
        ),
        need(
            "ec2:CreateNetworkInterfacePermission",
            &["ec2:network-interface/*"],
        ),
    ]),
    row("DisassociateResolverEndpointIpAddress", &[ENDPOINT])
        .and(&[need("ec2:DeleteNetworkInterface", &["ec2:network-interface/*"])]),
    row("DeleteResolverEndpoint", &[ENDPOINT])
        .and(&[need("ec2:DeleteNetworkInterface", &["ec2:network-interface/*"])]),
    row("CreateResolverRule", &["route53resolver:resolver-rule/*"]).and(&[need_if(
        "Tags",
        "route53resolver:TagResource",
        &["route53resolver:resolver-rule/*"],
    )]),
    row("GetResolverRule", &[RULE]),
    row("ListResolverRules", &["*"]),
    row("UpdateResolverRule", &[RULE]),
    row("DeleteResolverRule", &[RULE]),
    row("AssociateResolverRule", &[RULE]).and(&[need("ec2:DescribeVpcs", &["*"])]),
    row("DisassociateResolverRule", &[RULE]),
    row(
        "GetResolverRuleAssociation",
        &["route53resolver:resolver-rule/{ResolverRuleAssociationId}"],
    ),
    row("ListResolverRuleAssociations", &["*"]),
    row("ListTagsForResource", &["{ResourceArn}"]),
    row("TagResource", &["{ResourceArn}"]),
    row("UntagResource", &["{ResourceArn}"]),
];
