//! MSK Serverless.

use std::time::Duration;

use aws_sdk_kafka::error::ProvideErrorMetadata;
use aws_sdk_kafka::types::{
    ClusterState, Iam, ServerlessClientAuthentication, ServerlessRequest, ServerlessSasl, VpcConfig,
};
use serde_json::{Value, json};

use crate::support::*;

fn request(name: &str, subnets: &[String], groups: &[String]) -> Value {
    json!({ "clusterName": name, "tags": { "Name": name }, "serverless": {
        "vpcConfigs": [{ "subnetIds": subnets, "securityGroupIds": groups }],
        "clientAuthentication": { "sasl": { "iam": { "enabled": true } } },
    }})
}

#[test]
fn the_sdk_makes_finds_and_deletes_a_cluster() {
    let sim = sim();
    let net = network(&sim, A, "172.16.0.0/16", 24);
    let kafka = aws_sdk_kafka::Client::new(&sim.sdk_config(A));
    sim.run(async {
        let sasl = ServerlessSasl::builder()
            .iam(Iam::builder().enabled(true).build())
            .build();
        let vpc = VpcConfig::builder()
            .set_subnet_ids(Some(net.subnets.clone()))
            .security_group_ids(&net.group)
            .build();
        let serverless = ServerlessRequest::builder()
            .vpc_configs(vpc)
            .client_authentication(ServerlessClientAuthentication::builder().sasl(sasl).build())
            .build();
        let made = kafka
            .create_cluster_v2()
            .cluster_name("clicks")
            .tags("a", "b")
            .serverless(serverless)
            .send()
            .await
            .unwrap();
        assert_eq!(made.state, Some(ClusterState::Creating));
        let arn = made.cluster_arn.unwrap();
        assert!(arn.rsplit_once("-s").unwrap().1.parse::<u8>().is_ok(), "{arn}");
        let early = kafka
            .get_bootstrap_brokers()
            .cluster_arn(&arn)
            .send()
            .await
            .unwrap_err();
        assert!(early.as_service_error().unwrap().is_conflict_exception());
        let mut waited = 0;
        loop {
            let info = kafka
                .describe_cluster_v2()
                .cluster_arn(&arn)
                .send()
                .await
                .unwrap()
                .cluster_info
                .unwrap();
            if info.state == Some(ClusterState::Active) {
                assert_eq!(
                    info.serverless.unwrap().vpc_configs.unwrap()[0]
                        .subnet_ids
                        .as_ref()
                        .unwrap()
                        .len(),
                    3
                );
                break;
            }
            waited += 5;
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        assert!(waited > 50, "{waited}");
        let brokers = kafka
            .get_bootstrap_brokers()
            .cluster_arn(&arn)
            .send()
            .await
            .unwrap()
            .bootstrap_broker_string_sasl_iam
            .unwrap();
        assert!(
            brokers.starts_with("boot-")
                && brokers.ends_with(".kafka-serverless.ap-south-1.amazonaws.com:9098"),
            "{brokers}"
        );
        assert_eq!(
            kafka
                .list_tags_for_resource()
                .resource_arn(&arn)
                .send()
                .await
                .unwrap()
                .tags
                .unwrap()["a"],
            "b"
        );
        kafka
            .tag_resource()
            .resource_arn(&arn)
            .tags("c", "d")
            .send()
            .await
            .unwrap();
        kafka
            .untag_resource()
            .resource_arn(&arn)
            .tag_keys("a")
            .send()
            .await
            .unwrap();
        let listed = kafka
            .list_clusters_v2()
            .cluster_name_filter("cli")
            .send()
            .await
            .unwrap()
            .cluster_info_list
            .unwrap();
        assert_eq!(listed[0].tags.as_ref().unwrap().keys().collect::<Vec<_>>(), ["c"]);
        let nodes = kafka.list_nodes().cluster_arn(&arn).send().await.unwrap_err();
        assert!(nodes.as_service_error().unwrap().is_bad_request_exception());
        kafka.delete_cluster().cluster_arn(&arn).send().await.unwrap();
        tokio::time::sleep(Duration::from_secs(1000)).await;
        let gone = kafka
            .describe_cluster_v2()
            .cluster_arn(&arn)
            .send()
            .await
            .unwrap_err();
        assert_eq!(gone.code(), Some("NotFoundException"));
    });
}

#[test]
fn what_does_not_fit_a_serverless_cluster_is_refused() {
    let sim = still_sim();
    let net = network(&sim, A, "172.16.0.0/16", 24);
    let other = network(&sim, A, "10.0.0.0/16", 24);
    let code = |params: Value| refused(sim.call(A, "kafka", "CreateClusterV2", params)).0;
    assert_eq!(
        code(request("clicks", &net.subnets[..1], &[])),
        "BadRequestException"
    );
    assert_eq!(
        code(request(
            "clicks",
            &["subnet-0".to_owned(), net.subnets[0].clone()],
            &[]
        )),
        "BadRequestException"
    );
    assert_eq!(
        code(request(
            "clicks",
            &[net.subnets[0].clone(), other.subnets[1].clone()],
            &[]
        )),
        "BadRequestException"
    );
    assert_eq!(
        code(request("clicks", &net.subnets, &[other.group])),
        "BadRequestException"
    );
    assert_eq!(code(request("1clicks", &net.subnets, &[])), "BadRequestException");
    let mut unauthenticated = request("clicks", &net.subnets, &[]);
    unauthenticated["serverless"]["clientAuthentication"] = json!({});
    assert_eq!(code(unauthenticated), "BadRequestException");
    sim.call(
        A,
        "kafka",
        "CreateClusterV2",
        request("clicks", &net.subnets, &[]),
    )
    .unwrap();
    assert_eq!(code(request("clicks", &net.subnets, &[])), "ConflictException");
}

#[test]
fn a_zone_that_msk_does_not_offer_is_refused() {
    let sim = still_sim();
    let net = network(&sim, A, "172.16.0.0/16", 24);
    let asked = json!({ "VpcId": net.vpc, "CidrBlock": "172.16.64.0/24", "AvailabilityZoneId": "aps1-az3" });
    let subnet = sim.call(A, "ec2", "CreateSubnet", asked).unwrap()["subnet"]["subnetId"]
        .as_str()
        .unwrap()
        .to_owned();
    pass(&sim, 30);
    let subnets = [net.subnets[0].clone(), subnet];
    let (_, text) = refused(sim.call(A, "kafka", "CreateClusterV2", request("clicks", &subnets, &[])));
    assert!(text.contains("unsupported availability zones"), "{text}");
}

#[test]
fn a_cluster_holds_its_subnets_until_its_interfaces_are_gone() {
    let sim = sim();
    let net = network(&sim, A, "172.16.0.0/16", 24);
    let made = sim
        .call(
            A,
            "kafka",
            "CreateClusterV2",
            request("clicks", &net.subnets, &[net.group]),
        )
        .unwrap();
    let delete = json!({ "SubnetId": net.subnets[0] });
    assert_eq!(
        refused(sim.call(A, "ec2", "DeleteSubnet", delete.clone())).0,
        "DependencyViolation"
    );
    pass(&sim, 1500);
    sim.call(
        A,
        "kafka",
        "DeleteCluster",
        json!({ "clusterArn": made["clusterArn"] }),
    )
    .unwrap();
    assert_eq!(
        refused(sim.call(A, "ec2", "DeleteSubnet", delete.clone())).0,
        "DependencyViolation"
    );
    pass(&sim, 3000);
    sim.call(A, "ec2", "DeleteSubnet", delete).unwrap();
    assert!(
        !sim.inventory(A)
            .resources
            .iter()
            .any(|resource| resource.kind.starts_with("kafka"))
    );
}

#[test]
fn topics_of_a_serverless_cluster_are_not_made_over_the_control_plane() {
    let sim = still_sim();
    let net = network(&sim, A, "172.16.0.0/16", 24);
    let made = sim
        .call(
            A,
            "kafka",
            "CreateClusterV2",
            request("clicks", &net.subnets, &[]),
        )
        .unwrap();
    pass(&sim, 1500);
    let topic = json!({ "clusterArn": made["clusterArn"], "topicName": "t", "partitionCount": 1, "replicationFactor": 3 });
    let (code, text) = refused(sim.call(A, "kafka", "CreateTopic", topic));
    assert_eq!(code, "BadRequestException");
    assert!(text.contains("not supported for serverless clusters"));
}
