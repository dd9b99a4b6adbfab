//! Names: which rule takes them, and what the answer looks like.

use super::{links, model, report};
use crate::Egress;
use crate::proof::model::{Association, Model, ResolverRule, Targets};
use crate::proof::{Options, Question, is_under, prove};

fn add_rule(model: &mut Model, domain: &str, forwards: bool, targets: Targets) {
    let id = format!("rslvr-rr-{}", model.rules.len());
    model.rules.push(ResolverRule {
        id: id.clone(),
        domain: domain.into(),
        forwards,
        targets,
        ..model.rules[0].clone()
    });
    model.associations.push(Association {
        rule: id,
        ..model.associations[0].clone()
    });
}

fn elsewhere() -> Targets {
    Targets::Addresses(vec![([192, 168, 1, 1].into(), 53)])
}

#[test]
fn a_longer_domain_takes_the_names_away() {
    let mut model = model(Egress::Nat);
    add_rule(
        &mut model,
        "c3.kafka-serverless.ap-south-1.amazonaws.com",
        true,
        elsewhere(),
    );
    assert_eq!(
        links(&report(&model)),
        ["warehouse/resolver-rule/conflict@rslvr-rr-1"]
    );
}

#[test]
fn a_longer_domain_that_forwards_to_the_same_place_does_no_harm() {
    let mut model = model(Egress::Nat);
    let targets = model.rules[0].targets.clone();
    add_rule(
        &mut model,
        "c3.kafka-serverless.ap-south-1.amazonaws.com",
        true,
        targets,
    );
    assert!(report(&model).holds());
}

#[test]
fn a_shorter_domain_and_another_shard_do_no_harm() {
    let mut model = model(Egress::Nat);
    add_rule(&mut model, "amazonaws.com", true, elsewhere());
    add_rule(
        &mut model,
        "c9.kafka-serverless.ap-south-1.amazonaws.com",
        true,
        elsewhere(),
    );
    assert!(report(&model).holds());
}

#[test]
fn a_rule_that_keeps_a_longer_name_inside_is_a_conflict() {
    let mut model = model(Egress::Nat);
    add_rule(
        &mut model,
        "c3.kafka-serverless.ap-south-1.amazonaws.com",
        false,
        elsewhere(),
    );
    assert_eq!(
        links(&report(&model)),
        ["warehouse/resolver-rule/conflict@rslvr-rr-1"]
    );
}

#[test]
fn labels_count_whole_and_dots_and_capitals_do_not() {
    assert!(is_under("Boot.C3.Example.com.", "c3.example.com"));
    assert!(is_under("example.com", "example.com."));
    assert!(!is_under("xexample.com", "example.com"));
    assert!(is_under("anything", ""));
}

#[test]
fn every_host_asked_for_is_answered() {
    let hosts = vec![
        "boot-x.c1.kafka-serverless.ap-south-1.amazonaws.com".to_owned(),
        "b1-x.c2.kafka-serverless.ap-south-1.amazonaws.com".to_owned(),
    ];
    let options = Options {
        hosts: hosts.clone(),
        ..Options::default()
    };
    let report = prove(&model(Egress::Nat), &options);
    let answer = report.answer(Question::RedshiftResolvesBrokers).unwrap();
    let asked: Vec<&String> = answer.dns.iter().map(|dns| &dns.host).collect();
    assert_eq!(asked, hosts.iter().collect::<Vec<_>>());
    assert!(answer.dns.iter().all(|dns| dns.answered));
}

#[test]
fn a_host_that_no_rule_takes_is_not_answered() {
    let options = Options {
        hosts: vec!["b-1.clicks.c3.kafka.ap-south-1.amazonaws.com".into()],
        ..Options::default()
    };
    let report = prove(&model(Egress::Nat), &options);
    assert!(!report.answer(Question::RedshiftResolvesBrokers).unwrap().dns[0].answered);
}
