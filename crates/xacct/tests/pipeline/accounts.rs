//! Credentials: roles assumed in both accounts, and credentials that expire on the way.

use crate::world::{SOURCE, WAREHOUSE, World};
use serde_json::json;
use xacct::{Account, Pipeline, SdkConfig, explain};

/// A role that the account's administrators may assume, with every right.
fn role(world: &World, account: &str, external_id: &str) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{account}:root")}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}}}]});
    let made = world.call(
        account,
        "iam",
        "CreateRole",
        json!({
        "RoleName": "deployer", "AssumeRolePolicyDocument": trust.to_string()}),
    );
    let all =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    world.call(
        account,
        "iam",
        "PutRolePolicy",
        json!({
        "RoleName": "deployer", "PolicyName": "all", "PolicyDocument": all.to_string()}),
    );
    made["Role"]["Arn"].as_str().unwrap().to_owned()
}

fn assume(world: &World, account: &str, external_id: &str) -> SdkConfig {
    let role = role(world, account, external_id).parse().unwrap();
    let base = world.sim.sdk_config(account);
    Account::assume(&base, &role, Some(external_id), "deploys-clicks")
        .unwrap()
        .into_config()
}

#[test]
fn both_sides_can_be_deployed_through_assumed_roles() {
    let world = World::new();
    let (source, warehouse) = (assume(&world, SOURCE, "left"), assume(&world, WAREHOUSE, "right"));
    let deployed = world.sim.run(async {
        // IAM needs a while until new roles can be assumed everywhere.
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        let pipeline = Pipeline::new(world.spec.clone(), source, warehouse).await?;
        let (brokers, pem) = (world.door.bootstrap(), world.door.ca_pem().to_owned());
        pipeline
            .with_kafka_access(|access| access.with_bootstrap(brokers).with_ca_pem(pem))
            .deploy()
            .await
    });
    deployed.unwrap_or_else(|error| panic!("{}", explain(&error)));
}
