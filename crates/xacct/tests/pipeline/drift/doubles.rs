//! Two resources with the same tags: the one in use wins, else the lowest id, and the other goes.

use super::{Case, Stage, judge_all, nothing};
use crate::world::{SOURCE, WAREHOUSE};
use serde_json::{Value as Json, json};

/// The tags of one of our resources, for a double of it.
fn tags(stage: &Stage, account: &str, kind: &str, resource: &str) -> Json {
    let filter = json!({ "Filter": [{ "Name": "resource-id", "Value": [stage.id(resource)] }] });
    let found = stage.ec2(account, "DescribeTags", filter);
    let tags: Vec<Json> = found["tagSet"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| json!({ "Key": tag["key"], "Value": tag["value"] }))
        .collect();
    json!([{ "ResourceType": kind, "Tag": tags }])
}

fn double(
    stage: &Stage,
    account: &str,
    operation: &str,
    kind: &str,
    resource: &str,
    mut params: Json,
) -> Json {
    params["TagSpecification"] = tags(stage, account, kind, resource);
    stage.ec2(account, operation, params)
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "two VPCs: the one that the rest stands in stays",
        change: |s| {
            let params = json!({ "CidrBlock": "172.16.0.0/16" });
            double(s, SOURCE, "CreateVpc", "vpc", "source/vpc", params);
        },
        plan: r#"
            = source/vpc (AWS::EC2::VPC)
            removes 1 more with the same tags
        "#,
        writes: r#"
            source ec2:DeleteVpc
        "#,
        afterwards: nothing,
    },
    Case {
        what: "two VPCs, the other with a subnet and a group of ours",
        change: |s| {
            let params = json!({ "CidrBlock": "10.0.0.0/16" });
            let vpc =
                double(s, WAREHOUSE, "CreateVpc", "vpc", "warehouse/vpc", params)["vpc"]["vpcId"].clone();
            let params = json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24" });
            double(
                s,
                WAREHOUSE,
                "CreateSubnet",
                "subnet",
                "warehouse/subnet-private-1",
                params,
            );
            let params = json!({ "VpcId": vpc, "GroupName": "clicks-warehouse-group-workgroup", "GroupDescription": "a double" });
            double(
                s,
                WAREHOUSE,
                "CreateSecurityGroup",
                "security-group",
                "warehouse/group-workgroup",
                params,
            );
        },
        plan: r#"
            = warehouse/vpc (AWS::EC2::VPC)
            removes 1 more with the same tags
            = warehouse/subnet-private-1 (AWS::EC2::Subnet)
            removes 1 more with the same tags
            = warehouse/group-workgroup (AWS::EC2::SecurityGroup)
            removes 1 more with the same tags
        "#,
        writes: r#"
            warehouse ec2:DeleteSecurityGroup
            warehouse ec2:DeleteSubnet
            warehouse ec2:DeleteVpc
        "#,
        afterwards: nothing,
    },
    Case {
        what: "two internet gateways: the attached one stays",
        change: |s| {
            double(
                s,
                WAREHOUSE,
                "CreateInternetGateway",
                "internet-gateway",
                "warehouse/internet-gateway",
                json!({}),
            );
        },
        plan: r#"
            = warehouse/internet-gateway (AWS::EC2::InternetGateway)
            removes 1 more with the same tags
        "#,
        writes: r#"
            warehouse ec2:DeleteInternetGateway
        "#,
        afterwards: nothing,
    },
    Case {
        what: "two addresses: the one that the NAT gateway has stays",
        change: |s| {
            double(
                s,
                WAREHOUSE,
                "AllocateAddress",
                "elastic-ip",
                "warehouse/address",
                json!({ "Domain": "vpc" }),
            );
        },
        plan: r#"
            = warehouse/address (AWS::EC2::EIP)
            removes 1 more with the same tags
        "#,
        writes: r#"
            warehouse ec2:ReleaseAddress
        "#,
        afterwards: nothing,
    },
    Case {
        what: "two NAT gateways, each with an address: the one that the route leads to stays",
        change: |s| {
            let address = double(
                s,
                WAREHOUSE,
                "AllocateAddress",
                "elastic-ip",
                "warehouse/address",
                json!({ "Domain": "vpc" }),
            );
            let params = json!({ "SubnetId": s.id("warehouse/subnet-public"), "AllocationId": address["allocationId"] });
            double(
                s,
                WAREHOUSE,
                "CreateNatGateway",
                "natgateway",
                "warehouse/nat",
                params,
            );
        },
        plan: r#"
            = warehouse/address (AWS::EC2::EIP)
            removes 1 more with the same tags
            = warehouse/nat (AWS::EC2::NatGateway)
            removes 1 more with the same tags
        "#,
        writes: r#"
            warehouse ec2:DeleteNatGateway
            warehouse ec2:ReleaseAddress
        "#,
        afterwards: nothing,
    },
    Case {
        what: "two route tables: the one that subnets use stays",
        change: |s| {
            let params = json!({ "VpcId": s.id("source/vpc") });
            double(
                s,
                SOURCE,
                "CreateRouteTable",
                "route-table",
                "source/routes-private",
                params,
            );
        },
        plan: r#"
            = source/routes-private (AWS::EC2::RouteTable)
            removes 1 more with the same tags
        "#,
        writes: r#"
            source ec2:DeleteRouteTable
        "#,
        afterwards: nothing,
    },
    Case {
        what: "two subnets of one place: the one with the right block stays",
        change: |s| {
            let params = json!({ "VpcId": s.id("warehouse/vpc"), "CidrBlock": "10.0.77.0/24" });
            double(
                s,
                WAREHOUSE,
                "CreateSubnet",
                "subnet",
                "warehouse/subnet-private-2",
                params,
            );
        },
        plan: r#"
            = warehouse/subnet-private-2 (AWS::EC2::Subnet)
            removes 1 more with the same tags
        "#,
        writes: r#"
            warehouse ec2:DeleteSubnet
        "#,
        afterwards: nothing,
    },
    Case {
        what: "two groups: the one with our name stays",
        change: |s| {
            let params =
                json!({ "VpcId": s.id("source/vpc"), "GroupName": "double", "GroupDescription": "a double" });
            double(
                s,
                SOURCE,
                "CreateSecurityGroup",
                "security-group",
                "source/group-cluster",
                params,
            );
        },
        plan: r#"
            = source/group-cluster (AWS::EC2::SecurityGroup)
            removes 1 more with the same tags
        "#,
        writes: r#"
            source ec2:DeleteSecurityGroup
        "#,
        afterwards: nothing,
    },
];

#[test]
fn of_two_with_the_same_tags_the_one_in_use_stays_and_the_other_goes() {
    judge_all(CASES, Stage::new());
}
