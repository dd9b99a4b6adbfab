//! A company's rules about roles, kept by everything that is made.

use crate::world::{SOURCE, TUTORIAL, WAREHOUSE, World};
use serde_json::json;
use xacct::PipelineSpec;

#[test]
fn prefix_path_and_boundaries_are_kept_by_roles_and_by_the_deployers_policies() {
    let world = World::new();
    let boundary = |account: &str| {
        let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
        let edge = json!({ "PolicyName": "edge", "PolicyDocument": all.to_string() });
        let made = world.call(account, "iam", "CreatePolicy", edge);
        made["Policy"]["Arn"].as_str().unwrap().to_owned()
    };
    let (source, warehouse) = (boundary(SOURCE), boundary(WAREHOUSE));
    let spec = PipelineSpec::from_toml(&format!(
        "{TUTORIAL}\n[roles]\nprefix = \"team-\"\npath = \"/data/\"\nsource_boundary = \"{source}\"\nwarehouse_boundary = \"{warehouse}\"\n"
    ))
    .unwrap();
    let policies = spec.policies().unwrap();
    let world = world.with_spec(spec);
    let outputs = world.deploy().outputs().clone();
    for (account, role, edge) in [
        (SOURCE, &outputs.source.reader_role, &source),
        (WAREHOUSE, &outputs.warehouse.role, &warehouse),
    ] {
        assert!(role.as_str().contains(":role/data/team-clicks-"), "{role}");
        let read = world.call(account, "iam", "GetRole", json!({ "RoleName": role.name() }));
        assert_eq!(
            read["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"],
            **edge
        );
        let side = if account == SOURCE { "source" } else { "warehouse" };
        let creates = policies[&format!("{side}-deployer-create")].to_string();
        assert!(
            creates.contains(role.as_str()) && creates.contains(edge.as_str()),
            "{creates}"
        );
    }
    let report = world.sim.run(async { world.pipeline().await?.verify().await });
    assert!(report.unwrap().holds());
}

#[test]
fn a_prefix_that_makes_a_name_too_long_is_refused_before_any_call() {
    let rules = format!("{TUTORIAL}\n[roles]\nprefix = \"{}\"\n", "x".repeat(60));
    let refusal = PipelineSpec::from_toml(&rules).unwrap_err().to_string();
    assert!(refusal.contains("roles"), "{refusal}");
}
