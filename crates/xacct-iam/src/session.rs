//! Sessions of roles as configurations.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::Client;
use aws_types::SdkConfig;
use std::fmt;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;
use xacct_converge::smithy::{ConfigClock, control_plane};
use xacct_converge::{Class, Context, Failure};
use xacct_types::{Invalid, RoleArn};

/// New credentials are fetched when the old ones have this long to live: long
/// enough for a call that is being retried, short against the hour of a chained session.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);

/// A configuration whose calls are made as `role`.
///
/// Everything but the credentials is taken over from `base`, whose clock also
/// decides when the session is renewed. Nothing is called before the first
/// credentials are needed. Sessions last an hour: the most that AWS gives when
/// `base` is itself a role's session.
///
/// `session_name` appears in audit trails, 2 to 64 characters of `[A-Za-z0-9_=,.@-]`
/// and `+`; `external_id` is what the role's trust policy may ask for.
///
/// # Errors
/// [`Invalid`] where the session's name or the external id holds a character
/// that STS refuses, or is too short or too long.
pub fn assume(
    base: &SdkConfig,
    role: &RoleArn,
    external_id: Option<&str>,
    session_name: &str,
) -> Result<SdkConfig, Invalid> {
    check("session name", session_name, 64, b"_+=,.@-")?;
    if let Some(id) = external_id {
        check("external id", id, 1_224, b"_+=,.@:/-")?;
    }
    let provider = AssumedRole {
        client: Client::new(&control_plane(base)),
        cx: Context::new(ConfigClock::of(base), 0),
        role: role.clone(),
        external_id: external_id.map(str::to_owned),
        session_name: session_name.to_owned(),
        current: Mutex::new(None),
    };
    let provider = SharedCredentialsProvider::new(provider);
    Ok(base.to_builder().credentials_provider(provider).build())
}

fn check(what: &'static str, value: &str, longest: usize, also: &[u8]) -> Result<(), Invalid> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || also.contains(&b);
    if (2..=longest).contains(&value.len()) && value.bytes().all(legal) {
        return Ok(());
    }
    let also = String::from_utf8_lossy(also);
    let why = format!("must be 2 to {longest} letters, digits or characters of {also}");
    Err(Invalid::new(what, value, why))
}

/// Credentials of a role, shared by every client that is made of one configuration.
struct AssumedRole {
    client: Client,
    cx: Context,
    role: RoleArn,
    external_id: Option<String>,
    session_name: String,
    /// Held while new credentials are fetched, so that they are fetched once.
    current: Mutex<Option<Credentials>>,
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumedRole")
            .field("role", &self.role)
            .field("session_name", &self.session_name)
            .finish_non_exhaustive()
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async move { self.credentials().await.map_err(CredentialsError::provider_error) })
    }
}

impl AssumedRole {
    async fn credentials(&self) -> Result<Credentials, Failure> {
        let mut current = self.current.lock().await;
        if let Some(credentials) = current.as_ref()
            && self.left(credentials) > REFRESH_BEFORE
        {
            return Ok(credentials.clone());
        }
        match (self.fetch().await, current.as_ref()) {
            (Ok(new), _) => {
                *current = Some(new.clone());
                Ok(new)
            }
            // The old ones still serve; the next call tries again.
            (Err(failure), Some(old)) if failure.is_retryable() && self.left(old) > Duration::ZERO => {
                Ok(old.clone())
            }
            (Err(failure), _) => Err(failure),
        }
    }

    fn left(&self, credentials: &Credentials) -> Duration {
        let expiry = credentials.expiry().unwrap_or(SystemTime::UNIX_EPOCH);
        expiry.duration_since(self.cx.now()).unwrap_or_default()
    }

    async fn fetch(&self) -> Result<Credentials, Failure> {
        let operation = "sts:AssumeRole";
        let answer = self
            .cx
            .read(operation)
            .run(|| {
                self.client
                    .assume_role()
                    .role_arn(self.role.as_str())
                    .role_session_name(&self.session_name)
                    .set_external_id(self.external_id.clone())
                    .send()
            })
            .await?;
        let unreadable = |what: &str| Failure::new(operation, Class::Terminal, what);
        let given = answer
            .credentials
            .ok_or_else(|| unreadable("the answer holds no credentials"))?;
        let expiry = SystemTime::try_from(given.expiration)
            .map_err(|cause| unreadable("the answer's expiration cannot be read").with_source(cause))?;
        let token = Some(given.session_token);
        let (id, secret) = (given.access_key_id, given.secret_access_key);
        Ok(Credentials::new(id, secret, token, Some(expiry), "AssumedRole"))
    }
}
