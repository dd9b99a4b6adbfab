//! Entries of security groups.

use super::change::{Mutant, ec2, field, half, mutant, named, ours};
use super::lab::Lab;
use crate::drill::Trouble;
use serde_json::{Value as Json, json};

/// One entry: what it lets pass, and the other end.
struct Entry {
    egress: bool,
    protocol: String,
    port: i64,
    peer: Peer,
}

enum Peer {
    Block(String),
    Group(String),
    /// Of the other account, across the peering.
    Across(String, String),
}

impl Entry {
    fn permission(&self, protocol: &str, port: i64, peer: &Peer) -> Json {
        let mut permission = json!({ "IpProtocol": protocol, "FromPort": port, "ToPort": port });
        match peer {
            Peer::Block(block) => permission["IpRanges"] = json!([{ "CidrIp": block }]),
            Peer::Group(id) => permission["Groups"] = json!([{ "GroupId": id }]),
            Peer::Across(account, id) => permission["Groups"] = json!([{ "GroupId": id, "UserId": account }]),
        }
        permission
    }

    fn name(&self) -> String {
        let way = if self.egress { "to" } else { "from" };
        let peer = match &self.peer {
            Peer::Block(block) => block.clone(),
            Peer::Group(_) | Peer::Across(..) => "a group".to_owned(),
        };
        format!("{} {} {way} {peer}", self.protocol, self.port)
    }
}

pub(super) fn mutants(lab: &Lab) -> Result<Vec<Mutant>, Trouble> {
    let mut found = Vec::new();
    for account in lab.accounts() {
        for group in ours(lab, account, "DescribeSecurityGroups", "securityGroupInfo")? {
            let (id, name) = (field(&group, "groupId")?, named(&group, "groupId"));
            for entry in entries(&group)? {
                changed(lab, account, (&id, &name), &entry, &mut found)?;
            }
            let strange = json!([{ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                "IpRanges": [{ "CidrIp": "192.168.0.0/16" }] }]);
            let params = json!({ "GroupId": id, "IpPermissions": strange });
            found.push(mutant(
                format!("{name} lets something strange in"),
                vec![ec2(account, "AuthorizeSecurityGroupIngress", params.clone())],
                vec![ec2(account, "RevokeSecurityGroupIngress", params)],
            ));
        }
    }
    Ok(found)
}

fn entries(group: &Json) -> Result<Vec<Entry>, Trouble> {
    let mut found = Vec::new();
    for (set, egress) in [("ipPermissions", false), ("ipPermissionsEgress", true)] {
        for rule in group[set].as_array().into_iter().flatten() {
            let port = rule["fromPort"]
                .as_i64()
                .or_else(|| rule["fromPort"].as_str()?.parse().ok());
            let (Some(port), protocol) = (port, field(rule, "ipProtocol")?) else {
                continue;
            };
            let blocks = rule["ipRanges"].as_array().into_iter().flatten();
            let blocks = blocks.map(|range| field(range, "cidrIp").map(Peer::Block));
            let groups = rule["groups"].as_array().into_iter().flatten();
            let groups = groups.map(|pair| field(pair, "groupId").map(Peer::Group));
            for peer in blocks.chain(groups) {
                let (protocol, peer) = (protocol.clone(), peer?);
                found.push(Entry {
                    egress,
                    protocol,
                    port,
                    peer,
                });
            }
        }
    }
    Ok(found)
}

fn changed(
    lab: &Lab,
    account: &str,
    (id, name): (&str, &str),
    entry: &Entry,
    found: &mut Vec<Mutant>,
) -> Result<(), Trouble> {
    let (open, close) = match entry.egress {
        true => ("AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"),
        false => ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"),
    };
    let params = |permission: &Json| json!({ "GroupId": id, "IpPermissions": [permission] });
    let own = entry.permission(&entry.protocol, entry.port, &entry.peer);
    let mut instead = |what: &str, others: Vec<Json>| {
        let mut steps = vec![ec2(account, close, params(&own))];
        steps.extend(others.iter().map(|other| ec2(account, open, params(other))));
        let mut undo: Vec<_> = others
            .iter()
            .map(|other| ec2(account, close, params(other)))
            .collect();
        undo.push(ec2(account, open, params(&own)));
        found.push(mutant(format!("{name}, {}, {what}", entry.name()), steps, undo));
    };
    instead("is taken away", Vec::new());
    let another = if entry.protocol == "tcp" { "udp" } else { "tcp" };
    instead(
        "has the next port",
        vec![entry.permission(&entry.protocol, entry.port + 1, &entry.peer)],
    );
    // The same entry for the other protocol may be there already.
    if entry.port != 53 {
        instead(
            "has another protocol",
            vec![entry.permission(another, entry.port, &entry.peer)],
        );
    }
    let to = |peer: Peer| entry.permission(&entry.protocol, entry.port, &peer);
    if let Peer::Block(block) = &entry.peer {
        if let Ok([first, second]) = half(block) {
            instead("covers half of it", vec![to(Peer::Block(first.clone()))]);
            instead(
                "stands in two halves",
                vec![to(Peer::Block(first)), to(Peer::Block(second))],
            );
        }
        if block != "0.0.0.0/0" {
            instead("names everybody", vec![to(Peer::Block("0.0.0.0/0".into()))]);
            for (whom, group) in others(lab, account) {
                instead(
                    &format!("names the group of the {whom}"),
                    vec![to(Peer::Across(lab.other(account).to_owned(), group))],
                );
            }
        }
    } else {
        let wrong = lab.link().cluster_group.to_string();
        instead("names another group", vec![to(Peer::Group(wrong))]);
    }
    Ok(())
}

/// Groups of the other account, which an entry may name across the peering.
fn others(lab: &Lab, account: &str) -> Vec<(&'static str, String)> {
    let link = lab.link();
    let [source, _] = lab.accounts();
    match account == source {
        true => vec![("workgroup", link.workgroup_group.to_string())],
        false => vec![
            ("brokers", link.cluster_group.to_string()),
            ("clients", link.client_group.to_string()),
        ],
    }
}
