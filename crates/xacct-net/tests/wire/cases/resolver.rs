//! Route 53 Resolver.

use super::super::stage::{came, endpoint};
use super::nodes::{
    add_address, association_node, delete_association, resolver_node, rule_node, take_address, update_rule,
};
use super::{BUSY, Case, FAILS, LATE, Then, case};
use xacct_converge::Resource;

pub(crate) const CASES: &[Case] = &[
    case!(
        "route53resolver:CreateResolverEndpoint",
        "10.0.1.9, 10.0.2.9",
        (
            400,
            "LimitExceededException",
            "You reached the maximum number of resolver endpoints"
        ),
        FAILS,
        |s| s.make(resolver_node(&s)).await
    ),
    case!(
        "route53resolver:GetResolverEndpoint",
        "rslvr-in-1",
        (400, "InvalidParameterException", "bad id"),
        FAILS,
        |s| s.make(resolver_node(&s)).await
    ),
    case!(
        "route53resolver:ListResolverEndpoints",
        "rslvr-in-1",
        (400, "InvalidNextTokenException", "bad token"),
        FAILS,
        |s| came(s.site.resolver_endpoints("vpc-1", &s.cx).await)
    ),
    case!(
        "route53resolver:ListResolverEndpointIpAddresses",
        "10.0.1.9",
        (400, "ResourceNotFoundException", "[RSLVR-00702] not found"),
        FAILS,
        |s| came(s.site.resolver_addresses("rslvr-in-1", &s.cx).await)
    ),
    case!(
        "route53resolver:DeleteResolverEndpoint",
        "()",
        (
            400,
            "InvalidRequestException",
            "[RSLVR-00600] Cannot delete resolver endpoint unless its related resolver rules are deleted."
        ),
        BUSY,
        |s| came(resolver_node(&s).delete(&endpoint("rslvr-in-1"), &s.cx).await)
    ),
    case!(
        "route53resolver:AssociateResolverEndpointIpAddress",
        "()",
        (
            400,
            "LimitExceededException",
            "You reached the maximum number of IP addresses"
        ),
        FAILS,
        |s| add_address(&s).await
    ),
    case!(
        "route53resolver:DisassociateResolverEndpointIpAddress",
        "()",
        (
            400,
            "InvalidRequestException",
            "[RSLVR-00400] Resolver endpoint need to have at least 2 IP addresses."
        ),
        FAILS,
        |s| take_address(&s).await
    ),
    case!(
        "route53resolver:CreateResolverRule",
        "rslvr-rr-1",
        (
            400,
            "LimitExceededException",
            "You reached the maximum number of rules"
        ),
        FAILS,
        |s| s.make(rule_node(&s)).await
    ),
    case!(
        "route53resolver:GetResolverRule",
        "rslvr-rr-1",
        (400, "InvalidParameterException", "bad id"),
        FAILS,
        |s| s.make(rule_node(&s)).await
    ),
    case!(
        "route53resolver:ListResolverRules",
        "rslvr-rr-1",
        (400, "InvalidNextTokenException", "bad token"),
        FAILS,
        |s| came(s.site.rules(&s.cx).await)
    ),
    case!(
        "route53resolver:UpdateResolverRule",
        "()",
        (
            400,
            "ResourceUnavailableException",
            "[RSLVR-00705] Cannot update Resolver Rule because it's currently updating."
        ),
        LATE,
        |s| update_rule(&s).await
    ),
    case!(
        "route53resolver:DeleteResolverRule",
        "()",
        (
            400,
            "ResourceInUseException",
            "Please disassociate this resolver rule from VPC first before deleting"
        ),
        BUSY,
        |s| came(rule_node(&s).delete(&"rslvr-rr-1".parse().unwrap(), &s.cx).await)
    ),
    case!(
        "route53resolver:AssociateResolverRule",
        "rslvr-rrassoc-1",
        (
            400,
            "InvalidRequestException",
            "[RSLVR-00802] Cannot associate rules with same domain name with same VPC."
        ),
        Then::Knows("rslvr-rrassoc-1"),
        |s| s.make(association_node(&s)).await
    ),
    case!(
        "route53resolver:GetResolverRuleAssociation",
        "rslvr-rrassoc-1",
        (400, "InvalidParameterException", "bad id"),
        FAILS,
        |s| s.make(association_node(&s)).await
    ),
    case!(
        "route53resolver:ListResolverRuleAssociations",
        "rslvr-rrassoc-1",
        (400, "InvalidNextTokenException", "bad token"),
        FAILS,
        |s| came(s.site.rule_associations("vpc-1", &s.cx).await)
    ),
    case!(
        "route53resolver:DisassociateResolverRule",
        "()",
        (400, "ResourceNotFoundException", "gone"),
        Then::Knows("()"),
        |s| came(delete_association(&s).await)
    ),
];
