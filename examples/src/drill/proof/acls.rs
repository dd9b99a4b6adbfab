//! Entries of network ACLs.

use super::change::{Mutant, ec2, field, mutant};
use super::lab::Lab;
use crate::drill::Trouble;
use serde_json::{Value as Json, json};

/// A range of ports, if the protocol has any.
type Ports = Option<(u16, u16)>;

/// Protocol by number, and ports.
const TRAFFIC: [(&str, &str, Ports); 10] = [
    ("Kafka", "6", Some((9098, 9098))),
    ("DNS over TCP", "6", Some((53, 53))),
    ("DNS over UDP", "17", Some((53, 53))),
    ("HTTPS", "6", Some((443, 443))),
    ("answers over TCP", "6", Some((1024, 65535))),
    ("answers over UDP", "17", Some((1024, 65535))),
    ("some answers over TCP", "6", Some((40000, 50000))),
    ("one port over UDP", "17", Some((2000, 2000))),
    ("SSH", "6", Some((22, 22))),
    ("everything", "-1", None),
];

pub(super) fn mutants(lab: &Lab) -> Result<Vec<Mutant>, Trouble> {
    let mut found = Vec::new();
    for account in lab.accounts() {
        let vpc = lab.network(account).vpc.id.to_string();
        let filter = json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }] });
        let acls = lab.call(account, "ec2", "DescribeNetworkAcls", filter)?;
        let acl = field(&acls["networkAclSet"][0], "networkAclId")?;
        denials(lab, account, &acl, &mut found);
        allowances(lab, account, &acl, &mut found);
        others(lab, account, &vpc, &mut found);
    }
    Ok(found)
}

fn side(lab: &Lab, account: &str) -> &'static str {
    let [source, _] = lab.accounts();
    if account == source { "source" } else { "warehouse" }
}

struct Line<'a> {
    acl: &'a str,
    number: u16,
    egress: bool,
    allow: bool,
    protocol: &'a str,
    ports: Option<(u16, u16)>,
    block: &'a str,
}

impl Line<'_> {
    fn make(&self) -> Json {
        let mut params = json!({
            "NetworkAclId": self.acl, "RuleNumber": self.number.to_string(), "Protocol": self.protocol,
            "RuleAction": if self.allow { "allow" } else { "deny" }, "Egress": self.egress.to_string(),
            "CidrBlock": self.block,
        });
        if let Some((from, to)) = self.ports {
            params["PortRange"] = json!({ "From": from, "To": to });
        }
        params
    }

    fn delete(&self) -> Json {
        json!({
            "NetworkAclId": self.acl, "RuleNumber": self.number.to_string(), "Egress": self.egress.to_string(),
        })
    }
}

/// A denial before the line that lets everything pass.
fn denials(lab: &Lab, account: &str, acl: &str, found: &mut Vec<Mutant>) {
    let peer = lab.network(lab.other(account));
    let subnet = peer
        .private_subnets
        .first()
        .map(|subnet| subnet.cidr.to_string())
        .unwrap_or_default();
    let blocks = [
        ("the peer", peer.vpc.cidr.to_string()),
        ("the peer's first subnet", subnet),
        ("itself", lab.network(account).vpc.cidr.to_string()),
        ("everybody", "0.0.0.0/0".to_owned()),
        ("a stranger", "192.168.0.0/16".to_owned()),
    ];
    for egress in [false, true] {
        for (what, protocol, ports) in TRAFFIC {
            for (whom, block) in &blocks {
                let way = if egress { "to" } else { "from" };
                let line = Line {
                    acl,
                    number: 50,
                    egress,
                    allow: false,
                    protocol,
                    ports,
                    block,
                };
                found.push(mutant(
                    format!("the ACL of the {} denies {what} {way} {whom}", side(lab, account)),
                    vec![ec2(account, "CreateNetworkAclEntry", line.make())],
                    vec![ec2(account, "DeleteNetworkAclEntry", line.delete())],
                ));
            }
        }
    }
}

/// The line that lets everything pass, taken away or narrowed.
fn allowances(lab: &Lab, account: &str, acl: &str, found: &mut Vec<Mutant>) {
    for egress in [false, true] {
        let way = if egress { "out" } else { "in" };
        let whole = Line {
            acl,
            number: 100,
            egress,
            allow: true,
            protocol: "-1",
            ports: None,
            block: "0.0.0.0/0",
        };
        let drop = || ec2(account, "DeleteNetworkAclEntry", whole.delete());
        let restore = || ec2(account, "CreateNetworkAclEntry", whole.make());
        found.push(mutant(
            format!("the ACL of the {} lets nothing {way}", side(lab, account)),
            vec![drop()],
            vec![restore()],
        ));
        for (what, protocol, ports, block) in [
            ("only TCP", "6", Some((0, 65535)), "0.0.0.0/0"),
            ("only UDP", "17", Some((0, 65535)), "0.0.0.0/0"),
            ("only ports from 1024", "6", Some((1024, 65535)), "0.0.0.0/0"),
            ("only private addresses", "-1", None, "172.16.0.0/12"),
            ("half of all addresses", "-1", None, "0.0.0.0/1"),
        ] {
            let narrow = Line {
                number: 90,
                protocol,
                ports,
                block,
                ..whole
            };
            found.push(mutant(
                format!("the ACL of the {} lets {what} {way}", side(lab, account)),
                vec![drop(), ec2(account, "CreateNetworkAclEntry", narrow.make())],
                vec![ec2(account, "DeleteNetworkAclEntry", narrow.delete()), restore()],
            ));
        }
        let (low, high) = (
            Line {
                number: 90,
                block: "0.0.0.0/1",
                ..whole
            },
            Line {
                number: 91,
                block: "128.0.0.0/1",
                ..whole
            },
        );
        found.push(mutant(
            format!("the ACL of the {} lets both halves {way}", side(lab, account)),
            vec![
                drop(),
                ec2(account, "CreateNetworkAclEntry", low.make()),
                ec2(account, "CreateNetworkAclEntry", high.make()),
            ],
            vec![
                ec2(account, "DeleteNetworkAclEntry", low.delete()),
                ec2(account, "DeleteNetworkAclEntry", high.delete()),
                restore(),
            ],
        ));
    }
}

/// Subnets with an ACL of their own, which as EC2 makes it lets nothing pass.
fn others(lab: &Lab, account: &str, vpc: &str, found: &mut Vec<Mutant>) {
    use super::change::keeping;
    for (index, subnet) in lab.network(account).private_subnets.iter().enumerate() {
        let association = format!("@acl-of:{}", subnet.id);
        let made = ec2(account, "CreateNetworkAcl", json!({ "VpcId": vpc }));
        let take = json!({ "AssociationId": association, "NetworkAclId": "@acl" });
        let filter = json!({ "AssociationId": association, "NetworkAclId": "@default" });
        let defaults = json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }, { "Name": "default", "Value": ["true"] }] });
        found.push(mutant(
            format!(
                "subnet {} of the {} has an ACL of its own",
                index + 1,
                side(lab, account)
            ),
            vec![
                keeping(
                    ec2(account, "DescribeNetworkAcls", defaults),
                    "default",
                    "/networkAclSet/0/networkAclId",
                ),
                keeping(made, "acl", "/networkAcl/networkAclId"),
                ec2(account, "ReplaceNetworkAclAssociation", take),
            ],
            vec![
                ec2(account, "ReplaceNetworkAclAssociation", filter),
                ec2(account, "DeleteNetworkAcl", json!({ "NetworkAclId": "@acl" })),
            ],
        ));
    }
}
