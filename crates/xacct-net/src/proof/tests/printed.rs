//! What people read.

use super::{model, remove_route, report};
use crate::Egress;
use crate::proof::Question;

#[test]
fn a_working_network_prints_the_way_hop_by_hop() {
    let report = report(&model(Egress::Nat));
    insta::assert_snapshot!(report.to_string().replace('\t', " "), @r"
    both networks are there, apart and joined: yes
        peering: joins both VPCs and is active
    Redshift reaches the brokers: yes
        warehouse/group-workgroup: egress tcp 9098
        warehouse/routes-private: 172.16.0.0/16 by peering
        source/group-cluster: ingress tcp 9098
        source/routes-private: 10.0.0.0/16 by peering
    Redshift resolves the brokers' names: yes
        warehouse/vpc: its own resolver is asked
        warehouse/rule: boot-kdohpulc.c3.kafka-serverless.ap-south-1.amazonaws.com is forwarded, being under kafka-serverless.ap-south-1.amazonaws.com
        warehouse/resolver-outbound: sends the question on
        warehouse/group-resolver-outbound: egress udp 53
        warehouse/routes-private: 172.16.0.0/16 by peering
        source/group-resolver-inbound: ingress udp 53
        source/routes-private: 10.0.0.0/16 by peering
        source/resolver-inbound: hands the question to its VPC's resolver
        source/vpc: its own resolver answers
        | Server:  10.0.0.2
        | Address: 10.0.0.2#53
        |
        | Non-authoritative answer:
        | Name: boot-kdohpulc.c3.kafka-serverless.ap-south-1.amazonaws.com
        | Address: 172.16.1.122
        | Name: boot-kdohpulc.c3.kafka-serverless.ap-south-1.amazonaws.com
        | Address: 172.16.2.122
        | Name: boot-kdohpulc.c3.kafka-serverless.ap-south-1.amazonaws.com
        | Address: 172.16.3.122
    Redshift reaches STS: yes
        warehouse/group-workgroup: egress tcp 443
        warehouse/subnet-private-1: 0.0.0.0/0 by warehouse/nat
        warehouse/internet-gateway: to the internet
    Redshift reaches the MSK API: yes
        warehouse/group-workgroup: egress tcp 443
        warehouse/subnet-private-1: 0.0.0.0/0 by warehouse/nat
        warehouse/internet-gateway: to the internet
    producers reach the brokers: yes
        source/group-client: egress tcp 9098
        source/routes-private: 172.16.0.0/16 local
        source/group-cluster: ingress tcp 9098
        source/routes-private: 172.16.0.0/16 local
    ");
}

#[test]
fn a_broken_network_prints_the_link_the_reason_and_the_mend() {
    let mut model = model(Egress::Nat);
    remove_route(&mut model, "source/routes-private", "10.0.0.0/16");
    let report = report(&model);
    insta::assert_snapshot!(report.answer(Question::RedshiftResolvesBrokers).unwrap().to_string().replace('\t', " "), @r"
    Redshift resolves the brokers' names: NO
      ! source/route/warehouse-cidr@source/subnet-private-1: source/routes-private has no route to 10.0.1.50/32; to mend it: add a route for 10.0.0.0/16 to peering
      ! source/route/warehouse-cidr@source/subnet-private-2: source/routes-private has no route to 10.0.1.50/32; to mend it: add a route for 10.0.0.0/16 to peering
        | Server:  10.0.0.2
        | Address: 10.0.0.2#53
        |
        | ** server can't find boot-kdohpulc.c3.kafka-serverless.ap-south-1.amazonaws.com: SERVFAIL
    ");
}

#[test]
fn the_dns_answer_prints_as_nslookup_does() {
    let mut model = model(Egress::Nat);
    model.cluster.canonical_name =
        Some("vpce-0870-wkf15anj.vpce-svc-0748.ap-south-1.vpce.amazonaws.com".into());
    let report = report(&model);
    let answer = report.answer(Question::RedshiftResolvesBrokers).unwrap();
    insta::assert_snapshot!(answer.dns[0].to_string().replace('\t', " "), @r"
    Server:  10.0.0.2
    Address: 10.0.0.2#53

    Non-authoritative answer:
    boot-kdohpulc.c3.kafka-serverless.ap-south-1.amazonaws.com canonical name = vpce-0870-wkf15anj.vpce-svc-0748.ap-south-1.vpce.amazonaws.com.
    Name: vpce-0870-wkf15anj.vpce-svc-0748.ap-south-1.vpce.amazonaws.com
    Address: 172.16.1.122
    Name: vpce-0870-wkf15anj.vpce-svc-0748.ap-south-1.vpce.amazonaws.com
    Address: 172.16.2.122
    Name: vpce-0870-wkf15anj.vpce-svc-0748.ap-south-1.vpce.amazonaws.com
    Address: 172.16.3.122
    ");
}

#[test]
fn a_report_is_readable_by_machines() {
    let json = serde_json::to_value(report(&model(Egress::Nat))).unwrap();
    assert_eq!(json["answers"][0]["question"], "networks-are-joined");
    assert!(json["answers"][2]["dns"][0]["answered"].as_bool().unwrap());
}
