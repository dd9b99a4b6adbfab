//! Topics: made, described, removed, over the Kafka protocol.
//!
//! MSK Serverless has no other way (its control plane makes topics only on provisioned clusters), and
//! none from outside its network.
//!
//! Every operation opens a connection of its own and runs on a blocking thread: librdkafka's admin calls
//! block, and on a blocking thread a paused test clock does not run ahead of the sockets.

mod session;

use std::collections::BTreeMap;

use xacct_types::{
    TopicAdmin, TopicError, TopicErrorKind, TopicFuture, TopicName, TopicSettings, TopicState,
};

use crate::access::KafkaAccess;
use crate::error::{Error, ErrorKind, no_token};
use session::Session;

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
            let kind = no_token(&error);
            topic_error(Error::new(operation, kind).with_source(error))
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

    fn alter<'a>(&'a self, bootstrap: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        let topic = topic.clone();
        Box::pin(self.with_session(bootstrap, move |session| session.alter(&topic)))
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

fn topic_error(error: Error) -> TopicError {
    let kind = match error.kind() {
        ErrorKind::Unreachable { .. } => TopicErrorKind::Unreachable,
        ErrorKind::NoCredentials
        | ErrorKind::CredentialsExpired
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
    use crate::error::unreachable;

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
        assert_eq!(kind(unreachable(None)), TopicErrorKind::Unreachable);
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
