//! What other clients of MSK stumble over, one test each.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use msk_clickstream::rdkafka::util::get_rdkafka_version;
use msk_clickstream::{ErrorKind, Headers, Record};
use xacct_sim::{KafkaDoorOptions, KafkaFault, Standing};

use crate::stage::Stage;
use crate::{PATIENCE, builder, create, event, landed, policy, producer, topic};

/// librdkafka#3871, fluent-bit#11211: a client that nobody polls, or that is idle, loses its login.
#[tokio::test]
async fn an_idle_producer_stays_logged_in() {
    let stage = Stage::with_sessions_of(Duration::from_secs(2));
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    producer.send(&event(0)).await.unwrap();
    let before = stage.door.counts();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = stage.door.counts();
    assert!(after.renewals >= before.renewals + 2, "{before:?} {after:?}");
    producer.send(&event(1)).await.unwrap();
    assert_eq!(stage.door.counts().connections, before.connections);
}

/// aws-msk-iam-auth#104: a broker closes the connection of a client whose renewed credentials belong to
/// another session. Endless changes slow a producer down, they do not starve it.
#[tokio::test]
async fn renewed_credentials_of_another_session_lose_nothing() {
    const CHANGES: usize = 2;
    let stage = Stage::with_sessions_of(Duration::from_secs(2));
    create(&stage.administrator(), 1).await;
    let mut sessions = Vec::new();
    for name in ["one", "two"] {
        let role = format!("producer-{name}");
        sessions.push(stage.session_of_role(&role, &policy(&[]), name).await);
    }
    let access = stage.rotating(sessions, Duration::from_secs(4));
    let producer = producer(&access).await;
    let changes = || {
        let refusals = stage.door.refusals();
        let changed = refusals
            .iter()
            .filter(|why| why.contains("Cannot change principals"));
        changed.count()
    };
    let (start, mut sent, mut slowest) = (Instant::now(), 0, Duration::ZERO);
    while changes() < CHANGES {
        assert!(
            start.elapsed() < 2 * PATIENCE,
            "{} changes: {:?}",
            changes(),
            stage.door.refusals()
        );
        let sending = Instant::now();
        producer.send(&event(sent)).await.unwrap();
        slowest = slowest.max(sending.elapsed());
        sent += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(landed(&stage), sent as usize);
    // Each change costs a new connection, which comes three seconds later at most.
    assert!(slowest < Duration::from_secs(15), "{slowest:?}");
}

/// aws-msk-iam-auth#28, franz-go#109: "Too many connects".
#[tokio::test]
async fn a_broker_that_is_away_is_not_stormed() {
    let mut stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    producer.send(&event(0)).await.unwrap();
    let address = stage.door.address();
    stage.close_door();
    let listener = TcpListener::bind(address).unwrap();
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&attempts);
    // Ends with the process.
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counter.fetch_add(1, Ordering::Relaxed);
            drop(connection);
        }
    });
    let pending = producer.try_send(&event(1)).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let attempts = attempts.load(Ordering::Relaxed);
    assert!((1..=10).contains(&attempts), "{attempts}");
    producer.close(Duration::from_millis(200)).await;
    assert_eq!(*pending.await.unwrap_err().error.kind(), ErrorKind::Closed);
}

/// Transactions fail under IAM before Kafka 3.8, and librdkafka#4750 is fixed in 2.5.
#[test]
fn the_client_is_new_enough_and_without_transactions() {
    let stage = Stage::with(Standing::Inside, &KafkaDoorOptions::new());
    let config = builder(&stage.administrator()).client_config();
    assert_eq!(config.get("transactional.id"), None);
    assert_eq!(config.get("enable.idempotence"), Some("true"));
    assert_eq!(config.get("acks"), Some("all"));
    let (number, text) = get_rdkafka_version();
    assert!(number >= 0x0205_0000, "{text}");
}

/// An answer that never comes leaves open whether the event was written, and that is said.
#[tokio::test]
async fn an_event_whose_answers_are_all_lost_is_reported_as_possibly_written() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let impatient = builder(&access).delivery_deadline(Duration::from_secs(3));
    let producer = impatient.connect().await.unwrap();
    stage.door.fault(KafkaFault::LoseAnswer, 1);
    let failure = producer.send(&event(1)).await.unwrap_err();
    assert!(!failure.error.has_no_side_effects(), "{failure}");
    assert!(failure.error.is_retryable(), "{failure}");
    assert_eq!(landed(&stage), 1);
}

/// An answer that is lost once makes the producer send again, and the broker keeps one.
#[tokio::test]
async fn an_answer_that_is_lost_doubles_nothing() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    stage.door.fault(KafkaFault::LoseAnswer, 2);
    for n in 0..2 {
        producer.send(&event(n)).await.unwrap();
    }
    assert_eq!(stage.door.counts().faults, 1);
    assert_eq!(landed(&stage), 2);
}

/// Nobody waits for a failure that comes before its answer is looked at: it must not vanish.
#[tokio::test]
async fn a_failure_that_was_there_before_interest_was_lost_comes_back_from_flush() {
    let stage = Stage::new();
    create(&stage.administrator(), 1).await;
    let access = stage.user("writer", &policy(&["WriteData"]));
    let producer = producer(&access).await;
    let pending = producer.try_send(&event(1)).unwrap();
    producer.flush(PATIENCE).await;
    drop(pending);
    let left = producer.flush(PATIENCE).await;
    assert_eq!(left.failed.len(), 1);
    assert_eq!(
        *left.failed[0].error.kind(),
        ErrorKind::MissingPermission {
            action: "kafka-cluster:WriteData"
        }
    );
}

#[tokio::test]
async fn headers_and_times_arrive_as_they_were_given() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let always = Headers::new().with_schema();
    let producer = builder(&access).headers(always).connect().await.unwrap();
    let at = std::time::UNIX_EPOCH + Duration::from_millis(1_767_323_045_250);
    let traced = Headers::new().with_trace_parent(PARENT).unwrap();
    let record = Record::json(&serde_json::json!({"a": 1})).unwrap();
    let record = record.with_key("k").with_timestamp(at).with_headers(traced);
    producer.send_record(&record).await.unwrap();
    stage.sim.kafka(|store| {
        let arn = store.cluster_arns().next().unwrap().to_owned();
        let landed = &store
            .partition(&arn, topic().as_str(), 0)
            .unwrap()
            .read(0, 1)
            .unwrap()[0];
        assert_eq!(landed.timestamp_ms, 1_767_323_045_250);
        let headers: Vec<(&str, &[u8])> = landed
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref().unwrap()))
            .collect();
        assert_eq!(
            headers,
            [
                ("schema", &b"click-event/1"[..]),
                ("traceparent", PARENT.as_bytes())
            ]
        );
    });
    // A record that comes back can be sent again: it carries its own headers and not the producer's.
    stage.door.fault(KafkaFault::Delay(Duration::from_secs(30)), 1);
    let pending = producer.try_send_record(&record).unwrap();
    producer.close(Duration::from_millis(300)).await;
    assert_eq!(pending.await.unwrap_err().record, record);
}

#[tokio::test]
async fn statistics_tell_brokers_and_batches() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    for n in 0..5 {
        producer.send(&event(n)).await.unwrap();
    }
    let start = Instant::now();
    let statistics = loop {
        assert!(start.elapsed() < PATIENCE);
        match producer.statistics() {
            Some(statistics) if statistics.sent_events >= 5 => break statistics,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let [broker] = statistics.brokers.as_slice() else {
        panic!("{statistics:?}")
    };
    assert_eq!((broker.state.as_str(), broker.disconnects), ("UP", 0));
    assert!(broker.round_trip_p99 > Duration::ZERO);
}
