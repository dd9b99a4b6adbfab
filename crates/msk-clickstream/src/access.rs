//! Who connects, and how: everything about a cluster's clients but the cluster.

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_types::SdkConfig;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use xacct_types::{Invalid, Region};

use crate::auth::{AuthError, IamAuth};
use crate::context::IamContext;

/// How clients connect to the brokers.
#[derive(Debug, Clone)]
pub struct KafkaAccess {
    security: Security,
    ca_pem: Option<String>,
    bootstrap: Option<String>,
    client_id: String,
}

#[derive(Debug, Clone)]
enum Security {
    Iam(Box<Iam>),
    Plaintext,
}

#[derive(Debug, Clone)]
struct Iam {
    region: Region,
    credentials: SharedCredentialsProvider,
    /// Dates tokens.
    clock: SharedTimeSource,
    /// Measures waits, together with `sleep`.
    watch: SharedTimeSource,
    sleep: Option<SharedAsyncSleep>,
}

/// What an `SdkConfig` lacks for connecting with IAM.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// No region is configured.
    #[error("the AWS configuration has no region")]
    NoRegion,
    /// The region is not one.
    #[error("the region of the AWS configuration is malformed")]
    Region(#[source] Invalid),
    /// No source of credentials is configured.
    #[error("the AWS configuration has no credentials provider")]
    NoCredentials,
}

impl KafkaAccess {
    /// Connects with TLS and IAM: SASL_SSL, OAUTHBEARER, tokens for the configuration's region from its
    /// credentials.
    ///
    /// Tokens are dated by the wall's clock, not by the configuration's: librdkafka compares their
    /// lifetimes with it. [`with_token_clock`](Self::with_token_clock) changes that for tests.
    ///
    /// # Errors
    /// [`AccessError`] if the configuration has no region or no credentials provider.
    pub fn iam(config: &SdkConfig) -> Result<Self, AccessError> {
        let region = config.region().ok_or(AccessError::NoRegion)?;
        let iam = Iam {
            region: Region::new(region.as_ref()).map_err(AccessError::Region)?,
            credentials: config.credentials_provider().ok_or(AccessError::NoCredentials)?,
            clock: SharedTimeSource::new(SystemTimeSource::new()),
            watch: config.time_source().unwrap_or_default(),
            sleep: config.sleep_impl(),
        };
        Ok(Self::with(Security::Iam(Box::new(iam))))
    }

    /// Connects without TLS and without identity, for local brokers. Never chosen by itself.
    pub fn plaintext() -> Self {
        Self::with(Security::Plaintext)
    }

    fn with(security: Security) -> Self {
        Self {
            security,
            ca_pem: None,
            bootstrap: None,
            client_id: "msk-clickstream".to_owned(),
        }
    }

    /// Trusts these certificate authorities (PEM, one or more) in place of the system's. For brokers
    /// that are not Amazon's, such as the simulator.
    #[must_use]
    pub fn with_ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.ca_pem = Some(pem.into());
        self
    }

    /// Connects here, whatever brokers the control plane names: through a tunnel or a bastion, or to
    /// the simulator. The brokers' own answers then say where to go on.
    #[must_use]
    pub fn with_bootstrap(mut self, brokers: impl Into<String>) -> Self {
        self.bootstrap = Some(brokers.into());
        self
    }

    /// Shows this name in the brokers' logs and metrics. Default: `msk-clickstream`.
    #[must_use]
    pub fn with_client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = id.into();
        self
    }

    /// Dates tokens by another clock. Does nothing in plaintext mode.
    #[must_use]
    pub fn with_token_clock(mut self, clock: SharedTimeSource) -> Self {
        if let Security::Iam(iam) = &mut self.security {
            iam.clock = clock;
        }
        self
    }

    pub(crate) fn is_iam(&self) -> bool {
        matches!(self.security, Security::Iam(_))
    }

    /// What waits are measured with.
    pub(crate) fn clock(&self) -> SharedTimeSource {
        match &self.security {
            Security::Iam(iam) => iam.watch.clone(),
            Security::Plaintext => SharedTimeSource::default(),
        }
    }

    /// How to wait; by the runtime's timer where the configuration has no other.
    pub(crate) fn sleep(&self) -> SharedAsyncSleep {
        let own = match &self.security {
            Security::Iam(iam) => iam.sleep.clone(),
            Security::Plaintext => None,
        };
        own.unwrap_or_else(|| SharedAsyncSleep::new(TokioSleep::new()))
    }

    /// The configuration of a client of these brokers; add to it what your client needs.
    pub fn client_config(&self, bootstrap: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        // Some reasons why a connection failed are said at this level only; the context repeats none.
        config.set_log_level(RDKafkaLogLevel::Info);
        config
            .set(
                "bootstrap.servers",
                self.bootstrap.as_deref().unwrap_or(bootstrap),
            )
            .set("client.id", &self.client_id)
            // MSK Serverless takes 100 connection attempts a second for the whole cluster.
            .set("reconnect.backoff.ms", "1000")
            // Not longer: a broker that closes connections because renewed credentials belong to another
            // session must not hold events up for the ten seconds that it would come to.
            .set("reconnect.backoff.max.ms", "3000")
            .set("socket.keepalive.enable", "true");
        match &self.security {
            Security::Plaintext => config.set("security.protocol", "plaintext"),
            Security::Iam(_) => config
                .set("security.protocol", "sasl_ssl")
                .set("sasl.mechanisms", "OAUTHBEARER")
                // An OpenSSL that was built into the binary looks for authorities where it was built.
                .set("ssl.ca.location", "probe"),
        };
        if let (Security::Iam(_), Some(pem)) = (&self.security, &self.ca_pem) {
            config.remove("ssl.ca.location").set("ssl.ca.pem", pem);
        }
        config
    }

    /// Loads credentials and gives the context with which clients authenticate. One context serves any
    /// number of clients.
    ///
    /// # Errors
    /// As [`IamAuth::start`]; none in plaintext mode.
    pub async fn context(&self) -> Result<IamContext, AuthError> {
        match &self.security {
            Security::Plaintext => Ok(IamContext::plaintext()),
            Security::Iam(iam) => {
                let Iam {
                    region,
                    credentials,
                    clock,
                    sleep,
                    watch: _,
                } = (**iam).clone();
                IamAuth::start(region, credentials, clock, sleep)
                    .await
                    .map(IamContext::new)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;

    fn config() -> aws_types::sdk_config::Builder {
        SdkConfig::builder().region(aws_types::region::Region::new("eu-west-1"))
    }

    fn iam() -> KafkaAccess {
        let credentials = Credentials::from_keys("a", "b", None);
        KafkaAccess::iam(
            &config()
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .build(),
        )
        .unwrap()
    }

    #[test]
    fn iam_means_tls_with_the_systems_authorities() {
        let config = iam().client_config("b-1:9098");
        assert_eq!(config.get("security.protocol"), Some("sasl_ssl"));
        assert_eq!(config.get("sasl.mechanisms"), Some("OAUTHBEARER"));
        assert_eq!(config.get("ssl.ca.location"), Some("probe"));
        assert_eq!(config.get("bootstrap.servers"), Some("b-1:9098"));
    }

    #[test]
    fn an_override_replaces_brokers_and_authorities() {
        let access = iam().with_bootstrap("127.0.0.1:1").with_ca_pem("PEM");
        let config = access.client_config("b-1:9098");
        assert_eq!(config.get("bootstrap.servers"), Some("127.0.0.1:1"));
        assert_eq!(config.get("ssl.ca.pem"), Some("PEM"));
        assert_eq!(config.get("ssl.ca.location"), None);
    }

    #[test]
    fn a_configuration_without_region_or_credentials_is_refused() {
        let refused = |config: SdkConfig| KafkaAccess::iam(&config).unwrap_err();
        assert!(matches!(
            refused(SdkConfig::builder().build()),
            AccessError::NoRegion
        ));
        assert!(matches!(refused(config().build()), AccessError::NoCredentials));
    }
}
