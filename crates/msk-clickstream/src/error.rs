//! What can go wrong, in words that name the topic, the IAM action or the limit.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::auth::AuthError;
use crate::token::TokenError;
use crate::trouble::Trouble;

/// An operation on the brokers that failed.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    operation: String,
    kind: ErrorKind,
    possibly_written: bool,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {}: {}", self.0.operation, self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There are no usable credentials.
    #[error("there are no usable AWS credentials")]
    NoCredentials,
    /// The credentials have expired, and their source has no others.
    #[error("the AWS credentials have expired")]
    CredentialsExpired,
    /// The brokers do not let this identity in. MSK says no more than "Access denied" whether the
    /// signature, the region or the permission to connect is at fault.
    #[error(
        "the brokers refused the identity ({said}): the credentials are not those of the cluster's account and \
         region, or the role lacks kafka-cluster:Connect"
    )]
    AuthenticationRefused {
        /// What the broker said.
        said: String,
    },
    /// The role lacks an action.
    #[error("the role lacks {action}")]
    MissingPermission {
        /// The IAM action.
        action: &'static str,
    },
    /// The topic is not there, and MSK Serverless does not make it by itself.
    #[error("there is no such topic")]
    TopicMissing,
    /// The cluster does not take the topic's name or settings.
    #[error("the cluster refuses the topic: {said}")]
    TopicRefused {
        /// What the broker said.
        said: String,
    },
    /// The event is larger than its destination takes.
    #[error("{size} bytes are more than {limited_by} takes")]
    TooLarge {
        /// Size of the event in bytes.
        size: usize,
        /// Who sets the limit.
        limited_by: Limit,
    },
    /// No broker answers: wrong network, closed port, name not resolved, no TLS.
    #[error("no broker answers: {hop}{}", said.as_ref().map(|said| format!(" ({said})")).unwrap_or_default())]
    Unreachable {
        /// Where the way ends.
        hop: Hop,
        /// What the last attempt met, if known.
        said: Option<String>,
    },
    /// Brokers were reached but did not answer in time.
    #[error("the brokers did not answer in time")]
    TimedOut,
    /// The buffer is full; [`try_send`](crate::ClickstreamProducer::try_send) does not wait for space.
    #[error("the buffer is full")]
    BufferFull,
    /// The quotas of the cluster are used up; [`try_send`](crate::ClickstreamProducer::try_send) does not
    /// wait until they are not.
    #[error("the quota of the cluster is used up for {} ms", wait.as_millis())]
    Paced {
        /// How long to wait.
        wait: Duration,
    },
    /// The producer was closed before the event was delivered.
    #[error("the producer was closed")]
    Closed,
    /// The event cannot be written as JSON.
    #[error("the event cannot be written as JSON")]
    Encoding,
    /// A setting that librdkafka does not take.
    #[error("the client refuses its configuration: {said}")]
    Configuration {
        /// What librdkafka said.
        said: String,
    },
    /// Anything else that a broker or librdkafka answers.
    #[error("{said}")]
    Other {
        /// The answer.
        said: String,
        /// Whether another try may succeed.
        retryable: bool,
    },
}

/// Where the way to a broker ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hop {
    /// The broker's name has no address here.
    Name,
    /// No TCP connection: the network, a security group, the port.
    Connection,
    /// A connection, but no TLS on it.
    Tls,
    /// TLS as wanted, or none, but what answers does not speak Kafka like that.
    Protocol,
    /// Not known.
    Unknown,
}

impl std::fmt::Display for Hop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Name => "its name has no address here",
            Self::Connection => "no connection; look at routes, security groups and the port",
            Self::Tls => "no TLS; the port is one without it, or the certificate is not trusted",
            Self::Protocol => "closed without an answer; the port may be one with TLS or another login",
            Self::Unknown => "nothing is known of the way",
        })
    }
}

impl Hop {
    /// Read from librdkafka's words.
    fn of(said: &str) -> Self {
        let said = said.to_ascii_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if any(&["failed to resolve"]) {
            Self::Name
        } else if any(&["ssl handshake", "ssl://", "certificate"]) && !any(&["connect to ", "timed out"]) {
            Self::Tls
        } else if any(&["connect to ", "connection setup timed out", "refused"]) {
            Self::Connection
        } else if any(&["apiversion", "disconnected", "incorrect security.protocol"]) {
            Self::Protocol
        } else {
            Self::Unknown
        }
    }
}

/// Who limits the size of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Amazon Redshift ingests records of at most 16,777,216 bytes and skips larger ones.
    Redshift,
    /// The topic's `max.message.bytes`; at most 8 MiB on MSK Serverless.
    Topic,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Redshift => "Amazon Redshift",
            Self::Topic => "the topic",
        })
    }
}

impl Error {
    pub(crate) fn new(operation: impl Into<String>, kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            operation: operation.into(),
            kind,
            possibly_written: false,
            source: None,
        }))
    }

    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    #[must_use]
    pub(crate) fn possibly_written_if(mut self, possibly: bool) -> Self {
        self.0.possibly_written = possibly;
        self
    }

    pub(crate) fn into_source(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        self.0.source
    }

    /// Why it failed.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Whether the same call may succeed later, with nothing changed by hand.
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Unreachable { .. }
            | ErrorKind::TimedOut
            | ErrorKind::BufferFull
            | ErrorKind::Paced { .. } => true,
            ErrorKind::Other { retryable, .. } => *retryable,
            _ => false,
        }
    }

    /// Whether nothing was written. If not, an event may be in the topic although no broker said so:
    /// sending it again may double it.
    pub fn has_no_side_effects(&self) -> bool {
        !self.0.possibly_written
    }
}

/// Actions that explain a refusal, by what was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    /// On the topic.
    pub(crate) topic: &'static str,
    /// On the cluster.
    pub(crate) cluster: &'static str,
}

pub(crate) const TO_DESCRIBE: Needs = Needs {
    topic: "kafka-cluster:DescribeTopic",
    cluster: "kafka-cluster:Connect",
};
pub(crate) const TO_WRITE: Needs = Needs {
    topic: "kafka-cluster:WriteData",
    cluster: "kafka-cluster:WriteDataIdempotently",
};

/// The kind of an error of librdkafka. What its callbacks have reported explains timeouts.
pub(crate) fn kind_of(error: &KafkaError, trouble: &Trouble, needs: Needs) -> ErrorKind {
    match error {
        KafkaError::ClientConfig(_, description, name, value) => ErrorKind::Configuration {
            said: format!("{description}: {name}={value}"),
        },
        KafkaError::ClientCreation(said) | KafkaError::AdminOpCreation(said) => {
            ErrorKind::Configuration { said: said.clone() }
        }
        KafkaError::Nul(_) => ErrorKind::TopicRefused {
            said: "its name holds a NUL".to_owned(),
        },
        other => match other.rdkafka_error_code() {
            Some(code) => kind_of_code(code, trouble, needs),
            None => ErrorKind::Other {
                said: other.to_string(),
                retryable: false,
            },
        },
    }
}

pub(crate) fn kind_of_code(code: RDKafkaErrorCode, trouble: &Trouble, needs: Needs) -> ErrorKind {
    use RDKafkaErrorCode as Code;
    match code {
        Code::TopicAuthorizationFailed => ErrorKind::MissingPermission { action: needs.topic },
        Code::ClusterAuthorizationFailed => ErrorKind::MissingPermission {
            action: needs.cluster,
        },
        Code::Authentication | Code::SaslAuthenticationFailed => ErrorKind::AuthenticationRefused {
            said: trouble
                .authentication()
                .unwrap_or_else(|| "no reason given".to_owned()),
        },
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            ErrorKind::TopicMissing
        }
        Code::InvalidTopic
        | Code::InvalidConfig
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::PolicyViolation => ErrorKind::TopicRefused {
            said: code.to_string(),
        },
        Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::MessageBatchTooLarge => {
            ErrorKind::TooLarge {
                size: 0,
                limited_by: Limit::Topic,
            }
        }
        Code::BrokerTransportFailure | Code::AllBrokersDown | Code::Resolve | Code::SSL => {
            unanswered(trouble, unreachable(None))
        }
        Code::OperationTimedOut | Code::MessageTimedOut | Code::RequestTimedOut | Code::TimedOutQueue => {
            unanswered(trouble, ErrorKind::TimedOut)
        }
        Code::QueueFull => ErrorKind::BufferFull,
        Code::PurgeQueue | Code::PurgeInflight | Code::BrokerDestroy => ErrorKind::Closed,
        _ => ErrorKind::Other {
            said: code.to_string(),
            retryable: is_transient(code),
        },
    }
}

/// Nobody answers, as far as the last attempt came.
pub(crate) fn unreachable(said: Option<String>) -> ErrorKind {
    ErrorKind::Unreachable {
        hop: said.as_deref().map_or(Hop::Unknown, Hop::of),
        said,
    }
}

/// Why there is no token, in one word.
pub(crate) fn no_token(error: &AuthError) -> ErrorKind {
    match error {
        AuthError::Token(TokenError::CredentialsExpired) => ErrorKind::CredentialsExpired,
        _ => ErrorKind::NoCredentials,
    }
}

/// librdkafka shows a refused identity and a dead network alike, as an operation that ran out of
/// time; what it reported on the way tells them apart.
fn unanswered(trouble: &Trouble, otherwise: ErrorKind) -> ErrorKind {
    match (trouble.authentication(), trouble.network()) {
        (Some(said), _) => ErrorKind::AuthenticationRefused { said },
        (None, Some(said)) => unreachable(Some(said)),
        (None, None) => otherwise,
    }
}

/// Codes for which Kafka's own clients try again.
fn is_transient(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::BrokerNotAvailable
            | Code::NetworkException
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::NotController
            | Code::ThrottlingQuotaExceeded
            | Code::KafkaStorageError
            | Code::Retry
            | Code::InvalidMessage
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// librdkafka's words for each way to fail.
    #[test]
    fn the_hop_is_read_from_what_librdkafka_says() {
        let cases = [
            (
                "sasl_ssl://nowhere.example:9098/bootstrap: Failed to resolve 'nowhere.example:9098': Name or service not known (after 7ms in state CONNECT)",
                Hop::Name,
            ),
            (
                "sasl_ssl://127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
                Hop::Connection,
            ),
            (
                "sasl_ssl://10.0.0.1:9098/bootstrap: Connection setup timed out in state CONNECT (after 30028ms in state CONNECT)",
                Hop::Connection,
            ),
            (
                "sasl_ssl://127.0.0.1:9092/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener? (after 2ms in state SSL_HANDSHAKE)",
                Hop::Tls,
            ),
            (
                "sasl_ssl://127.0.0.1:9092/bootstrap: SSL handshake failed: ssl/statem/statem_clnt.c:1889:: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified",
                Hop::Tls,
            ),
            (
                "127.0.0.1:9098/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10",
                Hop::Protocol,
            ),
        ];
        for (said, hop) in cases {
            assert_eq!(Hop::of(said), hop, "{said}");
        }
    }
}
