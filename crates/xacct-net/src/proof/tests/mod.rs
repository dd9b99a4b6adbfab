//! Verdicts of the proof on working and on broken networks.

mod api_ways;
mod broken_links;
mod names;
mod printed;

use super::model::{Acl, AclEntry, Model, Route, Target};
use super::{Options, Report, planned, prove};
use crate::blueprint::Direction;
use crate::{Egress, LinkSpec, NetworkSpec};

/// The tutorial's link, planned, with this way out of the warehouse.
fn model(egress: Egress) -> Model {
    let mut spec = LinkSpec::new("ap-south-1".parse().unwrap());
    spec.warehouse = NetworkSpec {
        egress: Some(egress),
        ..NetworkSpec::default()
    };
    let mut model = planned(&spec.resolve().unwrap());
    with_addresses(&mut model);
    model
}

/// What a live network has besides a planned one: addresses.
fn with_addresses(model: &mut Model) {
    use super::model::Targets;
    let mut inbound = Vec::new();
    for (i, endpoint) in model.resolver_endpoints.iter_mut().enumerate() {
        for (j, address) in endpoint.addresses.iter_mut().enumerate() {
            let third = u8::try_from(j + 1).unwrap();
            let ip = if i == 0 {
                [172, 16, third, 50]
            } else {
                [10, 0, third, 50]
            };
            address.ip = Some(ip.into());
            if i == 0 {
                inbound.push((ip.into(), 53));
            }
        }
    }
    model.rules[0].targets = Targets::Addresses(inbound);
    model.cluster.addresses = (1..=3).map(|third| [172, 16, third, 122].into()).collect();
    model.cluster.bootstrap_host = Some("boot-kdohpulc.c3.kafka-serverless.ap-south-1.amazonaws.com".into());
}

fn report(model: &Model) -> Report {
    prove(model, &Options::default())
}

/// Names of the links that are found broken or degraded.
fn links(report: &Report) -> Vec<String> {
    let bad = report
        .findings()
        .into_iter()
        .filter(|f| f.severity > super::Severity::Note);
    bad.map(|finding| finding.link.to_string()).collect()
}

/// An ACL that lets everything pass, as EC2 makes it.
fn open_acl(vpc: &str) -> Acl {
    let entry = |direction| AclEntry {
        number: 100,
        direction,
        allow: true,
        protocol: None,
        ports: 0..=65535,
        block: "0.0.0.0/0".parse().unwrap(),
    };
    Acl {
        id: format!("{vpc}-acl"),
        vpc: vpc.into(),
        default: true,
        subnets: Vec::new(),
        entries: vec![entry(Direction::Ingress), entry(Direction::Egress)],
    }
}

/// The route of a table to this destination.
fn route<'m>(model: &'m mut Model, table: &str, destination: &str) -> &'m mut Route {
    let table = model
        .route_tables
        .iter_mut()
        .find(|known| known.id == table)
        .unwrap();
    let destination = destination.parse().unwrap();
    table
        .routes
        .iter_mut()
        .find(|route| route.destination == destination)
        .unwrap()
}

fn remove_route(model: &mut Model, table: &str, destination: &str) {
    let destination = destination.parse().unwrap();
    let table = model
        .route_tables
        .iter_mut()
        .find(|known| known.id == table)
        .unwrap();
    table.routes.retain(|route| route.destination != destination);
}

fn add_route(model: &mut Model, table: &str, destination: &str, target: Target) {
    let destination = destination.parse().unwrap();
    let table = model
        .route_tables
        .iter_mut()
        .find(|known| known.id == table)
        .unwrap();
    table.routes.push(Route {
        destination,
        target,
        blackhole: false,
    });
}
