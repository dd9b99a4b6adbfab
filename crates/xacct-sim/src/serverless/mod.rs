//! Redshift Serverless: namespaces (databases, users, roles) and workgroups (compute in a VPC).
//!
//! A workgroup goes CREATING → MODIFYING → AVAILABLE and keeps its namespace MODIFYING meanwhile; there is no failed
//! state. Sources: Redshift management guide ("Considerations when using Amazon Redshift Serverless", "Billing", "Managing
//! admin passwords"), the Redshift Serverless API reference, AWS's own CloudFormation handlers
//! (aws-cloudformation/aws-cloudformation-resource-providers-redshift-serverless) and public issues:
//! hashicorp/terraform-provider-aws #26522, #28980, #39268, aws/aws-cli #7507, pulumi/pulumi-aws-native #614,
//! clickstream-analytics-on-aws PR#507.

mod capacity;
mod changes;
mod namespaces;
mod workgroups;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::clock::SimTime;
use crate::inventory::{Collector, name_of_tags};
use crate::world::{ApiError, Call, Reply};

/// What the service holds in one account, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) namespaces: BTreeMap<String, Namespace>,
    pub(crate) workgroups: BTreeMap<String, Workgroup>,
    /// Final snapshots by name: the namespace they were taken of.
    pub(crate) snapshots: BTreeMap<String, String>,
    /// By ARN.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
}

/// A namespace.
#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    pub(crate) name: String,
    /// UUID, also the end of the ARN; a namespace made again under the same name has another.
    pub(crate) id: String,
    pub(crate) arn: String,
    /// First database.
    pub(crate) db_name: String,
    pub(crate) admin_username: String,
    /// The secret with the admin's password, if Redshift manages it.
    pub(crate) admin_secret_arn: Option<String>,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) iam_roles: Vec<String>,
    /// From when each role can be used.
    pub(crate) roles_in_sync_at: BTreeMap<String, SimTime>,
    pub(crate) default_iam_role: Option<String>,
    pub(crate) log_exports: BTreeSet<String>,
    pub(crate) created_at: SimTime,
    /// MODIFYING until then.
    pub(crate) busy_until: SimTime,
    pub(crate) gone_at: Option<SimTime>,
}

/// A workgroup.
#[derive(Debug, Clone)]
pub(crate) struct Workgroup {
    pub(crate) name: String,
    /// UUID, also the end of the ARN.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) namespace: String,
    /// Redshift processing units.
    pub(crate) base_capacity: u64,
    pub(crate) max_capacity: Option<u64>,
    pub(crate) enhanced_vpc_routing: bool,
    pub(crate) publicly_accessible: bool,
    pub(crate) port: u16,
    pub(crate) config_parameters: BTreeMap<String, String>,
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) vpc_endpoint: String,
    /// Interfaces through which clients reach it, one per subnet.
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) price_performance: Option<Value>,
    pub(crate) created_at: SimTime,
    /// CREATING until then.
    pub(crate) created_until: SimTime,
    /// MODIFYING until then.
    pub(crate) busy_until: SimTime,
    pub(crate) gone_at: Option<SimTime>,
}

/// A network interface as `GetWorkgroup` shows it.
#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub(crate) eni: String,
    pub(crate) subnet: String,
    pub(crate) ip: Ipv4Addr,
}

impl Namespace {
    /// The status as `GetNamespace` shows it.
    pub(crate) fn status(&self, now: SimTime) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if now < self.busy_until {
            "MODIFYING"
        } else {
            "AVAILABLE"
        }
    }

    /// Whether a role is attached and usable.
    pub(crate) fn role_in_sync(&self, arn: &str, now: SimTime) -> bool {
        self.iam_roles.iter().any(|role| role == arn)
            && self.roles_in_sync_at.get(arn).is_none_or(|at| *at <= now)
    }
}

impl Workgroup {
    /// The status as `GetWorkgroup` shows it.
    pub(crate) fn status(&self, now: SimTime) -> &'static str {
        if self.gone_at.is_some() {
            "DELETING"
        } else if now < self.created_until {
            "CREATING"
        } else if now < self.busy_until {
            "MODIFYING"
        } else {
            "AVAILABLE"
        }
    }

    /// Whether it runs statements. It keeps running them while it is being modified.
    pub(crate) fn runs_statements(&self, now: SimTime) -> bool {
        matches!(self.status(now), "AVAILABLE" | "MODIFYING")
    }
}

impl State {
    /// A namespace by name.
    pub(crate) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name)
    }

    /// A workgroup by name or ARN.
    pub(crate) fn workgroup(&self, name_or_arn: &str) -> Option<&Workgroup> {
        match name_or_arn.starts_with("arn:") {
            true => self
                .workgroups
                .values()
                .find(|workgroup| workgroup.arn == name_or_arn),
            false => self.workgroups.get(name_or_arn),
        }
    }

    /// The namespace that a workgroup computes for.
    pub(crate) fn namespace_of(&self, workgroup: &Workgroup) -> Option<&Namespace> {
        self.namespaces.get(&workgroup.namespace)
    }

    /// Drops what has been deleted.
    pub(crate) fn settle(&mut self, now: SimTime) {
        let here = |gone_at: Option<SimTime>| gone_at.is_none_or(|gone| now < gone);
        self.workgroups.retain(|_, workgroup| here(workgroup.gone_at));
        self.namespaces.retain(|_, namespace| here(namespace.gone_at));
        let (workgroups, namespaces) = (&self.workgroups, &self.namespaces);
        self.tags.retain(|arn, _| {
            workgroups.values().any(|workgroup| workgroup.arn == *arn)
                || namespaces.values().any(|namespace| namespace.arn == *arn)
        });
    }
}

/// Answers one call.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    let now = call.now;
    call.account().serverless.settle(now);
    match operation {
        "CreateNamespace" => namespaces::create(call, params),
        "GetNamespace" => namespaces::get(call, params),
        "ListNamespaces" => namespaces::list(call, params),
        "UpdateNamespace" => namespaces::update(call, params),
        "DeleteNamespace" => namespaces::delete(call, params),
        "CreateWorkgroup" => workgroups::create(call, params),
        "GetWorkgroup" => workgroups::get(call, params),
        "ListWorkgroups" => workgroups::list(call, params),
        "UpdateWorkgroup" => changes::update(call, params),
        "DeleteWorkgroup" => workgroups::delete(call, params),
        "GetCredentials" => workgroups::credentials(call, params),
        "ListTagsForResource" => list_tags(call, params),
        "TagResource" => tag(call, params),
        "UntagResource" => untag(call, params),
        _ => Err(ApiError::not_modelled("redshift-serverless", operation)),
    }
}

fn validation(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationException", message)
}

fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::bad("ConflictException", message)
}

fn not_found(message: impl Into<String>, resource: &str) -> ApiError {
    ApiError::bad("ResourceNotFoundException", message).with("resourceName", resource)
}

/// What a call on something that is busy gets; clients look for the first words.
fn in_progress(kind: &str, name: &str) -> ApiError {
    conflict(format!(
        "There is an operation in progress on the {kind} {name}. Try again after it is complete."
    ))
}

/// ARNs end in ids, not names.
fn arn(call: &Call<'_>, kind: &str, id: &str) -> String {
    let (partition, region, account) = (call.partition(), call.region(), call.account_id());
    format!("arn:{partition}:redshift-serverless:{region}:{account}:{kind}/{id}")
}

fn text<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Value::as_str)
}

fn required<'a>(params: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    text(params, name).ok_or_else(|| {
        validation(format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"))
    })
}

/// Names of namespaces and workgroups: 3 to 64 small letters, digits and hyphens.
fn check_name(parameter: &str, name: &str) -> Result<(), ApiError> {
    let problem = if name.len() < 3 {
        "Member must have length greater than or equal to 3"
    } else if name.len() > 64 {
        "Member must have length less than or equal to 64"
    } else if !name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        "Member must satisfy regular expression pattern: ^[a-z0-9-]+$"
    } else {
        return Ok(());
    };
    Err(validation(format!(
        "1 validation error detected: Value '{name}' at '{parameter}' failed to satisfy constraint: {problem}"
    )))
}

fn tags_of(params: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in params.get("tags").and_then(Value::as_array).into_iter().flatten() {
        tags.insert(
            required(tag, "key")?.to_owned(),
            text(tag, "value").unwrap_or_default().to_owned(),
        );
    }
    if tags.len() > 200 {
        return Err(ApiError::bad(
            "TooManyTagsException",
            "The request exceeded the number of tags allowed for a resource.",
        ));
    }
    Ok(tags)
}

/// Cuts a page; tokens are offsets.
fn page(params: &Value, member: &str, items: Vec<Value>) -> Reply {
    let size = params
        .get("maxResults")
        .and_then(Value::as_u64)
        .map_or(100, |size| usize::try_from(size).unwrap_or(100))
        .clamp(1, 100);
    let start: usize = text(params, "nextToken")
        .and_then(|token| token.parse().ok())
        .unwrap_or_default();
    let page: Vec<&Value> = items.iter().skip(start).take(size).collect();
    let next = start + page.len();
    let mut reply = json!({ member: page });
    if next < items.len() {
        reply["nextToken"] = json!(next.to_string());
    }
    Ok(reply)
}

fn tagged<'a>(call: &'a mut Call<'_>, params: &Value) -> Result<&'a mut BTreeMap<String, String>, ApiError> {
    let arn = required(params, "resourceArn")?;
    let missing = || not_found(format!("Resource {arn} not found."), arn);
    call.account().serverless.tags.get_mut(arn).ok_or_else(missing)
}

fn list_tags(call: &mut Call<'_>, params: &Value) -> Reply {
    let tags: Vec<Value> = tagged(call, params)?
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    Ok(json!({ "tags": tags }))
}

fn tag(call: &mut Call<'_>, params: &Value) -> Reply {
    let added = tags_of(params)?;
    let tags = tagged(call, params)?;
    tags.extend(added);
    Ok(json!({}))
}

fn untag(call: &mut Call<'_>, params: &Value) -> Reply {
    let keys = crate::placement::texts(params.get("tagKeys"));
    tagged(call, params)?.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

/// Adds the live namespaces, workgroups and snapshots to an inventory.
pub(crate) fn inventory(state: &State, _now: SimTime, out: &mut Collector) {
    let owner = |arn: &str, name: &str| {
        state
            .tags
            .get(arn)
            .and_then(name_of_tags)
            .unwrap_or_else(|| name.to_owned())
    };
    for namespace in state
        .namespaces
        .values()
        .filter(|namespace| namespace.gone_at.is_none())
    {
        let name = owner(&namespace.arn, &namespace.name);
        if let Some(secret) = &namespace.admin_secret_arn {
            out.add(
                "secretsmanager:secret",
                secret,
                &format!("{name}/admin"),
                json!({ "managedBy": "redshift-serverless" }),
            );
        }
        out.alias(&namespace.id, &format!("redshift-serverless:namespace/{name}"));
        out.add("redshift-serverless:namespace", &namespace.arn, &name, json!({
            "namespaceName": namespace.name, "dbName": namespace.db_name, "adminUsername": namespace.admin_username,
            "iamRoles": namespace.iam_roles, "defaultIamRoleArn": namespace.default_iam_role,
            "logExports": namespace.log_exports, "tags": state.tags.get(&namespace.arn),
        }));
    }
    for workgroup in state
        .workgroups
        .values()
        .filter(|workgroup| workgroup.gone_at.is_none())
    {
        let name = owner(&workgroup.arn, &workgroup.name);
        out.alias(&workgroup.id, &format!("redshift-serverless:workgroup/{name}"));
        out.add("redshift-serverless:workgroup", &workgroup.arn, &name, json!({
            "workgroupName": workgroup.name, "namespaceName": workgroup.namespace, "baseCapacity": workgroup.base_capacity,
            "maxCapacity": workgroup.max_capacity, "enhancedVpcRouting": workgroup.enhanced_vpc_routing,
            "publiclyAccessible": workgroup.publicly_accessible, "port": workgroup.port,
            "configParameters": workgroup.config_parameters, "subnetIds": workgroup.subnets,
            "securityGroupIds": workgroup.security_groups, "tags": state.tags.get(&workgroup.arn),
        }));
    }
    for (name, of) in &state.snapshots {
        out.add(
            "redshift-serverless:snapshot",
            name,
            name,
            json!({ "namespaceName": of }),
        );
    }
}
