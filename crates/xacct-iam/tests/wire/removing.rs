//! `DetachRolePolicy`, `DeleteRolePolicy`, `DeleteRole`.

use crate::answers::*;
use wiremock::{MockServer, ResponseTemplate};
use xacct_converge::{ApplyError, Graph};
use xacct_tests::clock::virtual_context;

/// Both roles are there until they are asked to go; a managed policy hangs on the stream role.
async fn there(server: &MockServer) {
    // Reads before the removal: one to observe and one to see what hangs on it now.
    for (role, xml) in [(WAREHOUSE, warehouse_role()), (STREAM, stream_role())] {
        for _ in 0..2 {
            first_for_role(server, "GetRole", role, xml.answer("GetRole")).await;
        }
        for_role(server, "GetRole", role, gone()).await;
    }
    right_policies(server).await;
    let attached = "<AttachedPolicies><member><PolicyName>a</PolicyName><PolicyArn>arn:aws:iam::aws:policy/A</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>";
    for_role(
        server,
        "ListAttachedRolePolicies",
        STREAM,
        result("ListAttachedRolePolicies", attached),
    )
    .await;
    nothing_attached(server).await;
}

async fn remove(server: &MockServer) -> Result<(), ApplyError> {
    let cx = virtual_context();
    let pair = pair(server);
    let observed = pair.observe(&cx).await.unwrap();
    let mut graph = Graph::new();
    let _ = pair.declare(&mut graph, &observed, grants().into());
    graph.remove(graph.plan_removal(), &cx).await
}

const DELETES: [&str; 3] = ["DetachRolePolicy", "DeleteRolePolicy", "DeleteRole"];

async fn succeeds(server: &MockServer, operations: &[&str]) {
    for operation in operations {
        always(server, operation, result(operation, "")).await;
    }
}

#[tokio::test]
async fn policies_come_off_before_the_role_goes_and_the_stream_role_goes_first() {
    let server = MockServer::start().await;
    there(&server).await;
    succeeds(&server, &DELETES).await;
    remove(&server).await.unwrap();
    let order: Vec<String> = calls(&server).await;
    let deletes: Vec<&str> = order
        .iter()
        .map(String::as_str)
        .filter(|call| DELETES.contains(call))
        .collect();
    let detach = deletes
        .iter()
        .position(|call| *call == "DetachRolePolicy")
        .unwrap();
    let first_role = deletes.iter().position(|call| *call == "DeleteRole").unwrap();
    assert!(detach < first_role, "{deletes:?}");
    let gone = sent(&server, "DeleteRole").await;
    assert!(
        gone[0].contains(STREAM) && gone[1].contains(WAREHOUSE),
        "{gone:?}"
    );
}

#[tokio::test]
async fn what_is_gone_already_is_no_error() {
    let server = MockServer::start().await;
    there(&server).await;
    for operation in DELETES {
        always(&server, operation, gone()).await;
    }
    remove(&server).await.unwrap();
}

#[tokio::test]
async fn something_that_still_hangs_on_the_role_is_waited_for() {
    let server = MockServer::start().await;
    there(&server).await;
    for role in [WAREHOUSE, STREAM] {
        for_role(&server, "GetRole", role, gone()).await;
    }
    let conflict = XML.error(
        409,
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
    );
    first_for_role(&server, "DeleteRole", WAREHOUSE, conflict).await;
    succeeds(&server, &DELETES).await;
    remove(&server).await.unwrap();
}

/// A role whose removal IAM refuses in this way, for ever.
async fn refused(operation: &str, answer: ResponseTemplate) -> ApplyError {
    let server = MockServer::start().await;
    both(&server, &warehouse_role(), &stream_role()).await;
    always(&server, operation, answer).await;
    succeeds(&server, &DELETES).await;
    remove(&server).await.unwrap_err()
}

#[tokio::test]
async fn an_instance_profile_of_somebody_else_ends_the_removal_in_iams_own_words() {
    let text = "Cannot delete entity, must remove roles from instance profile first.";
    let error = refused("DeleteRole", XML.error(409, "DeleteConflict", text)).await;
    assert!(error.failure().to_string().contains(text), "{}", error.failure());
}

#[tokio::test]
async fn a_protected_role_is_not_removed() {
    for operation in ["DeleteRole", "DeleteRolePolicy"] {
        let error = refused(operation, XML.error(400, "UnmodifiableEntity", "protected")).await;
        assert_eq!(error.failure().code(), Some("UnmodifiableEntity"), "{operation}");
    }
}

#[tokio::test]
async fn a_role_that_lost_our_tags_is_never_removed() {
    let server = MockServer::start().await;
    let mut foreign = stream_role();
    foreign.tags.clear();
    both(&server, &warehouse_role(), &foreign).await;
    for_role(&server, "GetRole", WAREHOUSE, gone()).await;
    succeeds(&server, &DELETES).await;
    let cx = virtual_context();
    let pair = pair(&server);
    let observed = pair.observe(&cx).await.unwrap();
    let mut graph = Graph::new();
    let _ = pair.declare(&mut graph, &observed, grants().into());
    let removal = graph.plan_removal();
    let doomed: Vec<&str> = removal
        .plan
        .changes()
        .map(|step| step.resource.as_str())
        .collect();
    assert!(
        doomed.iter().all(|name| !name.starts_with("source/")),
        "{doomed:?}"
    );
}
