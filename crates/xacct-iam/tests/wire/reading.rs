//! `GetRole`, `ListRolePolicies`, `GetRolePolicy`, `ListAttachedRolePolicies`, `GetPolicy`, `GetPolicyVersion`.

use crate::answers::*;
use wiremock::MockServer;
use wiremock::matchers::body_string_contains;
use xacct_iam::Seen;
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::query;

#[tokio::test]
async fn roles_are_read_with_documents_decoded_and_all_pages() {
    let server = MockServer::start().await;
    for_role(&server, "GetRole", WAREHOUSE, warehouse_role().answer("GetRole")).await;
    for_role(&server, "GetRole", STREAM, gone()).await;
    let page =
        "<PolicyNames><member>one</member></PolicyNames><IsTruncated>true</IsTruncated><Marker>next</Marker>";
    first(&server, "ListRolePolicies", result("ListRolePolicies", page)).await;
    let page = "<PolicyNames><member>two</member></PolicyNames><IsTruncated>false</IsTruncated>";
    query("ListRolePolicies")
        .and(body_string_contains("Marker=next"))
        .respond_with(result("ListRolePolicies", page))
        .mount(&server)
        .await;
    let document = encoded(r#"{"Version":"2012-10-17","Statement":[]}"#);
    let policy = format!(
        "<RoleName>r</RoleName><PolicyName>p</PolicyName><PolicyDocument>{document}</PolicyDocument>"
    );
    always(&server, "GetRolePolicy", result("GetRolePolicy", &policy)).await;
    let page = "<AttachedPolicies><member><PolicyName>a</PolicyName><PolicyArn>arn:aws:iam::aws:policy/A</PolicyArn></member></AttachedPolicies><IsTruncated>true</IsTruncated><Marker>m</Marker>";
    first(
        &server,
        "ListAttachedRolePolicies",
        result("ListAttachedRolePolicies", page),
    )
    .await;
    let page = "<AttachedPolicies><member><PolicyName>b</PolicyName><PolicyArn>arn:aws:iam::aws:policy/B</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>";
    always(
        &server,
        "ListAttachedRolePolicies",
        result("ListAttachedRolePolicies", page),
    )
    .await;

    let observed = pair(&server).observe(&virtual_context()).await.unwrap();
    assert_eq!(observed.stream, Seen::Nothing);
    let role = observed.warehouse.ours().unwrap();
    assert_eq!(role.unique_id, "AROAWAREHOUSE0000001");
    assert!(role.trust.means_the_same_as(&spec().warehouse_trust()));
    assert_eq!(role.inline.keys().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(role.attached.len(), 2);
}

#[tokio::test]
async fn what_goes_away_between_two_calls_is_read_as_absent() {
    let server = MockServer::start().await;
    for_role(&server, "GetRole", WAREHOUSE, warehouse_role().answer("GetRole")).await;
    for_role(&server, "GetRole", STREAM, stream_role().answer("GetRole")).await;
    for_role(&server, "ListRolePolicies", WAREHOUSE, gone()).await;
    let names = "<PolicyNames><member>one</member></PolicyNames><IsTruncated>false</IsTruncated>";
    for_role(
        &server,
        "ListRolePolicies",
        STREAM,
        result("ListRolePolicies", names),
    )
    .await;
    always(&server, "GetRolePolicy", gone()).await;
    always(&server, "ListAttachedRolePolicies", gone()).await;
    let observed = pair(&server).observe(&virtual_context()).await.unwrap();
    assert!(observed.warehouse.ours().unwrap().inline.is_empty());
    assert!(observed.stream.ours().unwrap().inline.is_empty());
    assert!(observed.stream.ours().unwrap().attached.is_empty());
}

#[tokio::test]
async fn a_role_with_our_name_and_not_our_tags_is_a_finding() {
    let server = MockServer::start().await;
    let mut foreign = stream_role();
    foreign.tags.insert("xacct:pipeline".into(), "orders".into());
    both(&server, &warehouse_role(), &foreign).await;
    let observed = pair(&server).observe(&virtual_context()).await.unwrap();
    let findings = observed.findings();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].link, "source/role/exists");
    assert!(findings[0].what.contains("does not carry this pipeline's tags"));
}

#[tokio::test]
async fn verification_reads_managed_policies_and_boundaries() {
    let server = MockServer::start().await;
    let mut bounded = stream_role();
    bounded.boundary = Some("arn:aws:iam::111111111111:policy/limit");
    both(&server, &warehouse_role(), &bounded).await;
    let policy = "<Policy><PolicyName>limit</PolicyName><DefaultVersionId>v3</DefaultVersionId></Policy>";
    always(&server, "GetPolicy", result("GetPolicy", policy)).await;
    let narrow = encoded(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
    );
    let version =
        format!("<PolicyVersion><Document>{narrow}</Document><VersionId>v3</VersionId></PolicyVersion>");
    query("GetPolicyVersion")
        .and(body_string_contains("VersionId=v3"))
        .respond_with(result("GetPolicyVersion", &version))
        .mount(&server)
        .await;
    let report = pair(&server).verify(&grants(), &virtual_context()).await.unwrap();
    assert!(report.names("source/role/boundary"), "{report}");
    assert_eq!(report.failed(), 1, "{report}");
}

#[tokio::test]
async fn managed_policies_that_cannot_be_read_are_said_to_be_left_out() {
    for (operation, answer) in [
        ("GetPolicy", gone()),
        (
            "GetPolicyVersion",
            XML.error(403, "AccessDenied", "not authorized"),
        ),
        ("GetPolicyVersion", gone()),
    ] {
        let server = MockServer::start().await;
        let mut bounded = stream_role();
        bounded.boundary = Some("arn:aws:iam::111111111111:policy/limit");
        both(&server, &warehouse_role(), &bounded).await;
        always(&server, operation, answer).await;
        let policy = "<Policy><DefaultVersionId>v1</DefaultVersionId></Policy>";
        always(&server, "GetPolicy", result("GetPolicy", policy)).await;
        let report = pair(&server).verify(&grants(), &virtual_context()).await.unwrap();
        assert!(report.holds(), "{report}");
        assert!(report.findings[0].what.contains("could not be read"), "{report}");
    }
}

#[tokio::test]
async fn a_pair_that_is_right_has_no_findings() {
    let server = MockServer::start().await;
    both(&server, &warehouse_role(), &stream_role()).await;
    let report = pair(&server).verify(&grants(), &virtual_context()).await.unwrap();
    assert!(report.findings.is_empty(), "{report}");
    assert!(!report.passed.is_empty());
}

#[tokio::test]
async fn a_stored_document_that_is_no_policy_is_an_error_with_its_cause() {
    let server = MockServer::start().await;
    always(&server, "GetRole", warehouse_role().answer("GetRole")).await;
    let names = "<PolicyNames><member>one</member></PolicyNames><IsTruncated>false</IsTruncated>";
    always(&server, "ListRolePolicies", result("ListRolePolicies", names)).await;
    nothing_attached(&server).await;
    let broken = "<RoleName>r</RoleName><PolicyName>p</PolicyName><PolicyDocument>%7B</PolicyDocument>";
    always(&server, "GetRolePolicy", result("GetRolePolicy", broken)).await;
    let failure = pair(&server).observe(&virtual_context()).await.unwrap_err();
    let told = xacct_converge::explain(&failure);
    assert!(told.contains("cannot be read at line 1, column 1"), "{told}");
}
