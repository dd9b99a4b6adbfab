//! Peerings between two accounts.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::{Filter, RouteState};

use crate::support::{A, B, patient, pause, sim, vpc};

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
        pause(30).await;
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
        pause(60).await;
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
        pause(60).await;
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
        pause(60).await;
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
        pause(30).await;
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
