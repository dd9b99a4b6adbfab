//! The clients of one administrative operation. Everything here blocks.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigEntry, ConfigSource, NewPartitions, NewTopic,
    ResourceSpecifier, TopicReplication, TopicResult,
};
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{Producer, ThreadedProducer};
use tokio::runtime::Handle;
use xacct_types::{TopicName, TopicSettings, TopicState};

use crate::auth::AuthError;
use crate::context::IamContext;
use crate::error::{Error, ErrorKind, Needs, TO_DESCRIBE, kind_of, kind_of_code, no_token};
use crate::probe;

/// How long the brokers may take to answer one request.
const REQUEST: Duration = Duration::from_secs(10);
/// How often and how many times a new topic is looked at until it can be written to: 30 s in all.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const LOOKS: u32 = 150;
/// The same for settings that were changed: 4 s in all.
const CHANGE_LOOKS: u32 = 20;

const TO_CREATE: Needs = Needs {
    topic: "kafka-cluster:CreateTopic",
    cluster: "kafka-cluster:CreateTopic",
};
const TO_READ_CONFIGURATION: Needs = Needs {
    topic: "kafka-cluster:DescribeTopicDynamicConfiguration",
    cluster: "kafka-cluster:DescribeTopicDynamicConfiguration",
};
const TO_DELETE: Needs = Needs {
    topic: "kafka-cluster:DeleteTopic",
    cluster: "kafka-cluster:DeleteTopic",
};
const TO_GROW: Needs = Needs {
    topic: "kafka-cluster:AlterTopic",
    cluster: "kafka-cluster:AlterTopic",
};
const TO_CONFIGURE: Needs = Needs {
    topic: "kafka-cluster:AlterTopicDynamicConfiguration",
    cluster: "kafka-cluster:AlterTopicDynamicConfiguration",
};

/// Two clients: one that reports why it cannot connect, and the admin client, which does not.
pub(super) struct Session {
    reader: ThreadedProducer<IamContext>,
    admin: AdminClient<IamContext>,
    context: IamContext,
    runtime: Handle,
}

impl Session {
    /// Opens both. Blocks, but not for the network.
    pub(super) fn open(config: &ClientConfig, context: IamContext) -> Result<Self, Error> {
        let failed = |error| {
            let kind = kind_of(&error, &context.trouble, TO_DESCRIBE);
            Error::new("open a client for topics", kind).with_source(error)
        };
        let reader: ThreadedProducer<IamContext> =
            config.create_with_context(context.clone()).map_err(failed)?;
        let admin: AdminClient<IamContext> = config
            .create_with_context(context.for_another_client())
            .map_err(failed)?;
        let unsigned = |error: AuthError| {
            let kind = no_token(&error);
            Error::new("open a client for topics", kind).with_source(error)
        };
        context.set_first_token(reader.client()).map_err(unsigned)?;
        context.set_first_token(admin.inner()).map_err(unsigned)?;
        Ok(Self {
            reader,
            admin,
            context,
            runtime: Handle::current(),
        })
    }

    fn client(&self) -> &Client<IamContext> {
        self.reader.client()
    }

    fn partitions(&self, name: &TopicName) -> Result<u32, ErrorKind> {
        probe::partitions(self.client(), &self.context.trouble, name.as_str(), REQUEST)
    }

    pub(super) fn describe(&self, name: &TopicName) -> Result<Option<TopicState>, Error> {
        let mut state = match self.partitions(name) {
            Ok(partitions) => TopicState::new(name.clone(), partitions),
            Err(ErrorKind::TopicMissing) => return Ok(None),
            Err(kind) => return Err(Error::new(format!("describe topic `{name}`"), kind)),
        };
        state.config = self.config(name);
        Ok(Some(state))
    }

    fn config(&self, name: &TopicName) -> BTreeMap<String, String> {
        let entries = self.entries(name).unwrap_or_else(|kind| {
            tracing::debug!(%kind, topic = %name, "the topic's configuration is not known");
            Vec::new()
        });
        entries
            .into_iter()
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect()
    }

    /// The configuration of a topic, with where each setting is from.
    fn entries(&self, name: &TopicName) -> Result<Vec<ConfigEntry>, ErrorKind> {
        let wanted = [ResourceSpecifier::Topic(name.as_str())];
        let described = self
            .runtime
            .block_on(self.admin.describe_configs(&wanted, &options()));
        let resources =
            described.map_err(|error| kind_of(&error, &self.context.trouble, TO_READ_CONFIGURATION))?;
        match resources.into_iter().next() {
            // A topic has settings; the binding drops the error that came in their place.
            Some(Ok(resource)) if resource.entries.is_empty() => Err(ErrorKind::MissingPermission {
                action: TO_READ_CONFIGURATION.topic,
            }),
            Some(Ok(resource)) => Ok(resource.entries),
            Some(Err(code)) => Err(kind_of_code(code, &self.context.trouble, TO_READ_CONFIGURATION)),
            None => Err(ErrorKind::TimedOut),
        }
    }

    pub(super) fn create(&self, topic: &TopicSettings) -> Result<(), Error> {
        let operation = format!("create topic `{}`", topic.name);
        // Finds out why nobody answers, if so, which the admin client would not say.
        self.reach(&topic.name, &operation)?;
        let partitions = i32::try_from(topic.partitions).unwrap_or(i32::MAX);
        let mut new = NewTopic::new(topic.name.as_str(), partitions, TopicReplication::Fixed(-1));
        for (name, value) in &topic.config {
            new = new.set(name, value);
        }
        let made = self
            .runtime
            .block_on(self.admin.create_topics([&new], &options()));
        match self.outcome(made, &operation, TO_CREATE)? {
            Ok(()) | Err(RDKafkaErrorCode::TopicAlreadyExists) => self.wait_until_usable(&topic.name),
            Err(code) => Err(self.refused(&operation, code, TO_CREATE)),
        }
    }

    fn wait_until_usable(&self, name: &TopicName) -> Result<(), Error> {
        let mut last = ErrorKind::TimedOut;
        for _ in 0..LOOKS {
            match self.partitions(name) {
                Ok(1..) => return Ok(()),
                // Brokers learn of a topic one after the other.
                Ok(0) => {}
                Err(kind @ (ErrorKind::TopicMissing | ErrorKind::Other { retryable: true, .. })) => {
                    last = kind
                }
                Err(kind) => return Err(Error::new(format!("use topic `{name}`"), kind)),
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Err(Error::new(format!("use topic `{name}`"), last))
    }

    pub(super) fn alter(&self, topic: &TopicSettings) -> Result<(), Error> {
        let operation = format!("alter topic `{}`", topic.name);
        let failed = |kind| Error::new(operation.as_str(), kind);
        let present = self.partitions(&topic.name).map_err(failed)?;
        if topic.partitions < present {
            let said = format!("it has {present} partitions and Kafka never takes one away");
            return Err(failed(ErrorKind::TopicRefused { said }));
        }
        if topic.partitions > present {
            self.add_partitions(topic, &operation)?;
        }
        self.change_config(topic, &operation)
    }

    fn add_partitions(&self, topic: &TopicSettings, operation: &str) -> Result<(), Error> {
        let count = usize::try_from(topic.partitions).unwrap_or(usize::MAX);
        let grown = NewPartitions::new(topic.name.as_str(), count);
        let grown = self
            .runtime
            .block_on(self.admin.create_partitions([&grown], &options()));
        let refused = |code| self.refused(operation, code, TO_GROW);
        self.outcome(grown, operation, TO_GROW)?.map_err(refused)
    }

    /// Sets what differs. librdkafka's call replaces all settings of a topic, so those that stay are
    /// sent along.
    fn change_config(&self, topic: &TopicSettings, operation: &str) -> Result<(), Error> {
        if topic.config.is_empty() {
            return Ok(());
        }
        // Settings that were not read would be reset.
        let present = self.entries(&topic.name);
        let present = present.map_err(|kind| Error::new(operation, kind))?;
        let value = |name: &str| present.iter().find(|entry| entry.name == name)?.value.as_deref();
        if topic
            .config
            .iter()
            .all(|(name, wanted)| value(name) == Some(wanted))
        {
            return Ok(());
        }
        let kept = present.iter().filter(|entry| {
            entry.source == ConfigSource::DynamicTopic && !topic.config.contains_key(&entry.name)
        });
        let kept = kept.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)));
        let wanted = topic
            .config
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(topic.name.as_str()));
        for (name, value) in kept.chain(wanted) {
            change = change.set(name, value);
        }
        let changed = self
            .runtime
            .block_on(self.admin.alter_configs([&change], &options()));
        changed.map_err(|error| self.failed(operation, error, TO_CONFIGURE))?;
        self.wait_until_changed(topic, operation)
    }

    /// The binding does not tell whether a broker took the settings (rdkafka 0.39 reads no result of
    /// `AlterConfigs`), so they are read again.
    fn wait_until_changed(&self, topic: &TopicSettings, operation: &str) -> Result<(), Error> {
        let mut kept = String::new();
        for _ in 0..CHANGE_LOOKS {
            let present = self.entries(&topic.name);
            let present = present.map_err(|kind| Error::new(operation, kind))?;
            let value = |name: &str| present.iter().find(|entry| entry.name == name)?.value.as_deref();
            let other = topic
                .config
                .iter()
                .find(|(name, wanted)| value(name) != Some(wanted));
            let Some((name, _)) = other else { return Ok(()) };
            kept = format!("{name} stays {}", value(name).unwrap_or("unset"));
            std::thread::sleep(LOOK_AGAIN);
        }
        let action = TO_CONFIGURE.topic;
        let said = format!("{kept}: the value is not taken, or the role lacks {action}");
        Err(Error::new(operation, ErrorKind::TopicRefused { said }))
    }

    pub(super) fn delete(&self, name: &TopicName) -> Result<(), Error> {
        let operation = format!("delete topic `{name}`");
        self.reach(name, &operation)?;
        let deleted = self
            .runtime
            .block_on(self.admin.delete_topics(&[name.as_str()], &options()));
        match self.outcome(deleted, &operation, TO_DELETE)? {
            Ok(()) | Err(RDKafkaErrorCode::UnknownTopicOrPartition) => Ok(()),
            Err(code) => Err(self.refused(&operation, code, TO_DELETE)),
        }
    }

    pub(super) fn end_offsets(&self, name: &TopicName) -> Result<BTreeMap<i32, i64>, Error> {
        let failed = |kind| Error::new(format!("read the end of topic `{name}`"), kind);
        let partitions = self.partitions(name).map_err(failed)?;
        let partitions = 0..i32::try_from(partitions).unwrap_or(i32::MAX);
        let ends = partitions.map(|partition| {
            let (_, end) = self
                .client()
                .fetch_watermarks(name.as_str(), partition, REQUEST)
                .map_err(|error| {
                    failed(kind_of(&error, &self.context.trouble, TO_DESCRIBE)).with_source(error)
                })?;
            Ok((partition, end))
        });
        ends.collect()
    }

    /// Waits for brokers that let this identity in, whatever they say about the topic.
    fn reach(&self, name: &TopicName, operation: &str) -> Result<(), Error> {
        let asked = probe::metadata(self.client(), &self.context.trouble, Some(name.as_str()), REQUEST);
        asked.map(|_| ()).map_err(|kind| Error::new(operation, kind))
    }

    /// The only result of a call about one topic.
    fn outcome(
        &self,
        called: Result<Vec<TopicResult>, KafkaError>,
        operation: &str,
        needs: Needs,
    ) -> Result<Result<(), RDKafkaErrorCode>, Error> {
        let results = called.map_err(|error| {
            Error::new(operation, kind_of(&error, &self.context.trouble, needs)).with_source(error)
        })?;
        let result = results.into_iter().next();
        let result = result.ok_or_else(|| Error::new(operation, ErrorKind::TimedOut))?;
        Ok(result.map(|_| ()).map_err(|(_, code)| code))
    }

    fn failed(&self, operation: &str, error: KafkaError, needs: Needs) -> Error {
        Error::new(operation, kind_of(&error, &self.context.trouble, needs)).with_source(error)
    }

    fn refused(&self, operation: &str, code: RDKafkaErrorCode, needs: Needs) -> Error {
        Error::new(operation, kind_of_code(code, &self.context.trouble, needs))
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST))
        .operation_timeout(Some(REQUEST))
}
