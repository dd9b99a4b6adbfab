//! Thousands of tasks on one producer, and brokers that take their time.

use std::time::{Duration, Instant};

use msk_clickstream::{Delivery, ErrorKind, SendError};
use tokio::task::JoinSet;
use xacct_sim::KafkaFault;

use crate::stage::Stage;
use crate::{PATIENCE, builder, create, event, landed, producer};

const TASKS: u32 = 10_000;

/// A broker that takes this long to answer.
const SLOW: Duration = Duration::from_secs(10);

fn send_from_everywhere(
    producer: &msk_clickstream::ClickstreamProducer,
) -> JoinSet<Result<Delivery, SendError>> {
    let mut tasks = JoinSet::new();
    for n in 0..TASKS {
        let producer = producer.clone();
        tasks.spawn(async move { producer.send(&event(n)).await });
    }
    tasks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_share_a_buffer_that_holds_a_few_hundred_events() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 3).await;
    let small = builder(&access).buffer_bytes(256 * 1024);
    let producer = small.connect().await.unwrap();
    let tasks = send_from_everywhere(&producer);
    let ends = tokio::time::timeout(PATIENCE, tasks.join_all()).await.unwrap();
    assert!(ends.iter().all(Result::is_ok));
    assert!(producer.close(PATIENCE).await.is_empty());
    assert_eq!(landed(&stage), TASKS as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_answers_after_ten_seconds_holds_nobody_up_for_good() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    let producer = producer(&access).await;
    stage.door.fault(KafkaFault::Delay(SLOW), 1);
    let tasks = send_from_everywhere(&producer);
    while stage.door.counts().faults == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.door.heal();
    let ends = tokio::time::timeout(SLOW + PATIENCE, tasks.join_all())
        .await
        .unwrap();
    assert!(ends.iter().all(Result::is_ok));
    assert_eq!(landed(&stage), TASKS as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_while_nobody_answers_keeps_its_deadline_and_hands_every_event_back() {
    let stage = Stage::new();
    let access = stage.administrator();
    create(&access, 1).await;
    // Some of the tasks still wait for space.
    let producer = builder(&access)
        .buffer_bytes(1024 * 1024)
        .connect()
        .await
        .unwrap();
    stage.door.fault(KafkaFault::Delay(SLOW), 1);
    let tasks = send_from_everywhere(&producer);
    while stage.door.counts().faults == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let start = Instant::now();
    let left = producer.close(Duration::from_secs(2)).await;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(
        left.is_empty(),
        "each event has a task that waits for it: {left:?}"
    );

    let ends = tokio::time::timeout(PATIENCE, tasks.join_all()).await.unwrap();
    let (delivered, refused): (Vec<_>, Vec<_>) = ends.into_iter().partition(Result::is_ok);
    assert_eq!(delivered.len() + refused.len(), TASKS as usize);
    let refused: Vec<SendError> = refused.into_iter().filter_map(Result::err).collect();
    for failure in &refused {
        assert_eq!(*failure.error.kind(), ErrorKind::Closed, "{failure}");
        assert!(!failure.record.payload.is_empty());
    }
    // What the slow broker has may be in the topic; what never left the buffer is not.
    let sure = refused
        .iter()
        .filter(|failure| failure.error.has_no_side_effects());
    assert!(landed(&stage) <= TASKS as usize - sure.count());
}
