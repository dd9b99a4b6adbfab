//! What is modelled, how deep, and where it is from. Everything else is refused loudly.

/// A group of operations of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modelled {
    /// Signing name of the service.
    pub service: &'static str,
    /// The operations.
    pub operations: &'static [&'static str],
    /// How deep.
    pub depth: &'static str,
    /// Where the behaviour is from.
    pub source: &'static str,
}

/// All that is modelled.
pub const MODELLED: &[Modelled] = &[
    Modelled {
        service: "ec2",
        operations: &[
            "CreateVpc",
            "DeleteVpc",
            "DescribeVpcs",
            "ModifyVpcAttribute",
            "DescribeVpcAttribute",
            "CreateSubnet",
            "DeleteSubnet",
            "DescribeSubnets",
            "ModifySubnetAttribute",
            "DescribeAvailabilityZones",
            "DescribeDhcpOptions",
        ],
        depth: "one IPv4 block per VPC; states, canonical blocks, conflicts, dependencies, DNS attributes that take a while, zone names shuffled per account; no IPv6, no default VPC, of subnet attributes only public addresses on launch",
        source: "Amazon VPC user guide; EC2 API reference",
    },
    Modelled {
        service: "ec2",
        operations: &[
            "CreateRouteTable",
            "DeleteRouteTable",
            "DescribeRouteTables",
            "AssociateRouteTable",
            "DisassociateRouteTable",
            "ReplaceRouteTableAssociation",
            "CreateRoute",
            "ReplaceRoute",
            "DeleteRoute",
        ],
        depth: "routes to internet and NAT gateways, peerings and interfaces; black holes; main tables; no prefix lists, no transit gateways",
        source: "Amazon VPC user guide, \"Route tables\"; VPC peering guide",
    },
    Modelled {
        service: "ec2",
        operations: &[
            "CreateInternetGateway",
            "DeleteInternetGateway",
            "AttachInternetGateway",
            "DetachInternetGateway",
            "DescribeInternetGateways",
            "AllocateAddress",
            "ReleaseAddress",
            "DescribeAddresses",
            "CreateNatGateway",
            "DeleteNatGateway",
            "DescribeNatGateways",
        ],
        depth: "gateways fail late as on AWS, hold their address until they are gone, leave a tombstone; addresses cannot be associated with anything else",
        source: "Amazon VPC user guide, \"NAT gateways\" and \"Troubleshoot NAT gateways\"",
    },
    Modelled {
        service: "ec2",
        operations: &[
            "CreateSecurityGroup",
            "DeleteSecurityGroup",
            "DescribeSecurityGroups",
            "DescribeSecurityGroupRules",
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
            "CreateNetworkAcl",
            "DeleteNetworkAcl",
            "DescribeNetworkAcls",
            "CreateNetworkAclEntry",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
        ],
        depth: "rules by block and by group, also across an active peering; groups by id only; packets are judged by them; prefix lists and IPv6 are kept but match nothing",
        source: "EC2 API reference; VPC peering guide, \"Update your security groups\"",
    },
    Modelled {
        service: "ec2",
        operations: &[
            "CreateVpcPeeringConnection",
            "AcceptVpcPeeringConnection",
            "RejectVpcPeeringConnection",
            "DeleteVpcPeeringConnection",
            "DescribeVpcPeeringConnections",
        ],
        depth: "two accounts of one region: life cycle with late visibility for the accepter, expiry, tombstones, reversed duplicates; no options",
        source: "VPC peering guide, \"VPC peering basics\"; hashicorp/terraform-provider-aws #27750, #30423, #44315",
    },
    Modelled {
        service: "ec2",
        operations: &[
            "CreateVpcEndpoint",
            "DeleteVpcEndpoints",
            "DescribeVpcEndpoints",
            "DescribeVpcEndpointServices",
            "DescribeNetworkInterfaces",
            "DeleteNetworkInterface",
            "CreateTags",
            "DeleteTags",
            "DescribeTags",
        ],
        depth: "interface endpoints with private DNS; interfaces are those that services make and cannot be deleted by hand; tags belong to the account that set them",
        source: "AWS PrivateLink guide; EC2 API reference",
    },
    Modelled {
        service: "iam",
        operations: &[
            "CreateRole",
            "GetRole",
            "ListRoles",
            "UpdateRole",
            "DeleteRole",
            "UpdateAssumeRolePolicy",
            "TagRole",
            "UntagRole",
            "ListRoleTags",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            "CreateServiceLinkedRole",
            "ListInstanceProfilesForRole",
            "PutRolePolicy",
            "GetRolePolicy",
            "DeleteRolePolicy",
            "ListRolePolicies",
            "CreatePolicy",
            "GetPolicy",
            "DeletePolicy",
            "ListPolicies",
            "CreatePolicyVersion",
            "GetPolicyVersion",
            "DeletePolicyVersion",
            "ListPolicyVersions",
            "SetDefaultPolicyVersion",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "ListAttachedRolePolicies",
            "CreateUser",
            "GetUser",
            "DeleteUser",
            "ListUsers",
            "PutUserPolicy",
            "DeleteUserPolicy",
            "AttachUserPolicy",
            "DetachUserPolicy",
            "CreateAccessKey",
            "DeleteAccessKey",
            "GetAccountSummary",
            "GetAccountAuthorizationDetails",
        ],
        depth: "roles, users, keys, inline and managed policies, boundaries; principals are kept by unique id; policies are evaluated for every call; no groups, no service control policies",
        source: "IAM user guide, \"Policy evaluation logic\", \"IAM and AWS STS quotas\"",
    },
    Modelled {
        service: "sts",
        operations: &["GetCallerIdentity", "AssumeRole"],
        depth: "trust and identity policies on both sides, session policies, chained sessions of at most an hour",
        source: "STS API reference",
    },
    Modelled {
        service: "route53resolver",
        operations: &[
            "CreateResolverEndpoint",
            "GetResolverEndpoint",
            "ListResolverEndpoints",
            "ListResolverEndpointIpAddresses",
            "UpdateResolverEndpoint",
            "DeleteResolverEndpoint",
            "AssociateResolverEndpointIpAddress",
            "DisassociateResolverEndpointIpAddress",
            "CreateResolverRule",
            "GetResolverRule",
            "ListResolverRules",
            "UpdateResolverRule",
            "DeleteResolverRule",
            "AssociateResolverRule",
            "DisassociateResolverRule",
            "GetResolverRuleAssociation",
            "ListResolverRuleAssociations",
            "ListTagsForResource",
            "TagResource",
            "UntagResource",
        ],
        depth: "IPv4 endpoints over Do53, forwarding rules, associations; queries travel as packets; no query logs, no DNS firewall",
        source: "Route 53 developer guide, \"Resolving DNS queries between VPCs and your network\"",
    },
    Modelled {
        service: "kafka",
        operations: &[
            "CreateClusterV2",
            "DescribeClusterV2",
            "ListClustersV2",
            "DeleteCluster",
            "GetBootstrapBrokers",
            "ListTagsForResource",
            "TagResource",
            "UntagResource",
            "DescribeCluster",
            "ListNodes",
            "CreateTopic",
            "ListTopics",
            "DescribeTopic",
            "DeleteTopic",
        ],
        depth: "serverless clusters with IAM; what only provisioned clusters have answers as it does for serverless ones",
        source: "Amazon MSK developer guide, \"MSK Serverless\"; MSK API reference",
    },
    Modelled {
        service: "redshift-serverless",
        operations: &[
            "CreateNamespace",
            "GetNamespace",
            "ListNamespaces",
            "UpdateNamespace",
            "DeleteNamespace",
            "CreateWorkgroup",
            "GetWorkgroup",
            "ListWorkgroups",
            "UpdateWorkgroup",
            "DeleteWorkgroup",
            "GetCredentials",
            "ListTagsForResource",
            "TagResource",
            "UntagResource",
        ],
        depth: "namespaces with managed admin password, workgroups with their states and capacity rules; no snapshots to restore, no usage limits",
        source: "Amazon Redshift management guide, \"Amazon Redshift Serverless\"; Redshift Serverless API reference",
    },
    Modelled {
        service: "redshift-data",
        operations: &[
            "ExecuteStatement",
            "BatchExecuteStatement",
            "DescribeStatement",
            "GetStatementResult",
            "ListStatements",
            "CancelStatement",
        ],
        depth: "statements on Serverless workgroups: DDL of streaming ingestion, refreshes, catalog views, SELECT with SUPER navigation",
        source: "Redshift Data API reference; Amazon Redshift database developer guide, \"Streaming ingestion\"",
    },
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::MODELLED;

    fn listed(service: &str) -> Vec<&'static str> {
        let rows = MODELLED.iter().filter(|row| row.service == service);
        rows.flat_map(|row| row.operations.iter().copied()).collect()
    }

    /// Names in the arms of `match operation` of a service's source file.
    fn handled(file: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let source = std::fs::read_to_string(path).unwrap();
        let (_, body) = source
            .split_once("match operation {")
            .expect("a match on the operation");
        let arms = body
            .lines()
            .take_while(|line| !line.trim_start().starts_with("_ =>"));
        arms.filter_map(|line| line.split_once("=>"))
            .flat_map(|(names, _)| {
                names
                    .split('|')
                    .map(|name| name.trim().trim_matches('"').to_owned())
                    .collect::<Vec<_>>()
            })
            .filter(|name| name.chars().next().is_some_and(char::is_uppercase) && !name.contains(' '))
            .collect()
    }

    #[test]
    fn every_operation_that_is_handled_is_listed_and_the_other_way_round() {
        let mut ec2: Vec<&str> = crate::ec2::OPERATIONS.iter().map(|(name, _)| *name).collect();
        let mut stated = listed("ec2");
        ec2.sort_unstable();
        stated.sort_unstable();
        assert_eq!(ec2, stated);
        let files = [
            ("iam", "iam/mod.rs"),
            ("sts", "sts.rs"),
            ("route53resolver", "resolver/mod.rs"),
            ("kafka", "msk/mod.rs"),
            ("redshift-serverless", "serverless/mod.rs"),
            ("redshift-data", "data/mod.rs"),
        ];
        for (service, file) in files {
            let (mut found, mut stated) = (handled(file), listed(service));
            found.sort_unstable();
            stated.sort_unstable();
            assert_eq!(found, stated, "{service}");
        }
    }

    #[test]
    fn every_row_says_how_deep_and_where_from() {
        for row in MODELLED {
            assert!(row.depth.len() > 20 && row.source.len() > 10, "{row:?}");
        }
    }
}
