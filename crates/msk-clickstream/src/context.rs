//! The context that rdkafka clients of every kind are made with.

use std::sync::Arc;

use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use crate::auth::{AuthError, IamAuth, TakesTokens};
use crate::trouble::Trouble;

/// Answers the callbacks of a client: tokens from cached credentials, errors and log lines to `tracing`.
///
/// For consumers and producers of your own, and for admin clients after
/// [`set_first_token`](Self::set_first_token). Cheap to clone.
#[derive(Debug, Clone)]
pub struct IamContext {
    auth: Option<IamAuth>,
    pub(crate) trouble: Trouble,
}

impl IamContext {
    /// A context that authenticates.
    pub fn new(auth: IamAuth) -> Self {
        Self {
            auth: Some(auth),
            trouble: Trouble::default(),
        }
    }

    /// A context for brokers that ask for no identity.
    pub fn plaintext() -> Self {
        Self {
            auth: None,
            trouble: Trouble::default(),
        }
    }

    /// The same identity for another client, whose troubles are its own.
    pub(crate) fn for_another_client(&self) -> Self {
        Self {
            auth: self.auth.clone(),
            trouble: Trouble::default(),
        }
    }

    /// Gives this client its token whenever credentials were renewed, for as long as it lives.
    pub(crate) fn keep_supplied(&self, client: &Arc<dyn TakesTokens>) {
        if let Some(auth) = &self.auth {
            auth.keep_supplied(client);
        }
    }

    /// Gives a new client its token before it connects; nothing to do where no identity is asked for.
    ///
    /// # Errors
    /// As [`IamAuth::set_token`].
    pub fn set_first_token<C: ClientContext>(&self, client: &Client<C>) -> Result<(), AuthError> {
        self.auth.as_ref().map_or(Ok(()), |auth| auth.set_token(client))
    }
}

impl ClientContext for IamContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.trouble.hear(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.trouble.note(&error, reason);
    }

    fn generate_oauth_token(
        &self,
        _oauthbearer_config: Option<&str>,
    ) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let auth = self
            .auth
            .as_ref()
            .ok_or("the client is configured for OAUTHBEARER, its context is not")?;
        Ok(auth.oauth_token()?)
    }
}

impl ConsumerContext for IamContext {}

/// For producers whose owner does not look at deliveries, such as a client that only reads metadata.
impl ProducerContext for IamContext {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): ()) {}
}
