//! `ListRoles`, `GetAccountAuthorizationDetails`, `GetAccountSummary`.

use crate::answers::*;
use wiremock::MockServer;
use wiremock::matchers::body_string_contains;
use xacct_iam::spec::RolePath;
use xacct_iam::{RolesUnder, Seen, account};
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::{fake_config, query};

const PATH: &str = "/xacct/shop/";

/// The stream role as `ListRoles` shows it.
fn listed() -> String {
    let trust = encoded(&spec().stream_trust().to_json());
    format!(
        "<Roles><member><Path>{PATH}</Path><RoleName>{STREAM}</RoleName><RoleId>AROASTREAM0000000001</RoleId>\
         <Arn>arn:aws:iam::111111111111:role{PATH}{STREAM}</Arn><CreateDate>2026-01-02T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument><Description>d</Description>\
         <MaxSessionDuration>7200</MaxSessionDuration></member></Roles>"
    )
}

/// What the details add to it, and a role that lies elsewhere.
fn details() -> String {
    let document = encoded(r#"{"Version":"2012-10-17","Statement":[]}"#);
    let tags: String = owner()
        .tags("source/role")
        .iter()
        .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"))
        .collect();
    format!(
        "<RoleDetailList><member><RoleName>other</RoleName></member><member><RoleName>{STREAM}</RoleName>\
         <RolePolicyList><member><PolicyName>p</PolicyName><PolicyDocument>{document}</PolicyDocument></member>\
         </RolePolicyList><AttachedManagedPolicies><member><PolicyName>a</PolicyName>\
         <PolicyArn>arn:aws:iam::aws:policy/A</PolicyArn></member></AttachedManagedPolicies>\
         <PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
         <PermissionsBoundaryArn>arn:aws:iam::111111111111:policy/b</PermissionsBoundaryArn></PermissionsBoundary>\
         <Tags>{tags}</Tags></member></RoleDetailList>"
    )
}

async fn read(server: &MockServer) -> Result<RolesUnder, xacct_converge::Failure> {
    let (path, config) = (RolePath::new(PATH).unwrap(), fake_config(server));
    RolesUnder::read(&path, &config, &config, &virtual_context()).await
}

#[tokio::test]
async fn many_roles_are_read_whole_with_two_calls_and_all_pages() {
    let server = MockServer::start().await;
    let page = "<Roles></Roles><IsTruncated>true</IsTruncated><Marker>next</Marker>";
    let last = format!("{}<IsTruncated>false</IsTruncated>", listed());
    query("ListRoles")
        .and(body_string_contains("Marker=next"))
        .respond_with(result("ListRoles", &last))
        .mount(&server)
        .await;
    always(&server, "ListRoles", result("ListRoles", page)).await;
    let page = format!("{}<IsTruncated>false</IsTruncated>", details());
    let operation = "GetAccountAuthorizationDetails";
    always(&server, operation, result(operation, &page)).await;
    let roles = read(&server).await.unwrap();
    let found = roles.pair(&spec());
    assert_eq!(found.warehouse, Seen::Nothing);
    let role = found.stream.ours().unwrap();
    assert_eq!((role.max_session, role.description.as_str()), (7200, "d"));
    assert_eq!(role.inline.keys().collect::<Vec<_>>(), ["p"]);
    assert_eq!(role.attached.len(), 1);
    assert_eq!(
        role.boundary.as_deref(),
        Some("arn:aws:iam::111111111111:policy/b")
    );
}

#[tokio::test]
async fn a_refusal_of_either_call_names_it() {
    let denied = || XML.error(403, "AccessDenied", "not authorized");
    let server = MockServer::start().await;
    always(&server, "ListRoles", denied()).await;
    assert_eq!(read(&server).await.unwrap_err().operation(), "iam:ListRoles");
    let server = MockServer::start().await;
    let page = format!("{}<IsTruncated>false</IsTruncated>", listed());
    always(&server, "ListRoles", result("ListRoles", &page)).await;
    let operation = "GetAccountAuthorizationDetails";
    always(&server, operation, denied()).await;
    let refusal = read(&server).await.unwrap_err();
    assert_eq!(refusal.operation(), "iam:GetAccountAuthorizationDetails");
}

#[tokio::test]
async fn the_roles_of_an_account_are_counted() {
    let server = MockServer::start().await;
    let denied = XML.error(403, "AccessDenied", "not authorized");
    first(&server, "GetAccountSummary", denied).await;
    let entries = "<SummaryMap><entry><key>Roles</key><value>12</value></entry></SummaryMap>";
    always(&server, "GetAccountSummary", result("GetAccountSummary", entries)).await;
    let (config, cx) = (fake_config(&server), virtual_context());
    let refusal = account::roles(&config, &cx).await.unwrap_err();
    assert_eq!(refusal.operation(), "iam:GetAccountSummary");
    assert_eq!(account::roles(&config, &cx).await.unwrap(), 12);
}
