//! VPC, subnets and the way to the internet.

use super::super::stage::{came, vpc};
use super::nodes::{ask_for_nat, delete_gateway, nat_node, subnet_node};
use super::{BUSY, Case, DENIED, FAILS, IN_USE, LATE, Then, case};
use crate::internet::{AddressNode, GatewayNode};
use crate::vpc::VpcNode;
use xacct_converge::Resource;

pub(crate) const CASES: &[Case] = &[
    case!(
        "ec2:CreateVpc",
        "vpc-1",
        (
            400,
            "VpcLimitExceeded",
            "The maximum number of VPCs has been reached."
        ),
        FAILS,
        |s| s
            .make(VpcNode {
                site: s.site.clone(),
                cidr: "10.0.0.0/16".parse().unwrap()
            })
            .await
    ),
    case!(
        "ec2:ModifyVpcAttribute",
        "vpc-1",
        (400, "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
        LATE,
        |s| s
            .make(VpcNode {
                site: s.site.clone(),
                cidr: "10.0.0.0/16".parse().unwrap()
            })
            .await
    ),
    case!("ec2:DescribeVpcs", "vpc-1", DENIED, FAILS, |s| came(
        s.site.vpcs(s.site.ours(), &s.cx).await
    )),
    case!("ec2:DescribeVpcAttribute", "(true, true)", DENIED, FAILS, |s| {
        came(s.site.dns_attributes("vpc-1", &s.cx).await)
    }),
    case!("ec2:DeleteVpc", "()", IN_USE, BUSY, |s| {
        let node = VpcNode {
            site: s.site.clone(),
            cidr: "10.0.0.0/16".parse().unwrap(),
        };
        let current = crate::outputs::VpcInfo {
            id: "vpc-1".parse().unwrap(),
            account: "111111111111".parse().unwrap(),
            cidr: node.cidr,
        };
        came(node.delete(&current, &s.cx).await)
    }),
    case!(
        "ec2:CreateSubnet",
        "aps1-az1",
        (400, "InvalidSubnet.Range", "The CIDR '10.0.1.0/24' is invalid."),
        FAILS,
        |s| s.make(subnet_node(&s)).await
    ),
    case!("ec2:DescribeSubnets", "subnet-1", DENIED, FAILS, |s| came(
        s.site.subnets(s.site.ours(), &s.cx).await
    )),
    case!("ec2:DescribeAvailabilityZones", "aps1-az4", DENIED, FAILS, |s| {
        came(s.site.zones(&s.cx).await)
    }),
    case!(
        "ec2:DescribeVpcEndpointServices",
        "aps1-az4",
        DENIED,
        FAILS,
        |s| came(s.site.zones(&s.cx).await)
    ),
    case!("ec2:DeleteSubnet", "()", IN_USE, BUSY, |s| {
        let current = crate::outputs::SubnetInfo {
            id: "subnet-1".parse().unwrap(),
            cidr: "10.0.1.0/24".parse().unwrap(),
            zone: "aps1-az1".parse().unwrap(),
        };
        came(
            subnet_node(&s)
                .delete(&current, &s.cx)
                .await
                .map_err(|f| f.with_source("resource sg-1 has a dependent object")),
        )
    }),
    case!(
        "ec2:DescribeNetworkInterfaces",
        "eni-1 (Redshift managed)",
        DENIED,
        FAILS,
        |s| came(s.site.blocking("subnet-id", "subnet-1", &s.cx).await)
    ),
    case!(
        "ec2:CreateInternetGateway",
        "igw-1",
        (
            400,
            "InternetGatewayLimitExceeded",
            "The maximum number of internet gateways has been reached."
        ),
        FAILS,
        |s| s
            .make(GatewayNode {
                site: s.site.clone(),
                vpc: vpc(),
                after: Vec::new()
            })
            .await
    ),
    case!(
        "ec2:AttachInternetGateway",
        "igw-1",
        (
            400,
            "Resource.AlreadyAssociated",
            "resource igw-1 is already attached"
        ),
        Then::Knows("igw-1"),
        |s| s
            .make(GatewayNode {
                site: s.site.clone(),
                vpc: vpc(),
                after: Vec::new()
            })
            .await
    ),
    case!("ec2:DescribeInternetGateways", "igw-1", DENIED, FAILS, |s| came(
        s.site.gateways(s.site.ours(), &s.cx).await
    )),
    case!(
        "ec2:DetachInternetGateway",
        "()",
        (
            400,
            "DependencyViolation",
            "Network vpc-1 has some mapped public address(es)."
        ),
        BUSY,
        |s| came(delete_gateway(&s).await)
    ),
    case!("ec2:DeleteInternetGateway", "()", IN_USE, BUSY, |s| came(
        delete_gateway(&s).await
    )),
    case!(
        "ec2:AllocateAddress",
        "eipalloc-1",
        (
            400,
            "AddressLimitExceeded",
            "The maximum number of addresses has been reached."
        ),
        FAILS,
        |s| s
            .make(AddressNode {
                site: s.site.clone(),
                after: Vec::new()
            })
            .await
    ),
    case!("ec2:DescribeAddresses", "eipalloc-1", DENIED, FAILS, |s| came(
        s.site.addresses(s.site.ours(), &s.cx).await
    )),
    case!(
        "ec2:ReleaseAddress",
        "()",
        (400, "InvalidIPAddress.InUse", "Address 3.1.2.3 is in use."),
        BUSY,
        |s| came(
            AddressNode {
                site: s.site.clone(),
                after: Vec::new()
            }
            .delete(&"eipalloc-1".parse().unwrap(), &s.cx)
            .await
        )
    ),
    case!(
        "ec2:CreateNatGateway",
        "nat-1",
        (
            400,
            "NatGatewayLimitExceeded",
            "Performing this operation would exceed the limit of 5 NAT gateways"
        ),
        FAILS,
        |s| ask_for_nat(&s).await
    ),
    case!("ec2:DescribeNatGateways", "nat-1", DENIED, FAILS, |s| came(
        s.site.nats(s.site.ours(), &s.cx).await
    )),
    case!(
        "ec2:DeleteNatGateway",
        "()",
        (400, "NatGatewayNotFound", "gone"),
        Then::Knows("()"),
        |s| came(nat_node(&s).delete(&"nat-1".parse().unwrap(), &s.cx).await)
    ),
];
