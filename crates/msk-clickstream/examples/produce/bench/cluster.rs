//! What the measurement runs against: a real broker if one is installed, else the simulator's door.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use msk_clickstream::{KafkaAccess, KafkaTopicAdmin};
use xacct_types::{TopicAdmin, TopicSettings};

use crate::Failure;

#[path = "../../../tests/apache_kafka/mod.rs"]
mod apache_kafka;
#[path = "../../../tests/stage/mod.rs"]
mod stage;

use apache_kafka::{ApacheKafka, Key, WRITER};
use stage::{Rotating, Stage};

/// Partitions of every topic here.
pub(crate) const PARTITIONS: u32 = 6;

pub(crate) enum Cluster {
    Kafka(ApacheKafka, Vec<Key>),
    Simulator(Stage),
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let keys = vec![Key::new("AKIDONE", WRITER), Key::new("AKIDTWO", WRITER)];
        match apache_kafka::or_skip("measuring on a real broker") {
            Some(place) => {
                let hour = Duration::from_secs(3_600);
                Self::Kafka(ApacheKafka::start(place, hour, &keys), keys)
            }
            None => Self::Simulator(Stage::new()),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Kafka(..) => "apache-kafka 3.9",
            Self::Simulator(_) => "simulator",
        }
    }

    pub(crate) fn access(&self) -> KafkaAccess {
        match self {
            Self::Kafka(broker, keys) => broker.access(SharedCredentialsProvider::new(keys[0].credentials())),
            Self::Simulator(stage) => stage.administrator(),
        }
    }

    /// Access with credentials that live only this long.
    pub(crate) fn short_lived(&self, life: Duration) -> KafkaAccess {
        match self {
            Self::Kafka(broker, keys) => {
                let all = keys.iter().map(Key::credentials).collect();
                broker.access(SharedCredentialsProvider::new(Rotating::new(all, life)))
            }
            Self::Simulator(stage) => stage.rotating(vec![stage.administrator_credentials()], life),
        }
    }

    pub(crate) async fn make(&self, topic: &str) -> Result<(), Failure> {
        let admin = KafkaTopicAdmin::new(self.access());
        let settings = TopicSettings::new(topic.parse()?, PARTITIONS);
        Ok(admin.create("unused:9098", &settings).await?)
    }

    /// How often each id of `ids` landed.
    pub(crate) fn landed(&self, topic: &str) -> BTreeMap<String, u64> {
        let mut times = BTreeMap::new();
        let mut count = |value: &str| {
            let id = value.split("\"id\":\"").nth(1).and_then(|rest| rest.get(..36));
            *times.entry(id.unwrap_or_default().to_owned()).or_default() += 1;
        };
        match self {
            Self::Kafka(broker, _) => {
                broker
                    .read_back(topic, 80)
                    .iter()
                    .for_each(|landed| count(&landed.value));
            }
            Self::Simulator(stage) => stage.sim.kafka(|store| {
                let arn = store.cluster_arns().next().unwrap_or_default().to_owned();
                let partitions = store.topic(&arn, topic).map(|topic| topic.partitions.as_slice());
                for partition in partitions.unwrap_or_default() {
                    for record in partition.read(0, usize::MAX).unwrap_or_default() {
                        count(&String::from_utf8_lossy(
                            record.value.as_deref().unwrap_or_default(),
                        ));
                    }
                }
            }),
        }
        times
    }
}
