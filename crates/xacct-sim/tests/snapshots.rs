//! Worlds to go back to: a restored one goes on as the first, and a recording says what a dead process leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and sleeps in the simulator's time"
)]

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_ec2::Client;
use serde_json::json;
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::{Delivery, Inventory, Sim};

const ACCOUNT: &str = "111111111111";

fn world() -> Sim {
    let epoch = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    Sim::builder().seed(3).epoch(epoch).account(ACCOUNT).build()
}

/// Two VPCs at the same time, then an address and a gateway at the same time.
async fn build(sim: &Sim) {
    let ec2 = Client::new(&sim.sdk_config(ACCOUNT));
    let vpc = |cidr: &str| ec2.create_vpc().cidr_block(cidr).send();
    let (first, second) = tokio::join!(vpc("10.0.0.0/16"), vpc("10.1.0.0/16"));
    drop((first.unwrap(), second.unwrap()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (address, gateway) = tokio::join!(
        ec2.allocate_address().send(),
        ec2.create_internet_gateway().send()
    );
    drop((address.unwrap(), gateway.unwrap()));
}

/// Log, inventory and time.
fn all(sim: &Sim) -> (String, Inventory, Duration) {
    let log = serde_json::to_string(&sim.call_log()).unwrap();
    (log, sim.inventory(ACCOUNT), sim.now())
}

/// A run that a fault ends.
fn killed(verdict: Verdict, number: u64) -> Sim {
    let sim = world();
    let guard = sim.fault(Rule::new(verdict).call_number(number));
    sim.run(async {
        tokio::select! {
            () = build(&sim) => panic!("nobody was killed"),
            () = sim.killed() => {}
        }
    });
    assert_eq!(guard.hits(), 1);
    sim
}

fn recorded() -> Vec<Delivery> {
    let sim = world();
    let recorder = sim.record();
    sim.run(build(&sim));
    recorder.finish()
}

#[test]
fn a_restored_world_goes_on_as_the_first_one_does() {
    let sim = world();
    sim.run(build(&sim));
    let snapshot = sim.snapshot();
    let restored = snapshot.restore();
    assert_eq!(all(&restored), all(&sim));
    sim.run(build(&sim));
    assert_ne!(all(&restored), all(&sim), "the restored world stands still");
    restored.run(build(&restored));
    assert_eq!(all(&restored), all(&sim));
    assert_eq!(snapshot.restore().now(), snapshot.at());
}

#[test]
fn rules_stay_with_the_world_in_which_they_were_made() {
    let sim = world();
    let guard = sim.fault(Rule::new(Verdict::KillBefore));
    let restored = sim.snapshot().restore();
    restored.run(build(&restored));
    assert_eq!(guard.hits(), 0);
}

#[test]
fn the_world_before_a_call_is_what_one_leaves_that_is_killed_there() {
    for call in recorded() {
        let sim = killed(Verdict::KillBefore, call.number());
        let left = call.before().restore();
        assert_eq!(
            left.inventory(ACCOUNT),
            sim.inventory(ACCOUNT),
            "{}",
            call.number()
        );
        assert_eq!(left.call_log(), sim.call_log()[..sim.call_log().len() - 1]);
    }
}

#[test]
fn the_world_with_a_call_is_what_one_leaves_that_is_killed_after_its_effect() {
    for call in recorded() {
        let sim = killed(Verdict::KillAfter, call.number());
        let left = call.before().restore();
        call.arrive_at(&left);
        assert_eq!(
            left.inventory(ACCOUNT),
            sim.inventory(ACCOUNT),
            "{}",
            call.number()
        );
        assert_eq!(left.call_log().len(), sim.call_log().len());
    }
}

#[test]
fn calls_that_were_on_their_way_may_still_arrive() {
    let calls = recorded();
    let siblings: Vec<usize> = (0..calls.len())
        .map(|at| calls[at].siblings(&calls[at + 1..]).len())
        .collect();
    assert_eq!(siblings, [1, 0, 1, 0]);
    let left = calls[0].before().restore();
    calls[1].arrive_at(&left);
    let vpcs = left.inventory(ACCOUNT).resources;
    assert_eq!(vpcs.iter().filter(|found| found.kind == "ec2:vpc").count(), 1);
    assert_eq!(left.now(), calls[1].at());
    assert!(calls[1].sent_at() <= calls[0].at());
}

#[test]
fn requests_to_the_brokers_are_calls_like_any_other() {
    let sim = world();
    let brokers = sim.brokers(sim.administrator_key(ACCOUNT).0);
    let ask = || brokers.ask("boot-x:9098", "DescribeTopics", json!({ "Names": ["t"] }));
    let refused = sim.run(ask()).unwrap_err();
    assert_eq!(refused.code, "BrokerTransportFailure", "{refused}");
    let guard = sim.fault(Rule::new(Verdict::Throttle).service("kafka-cluster"));
    assert_eq!(sim.run(ask()).unwrap_err().code, "ThrottlingQuotaExceeded");
    assert_eq!(guard.hits(), 1);
    let log = sim.call_log();
    assert!(
        log.iter()
            .all(|entry| entry.service == "kafka-cluster" && entry.read_only)
    );
    assert_eq!(log.len(), 2);
}
