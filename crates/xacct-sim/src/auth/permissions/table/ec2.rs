//! EC2.

use super::{Row, Table, row};

const GROUP: &str = "ec2:security-group/{GroupId}";
const PEERING: &str = "ec2:vpc-peering-connection/{VpcPeeringConnectionId}";
const TABLE: &str = "ec2:route-table/{RouteTableId}";
const VPC: &str = "ec2:vpc/{VpcId}";

/// `ec2`.
pub(super) const EC2: Table = Table {
    service: "ec2",
    source: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_ec2.html",
    rows: EC2_ROWS,
};

const EC2_ROWS: &[Row] = &[
    row("CreateVpc", &["ec2:vpc/*"]),
    row("DeleteVpc", &[VPC]),
    row("ModifyVpcAttribute", &[VPC]),
    row("CreateSubnet", &["ec2:subnet/*", VPC]),
    row("DeleteSubnet", &["ec2:subnet/{SubnetId}"]),
    row("ModifySubnetAttribute", &["ec2:subnet/{SubnetId}"]),
    row("CreateInternetGateway", &["ec2:internet-gateway/*"]),
    row(
        "DeleteInternetGateway",
        &["ec2:internet-gateway/{InternetGatewayId}"],
    ),
    row(
        "AttachInternetGateway",
        &["ec2:internet-gateway/{InternetGatewayId}", VPC],
    ),
    row(
        "DetachInternetGateway",
        &["ec2:internet-gateway/{InternetGatewayId}", VPC],
    ),
    row("AllocateAddress", &["ec2:elastic-ip/*"]),
    row("ReleaseAddress", &["ec2:elastic-ip/{AllocationId}"]),
    row(
        "CreateNatGateway",
        &[
            "ec2:natgateway/*",
            "ec2:subnet/{SubnetId}",
            "?ec2:elastic-ip/{AllocationId}",
        ],
    ),
    row("DeleteNatGateway", &["ec2:natgateway/{NatGatewayId}"]),
    row("CreateRouteTable", &["ec2:route-table/*", VPC]),
    row("DeleteRouteTable", &[TABLE]),
    row("CreateRoute", &[TABLE]),
    row("ReplaceRoute", &[TABLE]),
    row("DeleteRoute", &[TABLE]),
    row("AssociateRouteTable", &[TABLE]).or_also(&["?ec2:subnet/{SubnetId}"]),
    row("DisassociateRouteTable", &["ec2:route-table/{AssociationId}"])
        .or_also(&["ec2:subnet/{AssociationId}"]),
    row("ReplaceRouteTableAssociation", &[TABLE]).or_also(&["ec2:subnet/{AssociationId}"]),
    row(
        "CreateSecurityGroup",
        &["ec2:security-group/*", "?ec2:vpc/{VpcId}"],
    ),
    row("DeleteSecurityGroup", &[GROUP]),
    row("AuthorizeSecurityGroupIngress", &[GROUP]),
    row("AuthorizeSecurityGroupEgress", &[GROUP]),
    row("RevokeSecurityGroupIngress", &[GROUP]),
    row("RevokeSecurityGroupEgress", &[GROUP]),
    row("ModifySecurityGroupRules", &[GROUP]),
    row("UpdateSecurityGroupRuleDescriptionsIngress", &[GROUP]),
    row("UpdateSecurityGroupRuleDescriptionsEgress", &[GROUP]),
    row(
        "CreateVpcPeeringConnection",
        &[VPC, "ec2:vpc-peering-connection/*"],
    ),
    row("AcceptVpcPeeringConnection", &[PEERING]),
    row("RejectVpcPeeringConnection", &[PEERING]),
    row("DeleteVpcPeeringConnection", &[PEERING]),
    row("ModifyVpcPeeringConnectionOptions", &[PEERING]),
    row(
        "CreateVpcEndpoint",
        &[
            "ec2:vpc-endpoint/*",
            VPC,
            "?ec2:subnet/{SubnetId}",
            "?ec2:security-group/{SecurityGroupId}",
            "?ec2:route-table/{RouteTableId}",
        ],
    ),
    row(
        "ModifyVpcEndpoint",
        &[
            "ec2:vpc-endpoint/{VpcEndpointId}",
            "?ec2:subnet/{AddSubnetId}",
            "?ec2:security-group/{AddSecurityGroupId}",
        ],
    ),
    row("DeleteVpcEndpoints", &["ec2:vpc-endpoint/{VpcEndpointId}"]),
    row(
        "CreateNetworkInterface",
        &[
            "ec2:network-interface/*",
            "ec2:subnet/{SubnetId}",
            "?ec2:security-group/{SecurityGroupId}",
        ],
    ),
    row(
        "DeleteNetworkInterface",
        &["ec2:network-interface/{NetworkInterfaceId}"],
    ),
    row(
        "ModifyNetworkInterfaceAttribute",
        &[
            "ec2:network-interface/{NetworkInterfaceId}",
            "?ec2:security-group/{SecurityGroupId}",
        ],
    ),
    row("CreateNetworkAcl", &["ec2:network-acl/*", VPC]),
    row("DeleteNetworkAcl", &["ec2:network-acl/{NetworkAclId}"]),
    row("CreateNetworkAclEntry", &["ec2:network-acl/{NetworkAclId}"]),
    row("ReplaceNetworkAclEntry", &["ec2:network-acl/{NetworkAclId}"]),
    row("DeleteNetworkAclEntry", &["ec2:network-acl/{NetworkAclId}"]),
    row(
        "ReplaceNetworkAclAssociation",
        &["ec2:network-acl/{NetworkAclId}"],
    ),
    row("CreateTags", &["{ResourceId}"]),
    row("DeleteTags", &["{ResourceId}"]),
    row("DescribeVpcs", &["*"]),
    row("DescribeVpcAttribute", &[VPC]),
    row("DescribeSubnets", &["*"]),
    row("DescribeInternetGateways", &["*"]),
    row("DescribeAddresses", &["*"]),
    row("DescribeNatGateways", &["*"]),
    row("DescribeRouteTables", &["*"]),
    row("DescribeSecurityGroups", &["*"]),
    row("DescribeSecurityGroupRules", &["*"]),
    row("DescribeVpcPeeringConnections", &["*"]),
    row("DescribeVpcEndpoints", &["*"]),
    row("DescribeVpcEndpointServices", &["*"]),
    row("DescribeNetworkInterfaces", &["*"]),
    row("DescribeNetworkAcls", &["*"]),
    row("DescribeAvailabilityZones", &["*"]),
    row("DescribeRegions", &["*"]),
    row("DescribeAccountAttributes", &["*"]),
    row("DescribeDhcpOptions", &["*"]),
    row("DescribeTags", &["*"]),
    row("DescribePrefixLists", &["*"]),
    row("DescribeManagedPrefixLists", &["*"]),
    row("DescribeStaleSecurityGroups", &["*"]),
    row("DescribeSecurityGroupReferences", &["*"]),
];
