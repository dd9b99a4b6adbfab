//! One link is broken at a time: the refresh fails, and `verify` names the link
//! from what it reads.

use crate::world::{SOURCE, WAREHOUSE, World, filter};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use xacct::{Outputs, Report, explain};

/// What is broken, how, and the start of the link that `verify` must name.
struct Case {
    what: &'static str,
    breaks: fn(&World, &Outputs),
    link: &'static str,
}

const fn case(what: &'static str, breaks: fn(&World, &Outputs), link: &'static str) -> Case {
    Case { what, breaks, link }
}

fn text(value: &Json) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

pub(crate) fn table_of(world: &World, account: &str, subnet: &str) -> Json {
    let found = world.ec2(
        account,
        "DescribeRouteTables",
        filter("association.subnet-id", subnet),
    );
    found["routeTableSet"][0].clone()
}

pub(crate) fn delete_route(world: &World, account: &str, subnet: &str, block: &str) {
    let table = table_of(world, account, subnet)["routeTableId"].clone();
    world.ec2(
        account,
        "DeleteRoute",
        json!({ "RouteTableId": table, "DestinationCidrBlock": block }),
    );
}

pub(crate) fn private(outputs: &Outputs, account: &str) -> String {
    let network = if account == SOURCE {
        &outputs.network.source
    } else {
        &outputs.network.warehouse
    };
    network.private_subnets[0].id.to_string()
}

/// Takes away every rule of one direction that speaks about this port.
fn close(world: &World, account: &str, group: &str, egress: bool, port: u64) {
    let found = world.ec2(account, "DescribeSecurityGroupRules", filter("group-id", group));
    let rules = found["securityGroupRuleSet"].as_array().unwrap();
    let flag = |value: &Json| value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"));
    let number = |value: &Json| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let ids: Vec<Json> = rules
        .iter()
        .filter(|rule| flag(&rule["isEgress"]) == egress && number(&rule["fromPort"]) == Some(port))
        .map(|rule| rule["securityGroupRuleId"].clone())
        .collect();
    assert!(!ids.is_empty(), "no rule for port {port} in {group}");
    let operation = if egress {
        "RevokeSecurityGroupEgress"
    } else {
        "RevokeSecurityGroupIngress"
    };
    world.ec2(
        account,
        operation,
        json!({ "GroupId": group, "SecurityGroupRuleId": ids }),
    );
}

pub(crate) fn group(world: &World, account: &str, resource: &str) -> String {
    let found = world.ec2(
        account,
        "DescribeSecurityGroups",
        filter("tag:xacct:resource", resource),
    );
    text(&found["securityGroupInfo"][0]["groupId"])
}

fn nat(world: &World) -> Json {
    let filter = json!({ "Filter": [{ "Name": "tag:xacct:resource", "Value": ["warehouse/nat"] }, { "Name": "state", "Value": ["available"] }] });
    world.ec2(WAREHOUSE, "DescribeNatGateways", filter)["natGatewaySet"][0].clone()
}

pub(crate) fn reader(outputs: &Outputs) -> String {
    outputs.source.reader_role.name().to_owned()
}

/// Takes one action out of the stream role's policy.
pub(crate) fn without(world: &World, outputs: &Outputs, action: &str) {
    let role = reader(outputs);
    let names = world.call(SOURCE, "iam", "ListRolePolicies", json!({ "RoleName": role }));
    let name = names["PolicyNames"][0].clone();
    let found = world.call(
        SOURCE,
        "iam",
        "GetRolePolicy",
        json!({ "RoleName": role, "PolicyName": name }),
    );
    let document = percent_decode(&text(&found["PolicyDocument"]));
    let mut document: Json = serde_json::from_str(&document).unwrap();
    let mut taken = 0;
    for statement in document["Statement"].as_array_mut().unwrap() {
        let actions: Vec<Json> = match &statement["Action"] {
            Json::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        let kept: Vec<Json> = actions
            .iter()
            .filter(|listed| listed.as_str() != Some(action))
            .cloned()
            .collect();
        taken += actions.len() - kept.len();
        statement["Action"] = if kept.is_empty() {
            json!(["kafka:DescribeClusterV2"])
        } else {
            Json::Array(kept)
        };
    }
    assert_eq!(taken, 1, "{action}");
    put_policy(world, SOURCE, &role, &text(&name), &document);
}

pub(crate) fn put_policy(world: &World, account: &str, role: &str, name: &str, document: &Json) {
    world.call(
        account,
        "iam",
        "PutRolePolicy",
        json!({
        "RoleName": role, "PolicyName": name, "PolicyDocument": document.to_string() }),
    );
}

pub(crate) fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next().unwrap(), rest.next().unwrap()];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn trust(world: &World, account: &str, role: &str, principal: &Json) {
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
    world.call(
        account,
        "iam",
        "UpdateAssumeRolePolicy",
        json!({ "RoleName": role, "PolicyDocument": document.to_string() }),
    );
}

pub(crate) fn rule(world: &World, outputs: &Outputs, change: Json) {
    let id = outputs.network.rule.to_string();
    world.call(
        WAREHOUSE,
        "route53resolver",
        "UpdateResolverRule",
        json!({ "ResolverRuleId": id, "Config": change }),
    );
}

pub(crate) fn workgroup(world: &World, outputs: &Outputs, field: &str, value: Json) {
    let name = &outputs.warehouse.workgroup.name;
    world.call(
        WAREHOUSE,
        "redshift-serverless",
        "UpdateWorkgroup",
        json!({ "workgroupName": name, field: value }),
    );
}

/// Puts a denial in front of everything else in a subnet's network ACL.
fn deny(world: &World, account: &str, subnet: &str, egress: bool) {
    let found = world.ec2(
        account,
        "DescribeNetworkAcls",
        filter("association.subnet-id", subnet),
    );
    let acl = found["networkAclSet"][0]["networkAclId"].clone();
    world.ec2(
        account,
        "CreateNetworkAclEntry",
        json!({
        "NetworkAclId": acl, "RuleNumber": "1", "Protocol": "-1", "RuleAction": "deny",
        "Egress": egress.to_string(), "CidrBlock": "0.0.0.0/0" }),
    );
}

pub(crate) fn recreate(world: &World, account: &str, role: &str) {
    let found = world.call(account, "iam", "GetRole", json!({ "RoleName": role }));
    let trust = percent_decode(&text(&found["Role"]["AssumeRolePolicyDocument"]));
    let names = world.call(account, "iam", "ListRolePolicies", json!({ "RoleName": role }));
    let name = text(&names["PolicyNames"][0]);
    let policy = world.call(
        account,
        "iam",
        "GetRolePolicy",
        json!({ "RoleName": role, "PolicyName": name }),
    );
    let policy: Json = serde_json::from_str(&percent_decode(&text(&policy["PolicyDocument"]))).unwrap();
    let tags = found["Role"]["Tags"].clone();
    world.call(
        account,
        "iam",
        "DeleteRolePolicy",
        json!({ "RoleName": role, "PolicyName": name }),
    );
    world.call(account, "iam", "DeleteRole", json!({ "RoleName": role }));
    world.call(
        account,
        "iam",
        "CreateRole",
        json!({ "RoleName": role, "AssumeRolePolicyDocument": trust, "Tags": tags }),
    );
    put_policy(world, account, role, &name, &policy);
}

const CASES: &[Case] = &[
    case(
        "a route removed on the source side",
        |w, o| delete_route(w, SOURCE, &private(o, SOURCE), "10.0.0.0/16"),
        "source/route/warehouse-cidr",
    ),
    case(
        "a route removed on the warehouse side",
        |w, o| delete_route(w, WAREHOUSE, &private(o, WAREHOUSE), "172.16.0.0/16"),
        "warehouse/route/source-cidr",
    ),
    case(
        "the way out removed",
        |w, o| delete_route(w, WAREHOUSE, &private(o, WAREHOUSE), "0.0.0.0/0"),
        "warehouse/route/default",
    ),
    case(
        "the NAT gateway's own way out removed",
        |w, o| {
            let public = o.network.warehouse.public_subnet.as_ref().unwrap().id.to_string();
            delete_route(w, WAREHOUSE, &public, "0.0.0.0/0");
        },
        "warehouse/route/public-default",
    ),
    case(
        "the NAT gateway deleted",
        |w, _| {
            w.ec2(
                WAREHOUSE,
                "DeleteNatGateway",
                json!({ "NatGatewayId": nat(w)["natGatewayId"] }),
            );
        },
        "warehouse/nat",
    ),
    case(
        "the peering deleted",
        |w, o| {
            w.ec2(
                SOURCE,
                "DeleteVpcPeeringConnection",
                json!({ "VpcPeeringConnectionId": o.network.peering.to_string() }),
            );
        },
        "warehouse/peering",
    ),
    case(
        "port 9098 closed at the brokers",
        |w, o| close(w, SOURCE, o.network.cluster_group.as_str(), false, 9098),
        "source/group/cluster",
    ),
    case(
        "port 9098 closed at the workgroup",
        |w, o| close(w, WAREHOUSE, o.network.workgroup_group.as_str(), true, 9098),
        "warehouse/group/workgroup",
    ),
    case(
        "port 443 closed at the workgroup",
        |w, o| close(w, WAREHOUSE, o.network.workgroup_group.as_str(), true, 443),
        "warehouse/group/workgroup",
    ),
    case(
        "port 53 closed at the inbound endpoint",
        |w, _| {
            close(
                w,
                SOURCE,
                &group(w, SOURCE, "source/group-resolver-inbound"),
                false,
                53,
            )
        },
        "source/group/resolver-inbound",
    ),
    case(
        "port 53 closed at the outbound endpoint",
        |w, _| {
            close(
                w,
                WAREHOUSE,
                &group(w, WAREHOUSE, "warehouse/group-resolver-outbound"),
                true,
                53,
            )
        },
        "warehouse/group/resolver-outbound",
    ),
    case(
        "a network ACL that denies answers at the brokers",
        |w, o| deny(w, SOURCE, &private(o, SOURCE), true),
        "source/acl",
    ),
    case(
        "a network ACL that denies packets at the warehouse",
        |w, o| deny(w, WAREHOUSE, &private(o, WAREHOUSE), false),
        "warehouse/acl",
    ),
    case(
        "the rule's target changed",
        |w, o| {
            rule(
                w,
                o,
                json!({ "TargetIps": [{ "Ip": "172.16.200.200", "Port": 53 }] }),
            )
        },
        "warehouse/resolver-rule/targets",
    ),
    case(
        "the rule's association removed",
        |w, o| {
            let (rule, vpc) = (o.network.rule.to_string(), o.network.warehouse.vpc.id.to_string());
            w.call(
                WAREHOUSE,
                "route53resolver",
                "DisassociateResolverRule",
                json!({ "ResolverRuleId": rule, "VPCId": vpc }),
            );
        },
        "warehouse/resolver-rule/association",
    ),
    case(
        "DNS support switched off in the warehouse network",
        |w, o| {
            w.ec2(
                WAREHOUSE,
                "ModifyVpcAttribute",
                json!({
                "VpcId": o.network.warehouse.vpc.id.to_string(), "EnableDnsSupport": { "Value": "false" } }),
            );
        },
        "warehouse/vpc/dns-support",
    ),
    case(
        "the stream role's trust edited",
        |w, o| trust(w, SOURCE, &reader(o), &json!({ "Service": "ec2.amazonaws.com" })),
        "source/role/trust",
    ),
    case(
        "the warehouse role's trust edited",
        |w, o| {
            trust(
                w,
                WAREHOUSE,
                o.warehouse.role.name(),
                &json!({ "Service": "ec2.amazonaws.com" }),
            )
        },
        "warehouse/role/trust",
    ),
    case(
        "the warehouse role made anew",
        |w, o| recreate(w, WAREHOUSE, o.warehouse.role.name()),
        "source/role/trust",
    ),
    case(
        "the right to assume the stream role taken away",
        |w, o| {
            let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}]});
            let names = w.call(
                WAREHOUSE,
                "iam",
                "ListRolePolicies",
                json!({ "RoleName": o.warehouse.role.name() }),
            );
            put_policy(
                w,
                WAREHOUSE,
                o.warehouse.role.name(),
                &text(&names["PolicyNames"][0]),
                &document,
            );
        },
        "warehouse/role/policy",
    ),
    case(
        "kafka-cluster:Connect taken away",
        |w, o| without(w, o, "kafka-cluster:Connect"),
        "source/role/policy",
    ),
    case(
        "kafka-cluster:DescribeTopic taken away",
        |w, o| without(w, o, "kafka-cluster:DescribeTopic"),
        "source/role/policy",
    ),
    case(
        "kafka-cluster:ReadData taken away",
        |w, o| without(w, o, "kafka-cluster:ReadData"),
        "source/role/policy",
    ),
    case(
        "kafka-cluster:AlterGroup taken away",
        |w, o| without(w, o, "kafka-cluster:AlterGroup"),
        "source/role/policy",
    ),
    case(
        "kafka-cluster:DescribeGroup taken away",
        |w, o| without(w, o, "kafka-cluster:DescribeGroup"),
        "source/role/policy",
    ),
    case(
        "kafka:GetBootstrapBrokers taken away",
        |w, o| without(w, o, "kafka:GetBootstrapBrokers"),
        "source/role/policy",
    ),
    case(
        "an explicit denial on the stream role",
        |w, o| {
            let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kafka-cluster:ReadData", "Resource": "*"}]});
            put_policy(w, SOURCE, &reader(o), "company-says-no", &document);
        },
        "source/role/policy",
    ),
    case(
        "enhanced VPC routing switched off",
        |w, o| workgroup(w, o, "enhancedVpcRouting", json!(false)),
        "warehouse/workgroup/enhanced",
    ),
    case(
        "the role detached from the namespace",
        |w, o| {
            let name = &o.warehouse.namespace.name;
            w.call(
                WAREHOUSE,
                "redshift-serverless",
                "UpdateNamespace",
                json!({ "namespaceName": name, "iamRoles": [], "defaultIamRoleArn": "" }),
            );
        },
        "warehouse/namespace/role",
    ),
];

/// Links that a report calls broken.
fn broken(report: &Report) -> BTreeSet<String> {
    let errors = report
        .findings
        .iter()
        .filter(|finding| finding.severity == xacct::Severity::Error);
    errors.map(|finding| finding.link.clone()).collect()
}

/// Time for what was changed behind our back to arrive everywhere.
async fn arrive() {
    tokio::time::sleep(std::time::Duration::from_secs(300)).await;
}

fn judge(case: &Case) -> Result<(), String> {
    let world = World::new();
    let deployment = world.deploy();
    let before = world
        .sim
        .run(async { deployment.verify().await.map_err(|error| explain(&error)) })?;
    if !before.holds() {
        return Err(format!("before: {before}"));
    }
    (case.breaks)(&world, deployment.outputs());
    let (refreshed, report) = world.sim.run(async {
        arrive().await;
        let refreshed = deployment.warehouse().refresh("myview1").await;
        let report = deployment.verify().await.map_err(|error| explain(&error));
        (refreshed, report)
    });
    let report = report?;
    if refreshed.is_ok() {
        return Err(format!("the refresh still works; verify: {report}"));
    }
    let links = broken(&report);
    if !links.iter().any(|link| link.starts_with(case.link)) {
        return Err(format!("verify names {links:?}, not {}", case.link));
    }
    Ok(())
}

#[test]
fn whichever_link_is_broken_the_refresh_fails_and_verify_names_it() {
    assert!(CASES.len() >= 20, "{} cases", CASES.len());
    let judged = |case: &Case| {
        let judged = std::panic::catch_unwind(|| judge(case));
        judged.unwrap_or_else(|_| Err("could not be broken".to_owned()))
    };
    let failed: Vec<String> = CASES
        .iter()
        .filter_map(|case| judged(case).err().map(|why| format!("{}: {why}", case.what)))
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {} cases:\n{}",
        failed.len(),
        CASES.len(),
        failed.join("\n")
    );
}
