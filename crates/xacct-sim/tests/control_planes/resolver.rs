//! Route 53 Resolver.

use std::time::Duration;

use aws_sdk_route53resolver::types::{
    Filter, IpAddressRequest, ResolverEndpointDirection, ResolverEndpointStatus,
    ResolverRuleAssociationStatus, RuleTypeOption, Tag, TargetAddress,
};
use serde_json::{Value, json};
use xacct_sim::Sim;

use crate::support::*;

const DOMAIN: &str = "kafka-serverless.ap-south-1.amazonaws.com";

fn endpoint(sim: &Sim, account: &str, net: &Network, direction: &str, id: &str) -> Value {
    let ips: Vec<Value> = net.subnets[..2]
        .iter()
        .map(|subnet| json!({ "SubnetId": subnet }))
        .collect();
    let asked = json!({ "CreatorRequestId": id, "Name": id, "Direction": direction, "SecurityGroupIds": [net.group], "IpAddresses": ips });
    sim.call(account, "route53resolver", "CreateResolverEndpoint", asked)
        .unwrap()["ResolverEndpoint"]
        .clone()
}

fn rule(endpoint: &Value, target: &str, id: &str) -> Value {
    json!({ "CreatorRequestId": id, "RuleType": "FORWARD", "DomainName": DOMAIN, "ResolverEndpointId": endpoint["Id"], "TargetIps": [{ "Ip": target }] })
}

#[test]
fn the_sdk_builds_a_forwarding_rule_and_takes_it_away() {
    let sim = sim();
    let source = network(&sim, A, "172.16.0.0/16", 24);
    let net = network(&sim, B, "10.0.0.0/16", 24);
    endpoint(&sim, A, &source, "INBOUND", "in");
    pass(&sim, 900);
    let resolver = aws_sdk_route53resolver::Client::new(&sim.sdk_config(B));
    sim.run(async {
        let ip = |subnet: &String| IpAddressRequest::builder().subnet_id(subnet).build().unwrap();
        let made = resolver
            .create_resolver_endpoint()
            .creator_request_id("out")
            .direction(ResolverEndpointDirection::Outbound)
            .security_group_ids(&net.group)
            .set_ip_addresses(Some(net.subnets[..2].iter().map(ip).collect()))
            .tags(Tag::builder().key("a").value("b").build().unwrap())
            .send()
            .await
            .unwrap();
        let made = made.resolver_endpoint.unwrap();
        assert_eq!(made.status, Some(ResolverEndpointStatus::Creating));
        let id = made.id.unwrap();
        loop {
            let now = resolver
                .get_resolver_endpoint()
                .resolver_endpoint_id(&id)
                .send()
                .await
                .unwrap()
                .resolver_endpoint
                .unwrap();
            if now.status == Some(ResolverEndpointStatus::Operational) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let ips = resolver
            .list_resolver_endpoint_ip_addresses()
            .resolver_endpoint_id(&id)
            .send()
            .await
            .unwrap()
            .ip_addresses
            .unwrap();
        assert!(
            ips.iter()
                .all(|ip| ip.ip.as_deref().unwrap().starts_with("10.0."))
        );
        let rule = resolver
            .create_resolver_rule()
            .creator_request_id("rule")
            .rule_type(RuleTypeOption::Forward)
            .domain_name(DOMAIN)
            .resolver_endpoint_id(&id)
            .target_ips(TargetAddress::builder().ip("172.16.0.10").build())
            .send()
            .await
            .unwrap()
            .resolver_rule
            .unwrap();
        assert_eq!(
            rule.domain_name.as_deref(),
            Some("kafka-serverless.ap-south-1.amazonaws.com.")
        );
        let rule = rule.id.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        let association = resolver
            .associate_resolver_rule()
            .resolver_rule_id(&rule)
            .vpc_id(&net.vpc)
            .send()
            .await
            .unwrap();
        let association = association.resolver_rule_association.unwrap();
        assert_eq!(association.status, Some(ResolverRuleAssociationStatus::Creating));
        tokio::time::sleep(Duration::from_secs(600)).await;
        let filter = Filter::builder().name("VPCId").values(&net.vpc).build();
        let listed = resolver
            .list_resolver_rule_associations()
            .filters(filter)
            .send()
            .await
            .unwrap();
        let complete = listed.resolver_rule_associations.unwrap();
        assert!(complete.iter().any(
            |one| one.id == association.id && one.status == Some(ResolverRuleAssociationStatus::Complete)
        ));
        let used = resolver
            .delete_resolver_rule()
            .resolver_rule_id(&rule)
            .send()
            .await
            .unwrap_err();
        assert!(used.as_service_error().unwrap().is_resource_in_use_exception());
        resolver
            .disassociate_resolver_rule()
            .resolver_rule_id(&rule)
            .vpc_id(&net.vpc)
            .send()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
        let gone = resolver
            .get_resolver_rule_association()
            .resolver_rule_association_id(association.id.unwrap())
            .send()
            .await
            .unwrap_err();
        assert!(gone.as_service_error().unwrap().is_resource_not_found_exception());
        resolver
            .delete_resolver_rule()
            .resolver_rule_id(&rule)
            .send()
            .await
            .unwrap();
        let held = resolver
            .delete_resolver_endpoint()
            .resolver_endpoint_id(&id)
            .send()
            .await
            .unwrap_err();
        assert!(held.as_service_error().unwrap().is_invalid_request_exception());
        tokio::time::sleep(Duration::from_secs(200)).await;
        resolver
            .delete_resolver_endpoint()
            .resolver_endpoint_id(&id)
            .send()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(900)).await;
        assert!(
            resolver
                .get_resolver_endpoint()
                .resolver_endpoint_id(&id)
                .send()
                .await
                .is_err()
        );
    });
}

#[test]
fn addresses_that_resolver_picks_show_when_they_are_attached() {
    let sim = sim();
    let net = network(&sim, A, "172.16.0.0/16", 24);
    let made = endpoint(&sim, A, &net, "INBOUND", "in");
    let list = || {
        sim.call(
            A,
            "route53resolver",
            "ListResolverEndpointIpAddresses",
            json!({ "ResolverEndpointId": made["Id"] }),
        )
        .unwrap()
    };
    assert!(list()["IpAddresses"][0]["Ip"].is_null());
    pass(&sim, 900);
    assert_eq!(list()["IpAddresses"][0]["Status"], "ATTACHED");
    assert!(
        list()["IpAddresses"][0]["Ip"]
            .as_str()
            .unwrap()
            .starts_with("172.16.")
    );
}

#[test]
fn mistakes_get_the_texts_that_people_search_for() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    let one = json!({ "CreatorRequestId": "x", "Direction": "INBOUND", "SecurityGroupIds": [net.group], "IpAddresses": [{ "SubnetId": net.subnets[0] }] });
    let (code, text) = refused(sim.call(B, "route53resolver", "CreateResolverEndpoint", one));
    assert_eq!(code, "InvalidRequestException");
    assert_eq!(
        text,
        "[RSLVR-00400] Resolver endpoint need to have at least 2 IP addresses."
    );
    let out = endpoint(&sim, B, &net, "OUTBOUND", "out");
    let ips: Vec<Value> = net.subnets[..2]
        .iter()
        .map(|subnet| json!({ "SubnetId": subnet }))
        .collect();
    let again = json!({ "CreatorRequestId": "out", "Direction": "INBOUND", "SecurityGroupIds": [net.group], "IpAddresses": ips });
    let (code, text) = refused(sim.call(B, "route53resolver", "CreateResolverEndpoint", again.clone()));
    assert_eq!(code, "ResourceExistsException");
    assert_eq!(
        text,
        "Resolver Endpoint with creator request id out already exists"
    );
    let mut second = again;
    second["CreatorRequestId"] = json!("second");
    second["Direction"] = json!("OUTBOUND");
    let (_, text) = refused(sim.call(B, "route53resolver", "CreateResolverEndpoint", second));
    assert!(text.contains("while another one is being created"), "{text}");
    let early = sim.call(
        B,
        "route53resolver",
        "CreateResolverRule",
        rule(&out, "172.16.0.4", "r0"),
    );
    assert_eq!(refused(early).0, "ResourceUnavailableException");
    pass(&sim, 900);
    let made = sim
        .call(
            B,
            "route53resolver",
            "CreateResolverRule",
            rule(&out, "172.16.0.4", "r1"),
        )
        .unwrap()["ResolverRule"]
        .clone();
    let (code, text) = refused(sim.call(
        B,
        "route53resolver",
        "DeleteResolverEndpoint",
        json!({ "ResolverEndpointId": out["Id"] }),
    ));
    assert_eq!(code, "InvalidRequestException");
    assert!(
        text.starts_with("[RSLVR-00600]") && text.ends_with(made["Id"].as_str().unwrap()),
        "{text}"
    );
}

#[test]
fn one_domain_has_one_rule_per_vpc_and_a_loop_is_refused() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    let inbound = endpoint(&sim, B, &net, "INBOUND", "in");
    let out = endpoint(&sim, B, &net, "OUTBOUND", "out");
    pass(&sim, 900);
    let ips = sim
        .call(
            B,
            "route53resolver",
            "ListResolverEndpointIpAddresses",
            json!({ "ResolverEndpointId": inbound["Id"] }),
        )
        .unwrap();
    let own = ips["IpAddresses"][0]["Ip"].as_str().unwrap().to_owned();
    let make = |target: &str, id: &str| {
        sim.call(B, "route53resolver", "CreateResolverRule", rule(&out, target, id))
            .unwrap()["ResolverRule"]["Id"]
            .clone()
    };
    let (first, second, looping) = (
        make("172.16.0.4", "r1"),
        make("172.16.0.5", "r2"),
        make(&own, "r3"),
    );
    pass(&sim, 100);
    let associate = |rule: &Value| {
        sim.call(
            B,
            "route53resolver",
            "AssociateResolverRule",
            json!({ "ResolverRuleId": rule, "VPCId": net.vpc }),
        )
    };
    let (_, text) = refused(associate(&looping));
    assert!(text.starts_with("[RSLVR-00804]"), "{text}");
    associate(&first).unwrap();
    for rule in [&first, &second] {
        let (code, text) = refused(associate(rule));
        assert_eq!(code, "InvalidRequestException");
        assert!(
            text.starts_with("[RSLVR-00802]") && text.contains(first.as_str().unwrap()),
            "{text}"
        );
    }
}

#[test]
fn a_rule_in_use_changes_once_at_a_time() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    let out = endpoint(&sim, B, &net, "OUTBOUND", "out");
    pass(&sim, 900);
    let made = sim
        .call(
            B,
            "route53resolver",
            "CreateResolverRule",
            rule(&out, "172.16.0.4", "r1"),
        )
        .unwrap()["ResolverRule"]
        .clone();
    pass(&sim, 100);
    sim.call(
        B,
        "route53resolver",
        "AssociateResolverRule",
        json!({ "ResolverRuleId": made["Id"], "VPCId": net.vpc }),
    )
    .unwrap();
    let change = json!({ "ResolverRuleId": made["Id"], "Config": { "TargetIps": [{ "Ip": "172.16.0.9" }] } });
    let changed = sim
        .call(B, "route53resolver", "UpdateResolverRule", change.clone())
        .unwrap();
    assert_eq!(changed["ResolverRule"]["Status"], "UPDATING");
    let (_, text) = refused(sim.call(B, "route53resolver", "UpdateResolverRule", change));
    assert_eq!(
        text,
        "[RSLVR-00705] Cannot update Resolver Rule because it's currently updating."
    );
}

#[test]
fn action_needed_passes_without_action() {
    let hit = (0..200).find_map(|seed| {
        let sim = Sim::builder().seed(seed).region("ap-south-1").account(A).build();
        let net = network(&sim, A, "172.16.0.0/16", 24);
        let made = endpoint(&sim, A, &net, "INBOUND", "in");
        let status = || {
            sim.call(
                A,
                "route53resolver",
                "GetResolverEndpoint",
                json!({ "ResolverEndpointId": made["Id"] }),
            )
            .unwrap()
        };
        let mut seen = Vec::new();
        for _ in 0..400 {
            seen.push(
                status()["ResolverEndpoint"]["Status"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
            pass(&sim, 2);
        }
        seen.dedup();
        (seen.len() > 2).then_some(seen)
    });
    assert_eq!(hit.unwrap(), ["CREATING", "ACTION_NEEDED", "OPERATIONAL"]);
}
