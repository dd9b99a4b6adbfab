//! Tags of a namespace and a workgroup that somebody took off.

use super::{answers, fails, sent};
use redshift_streaming::serverless::{Serverless, ServerlessSpec, Surroundings};
use serde_json::{Value as Json, json};
use wiremock::MockServer;
use xacct_converge::{ApplyError, Graph};
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::fake_config;
use xacct_types::{Owner, PipelineName, RoleArn, SecurityGroupId, SubnetId};

const ROLE: &str = "arn:aws:iam::222222222222:role/warehouse";

/// Both exist as they should be but for one tag; puts it back.
async fn put_back(server: &MockServer) -> Result<(), ApplyError> {
    let owner = Owner::new(PipelineName::new("clicks").unwrap());
    let arn = |kind: &str| format!("arn:aws:redshift-serverless:ap-south-1:222222222222:{kind}/1");
    let secret = "arn:aws:secretsmanager:ap-south-1:222222222222:secret:redshift!clicks-abcdef";
    let namespace = json!({ "namespace": { "namespaceName": "clicks-namespace", "namespaceArn": arn("namespace"),
        "status": "AVAILABLE", "dbName": "dev", "iamRoles": [ROLE], "defaultIamRoleArn": ROLE,
        "adminPasswordSecretArn": secret } });
    let workgroup = json!({ "workgroup": { "workgroupName": "clicks-workgroup", "workgroupArn": arn("workgroup"),
        "status": "AVAILABLE", "baseCapacity": 32, "enhancedVpcRouting": true, "publiclyAccessible": false,
        "subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"], "configParameters": [] } });
    answers(server, "redshift-serverless:GetNamespace", namespace).await;
    answers(server, "redshift-serverless:GetWorkgroup", workgroup).await;
    let owner_of = owner.clone();
    super::route("redshift-serverless:ListTagsForResource")
        .respond_with(move |request: &wiremock::Request| {
            let body: Json = request.body_json().unwrap();
            let namespace = body["resourceArn"].as_str().unwrap().contains("namespace/");
            let mut tags = owner_of.tags(if namespace {
                "warehouse/namespace"
            } else {
                "warehouse/workgroup"
            });
            if namespace {
                tags.remove("Name");
            }
            let tags = tags
                .iter()
                .map(|(key, value)| json!({ "key": key, "value": value }));
            let body = json!({ "tags": tags.collect::<Vec<_>>() });
            xacct_tests::wire::Protocol::AwsJson.success(body.to_string())
        })
        .mount(server)
        .await;
    let service = Serverless::new(
        &fake_config(server),
        owner.clone(),
        ServerlessSpec::of(&owner, "dev"),
    );
    let seen = service.observe(&virtual_context()).await.unwrap();
    let mut graph = Graph::new();
    let around = Surroundings {
        role: Some(RoleArn::new(ROLE).unwrap().into()),
        subnets: vec![SubnetId::new("subnet-1").unwrap().into()],
        groups: vec![SecurityGroupId::new("sg-1").unwrap().into()],
        after: Vec::new(),
    };
    service.declare(&mut graph, &seen, around);
    graph.apply(graph.plan(), &virtual_context()).await.map(|_| ())
}

#[tokio::test]
async fn a_tag_that_was_taken_off_is_put_on_again_and_no_other() {
    let server = MockServer::start().await;
    answers(&server, "redshift-serverless:TagResource", json!({})).await;
    put_back(&server).await.unwrap();
    let calls = sent(&server, "redshift-serverless:TagResource").await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0]["tags"],
        json!([{ "key": "Name", "value": "clicks-warehouse-namespace" }])
    );
}

#[tokio::test]
async fn a_tag_that_may_not_be_put_on_is_an_error_of_that_call() {
    let server = MockServer::start().await;
    fails(
        &server,
        "redshift-serverless:TagResource",
        "AccessDeniedException",
        "not you",
    )
    .await;
    let error = put_back(&server).await.unwrap_err();
    assert_eq!(error.failure().operation(), "redshift-serverless:TagResource");
}
