//! One working topology, and every way to break it.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Blocked, Endpoint, dns, reach};
use crate::Sim;

const A: &str = "111111111111";
const B: &str = "222222222222";

/// Stream account A with a cluster, warehouse account B that reads from it.
struct Wired {
    sim: Sim,
    ids: std::collections::BTreeMap<&'static str, String>,
    host: String,
    from: Endpoint,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn made(sim: &Sim, account: &str, operation: &str, params: Value) -> Value {
    sim.call(account, "ec2", operation, params).unwrap()
}

struct Network {
    vpc: String,
    table: String,
    subnets: Vec<String>,
}

fn network(sim: &Sim, account: &str, block: &str) -> Network {
    let vpc = text(
        &made(
            sim,
            account,
            "CreateVpc",
            json!({ "CidrBlock": format!("{block}.0.0/16") }),
        )["vpc"]["vpcId"],
    );
    let hostnames = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } });
    made(sim, account, "ModifyVpcAttribute", hostnames);
    let table = made(sim, account, "CreateRouteTable", json!({ "VpcId": vpc }));
    let table = text(&table["routeTable"]["routeTableId"]);
    let zones = made(sim, account, "DescribeAvailabilityZones", json!({}));
    let mut ids: Vec<String> = zones["availabilityZoneInfo"]
        .as_array()
        .unwrap()
        .iter()
        .map(|zone| text(&zone["zoneId"]))
        .collect();
    ids.retain(|id| !id.ends_with("az3"));
    let subnets = (0..3)
        .map(|index| {
            let cidr = format!("{block}.{index}.0/24");
            let params = json!({ "VpcId": vpc, "CidrBlock": cidr, "AvailabilityZoneId": ids[index] });
            let subnet = text(&made(sim, account, "CreateSubnet", params)["subnet"]["subnetId"]);
            made(
                sim,
                account,
                "AssociateRouteTable",
                json!({ "RouteTableId": table, "SubnetId": subnet }),
            );
            subnet
        })
        .collect();
    Network { vpc, table, subnets }
}

fn group(sim: &Sim, account: &str, vpc: &str, name: &str, rules: &[(&str, &str, u16, &str)]) -> String {
    let params = json!({ "GroupName": name, "GroupDescription": name, "VpcId": vpc });
    let id = text(&made(sim, account, "CreateSecurityGroup", params)["groupId"]);
    let all = json!([{ "IpProtocol": "-1", "IpRanges": [{ "CidrIp": "0.0.0.0/0" }] }]);
    made(
        sim,
        account,
        "RevokeSecurityGroupEgress",
        json!({ "GroupId": id, "IpPermissions": all }),
    );
    for (direction, protocol, port, cidr) in rules {
        let params = json!({ "GroupId": id, "IpPermissions": [permission(protocol, *port, cidr)] });
        made(
            sim,
            account,
            &format!("AuthorizeSecurityGroup{direction}"),
            params,
        );
    }
    id
}

fn permission(protocol: &str, port: u16, cidr: &str) -> Value {
    json!({ "IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{ "CidrIp": cidr }] })
}

fn route(sim: &Sim, account: &str, table: &str, cidr: &str, target: (&str, &str)) {
    let mut params = json!({ "RouteTableId": table, "DestinationCidrBlock": cidr });
    params[target.0] = json!(target.1);
    made(sim, account, "CreateRoute", params);
}

fn wired() -> Wired {
    let sim = Sim::builder()
        .seed(5)
        .region("ap-south-1")
        .account(A)
        .account(B)
        .lag(false)
        .build();
    let (a, b) = (network(&sim, A, "172.16"), network(&sim, B, "10.0"));
    let mut ids =
        std::collections::BTreeMap::from([("table a", a.table.clone()), ("table b", b.table.clone())]);
    ids.insert("vpc a", a.vpc.clone());
    ids.insert("vpc b", b.vpc.clone());
    peering(&sim, &a, &b, &mut ids);
    nat(&sim, &b, &mut ids);
    let brokers = group(
        &sim,
        A,
        &a.vpc,
        "brokers",
        &[("Ingress", "tcp", 9098, "10.0.0.0/16")],
    );
    let egress = [
        ("Egress", "tcp", 9098, "172.16.0.0/16"),
        ("Egress", "tcp", 443, "0.0.0.0/0"),
    ];
    let workgroup = group(&sim, B, &b.vpc, "workgroup", &egress);
    let (udp, tcp) = (
        ("Ingress", "udp", 53, "10.0.0.0/16"),
        ("Ingress", "tcp", 53, "10.0.0.0/16"),
    );
    let inbound = group(&sim, A, &a.vpc, "inbound", &[udp, tcp]);
    let (udp, tcp) = (
        ("Egress", "udp", 53, "172.16.0.0/16"),
        ("Egress", "tcp", 53, "172.16.0.0/16"),
    );
    let outbound = group(&sim, B, &b.vpc, "outbound", &[udp, tcp]);
    let host = cluster(&sim, &a, &brokers);
    resolver(&sim, (&a, &inbound), (&b, &outbound), &mut ids);
    sim.clock().advance(Duration::from_secs(3600));
    ids.extend([
        ("brokers", brokers),
        ("workgroup", workgroup.clone()),
        ("inbound", inbound),
        ("outbound", outbound),
    ]);
    let from = Endpoint {
        account: B.to_owned(),
        subnet_id: b.subnets[1].clone(),
        security_groups: vec![workgroup],
        ip: None,
    };
    ids.insert("subnet b", b.subnets[1].clone());
    ids.insert("subnet a", a.subnets[0].clone());
    Wired { sim, ids, host, from }
}

type Ids = std::collections::BTreeMap<&'static str, String>;

fn peering(sim: &Sim, a: &Network, b: &Network, ids: &mut Ids) {
    let ask = json!({ "VpcId": b.vpc, "PeerVpcId": a.vpc, "PeerOwnerId": A });
    let pcx = made(sim, B, "CreateVpcPeeringConnection", ask);
    let pcx = text(&pcx["vpcPeeringConnection"]["vpcPeeringConnectionId"]);
    sim.clock().advance(Duration::from_secs(60));
    made(
        sim,
        A,
        "AcceptVpcPeeringConnection",
        json!({ "VpcPeeringConnectionId": pcx }),
    );
    route(sim, A, &a.table, "10.0.0.0/16", ("VpcPeeringConnectionId", &pcx));
    route(
        sim,
        B,
        &b.table,
        "172.16.0.0/16",
        ("VpcPeeringConnectionId", &pcx),
    );
    ids.insert("pcx", pcx);
}

fn nat(sim: &Sim, b: &Network, ids: &mut Ids) {
    let igw = text(&made(sim, B, "CreateInternetGateway", json!({}))["internetGateway"]["internetGatewayId"]);
    made(
        sim,
        B,
        "AttachInternetGateway",
        json!({ "InternetGatewayId": igw, "VpcId": b.vpc }),
    );
    let public = made(
        sim,
        B,
        "CreateSubnet",
        json!({ "VpcId": b.vpc, "CidrBlock": "10.0.100.0/24" }),
    );
    let public = text(&public["subnet"]["subnetId"]);
    let table = made(sim, B, "CreateRouteTable", json!({ "VpcId": b.vpc }));
    let table = text(&table["routeTable"]["routeTableId"]);
    made(
        sim,
        B,
        "AssociateRouteTable",
        json!({ "RouteTableId": table, "SubnetId": public }),
    );
    route(sim, B, &table, "0.0.0.0/0", ("GatewayId", &igw));
    let address = text(&made(sim, B, "AllocateAddress", json!({}))["allocationId"]);
    let nat = made(
        sim,
        B,
        "CreateNatGateway",
        json!({ "SubnetId": public, "AllocationId": address }),
    );
    let nat = text(&nat["natGateway"]["natGatewayId"]);
    route(sim, B, &b.table, "0.0.0.0/0", ("NatGatewayId", &nat));
    ids.extend([("public table", table), ("nat", nat), ("igw", igw)]);
}

fn cluster(sim: &Sim, a: &Network, brokers: &str) -> String {
    let config = json!({ "subnetIds": a.subnets, "securityGroupIds": [brokers] });
    let params = json!({
        "clusterName": "stream",
        "serverless": { "vpcConfigs": [config], "clientAuthentication": { "sasl": { "iam": { "enabled": true } } } },
    });
    let arn = text(&sim.call(A, "kafka", "CreateClusterV2", params).unwrap()["clusterArn"]);
    sim.clock().advance(Duration::from_secs(3600));
    let brokers = sim
        .call(A, "kafka", "GetBootstrapBrokers", json!({ "clusterArn": arn }))
        .unwrap();
    text(&brokers["bootstrapBrokerStringSaslIam"])
        .split(':')
        .next()
        .unwrap()
        .to_owned()
}

fn resolver(sim: &Sim, (a, inbound): (&Network, &str), (b, outbound): (&Network, &str), ids: &mut Ids) {
    let endpoint = |account: &str, network: &Network, group: &str, direction: &str| {
        let ips: Vec<Value> = network.subnets[..2]
            .iter()
            .map(|subnet| json!({ "SubnetId": subnet }))
            .collect();
        let params = json!({
            "CreatorRequestId": direction, "Direction": direction, "SecurityGroupIds": [group], "IpAddresses": ips,
        });
        let made = sim
            .call(account, "route53resolver", "CreateResolverEndpoint", params)
            .unwrap();
        sim.clock().advance(Duration::from_secs(3600));
        text(&made["ResolverEndpoint"]["Id"])
    };
    let inside = endpoint(A, a, inbound, "INBOUND");
    let outside = endpoint(B, b, outbound, "OUTBOUND");
    let listed = sim
        .call(
            A,
            "route53resolver",
            "ListResolverEndpointIpAddresses",
            json!({ "ResolverEndpointId": inside }),
        )
        .unwrap();
    let targets: Vec<Value> = listed["IpAddresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|address| json!({ "Ip": address["Ip"], "Port": 53 }))
        .collect();
    let rule = json!({
        "CreatorRequestId": "rule", "RuleType": "FORWARD", "DomainName": "kafka-serverless.ap-south-1.amazonaws.com",
        "ResolverEndpointId": outside, "TargetIps": targets,
    });
    let rule = text(
        &sim.call(B, "route53resolver", "CreateResolverRule", rule)
            .unwrap()["ResolverRule"]["Id"],
    );
    sim.clock().advance(Duration::from_secs(600));
    let params = json!({ "ResolverRuleId": rule, "VPCId": b.vpc });
    sim.call(B, "route53resolver", "AssociateResolverRule", params)
        .unwrap();
    ids.insert("rule", rule);
}

impl Wired {
    fn ec2(&self, account: &str, operation: &str, params: Value) {
        made(&self.sim, account, operation, params);
        self.sim.clock().advance(Duration::from_secs(600));
    }

    /// What a refresh needs of the network: a name, every broker behind it, and STS.
    fn works(&self) -> Result<(), Blocked> {
        let now = self.sim.now();
        let world = self.sim.shared.lock();
        let addresses: Vec<Ipv4Addr> =
            dns::resolve(&world, now, B, &self.ids["vpc b"], &self.host, &self.from)?;
        assert_eq!(addresses.len(), 3);
        for address in addresses {
            reach::tcp(&world, now, &self.from, address, 9098)?;
        }
        reach::aws_endpoint(&world, now, &self.from, "sts")
    }
}

#[test]
fn a_complete_topology_carries_names_records_and_sts() {
    assert_eq!(wired().works(), Ok(()));
}

#[test]
fn every_broken_link_blocks_and_is_named() {
    type Break = fn(&Wired);
    let breaks: &[(&str, Break, &str)] = &[
        (
            "route to the stream",
            |w| {
                w.ec2(
                    B,
                    "DeleteRoute",
                    json!({ "RouteTableId": w.ids["table b"], "DestinationCidrBlock": "172.16.0.0/16" }),
                )
            },
            "leads to nat-",
        ),
        (
            "route back",
            |w| {
                w.ec2(
                    A,
                    "DeleteRoute",
                    json!({ "RouteTableId": w.ids["table a"], "DestinationCidrBlock": "10.0.0.0/16" }),
                )
            },
            "no way back",
        ),
        (
            "peering",
            |w| {
                w.ec2(
                    A,
                    "DeleteVpcPeeringConnection",
                    json!({ "VpcPeeringConnectionId": w.ids["pcx"] }),
                )
            },
            "black hole",
        ),
        (
            "brokers' group",
            |w| {
                w.ec2(A, "RevokeSecurityGroupIngress", json!({ "GroupId": w.ids["brokers"], "IpPermissions": [permission("tcp", 9098, "10.0.0.0/16")] }))
            },
            "do not let in tcp 9098",
        ),
        (
            "workgroup's group, brokers",
            |w| {
                w.ec2(B, "RevokeSecurityGroupEgress", json!({ "GroupId": w.ids["workgroup"], "IpPermissions": [permission("tcp", 9098, "172.16.0.0/16")] }))
            },
            "do not let out tcp 9098",
        ),
        (
            "workgroup's group, STS",
            |w| {
                w.ec2(B, "RevokeSecurityGroupEgress", json!({ "GroupId": w.ids["workgroup"], "IpPermissions": [permission("tcp", 443, "0.0.0.0/0")] }))
            },
            "do not let out tcp 443",
        ),
        (
            "inbound group",
            |w| {
                w.ec2(A, "RevokeSecurityGroupIngress", json!({ "GroupId": w.ids["inbound"], "IpPermissions": [permission("udp", 53, "10.0.0.0/16")] }))
            },
            "do not let in udp 53",
        ),
        (
            "inbound group, TCP",
            |w| {
                w.ec2(A, "RevokeSecurityGroupIngress", json!({ "GroupId": w.ids["inbound"], "IpPermissions": [permission("tcp", 53, "10.0.0.0/16")] }))
            },
            "do not let in tcp 53",
        ),
        (
            "outbound group",
            |w| {
                w.ec2(B, "RevokeSecurityGroupEgress", json!({ "GroupId": w.ids["outbound"], "IpPermissions": [permission("udp", 53, "172.16.0.0/16")] }))
            },
            "do not let out udp 53",
        ),
        (
            "default route",
            |w| {
                w.ec2(
                    B,
                    "DeleteRoute",
                    json!({ "RouteTableId": w.ids["table b"], "DestinationCidrBlock": "0.0.0.0/0" }),
                )
            },
            "has no route to",
        ),
        (
            "NAT gateway",
            |w| w.ec2(B, "DeleteNatGateway", json!({ "NatGatewayId": w.ids["nat"] })),
            "black hole",
        ),
        (
            "NAT gateway's way out",
            |w| {
                w.ec2(
                    B,
                    "DeleteRoute",
                    json!({ "RouteTableId": w.ids["public table"], "DestinationCidrBlock": "0.0.0.0/0" }),
                )
            },
            "has no route to",
        ),
        (
            "DNS support",
            |w| {
                w.ec2(
                    B,
                    "ModifyVpcAttribute",
                    json!({ "VpcId": w.ids["vpc b"], "EnableDnsHostnames": { "Value": false } }),
                );
                w.ec2(
                    B,
                    "ModifyVpcAttribute",
                    json!({ "VpcId": w.ids["vpc b"], "EnableDnsSupport": { "Value": false } }),
                );
            },
            "no DNS support",
        ),
        (
            "association",
            |w| {
                let params = json!({ "ResolverRuleId": w.ids["rule"], "VPCId": w.ids["vpc b"] });
                w.sim
                    .call(B, "route53resolver", "DisassociateResolverRule", params)
                    .unwrap();
            },
            "knows no boot-",
        ),
        (
            "rule's target",
            |w| {
                let config = json!({ "TargetIps": [{ "Ip": "172.16.2.200", "Port": 53 }] });
                w.sim
                    .call(
                        B,
                        "route53resolver",
                        "UpdateResolverRule",
                        json!({ "ResolverRuleId": w.ids["rule"], "Config": config }),
                    )
                    .unwrap();
            },
            "172.16.2.200",
        ),
        (
            "ACL around the warehouse",
            |w| w.ec2(B, "CreateNetworkAclEntry", acl_entry(w, B, "vpc b", false, 1024)),
            "denies tcp ports 1024-65535",
        ),
        (
            "ACL around the brokers",
            |w| w.ec2(A, "CreateNetworkAclEntry", acl_entry(w, A, "vpc a", false, 9098)),
            "denies tcp ports 9098-9098",
        ),
    ];
    for (link, break_it, named) in breaks {
        let topology = wired();
        break_it(&topology);
        let why = topology.works().expect_err(link).why;
        assert!(why.contains(named), "{link}: {why}");
    }
}

/// An entry that denies a port and those above it, before the one that allows everything.
fn acl_entry(wired: &Wired, account: &str, vpc: &str, egress: bool, port: u16) -> Value {
    let filter = json!([{ "Name": "vpc-id", "Value": [wired.ids[vpc]] }]);
    let acls = made(
        &wired.sim,
        account,
        "DescribeNetworkAcls",
        json!({ "Filter": filter }),
    );
    json!({
        "NetworkAclId": acls["networkAclSet"][0]["networkAclId"], "RuleNumber": 50, "Protocol": "6",
        "RuleAction": "deny", "Egress": egress, "CidrBlock": "0.0.0.0/0", "PortRange": { "From": port, "To": port },
    })
}

#[test]
fn a_more_specific_route_shadows_the_peering() {
    let topology = wired();
    let params = json!({
        "RouteTableId": topology.ids["table b"], "DestinationCidrBlock": "172.16.0.0/17", "NatGatewayId": topology.ids["nat"],
    });
    topology.ec2(B, "CreateRoute", params);
    assert!(topology.works().is_err());
}

#[test]
fn a_rule_may_name_the_group_across_an_active_peering() {
    let topology = wired();
    let all = json!([permission("tcp", 9098, "10.0.0.0/16")]);
    topology.ec2(
        A,
        "RevokeSecurityGroupIngress",
        json!({ "GroupId": topology.ids["brokers"], "IpPermissions": all }),
    );
    assert!(topology.works().is_err());
    let named = json!([{
        "IpProtocol": "tcp", "FromPort": 9098, "ToPort": 9098,
        "Groups": [{ "GroupId": topology.ids["workgroup"], "UserId": B }],
    }]);
    topology.ec2(
        A,
        "AuthorizeSecurityGroupIngress",
        json!({ "GroupId": topology.ids["brokers"], "IpPermissions": named }),
    );
    assert_eq!(topology.works(), Ok(()));
}

#[test]
fn an_interface_endpoint_replaces_nat_if_the_switch_says_so() {
    let topology = wired();
    let params = json!({ "RouteTableId": topology.ids["table b"], "DestinationCidrBlock": "0.0.0.0/0" });
    topology.ec2(B, "DeleteRoute", params);
    assert!(topology.works().is_err());
    let vpc = &topology.ids["vpc b"];
    let group = group(
        &topology.sim,
        B,
        vpc,
        "sts",
        &[("Ingress", "tcp", 443, "10.0.0.0/16")],
    );
    topology.ec2(
        B,
        "CreateVpcEndpoint",
        json!({
            "VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.ap-south-1.sts",
            "SubnetId": [topology.ids["subnet b"]], "SecurityGroupId": [group], "PrivateDnsEnabled": true,
        }),
    );
    assert_eq!(topology.works(), Ok(()));
    topology
        .sim
        .configure(|settings| settings.sts_endpoint_serves_redshift = false);
    assert!(topology.works().is_err());
}
