//! SASL/OAUTHBEARER with an IAM token: who a connection is, and until when.
//!
//! Every refusal reads "Access denied" to the client, as on MSK; the reason is kept for whoever runs
//! the simulator.

use std::time::Duration;

use tokio::time::Instant;

use super::access::{Estate, KnownKey};
use super::token::{Token, TokenFault};
use super::wall;

/// The identity that a connection has shown.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// The key and who it belongs to.
    pub(super) key: KnownKey,
    /// The clusters to which this connection was let, by ARN.
    pub(super) clusters: Vec<String>,
    /// When the connection must have authenticated again.
    pub(super) expires: Instant,
}

/// A refusal: what the client is told, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) said: String,
    pub(super) cause: String,
}

impl Refusal {
    fn access_denied(cause: impl std::fmt::Display) -> Self {
        Self {
            said: "Access denied".to_owned(),
            cause: cause.to_string(),
        }
    }
}

/// Judges the bytes of a `SaslAuthenticate` request. `before` is who the connection is already.
pub(super) fn authenticate(
    estate: &Estate,
    bytes: &[u8],
    before: Option<&Identity>,
    longest_session: Option<Duration>,
) -> Result<Identity, Refusal> {
    let presented =
        bearer_token(bytes).ok_or_else(|| Refusal::access_denied("the client sent no bearer token"))?;
    let token = Token::read(presented, &estate.region()).map_err(Refusal::access_denied)?;
    let clock = check_clocks(estate, &token).map_err(Refusal::access_denied)?;
    let key = estate
        .key(&token.access_key_id)
        .ok_or_else(|| Refusal::access_denied(format!("access key {} is not known", token.access_key_id)))?;
    token
        .check_signature(&key.secret, key.session_token.as_deref())
        .map_err(Refusal::access_denied)?;
    if key.expired {
        return Err(Refusal::access_denied(format!(
            "the credentials of {} have expired",
            key.arn()
        )));
    }
    check_same_principal(before, &key)?;
    let clusters = connectable(estate, &key)?;
    let left = Duration::from_secs(u64::try_from(token.expires_at() - clock).unwrap_or_default());
    let session = longest_session.map_or(left, |longest| longest.min(left));
    Ok(Identity {
        key,
        clusters,
        expires: wall::instant() + session,
    })
}

/// The clock, of the wall's and the simulator's, under which the token is valid.
fn check_clocks(estate: &Estate, token: &Token) -> Result<i64, TokenFault> {
    let [wall, simulated] = estate.unix_seconds();
    match token.check_time(wall) {
        Ok(()) => Ok(wall),
        Err(fault) => token.check_time(simulated).map(|()| simulated).map_err(|_| fault),
    }
}

fn check_same_principal(before: Option<&Identity>, key: &KnownKey) -> Result<(), Refusal> {
    let Some(before) = before.filter(|before| before.key.arn() != key.arn()) else {
        return Ok(());
    };
    let said = format!(
        "Cannot change principals during re-authentication from {}: {}",
        before.key.arn(),
        key.arn()
    );
    Err(Refusal {
        cause: said.clone(),
        said,
    })
}

/// The clusters that the principal can reach and may connect to; not empty.
fn connectable(estate: &Estate, key: &KnownKey) -> Result<Vec<String>, Refusal> {
    let reachable = estate.clusters(key).map_err(Refusal::access_denied)?;
    let mut denied = String::new();
    let mut clusters = Vec::new();
    for arn in reachable {
        match estate.allows(key, "kafka-cluster:Connect", &arn) {
            Ok(()) => clusters.push(arn),
            Err(why) => denied = why,
        }
    }
    if clusters.is_empty() {
        Err(Refusal::access_denied(denied))
    } else {
        Ok(clusters)
    }
}

/// The token of `n,,^Aauth=Bearer <token>^A^A` (RFC 7628).
fn bearer_token(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let pairs = text.split('\u{1}').skip(1);
    let auth = pairs.filter_map(|pair| pair.strip_prefix("auth=")).next()?;
    let (scheme, token) = auth.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::bearer_token;

    #[test]
    fn the_token_is_found_with_and_without_extensions() {
        assert_eq!(bearer_token(b"n,,\x01auth=Bearer abc\x01\x01"), Some("abc"));
        assert_eq!(
            bearer_token(b"n,,\x01traceId=1\x01auth=bearer abc\x01\x01"),
            Some("abc")
        );
        assert_eq!(bearer_token(b"n,,\x01auth=Basic abc\x01\x01"), None);
        assert_eq!(bearer_token(b"\x00user\x00password"), None);
    }
}
