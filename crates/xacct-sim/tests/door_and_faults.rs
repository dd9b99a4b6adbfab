//! The in-process door, its clock, faults, limits, the call log and the critical path.

use std::time::{Duration, SystemTime};

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use serde_json::json;
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::{Outcome, Sim};

const A: &str = "111111111111";

fn sim() -> Sim {
    let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    Sim::builder()
        .seed(11)
        .region("ap-south-1")
        .account(A)
        .epoch(epoch)
        .build()
}

/// Lets virtual time pass.
#[expect(
    clippy::disallowed_methods,
    reason = "tests run on the simulator's own runtime"
)]
async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn client(sim: &Sim) -> Client {
    let config = aws_sdk_ec2::config::Builder::from(&sim.sdk_config(A))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

#[test]
fn time_is_virtual_and_carries_on_in_the_next_run() {
    let sim = sim();
    sim.run(async { pause(3600).await });
    assert_eq!(sim.now().as_secs(), 3600);
    sim.run(async { pause(60).await });
    assert_eq!(sim.now().as_secs(), 3660);
}

#[test]
fn the_same_seed_gives_the_same_log() {
    let log = || {
        let sim = sim();
        let ec2 = client(&sim);
        sim.run(async {
            for cidr in ["10.0.0.0/16", "10.1.0.0/16", "bad"] {
                let _ = ec2.create_vpc().cidr_block(cidr).send().await;
                let _ = ec2.describe_vpcs().send().await;
            }
        });
        serde_json::to_value(sim.call_log()).unwrap()
    };
    assert_eq!(log(), log());
}

#[test]
fn reads_and_writes_are_counted_by_service() {
    let sim = sim();
    let ec2 = client(&sim);
    sim.run(async {
        ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
        ec2.describe_vpcs().send().await.unwrap();
        ec2.describe_vpcs().send().await.unwrap();
    });
    let calls = sim.api_calls();
    assert_eq!((calls.read, calls.write, calls.by_service["ec2"]), (2, 1, 3));
}

#[test]
fn a_throttled_call_has_no_effect_and_the_rule_goes_with_its_guard() {
    let sim = sim();
    let ec2 = client(&sim);
    let guard = sim.fault(Rule::new(Verdict::Throttle).operation("CreateVpc").always());
    sim.run(async {
        let error = ec2
            .create_vpc()
            .cidr_block("10.0.0.0/16")
            .send()
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(error.code(), Some("RequestLimitExceeded"));
        assert_eq!(guard.hits(), 1);
        drop(guard);
        ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
    });
    assert!(matches!(
        sim.call_log()[0].outcome,
        Outcome::Failed { status: 503, .. }
    ));
}

#[test]
fn a_lost_answer_leaves_its_effect() {
    let sim = sim();
    let ec2 = client(&sim);
    let _guard = sim.fault(Rule::new(Verdict::LoseResponse).operation("CreateVpc"));
    sim.run(async {
        let error = ec2
            .create_vpc()
            .cidr_block("10.0.0.0/16")
            .send()
            .await
            .unwrap_err();
        assert!(
            error.as_service_error().is_none(),
            "a broken connection is no answer of the service"
        );
        pause(60).await;
        assert_eq!(ec2.describe_vpcs().send().await.unwrap().vpcs().len(), 1);
    });
}

#[test]
fn a_killed_caller_hangs_until_it_is_revived() {
    for (verdict, expected) in [(Verdict::KillBefore, 0), (Verdict::KillAfter, 1)] {
        let sim = sim();
        let ec2 = client(&sim);
        let _guard = sim.fault(Rule::new(verdict).operation("CreateVpc"));
        sim.run(async {
            let call = ec2.create_vpc().cidr_block("10.0.0.0/16").send();
            tokio::select! {
                _ = call => panic!("a dead caller sees no answer"),
                () = sim.killed() => {}
            }
            let hangs = tokio::time::timeout(Duration::from_secs(1), ec2.describe_vpcs().send()).await;
            assert!(hangs.is_err());
            sim.revive();
            pause(60).await;
            assert_eq!(ec2.describe_vpcs().send().await.unwrap().vpcs().len(), expected);
        });
    }
}

#[test]
fn an_unanswered_call_ends_with_the_clients_own_timeout() {
    let sim = sim();
    let ec2 = client(&sim);
    let _guard = sim.fault(Rule::new(Verdict::Timeout).operation("DescribeVpcs"));
    sim.run(async {
        let error = ec2.describe_vpcs().send().await.unwrap_err();
        assert!(error.as_service_error().is_none());
    });
    assert_eq!(sim.call_log()[0].outcome, Outcome::NotDelivered);
}

#[test]
fn a_caller_in_a_hurry_is_throttled_and_one_that_waits_is_not() {
    let sim = sim();
    let config = aws_sdk_ec2::config::Builder::from(&sim.sdk_config(A))
        .retry_config(RetryConfig::disabled())
        .build();
    let ec2 = Client::from_conf(config);
    sim.run(async {
        let calls = (0..8).map(|_| ec2.delete_vpc_endpoints().vpc_endpoint_ids("vpce-0").send());
        let answers = futures_util::future::join_all(calls).await;
        let throttled = answers.iter().filter(|answer| answer.is_err()).count();
        assert_eq!(throttled, 4, "the bucket holds four");
        pause(4).await;
        ec2.delete_vpc_endpoints()
            .vpc_endpoint_ids("vpce-0")
            .send()
            .await
            .unwrap();
    });
}

#[test]
fn what_is_not_modelled_is_refused_loudly() {
    let sim = sim();
    let ec2 = client(&sim);
    let error = sim
        .run(ec2.describe_instances().send())
        .unwrap_err()
        .into_service_error();
    assert_eq!(error.code(), Some("NotModelled"));
    let error = sim.call(A, "glue", "GetTables", json!({})).unwrap_err();
    assert_eq!(error.code, "NotModelled");
}

#[test]
fn the_critical_path_is_the_longest_chain_of_prerequisites_and_not_the_sum() {
    let sim = Sim::builder().seed(3).account(A).lag(false).build();
    let made = |operation: &str, params| sim.call(A, "ec2", operation, params).unwrap();
    let vpc = made("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }))["vpc"]["vpcId"]
        .as_str()
        .unwrap()
        .to_owned();
    let igw = made("CreateInternetGateway", json!({}));
    let igw = igw["internetGateway"]["internetGatewayId"]
        .as_str()
        .unwrap()
        .to_owned();
    made(
        "AttachInternetGateway",
        json!({ "InternetGatewayId": igw, "VpcId": vpc }),
    );
    let mut nats = Vec::new();
    for index in 0..2 {
        let params = json!({ "VpcId": vpc, "CidrBlock": format!("10.0.{index}.0/24") });
        let subnet = made("CreateSubnet", params)["subnet"]["subnetId"].clone();
        let address = made("AllocateAddress", json!({}))["allocationId"].clone();
        sim.clock().advance(Duration::from_secs(10));
        nats.push(made(
            "CreateNatGateway",
            json!({ "SubnetId": subnet, "AllocationId": address }),
        ));
        sim.clock().advance(Duration::from_secs(300));
    }
    let path = sim.critical_path();
    assert!(
        path > Duration::from_secs(80) && path < Duration::from_secs(160),
        "{path:?}"
    );
    let kinds: Vec<&str> = sim
        .critical_spans(Duration::ZERO)
        .iter()
        .map(|span| span.kind)
        .collect();
    assert_eq!(kinds, ["ec2.vpc", "ec2.subnet", "ec2.nat-gateway"]);
}

#[test]
fn an_inventory_holds_no_ids_and_no_tombstones() {
    let inventory = |seed: u64| {
        let sim = Sim::builder()
            .seed(seed)
            .account(A)
            .settings(|settings| settings.zones = 1)
            .build();
        let tags = json!([{ "ResourceType": "vpc", "Tag": [{ "Key": "Name", "Value": "mine" }] }]);
        let vpc = sim
            .call(
                A,
                "ec2",
                "CreateVpc",
                json!({ "CidrBlock": "10.0.0.0/16", "TagSpecification": tags }),
            )
            .unwrap();
        let id = vpc["vpc"]["vpcId"].clone();
        let subnet = sim
            .call(
                A,
                "ec2",
                "CreateSubnet",
                json!({ "VpcId": id, "CidrBlock": "10.0.1.0/24" }),
            )
            .unwrap();
        sim.call(
            A,
            "ec2",
            "CreateSubnet",
            json!({ "VpcId": id, "CidrBlock": "10.0.2.0/24" }),
        )
        .unwrap();
        sim.call(
            A,
            "ec2",
            "DeleteSubnet",
            json!({ "SubnetId": subnet["subnet"]["subnetId"] }),
        )
        .unwrap();
        sim.inventory(A)
    };
    assert_eq!(inventory(1), inventory(2));
    assert_eq!(
        inventory(1)
            .resources
            .iter()
            .filter(|one| one.kind == "ec2:subnet")
            .count(),
        1
    );
    let text = serde_json::to_string(&inventory(1)).unwrap();
    assert!(text.contains("ec2:vpc/mine") && !text.contains("vpc-0"), "{text}");
}
