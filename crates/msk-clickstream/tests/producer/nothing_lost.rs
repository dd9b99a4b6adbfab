//! A hundred thousand events through a door where much goes wrong: each lands once, in order for its key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream;
use msk_clickstream::Record;
use xacct_sim::KafkaFault;

use crate::stage::{ACCOUNT, Stage};
use crate::{PATIENCE, builder, create, policy, topic};

const EVENTS: u64 = 100_000;
const VISITORS: u64 = 997;
const PARTITIONS: u32 = 6;

/// Codes of the protocol after which clients try again.
const NOT_LEADER: i16 = 6;
const NOT_ENOUGH_REPLICAS: i16 = 19;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_events_land_once_and_in_order_whatever_goes_wrong() {
    let stage = Stage::with_sessions_of(Duration::from_secs(2));
    create(&stage.administrator(), PARTITIONS).await;
    let first = stage
        .sim
        .create_user_with_policy(ACCOUNT, "writer", &policy(&[]))
        .unwrap();
    let keys = vec![first, stage.another_key("writer")];
    let access = stage.rotating(keys, Duration::from_secs(3));
    let producer = builder(&access).connect().await.unwrap();

    stage.door.fault(KafkaFault::LoseAnswer, 23);
    stage.door.fault(KafkaFault::Refuse(NOT_LEADER), 11);
    stage.door.fault(KafkaFault::Cut, 37);
    stage.door.fault(KafkaFault::Refuse(NOT_ENOUGH_REPLICAS), 5);
    stage
        .door
        .fault(KafkaFault::Delay(Duration::from_millis(300)), 17);
    let done = Arc::new(AtomicBool::new(false));
    let sending = {
        let (producer, done) = (producer.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let summary = producer.send_all_records(stream::unfold(0, next)).await;
            done.store(true, Ordering::Release);
            summary
        })
    };
    while !done.load(Ordering::Acquire) {
        tokio::time::sleep(Duration::from_secs(4)).await;
        stage.door.cut_connections();
    }
    let summary = sending.await.unwrap();
    assert_eq!(
        (summary.delivered, summary.failed.len()),
        (EVENTS, 0),
        "{:?}",
        summary.failed.first()
    );
    assert!(producer.close(PATIENCE).await.is_empty());
    let counts = stage.door.counts();
    assert!(counts.faults >= 20 && counts.connections >= 5, "{counts:?}");
    check(&stage);
}

/// A few thousand at a time, so that time passes in which something can go wrong.
async fn next(n: u64) -> Option<(Record, u64)> {
    if n.is_multiple_of(1_000) {
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let record = Record::new(format!("{{\"id\":{n}}}"));
    (n < EVENTS).then(|| (record.with_key(format!("visitor-{}", n % VISITORS)), n + 1))
}

/// Every id once, and the ids of one visitor in the order in which they were sent.
fn check(stage: &Stage) {
    let mut seen = vec![0_u8; EVENTS as usize];
    let mut latest: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    stage.sim.kafka(|store| {
        let arn = store.cluster_arns().next().unwrap().to_owned();
        let landed = store.topic(&arn, topic().as_str()).unwrap();
        for partition in &landed.partitions {
            for record in partition.read(0, usize::MAX).unwrap() {
                let value: serde_json::Value =
                    serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
                let id = value["id"].as_u64().unwrap();
                seen[id as usize] += 1;
                let before = latest.insert(record.key.as_ref().unwrap().to_vec(), id);
                assert!(before.is_none_or(|before| before < id), "{before:?} before {id}");
            }
        }
    });
    assert!(seen.iter().all(|times| *times == 1));
    assert_eq!(latest.len(), VISITORS as usize);
}
