//! Roles, policies, trust and sessions.

use std::time::Duration;

use aws_sdk_iam::error::ProvideErrorMetadata;
use serde_json::{Value, json};

use crate::support::*;

fn decoded(text: &Value) -> Value {
    let text = percent_decode(text.as_str().unwrap());
    serde_json::from_str(&text).unwrap()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let pair = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap());
            }
            plain => bytes.push(plain),
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn trusted(sim: &xacct_sim::Sim, account: &str, role: &str) -> String {
    let reply = sim
        .call(account, "iam", "GetRole", json!({ "RoleName": role }))
        .unwrap();
    let document = decoded(&reply["Role"]["AssumeRolePolicyDocument"]);
    document["Statement"][0]["Principal"]["AWS"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_role_made_again_under_its_old_name_is_not_trusted_any_more() {
    let sim = still_sim();
    let first = role(&sim, B, "warehouse", &trust("Service", "redshift.amazonaws.com"));
    role(&sim, A, "stream", &trust("AWS", &first));
    assert_eq!(trusted(&sim, A, "stream"), first);
    sim.call(B, "iam", "DeleteRole", json!({ "RoleName": "warehouse" }))
        .unwrap();
    assert!(trusted(&sim, A, "stream").starts_with("AROA"));
    role(&sim, B, "warehouse", &trust("Service", "redshift.amazonaws.com"));
    assert!(trusted(&sim, A, "stream").starts_with("AROA"));
    let again = json!({ "RoleName": "stream", "PolicyDocument": trust("AWS", &first) });
    sim.call(A, "iam", "UpdateAssumeRolePolicy", again).unwrap();
    assert_eq!(trusted(&sim, A, "stream"), first);
}

#[test]
fn a_principal_that_is_new_or_missing_is_an_invalid_principal() {
    let sim = sim();
    let missing = format!("arn:aws:iam::{B}:role/nobody");
    let asked = json!({ "RoleName": "stream", "AssumeRolePolicyDocument": trust("AWS", &missing) });
    let (code, text) = refused(sim.call(A, "iam", "CreateRole", asked));
    assert_eq!(code, "MalformedPolicyDocument");
    assert_eq!(
        text,
        format!("Invalid principal in policy: \"AWS\":\"{missing}\"")
    );
    let new = role(&sim, B, "warehouse", &trust("Service", "redshift.amazonaws.com"));
    let asked = json!({ "RoleName": "stream", "AssumeRolePolicyDocument": trust("AWS", &new) });
    assert!(
        refused(sim.call(A, "iam", "CreateRole", asked.clone()))
            .1
            .contains("Invalid principal in policy")
    );
    pass(&sim, 200);
    sim.call(A, "iam", "CreateRole", asked).unwrap();
}

#[test]
fn names_are_unique_without_regard_to_case() {
    let sim = still_sim();
    role(&sim, A, "Reader", &trust("AWS", A));
    let asked = json!({ "RoleName": "reader", "AssumeRolePolicyDocument": trust("AWS", A) });
    let (code, text) = refused(sim.call(A, "iam", "CreateRole", asked));
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("EntityAlreadyExists", "Role with name reader already exists.")
    );
}

#[test]
fn a_role_is_deleted_only_without_policies() {
    let sim = still_sim();
    role(&sim, A, "reader", &trust("AWS", A));
    put_policy(&sim, A, "reader", &allow(&["kafka-cluster:*"], "*"));
    let delete = json!({ "RoleName": "reader" });
    let (code, text) = refused(sim.call(A, "iam", "DeleteRole", delete.clone()));
    assert_eq!(
        (code.as_str(), text.as_str()),
        (
            "DeleteConflict",
            "Cannot delete entity, must delete policies first."
        )
    );
    sim.call(
        A,
        "iam",
        "DeleteRolePolicy",
        json!({ "RoleName": "reader", "PolicyName": "p" }),
    )
    .unwrap();
    let made = json!({ "PolicyName": "m", "PolicyDocument": allow(&["ec2:*"], "*").to_string() });
    let arn = sim.call(A, "iam", "CreatePolicy", made).unwrap()["Policy"]["Arn"].clone();
    let attach = json!({ "RoleName": "reader", "PolicyArn": arn });
    sim.call(A, "iam", "AttachRolePolicy", attach.clone()).unwrap();
    assert!(
        refused(sim.call(A, "iam", "DeleteRole", delete.clone()))
            .1
            .contains("must detach all policies first")
    );
    sim.call(A, "iam", "DetachRolePolicy", attach).unwrap();
    sim.call(A, "iam", "DeleteRole", delete).unwrap();
}

#[test]
fn policies_that_are_too_long_are_refused_with_iams_words() {
    let sim = still_sim();
    role(&sim, A, "reader", &trust("AWS", A));
    let long = allow(&["ec2:*"], &format!("arn:aws:ec2:*:*:vpc/{}", "x".repeat(10_240)));
    let asked = json!({ "RoleName": "reader", "PolicyName": "p", "PolicyDocument": long.to_string() });
    let (code, text) = refused(sim.call(A, "iam", "PutRolePolicy", asked));
    assert_eq!(code, "LimitExceeded");
    assert_eq!(
        text,
        "Maximum policy size of 10240 bytes exceeded for role reader"
    );
    let asked = json!({ "PolicyName": "p", "PolicyDocument": long.to_string() });
    assert_eq!(
        refused(sim.call(A, "iam", "CreatePolicy", asked)).1,
        "Cannot exceed quota for PolicySize: 6144"
    );
    let names: Vec<String> = (0..60)
        .map(|n| format!("arn:aws:sts::{A}:assumed-role/reader/session-number-{n}"))
        .collect();
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": names } } });
    let asked = json!({ "RoleName": "reader", "PolicyDocument": trust.to_string() });
    assert_eq!(
        refused(sim.call(A, "iam", "UpdateAssumeRolePolicy", asked)).1,
        "Cannot exceed quota for ACLSizePerRole: 2048"
    );
}

#[test]
fn a_managed_policy_has_at_most_five_versions_and_numbers_are_not_reused() {
    let sim = still_sim();
    let document = allow(&["ec2:*"], "*").to_string();
    let made = sim
        .call(
            A,
            "iam",
            "CreatePolicy",
            json!({ "PolicyName": "m", "PolicyDocument": document }),
        )
        .unwrap();
    let arn = made["Policy"]["Arn"].clone();
    let version = json!({ "PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": "true" });
    for _ in 0..4 {
        sim.call(A, "iam", "CreatePolicyVersion", version.clone())
            .unwrap();
    }
    assert_eq!(
        refused(sim.call(A, "iam", "CreatePolicyVersion", version.clone())).0,
        "LimitExceeded"
    );
    sim.call(
        A,
        "iam",
        "DeletePolicyVersion",
        json!({ "PolicyArn": arn, "VersionId": "v4" }),
    )
    .unwrap();
    let made = sim.call(A, "iam", "CreatePolicyVersion", version).unwrap();
    assert_eq!(made["PolicyVersion"]["VersionId"], "v6");
    assert_eq!(
        refused(sim.call(A, "iam", "DeletePolicy", json!({ "PolicyArn": arn }))).0,
        "DeleteConflict"
    );
}

#[test]
fn the_sdk_reads_roles_with_encoded_documents_and_modelled_errors() {
    let sim = sim();
    let iam = aws_sdk_iam::Client::new(&sim.sdk_config(A));
    sim.run(async {
        let made = iam
            .create_role()
            .role_name("reader")
            .path("/pipelines/")
            .assume_role_policy_document(trust("Service", "redshift.amazonaws.com"))
            .tags(
                aws_sdk_iam::types::Tag::builder()
                    .key("xacct:pipeline")
                    .value("clicks")
                    .build()
                    .unwrap(),
            )
            .send()
            .await
            .unwrap();
        let role = made.role.unwrap();
        assert_eq!(role.arn, format!("arn:aws:iam::{A}:role/pipelines/reader"));
        tokio::time::sleep(Duration::from_secs(30)).await;
        let found = iam
            .get_role()
            .role_name("reader")
            .send()
            .await
            .unwrap()
            .role
            .unwrap();
        assert!(found.assume_role_policy_document.unwrap().starts_with("%7B%22"));
        assert_eq!(found.tags.unwrap()[0].value, "clicks");
        let listed = iam.list_roles().path_prefix("/pipelines/").send().await.unwrap();
        assert_eq!(listed.roles.len(), 1);
        let missing = iam.get_role().role_name("nobody").send().await.unwrap_err();
        assert!(missing.as_service_error().unwrap().is_no_such_entity_exception());
        let twice = iam
            .create_role()
            .role_name("reader")
            .assume_role_policy_document(trust("AWS", A))
            .send()
            .await
            .unwrap_err();
        assert!(
            twice
                .as_service_error()
                .unwrap()
                .is_entity_already_exists_exception()
        );
    });
}

#[test]
fn a_session_ends_when_its_time_is_over() {
    let sim = still_sim();
    role(&sim, B, "deployer", &trust("AWS", A));
    put_policy(&sim, B, "deployer", &allow(&["ec2:Describe*"], "*"));
    let sts = aws_sdk_sts::Client::new(&sim.sdk_config(A));
    sim.run(async {
        let assumed = sts
            .assume_role()
            .role_arn(format!("arn:aws:iam::{B}:role/deployer"))
            .role_session_name("deploy")
            .duration_seconds(900)
            .send()
            .await
            .unwrap();
        let given = assumed.credentials.unwrap();
        let credentials = aws_credential_types::Credentials::from_keys(
            given.access_key_id.as_str(),
            given.secret_access_key.as_str(),
            Some(given.session_token.clone()),
        );
        let config = sim.sdk_config_for(credentials);
        let who = aws_sdk_sts::Client::new(&config)
            .get_caller_identity()
            .send()
            .await
            .unwrap();
        assert_eq!(who.account.as_deref(), Some(B));
        assert_eq!(
            who.arn.as_deref(),
            Some(format!("arn:aws:sts::{B}:assumed-role/deployer/deploy").as_str())
        );
        let ec2 = aws_sdk_ec2::Client::new(&config);
        ec2.describe_vpcs().send().await.unwrap();
        let refused = ec2
            .create_vpc()
            .cidr_block("10.0.0.0/16")
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Some("UnauthorizedOperation"));
        tokio::time::sleep(Duration::from_secs(901)).await;
        let expired = ec2.describe_vpcs().send().await.unwrap_err();
        assert_eq!(expired.code(), Some("RequestExpired"));
        let expired = aws_sdk_kafka::Client::new(&config)
            .list_clusters_v2()
            .send()
            .await
            .unwrap_err();
        assert_eq!(expired.code(), Some("ExpiredTokenException"));
    });
}

#[test]
fn assuming_a_role_needs_both_sides_and_a_little_patience() {
    let sim = sim();
    let user = sim
        .create_user_with_policy(A, "ann", &allow(&["sts:AssumeRole"], "*"))
        .unwrap();
    let lonely = sim
        .create_user_with_policy(A, "bob", &allow(&["ec2:*"], "*"))
        .unwrap();
    let arn = role(&sim, B, "deployer", &trust("AWS", A));
    let assume = |credentials: &aws_credential_types::Credentials| {
        let sts = aws_sdk_sts::Client::new(&sim.sdk_config_for(credentials.clone()));
        sim.run(async {
            sts.assume_role()
                .role_arn(&arn)
                .role_session_name("deploy")
                .send()
                .await
        })
    };
    // Too new.
    assert_eq!(assume(&user).unwrap_err().code(), Some("AccessDenied"));
    pass(&sim, 200);
    assume(&user).unwrap();
    let refused = assume(&lonely).unwrap_err();
    assert_eq!(refused.code(), Some("AccessDenied"));
    let text = format!(
        "User: arn:aws:iam::{A}:user/bob is not authorized to perform: sts:AssumeRole on resource: {arn}"
    );
    assert_eq!(refused.message(), Some(text.as_str()));
    let elsewhere = json!({ "RoleName": "deployer", "PolicyDocument": trust("AWS", B) });
    sim.call(B, "iam", "UpdateAssumeRolePolicy", elsewhere).unwrap();
    assert_eq!(assume(&user).unwrap_err().code(), Some("AccessDenied"));
}

#[test]
fn an_external_id_must_be_the_one_the_trust_asks_for() {
    let sim = still_sim();
    let text = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": A }, "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "sts:ExternalId": "sesame" } } }] });
    let arn = role(&sim, B, "deployer", &text.to_string());
    let sts = aws_sdk_sts::Client::new(&sim.sdk_config(A));
    sim.run(async {
        let ask = || sts.assume_role().role_arn(&arn).role_session_name("deploy");
        assert!(ask().send().await.is_err());
        assert!(ask().external_id("other").send().await.is_err());
        ask().external_id("sesame").send().await.unwrap();
    });
}

#[test]
fn a_chained_session_lasts_an_hour_at_most() {
    let sim = still_sim();
    let first = role(&sim, A, "first", &trust("AWS", A));
    put_policy(&sim, A, "first", &allow(&["sts:AssumeRole"], "*"));
    let second = role(&sim, B, "second", &trust("AWS", &first));
    sim.call(
        B,
        "iam",
        "UpdateRole",
        json!({ "RoleName": "second", "MaxSessionDuration": 43200 }),
    )
    .unwrap();
    let sts = aws_sdk_sts::Client::new(&sim.sdk_config(A));
    sim.run(async {
        let given = sts
            .assume_role()
            .role_arn(&first)
            .role_session_name("one")
            .send()
            .await
            .unwrap()
            .credentials
            .unwrap();
        let credentials = aws_credential_types::Credentials::from_keys(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
        );
        let chained = aws_sdk_sts::Client::new(&sim.sdk_config_for(credentials));
        let ask = || chained.assume_role().role_arn(&second).role_session_name("two");
        ask().duration_seconds(3600).send().await.unwrap();
        let refused = ask().duration_seconds(3601).send().await.unwrap_err();
        assert!(
            refused
                .message()
                .unwrap()
                .contains("1 hour session limit for roles assumed by role chaining")
        );
    });
}

#[test]
fn the_sdk_reads_quotas() {
    let sim = still_sim();
    let iam = aws_sdk_iam::Client::new(&sim.sdk_config(A));
    let summary = sim.run(async {
        iam.get_account_summary()
            .send()
            .await
            .unwrap()
            .summary_map
            .unwrap()
    });
    let roles = aws_sdk_iam::types::SummaryKeyType::VersionsPerPolicyQuota;
    assert_eq!(summary[&roles], 5);
}
