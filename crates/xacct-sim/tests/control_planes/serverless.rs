//! Redshift Serverless.

use std::time::Duration;

use aws_sdk_redshiftserverless::types::{NamespaceStatus, WorkgroupStatus};
use serde_json::{Value, json};
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::{ApiError, Sim};

use crate::support::*;

fn namespace(sim: &Sim, name: &str) {
    sim.call(
        B,
        "redshift-serverless",
        "CreateNamespace",
        json!({ "namespaceName": name }),
    )
    .unwrap();
    pass(sim, 120);
}

fn workgroup(net: &Network, name: &str, namespace: &str) -> Value {
    json!({ "workgroupName": name, "namespaceName": namespace, "baseCapacity": 32, "enhancedVpcRouting": true,
        "subnetIds": net.subnets, "securityGroupIds": [net.group] })
}

fn code_of(sim: &Sim, operation: &str, params: Value) -> (String, String) {
    refused(sim.call(B, "redshift-serverless", operation, params))
}

#[test]
fn the_sdk_makes_a_warehouse_and_takes_it_away() {
    let sim = sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    let arn = role(&sim, B, "warehouse", &trust("Service", "redshift.amazonaws.com"));
    let client = aws_sdk_redshiftserverless::Client::new(&sim.sdk_config(B));
    sim.run(async {
        let made = client
            .create_namespace()
            .namespace_name("clicks")
            .db_name("streaming")
            .manage_admin_password(true)
            .iam_roles(&arn)
            .default_iam_role_arn(&arn)
            .send()
            .await
            .unwrap()
            .namespace
            .unwrap();
        assert!(
            made.admin_password_secret_arn
                .unwrap()
                .contains(":secret:redshift!clicks-admin-")
        );
        let state = || async {
            client
                .get_namespace()
                .namespace_name("clicks")
                .send()
                .await
                .unwrap()
                .namespace
                .unwrap()
        };
        while state().await.status != Some(NamespaceStatus::Available) {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        tokio::time::sleep(Duration::from_secs(120)).await;
        let roles = state().await.iam_roles.unwrap();
        assert!(
            roles[0].starts_with("IamRole(")
                && roles[0].contains("applyStatus=in-sync")
                && roles[0].contains(&format!("iamRoleArn={arn}"))
        );
        client
            .create_workgroup()
            .workgroup_name("clicks-wg")
            .namespace_name("clicks")
            .base_capacity(32)
            .enhanced_vpc_routing(true)
            .set_subnet_ids(Some(net.subnets.clone()))
            .security_group_ids(&net.group)
            .send()
            .await
            .unwrap();
        let mut seen = Vec::new();
        loop {
            let now = client
                .get_workgroup()
                .workgroup_name("clicks-wg")
                .send()
                .await
                .unwrap()
                .workgroup
                .unwrap();
            let status = now.status.clone().unwrap();
            let busy = state().await.status == Some(NamespaceStatus::Modifying);
            assert_eq!(busy, status != WorkgroupStatus::Available);
            if seen.last() != Some(&status) {
                seen.push(status.clone());
            }
            if status == WorkgroupStatus::Available {
                let endpoint = now.endpoint.unwrap();
                assert_eq!(
                    endpoint.address.unwrap(),
                    format!("clicks-wg.{B}.ap-south-1.redshift-serverless.amazonaws.com")
                );
                assert_eq!(
                    endpoint.vpc_endpoints.unwrap()[0]
                        .network_interfaces
                        .as_ref()
                        .unwrap()
                        .len(),
                    3
                );
                break;
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(
            seen,
            [
                WorkgroupStatus::Creating,
                WorkgroupStatus::Modifying,
                WorkgroupStatus::Available
            ]
        );
        let held = client
            .delete_namespace()
            .namespace_name("clicks")
            .send()
            .await
            .unwrap_err();
        assert!(held.as_service_error().unwrap().is_conflict_exception());
        client
            .get_credentials()
            .workgroup_name("clicks-wg")
            .send()
            .await
            .unwrap();
        client
            .delete_workgroup()
            .workgroup_name("clicks-wg")
            .send()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1600)).await;
        assert!(
            client
                .get_workgroup()
                .workgroup_name("clicks-wg")
                .send()
                .await
                .unwrap_err()
                .as_service_error()
                .unwrap()
                .is_resource_not_found_exception()
        );
        client
            .delete_namespace()
            .namespace_name("clicks")
            .send()
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(
            client
                .get_namespace()
                .namespace_name("clicks")
                .send()
                .await
                .is_err()
        );
    });
    assert!(
        !sim.inventory(B)
            .resources
            .iter()
            .any(|resource| resource.kind.starts_with("redshift") || resource.kind.starts_with("secrets"))
    );
}

#[test]
fn a_busy_namespace_refuses_with_the_words_that_clients_wait_on() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    sim.call(
        B,
        "redshift-serverless",
        "CreateNamespace",
        json!({ "namespaceName": "clicks" }),
    )
    .unwrap();
    let (code, text) = code_of(&sim, "CreateWorkgroup", workgroup(&net, "clicks", "clicks"));
    assert_eq!(code, "ConflictException");
    assert!(text.contains("There is an operation in progress"), "{text}");
    pass(&sim, 120);
    sim.call(
        B,
        "redshift-serverless",
        "CreateWorkgroup",
        workgroup(&net, "clicks", "clicks"),
    )
    .unwrap();
    let (_, text) = code_of(&sim, "DeleteWorkgroup", json!({ "workgroupName": "clicks" }));
    assert!(text.contains("There is an operation in progress"), "{text}");
    let (code, text) = code_of(&sim, "CreateNamespace", json!({ "namespaceName": "clicks" }));
    assert_eq!(code, "ConflictException");
    assert!(text.contains("already exists"));
}

#[test]
fn the_default_role_must_be_one_of_the_list() {
    let sim = still_sim();
    let arn = role(&sim, B, "warehouse", &trust("Service", "redshift.amazonaws.com"));
    let (code, text) = code_of(
        &sim,
        "CreateNamespace",
        json!({ "namespaceName": "clicks", "defaultIamRoleArn": arn }),
    );
    assert_eq!(
        (code.as_str(), text.as_str()),
        (
            "ValidationException",
            "The list of customer IAM roles must contain the default IAM role."
        )
    );
    let policy = format!("arn:aws:iam::{B}:policy/warehouse");
    assert_eq!(
        code_of(
            &sim,
            "CreateNamespace",
            json!({ "namespaceName": "clicks", "iamRoles": [policy] })
        )
        .0,
        "ValidationException"
    );
    namespace(&sim, "clicks");
    let (_, text) = code_of(
        &sim,
        "UpdateNamespace",
        json!({ "namespaceName": "clicks", "defaultIamRoleArn": arn }),
    );
    assert_eq!(
        text,
        "To change the default IAM role, you must specify the entire list of IAM roles."
    );
    let both = json!({ "namespaceName": "clicks", "iamRoles": [arn], "defaultIamRoleArn": arn });
    let changed = sim
        .call(B, "redshift-serverless", "UpdateNamespace", both)
        .unwrap();
    assert_eq!(changed["namespace"]["status"], "MODIFYING");
}

#[test]
fn a_workgroup_needs_zones_addresses_and_groups_of_its_vpc() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    let tight = network(&sim, B, "10.1.0.0/16", 28);
    namespace(&sim, "clicks");
    let mut two = workgroup(&net, "clicks", "clicks");
    two["subnetIds"] = json!(net.subnets[..2]);
    assert!(
        code_of(&sim, "CreateWorkgroup", two)
            .1
            .contains("at least 3 subnets")
    );
    let (_, text) = code_of(&sim, "CreateWorkgroup", workgroup(&tight, "clicks", "clicks"));
    assert!(
        text.contains("There aren't enough free IP addresses in subnet"),
        "{text}"
    );
    assert!(text.contains("minimum of 13 free IP addresses"), "{text}");
    let mut foreign = workgroup(&net, "clicks", "clicks");
    foreign["securityGroupIds"] = json!([tight.group]);
    let (_, text) = code_of(&sim, "CreateWorkgroup", foreign);
    assert_eq!(
        text,
        format!(
            "VPC Security group {} does not exist in VPC {}",
            tight.group, net.vpc
        )
    );
    let mut odd = workgroup(&net, "clicks", "clicks");
    odd["baseCapacity"] = json!(33);
    assert_eq!(code_of(&sim, "CreateWorkgroup", odd).0, "ValidationException");
    let mut name = workgroup(&net, "Clicks", "clicks");
    assert!(
        code_of(&sim, "CreateWorkgroup", name.clone())
            .1
            .contains("^[a-z0-9-]+$")
    );
    name["workgroupName"] = json!("clicks");
    name["namespaceName"] = json!("other");
    assert_eq!(
        code_of(&sim, "CreateWorkgroup", name).0,
        "ResourceNotFoundException"
    );
}

#[test]
fn a_workgroup_changes_one_thing_per_call() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    namespace(&sim, "clicks");
    sim.call(
        B,
        "redshift-serverless",
        "CreateWorkgroup",
        workgroup(&net, "clicks", "clicks"),
    )
    .unwrap();
    pass(&sim, 3600);
    let both = json!({ "workgroupName": "clicks", "baseCapacity": 64, "publiclyAccessible": false });
    let (_, text) = code_of(&sim, "UpdateWorkgroup", both);
    assert!(
        text.contains("Can't update multiple configurations at the same time for workgroup"),
        "{text}"
    );
    let one = json!({ "workgroupName": "clicks", "configParameters": [{ "parameterKey": "enable_case_sensitive_identifier", "parameterValue": "true" }] });
    let changed = sim
        .call(B, "redshift-serverless", "UpdateWorkgroup", one.clone())
        .unwrap();
    assert_eq!(changed["workgroup"]["status"], "MODIFYING");
    assert!(
        code_of(&sim, "UpdateWorkgroup", one)
            .1
            .contains("There is an operation in progress")
    );
}

#[test]
fn a_final_snapshot_stays_when_it_was_asked_for() {
    let sim = still_sim();
    namespace(&sim, "clicks");
    let asked = json!({ "namespaceName": "clicks", "finalSnapshotName": "clicks-last" });
    sim.call(B, "redshift-serverless", "DeleteNamespace", asked)
        .unwrap();
    pass(&sim, 600);
    assert!(
        sim.inventory(B)
            .resources
            .iter()
            .any(|resource| resource.kind == "redshift-serverless:snapshot")
    );
}

#[test]
fn capacity_can_run_out_by_a_scripted_fault() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    namespace(&sim, "clicks");
    let out = ApiError::bad(
        "InsufficientCapacityException",
        "There is an insufficient capacity to perform the action.",
    );
    // The SDK tries this one again by itself.
    let rule = Rule::new(Verdict::Fail(out))
        .operation("CreateWorkgroup")
        .always();
    let _guard = sim.fault(rule);
    let client = aws_sdk_redshiftserverless::Client::new(&sim.sdk_config(B));
    let refused = sim.run(async {
        let ask = client
            .create_workgroup()
            .workgroup_name("clicks")
            .namespace_name("clicks");
        ask.set_subnet_ids(Some(net.subnets.clone()))
            .send()
            .await
            .unwrap_err()
    });
    assert!(
        refused
            .as_service_error()
            .unwrap()
            .is_insufficient_capacity_exception()
    );
}

#[test]
fn the_critical_path_of_a_warehouse_leads_from_the_network_to_the_workgroup() {
    let sim = still_sim();
    let net = network(&sim, B, "10.0.0.0/16", 24);
    namespace(&sim, "clicks");
    sim.call(
        B,
        "redshift-serverless",
        "CreateWorkgroup",
        workgroup(&net, "clicks", "clicks"),
    )
    .unwrap();
    let spans = sim.critical_spans(Duration::ZERO);
    let kinds: Vec<&str> = spans.iter().map(|span| span.kind).collect();
    assert_eq!(kinds.last(), Some(&"redshift.workgroup"), "{kinds:?}");
    assert!(
        kinds[0].starts_with("ec2.vpc") || kinds[0] == "redshift.namespace",
        "{kinds:?}"
    );
    let path = sim.critical_path();
    let workgroup = spans.last().unwrap();
    assert!(path > workgroup.done - workgroup.begun);
}
