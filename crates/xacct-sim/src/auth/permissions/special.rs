//! Permissions that depend on more than a parameter's presence.

use serde_json::Value;

use super::arns::Place;
use super::{Required, is_empty, make, requested_tags};
use crate::ec2::peering;

/// What the user who lets Redshift manage the admin password must be allowed to do
/// (Redshift management guide, "Managing Amazon Redshift admin passwords using AWS Secrets Manager").
const MANAGED_SECRET: [&str; 6] = [
    "secretsmanager:CreateSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:UpdateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:TagResource",
];

pub(super) fn add(place: &Place<'_>, service: &str, operation: &str, all: &mut Vec<Required>) {
    match (service, operation) {
        ("ec2", "AcceptVpcPeeringConnection") => accepter_vpc(place, all),
        ("ec2", _) => tag_on_create(place, operation, all),
        ("kafka", "GetBootstrapBrokers") => brokers_of_cluster(place, all),
        ("iam", "CreateRole" | "PutRolePermissionsBoundary" | "CreateUser") => boundary(place, all),
        ("iam", "AttachRolePolicy" | "DetachRolePolicy" | "AttachUserPolicy" | "DetachUserPolicy") => {
            attached_policy(place, all)
        }
        ("iam", "CreateServiceLinkedRole") => service_name(place, all),
        ("redshift-serverless", "CreateNamespace" | "UpdateNamespace") => namespace(place, operation, all),
        ("redshift-serverless", "DeleteNamespace") => namespace_secret(place, all),
        ("redshift-serverless", "CreateWorkgroup") => {
            vpc_attributes(place, "subnetIds", all);
            service_linked(place, "redshift.amazonaws.com", "AWSServiceRoleForRedshift", all)
        }
        ("kafka", "DeleteCluster") => {
            all.push(managed_endpoint(
                place,
                "ec2:DeleteVpcEndpoints",
                "aws:ResourceTag",
            ));
        }
        ("kafka", "CreateClusterV2") => {
            vpc_attributes(place, "serverless.vpcConfigs.subnetIds", all);
            client_endpoint(place, all);
            service_linked(place, "kafka.amazonaws.com", "AWSServiceRoleForKafka", all)
        }
        (
            "redshift-data",
            "ExecuteStatement"
            | "BatchExecuteStatement"
            | "ListDatabases"
            | "ListSchemas"
            | "ListTables"
            | "DescribeTable",
        ) => {
            credentials(place, all);
        }
        _ => {}
    }
}

/// Tags on create need `ec2:CreateTags` on the new resource, with `ec2:CreateAction` (EC2 user guide, "Grant permission
/// to tag Amazon EC2 resources during creation").
fn tag_on_create(place: &Place<'_>, operation: &str, all: &mut Vec<Required>) {
    let tags = requested_tags(place.params);
    let specifications = place
        .params
        .get("TagSpecification")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for specification in specifications {
        let Some(kind) = specification.get("ResourceType").and_then(Value::as_str) else {
            continue;
        };
        let mut need = make(
            place,
            "ec2:CreateTags",
            place.arn("ec2", &format!("{kind}/*")),
            &tags,
        );
        need.context.set("ec2:CreateAction", operation);
        all.push(need);
    }
}

/// The VPCs of these subnets, each once, as ARNs.
fn vpcs(place: &Place<'_>, subnets: &str) -> Vec<String> {
    let known = place
        .world
        .account(place.account)
        .map(|account| &account.ec2.subnets);
    let vpc = |id: &String| {
        known
            .and_then(|subnets| subnets.get(id))
            .map(|subnet| subnet.vpc.clone())
    };
    let mut found: Vec<String> = place.given(subnets).iter().filter_map(vpc).collect();
    found.sort();
    found.dedup();
    found
        .iter()
        .map(|vpc| place.arn("ec2", &format!("vpc/{vpc}")))
        .collect()
}

fn vpc_attributes(place: &Place<'_>, subnets: &str, all: &mut Vec<Required>) {
    let arns = vpcs(place, subnets);
    all.extend(
        arns.into_iter()
            .map(|arn| make(place, "ec2:DescribeVpcAttribute", arn, &[])),
    );
}

/// MSK marks the interface endpoints that it makes in client VPCs (AmazonMSKFullAccess names the tag in its conditions).
fn managed_endpoint(place: &Place<'_>, action: &str, tags: &str) -> Required {
    let mut need = make(place, action, place.arn("ec2", "vpc-endpoint/*"), &[]);
    need.context.set(&format!("{tags}/AWSMSKManaged"), "true");
    need
}

/// The interface endpoint of a cluster, made with its caller's rights.
fn client_endpoint(place: &Place<'_>, all: &mut Vec<Required>) {
    let subnets = "serverless.vpcConfigs.subnetIds";
    all.push(managed_endpoint(place, "ec2:CreateVpcEndpoint", "aws:RequestTag"));
    let groups = place.given("serverless.vpcConfigs.securityGroupIds").into_iter();
    let subnet_arns = place
        .given(subnets)
        .into_iter()
        .map(|id| place.arn("ec2", &format!("subnet/{id}")));
    let around = vpcs(place, subnets)
        .into_iter()
        .chain(subnet_arns)
        .chain(groups.map(|id| place.arn("ec2", &format!("security-group/{id}"))));
    all.extend(around.map(|arn| make(place, "ec2:CreateVpcEndpoint", arn, &[])));
    let mut tags = managed_endpoint(place, "ec2:CreateTags", "aws:RequestTag");
    tags.context.set("ec2:CreateAction", "CreateVpcEndpoint");
    all.push(tags);
}

/// Accepting is judged for the accepter's VPC too.
fn accepter_vpc(place: &Place<'_>, all: &mut Vec<Required>) {
    let id = place
        .given("VpcPeeringConnectionId")
        .into_iter()
        .next()
        .unwrap_or_default();
    let vpc = peering::by_id(place.world, &id).map_or("*", |pcx| pcx.accepter.vpc.as_str());
    all.push(make(
        place,
        "ec2:AcceptVpcPeeringConnection",
        place.arn("ec2", &format!("vpc/{vpc}")),
        &[],
    ));
}

/// Policies in wide use name the cluster, though AWS lists no resource for the action.
fn brokers_of_cluster(place: &Place<'_>, all: &mut [Required]) {
    if !place.world.settings.bootstrap_brokers_of_cluster {
        return;
    }
    for (need, cluster) in all.iter_mut().zip(place.given("clusterArn")) {
        *need = make(place, "kafka:GetBootstrapBrokers", cluster, &[]);
    }
}

fn boundary(place: &Place<'_>, all: &mut [Required]) {
    let Some(arn) = place.params.get("PermissionsBoundary").and_then(Value::as_str) else {
        return;
    };
    for need in all {
        need.context.set("iam:PermissionsBoundary", arn);
    }
}

fn attached_policy(place: &Place<'_>, all: &mut [Required]) {
    let Some(arn) = place.params.get("PolicyArn").and_then(Value::as_str) else {
        return;
    };
    for need in all {
        need.context.set("iam:PolicyARN", arn);
    }
}

fn service_name(place: &Place<'_>, all: &mut [Required]) {
    let Some(name) = place.params.get("AWSServiceName").and_then(Value::as_str) else {
        return;
    };
    for need in all {
        need.context.set("iam:AWSServiceName", name);
    }
}

/// Each role given to the namespace is passed to Redshift Serverless; roles that it has already are not passed again.
fn namespace(place: &Place<'_>, operation: &str, all: &mut Vec<Required>) {
    let known = place.given("namespaceName").into_iter().next();
    let account = place.world.account(place.account);
    let existing = known.and_then(|name| account.and_then(|account| account.serverless.namespace(&name)));
    for role in place.given("iamRoles") {
        if existing.is_some_and(|namespace| namespace.iam_roles.contains(&role)) {
            continue;
        }
        let mut need = make(place, "iam:PassRole", role, &[]);
        if let Some(service) = &place.world.settings.passed_to_service {
            need.context.set("iam:PassedToService", service);
        }
        all.push(need);
    }
    if place.params.get("manageAdminPassword").and_then(Value::as_bool) == Some(true) {
        // The secret's name is known before it is: redshift!<namespace>-<user>, then six characters of Secrets Manager's.
        let name = place
            .given("namespaceName")
            .into_iter()
            .next()
            .unwrap_or_default();
        let given = place.given("adminUsername").into_iter().next();
        let user = given
            .or_else(|| existing.map(|namespace| namespace.admin_username.clone()))
            .unwrap_or_else(|| "admin".to_owned());
        let secret = place.arn("secretsmanager", &format!("secret:redshift!{name}-{user}-??????"));
        all.extend(
            MANAGED_SECRET
                .iter()
                .map(|action| make(place, action, secret.clone(), &[])),
        );
        all.push(make(
            place,
            "secretsmanager:GetRandomPassword",
            "*".to_owned(),
            &[],
        ));
    }
    if operation == "CreateNamespace" {
        service_linked(place, "redshift.amazonaws.com", "AWSServiceRoleForRedshift", all);
    }
}

/// The managed secret goes with its namespace.
fn namespace_secret(place: &Place<'_>, all: &mut Vec<Required>) {
    let Some(account) = place.world.account(place.account) else {
        return;
    };
    let found = place
        .given("namespaceName")
        .into_iter()
        .find_map(|name| account.serverless.namespace(&name));
    if let Some(arn) = found.and_then(|namespace| namespace.admin_secret_arn.clone()) {
        all.push(make(place, "secretsmanager:DeleteSecret", arn, &[]));
    }
}

/// The first use of a service makes its service-linked role with the caller's permissions (IAM user guide,
/// "Create a service-linked role").
fn service_linked(place: &Place<'_>, service: &str, role: &str, all: &mut Vec<Required>) {
    if place
        .world
        .account(place.account)
        .is_some_and(|account| account.iam.role(role).is_some())
    {
        return;
    }
    let arn = place.arn("iam", &format!("role/aws-service-role/{service}/{role}"));
    let mut need = make(place, "iam:CreateServiceLinkedRole", arn, &[]);
    need.context.set("iam:AWSServiceName", service);
    all.push(need);
}

/// Statements run with a secret that the caller may read, or else with temporary credentials of the workgroup.
fn credentials(place: &Place<'_>, all: &mut Vec<Required>) {
    if let Some(secret) = place.given("SecretArn").into_iter().next() {
        all.push(make(place, "secretsmanager:GetSecretValue", secret, &[]));
        return;
    }
    if !is_empty(place.params.get("WorkgroupName")) {
        let workgroups = place.expand("redshift-serverless:workgroup/{WorkgroupName}");
        all.extend(
            workgroups
                .into_iter()
                .map(|arn| make(place, "redshift-serverless:GetCredentials", arn, &[])),
        );
    }
}
