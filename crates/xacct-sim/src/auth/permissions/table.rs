//! The table: which permissions each operation needs, on which resources, by which source.
//!
//! A resource is written `service:type/{Parameter}`; `*` in place of a parameter stands for "one that does not exist yet",
//! which is how AWS names it in its own messages. A leading `?` means "only if the parameter is given". What cannot be
//! said by parameters alone (roles passed, service-linked roles, secrets) is in [`super::special`].

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) needs: &'static [Need],
    /// Where AWS says so.
    pub(crate) source: &'static str,
}

/// One permission.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    pub(crate) action: &'static str,
    pub(crate) on: &'static [&'static str],
    /// Needed only if the request has this parameter.
    pub(crate) when: Option<&'static str>,
}

const fn row(
    service: &'static str,
    operation: &'static str,
    needs: &'static [Need],
    source: &'static str,
) -> Row {
    Row {
        service,
        operation,
        needs,
        source,
    }
}

const fn need(action: &'static str, on: &'static [&'static str]) -> Need {
    Need {
        action,
        on,
        when: None,
    }
}

const fn need_if(when: &'static str, action: &'static str, on: &'static [&'static str]) -> Need {
    Need {
        action,
        on,
        when: Some(when),
    }
}

const EC2: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_ec2.html";
const IAM: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_iam.html";
const STS: &str = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and API_GetCallerIdentity.html: no identity permission is asked before the call; both sides are judged in it";
const RESOLVER: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_route53resolver.html; EC2 actions: github.com/awsdocs/amazon-route53-docs#10";
const MSK: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_kafka.html; EC2 actions: https://docs.aws.amazon.com/msk/latest/developerguide/security-iam-awsmanpol-AmazonMSKFullAccess.html";
const SERVERLESS: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_redshift-serverless.html; EC2 actions: handler permissions in github.com/aws-cloudformation/aws-cloudformation-resource-providers-redshift-serverless; secrets: https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html";
const DATA: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_redshift-data.html; credentials: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-access.html";

const VPC: &str = "ec2:vpc/{VpcId}";
const TABLE: &str = "ec2:route-table/{RouteTableId}";
const GROUP: &str = "ec2:security-group/{GroupId}";
const PEERING: &str = "ec2:vpc-peering-connection/{VpcPeeringConnectionId}";
const ROLE: &str = "iam:role/{RoleName}";
const POLICY: &str = "{PolicyArn}";
const USER: &str = "iam:user/{UserName}";
const NAMESPACE: &str = "redshift-serverless:namespace/{namespaceName}";
const WORKGROUP: &str = "redshift-serverless:workgroup/{workgroupName}";
const DATA_WORKGROUP: &str = "redshift-serverless:workgroup/{WorkgroupName}";
const ENDPOINT: &str = "route53resolver:resolver-endpoint/{ResolverEndpointId}";
const RULE: &str = "route53resolver:resolver-rule/{ResolverRuleId}";
const CLUSTER: &str = "{clusterArn}";

/// Everything that is modelled.
pub(crate) const ROWS: &[Row] = &[
    // EC2
    row("ec2", "CreateVpc", &[need("ec2:CreateVpc", &["ec2:vpc/*"])], EC2),
    row("ec2", "DeleteVpc", &[need("ec2:DeleteVpc", &[VPC])], EC2),
    row(
        "ec2",
        "ModifyVpcAttribute",
        &[need("ec2:ModifyVpcAttribute", &[VPC])],
        EC2,
    ),
    row(
        "ec2",
        "CreateSubnet",
        &[need("ec2:CreateSubnet", &["ec2:subnet/*", VPC])],
        EC2,
    ),
    row(
        "ec2",
        "DeleteSubnet",
        &[need("ec2:DeleteSubnet", &["ec2:subnet/{SubnetId}"])],
        EC2,
    ),
    row(
        "ec2",
        "ModifySubnetAttribute",
        &[need("ec2:ModifySubnetAttribute", &["ec2:subnet/{SubnetId}"])],
        EC2,
    ),
    row(
        "ec2",
        "CreateInternetGateway",
        &[need("ec2:CreateInternetGateway", &["ec2:internet-gateway/*"])],
        EC2,
    ),
    row(
        "ec2",
        "DeleteInternetGateway",
        &[need(
            "ec2:DeleteInternetGateway",
            &["ec2:internet-gateway/{InternetGatewayId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "AttachInternetGateway",
        &[need(
            "ec2:AttachInternetGateway",
            &["ec2:internet-gateway/{InternetGatewayId}", VPC],
        )],
        EC2,
    ),
    row(
        "ec2",
        "DetachInternetGateway",
        &[need(
            "ec2:DetachInternetGateway",
            &["ec2:internet-gateway/{InternetGatewayId}", VPC],
        )],
        EC2,
    ),
    row(
        "ec2",
        "AllocateAddress",
        &[need("ec2:AllocateAddress", &["ec2:elastic-ip/*"])],
        EC2,
    ),
    row(
        "ec2",
        "ReleaseAddress",
        &[need("ec2:ReleaseAddress", &["ec2:elastic-ip/{AllocationId}"])],
        EC2,
    ),
    row(
        "ec2",
        "CreateNatGateway",
        &[need(
            "ec2:CreateNatGateway",
            &[
                "ec2:natgateway/*",
                "ec2:subnet/{SubnetId}",
                "?ec2:elastic-ip/{AllocationId}",
            ],
        )],
        EC2,
    ),
    row(
        "ec2",
        "DeleteNatGateway",
        &[need("ec2:DeleteNatGateway", &["ec2:natgateway/{NatGatewayId}"])],
        EC2,
    ),
    row(
        "ec2",
        "CreateRouteTable",
        &[need("ec2:CreateRouteTable", &["ec2:route-table/*", VPC])],
        EC2,
    ),
    row(
        "ec2",
        "DeleteRouteTable",
        &[need("ec2:DeleteRouteTable", &[TABLE])],
        EC2,
    ),
    row("ec2", "CreateRoute", &[need("ec2:CreateRoute", &[TABLE])], EC2),
    row("ec2", "ReplaceRoute", &[need("ec2:ReplaceRoute", &[TABLE])], EC2),
    row("ec2", "DeleteRoute", &[need("ec2:DeleteRoute", &[TABLE])], EC2),
    row(
        "ec2",
        "AssociateRouteTable",
        &[need(
            "ec2:AssociateRouteTable",
            &[TABLE, "?ec2:subnet/{SubnetId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "DisassociateRouteTable",
        &[need(
            "ec2:DisassociateRouteTable",
            &["ec2:route-table/{AssociationId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "ReplaceRouteTableAssociation",
        &[need("ec2:ReplaceRouteTableAssociation", &[TABLE])],
        EC2,
    ),
    row(
        "ec2",
        "CreateSecurityGroup",
        &[need(
            "ec2:CreateSecurityGroup",
            &["ec2:security-group/*", "?ec2:vpc/{VpcId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "DeleteSecurityGroup",
        &[need("ec2:DeleteSecurityGroup", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        &[need("ec2:AuthorizeSecurityGroupIngress", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "AuthorizeSecurityGroupEgress",
        &[need("ec2:AuthorizeSecurityGroupEgress", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "RevokeSecurityGroupIngress",
        &[need("ec2:RevokeSecurityGroupIngress", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "RevokeSecurityGroupEgress",
        &[need("ec2:RevokeSecurityGroupEgress", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "ModifySecurityGroupRules",
        &[need("ec2:ModifySecurityGroupRules", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        &[need("ec2:UpdateSecurityGroupRuleDescriptionsIngress", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "UpdateSecurityGroupRuleDescriptionsEgress",
        &[need("ec2:UpdateSecurityGroupRuleDescriptionsEgress", &[GROUP])],
        EC2,
    ),
    row(
        "ec2",
        "CreateVpcPeeringConnection",
        &[need(
            "ec2:CreateVpcPeeringConnection",
            &[VPC, "ec2:vpc-peering-connection/*"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "AcceptVpcPeeringConnection",
        &[need("ec2:AcceptVpcPeeringConnection", &[PEERING])],
        EC2,
    ),
    row(
        "ec2",
        "RejectVpcPeeringConnection",
        &[need("ec2:RejectVpcPeeringConnection", &[PEERING])],
        EC2,
    ),
    row(
        "ec2",
        "DeleteVpcPeeringConnection",
        &[need("ec2:DeleteVpcPeeringConnection", &[PEERING])],
        EC2,
    ),
    row(
        "ec2",
        "ModifyVpcPeeringConnectionOptions",
        &[need("ec2:ModifyVpcPeeringConnectionOptions", &[PEERING])],
        EC2,
    ),
    row(
        "ec2",
        "CreateVpcEndpoint",
        &[need(
            "ec2:CreateVpcEndpoint",
            &[
                "ec2:vpc-endpoint/*",
                VPC,
                "?ec2:subnet/{SubnetId}",
                "?ec2:security-group/{SecurityGroupId}",
                "?ec2:route-table/{RouteTableId}",
            ],
        )],
        EC2,
    ),
    row(
        "ec2",
        "ModifyVpcEndpoint",
        &[need(
            "ec2:ModifyVpcEndpoint",
            &[
                "ec2:vpc-endpoint/{VpcEndpointId}",
                "?ec2:subnet/{AddSubnetId}",
                "?ec2:security-group/{AddSecurityGroupId}",
            ],
        )],
        EC2,
    ),
    row(
        "ec2",
        "DeleteVpcEndpoints",
        &[need(
            "ec2:DeleteVpcEndpoints",
            &["ec2:vpc-endpoint/{VpcEndpointId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "CreateNetworkInterface",
        &[need(
            "ec2:CreateNetworkInterface",
            &[
                "ec2:network-interface/*",
                "ec2:subnet/{SubnetId}",
                "?ec2:security-group/{SecurityGroupId}",
            ],
        )],
        EC2,
    ),
    row(
        "ec2",
        "DeleteNetworkInterface",
        &[need(
            "ec2:DeleteNetworkInterface",
            &["ec2:network-interface/{NetworkInterfaceId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "ModifyNetworkInterfaceAttribute",
        &[need(
            "ec2:ModifyNetworkInterfaceAttribute",
            &[
                "ec2:network-interface/{NetworkInterfaceId}",
                "?ec2:security-group/{SecurityGroupId}",
            ],
        )],
        EC2,
    ),
    row(
        "ec2",
        "CreateNetworkAcl",
        &[need("ec2:CreateNetworkAcl", &["ec2:network-acl/*", VPC])],
        EC2,
    ),
    row(
        "ec2",
        "DeleteNetworkAcl",
        &[need("ec2:DeleteNetworkAcl", &["ec2:network-acl/{NetworkAclId}"])],
        EC2,
    ),
    row(
        "ec2",
        "CreateNetworkAclEntry",
        &[need(
            "ec2:CreateNetworkAclEntry",
            &["ec2:network-acl/{NetworkAclId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "ReplaceNetworkAclEntry",
        &[need(
            "ec2:ReplaceNetworkAclEntry",
            &["ec2:network-acl/{NetworkAclId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "DeleteNetworkAclEntry",
        &[need(
            "ec2:DeleteNetworkAclEntry",
            &["ec2:network-acl/{NetworkAclId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "ReplaceNetworkAclAssociation",
        &[need(
            "ec2:ReplaceNetworkAclAssociation",
            &["ec2:network-acl/{NetworkAclId}"],
        )],
        EC2,
    ),
    row(
        "ec2",
        "CreateTags",
        &[need("ec2:CreateTags", &["{ResourceId}"])],
        EC2,
    ),
    row(
        "ec2",
        "DeleteTags",
        &[need("ec2:DeleteTags", &["{ResourceId}"])],
        EC2,
    ),
    row("ec2", "DescribeVpcs", &[need("ec2:DescribeVpcs", &["*"])], EC2),
    row(
        "ec2",
        "DescribeVpcAttribute",
        &[need("ec2:DescribeVpcAttribute", &[VPC])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeSubnets",
        &[need("ec2:DescribeSubnets", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeInternetGateways",
        &[need("ec2:DescribeInternetGateways", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeAddresses",
        &[need("ec2:DescribeAddresses", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeNatGateways",
        &[need("ec2:DescribeNatGateways", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeRouteTables",
        &[need("ec2:DescribeRouteTables", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeSecurityGroups",
        &[need("ec2:DescribeSecurityGroups", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeSecurityGroupRules",
        &[need("ec2:DescribeSecurityGroupRules", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeVpcPeeringConnections",
        &[need("ec2:DescribeVpcPeeringConnections", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeVpcEndpoints",
        &[need("ec2:DescribeVpcEndpoints", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeVpcEndpointServices",
        &[need("ec2:DescribeVpcEndpointServices", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeNetworkInterfaces",
        &[need("ec2:DescribeNetworkInterfaces", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeNetworkAcls",
        &[need("ec2:DescribeNetworkAcls", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeAvailabilityZones",
        &[need("ec2:DescribeAvailabilityZones", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeRegions",
        &[need("ec2:DescribeRegions", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeAccountAttributes",
        &[need("ec2:DescribeAccountAttributes", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeDhcpOptions",
        &[need("ec2:DescribeDhcpOptions", &["*"])],
        EC2,
    ),
    row("ec2", "DescribeTags", &[need("ec2:DescribeTags", &["*"])], EC2),
    row(
        "ec2",
        "DescribePrefixLists",
        &[need("ec2:DescribePrefixLists", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeManagedPrefixLists",
        &[need("ec2:DescribeManagedPrefixLists", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeStaleSecurityGroups",
        &[need("ec2:DescribeStaleSecurityGroups", &["*"])],
        EC2,
    ),
    row(
        "ec2",
        "DescribeSecurityGroupReferences",
        &[need("ec2:DescribeSecurityGroupReferences", &["*"])],
        EC2,
    ),
    // IAM
    row(
        "iam",
        "CreateRole",
        &[
            need("iam:CreateRole", &[ROLE]),
            need_if("Tags", "iam:TagRole", &[ROLE]),
        ],
        IAM,
    ),
    row("iam", "GetRole", &[need("iam:GetRole", &[ROLE])], IAM),
    row("iam", "ListRoles", &[need("iam:ListRoles", &["iam:role/*"])], IAM),
    row("iam", "UpdateRole", &[need("iam:UpdateRole", &[ROLE])], IAM),
    row("iam", "DeleteRole", &[need("iam:DeleteRole", &[ROLE])], IAM),
    row(
        "iam",
        "UpdateAssumeRolePolicy",
        &[need("iam:UpdateAssumeRolePolicy", &[ROLE])],
        IAM,
    ),
    row("iam", "TagRole", &[need("iam:TagRole", &[ROLE])], IAM),
    row("iam", "UntagRole", &[need("iam:UntagRole", &[ROLE])], IAM),
    row("iam", "ListRoleTags", &[need("iam:ListRoleTags", &[ROLE])], IAM),
    row(
        "iam",
        "PutRolePermissionsBoundary",
        &[need("iam:PutRolePermissionsBoundary", &[ROLE])],
        IAM,
    ),
    row(
        "iam",
        "DeleteRolePermissionsBoundary",
        &[need("iam:DeleteRolePermissionsBoundary", &[ROLE])],
        IAM,
    ),
    row(
        "iam",
        "CreateServiceLinkedRole",
        &[need(
            "iam:CreateServiceLinkedRole",
            &["iam:role/aws-service-role/{AWSServiceName}/*"],
        )],
        IAM,
    ),
    row(
        "iam",
        "ListInstanceProfilesForRole",
        &[need("iam:ListInstanceProfilesForRole", &[ROLE])],
        IAM,
    ),
    row("iam", "PutRolePolicy", &[need("iam:PutRolePolicy", &[ROLE])], IAM),
    row("iam", "GetRolePolicy", &[need("iam:GetRolePolicy", &[ROLE])], IAM),
    row(
        "iam",
        "DeleteRolePolicy",
        &[need("iam:DeleteRolePolicy", &[ROLE])],
        IAM,
    ),
    row(
        "iam",
        "ListRolePolicies",
        &[need("iam:ListRolePolicies", &[ROLE])],
        IAM,
    ),
    row(
        "iam",
        "AttachRolePolicy",
        &[need("iam:AttachRolePolicy", &[ROLE])],
        IAM,
    ),
    row(
        "iam",
        "DetachRolePolicy",
        &[need("iam:DetachRolePolicy", &[ROLE])],
        IAM,
    ),
    row(
        "iam",
        "ListAttachedRolePolicies",
        &[need("iam:ListAttachedRolePolicies", &[ROLE])],
        IAM,
    ),
    row(
        "iam",
        "CreatePolicy",
        &[
            need("iam:CreatePolicy", &["iam:policy/{PolicyName}"]),
            need_if("Tags", "iam:TagPolicy", &["iam:policy/{PolicyName}"]),
        ],
        IAM,
    ),
    row("iam", "GetPolicy", &[need("iam:GetPolicy", &[POLICY])], IAM),
    row("iam", "ListPolicies", &[need("iam:ListPolicies", &["*"])], IAM),
    row("iam", "DeletePolicy", &[need("iam:DeletePolicy", &[POLICY])], IAM),
    row(
        "iam",
        "CreatePolicyVersion",
        &[need("iam:CreatePolicyVersion", &[POLICY])],
        IAM,
    ),
    row(
        "iam",
        "GetPolicyVersion",
        &[need("iam:GetPolicyVersion", &[POLICY])],
        IAM,
    ),
    row(
        "iam",
        "DeletePolicyVersion",
        &[need("iam:DeletePolicyVersion", &[POLICY])],
        IAM,
    ),
    row(
        "iam",
        "ListPolicyVersions",
        &[need("iam:ListPolicyVersions", &[POLICY])],
        IAM,
    ),
    row(
        "iam",
        "SetDefaultPolicyVersion",
        &[need("iam:SetDefaultPolicyVersion", &[POLICY])],
        IAM,
    ),
    row(
        "iam",
        "CreateUser",
        &[
            need("iam:CreateUser", &[USER]),
            need_if("Tags", "iam:TagUser", &[USER]),
        ],
        IAM,
    ),
    row("iam", "GetUser", &[need("iam:GetUser", &[USER])], IAM),
    row("iam", "ListUsers", &[need("iam:ListUsers", &["iam:user/*"])], IAM),
    row("iam", "DeleteUser", &[need("iam:DeleteUser", &[USER])], IAM),
    row("iam", "PutUserPolicy", &[need("iam:PutUserPolicy", &[USER])], IAM),
    row(
        "iam",
        "DeleteUserPolicy",
        &[need("iam:DeleteUserPolicy", &[USER])],
        IAM,
    ),
    row(
        "iam",
        "AttachUserPolicy",
        &[need("iam:AttachUserPolicy", &[USER])],
        IAM,
    ),
    row(
        "iam",
        "DetachUserPolicy",
        &[need("iam:DetachUserPolicy", &[USER])],
        IAM,
    ),
    row(
        "iam",
        "CreateAccessKey",
        &[need("iam:CreateAccessKey", &[USER])],
        IAM,
    ),
    row(
        "iam",
        "DeleteAccessKey",
        &[need("iam:DeleteAccessKey", &[USER])],
        IAM,
    ),
    row(
        "iam",
        "GetAccountSummary",
        &[need("iam:GetAccountSummary", &["*"])],
        IAM,
    ),
    // STS
    row("sts", "GetCallerIdentity", &[], STS),
    row("sts", "AssumeRole", &[], STS),
    // Route 53 Resolver; EC2 permissions are the caller's own and refused in Resolver's words
    row(
        "route53resolver",
        "CreateResolverEndpoint",
        &[
            need(
                "route53resolver:CreateResolverEndpoint",
                &["route53resolver:resolver-endpoint/*"],
            ),
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
        ],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "GetResolverEndpoint",
        &[need("route53resolver:GetResolverEndpoint", &[ENDPOINT])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "ListResolverEndpoints",
        &[need(
            "route53resolver:ListResolverEndpoints",
            &["route53resolver:resolver-endpoint/*"],
        )],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "ListResolverEndpointIpAddresses",
        &[need(
            "route53resolver:ListResolverEndpointIpAddresses",
            &[ENDPOINT],
        )],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "UpdateResolverEndpoint",
        &[need("route53resolver:UpdateResolverEndpoint", &[ENDPOINT])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "AssociateResolverEndpointIpAddress",
        &[
            need("route53resolver:AssociateResolverEndpointIpAddress", &[ENDPOINT]),
            need("ec2:DescribeSubnets", &["*"]),
            need(
                "ec2:CreateNetworkInterface",
                &["ec2:network-interface/*", "?ec2:subnet/{IpAddress.SubnetId}"],
            ),
            need(
                "ec2:CreateNetworkInterfacePermission",
                &["ec2:network-interface/*"],
            ),
        ],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "DisassociateResolverEndpointIpAddress",
        &[
            need(
                "route53resolver:DisassociateResolverEndpointIpAddress",
                &[ENDPOINT],
            ),
            need("ec2:DeleteNetworkInterface", &["ec2:network-interface/*"]),
        ],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "DeleteResolverEndpoint",
        &[
            need("route53resolver:DeleteResolverEndpoint", &[ENDPOINT]),
            need("ec2:DeleteNetworkInterface", &["ec2:network-interface/*"]),
        ],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "CreateResolverRule",
        &[
            need(
                "route53resolver:CreateResolverRule",
                &["route53resolver:resolver-rule/*"],
            ),
            need_if(
                "Tags",
                "route53resolver:TagResource",
                &["route53resolver:resolver-rule/*"],
            ),
        ],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "GetResolverRule",
        &[need("route53resolver:GetResolverRule", &[RULE])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "ListResolverRules",
        &[need(
            "route53resolver:ListResolverRules",
            &["route53resolver:resolver-rule/*"],
        )],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "UpdateResolverRule",
        &[need("route53resolver:UpdateResolverRule", &[RULE])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "DeleteResolverRule",
        &[need("route53resolver:DeleteResolverRule", &[RULE])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "AssociateResolverRule",
        &[
            need("route53resolver:AssociateResolverRule", &[RULE]),
            need("ec2:DescribeVpcs", &["*"]),
        ],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "DisassociateResolverRule",
        &[need("route53resolver:DisassociateResolverRule", &[RULE])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "GetResolverRuleAssociation",
        &[need("route53resolver:GetResolverRuleAssociation", &["*"])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "ListResolverRuleAssociations",
        &[need("route53resolver:ListResolverRuleAssociations", &["*"])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "ListTagsForResource",
        &[need("route53resolver:ListTagsForResource", &["{ResourceArn}"])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "TagResource",
        &[need("route53resolver:TagResource", &["{ResourceArn}"])],
        RESOLVER,
    ),
    row(
        "route53resolver",
        "UntagResource",
        &[need("route53resolver:UntagResource", &["{ResourceArn}"])],
        RESOLVER,
    ),
    // MSK. AWS lists no resource type for GetBootstrapBrokers, yet statements with the cluster's ARN are in wide use:
    // the cluster stands here, which `*` allows too.
    row(
        "kafka",
        "CreateClusterV2",
        &[
            need("kafka:CreateClusterV2", &["kafka:cluster/{clusterName}/*"]),
            need_if("tags", "kafka:TagResource", &["kafka:cluster/{clusterName}/*"]),
            need("ec2:DescribeSubnets", &["*"]),
            need("ec2:DescribeVpcs", &["*"]),
            need("ec2:DescribeSecurityGroups", &["*"]),
            need("ec2:DescribeVpcEndpoints", &["*"]),
            need("ec2:DescribeVpcAttribute", &["ec2:vpc/*"]),
            need(
                "ec2:CreateVpcEndpoint",
                &[
                    "ec2:vpc-endpoint/*",
                    "ec2:vpc/*",
                    "ec2:subnet/{serverless.vpcConfigs.subnetIds}",
                    "?ec2:security-group/{serverless.vpcConfigs.securityGroupIds}",
                ],
            ),
            need("ec2:CreateTags", &["ec2:vpc-endpoint/*"]),
        ],
        MSK,
    ),
    row(
        "kafka",
        "DescribeClusterV2",
        &[need("kafka:DescribeClusterV2", &[CLUSTER])],
        MSK,
    ),
    row(
        "kafka",
        "DescribeCluster",
        &[need("kafka:DescribeCluster", &[CLUSTER])],
        MSK,
    ),
    row(
        "kafka",
        "ListClustersV2",
        &[need("kafka:ListClustersV2", &["*"])],
        MSK,
    ),
    row(
        "kafka",
        "ListClusters",
        &[need("kafka:ListClusters", &["*"])],
        MSK,
    ),
    row(
        "kafka",
        "DeleteCluster",
        &[
            need("kafka:DeleteCluster", &[CLUSTER]),
            need("ec2:DeleteVpcEndpoints", &["ec2:vpc-endpoint/*"]),
        ],
        MSK,
    ),
    row(
        "kafka",
        "GetBootstrapBrokers",
        &[need("kafka:GetBootstrapBrokers", &[CLUSTER])],
        MSK,
    ),
    row("kafka", "ListNodes", &[need("kafka:ListNodes", &[CLUSTER])], MSK),
    row(
        "kafka",
        "CreateTopic",
        &[
            need("kafka-cluster:Connect", &[CLUSTER]),
            need(
                "kafka-cluster:CreateTopic",
                &["kafka:topic/{clusterArn}/{topicName}"],
            ),
        ],
        MSK,
    ),
    row(
        "kafka",
        "ListTopics",
        &[
            need("kafka-cluster:Connect", &[CLUSTER]),
            need("kafka-cluster:DescribeTopic", &["kafka:topic/{clusterArn}/*"]),
        ],
        MSK,
    ),
    row(
        "kafka",
        "DescribeTopic",
        &[
            need("kafka-cluster:Connect", &[CLUSTER]),
            need(
                "kafka-cluster:DescribeTopic",
                &["kafka:topic/{clusterArn}/{topicName}"],
            ),
        ],
        MSK,
    ),
    row(
        "kafka",
        "DeleteTopic",
        &[
            need("kafka-cluster:Connect", &[CLUSTER]),
            need(
                "kafka-cluster:DeleteTopic",
                &["kafka:topic/{clusterArn}/{topicName}"],
            ),
        ],
        MSK,
    ),
    row(
        "kafka",
        "ListTagsForResource",
        &[need("kafka:ListTagsForResource", &["{resourceArn}"])],
        MSK,
    ),
    row(
        "kafka",
        "TagResource",
        &[need("kafka:TagResource", &["{resourceArn}"])],
        MSK,
    ),
    row(
        "kafka",
        "UntagResource",
        &[need("kafka:UntagResource", &["{resourceArn}"])],
        MSK,
    ),
    // Redshift Serverless
    row(
        "redshift-serverless",
        "CreateNamespace",
        &[
            need(
                "redshift-serverless:CreateNamespace",
                &["redshift-serverless:namespace/*"],
            ),
            need_if(
                "tags",
                "redshift-serverless:TagResource",
                &["redshift-serverless:namespace/*"],
            ),
        ],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "GetNamespace",
        &[need("redshift-serverless:GetNamespace", &[NAMESPACE])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "ListNamespaces",
        &[need("redshift-serverless:ListNamespaces", &["*"])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "UpdateNamespace",
        &[need("redshift-serverless:UpdateNamespace", &[NAMESPACE])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "DeleteNamespace",
        &[
            need("redshift-serverless:DeleteNamespace", &[NAMESPACE]),
            need_if(
                "finalSnapshotName",
                "redshift-serverless:CreateSnapshot",
                &[NAMESPACE],
            ),
        ],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "CreateWorkgroup",
        &[
            need(
                "redshift-serverless:CreateWorkgroup",
                &["redshift-serverless:workgroup/*"],
            ),
            need_if(
                "tags",
                "redshift-serverless:TagResource",
                &["redshift-serverless:workgroup/*"],
            ),
            need("ec2:DescribeVpcAttribute", &["ec2:vpc/*"]),
            need("ec2:DescribeSecurityGroups", &["*"]),
            need("ec2:DescribeAddresses", &["*"]),
            need("ec2:DescribeInternetGateways", &["*"]),
            need("ec2:DescribeSubnets", &["*"]),
            need("ec2:DescribeAccountAttributes", &["*"]),
            need("ec2:DescribeAvailabilityZones", &["*"]),
        ],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "GetWorkgroup",
        &[need("redshift-serverless:GetWorkgroup", &[WORKGROUP])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "ListWorkgroups",
        &[need("redshift-serverless:ListWorkgroups", &["*"])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "UpdateWorkgroup",
        &[
            need("redshift-serverless:UpdateWorkgroup", &[WORKGROUP]),
            need_if("subnetIds", "ec2:DescribeSubnets", &["*"]),
            need_if("securityGroupIds", "ec2:DescribeSecurityGroups", &["*"]),
        ],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "DeleteWorkgroup",
        &[need("redshift-serverless:DeleteWorkgroup", &[WORKGROUP])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "GetCredentials",
        &[need("redshift-serverless:GetCredentials", &[WORKGROUP])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "ListTagsForResource",
        &[need(
            "redshift-serverless:ListTagsForResource",
            &["{resourceArn}"],
        )],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "TagResource",
        &[need("redshift-serverless:TagResource", &["{resourceArn}"])],
        SERVERLESS,
    ),
    row(
        "redshift-serverless",
        "UntagResource",
        &[need("redshift-serverless:UntagResource", &["{resourceArn}"])],
        SERVERLESS,
    ),
    // Redshift Data API; whose credentials the statement runs with is in `special`
    row(
        "redshift-data",
        "ExecuteStatement",
        &[need("redshift-data:ExecuteStatement", &[DATA_WORKGROUP])],
        DATA,
    ),
    row(
        "redshift-data",
        "BatchExecuteStatement",
        &[need("redshift-data:BatchExecuteStatement", &[DATA_WORKGROUP])],
        DATA,
    ),
    row(
        "redshift-data",
        "DescribeStatement",
        &[need("redshift-data:DescribeStatement", &["*"])],
        DATA,
    ),
    row(
        "redshift-data",
        "GetStatementResult",
        &[need("redshift-data:GetStatementResult", &["*"])],
        DATA,
    ),
    row(
        "redshift-data",
        "GetStatementResultV2",
        &[need("redshift-data:GetStatementResult", &["*"])],
        DATA,
    ),
    row(
        "redshift-data",
        "CancelStatement",
        &[need("redshift-data:CancelStatement", &["*"])],
        DATA,
    ),
    row(
        "redshift-data",
        "ListStatements",
        &[need("redshift-data:ListStatements", &["*"])],
        DATA,
    ),
    row(
        "redshift-data",
        "ListSessions",
        &[need("redshift-data:ListSessions", &["*"])],
        DATA,
    ),
    row(
        "redshift-data",
        "ListDatabases",
        &[need("redshift-data:ListDatabases", &[DATA_WORKGROUP])],
        DATA,
    ),
    row(
        "redshift-data",
        "ListSchemas",
        &[need("redshift-data:ListSchemas", &[DATA_WORKGROUP])],
        DATA,
    ),
    row(
        "redshift-data",
        "ListTables",
        &[need("redshift-data:ListTables", &[DATA_WORKGROUP])],
        DATA,
    ),
    row(
        "redshift-data",
        "DescribeTable",
        &[need("redshift-data:DescribeTable", &[DATA_WORKGROUP])],
        DATA,
    ),
];
