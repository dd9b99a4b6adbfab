//! Topics against an administrator that remembers what it was asked.

use super::*;
use std::collections::BTreeMap;
use std::sync::Mutex;
use xacct_converge::{Change, explain};
use xacct_tests::clock::virtual_context;
use xacct_types::{ClusterArn, TopicFuture};

const BOOTSTRAP: &str = "boot-a.c1.kafka-serverless.ap-south-1.amazonaws.com:9098";

/// Topics by name, the requests that came, and errors to give first.
#[derive(Default)]
struct Brokers {
    topics: Mutex<BTreeMap<TopicName, TopicState>>,
    asked: Mutex<Vec<String>>,
    errors: Mutex<Vec<TopicErrorKind>>,
}

impl Brokers {
    fn ask(&self, what: String) -> Result<(), TopicError> {
        self.asked.lock().unwrap().push(what);
        match self.errors.lock().unwrap().pop() {
            Some(kind) => Err(TopicError::new(kind, "told to fail")),
            None => Ok(()),
        }
    }

    fn put(&self, topic: &TopicSettings) {
        let mut state = TopicState::new(topic.name.clone(), topic.partitions);
        state.config = topic.config.clone();
        self.topics.lock().unwrap().insert(topic.name.clone(), state);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl TopicAdmin for Brokers {
    fn describe<'a>(&'a self, _: &'a str, names: &'a [TopicName]) -> TopicFuture<'a, Vec<TopicState>> {
        Box::pin(async move {
            self.ask("describe".into())?;
            let topics = self.topics.lock().unwrap();
            Ok(names
                .iter()
                .filter_map(|name| topics.get(name).cloned())
                .collect())
        })
    }

    fn create<'a>(&'a self, bootstrap: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        Box::pin(async move {
            assert_eq!(bootstrap, BOOTSTRAP);
            self.ask(format!("create {}", topic.name))?;
            self.put(topic);
            Ok(())
        })
    }

    fn alter<'a>(&'a self, _: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        Box::pin(async move {
            self.ask(format!("alter {} to {}", topic.name, topic.partitions))?;
            self.put(topic);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, _: &'a str, name: &'a TopicName) -> TopicFuture<'a, ()> {
        Box::pin(async move {
            self.ask(format!("delete {name}"))?;
            self.topics.lock().unwrap().remove(name);
            Ok(())
        })
    }

    fn end_offsets<'a>(&'a self, _: &'a str, _: &'a TopicName) -> TopicFuture<'a, BTreeMap<i32, i64>> {
        Box::pin(async { Ok(BTreeMap::new()) })
    }
}

/// A cluster that is there.
struct Standing;

impl Resource for Standing {
    type Output = ClusterOut;
    fn kind(&self) -> &'static str {
        "test:Cluster"
    }
    fn needs(&self) -> Needs {
        Needs::none()
    }
    fn plan(&self, _: &Inputs<'_>) -> Decision<ClusterOut> {
        let arn = ClusterArn::new("arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/abc-s1").unwrap();
        let mut out = ClusterOut::new(arn);
        out.bootstrap = Some(BOOTSTRAP.into());
        Decision::keep(out).adopted()
    }
    async fn create(&self, _: &Inputs<'_>, _: &Context) -> Result<ClusterOut, Failure> {
        Err(Failure::bug("it is there"))
    }
    async fn delete(&self, _: &ClusterOut, _: &Context) -> Result<(), Failure> {
        Err(Failure::bug("it stays"))
    }
}

fn topic(name: &str, partitions: u32) -> TopicSettings {
    TopicSettings::new(TopicName::new(name).unwrap(), partitions)
}

/// Deploys or removes `topics`; gives the change of the first and what the brokers were asked.
async fn run(brokers: &Arc<Brokers>, topics: &Topics, removal: bool) -> (Change, Vec<String>) {
    let cx = virtual_context();
    let observed = topics.observe(BOOTSTRAP, &cx).await.unwrap();
    let mut graph = Graph::new();
    let cluster = graph.add("cluster", Standing);
    topics.declare(&mut graph, &observed, cluster, &[]);
    let planned = if removal {
        graph.plan_removal()
    } else {
        graph.plan()
    };
    let step = planned
        .plan
        .steps
        .iter()
        .find(|step| step.kind == "Kafka::Topic")
        .unwrap();
    let change = step.change.clone();
    if removal {
        graph.remove(planned, &cx).await.unwrap();
    } else {
        graph.apply(planned, &cx).await.unwrap();
    }
    let asked = brokers.asked().into_iter().filter(|what| what != "describe");
    (change, asked.collect())
}

fn topics(brokers: &Arc<Brokers>, wanted: TopicSettings) -> Topics {
    Topics::new(brokers.clone(), vec![wanted])
}

#[tokio::test]
async fn a_missing_topic_is_made_once() {
    let brokers = Arc::new(Brokers::default());
    let wanted = topics(&brokers, topic("clicks", 3));
    assert_eq!(
        run(&brokers, &wanted, false).await,
        (Change::Create, vec!["create clicks".into()])
    );
    assert_eq!(run(&brokers, &wanted, false).await, (Change::Keep, vec![]));
}

#[tokio::test]
async fn more_partitions_are_added_in_place() {
    let brokers = Arc::new(Brokers::default());
    brokers.put(&topic("clicks", 3));
    let (change, asked) = run(&brokers, &topics(&brokers, topic("clicks", 6)), false).await;
    assert_eq!(change, Change::Update(vec![Reason::differs("partitions", 3, 6)]));
    assert_eq!(asked, ["alter clicks to 6"]);
}

#[tokio::test]
async fn fewer_partitions_need_another_topic_and_say_so() {
    let brokers = Arc::new(Brokers::default());
    brokers.put(&topic("clicks", 6));
    let (change, asked) = run(&brokers, &topics(&brokers, topic("clicks", 3)), false).await;
    assert_eq!(change, Change::Replace(vec![Reason::differs("partitions", 6, 3)]));
    assert_eq!(asked, ["delete clicks", "create clicks"]);
}

#[tokio::test]
async fn a_topic_that_is_kept_is_never_made_anew() {
    let brokers = Arc::new(Brokers::default());
    brokers.put(&topic("clicks", 6));
    let wanted = topics(&brokers, topic("clicks", 3).with_config("retention.ms", "1000"));
    let kept = wanted.on_removal(OnRemoval::Keep);
    assert_eq!(run(&brokers, &kept, false).await, (Change::Keep, vec![]));
    assert_eq!(run(&brokers, &kept, true).await, (Change::Keep, vec![]));
}

#[tokio::test]
async fn settings_that_the_cluster_tells_are_put_right() {
    let brokers = Arc::new(Brokers::default());
    brokers.put(&topic("clicks", 3).with_config("retention.ms", "1000"));
    let wanted = topic("clicks", 3).with_config("retention.ms", "2000");
    let (change, asked) = run(&brokers, &topics(&brokers, wanted), false).await;
    assert_eq!(
        change,
        Change::Update(vec![Reason::differs("retention.ms", 1000, 2000)])
    );
    assert_eq!(asked, ["alter clicks to 3"]);
}

#[tokio::test]
async fn topics_vanish_with_their_cluster_or_are_deleted_by_name() {
    let brokers = Arc::new(Brokers::default());
    brokers.put(&topic("clicks", 3));
    let wanted = topics(&brokers, topic("clicks", 3));
    assert_eq!(run(&brokers, &wanted, true).await, (Change::Delete, vec![]));
    let deleted = wanted.on_removal(OnRemoval::Delete);
    assert_eq!(
        run(&brokers, &deleted, true).await,
        (Change::Delete, vec!["delete clicks".into()])
    );
}

#[tokio::test]
async fn passing_faults_are_tried_again() {
    let brokers = Arc::new(Brokers::default());
    brokers.errors.lock().unwrap().push(TopicErrorKind::Transient);
    let wanted = topics(&brokers, topic("clicks", 3));
    let cx = virtual_context();
    assert!(wanted.observe(BOOTSTRAP, &cx).await.is_ok());
    assert_eq!(brokers.asked().len(), 2);
}

#[tokio::test]
async fn brokers_out_of_reach_are_reported_at_once_and_each_layer_says_its_own() {
    let brokers = Arc::new(Brokers::default());
    brokers.errors.lock().unwrap().push(TopicErrorKind::Unreachable);
    let wanted = topics(&brokers, topic("clicks", 3));
    let failure = wanted.observe(BOOTSTRAP, &virtual_context()).await.unwrap_err();
    assert!(!failure.is_retryable());
    assert_eq!(
        explain(&failure),
        "kafka-admin:DescribeTopics failed: no broker could be reached; topics of a serverless cluster \
         can be made only from inside its network: topic administration: told to fail"
    );
}

#[tokio::test]
async fn a_refusal_names_the_action_and_is_final() {
    let failure = Asked::patiently(TopicError::new(
        TopicErrorKind::Denied,
        "kafka-cluster:CreateTopic is missing",
    ))
    .into_failure("kafka-admin:CreateTopics");
    assert_eq!(failure.class(), Class::Terminal);
    assert!(explain(&failure).contains("kafka-cluster:CreateTopic is missing"));
}
