//! Security groups, endpoints, zones, lists and attributes.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, IpPermission, IpRange, Tag, VpcEndpointType};

use crate::support::{A, B, patient, pause, sim, subnet, vpc};

#[test]
fn a_doubled_rule_is_refused_and_a_revoked_one_is_gone() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let vpc = vpc(&ec2, "10.0.0.0/16", "v").await;
        let group = ec2
            .create_security_group()
            .group_name("g")
            .description("d")
            .vpc_id(&vpc)
            .send()
            .await
            .unwrap();
        let group = group.group_id.unwrap();
        let kafka = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(9098)
            .to_port(9098)
            .ip_ranges(
                IpRange::builder()
                    .cidr_ip("10.1.2.3/24")
                    .description("brokers")
                    .build(),
            )
            .build();
        let open = || {
            ec2.authorize_security_group_ingress()
                .group_id(&group)
                .ip_permissions(kafka.clone())
                .send()
        };
        let made = patient(open).await;
        assert_eq!(made.security_group_rules()[0].cidr_ipv4(), Some("10.1.2.0/24"));
        assert_eq!(
            open().await.unwrap_err().into_service_error().code(),
            Some("InvalidPermission.Duplicate")
        );
        let twin = ec2
            .create_security_group()
            .group_name("G")
            .description("d")
            .vpc_id(&vpc)
            .send()
            .await;
        assert_eq!(
            twin.unwrap_err().into_service_error().code(),
            Some("InvalidGroup.Duplicate")
        );
        let close = || {
            ec2.revoke_security_group_ingress()
                .group_id(&group)
                .ip_permissions(kafka.clone())
                .send()
        };
        close().await.unwrap();
        assert_eq!(
            close().await.unwrap_err().into_service_error().code(),
            Some("InvalidPermission.NotFound")
        );
    });
}

#[test]
fn lists_come_in_pages_and_by_tag() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let vpc = vpc(&ec2, "10.0.0.0/16", "v").await;
        for index in 0..12 {
            let id = subnet(&ec2, &vpc, &format!("10.0.{index}.0/24")).await;
            let tag = Tag::builder()
                .key("xacct:pipeline")
                .value(if index < 7 { "p" } else { "q" })
                .build();
            patient(|| ec2.create_tags().resources(&id).tags(tag.clone()).send()).await;
        }
        let mine = Filter::builder().name("tag:xacct:pipeline").values("p").build();
        let pages: Vec<_> = {
            let mut stream = ec2
                .describe_subnets()
                .filters(mine)
                .max_results(5)
                .into_paginator()
                .send();
            let mut pages = Vec::new();
            while let Some(page) = stream.next().await {
                pages.push(page.unwrap().subnets().len());
            }
            pages
        };
        assert_eq!(pages, [5, 2]);
        let unknown = Filter::builder().name("no-such-filter").values("p").build();
        let error = ec2
            .describe_subnets()
            .filters(unknown)
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(error.code(), Some("InvalidParameterValue"));
    });
}

#[test]
fn only_one_vpc_attribute_changes_per_call_and_the_change_takes_a_while_to_show() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let vpc = vpc(&ec2, "10.0.0.0/16", "v").await;
        let on = || AttributeBooleanValue::builder().value(true).build();
        let both = ec2
            .modify_vpc_attribute()
            .vpc_id(&vpc)
            .enable_dns_support(on())
            .enable_dns_hostnames(on())
            .send();
        assert_eq!(
            both.await.unwrap_err().into_service_error().code(),
            Some("InvalidParameterCombination")
        );
        ec2.modify_vpc_attribute()
            .vpc_id(&vpc)
            .enable_dns_hostnames(on())
            .send()
            .await
            .unwrap();
        let show = || async {
            let name = aws_sdk_ec2::types::VpcAttributeName::EnableDnsHostnames;
            let shown = ec2
                .describe_vpc_attribute()
                .vpc_id(&vpc)
                .attribute(name)
                .send()
                .await
                .unwrap();
            shown.enable_dns_hostnames.unwrap().value.unwrap()
        };
        assert!(!show().await);
        pause(60).await;
        assert!(show().await);
    });
}

#[test]
fn an_interface_endpoint_says_available_in_small_letters() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let vpc = vpc(&ec2, "10.0.0.0/16", "v").await;
        let subnet = subnet(&ec2, &vpc, "10.0.0.0/24").await;
        let make = |private: bool| {
            ec2.create_vpc_endpoint()
                .vpc_endpoint_type(VpcEndpointType::Interface)
                .vpc_id(&vpc)
                .subnet_ids(&subnet)
                .service_name("com.amazonaws.ap-south-1.sts")
                .private_dns_enabled(private)
                .send()
        };
        let refused = make(true).await.unwrap_err().into_service_error();
        assert!(
            refused
                .message()
                .unwrap()
                .starts_with("Enabling private DNS requires both")
        );
        let id = make(false)
            .await
            .unwrap()
            .vpc_endpoint
            .unwrap()
            .vpc_endpoint_id
            .unwrap();
        pause(400).await;
        let shown = ec2
            .describe_vpc_endpoints()
            .vpc_endpoint_ids(&id)
            .send()
            .await
            .unwrap();
        assert_eq!(shown.vpc_endpoints()[0].state().unwrap().as_str(), "available");
    });
}

#[test]
fn zone_names_differ_between_accounts_and_zone_ids_do_not() {
    let sim = sim();
    let (a, b) = (Client::new(&sim.sdk_config(A)), Client::new(&sim.sdk_config(B)));
    sim.run(async {
        let zones = |client: Client| async move {
            let found = client.describe_availability_zones().send().await.unwrap();
            found
                .availability_zones()
                .iter()
                .map(|zone| {
                    (
                        zone.zone_name().unwrap().to_owned(),
                        zone.zone_id().unwrap().to_owned(),
                    )
                })
                .collect::<Vec<_>>()
        };
        let (in_a, in_b) = (zones(a).await, zones(b).await);
        assert_ne!(in_a, in_b);
        let ids = |mut zones: Vec<(String, String)>| {
            zones.sort_by(|x, y| x.1.cmp(&y.1));
            zones.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
        };
        assert_eq!(ids(in_a), ids(in_b));
    });
}
