//! Networks, and what stands between them.

use super::{Case, Stage, judge_all, nothing};
use crate::broken_links::{delete_route, private, table_of};
use crate::world::{SOURCE, WAREHOUSE, filter};
use serde_json::{Value as Json, json};

fn table(stage: &Stage, account: &str) -> Json {
    table_of(&stage.world, account, &private(&stage.outputs, account))["routeTableId"].clone()
}

fn cut(stage: &Stage, account: &str, block: &str) {
    delete_route(&stage.world, account, &private(&stage.outputs, account), block);
}

fn permission(port: u16, block: &str) -> Json {
    json!([{ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": block }] }])
}

fn untag(stage: &Stage, account: &str, resource: &str, keys: &[&str]) {
    let keys: Vec<Json> = keys.iter().map(|key| json!({ "Key": key })).collect();
    stage.ec2(
        account,
        "DeleteTags",
        json!({ "ResourceId": [stage.id(resource)], "Tag": keys }),
    );
}

fn rename(stage: &Stage, account: &str, resource: &str) {
    let tag = json!([{ "Key": "Name", "Value": "the old one" }]);
    stage.ec2(
        account,
        "CreateTags",
        json!({ "ResourceId": [stage.id(resource)], "Tag": tag }),
    );
}

/// The association of a private subnet with its route table.
fn association(stage: &Stage, account: &str, index: usize) -> Json {
    let network = if account == SOURCE {
        &stage.outputs.network.source
    } else {
        &stage.outputs.network.warehouse
    };
    let subnet = network.private_subnets[index].id.to_string();
    let table = table_of(&stage.world, account, &subnet);
    let all = table["associationSet"].as_array().unwrap();
    let mine = all.iter().find(|a| a["subnetId"] == subnet.as_str()).unwrap();
    mine["routeTableAssociationId"].clone()
}

fn disassociate(stage: &Stage, account: &str, index: usize) {
    let params = json!({ "AssociationId": association(stage, account, index) });
    stage.ec2(account, "DisassociateRouteTable", params);
}

/// A network of somebody else in the warehouse's account, peered with ours.
fn neighbour(stage: &Stage) -> (Json, Json) {
    let tags = json!([{ "ResourceType": "vpc", "Tag": [{ "Key": "Name", "Value": "neighbour" }] }]);
    let made = stage.ec2(
        WAREHOUSE,
        "CreateVpc",
        json!({ "CidrBlock": "192.168.0.0/16", "TagSpecification": tags }),
    );
    let vpc = made["vpc"]["vpcId"].clone();
    let ours = stage.outputs.network.warehouse.vpc.id.to_string();
    let made = stage.ec2(
        WAREHOUSE,
        "CreateVpcPeeringConnection",
        json!({ "VpcId": vpc, "PeerVpcId": ours, "PeerOwnerId": WAREHOUSE, "TagSpecification": [
            { "ResourceType": "vpc-peering-connection", "Tag": [{ "Key": "Name", "Value": "neighbours" }] }] }),
    );
    let peering = made["vpcPeeringConnection"]["vpcPeeringConnectionId"].clone();
    stage.arrive();
    stage.ec2(
        WAREHOUSE,
        "AcceptVpcPeeringConnection",
        json!({ "VpcPeeringConnectionId": peering }),
    );
    (vpc, peering)
}

fn named(stage: &Stage, operation: &str, set: &str, field: &str, name: &str) -> Json {
    let found = stage.ec2(WAREHOUSE, operation, filter("tag:Name", name));
    found[set][0][field].clone()
}

fn nat(stage: &Stage) {
    let id = stage.id("warehouse/nat");
    stage.ec2(WAREHOUSE, "DeleteNatGateway", json!({ "NatGatewayId": id }));
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "the route to the source is deleted",
        change: |s| cut(s, WAREHOUSE, "172.16.0.0/16"),
        plan: r#"
            + warehouse/route-peer (AWS::EC2::Route)
        "#,
        writes: r#"
            warehouse ec2:CreateRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the route back is deleted",
        change: |s| cut(s, SOURCE, "10.0.0.0/16"),
        plan: r#"
            + source/route-peer (AWS::EC2::Route)
        "#,
        writes: r#"
            source ec2:CreateRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the way out is deleted",
        change: |s| cut(s, WAREHOUSE, "0.0.0.0/0"),
        plan: r#"
            + warehouse/route-default (AWS::EC2::Route)
        "#,
        writes: r#"
            warehouse ec2:CreateRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the route to the source leads to the internet",
        change: |s| {
            let nat = s.id("warehouse/nat");
            let params = json!({ "RouteTableId": table(s, WAREHOUSE), "DestinationCidrBlock": "172.16.0.0/16", "NatGatewayId": nat });
            s.ec2(WAREHOUSE, "ReplaceRoute", params);
        },
        plan: r#"
            ~ warehouse/route-peer (AWS::EC2::Route)
            route 172.16.0.0/16: <warehouse/nat> → <source/peering>
        "#,
        writes: r#"
            warehouse ec2:ReplaceRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "a more specific route shadows the peering",
        change: |s| {
            let nat = s.id("warehouse/nat");
            let params = json!({ "RouteTableId": table(s, WAREHOUSE), "DestinationCidrBlock": "172.16.2.0/24", "NatGatewayId": nat });
            s.ec2(WAREHOUSE, "CreateRoute", params);
        },
        plan: r#"
            ~ warehouse/routes-private (AWS::EC2::RouteTable)
            route 172.16.2.0/24: <warehouse/nat> → (absent)
        "#,
        writes: r#"
            warehouse ec2:DeleteRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "a route ends in a black hole",
        change: |s| {
            let (_, peering) = neighbour(s);
            let params = json!({ "RouteTableId": table(s, WAREHOUSE), "DestinationCidrBlock": "192.168.0.0/16", "VpcPeeringConnectionId": peering });
            s.ec2(WAREHOUSE, "CreateRoute", params);
            s.ec2(
                WAREHOUSE,
                "DeleteVpcPeeringConnection",
                json!({ "VpcPeeringConnectionId": peering }),
            );
        },
        plan: r#"
            ~ warehouse/routes-private (AWS::EC2::RouteTable)
            route 192.168.0.0/16: <neighbours> (black hole) → (absent)
        "#,
        writes: r#"
            warehouse ec2:DeleteRoute
        "#,
        afterwards: |s| {
            let vpc = named(s, "DescribeVpcs", "vpcSet", "vpcId", "neighbour");
            s.ec2(WAREHOUSE, "DeleteVpc", json!({ "VpcId": vpc }));
        },
    },
    Case {
        what: "a subnet loses its route table",
        change: |s| disassociate(s, WAREHOUSE, 1),
        plan: r#"
            + warehouse/routes-private-use-2 (AWS::EC2::SubnetRouteTableAssociation)
        "#,
        writes: r#"
            warehouse ec2:AssociateRouteTable
        "#,
        afterwards: nothing,
    },
    Case {
        what: "a subnet is given another route table",
        change: |s| {
            let tags =
                json!([{ "ResourceType": "route-table", "Tag": [{ "Key": "Name", "Value": "theirs" }] }]);
            let vpc = s.outputs.network.warehouse.vpc.id.to_string();
            let made = s.ec2(
                WAREHOUSE,
                "CreateRouteTable",
                json!({ "VpcId": vpc, "TagSpecification": tags }),
            );
            let params = json!({ "AssociationId": association(s, WAREHOUSE, 2), "RouteTableId": made["routeTable"]["routeTableId"] });
            s.ec2(WAREHOUSE, "ReplaceRouteTableAssociation", params);
        },
        plan: r#"
            + warehouse/routes-private-use-3 (AWS::EC2::SubnetRouteTableAssociation)
        "#,
        writes: r#"
            warehouse ec2:ReplaceRouteTableAssociation
        "#,
        afterwards: |s| {
            let table = named(
                s,
                "DescribeRouteTables",
                "routeTableSet",
                "routeTableId",
                "theirs",
            );
            s.ec2(WAREHOUSE, "DeleteRouteTable", json!({ "RouteTableId": table }));
        },
    },
    Case {
        what: "a route table is deleted",
        change: |s| {
            let table = table(s, SOURCE);
            (0..3).for_each(|index| disassociate(s, SOURCE, index));
            s.ec2(SOURCE, "DeleteRouteTable", json!({ "RouteTableId": table }));
        },
        plan: r#"
            + source/routes-private (AWS::EC2::RouteTable)
            + source/routes-private-use-1 (AWS::EC2::SubnetRouteTableAssociation)
            + source/routes-private-use-2 (AWS::EC2::SubnetRouteTableAssociation)
            + source/routes-private-use-3 (AWS::EC2::SubnetRouteTableAssociation)
            + source/route-peer (AWS::EC2::Route)
        "#,
        writes: r#"
            source ec2:AssociateRouteTable
            source ec2:AssociateRouteTable
            source ec2:AssociateRouteTable
            source ec2:CreateRoute
            source ec2:CreateRouteTable
        "#,
        afterwards: nothing,
    },
    Case {
        what: "a security group is opened",
        change: |s| {
            let params = json!({ "GroupId": s.outputs.network.workgroup_group, "IpPermissions": permission(5439, "0.0.0.0/0") });
            s.ec2(WAREHOUSE, "AuthorizeSecurityGroupIngress", params);
        },
        plan: r#"
            ~ warehouse/group-workgroup (AWS::EC2::SecurityGroup)
            rule: ingress tcp 5439-5439 from 0.0.0.0/0 → (absent)
        "#,
        writes: r#"
            warehouse ec2:RevokeSecurityGroupIngress
        "#,
        afterwards: nothing,
    },
    Case {
        what: "one rule of the brokers' group is removed",
        change: |s| {
            let params = json!({ "GroupId": s.outputs.network.cluster_group, "IpPermissions": permission(9098, "10.0.2.0/24") });
            s.ec2(SOURCE, "RevokeSecurityGroupIngress", params);
        },
        plan: r#"
            ~ source/group-cluster (AWS::EC2::SecurityGroup)
            rule: (absent) → ingress tcp 9098-9098 from 10.0.2.0/24
        "#,
        writes: r#"
            source ec2:AuthorizeSecurityGroupIngress
        "#,
        afterwards: nothing,
    },
    Case {
        what: "a group is closed on one port and opened on another",
        change: |s| {
            let group = s.id("warehouse/group-resolver-outbound");
            let mut dns = permission(53, "172.16.1.0/24");
            dns[0]["IpProtocol"] = json!("udp");
            s.ec2(
                WAREHOUSE,
                "RevokeSecurityGroupEgress",
                json!({ "GroupId": group, "IpPermissions": dns }),
            );
            let params = json!({ "GroupId": group, "IpPermissions": permission(22, "0.0.0.0/0") });
            s.ec2(WAREHOUSE, "AuthorizeSecurityGroupEgress", params);
        },
        plan: r#"
            ~ warehouse/group-resolver-outbound (AWS::EC2::SecurityGroup)
            rule: (absent) → egress udp 53-53 to 172.16.1.0/24
            rule: egress tcp 22-22 to 0.0.0.0/0 → (absent)
        "#,
        writes: r#"
            warehouse ec2:AuthorizeSecurityGroupEgress
            warehouse ec2:RevokeSecurityGroupEgress
        "#,
        afterwards: nothing,
    },
    Case {
        what: "DNS host names are switched off",
        change: |s| {
            let vpc = s.outputs.network.source.vpc.id.to_string();
            s.ec2(
                SOURCE,
                "ModifyVpcAttribute",
                json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": "false" } }),
            );
        },
        plan: r#"
            ~ source/vpc (AWS::EC2::VPC)
            enableDnsHostnames: false → true
        "#,
        writes: r#"
            source ec2:ModifyVpcAttribute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "DNS support is switched off",
        change: |s| {
            let vpc = s.outputs.network.warehouse.vpc.id.to_string();
            s.ec2(
                WAREHOUSE,
                "ModifyVpcAttribute",
                json!({ "VpcId": vpc, "EnableDnsSupport": { "Value": "false" } }),
            );
        },
        plan: r#"
            ~ warehouse/vpc (AWS::EC2::VPC)
            enableDnsSupport: false → true
        "#,
        writes: r#"
            warehouse ec2:ModifyVpcAttribute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "things are renamed and lose a tag",
        change: |s| {
            rename(s, SOURCE, "source/vpc");
            rename(s, WAREHOUSE, "warehouse/address");
            untag(s, WAREHOUSE, "warehouse/subnet-private-2", &["team"]);
            untag(s, WAREHOUSE, "warehouse/nat", &["team", "Name"]);
            untag(s, SOURCE, "source/routes-private", &["Name"]);
            untag(s, SOURCE, "source/group-client", &["team"]);
        },
        plan: r#"
            ~ source/vpc (AWS::EC2::VPC)
            tag Name: the old one → clicks-source-vpc
            ~ source/routes-private (AWS::EC2::RouteTable)
            tag Name: (absent) → clicks-source-routes-private
            ~ warehouse/subnet-private-2 (AWS::EC2::Subnet)
            tag team: (absent) → clicks
            ~ warehouse/address (AWS::EC2::EIP)
            tag Name: the old one → clicks-warehouse-address
            ~ warehouse/nat (AWS::EC2::NatGateway)
            tag Name: (absent) → clicks-warehouse-nat
            tag team: (absent) → clicks
            ~ source/group-client (AWS::EC2::SecurityGroup)
            tag team: (absent) → clicks
        "#,
        writes: r#"
            source ec2:CreateTags
            source ec2:CreateTags
            source ec2:CreateTags
            warehouse ec2:CreateTags
            warehouse ec2:CreateTags
            warehouse ec2:CreateTags
        "#,
        afterwards: nothing,
    },
    Case {
        what: "somebody adds a tag of their own, which is theirs",
        change: |s| {
            let tag = json!([{ "Key": "cost-centre", "Value": "42" }]);
            s.ec2(
                WAREHOUSE,
                "CreateTags",
                json!({ "ResourceId": [s.id("warehouse/vpc")], "Tag": tag }),
            );
        },
        plan: "",
        writes: "",
        afterwards: |s| untag(s, WAREHOUSE, "warehouse/vpc", &["cost-centre"]),
    },
    Case {
        what: "the NAT gateway is deleted",
        change: nat,
        plan: r#"
            + warehouse/nat (AWS::EC2::NatGateway)
            ~ warehouse/route-default (AWS::EC2::Route)
            route 0.0.0.0/0: <warehouse/nat> → (known after apply)
        "#,
        writes: r#"
            warehouse ec2:CreateNatGateway
            warehouse ec2:ReplaceRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the way out is torn down",
        change: |s| {
            nat(s);
            s.arrive();
            let (gateway, vpc) = (s.id("warehouse/internet-gateway"), s.id("warehouse/vpc"));
            s.ec2(
                WAREHOUSE,
                "DetachInternetGateway",
                json!({ "InternetGatewayId": gateway, "VpcId": vpc }),
            );
            s.ec2(
                WAREHOUSE,
                "ReleaseAddress",
                json!({ "AllocationId": s.id("warehouse/address") }),
            );
        },
        plan: r#"
            ~ warehouse/internet-gateway (AWS::EC2::InternetGateway)
            attachment: (absent) → <warehouse/vpc>
            + warehouse/address (AWS::EC2::EIP)
            + warehouse/nat (AWS::EC2::NatGateway)
            ~ warehouse/route-default (AWS::EC2::Route)
            route 0.0.0.0/0: <warehouse/nat> → (known after apply)
            waits for warehouse/route-public-default
        "#,
        writes: r#"
            warehouse ec2:AllocateAddress
            warehouse ec2:AttachInternetGateway
            warehouse ec2:CreateNatGateway
            warehouse ec2:ReplaceRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the peering is deleted",
        change: |s| {
            let id = s.outputs.network.peering.to_string();
            s.ec2(
                SOURCE,
                "DeleteVpcPeeringConnection",
                json!({ "VpcPeeringConnectionId": id }),
            );
        },
        plan: r#"
            + warehouse/peering (AWS::EC2::VPCPeeringConnection)
            + source/peering (AWS::EC2::VPCPeeringConnection (acceptance))
            ~ source/route-peer (AWS::EC2::Route)
            route 10.0.0.0/16: <source/peering> → (known after apply)
            ~ warehouse/route-peer (AWS::EC2::Route)
            route 172.16.0.0/16: <source/peering> → (known after apply)
        "#,
        writes: r#"
            source ec2:AcceptVpcPeeringConnection
            source ec2:CreateTags
            source ec2:ReplaceRoute
            warehouse ec2:CreateVpcPeeringConnection
            warehouse ec2:ReplaceRoute
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the peering is untagged on one side",
        change: |s| {
            let id = s.outputs.network.peering.to_string();
            s.ec2(
                SOURCE,
                "DeleteTags",
                json!({ "ResourceId": [id], "Tag": [{ "Key": "xacct:pipeline" }, { "Key": "xacct:resource" }] }),
            );
        },
        plan: r#"
            ~ source/peering (AWS::EC2::VPCPeeringConnection (acceptance))
            tag xacct:pipeline: (absent) → clicks
            tag xacct:resource: (absent) → source/peering
        "#,
        writes: r#"
            source ec2:CreateTags
        "#,
        afterwards: nothing,
    },
];

#[test]
fn what_somebody_changes_in_the_networks_is_put_back() {
    let mut world = crate::world::World::new();
    world.spec = world.spec.with_tag("team", "clicks");
    judge_all(CASES, Stage::of(world));
}
