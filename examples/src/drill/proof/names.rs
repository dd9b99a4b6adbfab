//! The forward rule, its targets and association, other rules, and what VPCs say of DNS.

use super::change::{Mutant, Step, call, ec2, keeping, mutant};
use super::lab::Lab;
use crate::drill::Trouble;
use serde_json::{Value as Json, json};

const RESOLVER: &str = "route53resolver";

pub(super) fn mutants(lab: &Lab) -> Result<Vec<Mutant>, Trouble> {
    let mut found = targets(lab);
    found.push(association(lab));
    found.extend(rules(lab)?);
    found.extend(attributes(lab));
    Ok(found)
}

fn resolver(lab: &Lab, operation: &'static str, params: Json) -> Step {
    let [_, warehouse] = lab.accounts();
    call(warehouse, RESOLVER, operation, params)
}

fn ips(list: &[(String, u16)]) -> Json {
    list.iter()
        .map(|(ip, port)| json!({ "Ip": ip, "Port": port }))
        .collect()
}

/// The rule's own targets.
fn own(lab: &Lab) -> Vec<(String, u16)> {
    lab.link()
        .inbound
        .addresses
        .iter()
        .map(|ip| (ip.to_string(), 53))
        .collect()
}

fn targets(lab: &Lab) -> Vec<Mutant> {
    let own = own(lab);
    let elsewhere = (
        lab.link()
            .source
            .vpc
            .cidr
            .nth(4_000)
            .map(|ip| ip.to_string())
            .unwrap_or_default(),
        53,
    );
    let stranger = ("192.168.1.1".to_owned(), 53);
    let broker = lab
        .brokers()
        .first()
        .map(|ip| (ip.to_string(), 53))
        .unwrap_or_default();
    let mut lists: Vec<(String, Vec<(String, u16)>)> = vec![
        ("elsewhere in the source".into(), vec![elsewhere.clone()]),
        ("a stranger".into(), vec![stranger.clone()]),
        ("a broker".into(), vec![broker]),
        (
            "another port".into(),
            own.iter().map(|(ip, _)| (ip.clone(), 5353)).collect(),
        ),
        (
            "all and a stranger".into(),
            [own.clone(), vec![stranger]].concat(),
        ),
        (
            "all and one more of the source".into(),
            [own.clone(), vec![elsewhere]].concat(),
        ),
        (
            "the same the other way round".into(),
            own.iter().rev().cloned().collect(),
        ),
    ];
    for (index, one) in own.iter().enumerate() {
        lists.push((format!("only its target {}", index + 1), vec![one.clone()]));
    }
    let set = |list: &[(String, u16)]| {
        let params = json!({ "ResolverRuleId": lab.link().rule, "Config": { "TargetIps": ips(list) } });
        resolver(lab, "UpdateResolverRule", params)
    };
    lists
        .into_iter()
        .map(|(what, list)| {
            mutant(
                format!("the rule forwards to {what}"),
                vec![set(&list)],
                vec![set(&own)],
            )
        })
        .collect()
}

fn association(lab: &Lab) -> Mutant {
    let both = json!({ "ResolverRuleId": lab.link().rule, "VPCId": lab.link().warehouse.vpc.id });
    mutant(
        "the rule does not serve the warehouse".into(),
        vec![resolver(lab, "DisassociateResolverRule", both.clone())],
        vec![resolver(lab, "AssociateResolverRule", both)],
    )
}

/// Rules of somebody else for the same VPC.
fn rules(lab: &Lab) -> Result<Vec<Mutant>, Trouble> {
    let link = lab.link();
    let host = lab
        .deployment
        .outputs()
        .source
        .cluster
        .bootstrap_host()
        .unwrap_or_default();
    let shard = host
        .split_once('.')
        .map(|(_, rest)| rest)
        .ok_or("the bootstrap host has no domain")?;
    let (own, stranger) = (own(lab), vec![("192.168.1.1".to_owned(), 53)]);
    let other_shard = format!("c99.{}", link.forward_domain);
    let cases = [
        ("takes the shard to a stranger", shard, Some(&stranger)),
        ("takes the shard to the same place", shard, Some(&own)),
        ("keeps the shard inside", shard, None),
        ("takes the host itself to a stranger", host, Some(&stranger)),
        ("takes the host itself to the same place", host, Some(&own)),
        ("keeps the host itself inside", host, None),
        (
            "takes another shard to a stranger",
            other_shard.as_str(),
            Some(&stranger),
        ),
        (
            "takes a shorter domain to a stranger",
            "amazonaws.com",
            Some(&stranger),
        ),
        ("keeps a shorter domain inside", "amazonaws.com", None),
        (
            "takes another domain to a stranger",
            "example.com",
            Some(&stranger),
        ),
        (
            "takes a name that only ends alike",
            "notkafka-serverless.example.com",
            Some(&stranger),
        ),
    ];
    Ok(cases
        .into_iter()
        .enumerate()
        .map(|(index, (what, domain, targets))| another_rule(lab, index, what, domain, targets))
        .collect())
}

fn another_rule(
    lab: &Lab,
    index: usize,
    what: &str,
    domain: &str,
    targets: Option<&Vec<(String, u16)>>,
) -> Mutant {
    let link = lab.link();
    let mut params =
        json!({ "CreatorRequestId": format!("mutant-{index}"), "DomainName": domain, "RuleType": "SYSTEM" });
    if let Some(targets) = targets {
        params["RuleType"] = json!("FORWARD");
        params["TargetIps"] = ips(targets);
        params["ResolverEndpointId"] = json!(link.outbound.id);
    }
    let both = json!({ "ResolverRuleId": "@rule", "VPCId": link.warehouse.vpc.id });
    mutant(
        format!("another rule {what}"),
        vec![
            keeping(
                resolver(lab, "CreateResolverRule", params),
                "rule",
                "/ResolverRule/Id",
            ),
            Step::Wait,
            resolver(lab, "AssociateResolverRule", both.clone()),
        ],
        vec![
            resolver(lab, "DisassociateResolverRule", both),
            Step::Wait,
            resolver(lab, "DeleteResolverRule", json!({ "ResolverRuleId": "@rule" })),
        ],
    )
}

fn attributes(lab: &Lab) -> Vec<Mutant> {
    let mut found = Vec::new();
    for account in lab.accounts() {
        let [source, _] = lab.accounts();
        let (vpc, side) = (
            &lab.network(account).vpc.id,
            if account == source { "source" } else { "warehouse" },
        );
        for attribute in ["EnableDnsSupport", "EnableDnsHostnames"] {
            let set = |value: &str| {
                ec2(
                    account,
                    "ModifyVpcAttribute",
                    json!({ "VpcId": vpc, attribute: { "Value": value } }),
                )
            };
            found.push(mutant(
                format!("{attribute} of the {side} is off"),
                vec![set("false")],
                vec![set("true")],
            ));
        }
    }
    found
}
