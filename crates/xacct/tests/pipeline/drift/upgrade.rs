//! Another release of this library alone plans no change.

use super::{Stage, inventory_lines};
use crate::world::{SOURCE, WAREHOUSE, World};
use serde_json::json;

/// The version of the tagging scheme that another release would have written.
fn retag(stage: &Stage, version: &str) {
    let key = "xacct:schema-version";
    for account in [SOURCE, WAREHOUSE] {
        let filter = json!({ "Filter": [{ "Name": "key", "Value": [key] }] });
        let found = stage.ec2(account, "DescribeTags", filter);
        for tag in found["tagSet"].as_array().unwrap() {
            let tags = json!([{ "Key": key, "Value": version }]);
            stage.ec2(
                account,
                "CreateTags",
                json!({ "ResourceId": [tag["resourceId"]], "Tag": tags }),
            );
        }
    }
    let of = &stage.outputs;
    for (account, role) in [(SOURCE, &of.source.reader_role), (WAREHOUSE, &of.warehouse.role)] {
        let tags = json!([{ "Key": key, "Value": version }]);
        let params = json!({ "RoleName": role.name(), "Tags": tags });
        stage.world.call(account, "iam", "TagRole", params);
    }
    for arn in [&of.warehouse.namespace.arn, &of.warehouse.workgroup.arn] {
        let tags = json!([{ "key": key, "value": version }]);
        let params = json!({ "resourceArn": arn, "tags": tags });
        stage
            .world
            .call(WAREHOUSE, "redshift-serverless", "TagResource", params);
    }
    let params = json!({ "resourceArn": of.source.cluster.arn.to_string(), "tags": { key: version } });
    stage.world.call(SOURCE, "kafka", "TagResource", params);
}

#[test]
fn an_older_or_a_newer_version_of_the_tags_alone_plans_no_change() {
    let stage = Stage::new();
    for version in ["0", "2"] {
        retag(&stage, version);
        stage.arrive();
        let calls = stage.calls();
        let plan = stage.plan();
        assert!(plan.is_empty(), "{version}: {plan}");
        stage.deploy();
        assert_eq!(stage.writes_since(calls), Vec::<String>::new(), "{version}");
    }
}

/// The texts that AWS keeps (names, descriptions, tags, rules, policies) are
/// compared with what a release writes, so a release that words one of them
/// otherwise would plan a change. This file is what 0.1 leaves behind: if it
/// must change, worlds made before must still plan nothing.
#[test]
fn what_a_release_leaves_behind_is_what_the_next_one_wants() {
    let epoch = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600);
    let world = World::at(epoch, 7);
    world.deploy();
    let left = inventory_lines(&world);
    let kept = include_str!("left-by-0.1.txt");
    let differ = left.lines().zip(kept.lines()).find(|(is, was)| is != was);
    assert_eq!(differ, None);
    assert_eq!(left.lines().count(), kept.lines().count(), "{left}");
}
