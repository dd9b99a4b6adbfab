//! EC2 as the AWS SDK for Rust sees it through the in-process door.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, DomainType, Filter, IpPermission, IpRange, NatGatewayState, ResourceType,
    RouteState, Tag, TagSpecification, VpcEndpointType, VpcState,
};
use xacct_sim::Sim;

const A: &str = "111111111111";
const B: &str = "222222222222";

fn sim() -> Sim {
    Sim::builder()
        .seed(7)
        .region("ap-south-1")
        .account(A)
        .account(B)
        .build()
}

/// Retries, as a deployer must, what is not visible yet.
async fn patient<T, E: ProvideErrorMetadata + std::fmt::Debug, F: Future<Output = Result<T, E>>>(
    mut call: impl FnMut() -> F,
) -> T {
    for _ in 0..100 {
        match call().await {
            Ok(found) => return found,
            Err(error) if error.code().is_some_and(|code| code.contains("NotFound")) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("still not found after 100 s")
}

async fn vpc(ec2: &Client, cidr: &str, name: &str) -> String {
    let tag = Tag::builder().key("Name").value(name).build();
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::Vpc)
        .tags(tag)
        .build();
    let made = ec2
        .create_vpc()
        .cidr_block(cidr)
        .tag_specifications(tags)
        .send()
        .await
        .unwrap();
    let id = made.vpc.unwrap().vpc_id.unwrap();
    patient(|| ec2.describe_vpcs().vpc_ids(&id).send()).await;
    // One good read does not mean that the next call sees it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    id
}

async fn subnet(ec2: &Client, vpc: &str, cidr: &str) -> String {
    let made = patient(|| ec2.create_subnet().vpc_id(vpc).cidr_block(cidr).send()).await;
    let id = made.subnet.unwrap().subnet_id.unwrap();
    patient(|| ec2.describe_subnets().subnet_ids(&id).send()).await;
    id
}

#[test]
fn a_vpc_comes_with_main_table_default_group_and_default_acl_and_is_available_after_a_while() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let made = ec2
            .create_vpc()
            .cidr_block("10.1.2.3/16")
            .send()
            .await
            .unwrap()
            .vpc
            .unwrap();
        assert_eq!(made.cidr_block(), Some("10.1.0.0/16"), "host bits are dropped");
        assert_eq!(made.state(), Some(&VpcState::Pending));
        let id = made.vpc_id.unwrap();
        patient(|| ec2.describe_vpcs().vpc_ids(&id).send()).await;
        ec2.wait_until_vpc_available()
            .vpc_ids(&id)
            .wait(Duration::from_secs(300))
            .await
            .unwrap();
        let of_vpc = Filter::builder().name("vpc-id").values(&id).build();
        let tables = ec2
            .describe_route_tables()
            .filters(of_vpc.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(tables.route_tables()[0].associations()[0].main(), Some(true));
        let groups = ec2
            .describe_security_groups()
            .filters(of_vpc.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(groups.security_groups()[0].group_name(), Some("default"));
        assert_eq!(
            groups.security_groups()[0].ip_permissions_egress()[0].ip_protocol(),
            Some("-1")
        );
        let acls = ec2.describe_network_acls().filters(of_vpc).send().await.unwrap();
        assert_eq!(acls.network_acls()[0].is_default(), Some(true));
        assert_eq!(acls.network_acls()[0].entries().len(), 4);
    });
}

#[test]
fn a_new_vpc_is_not_found_for_a_while() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let made = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
        let id = made.vpc.unwrap().vpc_id.unwrap();
        let error = ec2
            .describe_vpcs()
            .vpc_ids(&id)
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(error.code(), Some("InvalidVpcID.NotFound"));
        patient(|| ec2.describe_vpcs().vpc_ids(&id).send()).await;
    });
}

#[test]
fn a_nat_gateway_takes_minutes_and_holds_its_address_until_it_is_gone() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let vpc = vpc(&ec2, "10.0.0.0/16", "v").await;
        let subnet = subnet(&ec2, &vpc, "10.0.0.0/24").await;
        let igw = ec2.create_internet_gateway().send().await.unwrap();
        let igw = igw.internet_gateway.unwrap().internet_gateway_id.unwrap();
        patient(|| {
            ec2.attach_internet_gateway()
                .internet_gateway_id(&igw)
                .vpc_id(&vpc)
                .send()
        })
        .await;
        let address = ec2
            .allocate_address()
            .domain(DomainType::Vpc)
            .send()
            .await
            .unwrap()
            .allocation_id
            .unwrap();
        let nat = patient(|| {
            ec2.create_nat_gateway()
                .subnet_id(&subnet)
                .allocation_id(&address)
                .send()
        })
        .await;
        let nat = nat.nat_gateway.unwrap().nat_gateway_id.unwrap();
        let before = sim.now();
        patient(|| ec2.describe_nat_gateways().nat_gateway_ids(&nat).send()).await;
        ec2.wait_until_nat_gateway_available()
            .nat_gateway_ids(&nat)
            .wait(Duration::from_secs(600))
            .await
            .unwrap();
        assert!(sim.now() - before > Duration::from_secs(60));

        let refused = ec2
            .detach_internet_gateway()
            .internet_gateway_id(&igw)
            .vpc_id(&vpc)
            .send()
            .await;
        let error = refused.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some("DependencyViolation"));
        assert!(
            error
                .message()
                .unwrap()
                .contains("has some mapped public address(es)")
        );
        ec2.delete_nat_gateway()
            .nat_gateway_id(&nat)
            .send()
            .await
            .unwrap();
        let error = ec2
            .release_address()
            .allocation_id(&address)
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(error.code(), Some("InvalidIPAddress.InUse"));
        let error = ec2
            .delete_subnet()
            .subnet_id(&subnet)
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(
            error.message(),
            Some(format!("The subnet '{subnet}' has dependencies and cannot be deleted.").as_str())
        );
        ec2.wait_until_nat_gateway_deleted()
            .nat_gateway_ids(&nat)
            .wait(Duration::from_secs(600))
            .await
            .unwrap();
        let shown = ec2
            .describe_nat_gateways()
            .nat_gateway_ids(&nat)
            .send()
            .await
            .unwrap();
        assert_eq!(
            shown.nat_gateways()[0].state(),
            Some(&NatGatewayState::Deleted),
            "a tombstone for an hour"
        );
        ec2.release_address()
            .allocation_id(&address)
            .send()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(3700)).await;
        let gone = ec2
            .describe_nat_gateways()
            .nat_gateway_ids(&nat)
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(gone.code(), Some("NatGatewayNotFound"));
    });
}

#[test]
fn a_nat_gateway_without_an_internet_gateway_fails_later_and_not_at_once() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let vpc = vpc(&ec2, "10.0.0.0/16", "v").await;
        let subnet = subnet(&ec2, &vpc, "10.0.0.0/24").await;
        let address = ec2
            .allocate_address()
            .send()
            .await
            .unwrap()
            .allocation_id
            .unwrap();
        let nat = patient(|| {
            ec2.create_nat_gateway()
                .subnet_id(&subnet)
                .allocation_id(&address)
                .send()
        })
        .await;
        assert_eq!(
            nat.nat_gateway().unwrap().state(),
            Some(&NatGatewayState::Pending)
        );
        tokio::time::sleep(Duration::from_secs(20)).await;
        let shown = ec2.describe_nat_gateways().send().await.unwrap();
        assert_eq!(shown.nat_gateways()[0].state(), Some(&NatGatewayState::Failed));
        assert_eq!(
            shown.nat_gateways()[0].failure_code(),
            Some("Gateway.NotAttached")
        );
    });
}

#[test]
fn a_repeated_client_token_gives_the_same_table_and_another_use_of_it_is_refused() {
    let sim = sim();
    let ec2 = Client::new(&sim.sdk_config(A));
    sim.run(async {
        let vpc_id = vpc(&ec2, "10.0.0.0/16", "v").await;
        let other = vpc(&ec2, "10.1.0.0/16", "w").await;
        let make = |vpc: String| ec2.create_route_table().vpc_id(vpc).client_token("t-1").send();
        let first = make(vpc_id.clone())
            .await
            .unwrap()
            .route_table
            .unwrap()
            .route_table_id;
        let second = make(vpc_id).await.unwrap().route_table.unwrap().route_table_id;
        assert_eq!(first, second);
        let error = make(other).await.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some("IdempotentParameterMismatch"));
    });
}

#[test]
fn a_peering_is_asked_for_in_one_account_and_accepted_in_the_other() {
    let sim = sim();
    let (a, b) = (Client::new(&sim.sdk_config(A)), Client::new(&sim.sdk_config(B)));
    sim.run(async {
        let stream = vpc(&a, "172.16.0.0/16", "stream").await;
        let warehouse = vpc(&b, "10.0.0.0/16", "warehouse").await;
        let ask = || {
            b.create_vpc_peering_connection()
                .vpc_id(&warehouse)
                .peer_vpc_id(&stream)
                .peer_owner_id(A)
                .send()
        };
        let pcx = ask()
            .await
            .unwrap()
            .vpc_peering_connection
            .unwrap()
            .vpc_peering_connection_id
            .unwrap();
        let again = ask()
            .await
            .unwrap()
            .vpc_peering_connection
            .unwrap()
            .vpc_peering_connection_id
            .unwrap();
        assert_eq!(pcx, again, "asking again gives what is there");
        patient(|| {
            b.describe_vpc_peering_connections()
                .vpc_peering_connection_ids(&pcx)
                .send()
        })
        .await;
        let table = a.describe_route_tables().send().await.unwrap().route_tables()[0]
            .route_table_id()
            .unwrap()
            .to_owned();
        patient(|| {
            a.create_route()
                .route_table_id(&table)
                .destination_cidr_block("10.0.0.0/16")
                .vpc_peering_connection_id(&pcx)
                .send()
        })
        .await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let routes = a
            .describe_route_tables()
            .route_table_ids(&table)
            .send()
            .await
            .unwrap();
        let to_b = |tables: &aws_sdk_ec2::operation::describe_route_tables::DescribeRouteTablesOutput| {
            let routes = tables.route_tables()[0].routes();
            routes
                .iter()
                .find(|route| route.vpc_peering_connection_id().is_some())
                .unwrap()
                .state()
                .cloned()
        };
        assert_eq!(
            to_b(&routes),
            Some(RouteState::Blackhole),
            "until the peering is active"
        );

        let error = b
            .accept_vpc_peering_connection()
            .vpc_peering_connection_id(&pcx)
            .send()
            .await;
        let error = error.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some("OperationNotPermitted"));
        patient(|| {
            a.accept_vpc_peering_connection()
                .vpc_peering_connection_id(&pcx)
                .send()
        })
        .await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        for side in [&a, &b] {
            let active = Filter::builder().name("status-code").values("active").build();
            let found = side
                .describe_vpc_peering_connections()
                .filters(active)
                .send()
                .await
                .unwrap();
            assert_eq!(found.vpc_peering_connections().len(), 1);
        }
        let routes = a
            .describe_route_tables()
            .route_table_ids(&table)
            .send()
            .await
            .unwrap();
        assert_eq!(to_b(&routes), Some(RouteState::Active));

        let reversed = a
            .create_vpc_peering_connection()
            .vpc_id(&stream)
            .peer_vpc_id(&warehouse)
            .peer_owner_id(B);
        let reversed = reversed
            .send()
            .await
            .unwrap()
            .vpc_peering_connection
            .unwrap()
            .vpc_peering_connection_id
            .unwrap();
        assert_ne!(reversed, pcx);
        tokio::time::sleep(Duration::from_secs(60)).await;
        let error = b
            .accept_vpc_peering_connection()
            .vpc_peering_connection_id(&reversed)
            .send()
            .await;
        let error = error.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some("VpcPeeringConnectionAlreadyExists"));

        a.delete_vpc_peering_connection()
            .vpc_peering_connection_id(&pcx)
            .send()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        let shown = b
            .describe_vpc_peering_connections()
            .vpc_peering_connection_ids(&pcx)
            .send()
            .await
            .unwrap();
        let status = shown.vpc_peering_connections()[0]
            .status()
            .unwrap()
            .code()
            .unwrap()
            .as_str()
            .to_owned();
        assert_eq!(
            status, "deleted",
            "a tombstone, visible to the other side for two days"
        );
        let routes = a
            .describe_route_tables()
            .route_table_ids(&table)
            .send()
            .await
            .unwrap();
        assert_eq!(to_b(&routes), Some(RouteState::Blackhole));
    });
}

#[test]
fn a_peering_of_overlapping_blocks_is_made_and_fails() {
    let sim = sim();
    let (a, b) = (Client::new(&sim.sdk_config(A)), Client::new(&sim.sdk_config(B)));
    sim.run(async {
        let one = vpc(&a, "10.0.0.0/16", "one").await;
        let other = vpc(&b, "10.0.128.0/17", "other").await;
        let made = b
            .create_vpc_peering_connection()
            .vpc_id(&other)
            .peer_vpc_id(&one)
            .peer_owner_id(A)
            .send()
            .await;
        let pcx = made
            .unwrap()
            .vpc_peering_connection
            .unwrap()
            .vpc_peering_connection_id
            .unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
        let shown = b
            .describe_vpc_peering_connections()
            .vpc_peering_connection_ids(&pcx)
            .send()
            .await
            .unwrap();
        assert_eq!(
            shown.vpc_peering_connections()[0]
                .status()
                .unwrap()
                .code()
                .unwrap()
                .as_str(),
            "failed"
        );
        assert!(
            a.describe_vpc_peering_connections()
                .send()
                .await
                .unwrap()
                .vpc_peering_connections()
                .is_empty()
        );
    });
}

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
        tokio::time::sleep(Duration::from_secs(60)).await;
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
        tokio::time::sleep(Duration::from_secs(400)).await;
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
