//! Topics: made, described, removed, over the Kafka protocol.
//!
//! MSK Serverless has no other way (its control plane makes topics only on provisioned clusters), and
//! none from outside its network.
//!
//! Every operation opens a connection of its own and runs on a blocking thread: librdkafka's admin calls
//! block, and on a blocking thread a paused test clock does not run ahead of the sockets.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication, TopicResult};
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer, ThreadedProducer};
use tokio::runtime::Handle;
use xacct_types::{
    TopicAdmin, TopicError, TopicErrorKind, TopicFuture, TopicName, TopicSettings, TopicState,
};

use crate::access::KafkaAccess;
use crate::context::IamContext;
use crate::error::{Error, ErrorKind, Needs, TO_DESCRIBE, kind_of, kind_of_code};
use crate::probe;

/// How long the brokers may take to answer one request.
const REQUEST: Duration = Duration::from_secs(10);
/// How often and how many times a new topic is looked at until it can be written to: 30 s in all.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const LOOKS: u32 = 150;

const TO_CREATE: Needs = Needs {
    topic: "kafka-cluster:CreateTopic",
    cluster: "kafka-cluster:CreateTopic",
};
const TO_DELETE: Needs = Needs {
    topic: "kafka-cluster:DeleteTopic",
    cluster: "kafka-cluster:DeleteTopic",
};

/// Administers topics as the identity of a [`KafkaAccess`].
#[derive(Debug, Clone)]
pub struct KafkaTopicAdmin {
    access: KafkaAccess,
}

/// A setting of a topic that is not as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// `partitions` or the name of a configuration.
    pub setting: String,
    /// As asked for.
    pub wanted: String,
    /// As it is; `None` if the cluster would not tell.
    pub found: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = self.found.as_deref().unwrap_or("unknown");
        write!(f, "{} is {found} instead of {}", self.setting, self.wanted)
    }
}

/// Compares a topic with what was asked for. Settings that were not asked for may be anything.
pub fn compare(wanted: &TopicSettings, found: &TopicState) -> Vec<Difference> {
    let partitions = (
        "partitions",
        wanted.partitions.to_string(),
        Some(found.partitions.to_string()),
    );
    let configs = wanted
        .config
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone(), found.config.get(name).cloned()));
    std::iter::once(partitions)
        .chain(configs)
        .filter(|(_, wanted, found)| found.as_ref() != Some(wanted))
        .map(|(setting, wanted, found)| Difference {
            setting: setting.to_owned(),
            wanted,
            found,
        })
        .collect()
}

impl KafkaTopicAdmin {
    /// Administers with this access.
    pub fn new(access: KafkaAccess) -> Self {
        Self { access }
    }

    /// Loads credentials, then works on a blocking thread.
    async fn with_session<T: Send + 'static>(
        &self,
        bootstrap: &str,
        work: impl FnOnce(&Session) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, TopicError> {
        let operation = "administer topics";
        let context = self.access.context().await.map_err(|error| {
            topic_error(Error::new(operation, ErrorKind::NoCredentials).with_source(error))
        })?;
        let config = self.access.client_config(bootstrap);
        let done = tokio::task::spawn_blocking(move || work(&Session::open(&config, context)?)).await;
        match done {
            Ok(done) => done.map_err(topic_error),
            Err(cut_off) => Err(topic_error(
                Error::new(operation, ErrorKind::Closed).with_source(cut_off),
            )),
        }
    }
}

impl TopicAdmin for KafkaTopicAdmin {
    fn describe<'a>(
        &'a self,
        bootstrap: &'a str,
        names: &'a [TopicName],
    ) -> TopicFuture<'a, Vec<TopicState>> {
        let names = names.to_vec();
        Box::pin(self.with_session(bootstrap, move |session| {
            let found = names.iter().map(|name| session.describe(name));
            found.filter_map(Result::transpose).collect()
        }))
    }

    fn create<'a>(&'a self, bootstrap: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        let topic = topic.clone();
        Box::pin(self.with_session(bootstrap, move |session| session.create(&topic)))
    }

    fn delete<'a>(&'a self, bootstrap: &'a str, name: &'a TopicName) -> TopicFuture<'a, ()> {
        let name = name.clone();
        Box::pin(self.with_session(bootstrap, move |session| session.delete(&name)))
    }

    fn end_offsets<'a>(
        &'a self,
        bootstrap: &'a str,
        name: &'a TopicName,
    ) -> TopicFuture<'a, BTreeMap<i32, i64>> {
        let name = name.clone();
        Box::pin(self.with_session(bootstrap, move |session| session.end_offsets(&name)))
    }
}

/// Two clients: one that reports why it cannot connect, and the admin client, which does not.
struct Session {
    reader: ThreadedProducer<IamContext>,
    admin: AdminClient<IamContext>,
    context: IamContext,
    runtime: Handle,
}

impl Session {
    /// Opens both. Blocks, but not for the network.
    fn open(config: &ClientConfig, context: IamContext) -> Result<Self, Error> {
        let failed = |error| {
            let kind = kind_of(&error, &context.trouble, TO_DESCRIBE);
            Error::new("open a client for topics", kind).with_source(error)
        };
        let reader: ThreadedProducer<IamContext> =
            config.create_with_context(context.clone()).map_err(failed)?;
        let admin: AdminClient<IamContext> = config
            .create_with_context(context.for_another_client())
            .map_err(failed)?;
        let no_token =
            |error| Error::new("open a client for topics", ErrorKind::NoCredentials).with_source(error);
        context.set_first_token(reader.client()).map_err(no_token)?;
        context.set_first_token(admin.inner()).map_err(no_token)?;
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

    fn describe(&self, name: &TopicName) -> Result<Option<TopicState>, Error> {
        let mut state = match self.partitions(name) {
            Ok(partitions) => TopicState::new(name.clone(), partitions),
            Err(ErrorKind::TopicMissing) => return Ok(None),
            Err(kind) => return Err(Error::new(format!("describe topic `{name}`"), kind)),
        };
        state.config = self.config(name);
        Ok(Some(state))
    }

    /// The configuration of a topic, or nothing if the role may not read it.
    fn config(&self, name: &TopicName) -> BTreeMap<String, String> {
        let wanted = [ResourceSpecifier::Topic(name.as_str())];
        let described = self
            .runtime
            .block_on(self.admin.describe_configs(&wanted, &options()));
        let resources = described.unwrap_or_else(|error| {
            tracing::debug!(%error, topic = %name, "the topic's configuration is not known");
            Vec::new()
        });
        let entries = resources
            .into_iter()
            .flatten()
            .flat_map(|resource| resource.entries);
        entries
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect()
    }

    fn create(&self, topic: &TopicSettings) -> Result<(), Error> {
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

    fn delete(&self, name: &TopicName) -> Result<(), Error> {
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

    fn end_offsets(&self, name: &TopicName) -> Result<BTreeMap<i32, i64>, Error> {
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
        called: Result<Vec<TopicResult>, rdkafka::error::KafkaError>,
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

    fn refused(&self, operation: &str, code: RDKafkaErrorCode, needs: Needs) -> Error {
        Error::new(operation, kind_of_code(code, &self.context.trouble, needs))
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST))
        .operation_timeout(Some(REQUEST))
}

fn topic_error(error: Error) -> TopicError {
    let kind = match error.kind() {
        ErrorKind::Unreachable { .. } => TopicErrorKind::Unreachable,
        ErrorKind::NoCredentials
        | ErrorKind::AuthenticationRefused { .. }
        | ErrorKind::MissingPermission { .. } => TopicErrorKind::Denied,
        ErrorKind::TimedOut | ErrorKind::Closed => TopicErrorKind::Transient,
        ErrorKind::Other { retryable: true, .. } => TopicErrorKind::Transient,
        _ => TopicErrorKind::Refused,
    };
    let message = error.to_string();
    match std::error::Error::source(&error) {
        // The message says all that ours does; the cause behind it is kept.
        Some(_) => TopicError::new(kind, message).with_source(into_source(error)),
        None => TopicError::new(kind, message),
    }
}

fn into_source(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
    error.into_source().unwrap_or_else(|| "no cause given".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> TopicName {
        name.parse().unwrap()
    }

    #[test]
    fn only_what_was_asked_for_is_compared() {
        let wanted = TopicSettings::new(topic("t"), 3).with_config("retention.ms", "5");
        let mut found = TopicState::new(topic("t"), 3);
        found.config = BTreeMap::from([
            ("retention.ms".to_owned(), "5".to_owned()),
            ("cleanup.policy".to_owned(), "delete".to_owned()),
        ]);
        assert_eq!(compare(&wanted, &found), []);
    }

    #[test]
    fn differences_and_what_the_cluster_keeps_to_itself_are_reported() {
        let wanted = TopicSettings::new(topic("t"), 3).with_config("retention.ms", "5");
        let found = TopicState::new(topic("t"), 2);
        let texts: Vec<String> = compare(&wanted, &found).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "partitions is 2 instead of 3",
                "retention.ms is unknown instead of 5"
            ]
        );
    }

    #[test]
    fn kinds_of_errors_keep_their_meaning() {
        let kind = |kind| topic_error(Error::new("create topic `t`", kind)).kind;
        assert_eq!(
            kind(ErrorKind::Unreachable { said: None }),
            TopicErrorKind::Unreachable
        );
        assert_eq!(
            kind(ErrorKind::MissingPermission { action: "a" }),
            TopicErrorKind::Denied
        );
        assert_eq!(kind(ErrorKind::TimedOut), TopicErrorKind::Transient);
        assert_eq!(
            kind(ErrorKind::TopicRefused { said: String::new() }),
            TopicErrorKind::Refused
        );
    }
}
