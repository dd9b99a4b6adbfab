//! From records in a topic to rows in a view, over the whole simulated way; and every way in which it breaks.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use aws_sdk_redshiftdata::types::StatusString;
use serde_json::json;
use support::*;

#[test]
fn records_become_rows_once_whichever_form_the_schema_has() {
    for by_arn in [true, false] {
        let pipeline = Pipeline::new();
        pipeline.ok(&if by_arn {
            pipeline.schema_by_arn()
        } else {
            pipeline.schema_by_uri()
        });
        pipeline.ok(VIEW);
        pipeline.produce(["{\"name\":{\"first\":\"Ann\"}}", "broken", "{}"]);
        pipeline.ok("REFRESH MATERIALIZED VIEW clicks");
        pipeline.ok("REFRESH MATERIALIZED VIEW clicks");
        assert_eq!(pipeline.one("SELECT count(*) FROM clicks"), 3);
        assert_eq!(
            pipeline
                .one("SELECT payload.name.first::varchar FROM clicks WHERE payload.name.first IS NOT NULL"),
            "Ann"
        );
        assert_eq!(pipeline.one("SELECT raw::varchar || kafka_key::varchar || kafka_headers.source::varchar FROM clicks WHERE raw IS NOT NULL"), "brokenk1test");
    }
}

#[test]
fn the_uri_form_needs_neither_the_msk_api_nor_its_permission() {
    let pipeline = Pipeline::new();
    pipeline.grant(&READER[..5]);
    pipeline.ok(&pipeline.schema_by_uri());
    pipeline.ok(VIEW);
    pipeline.ok("REFRESH MATERIALIZED VIEW clicks");
}

type Break = fn(&Pipeline);

/// What is broken, how, what Redshift says, and what the simulator knows.
const BREAKS: &[(&str, Break, &str, &str)] = &[
    (
        "route to the stream",
        |p| {
            drop(p.ec2(
                B,
                "DeleteRoute",
                json!({ "RouteTableId": p.ids["table b"], "DestinationCidrBlock": "172.16.0.0/16" }),
            ))
        },
        "Timeout",
        "forwarding rule",
    ),
    (
        "route back",
        |p| {
            drop(p.ec2(
                A,
                "DeleteRoute",
                json!({ "RouteTableId": p.ids["table a"], "DestinationCidrBlock": "10.0.0.0/16" }),
            ))
        },
        "Timeout",
        "no way back",
    ),
    (
        "peering",
        |p| {
            drop(p.ec2(
                A,
                "DeleteVpcPeeringConnection",
                json!({ "VpcPeeringConnectionId": p.ids["pcx"] }),
            ))
        },
        "Timeout",
        "cannot be resolved",
    ),
    (
        "NAT gateway",
        |p| drop(p.ec2(B, "DeleteNatGateway", json!({ "NatGatewayId": p.ids["nat"] }))),
        "Timeout",
        "STS cannot be reached",
    ),
    (
        "default route",
        |p| {
            drop(p.ec2(
                B,
                "DeleteRoute",
                json!({ "RouteTableId": p.ids["table b"], "DestinationCidrBlock": "0.0.0.0/0" }),
            ))
        },
        "Timeout",
        "STS cannot be reached",
    ),
    (
        "brokers' group",
        |p| revoke(p, A, "Ingress", "brokers", "tcp", 9098, "10.0.0.0/16"),
        "Timeout",
        "do not let in tcp 9098",
    ),
    (
        "workgroup's group, brokers",
        |p| revoke(p, B, "Egress", "workgroup", "tcp", 9098, "172.16.0.0/16"),
        "Timeout",
        "do not let out tcp 9098",
    ),
    (
        "workgroup's group, AWS",
        |p| revoke(p, B, "Egress", "workgroup", "tcp", 443, "0.0.0.0/0"),
        "Timeout",
        "do not let out tcp 443",
    ),
    (
        "inbound endpoint's group",
        |p| revoke(p, A, "Ingress", "inbound", "udp", 53, "10.0.0.0/16"),
        "Timeout",
        "do not let in udp 53",
    ),
    (
        "outbound endpoint's group",
        |p| revoke(p, B, "Egress", "outbound", "tcp", 53, "172.16.0.0/16"),
        "Timeout",
        "do not let out tcp 53",
    ),
    (
        "association of the rule",
        |p| {
            drop(p.call(
                B,
                "route53resolver",
                "DisassociateResolverRule",
                json!({ "ResolverRuleId": p.ids["rule"], "VPCId": p.ids["vpc b"] }),
            ))
        },
        "Timeout",
        "knows no boot-",
    ),
    (
        "trust of the warehouse role",
        |p| trusts(p, B, "warehouse", "Service", "ec2.amazonaws.com"),
        "Not authorized to get credentials of role arn:aws:iam::222222222222:role/warehouse",
        "redshift.amazonaws.com cannot assume",
    ),
    (
        "trust of the reader",
        |p| trusts(p, A, "reader", "AWS", "arn:aws:iam::222222222222:root"),
        "",
        "",
    ),
    (
        "trust of the reader, to nobody here",
        |p| trusts(p, A, "reader", "AWS", "arn:aws:iam::111111111111:root"),
        "Not authorized to get credentials of role arn:aws:iam::111111111111:role/reader",
        "cannot assume",
    ),
    (
        "right to assume",
        |p| p.put(B, "warehouse", &policy(&["sts:GetCallerIdentity"], "*")),
        "Not authorized to get credentials of role arn:aws:iam::111111111111:role/reader",
        "sts:AssumeRole",
    ),
    (
        "role attached",
        |p| {
            drop(p.call(
                B,
                "redshift-serverless",
                "UpdateNamespace",
                json!({ "namespaceName": "clicks", "iamRoles": [], "defaultIamRoleArn": "" }),
            ))
        },
        "is not associated to cluster",
        "not attached",
    ),
    (
        "Connect",
        |p| without(p, "kafka-cluster:Connect"),
        "Authorization with the streaming source failed",
        "kafka-cluster:Connect",
    ),
    (
        "DescribeTopic",
        |p| without(p, "kafka-cluster:DescribeTopic"),
        "Topic authorization failed",
        "kafka-cluster:DescribeTopic",
    ),
    (
        "ReadData",
        |p| without(p, "kafka-cluster:ReadData"),
        "Topic authorization failed",
        "kafka-cluster:ReadData",
    ),
    (
        "DescribeGroup",
        |p| without(p, "kafka-cluster:DescribeGroup"),
        "Group authorization failed",
        "kafka-cluster:DescribeGroup",
    ),
    (
        "AlterGroup",
        |p| without(p, "kafka-cluster:AlterGroup"),
        "Group authorization failed",
        "kafka-cluster:AlterGroup",
    ),
    (
        "GetBootstrapBrokers",
        |p| without(p, "kafka:GetBootstrapBrokers"),
        "Failed to get the bootstrap brokers",
        "kafka:GetBootstrapBrokers",
    ),
    (
        "topic",
        |p| {
            p.sim
                .kafka(|store| store.delete_topic(&p.ids["cluster"], TOPIC))
                .unwrap()
        },
        "unknown topic or partition",
        "has no topic clicks",
    ),
    (
        "enhanced VPC routing",
        |p| {
            drop(p.call(
                B,
                "redshift-serverless",
                "UpdateWorkgroup",
                json!({ "workgroupName": "clicks", "enhancedVpcRouting": false }),
            ))
        },
        "Timeout",
        "no enhanced VPC routing",
    ),
    (
        "cluster",
        |p| {
            drop(p.call(
                A,
                "kafka",
                "DeleteCluster",
                json!({ "clusterArn": p.ids["cluster"] }),
            ))
        },
        "Failed to get the bootstrap brokers",
        "cluster",
    ),
];

fn revoke(p: &Pipeline, account: &str, direction: &str, group: &str, protocol: &str, port: u16, cidr: &str) {
    let asked = json!({ "GroupId": p.ids[group], "IpPermissions": [permission(protocol, port, cidr)] });
    p.ec2(account, &format!("RevokeSecurityGroup{direction}"), asked);
}

fn trusts(p: &Pipeline, account: &str, role: &str, kind: &str, principal: &str) {
    let document = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { kind: principal }, "Action": "sts:AssumeRole" }] });
    p.call(
        account,
        "iam",
        "UpdateAssumeRolePolicy",
        json!({ "RoleName": role, "PolicyDocument": document.to_string() }),
    );
}

fn without(p: &Pipeline, action: &str) {
    let rest: Vec<&str> = READER.into_iter().filter(|found| *found != action).collect();
    p.grant(&rest);
}

#[test]
fn every_broken_link_fails_the_refresh_and_is_explained() {
    for (name, break_it, said, known) in BREAKS {
        let pipeline = Pipeline::new();
        pipeline.ok(&pipeline.schema_by_arn());
        pipeline.ok(VIEW);
        pipeline.produce(["{}"]);
        break_it(&pipeline);
        pipeline.pass(1_200);
        let done = pipeline.sql("REFRESH MATERIALIZED VIEW clicks");
        let why = pipeline
            .sim
            .explain(done["Id"].as_str().unwrap())
            .unwrap_or_default();
        if said.is_empty() {
            // Not a break: the other account as a whole may be trusted.
            assert_eq!(done["Status"], "FINISHED", "{name}: {} {why}", done["Error"]);
            continue;
        }
        assert_eq!(done["Status"], "FAILED", "{name}");
        assert!(
            done["Error"].as_str().unwrap().contains(said),
            "{name}: {}",
            done["Error"]
        );
        assert!(why.contains(known), "{name}: {why}");
        assert_eq!(pipeline.one("SELECT count(*) FROM clicks"), 0, "{name}");
    }
}

#[test]
fn a_mended_link_lets_everything_in() {
    let pipeline = Pipeline::new();
    pipeline.ok(&pipeline.schema_by_arn());
    pipeline.ok(VIEW);
    pipeline.produce(["{}", "{}"]);
    revoke(&pipeline, A, "Ingress", "brokers", "tcp", 9098, "10.0.0.0/16");
    assert_eq!(
        pipeline.sql("REFRESH MATERIALIZED VIEW clicks")["Status"],
        "FAILED"
    );
    let asked = json!({ "GroupId": pipeline.ids["brokers"], "IpPermissions": [permission("tcp", 9098, "10.0.0.0/16")] });
    pipeline.ec2(A, "AuthorizeSecurityGroupIngress", asked);
    pipeline.ok("REFRESH MATERIALIZED VIEW clicks");
    assert_eq!(pipeline.one("SELECT count(*) FROM clicks"), 2);
}

#[test]
fn a_view_that_refreshes_itself_needs_nobody() {
    let pipeline = Pipeline::new();
    pipeline.ok(&pipeline.schema_by_arn());
    pipeline.ok(&VIEW.replace(" AS SELECT", " AUTO REFRESH YES AS SELECT"));
    pipeline.produce(["{}", "{}"]);
    pipeline.pass(30);
    assert_eq!(pipeline.one("SELECT count(*) FROM clicks"), 2);
}

#[test]
fn either_service_principal_can_be_the_one() {
    let pipeline = Pipeline::new();
    pipeline.ok(&pipeline.schema_by_arn());
    pipeline.sim.configure(|settings| {
        settings.redshift_service_principal = "redshift-serverless.amazonaws.com".to_owned()
    });
    assert_eq!(pipeline.sql(VIEW)["Status"], "FAILED");
    pipeline.sim.configure(|settings| {
        settings.redshift_service_principal =
            "redshift-serverless.amazonaws.com, redshift.amazonaws.com".to_owned()
    });
    pipeline.ok(VIEW);
}

#[test]
fn the_sdk_runs_statements_and_waits_in_long_polls() {
    let pipeline = Pipeline::new();
    pipeline.produce(["{\"id\":1}", "{\"id\":2}"]);
    let client = aws_sdk_redshiftdata::Client::new(&pipeline.sim.sdk_config(B));
    let before = pipeline.sim.api_calls().read;
    pipeline.sim.run(async {
        for sql in [
            pipeline.schema_by_arn(),
            VIEW.to_owned(),
            "REFRESH MATERIALIZED VIEW clicks".to_owned(),
            "SELECT sum(payload.id::int) AS total FROM clicks".to_owned(),
        ] {
            let made = client
                .execute_statement()
                .workgroup_name("clicks")
                .database("dev")
                .secret_arn(&pipeline.ids["secret"])
                .sql(sql)
                .send()
                .await
                .unwrap();
            let id = made.id().unwrap();
            let done = client
                .describe_statement()
                .id(id)
                .wait_time_seconds(30)
                .send()
                .await
                .unwrap();
            assert_eq!(done.status(), Some(&StatusString::Finished), "{:?}", done.error());
            if done.has_result_set() == Some(true) {
                let result = client.get_statement_result().id(id).send().await.unwrap();
                assert_eq!(result.records()[0][0].as_long_value(), Ok(&3));
                assert_eq!(result.column_metadata()[0].name(), Some("total"));
            }
        }
    });
    // One description and, for the query, one result: no polling.
    assert_eq!(pipeline.sim.api_calls().read - before, 6);
}

#[test]
fn a_statement_that_cannot_connect_takes_its_time() {
    let pipeline = Pipeline::new();
    pipeline.ok(&pipeline.schema_by_arn());
    revoke(&pipeline, A, "Ingress", "brokers", "tcp", 9098, "10.0.0.0/16");
    let asked = json!({ "WorkgroupName": "clicks", "Database": "dev", "SecretArn": pipeline.ids["secret"], "Sql": VIEW });
    let id = pipeline.call(B, "redshift-data", "ExecuteStatement", asked)["Id"].clone();
    let status =
        || pipeline.call(B, "redshift-data", "DescribeStatement", json!({ "Id": id }))["Status"].clone();
    pipeline.sim.clock().advance(Duration::from_secs(30));
    assert_eq!(status(), "STARTED");
    pipeline.sim.clock().advance(Duration::from_secs(60));
    assert_eq!(status(), "FAILED");
}
