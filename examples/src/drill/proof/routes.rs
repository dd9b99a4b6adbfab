//! Routes, the tables that subnets use, the peering and the NAT gateway.

use super::change::{Mutant, ec2, field, half, mutant, named, ours};
use super::lab::Lab;
use crate::drill::Trouble;
use serde_json::{Value as Json, json};

pub(super) fn mutants(lab: &Lab) -> Result<Vec<Mutant>, Trouble> {
    let mut found = Vec::new();
    for account in lab.accounts() {
        for table in ours(lab, account, "DescribeRouteTables", "routeTableSet")? {
            changed(lab, account, &table, &mut found)?;
            added(lab, account, &table, &mut found)?;
            unused(account, &table, &mut found)?;
        }
    }
    found.extend(gone(lab)?);
    Ok(found)
}

const TARGETS: [(&str, &str); 3] = [
    ("vpcPeeringConnectionId", "VpcPeeringConnectionId"),
    ("natGatewayId", "NatGatewayId"),
    ("gatewayId", "GatewayId"),
];

/// Parameters of a call about a route.
fn route(table: &str, destination: &str, target: Option<(&str, &str)>) -> Json {
    let mut params = json!({ "RouteTableId": table, "DestinationCidrBlock": destination });
    if let Some((name, id)) = target {
        params[name] = json!(id);
    }
    params
}

/// Every route taken away, and led astray.
fn changed(lab: &Lab, account: &str, table: &Json, found: &mut Vec<Mutant>) -> Result<(), Trouble> {
    let (id, name) = (field(table, "routeTableId")?, named(table, "routeTableId"));
    let peering = lab.link().peering.as_str();
    for made in table["routeSet"].as_array().into_iter().flatten() {
        let target = TARGETS
            .iter()
            .find_map(|(from, to)| Some((*to, made[*from].as_str()?)));
        let Some(target) = target.filter(|(_, id)| *id != "local") else {
            continue;
        };
        let destination = field(made, "destinationCidrBlock")?;
        let restored = route(&id, &destination, Some(target));
        found.push(mutant(
            format!("{name} without its route for {destination}"),
            vec![ec2(account, "DeleteRoute", route(&id, &destination, None))],
            vec![ec2(account, "CreateRoute", restored.clone())],
        ));
        let astray = lab.astray.get(account).map(String::as_str).unwrap_or_default();
        let wrong = match target.1 == astray {
            true => ("VpcPeeringConnectionId", peering),
            false => ("GatewayId", astray),
        };
        found.push(mutant(
            format!("{name} leads {destination} astray"),
            vec![ec2(
                account,
                "ReplaceRoute",
                route(&id, &destination, Some(wrong)),
            )],
            vec![ec2(account, "ReplaceRoute", restored)],
        ));
    }
    Ok(())
}

/// Routes that were not there: longer ones that lead astray or do no harm, and others that nothing takes.
fn added(lab: &Lab, account: &str, table: &Json, found: &mut Vec<Mutant>) -> Result<(), Trouble> {
    let (id, name) = (field(table, "routeTableId")?, named(table, "routeTableId"));
    let astray = lab.astray.get(account).map(String::as_str).unwrap_or_default();
    let peer = lab.network(lab.other(account));
    let (astray, peering) = (
        ("GatewayId", astray),
        ("VpcPeeringConnectionId", lab.link().peering.as_str()),
    );
    let mut extra: Vec<(String, String, (&str, &str))> = Vec::new();
    for (index, subnet) in peer.private_subnets.iter().enumerate() {
        let (block, n) = (subnet.cidr.to_string(), index + 1);
        let [first, second] = half(&block)?;
        let unused = subnet
            .cidr
            .nth(250)
            .map(|ip| format!("{ip}/32"))
            .unwrap_or_default();
        extra.push((
            format!("takes the peer's subnet {n} astray"),
            block.clone(),
            astray,
        ));
        extra.push((
            format!("takes half of the peer's subnet {n} astray"),
            first,
            astray,
        ));
        extra.push((
            format!("takes the other half of the peer's subnet {n} astray"),
            second,
            astray,
        ));
        extra.push((
            format!("takes an address of the peer's subnet {n} astray"),
            unused,
            astray,
        ));
        extra.push((format!("names the peer's subnet {n} once more"), block, peering));
    }
    for (index, ip) in lab.brokers().iter().enumerate() {
        extra.push((
            format!("takes broker {} astray", index + 1),
            format!("{ip}/32"),
            astray,
        ));
    }
    for (index, ip) in lab.link().inbound.addresses.iter().enumerate() {
        extra.push((
            format!("takes inbound address {} astray", index + 1),
            format!("{ip}/32"),
            astray,
        ));
    }
    extra.push((
        "takes a strange block astray".into(),
        "192.168.0.0/16".into(),
        astray,
    ));
    extra.push((
        "takes public addresses astray".into(),
        "52.0.0.0/8".into(),
        astray,
    ));
    extra.push(("names a shorter block".into(), "172.16.0.0/12".into(), astray));
    // A block inside the own VPC cannot be routed elsewhere: EC2 refuses it.
    let own = lab.network(account).vpc.cidr;
    for (what, destination, target) in extra {
        let block: xacct::types::Cidr = destination.parse()?;
        if own.covers(&block) {
            continue;
        }
        found.push(mutant(
            format!("{name} {what}"),
            vec![ec2(
                account,
                "CreateRoute",
                route(&id, &destination, Some(target)),
            )],
            vec![ec2(account, "DeleteRoute", route(&id, &destination, None))],
        ));
    }
    Ok(())
}

/// Every subnet falls back to the main table.
fn unused(account: &str, table: &Json, found: &mut Vec<Mutant>) -> Result<(), Trouble> {
    let (id, name) = (field(table, "routeTableId")?, named(table, "routeTableId"));
    let associations = table["associationSet"].as_array().into_iter().flatten();
    for (index, association) in associations.enumerate() {
        let subnet = field(association, "subnetId")?;
        let current = json!({ "AssociationId": format!("@routes-of:{subnet}") });
        let again = json!({ "RouteTableId": id, "SubnetId": subnet });
        found.push(mutant(
            format!("{name} is not used by its subnet {}", index + 1),
            vec![ec2(account, "DisassociateRouteTable", current)],
            vec![ec2(account, "AssociateRouteTable", again)],
        ));
    }
    Ok(())
}

/// What cannot be brought back as it was.
fn gone(lab: &Lab) -> Result<Vec<Mutant>, Trouble> {
    let [source, warehouse] = lab.accounts();
    let delete = json!({ "VpcPeeringConnectionId": lab.link().peering });
    let of = |account: &str| ec2(account, "DeleteVpcPeeringConnection", delete.clone());
    let mut found = vec![
        mutant(
            "the peering is deleted by the warehouse".into(),
            vec![of(warehouse)],
            Vec::new(),
        ),
        mutant(
            "the peering is deleted by the source".into(),
            vec![of(source)],
            Vec::new(),
        ),
    ];
    for nat in ours(lab, warehouse, "DescribeNatGateways", "natGatewaySet")? {
        let delete = json!({ "NatGatewayId": nat["natGatewayId"] });
        let step = ec2(warehouse, "DeleteNatGateway", delete);
        found.push(mutant(
            "the NAT gateway is deleted".into(),
            vec![step],
            Vec::new(),
        ));
    }
    Ok(found)
}
