//! The token with which a client shows its IAM identity to a broker.
//!
//! It is a request for `kafka-cluster:Connect`, presigned with Signature Version 4 in the query,
//! then base64url without padding. The broker never sends that request; it recomputes the signature
//! from the secret of the access key that is named in it.
//!
//! Source: Amazon MSK developer guide, "IAM access control", and the signers that AWS publishes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// Longest life that a token may ask for, in seconds.
const LONGEST_LIFE: i64 = 900;
/// How far ahead of the broker a client's clock may be, in seconds.
const CLOCK_SKEW: i64 = 300;
/// What Signature Version 4 leaves unencoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenFault {
    #[error("the token is not base64url of a URL")]
    NotAUrl,
    #[error("the token has no `{0}`")]
    Missing(&'static str),
    #[error("`{name}` of the token is `{value}`")]
    Wrong { name: &'static str, value: String },
    #[error("the token is for host `{0}`")]
    WrongHost(String),
    #[error("the token is not valid yet")]
    Early,
    #[error("the token has expired")]
    Expired,
    #[error("the security token included in the request is invalid")]
    SecurityToken,
    #[error("the signature does not match")]
    Signature,
}

/// A token that was read and whose form is right; its signature is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) access_key_id: String,
    host: String,
    scope_date: String,
    region: String,
    stamp: String,
    signed_at: i64,
    lifetime: i64,
    security_token: Option<String>,
    signature: String,
    canonical_query: String,
}

impl Token {
    /// Reads a token and checks everything that needs neither a secret nor a clock.
    pub(super) fn read(encoded: &str, region: &str) -> Result<Self, TokenFault> {
        let (host, query) = open(encoded)?;
        let expected = format!("kafka.{region}.amazonaws.com");
        if host != expected {
            return Err(TokenFault::WrongHost(host));
        }
        require(&query, "Action", "kafka-cluster:Connect")?;
        require(&query, "X-Amz-Algorithm", "AWS4-HMAC-SHA256")?;
        require(&query, "X-Amz-SignedHeaders", "host")?;
        let scope = Scope::read(value(&query, "X-Amz-Credential")?, region)?;
        let stamp = value(&query, "X-Amz-Date")?.to_owned();
        let wrong_date = || TokenFault::Wrong {
            name: "X-Amz-Date",
            value: stamp.clone(),
        };
        let signed_at = unix_seconds(&stamp).ok_or_else(wrong_date)?;
        if !stamp.starts_with(&scope.date) {
            return Err(wrong_date());
        }
        Ok(Self {
            access_key_id: scope.access_key_id,
            host,
            scope_date: scope.date,
            region: scope.region,
            signed_at,
            lifetime: lifetime(value(&query, "X-Amz-Expires")?)?,
            security_token: query.get("X-Amz-Security-Token").cloned(),
            signature: value(&query, "X-Amz-Signature")?.to_owned(),
            canonical_query: canonical_query(&query),
            stamp,
        })
    }

    /// When the token expires, in Unix seconds.
    pub(super) fn expires_at(&self) -> i64 {
        self.signed_at + self.lifetime
    }

    /// Checks the token against a clock that shows `now` in Unix seconds.
    pub(super) fn check_time(&self, now: i64) -> Result<(), TokenFault> {
        if self.signed_at > now + CLOCK_SKEW {
            return Err(TokenFault::Early);
        }
        if now >= self.expires_at() {
            return Err(TokenFault::Expired);
        }
        Ok(())
    }

    /// Checks the signature with the secret of the key that the token names.
    pub(super) fn check_signature(
        &self,
        secret: &str,
        session_token: Option<&str>,
    ) -> Result<(), TokenFault> {
        if self.security_token.as_deref() != session_token {
            return Err(TokenFault::SecurityToken);
        }
        let scope = format!("{}/{}/kafka-cluster/aws4_request", self.scope_date, self.region);
        let request = format!(
            "GET\n/\n{}\nhost:{}\n\nhost\n{}",
            self.canonical_query,
            self.host,
            hex::encode(Sha256::digest(b""))
        );
        let request_digest = hex::encode(Sha256::digest(request.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{request_digest}", self.stamp);
        let key = hmac(format!("AWS4{secret}").as_bytes(), &self.scope_date);
        let key = ["kafka-cluster", "aws4_request"]
            .iter()
            .fold(hmac(&key, &self.region), |key, part| hmac(&key, part));
        if hex::encode(hmac(&key, &to_sign)) == self.signature {
            Ok(())
        } else {
            Err(TokenFault::Signature)
        }
    }
}

/// `access key/date/region/service/aws4_request`.
struct Scope {
    access_key_id: String,
    date: String,
    region: String,
}

impl Scope {
    fn read(credential: &str, region: &str) -> Result<Self, TokenFault> {
        let parts: Vec<&str> = credential.split('/').collect();
        match parts.as_slice() {
            [key, date, in_region, "kafka-cluster", "aws4_request"] if *in_region == region => Ok(Self {
                access_key_id: (*key).to_owned(),
                date: (*date).to_owned(),
                region: (*in_region).to_owned(),
            }),
            _ => Err(TokenFault::Wrong {
                name: "X-Amz-Credential",
                value: credential.to_owned(),
            }),
        }
    }
}

/// Host and decoded query of the presigned URL.
fn open(encoded: &str) -> Result<(String, BTreeMap<String, String>), TokenFault> {
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .or_else(|_| URL_SAFE.decode(encoded));
    let url = bytes
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(TokenFault::NotAUrl)?;
    let rest = url.strip_prefix("https://").ok_or(TokenFault::NotAUrl)?;
    let (host, query) = rest.split_once("/?").ok_or(TokenFault::NotAUrl)?;
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
    };
    let pairs = query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name)?, decode(value)?))
    });
    let query = pairs
        .collect::<Result<_, std::str::Utf8Error>>()
        .map_err(|_| TokenFault::NotAUrl)?;
    Ok((host.to_owned(), query))
}

/// The query as it was signed: without the signature, and without what signers append afterwards.
fn canonical_query(query: &BTreeMap<String, String>) -> String {
    let signed = query
        .iter()
        .filter(|(name, _)| *name != "X-Amz-Signature" && *name != "User-Agent");
    let encode = |text| utf8_percent_encode(text, UNRESERVED).to_string();
    let pairs: Vec<String> = signed
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

fn value<'a>(query: &'a BTreeMap<String, String>, name: &'static str) -> Result<&'a str, TokenFault> {
    query
        .get(name)
        .map(String::as_str)
        .ok_or(TokenFault::Missing(name))
}

fn require(query: &BTreeMap<String, String>, name: &'static str, expected: &str) -> Result<(), TokenFault> {
    match value(query, name)? {
        value if value == expected => Ok(()),
        value => Err(TokenFault::Wrong {
            name,
            value: value.to_owned(),
        }),
    }
}

fn lifetime(text: &str) -> Result<i64, TokenFault> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=LONGEST_LIFE).contains(seconds));
    seconds.ok_or_else(|| TokenFault::Wrong {
        name: "X-Amz-Expires",
        value: text.to_owned(),
    })
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of every length, so this cannot fail; an empty digest would match nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// `20260102T030405Z` in Unix seconds.
fn unix_seconds(stamp: &str) -> Option<i64> {
    let shape = stamp.len() == 16 && stamp.is_ascii();
    if !shape || &stamp[8..9] != "T" || !stamp.ends_with('Z') {
        return None;
    }
    let number = |range: std::ops::Range<usize>| stamp[range].parse::<u32>().ok().map(i64::from);
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    let plausible = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    plausible.then(|| days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days of the Gregorian calendar, counted in eras of 400 years that start on 1 March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    year.div_euclid(400) * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const SIGNED_AT: i64 = 1_767_323_045;

    fn url(signature: &str, session: &str) -> String {
        format!(
            "https://kafka.us-west-2.amazonaws.com/?Action=kafka-cluster%3AConnect\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fkafka-cluster%2Faws4_request\
             &X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host{session}\
             &X-Amz-Signature={signature}&User-Agent=any"
        )
    }

    fn token(url: &str) -> Result<Token, TokenFault> {
        Token::read(&URL_SAFE_NO_PAD.encode(url), "us-west-2")
    }

    const PLAIN: &str = "a849e3047a394346a9d022cdc5878ecc38b1b9119a6d3b4d033d6e881848e02a";
    const WITH_SESSION: &str = "8eb95c2346a6b9aa7e2ff372fdeed0265c424e93a02f6a3668ce9bb7a17fe9a8";

    #[test]
    fn the_signatures_of_the_official_signers_are_accepted() {
        let plain = token(&url(PLAIN, "")).unwrap();
        assert_eq!(plain.access_key_id, "AKIDEXAMPLE");
        assert_eq!(plain.check_signature(SECRET, None), Ok(()));
        let session = "&X-Amz-Security-Token=SESSION%2FTOKEN%2Bwith%3Dchars";
        let with_session = token(&url(WITH_SESSION, session)).unwrap();
        assert_eq!(
            with_session.check_signature(SECRET, Some("SESSION/TOKEN+with=chars")),
            Ok(())
        );
        assert_eq!(
            with_session.check_signature(SECRET, Some("x")),
            Err(TokenFault::SecurityToken)
        );
    }

    #[test]
    fn another_secret_or_a_changed_query_does_not_match() {
        let plain = token(&url(PLAIN, "")).unwrap();
        assert_eq!(plain.check_signature("other", None), Err(TokenFault::Signature));
        let changed = token(&url(PLAIN, "").replace("=900", "=899")).unwrap();
        assert_eq!(changed.check_signature(SECRET, None), Err(TokenFault::Signature));
    }

    #[test]
    fn a_token_is_good_from_its_time_to_its_expiry() {
        let plain = token(&url(PLAIN, "")).unwrap();
        assert_eq!(plain.check_time(SIGNED_AT), Ok(()));
        assert_eq!(plain.check_time(SIGNED_AT + 899), Ok(()));
        assert_eq!(plain.check_time(SIGNED_AT + 900), Err(TokenFault::Expired));
        assert_eq!(plain.check_time(SIGNED_AT - 301), Err(TokenFault::Early));
    }

    #[test]
    fn a_token_for_another_purpose_is_refused() {
        let good = url(PLAIN, "");
        let fault = |url: String| token(&url).unwrap_err();
        assert!(matches!(
            fault(good.replace("kafka.us-west-2", "kafka.eu-west-1")),
            TokenFault::WrongHost(_)
        ));
        assert!(matches!(
            fault(good.replace("Connect", "Delete")),
            TokenFault::Wrong { name: "Action", .. }
        ));
        assert!(matches!(
            fault(good.replace("=900", "=901")),
            TokenFault::Wrong {
                name: "X-Amz-Expires",
                ..
            }
        ));
        assert!(matches!(
            fault(good.replace("X-Amz-Signature", "S")),
            TokenFault::Missing("X-Amz-Signature")
        ));
        assert_eq!(Token::read("%%%", "us-west-2"), Err(TokenFault::NotAUrl));
    }
}
