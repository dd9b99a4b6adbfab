//! VPCs, tables, NAT gateways, client tokens.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::client::Waiters;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::{DomainType, Filter, NatGatewayState, VpcState};

use crate::support::{A, patient, pause, sim, subnet, vpc};

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
        pause(3700).await;
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
        pause(20).await;
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
