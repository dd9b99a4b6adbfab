//! Ways to AWS APIs.

use super::{links, model, report};
use crate::Egress;
use crate::proof::{LinkKind, Options, Question, Severity, planned, prove};

#[test]
fn a_planned_network_of_defaults_answers_every_question_with_yes() {
    let report = report(&model(Egress::Nat));
    assert!(report.holds(), "{report}");
    assert_eq!(report.findings().len(), 0);
    assert!(
        report.answers.iter().all(|answer| !answer.hops.is_empty()),
        "{report}"
    );
}

#[test]
fn a_plan_without_any_address_is_proved_for_whole_subnets() {
    let link = crate::LinkSpec::new("eu-central-1".parse().unwrap())
        .resolve()
        .unwrap();
    let report = prove(&planned(&link), &Options::default());
    assert!(report.holds(), "{report}");
}

#[test]
fn an_sts_endpoint_serves_sts_but_not_the_msk_api() {
    let report = report(&model(Egress::StsEndpoint));
    assert!(
        report.answer(Question::RedshiftReachesSts).unwrap().holds(),
        "{report}"
    );
    assert!(!report.answer(Question::RedshiftReachesKafkaApi).unwrap().holds());
}

#[test]
fn what_aws_leaves_open_about_endpoints_is_said() {
    let options = Options {
        kafka_api: false,
        ..Options::default()
    };
    let report = prove(&model(Egress::StsEndpoint), &options);
    assert!(report.holds(), "{report}");
    let finding = report.findings()[0];
    assert_eq!(
        (finding.link.kind, finding.severity),
        (LinkKind::StsEndpoint, Severity::Note)
    );
}

#[test]
fn an_endpoint_takes_the_name_even_where_a_nat_gateway_would_serve() {
    let mut model = model(Egress::Nat);
    model.endpoints = super::model(Egress::StsEndpoint).endpoints;
    model.endpoints[0].groups = vec!["sg-lost".into()];
    let found = links(&report(&model));
    assert_eq!(found, ["warehouse/group/sts-endpoint@sg-lost"]);
}

#[test]
fn an_endpoint_without_private_dns_serves_nobody() {
    let mut model = model(Egress::StsEndpoint);
    model.endpoints[0].private_dns = false;
    assert!(links(&report(&model)).contains(&"warehouse/endpoint-sts/private-dns".to_owned()));
}

#[test]
fn an_endpoint_needs_both_dns_attributes_of_the_vpc() {
    let mut model = model(Egress::StsEndpoint);
    model.vpcs[1].dns_hostnames = false;
    assert!(links(&report(&model)).contains(&"warehouse/endpoint-sts/private-dns".to_owned()));
}
