//! AWS Signature Version 4 in the `Authorization` header or in a presigned URL, checked as the services check it.
//!
//! The canonical request is rebuilt from what arrived: the path once more percent-encoded (as every service but S3
//! does), the query sorted, the signed headers trimmed, the payload hashed. Sources: IAM user guide, "Create a signed
//! AWS API request" and "Signature Version 4 signing elements".

use hmac::{Hmac, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// A request as it arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) method: &'a str,
    /// The path as on the wire, still percent-encoded.
    pub(crate) path: &'a str,
    /// The query as on the wire, without `?`.
    pub(crate) query: &'a str,
    /// Header names in lower case.
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

/// The parts of an `Authorization: AWS4-HMAC-SHA256 …` header.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Authorization {
    pub(crate) access_key: String,
    /// `20261122`.
    pub(crate) date: String,
    pub(crate) region: String,
    /// The signing name of the service: `ec2`, `kafka`, `redshift-serverless` …
    pub(crate) service: String,
    signed_headers: Vec<String>,
    signature: String,
    /// `20261122T010203Z`; empty where the header of that name has it.
    stamp: String,
    /// Whether it stands in the URL.
    presigned: bool,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SignatureFault {
    /// No `Authorization` header.
    Missing,
    /// The header is there and cannot be read.
    Incomplete(String),
    /// The signature is not the one that the secret gives.
    Mismatch,
}

impl Presented<'_> {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The token of temporary credentials.
    pub(crate) fn security_token(&self) -> Option<String> {
        let header = self.header("x-amz-security-token").map(str::to_owned);
        header.or_else(|| self.parameter("X-Amz-Security-Token"))
    }

    /// A parameter of the query, decoded.
    fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }
}

/// Reads the parameters of a presigned URL.
fn read_url(presented: &Presented<'_>) -> Result<Authorization, SignatureFault> {
    if presented.parameter("X-Amz-Algorithm").as_deref() != Some("AWS4-HMAC-SHA256") {
        return Err(SignatureFault::Missing);
    }
    let parameter = |name: &str| {
        presented.parameter(name).ok_or_else(|| {
            SignatureFault::Incomplete(format!("AWS query-string parameters must include '{name}'"))
        })
    };
    let authorization = authorization(
        &parameter("X-Amz-Credential")?,
        &parameter("X-Amz-SignedHeaders")?,
        &parameter("X-Amz-Signature")?,
    )?;
    Ok(Authorization {
        stamp: parameter("X-Amz-Date")?,
        presigned: true,
        ..authorization
    })
}

fn authorization(credential: &str, headers: &str, signature: &str) -> Result<Authorization, SignatureFault> {
    let scope: Vec<&str> = credential.split('/').collect();
    let [access_key, date, region, service, "aws4_request"] = scope[..] else {
        return Err(SignatureFault::Incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, got '{credential}'"
        )));
    };
    Ok(Authorization {
        access_key: access_key.to_owned(),
        date: date.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        signed_headers: headers.split(';').map(str::to_owned).collect(),
        signature: signature.to_owned(),
        stamp: String::new(),
        presigned: false,
    })
}

/// Reads the `Authorization` header, or the parameters of a presigned URL where there is none.
///
/// # Errors
/// [`SignatureFault::Missing`] or [`SignatureFault::Incomplete`].
pub(crate) fn read(presented: &Presented<'_>) -> Result<Authorization, SignatureFault> {
    let Some(header) = presented.header("authorization") else {
        return read_url(presented);
    };
    let incomplete = |what: &str| {
        SignatureFault::Incomplete(format!(
            "Authorization header requires '{what}' parameter. Authorization={header}"
        ))
    };
    let fields = header.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(|| {
        SignatureFault::Incomplete(format!(
            "Unsupported AWS 'algorithm': '{}'",
            header.split_whitespace().next().unwrap_or_default()
        ))
    })?;
    let field = |name: &str| {
        fields
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let credential = field("Credential").ok_or_else(|| incomplete("Credential"))?;
    let signed_headers = field("SignedHeaders").ok_or_else(|| incomplete("SignedHeaders"))?;
    let signature = field("Signature").ok_or_else(|| incomplete("Signature"))?;
    authorization(credential, signed_headers, signature)
}

/// Checks that the request was signed with `secret`.
///
/// # Errors
/// [`SignatureFault::Mismatch`], or [`SignatureFault::Incomplete`] without a date.
pub(crate) fn check(
    presented: &Presented<'_>,
    authorization: &Authorization,
    secret: &str,
) -> Result<(), SignatureFault> {
    let stamp = match presented.header("x-amz-date") {
        _ if authorization.presigned => &authorization.stamp,
        Some(stamp) => stamp,
        None => {
            return Err(SignatureFault::Incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
                    .to_owned(),
            ));
        }
    };
    let scope = format!(
        "{}/{}/{}/aws4_request",
        authorization.date, authorization.region, authorization.service
    );
    let canonical = canonical_request(presented, &authorization.signed_headers);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical.as_bytes()))
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [
        &authorization.date,
        &authorization.region,
        &authorization.service,
        "aws4_request",
    ] {
        key = hmac(&key, part.as_bytes());
    }
    // Comparing in constant time would protect nothing here: the secrets are the simulator's own.
    match hex::encode(hmac(&key, to_sign.as_bytes())) == authorization.signature {
        true => Ok(()),
        false => Err(SignatureFault::Mismatch),
    }
}

fn canonical_request(presented: &Presented<'_>, signed: &[String]) -> String {
    let path = match presented.path {
        "" => "/".to_owned(),
        path => utf8_percent_encode(path, PATH).to_string(),
    };
    let headers: String = signed
        .iter()
        .map(|name| {
            let values: Vec<String> = presented
                .headers
                .iter()
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| squeeze(value))
                .collect();
            format!("{}:{}\n", name.to_ascii_lowercase(), values.join(","))
        })
        .collect();
    // A hash that the client states is no proof of the body; only that it states none is believed.
    let payload = match presented.header("x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD".to_owned(),
        _ => hex::encode(Sha256::digest(presented.body)),
    };
    format!(
        "{}\n{path}\n{}\n{headers}\n{}\n{payload}",
        presented.method,
        canonical_query(presented.query),
        signed.join(";")
    )
}

fn canonical_query(query: &str) -> String {
    let encode = |text: &str| {
        let decoded = percent_decode_str(text).collect::<Vec<u8>>();
        percent_encoding::percent_encode(&decoded, UNRESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|part| !part.is_empty() && !part.starts_with("X-Amz-Signature="))
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (encode(key), encode(value)))
        .collect();
    pairs.sort();
    pairs
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

/// Trims and reduces runs of spaces to one.
fn squeeze(value: &str) -> String {
    value
        .split(' ')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so this never takes the empty way.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of the AWS documentation ("ListUsers", 2015-08-30).
    fn example() -> (Vec<(String, String)>, &'static str) {
        let headers = [
            ("host", "iam.amazonaws.com"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        ];
        (
            headers
                .iter()
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .collect(),
            "Action=ListUsers&Version=2010-05-08",
        )
    }

    #[test]
    fn the_documented_example_verifies_and_a_changed_one_does_not() {
        let (headers, query) = example();
        let presented = Presented {
            method: "GET",
            path: "/",
            query,
            headers: &headers,
            body: b"",
        };
        let authorization = read(&presented).unwrap();
        assert_eq!(
            (authorization.access_key.as_str(), authorization.service.as_str()),
            ("AKIDEXAMPLE", "iam")
        );
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(check(&presented, &authorization, secret), Ok(()));
        assert_eq!(
            check(&presented, &authorization, "another"),
            Err(SignatureFault::Mismatch)
        );
        let changed = Presented {
            query: "Action=ListRoles&Version=2010-05-08",
            ..presented
        };
        assert_eq!(
            check(&changed, &authorization, secret),
            Err(SignatureFault::Mismatch)
        );
    }

    #[test]
    fn a_header_that_is_missing_or_cut_short_is_told_apart() {
        let none = Presented {
            method: "GET",
            path: "/",
            query: "",
            headers: &[],
            body: b"",
        };
        assert_eq!(read(&none), Err(SignatureFault::Missing));
        let headers = [(
            "authorization".to_owned(),
            "AWS4-HMAC-SHA256 Credential=A/b".to_owned(),
        )];
        assert!(matches!(
            read(&Presented {
                headers: &headers,
                ..none
            }),
            Err(SignatureFault::Incomplete(_))
        ));
    }

    /// Made with botocore 1.43, too.
    #[test]
    fn what_botocore_presigns_verifies_and_carries_its_token() {
        let query = "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIAEXAMPLE%2F20261122%2Fap-south-1%2Fsts%2Faws4_request&X-Amz-Date=20261122T010203Z\
            &X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token=token%2F%2B%3D\
            &X-Amz-Signature=c1f16226e80a004f0e319e2fd808fda2b442699861c249226425cb464ce809b6";
        let headers = [("host".to_owned(), "127.0.0.1:4599".to_owned())];
        let presented = Presented {
            method: "GET",
            path: "/",
            query,
            headers: &headers,
            body: b"",
        };
        let authorization = read(&presented).unwrap();
        assert_eq!(
            (authorization.service.as_str(), authorization.presigned),
            ("sts", true)
        );
        assert_eq!(presented.security_token().as_deref(), Some("token/+="));
        assert_eq!(check(&presented, &authorization, "secret"), Ok(()));
        let other = query.replace("GetCallerIdentity", "AssumeRole");
        let changed = Presented {
            query: &other,
            ..presented
        };
        assert_eq!(
            check(&changed, &authorization, "secret"),
            Err(SignatureFault::Mismatch)
        );
    }

    /// Made with botocore 1.43, so that another implementation than the SDK for Rust is the judge.
    #[test]
    fn what_botocore_signs_verifies() {
        let headers = |service: &str, signed: &str, signature: &str, more: &[(&str, &str)]| {
            let scope = format!("AKIAEXAMPLE/20261122/ap-south-1/{service}/aws4_request");
            let authorization =
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature={signature}");
            let host = format!("{service}.ap-south-1.amazonaws.com");
            let fixed = [
                ("host", host.as_str()),
                ("x-amz-date", "20261122T010203Z"),
                ("x-amz-security-token", "token"),
                ("authorization", authorization.as_str()),
            ];
            let all = fixed.iter().chain(more);
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<Vec<_>>()
        };
        let signature = "d83feff3cc250a9a2e3a511e61b8952ca5763389812ab0affc2928ab8ff50e29";
        let kafka = headers("kafka", "host;x-amz-date;x-amz-security-token", signature, &[]);
        let presented = Presented {
            method: "GET",
            path: "/v1/tags/arn%3Aaws%3Akafka%3Aap-south-1%3A111111111111%3Acluster%2Fclicks%2F0-s1",
            query: "tagKeys=b&tagKeys=a%20c",
            headers: &kafka,
            body: b"",
        };
        assert_eq!(check(&presented, &read(&presented).unwrap(), "secret"), Ok(()));
        let signed = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
        let signature = "8e4cc5e5d40efd6db684f4f165ee431e1a513effcc0c4828984916e19f95b57e";
        let more = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "Route53Resolver.ListResolverRules"),
        ];
        let resolver = headers("route53resolver", signed, signature, &more);
        let body = br#"{"MaxResults":5}"#;
        let presented = Presented {
            method: "POST",
            path: "/",
            query: "",
            headers: &resolver,
            body,
        };
        assert_eq!(check(&presented, &read(&presented).unwrap(), "secret"), Ok(()));
        let changed = Presented {
            body: b"{}",
            ..presented
        };
        assert_eq!(
            check(&changed, &read(&changed).unwrap(), "secret"),
            Err(SignatureFault::Mismatch)
        );
    }
}
