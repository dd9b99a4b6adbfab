//! Single calls against a mocked endpoint.
//!
//! The order of a test: mount an answer on a [`MockServer`], make a client from
//! [`fake_config`], give the code under test the context of
//! [`virtual_context`](crate::clock::virtual_context), look at what came back.
//! The code under test runs as it does against AWS, from the request's bytes to
//! the classification of the answer; only the address differs.
//!
//! ```
//! # use wiremock::{Mock, MockServer};
//! # use xacct_tests::wire::{Protocol, fake_config, rest};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let server = MockServer::start().await;
//! rest("GET", "/api/v2/clusters")
//!     .respond_with(Protocol::RestJson.error(409, "ConflictException", "it is there already"))
//!     .mount(&server)
//!     .await;
//! let config = fake_config(&server);
//! assert_eq!(config.endpoint_url(), Some(server.uri().as_str()));
//! # });
//! ```

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};

/// The region of [`fake_config`].
pub const REGION: &str = "ap-south-1";

/// A configuration whose every call goes to `server`, over plain HTTP, signed
/// with the keys of AWS's own examples. An attempt may take 30 seconds.
#[must_use]
pub fn fake_config(server: &MockServer) -> SdkConfig {
    let keys = Credentials::from_keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
    let config = SdkConfig::builder()
        .endpoint_url(server.uri())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .build();
    with_attempt_timeout(&config, Duration::from_secs(30))
}

/// The same configuration with another limit on every attempt, in real time.
#[must_use]
pub fn with_attempt_timeout(config: &SdkConfig, limit: Duration) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(limit).build();
    config.to_builder().timeout_config(timeouts).build()
}

/// A call of a REST protocol: `rest("GET", "/api/v2/clusters")`. Labels in the
/// path must be written as they travel, with `:` as `%3A` and `/` as `%2F`.
#[must_use]
pub fn rest(verb: &str, at: &str) -> MockBuilder {
    Mock::given(method(verb)).and(path(at))
}

/// A call of an `awsJson` protocol by its target: `json("Route53Resolver.CreateResolverRule")`.
#[must_use]
pub fn json(target: &str) -> MockBuilder {
    Mock::given(method("POST")).and(header("x-amz-target", target))
}

/// A call of a query protocol by its action: `query("CreateVpc")`.
#[must_use]
pub fn query(action: &str) -> MockBuilder {
    Mock::given(method("POST")).and(body_string_contains(format!("Action={action}&")))
}

/// How a service writes its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// MSK, Lambda.
    RestJson,
    /// Redshift Serverless, Redshift Data, Route 53 Resolver.
    AwsJson,
    /// IAM, STS.
    AwsQuery,
    /// EC2.
    Ec2Query,
}

impl Protocol {
    /// HTTP 200 with `body`, which is JSON or XML as the protocol wants it.
    #[must_use]
    pub fn success(self, body: impl Into<String>) -> ResponseTemplate {
        self.answer(200, body)
    }

    /// One of the service's errors.
    #[must_use]
    pub fn error(self, status: u16, code: &str, message: &str) -> ResponseTemplate {
        let (code_json, message_json) = (serde_json::json!(code), serde_json::json!(message));
        match self {
            Self::RestJson => self
                .answer(status, format!(r#"{{"message":{message_json}}}"#))
                .insert_header("x-amzn-ErrorType", code),
            Self::AwsJson => self.answer(
                status,
                format!(r#"{{"__type":{code_json},"message":{message_json}}}"#),
            ),
            Self::AwsQuery => self.answer(
                status,
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
                     <Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
                ),
            ),
            Self::Ec2Query => self.answer(
                status,
                format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>\
                     </Error></Errors><RequestID>r-1</RequestID></Response>"
                ),
            ),
        }
    }

    /// The service's way of saying: too many calls.
    #[must_use]
    pub fn throttled(self) -> ResponseTemplate {
        match self {
            Self::RestJson => self.error(429, "TooManyRequestsException", "Too Many Requests"),
            Self::AwsJson => self.error(400, "ThrottlingException", "Rate exceeded"),
            Self::AwsQuery => self.error(400, "Throttling", "Rate exceeded"),
            Self::Ec2Query => self.error(503, "RequestLimitExceeded", "Request limit exceeded."),
        }
    }

    /// HTTP 200 with a body that breaks off.
    #[must_use]
    pub fn malformed(self) -> ResponseTemplate {
        match self {
            Self::RestJson | Self::AwsJson => self.answer(200, r#"{"unfinished": [{"#),
            Self::AwsQuery | Self::Ec2Query => self.answer(200, "<Unfinished><item>"),
        }
    }

    /// HTTP 200 with the page of some proxy on the way.
    #[must_use]
    pub fn wrong_content_type(self) -> ResponseTemplate {
        ResponseTemplate::new(200).set_body_raw("<html><p>please log in</html>", "text/html")
    }

    fn answer(self, status: u16, body: impl Into<String>) -> ResponseTemplate {
        let kind = match self {
            Self::RestJson => "application/json",
            Self::AwsJson => "application/x-amz-json-1.1",
            Self::AwsQuery | Self::Ec2Query => "text/xml",
        };
        ResponseTemplate::new(status).set_body_raw(body.into(), kind)
    }
}

/// Every operation of `service` (`"kafka"`, `"ec2"`, …) that the code under
/// `src` names: string literals of the form `"service:Operation"`, outside
/// comments, outside test modules (at a file's end, or in a file named `…tests.rs`),
/// and not what a resource's `fn kind` gives.
///
/// # Panics
/// If the directory cannot be read.
#[must_use]
pub fn operations_in(src: &Path, service: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_test = |file: &Path| file.to_string_lossy().ends_with("tests.rs");
    for file in rust_files(src).iter().filter(|file| !is_test(file)) {
        let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let mut kind = false;
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            kind |= line.contains("fn kind(");
            found.extend(literals(line).filter(|text| !kind && is_operation(text, service)));
            kind &= !line.trim_start().starts_with('}');
        }
    }
    found
}

/// Fails unless the operations that the code under `src` names and those that
/// have a test are the same. `actions` are literals of the same form that are
/// IAM actions only and never called, for example `iam:PassRole`.
///
/// # Panics
/// Names what is missing on either side.
pub fn assert_all_covered(src: &Path, services: &[&str], tested: &[&str], actions: &[&str]) {
    let named: BTreeSet<String> = services.iter().flat_map(|s| operations_in(src, s)).collect();
    assert!(!named.is_empty(), "no operation is named under {}", src.display());
    let tested: BTreeSet<&str> = tested.iter().copied().collect();
    let untested: Vec<&String> = named
        .iter()
        .filter(|name| !tested.contains(name.as_str()) && !actions.contains(&name.as_str()))
        .collect();
    assert!(untested.is_empty(), "no test on the wire for {untested:?}");
    let unknown: Vec<&&str> = tested.iter().filter(|name| !named.contains(**name)).collect();
    assert!(
        unknown.is_empty(),
        "tested but not named in the code: {unknown:?}"
    );
}

/// The operations that a test file passes to its function `call`, for example
/// every `"kafka:…"` that is the first such text after `fails(`.
///
/// ```
/// let source = r#"fails(&server, "kafka:TagResource", answer).await; other("kafka:DeleteCluster");"#;
/// let found = xacct_tests::wire::operations_passed_to("fails", "kafka", source);
/// assert_eq!(found.into_iter().collect::<Vec<_>>(), ["kafka:TagResource"]);
/// ```
#[must_use]
pub fn operations_passed_to(call: &str, service: &str, source: &str) -> BTreeSet<String> {
    let opening = format!("{call}(");
    source
        .split(&opening)
        .skip(1)
        .filter_map(|rest| {
            let arguments = rest.split(';').next().unwrap_or_default();
            literals(arguments).find(|text| is_operation(text, service))
        })
        .collect()
}

/// All Rust files under `dir`, in order.
///
/// # Panics
/// If the directory cannot be read.
#[must_use]
pub fn rust_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let (dirs, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    let mut found: Vec<_> = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect();
    found.extend(dirs.iter().flat_map(|dir| rust_files(dir)));
    found
}

/// What stands between double quotes on a line; escapes are not looked at.
fn literals(line: &str) -> impl Iterator<Item = String> + '_ {
    line.split('"').skip(1).step_by(2).map(str::to_owned)
}

fn is_operation(text: &str, service: &str) -> bool {
    text.strip_prefix(service)
        .and_then(|rest| rest.strip_prefix(':'))
        .is_some_and(|name| {
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_in_code_and_not_in_comments_or_tests() {
        let dir = tempfile::tempdir().unwrap();
        let code = "//! \"kafka:Nothing\"\nfn f() { cx.read(\"kafka:ListClustersV2\"); g(\"kafka-cluster:Connect\") }\n\
                    fn kind(&self) -> &'static str {\n\"kafka:Cluster\"\n}\n\
                    #[cfg(test)]\nmod tests { const A: &str = \"kafka:InATest\"; }\n";
        std::fs::create_dir(dir.path().join("deep")).unwrap();
        std::fs::write(dir.path().join("deep/a.rs"), code).unwrap();
        let found = operations_in(dir.path(), "kafka");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["kafka:ListClustersV2"]);
    }

    #[test]
    #[should_panic(expected = "no test on the wire for [\"kafka:DeleteCluster\"]")]
    fn an_operation_without_a_test_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("a.rs"),
            "const A: &str = \"kafka:DeleteCluster\";",
        )
        .unwrap();
        assert_all_covered(dir.path(), &["kafka"], &[], &[]);
    }
}
