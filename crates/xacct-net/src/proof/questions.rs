//! The questions of a proof, put to a model.

use super::finding::{Finding, Hop, LinkId, LinkKind, Severity};
use super::findings::Findings;
use super::model::{Model, Placement, Vpc};
use super::packet::{End, Flow, connect, peering};
use super::report::{Answer, Question, Report};
use super::{api, dns};
use crate::blueprint::GroupRole;
use crate::spec::Side;
use xacct_types::Cidr;

/// What to ask besides the questions that are always asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether Redshift looks brokers up by cluster ARN and so needs the MSK API.
    /// Default: yes.
    pub kafka_api: bool,
    /// Hosts to resolve; where there are none, the cluster's bootstrap host, else
    /// an example under the forwarded domain.
    pub hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kafka_api: true,
            hosts: Vec::new(),
        }
    }
}

/// Answers every question over `model`. Pure: the same model gives the same report.
#[must_use]
pub fn prove(model: &Model, options: &Options) -> Report {
    let mut answers = vec![
        joined(model),
        redshift_to_brokers(model),
        names(model, options),
        redshift_to_api(model, Question::RedshiftReachesSts, "sts"),
    ];
    if options.kafka_api {
        answers.push(redshift_to_api(model, Question::RedshiftReachesKafkaApi, "kafka"));
    }
    answers.push(producers(model));
    Report { answers }
}

fn answer(question: Question, hops: Vec<Hop>, findings: Findings) -> Answer {
    Answer {
        question,
        hops,
        findings: findings.into_vec(),
        dns: Vec::new(),
    }
}

fn joined(model: &Model) -> Answer {
    let (mut out, mut hops) = (Findings::default(), Vec::new());
    for side in Side::BOTH {
        match model.vpc(side) {
            Some(vpc) => out.extend(vpc_findings(vpc)),
            None => out.push(Finding::broken(
                LinkId::new(side, LinkKind::Vpc),
                "the VPC does not exist",
                "deploy the network",
            )),
        }
    }
    if let (Some(source), Some(warehouse)) = (model.vpc(Side::Source), model.vpc(Side::Warehouse)) {
        out.extend(overlap(source, warehouse));
    }
    let found = out.keep(peering(model, Side::Warehouse));
    hops.extend(found.map(|peering| Hop::new(&peering.id, "joins both VPCs and is active")));
    answer(Question::NetworksAreJoined, hops, out)
}

fn vpc_findings(vpc: &Vpc) -> Vec<Finding> {
    let link = |kind| LinkId::new(vpc.side, kind);
    let mut found = Vec::new();
    if !vpc.available {
        let why = format!("{} is not available", vpc.id);
        found.push(Finding::broken(link(LinkKind::Vpc), why, "wait for it"));
    }
    if !vpc.dns_hostnames {
        // Only private DNS of interface endpoints and private zones need it.
        let why = format!("enableDnsHostnames of {} is off", vpc.id);
        let finding = Finding::broken(link(LinkKind::DnsHostnames), why, "turn it on");
        found.push(finding.with_severity(Severity::Note));
    }
    found
}

fn overlap(source: &Vpc, warehouse: &Vpc) -> Option<Finding> {
    let pairs = source
        .cidrs
        .iter()
        .flat_map(|a| warehouse.cidrs.iter().map(move |b| (a, b)));
    let (a, b) = pairs.into_iter().find(|(a, b)| a.overlaps(b))?;
    let why = format!("{a} of {} and {b} of {} overlap", source.id, warehouse.id);
    let link = LinkId::new(Side::Warehouse, LinkKind::VpcCidr);
    Some(Finding::broken(
        link,
        why,
        "give one of the networks another block",
    ))
}

/// The ends of the brokers: their addresses where known, else their subnets.
fn brokers<'m>(model: &'m Model, out: &mut Findings) -> Vec<End<'m>> {
    let placement = &model.cluster.placement;
    let ends = End::all(model, GroupRole::Cluster, placement).into_iter();
    let ends: Vec<End<'m>> = ends.filter_map(|end| out.keep(end)).collect();
    if placement.subnets.is_empty() {
        let link = LinkId::new(Side::Source, LinkKind::ClusterSubnets);
        out.push(Finding::broken(
            link,
            "the cluster stands in no subnet",
            "make the cluster",
        ));
    }
    let addressed: Vec<End<'m>> = ends.iter().flat_map(|end| at_addresses(model, end)).collect();
    if addressed.is_empty() { ends } else { addressed }
}

fn at_addresses<'m>(model: &Model, end: &End<'m>) -> Vec<End<'m>> {
    let here = model
        .cluster
        .addresses
        .iter()
        .filter(|ip| end.subnet.cidr.contains(**ip));
    let one = |ip: &std::net::Ipv4Addr| End {
        block: Cidr::host(*ip),
        ..end.clone()
    };
    here.map(one).collect()
}

/// Whether all of a placement reaches all brokers; every pair is walked.
fn reach_brokers(model: &Model, role: GroupRole, placement: &Placement, out: &mut Findings) -> Vec<Hop> {
    let brokers = brokers(model, out);
    let mut hops = Vec::new();
    for from in End::all(model, role, placement) {
        let Some(from) = out.keep(from) else { continue };
        for to in &brokers {
            let way = out.keep(connect(model, &from, to, Flow::tcp(model.broker_port)));
            if hops.is_empty() {
                hops = way.unwrap_or_default();
            }
        }
    }
    hops
}

fn redshift_to_brokers(model: &Model) -> Answer {
    let mut out = Findings::default();
    out.extend(workgroup_findings(model));
    let hops = reach_brokers(model, GroupRole::Workgroup, &model.workgroup, &mut out);
    answer(Question::RedshiftReachesBrokers, hops, out)
}

fn workgroup_findings(model: &Model) -> Vec<Finding> {
    let link = |kind| LinkId::new(Side::Warehouse, kind);
    let mut found = Vec::new();
    if model.workgroup.enhanced_routing == Some(false) {
        let why = "enhanced VPC routing is off, so Redshift's traffic leaves through the internet";
        found.push(Finding::broken(
            link(LinkKind::EnhancedRouting),
            why,
            "turn it on",
        ));
    }
    let zone = |id: &String| model.subnet(id).map(|subnet| &subnet.zone);
    let mut zones: Vec<&String> = model.workgroup.subnets.iter().filter_map(zone).collect();
    zones.sort();
    zones.dedup();
    if zones.len() < 3 {
        let why = format!(
            "Redshift stands in {} zones, and enhanced VPC routing wants three",
            zones.len()
        );
        found.push(Finding::broken(
            link(LinkKind::WorkgroupSubnets),
            why,
            "give it subnets in three zones",
        ));
    }
    found
}

fn names(model: &Model, options: &Options) -> Answer {
    let example = || format!("boot-example.c1.{}", model.forward_domain);
    let usual = || vec![model.cluster.bootstrap_host.clone().unwrap_or_else(example)];
    let hosts = if options.hosts.is_empty() {
        usual()
    } else {
        options.hosts.clone()
    };
    let (mut out, mut way, mut answers) = (Findings::default(), Vec::new(), Vec::new());
    for host in &hosts {
        let (hops, dns) = dns::resolve(model, host, &mut out);
        if way.is_empty() && dns.answered {
            way = hops;
        }
        answers.push(dns);
    }
    Answer {
        dns: answers,
        ..answer(Question::RedshiftResolvesBrokers, way, out)
    }
}

fn redshift_to_api(model: &Model, question: Question, service: &str) -> Answer {
    let mut out = Findings::default();
    let hops = api::reach(model, service, &mut out);
    if service == "sts" {
        out.extend(api::unconfirmed(model));
    }
    answer(question, hops, out)
}

fn producers(model: &Model) -> Answer {
    let mut out = Findings::default();
    let hops = reach_brokers(model, GroupRole::Client, &model.producer, &mut out);
    answer(Question::ProducerReachesBrokers, hops, out)
}
