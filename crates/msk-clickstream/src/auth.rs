//! Authentication of any rdkafka client with IAM.
//!
//! librdkafka asks for a token from its polling thread, synchronously; credentials come from an
//! asynchronous source. The two meet in a cache: a background task loads credentials, the callback
//! signs with what the cache holds and never waits. When the callback sees that the credentials are
//! about to end, it wakes the task. So there is no timer, and nothing happens while nobody asks.
//!
//! The callback is then one set of credentials behind, and may even have nothing to sign with; librdkafka
//! asks again only after ten seconds. So the task hands fresh tokens to this crate's own clients as soon as
//! it has other credentials.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
use aws_smithy_async::time::SharedTimeSource;
use futures_util::future::{Either, select};
use rdkafka::client::{Client, ClientContext, OAuthToken};
use tokio::sync::mpsc;
use xacct_types::Region;

use crate::native;
use crate::token::{LONGEST_LIFE, Token, TokenError};

/// Longest wait for a credential source.
const LOADING_LIMIT: Duration = Duration::from_secs(10);

/// Credentials with less than this left are replaced, when a token is asked for.
const RENEW_BEFORE: Duration = LONGEST_LIFE;

/// Brokers know a client by its token; librdkafka only wants some name.
const PRINCIPAL_NAME: &str = "iam";

/// Makes tokens from credentials that are kept fresh. Cheap to clone; clones share the cache.
#[derive(Debug, Clone)]
pub struct IamAuth {
    cache: Arc<Cache>,
    /// Wakes the task that loads credentials. When the last sender is gone the task ends.
    wake: mpsc::Sender<()>,
}

#[derive(Debug)]
struct Cache {
    region: Region,
    clock: SharedTimeSource,
    held: RwLock<Credentials>,
    /// Clients that get a token when there are other credentials.
    supplied: Mutex<Vec<Weak<dyn TakesTokens>>>,
}

/// A client that takes a token from outside.
pub(crate) trait TakesTokens: std::fmt::Debug + Send + Sync {
    /// Takes a fresh one.
    fn take_token(&self, token: OAuthToken);
}

impl IamAuth {
    /// Loads credentials and keeps them fresh from then on, in a task on the present tokio runtime.
    ///
    /// `clock` must agree with the wall's: librdkafka compares lifetimes with that.
    ///
    /// # Errors
    /// [`AuthError::Credentials`] if there are none, [`AuthError::SlowCredentials`] if the source takes
    /// longer than ten seconds by `sleep`.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(
        region: Region,
        provider: SharedCredentialsProvider,
        clock: SharedTimeSource,
        sleep: Option<SharedAsyncSleep>,
    ) -> Result<Self, AuthError> {
        let held = RwLock::new(load(&provider, sleep.as_ref()).await?);
        let cache = Arc::new(Cache {
            region,
            clock,
            held,
            supplied: Mutex::default(),
        });
        let (wake, woken) = mpsc::channel(1);
        tokio::spawn(keep_fresh(Arc::clone(&cache), woken, provider, sleep));
        Ok(Self { cache, wake })
    }

    /// Hands this client a token whenever there are other credentials, for as long as it lives.
    pub(crate) fn keep_supplied(&self, client: &Arc<dyn TakesTokens>) {
        let mut supplied = self.cache.supplied.lock().unwrap_or_else(PoisonError::into_inner);
        supplied.retain(|client| client.strong_count() > 0);
        supplied.push(Arc::downgrade(client));
    }

    /// A token from the cached credentials. Never waits.
    ///
    /// # Errors
    /// [`AuthError::Token`] if the credentials have expired and no others could be loaded yet.
    pub fn token(&self) -> Result<Token, AuthError> {
        let now = self.cache.clock.now();
        if left(&self.cache.credentials(), now).is_some_and(|left| left < RENEW_BEFORE) {
            // Full means that the task has been told already.
            let _ = self.wake.try_send(());
        }
        self.cache.sign(now).map_err(AuthError::Token)
    }

    /// The token as rdkafka takes it from `ClientContext::generate_oauth_token`.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub fn oauth_token(&self) -> Result<OAuthToken, AuthError> {
        self.token().map(|token| for_librdkafka(&token))
    }

    /// Gives a client its first token, before it connects. An `AdminClient` never asks for one itself.
    ///
    /// # Errors
    /// As [`token`](Self::token); [`AuthError::Refused`] if librdkafka does not take it.
    pub fn set_token<C: ClientContext>(&self, client: &Client<C>) -> Result<(), AuthError> {
        native::set_token(client, self.oauth_token()?).map_err(AuthError::Refused)
    }
}

impl Cache {
    fn credentials(&self) -> Credentials {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn sign(&self, now: SystemTime) -> Result<Token, TokenError> {
        Token::sign(&self.region, &self.credentials(), now)
    }

    /// Keeps these credentials; whether they are others than before.
    fn keep(&self, fresh: Credentials) -> bool {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let others = held.access_key_id() != fresh.access_key_id() || held.expiry() != fresh.expiry();
        *held = fresh;
        others
    }

    fn supplied(&self) -> Vec<Arc<dyn TakesTokens>> {
        let supplied = self.supplied.lock().unwrap_or_else(PoisonError::into_inner);
        supplied.iter().filter_map(Weak::upgrade).collect()
    }
}

fn for_librdkafka(token: &Token) -> OAuthToken {
    OAuthToken {
        lifetime_ms: token.advertised_until_ms(),
        token: token.value().to_owned(),
        principal_name: PRINCIPAL_NAME.to_owned(),
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The source has no credentials.
    #[error("no AWS credentials")]
    Credentials(#[source] CredentialsError),
    /// The source did not answer in ten seconds.
    #[error("the source of AWS credentials did not answer in {} seconds", LOADING_LIMIT.as_secs())]
    SlowCredentials,
    /// No token could be signed.
    #[error("no token for the brokers")]
    Token(#[source] TokenError),
    /// librdkafka did not take the token.
    #[error("the Kafka client refused the token: {0}")]
    Refused(String),
}

/// Loads credentials each time it is woken, until nobody is left to wake it.
async fn keep_fresh(
    cache: Arc<Cache>,
    mut woken: mpsc::Receiver<()>,
    provider: SharedCredentialsProvider,
    sleep: Option<SharedAsyncSleep>,
) {
    while woken.recv().await.is_some() {
        match load(&provider, sleep.as_ref()).await {
            Ok(fresh) => {
                if cache.keep(fresh) {
                    tracing::debug!("other AWS credentials");
                    supply(&cache).await;
                }
            }
            // librdkafka asks again in ten seconds, and that wakes us again.
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "AWS credentials"),
        }
    }
}

/// Hands a token from the present credentials to every client that is supplied. On a blocking thread:
/// the last reference to a client that is just being closed may end there, and that waits for its threads.
async fn supply(cache: &Arc<Cache>) {
    let token = match cache.sign(cache.clock.now()) {
        Ok(token) => token,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "renewed AWS credentials"
            );
            return;
        }
    };
    let clients = cache.supplied();
    let work = move || {
        for client in clients {
            client.take_token(for_librdkafka(&token));
        }
    };
    if let Err(error) = tokio::task::spawn_blocking(work).await {
        tracing::warn!(%error, "clients got no fresh token");
    }
}

async fn load(
    provider: &SharedCredentialsProvider,
    sleep: Option<&SharedAsyncSleep>,
) -> Result<Credentials, AuthError> {
    let loading = async {
        provider
            .provide_credentials()
            .await
            .map_err(AuthError::Credentials)
    };
    match sleep {
        None => loading.await,
        Some(sleep) => within(loading, sleep.sleep(LOADING_LIMIT)).await,
    }
}

async fn within<T>(
    work: impl Future<Output = Result<T, AuthError>>,
    limit: impl Future<Output = ()>,
) -> Result<T, AuthError> {
    match select(pin!(work), pin!(limit)).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(AuthError::SlowCredentials),
    }
}

fn left(credentials: &Credentials, now: SystemTime) -> Option<Duration> {
    let expiry = credentials.expiry()?;
    Some(expiry.duration_since(now).unwrap_or_default())
}
