//! The outputs that the tutorial's two stacks print, and where each is here.
//! `docs/tutorial.md` shows the same table to people.

use crate::world::World;
use serde_json::Value as Json;

/// Stack, output, where it is in `Outputs` as JSON, or why it has no counterpart.
const OUTPUTS: [(&str, &str, Result<&str, &str>); 17] = [
    (
        "msk",
        "privateSubnetOne",
        Ok("/network/source/private_subnets/0/id"),
    ),
    (
        "msk",
        "redshiftStreamingManagedPolicy",
        Err("the permissions are an inline policy of the reader role and go with it"),
    ),
    ("msk", "MSKSourceClusterArn", Ok("/source/cluster/arn")),
    (
        "msk",
        "vpcPeeringAcceptorRole",
        Err("the peering is accepted with the source account's own credentials; no role is left behind"),
    ),
    ("msk", "KakfaPublisherLambdaSG", Ok("/network/client_group")),
    ("msk", "redshiftStrIngestCrossActRole", Ok("/source/reader_role")),
    ("msk", "MSKSourceClusterSG", Ok("/network/cluster_group")),
    ("msk", "mskVPCId", Ok("/network/source/vpc/id")),
    ("redshift", "redshiftNamespace", Ok("/warehouse/namespace/name")),
    ("redshift", "redshiftWorkgroupSG", Ok("/network/workgroup_group")),
    ("redshift", "schemaCreationCommand", Ok("/warehouse/schema/sql")),
    (
        "redshift",
        "privateSubnetOne",
        Ok("/network/warehouse/private_subnets/0/id"),
    ),
    ("redshift", "redshiftWorkgroup", Ok("/warehouse/workgroup/name")),
    (
        "redshift",
        "redshiftStreamingManagedPolicy",
        Err("the permission is an inline policy of the warehouse role and goes with it"),
    ),
    ("redshift", "redshiftNamespaceIamRole", Ok("/warehouse/role")),
    ("redshift", "mskSourceClusterArn", Ok("/source/cluster/arn")),
    ("redshift", "mskActIamRoleArn", Ok("/source/reader_role")),
];

#[test]
fn each_of_the_17_outputs_of_the_tutorial_has_its_place_or_its_reason() {
    let world = World::new();
    let deployment = world.deploy();
    let outputs: Json = serde_json::to_value(deployment.outputs()).unwrap();
    for (stack, output, place) in OUTPUTS {
        match place {
            Ok(path) => {
                let value = outputs.pointer(path).and_then(Json::as_str);
                assert!(
                    value.is_some_and(|value| !value.is_empty()),
                    "{stack} {output}: nothing at {path}"
                );
            }
            Err(reason) => assert!(!reason.is_empty()),
        }
    }
    let sql = deployment.outputs().warehouse.schema.sql.clone();
    let (role, reader) = (
        &deployment.outputs().warehouse.role,
        &deployment.outputs().source.reader_role,
    );
    let cluster = &deployment.outputs().source.cluster.arn;
    let expected = format!(
        "CREATE EXTERNAL SCHEMA \"mskschema\" FROM MSK IAM_ROLE '{role},{reader}' AUTHENTICATION iam CLUSTER_ARN '{cluster}'"
    );
    assert_eq!(sql, expected);
}

#[test]
fn the_document_about_the_tutorial_lists_the_same_17_outputs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tutorial.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, table) = text
        .split_once("| stack | output | here |\n|---|---|---|\n")
        .unwrap();
    let documented: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let row = |(stack, output, place): &(&str, &str, Result<&str, &str>)| {
        let place = place.map_or_else(ToOwned::to_owned, |path| format!("`{path}`"));
        format!("| `{stack}` | `{output}` | {place} |")
    };
    assert_eq!(documented, OUTPUTS.iter().map(row).collect::<Vec<_>>());
}
