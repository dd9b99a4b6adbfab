//! Answers of IAM and STS as they travel, and a pair of roles to call them for.

use wiremock::matchers::body_string_contains;
use wiremock::{MockServer, ResponseTemplate};
use xacct_iam::policy::PolicyDocument;
use xacct_iam::{RolePair, RolePairSpec, RoleRules, trust};
use xacct_tests::wire::{Protocol, fake_config, query};
use xacct_types::{Grant, Owner, Tags};

pub(crate) const WAREHOUSE: &str = "clicks-warehouse-role-ap-south-1";
pub(crate) const STREAM: &str = "clicks-source-role-ap-south-1";
pub(crate) const XML: Protocol = Protocol::AwsQuery;
pub(crate) const TOPIC: &str =
    "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1/testtopic";

pub(crate) fn owner() -> Owner {
    Owner::new("clicks".parse().unwrap())
}

pub(crate) fn spec() -> RolePairSpec {
    spec_with(&RoleRules::default())
}

pub(crate) fn spec_with(rules: &RoleRules) -> RolePairSpec {
    let (source, warehouse) = ("111111111111".parse().unwrap(), "222222222222".parse().unwrap());
    RolePairSpec::new(owner(), "ap-south-1".parse().unwrap(), &source, &warehouse, rules).unwrap()
}

pub(crate) fn pair(server: &MockServer) -> RolePair {
    RolePair::new(&fake_config(server), &fake_config(server), spec())
}

pub(crate) fn grants() -> Vec<Grant> {
    vec![Grant::new(
        "Read",
        ["kafka-cluster:ReadData"],
        [TOPIC],
        "reads the topic",
    )]
}

/// A role as IAM writes it; by default just what the pipeline makes.
#[derive(Debug, Clone)]
pub(crate) struct RoleXml {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
    pub(crate) trust: PolicyDocument,
    pub(crate) description: String,
    pub(crate) max_session: u32,
    pub(crate) tags: Tags,
    pub(crate) boundary: Option<&'static str>,
}

pub(crate) fn warehouse_role() -> RoleXml {
    RoleXml {
        name: WAREHOUSE,
        id: "AROAWAREHOUSE0000001",
        trust: spec().warehouse_trust(),
        description: spec().warehouse_role().description.clone(),
        max_session: 3600,
        tags: owner().tags("warehouse/role"),
        boundary: None,
    }
}

pub(crate) fn stream_role() -> RoleXml {
    RoleXml {
        name: STREAM,
        id: "AROASTREAM0000000001",
        trust: spec().stream_trust(),
        description: spec().stream_role().description.clone(),
        max_session: 3600,
        tags: owner().tags("source/role"),
        boundary: None,
    }
}

/// Percent-encodes as IAM does.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

impl RoleXml {
    fn arn(&self) -> String {
        let account = if self.name == WAREHOUSE {
            "222222222222"
        } else {
            "111111111111"
        };
        format!("arn:aws:iam::{account}:role/{}", self.name)
    }

    /// The answer to `GetRole` or `CreateRole`.
    pub(crate) fn answer(&self, operation: &str) -> ResponseTemplate {
        let tags: String = self
            .tags
            .iter()
            .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"))
            .collect();
        let boundary = self.boundary.map_or(String::new(), |arn| {
            format!(
                "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
                 <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
            )
        });
        let role = format!(
            "<Role><Path>/</Path><RoleName>{}</RoleName><RoleId>{}</RoleId><Arn>{}</Arn>\
             <CreateDate>2026-01-02T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>\
             <Description>{}</Description><MaxSessionDuration>{}</MaxSessionDuration>\
             <Tags>{tags}</Tags>{boundary}</Role>",
            self.name,
            self.id,
            self.arn(),
            encoded(&self.trust.to_json()),
            self.description,
            self.max_session,
        );
        result(operation, &role)
    }
}

/// A success of the query protocol.
pub(crate) fn result(operation: &str, inner: &str) -> ResponseTemplate {
    XML.success(format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
         <{operation}Result>{inner}</{operation}Result>\
         <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{operation}Response>"
    ))
}

pub(crate) fn gone() -> ResponseTemplate {
    XML.error(404, "NoSuchEntity", "The role cannot be found.")
}

/// Answers every request of an operation.
pub(crate) async fn always(server: &MockServer, operation: &str, answer: ResponseTemplate) {
    query(operation).respond_with(answer).mount(server).await;
}

/// Answers the first request of an operation.
pub(crate) async fn first(server: &MockServer, operation: &str, answer: ResponseTemplate) {
    let mock = query(operation).respond_with(answer).up_to_n_times(1);
    mock.mount(server).await;
}

/// Answers requests of an operation that speak of one role.
pub(crate) async fn for_role(server: &MockServer, operation: &str, role: &str, answer: ResponseTemplate) {
    query(operation)
        .and(body_string_contains(format!("RoleName={role}")))
        .respond_with(answer)
        .mount(server)
        .await;
}

/// Answers the first request of an operation that speaks of one role.
pub(crate) async fn first_for_role(
    server: &MockServer,
    operation: &str,
    role: &str,
    answer: ResponseTemplate,
) {
    query(operation)
        .and(body_string_contains(format!("RoleName={role}")))
        .respond_with(answer)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

/// The policies of both roles, as they should be.
pub(crate) async fn right_policies(server: &MockServer) {
    let (chain, read) = (spec().warehouse_policy_name(), spec().stream_policy_name());
    let assume = [trust::assume_grant(spec().stream_arn())];
    for (role, name, grants) in [(WAREHOUSE, chain, assume.to_vec()), (STREAM, read, grants())] {
        let names =
            format!("<PolicyNames><member>{name}</member></PolicyNames><IsTruncated>false</IsTruncated>");
        for_role(
            server,
            "ListRolePolicies",
            role,
            result("ListRolePolicies", &names),
        )
        .await;
        let document = PolicyDocument::from_grants(&grants).unwrap().to_json();
        let policy = format!(
            "<RoleName>{role}</RoleName><PolicyName>{name}</PolicyName><PolicyDocument>{}</PolicyDocument>",
            encoded(&document)
        );
        for_role(server, "GetRolePolicy", role, result("GetRolePolicy", &policy)).await;
    }
}

pub(crate) async fn nothing_attached(server: &MockServer) {
    let none = "<AttachedPolicies/><IsTruncated>false</IsTruncated>";
    always(
        server,
        "ListAttachedRolePolicies",
        result("ListAttachedRolePolicies", none),
    )
    .await;
}

/// Both roles as given, with the right policies and nothing attached.
pub(crate) async fn both(server: &MockServer, warehouse: &RoleXml, stream: &RoleXml) {
    for_role(server, "GetRole", WAREHOUSE, warehouse.answer("GetRole")).await;
    for_role(server, "GetRole", STREAM, stream.answer("GetRole")).await;
    right_policies(server).await;
    nothing_attached(server).await;
}

/// The bodies of all requests of an operation, percent-decoded, in their order.
pub(crate) async fn sent(server: &MockServer, operation: &str) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let bodies = requests
        .iter()
        .map(|request| String::from_utf8_lossy(&request.body).into_owned());
    bodies
        .filter(|body| body.starts_with(&format!("Action={operation}&")))
        .map(|body| decoded(&body))
        .collect()
}

/// The operations of all requests, in their order.
pub(crate) async fn calls(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let action = |body: &[u8]| {
        let text = String::from_utf8_lossy(body).into_owned();
        let name = text
            .strip_prefix("Action=")
            .and_then(|rest| rest.split('&').next());
        name.unwrap_or_default().to_owned()
    };
    requests.iter().map(|request| action(&request.body)).collect()
}

fn decoded(text: &str) -> String {
    let (mut out, bytes) = (Vec::new(), text.as_bytes());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |range: std::ops::Range<usize>| u8::from_str_radix(text.get(range)?, 16).ok();
        match (bytes[at], hex(at + 1..at + 3)) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
