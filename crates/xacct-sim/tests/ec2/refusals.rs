//! What EC2 refuses, by code; the caller is the account itself, so that nothing is hidden by lag.

use serde_json::{Value, json};
use xacct_sim::Sim;

use crate::support::{A, B, sim};

/// A VPC with a subnet, a table, a group, a gateway and an address.
struct Bench {
    sim: Sim,
    vpc: String,
    subnet: String,
    table: String,
    group: String,
    gateway: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn bench() -> Bench {
    let sim = sim();
    let made = |operation: &str, params: Value| sim.call(A, "ec2", operation, params).unwrap();
    let vpc = text(&made("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }))["vpc"]["vpcId"]);
    let subnet = made(
        "CreateSubnet",
        json!({ "VpcId": vpc, "CidrBlock": "10.0.0.0/24" }),
    );
    let table = made("CreateRouteTable", json!({ "VpcId": vpc }));
    let group = made(
        "CreateSecurityGroup",
        json!({ "VpcId": vpc, "GroupName": "g", "GroupDescription": "d" }),
    );
    let gateway = made("CreateInternetGateway", json!({}));
    let gateway = text(&gateway["internetGateway"]["internetGatewayId"]);
    made(
        "AttachInternetGateway",
        json!({ "InternetGatewayId": gateway, "VpcId": vpc }),
    );
    let subnet = text(&subnet["subnet"]["subnetId"]);
    let table = text(&table["routeTable"]["routeTableId"]);
    made(
        "AssociateRouteTable",
        json!({ "RouteTableId": table, "SubnetId": subnet }),
    );
    let route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
    made("CreateRoute", route);
    Bench {
        vpc,
        subnet,
        table,
        group: text(&group["groupId"]),
        gateway,
        sim,
    }
}

#[test]
fn refusals_have_the_codes_of_aws() {
    let b = bench();
    let Bench {
        vpc,
        subnet,
        table,
        group,
        gateway,
        ..
    } = &b;
    let tcp = |port: Value| json!([{ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": "10.0.0.0/8" }] }]);
    let cases = [
        (
            "CreateVpc",
            json!({ "CidrBlock": "10.0.0.0/8" }),
            "InvalidVpc.Range",
        ),
        (
            "CreateVpc",
            json!({ "CidrBlock": "ten" }),
            "InvalidParameterValue",
        ),
        ("CreateVpc", json!({}), "MissingParameter"),
        (
            "CreateVpc",
            json!({ "CidrBlock": "10.0.0.0/16", "DryRun": true }),
            "DryRunOperation",
        ),
        (
            "CreateSubnet",
            json!({ "VpcId": vpc, "CidrBlock": "10.0.0.128/25" }),
            "InvalidSubnet.Conflict",
        ),
        (
            "CreateSubnet",
            json!({ "VpcId": vpc, "CidrBlock": "10.1.0.0/24" }),
            "InvalidSubnet.Range",
        ),
        (
            "CreateSubnet",
            json!({ "VpcId": "vpc-0", "CidrBlock": "10.1.0.0/24" }),
            "InvalidVpcID.NotFound",
        ),
        (
            "CreateSubnet",
            json!({ "VpcId": "v", "CidrBlock": "10.1.0.0/24" }),
            "InvalidVpcID.Malformed",
        ),
        ("DeleteVpc", json!({ "VpcId": vpc }), "DependencyViolation"),
        (
            "DeleteRouteTable",
            json!({ "RouteTableId": table }),
            "DependencyViolation",
        ),
        (
            "DeleteInternetGateway",
            json!({ "InternetGatewayId": gateway }),
            "DependencyViolation",
        ),
        (
            "AttachInternetGateway",
            json!({ "InternetGatewayId": gateway, "VpcId": vpc }),
            "Resource.AlreadyAssociated",
        ),
        (
            "CreateRoute",
            json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway }),
            "RouteAlreadyExists",
        ),
        (
            "CreateRoute",
            json!({ "RouteTableId": table, "DestinationCidrBlock": "10.0.1.0/24", "GatewayId": gateway }),
            "InvalidParameterValue",
        ),
        (
            "CreateRoute",
            json!({ "RouteTableId": table, "DestinationCidrBlock": "10.9.0.0/16", "VpcPeeringConnectionId": "pcx-0" }),
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
        (
            "DeleteRoute",
            json!({ "RouteTableId": table, "DestinationCidrBlock": "10.9.0.0/16" }),
            "InvalidRoute.NotFound",
        ),
        (
            "ReplaceRoute",
            json!({ "RouteTableId": table, "DestinationCidrBlock": "10.9.0.0/16", "GatewayId": gateway }),
            "InvalidParameterValue",
        ),
        (
            "CreateSecurityGroup",
            json!({ "VpcId": vpc, "GroupName": "sg-x", "GroupDescription": "d" }),
            "InvalidParameterValue",
        ),
        (
            "CreateSecurityGroup",
            json!({ "VpcId": vpc, "GroupName": "ü", "GroupDescription": "d" }),
            "InvalidParameterValue",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({ "GroupId": group, "IpPermissions": tcp(json!(70_000)) }),
            "InvalidParameterValue",
        ),
        (
            "AuthorizeSecurityGroupIngress",
            json!({ "GroupId": group, "IpPermissions": [{ "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "Groups": [{ "GroupId": "sg-0" }] }] }),
            "InvalidGroup.NotFound",
        ),
        (
            "RevokeSecurityGroupIngress",
            json!({ "GroupId": group, "IpPermissions": tcp(json!(1)) }),
            "InvalidPermission.NotFound",
        ),
        (
            "CreateNatGateway",
            json!({ "SubnetId": subnet }),
            "MissingParameter",
        ),
        (
            "CreateNatGateway",
            json!({ "SubnetId": subnet, "AllocationId": "eipalloc-0" }),
            "InvalidAllocationID.NotFound",
        ),
        (
            "CreateVpcEndpoint",
            json!({ "VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.ap-south-1.kafka", "SubnetId": [subnet] }),
            "InvalidServiceName",
        ),
        (
            "CreateTags",
            json!({ "ResourceId": [vpc], "Tag": [{ "Key": "aws:x", "Value": "y" }] }),
            "InvalidParameterValue",
        ),
        (
            "CreateTags",
            json!({ "ResourceId": ["vpc-0"], "Tag": [{ "Key": "x", "Value": "y" }] }),
            "InvalidVpcID.NotFound",
        ),
        (
            "DescribeSubnets",
            json!({ "MaxResults": 4 }),
            "InvalidParameterValue",
        ),
        ("DescribeSubnets", json!({ "NextToken": "x" }), "InvalidNextToken"),
        (
            "DisassociateRouteTable",
            json!({ "AssociationId": "rtbassoc-0" }),
            "InvalidAssociationID.NotFound",
        ),
        (
            "AcceptVpcPeeringConnection",
            json!({ "VpcPeeringConnectionId": "pcx-0" }),
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
    ];
    for (operation, params, code) in cases {
        let error = b
            .sim
            .call(A, "ec2", operation, params.clone())
            .expect_err(operation);
        assert_eq!(error.code, code, "{operation} {params}: {}", error.message);
    }
}

#[test]
fn quotas_stop_the_sixth_vpc_and_the_sixth_address() {
    let sim = sim();
    for index in 0..5 {
        sim.call(
            A,
            "ec2",
            "CreateVpc",
            json!({ "CidrBlock": format!("10.{index}.0.0/16") }),
        )
        .unwrap();
        sim.call(A, "ec2", "AllocateAddress", json!({})).unwrap();
    }
    let refused = |operation: &str, params: Value| sim.call(A, "ec2", operation, params).unwrap_err().code;
    assert_eq!(
        refused("CreateVpc", json!({ "CidrBlock": "10.9.0.0/16" })),
        "VpcLimitExceeded"
    );
    assert_eq!(refused("AllocateAddress", json!({})), "AddressLimitExceeded");
    sim.call(B, "ec2", "CreateVpc", json!({ "CidrBlock": "10.9.0.0/16" }))
        .unwrap();
}

#[test]
fn a_network_is_taken_apart_in_the_order_that_aws_asks_for() {
    let b = bench();
    let call = |operation: &str, params: Value| b.sim.call(A, "ec2", operation, params).unwrap();
    let before = b.sim.inventory(A);
    assert!(
        before
            .resources
            .iter()
            .any(|one| one.kind == "ec2:internet-gateway")
    );
    call(
        "DeleteRoute",
        json!({ "RouteTableId": b.table, "DestinationCidrBlock": "0.0.0.0/0" }),
    );
    call(
        "DetachInternetGateway",
        json!({ "InternetGatewayId": b.gateway, "VpcId": b.vpc }),
    );
    call("DeleteInternetGateway", json!({ "InternetGatewayId": b.gateway }));
    call("DeleteSubnet", json!({ "SubnetId": b.subnet }));
    call("DeleteRouteTable", json!({ "RouteTableId": b.table }));
    call("DeleteSecurityGroup", json!({ "GroupId": b.group }));
    call("DeleteVpc", json!({ "VpcId": b.vpc }));
    assert!(
        b.sim.inventory(A).is_empty(),
        "main table, default group and default ACL went along"
    );
}
