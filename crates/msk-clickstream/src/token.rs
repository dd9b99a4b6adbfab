//! The token that shows an IAM identity to an MSK broker.
//!
//! A presigned request for `kafka-cluster:Connect` that nobody sends: the broker reads who signed it and
//! checks the signature. Made as the signers that AWS publishes make it: host
//! `kafka.<region>.amazonaws.com` in every partition, signed header `host`, the signature in the query,
//! `User-Agent` appended after signing, then base64url without padding.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningError, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use xacct_types::Region;

/// Longest life of a token, which is what MSK accepts.
pub const LONGEST_LIFE: Duration = Duration::from_secs(900);

/// How long a client is told that a token lives, at most. Clients renew when 80 % of this are over; a
/// slow credential source then still has minutes before the token really ends.
pub const ADVERTISED_LIFE: Duration = Duration::from_secs(570);

const USER_AGENT: &str = concat!("msk-clickstream/", env!("CARGO_PKG_VERSION"));

/// What Signature Version 4 leaves unencoded in a query.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A token and how long it is good.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    value: String,
    expires_at: SystemTime,
    advertised_until: SystemTime,
}

impl Token {
    /// Signs a token at `now`, which is cut to whole seconds.
    ///
    /// It lives for [`LONGEST_LIFE`], or as long as the credentials if they end earlier.
    ///
    /// # Errors
    /// [`TokenError::CredentialsExpired`] if less than a second is left of the credentials;
    /// [`TokenError::Signing`] if they cannot sign.
    pub fn sign(region: &Region, credentials: &Credentials, now: SystemTime) -> Result<Self, TokenError> {
        let now = whole_seconds(now);
        let life = match credentials.expiry() {
            None => LONGEST_LIFE,
            Some(expiry) => LONGEST_LIFE.min(whole_seconds(expiry).duration_since(now).unwrap_or_default()),
        };
        if life.is_zero() {
            return Err(TokenError::CredentialsExpired);
        }
        let url = presign(region, credentials, now, life)?;
        Ok(Self {
            value: URL_SAFE_NO_PAD.encode(format!("{url}&User-Agent={}", encode(USER_AGENT))),
            expires_at: now + life,
            advertised_until: now + life.min(ADVERTISED_LIFE),
        })
    }

    /// The token as it is sent.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// When brokers stop taking it.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// The end of life that a Kafka client should be told, so that it renews early.
    pub fn advertised_until(&self) -> SystemTime {
        self.advertised_until
    }

    /// [`advertised_until`](Self::advertised_until) in milliseconds since the Unix epoch.
    pub fn advertised_until_ms(&self) -> i64 {
        let since = self
            .advertised_until
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The value is a secret for as long as it lives, so it is not shown.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The credentials end within a second.
    #[error("the credentials have expired")]
    CredentialsExpired,
    /// The credentials cannot sign.
    #[error("the token cannot be signed")]
    Signing(#[source] SigningError),
    /// A parameter of the signature is missing.
    #[error("the parameters of the signature are incomplete")]
    Parameters(#[source] v4::signing_params::BuildError),
}

fn presign(
    region: &Region,
    credentials: &Credentials,
    now: SystemTime,
    life: Duration,
) -> Result<String, TokenError> {
    let url = format!("https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect");
    let identity = Identity::from(credentials.clone());
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(life);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region.as_str())
        .name("kafka-cluster")
        .time(now)
        .settings(settings)
        .build()
        .map_err(TokenError::Parameters)?
        .into();
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(&[]))
        .map_err(TokenError::Signing)?;
    let (instructions, _) = sign(request, &params).map_err(TokenError::Signing)?.into_parts();
    let added = instructions
        .params()
        .iter()
        .map(|(name, value)| format!("&{name}={}", encode(value)));
    Ok(url + &added.collect::<String>())
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Brokers compare whole seconds; a fraction would be cut from the signature but not from the expiry.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED_AT: u64 = 1_767_323_045;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn credentials(session: Option<&str>, expiry: Option<SystemTime>) -> Credentials {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        Credentials::new("AKIDEXAMPLE", secret, session.map(str::to_owned), expiry, "test")
    }

    fn url(token: &Token) -> String {
        String::from_utf8(URL_SAFE_NO_PAD.decode(token.value()).unwrap()).unwrap()
    }

    fn token(region: &str, session: Option<&str>) -> Token {
        Token::sign(
            &region.parse().unwrap(),
            &credentials(session, None),
            at(SIGNED_AT),
        )
        .unwrap()
    }

    /// Equal from the official Python and JavaScript signers.
    #[test]
    fn signatures_equal_those_of_the_official_signers() {
        let session = Some("SESSION/TOKEN+with=chars");
        let vectors = [
            (
                "us-west-2",
                None,
                "a849e3047a394346a9d022cdc5878ecc38b1b9119a6d3b4d033d6e881848e02a",
            ),
            (
                "us-west-2",
                session,
                "8eb95c2346a6b9aa7e2ff372fdeed0265c424e93a02f6a3668ce9bb7a17fe9a8",
            ),
            (
                "cn-north-1",
                None,
                "a3f44b31b1c72c8d9c8f95dcd0969d82b0a8ab82a322a5aece5bd60b03d4e7d3",
            ),
            (
                "cn-north-1",
                session,
                "59d75a1594752b87e64ee7a05251ff213c76cf5a438cf21203eda461ce3173fc",
            ),
        ];
        for (region, session, signature) in vectors {
            let token = token(region, session);
            let url = url(&token);
            assert!(
                url.contains(&format!("X-Amz-Signature={signature}")),
                "{region} {session:?}: {url}"
            );
            assert!(
                url.starts_with(&format!("https://kafka.{region}.amazonaws.com/?Action=")),
                "{url}"
            );
            assert_eq!(token.expires_at(), at(1_767_323_945));
        }
    }

    #[test]
    fn the_user_agent_comes_after_the_signature() {
        let url = url(&token("us-west-2", None));
        let signature = url.find("X-Amz-Signature").unwrap();
        assert!(url.find("&User-Agent=msk-clickstream%2F").unwrap() > signature);
    }

    #[test]
    fn the_session_token_is_encoded_in_the_query() {
        let url = url(&token("us-west-2", Some("SESSION/TOKEN+with=chars")));
        assert!(
            url.contains("X-Amz-Security-Token=SESSION%2FTOKEN%2Bwith%3Dchars"),
            "{url}"
        );
    }

    #[test]
    fn a_token_never_outlives_its_credentials_and_counts_whole_seconds() {
        let now = at(SIGNED_AT) + Duration::from_millis(900);
        let expiry = at(SIGNED_AT + 100) + Duration::from_millis(400);
        let region = "us-west-2".parse().unwrap();
        let token = Token::sign(&region, &credentials(None, Some(expiry)), now).unwrap();
        assert_eq!(token.expires_at(), at(SIGNED_AT + 100));
        assert_eq!(token.advertised_until(), at(SIGNED_AT + 100));
        assert!(url(&token).contains("X-Amz-Expires=100"));
    }

    #[test]
    fn a_long_token_is_advertised_for_less_than_it_lives() {
        let token = token("us-west-2", None);
        assert_eq!(token.advertised_until(), at(SIGNED_AT + 570));
        assert_eq!(token.advertised_until_ms(), 1_767_323_615_000);
    }

    #[test]
    fn expired_credentials_make_no_token() {
        let region = "us-west-2".parse().unwrap();
        let expired = credentials(None, Some(at(SIGNED_AT)));
        let refused = Token::sign(&region, &expired, at(SIGNED_AT)).unwrap_err();
        assert!(matches!(refused, TokenError::CredentialsExpired));
    }
}
