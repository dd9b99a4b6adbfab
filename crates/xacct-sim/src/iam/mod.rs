//! IAM: users, roles, policies, and who may act as whom.
//!
//! IAM is global: roles are visible in every region, and names are unique per account without regard to case. A new role
//! is invisible for a moment, and for longer it can be neither named by a trust policy nor assumed; changes of existing
//! roles and policies act at once. Error codes and texts follow the IAM API reference and what public logs show.

pub(crate) mod chain;
mod details;
pub(crate) mod entity;
mod inline;
mod managed;
mod roles;
pub(crate) mod trust;
mod users;

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::auth::document::{Document, DocumentKind};
use crate::inventory::{Collector, name_of_tags};
use crate::world::{ApiError, Call, CallerKind, Reply, World};
use entity::{AccessKey, Holder, ManagedPolicy, Role, Session, User};

pub(crate) use chain::assume_chain;
pub(crate) use managed::document_of;
pub(crate) use roles::ensure_service_linked;

/// RFC 3986 unreserved characters stay; IAM encodes all others in policy documents that it returns.
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Default quotas of an account (IAM user guide, "IAM and AWS STS quotas").
pub(crate) mod quota {
    pub(crate) const ROLES: usize = 1000;
    pub(crate) const POLICIES: usize = 1500;
    pub(crate) const POLICY_VERSIONS: usize = 5;
    pub(crate) const ATTACHED_PER_ROLE: usize = 10;
    pub(crate) const MANAGED_POLICY_SIZE: usize = 6144;
    pub(crate) const INLINE_PER_ROLE: usize = 10240;
    pub(crate) const INLINE_PER_USER: usize = 2048;
    pub(crate) const TRUST_SIZE: usize = 2048;
    pub(crate) const TAGS: usize = 50;
    pub(crate) const KEYS_PER_USER: usize = 2;
}

/// What IAM knows of one account. Roles and users are kept by name in lower case.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) users: BTreeMap<String, User>,
    /// Customer-managed policies by ARN.
    pub(crate) policies: BTreeMap<String, ManagedPolicy>,
    /// Users' and sessions' keys by access key id.
    pub(crate) keys: BTreeMap<String, AccessKey>,
    /// AWS's own policies by name.
    of_aws: BTreeMap<&'static str, Document>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            roles: BTreeMap::new(),
            users: BTreeMap::new(),
            policies: BTreeMap::new(),
            keys: BTreeMap::new(),
            of_aws: managed::of_aws(),
        }
    }
}

impl State {
    /// A role by friendly name, in any case.
    pub(crate) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(&name.to_lowercase())
    }

    /// A role by ARN.
    pub(crate) fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.arn == arn)
    }

    /// A user by friendly name, in any case.
    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.get(&name.to_lowercase())
    }

    /// A user by ARN.
    pub(crate) fn user_by_arn(&self, arn: &str) -> Option<&User> {
        self.users.values().find(|user| user.arn == arn)
    }

    /// The role session that an access key belongs to.
    pub(crate) fn session(&self, access_key: &str) -> Option<&Session> {
        match &self.keys.get(access_key)?.holder {
            Holder::Session(session) => Some(session),
            Holder::User(_) => None,
        }
    }
}

/// The unique id of an account's built-in administrator.
pub(crate) fn administrator_id(account: &str) -> String {
    format!("AIDAADMIN{account}")
}

/// Serves one IAM operation.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    match operation {
        "CreateRole" => roles::create(call, params),
        "GetRole" => roles::get(call, params),
        "ListRoles" => roles::list(call, params),
        "UpdateRole" => roles::update(call, params),
        "DeleteRole" => roles::delete(call, params),
        "UpdateAssumeRolePolicy" => roles::update_trust(call, params),
        "TagRole" => roles::tag(call, params),
        "UntagRole" => roles::untag(call, params),
        "ListRoleTags" => roles::list_tags(call, params),
        "PutRolePermissionsBoundary" => roles::put_boundary(call, params),
        "DeleteRolePermissionsBoundary" => roles::delete_boundary(call, params),
        "CreateServiceLinkedRole" => roles::create_service_linked(call, params),
        "ListInstanceProfilesForRole" => roles::list_instance_profiles(call, params),
        "PutRolePolicy" => inline::put_role_policy(call, params),
        "GetRolePolicy" => inline::get_role_policy(call, params),
        "DeleteRolePolicy" => inline::delete_role_policy(call, params),
        "ListRolePolicies" => inline::list_role_policies(call, params),
        "CreatePolicy" => managed::create(call, params),
        "GetPolicy" => managed::get(call, params),
        "DeletePolicy" => managed::delete(call, params),
        "ListPolicies" => managed::list(call, params),
        "CreatePolicyVersion" => managed::create_version(call, params),
        "GetPolicyVersion" => managed::get_version(call, params),
        "DeletePolicyVersion" => managed::delete_version(call, params),
        "ListPolicyVersions" => managed::list_versions(call, params),
        "SetDefaultPolicyVersion" => managed::set_default_version(call, params),
        "AttachRolePolicy" => managed::attach_role(call, params),
        "DetachRolePolicy" => managed::detach_role(call, params),
        "ListAttachedRolePolicies" => managed::list_attached_role(call, params),
        "CreateUser" => users::create(call, params),
        "GetUser" => users::get(call, params),
        "DeleteUser" => users::delete(call, params),
        "ListUsers" => users::list(call, params),
        "PutUserPolicy" => users::put_policy(call, params),
        "DeleteUserPolicy" => users::delete_policy(call, params),
        "AttachUserPolicy" => users::attach(call, params),
        "DetachUserPolicy" => users::detach(call, params),
        "CreateAccessKey" => users::create_key(call, params),
        "DeleteAccessKey" => users::delete_key(call, params),
        "GetAccountSummary" => summary(call),
        "GetAccountAuthorizationDetails" => details::get(call, params),
        _ => Err(ApiError::not_modelled("iam", operation)),
    }
}

fn summary(call: &Call<'_>) -> Reply {
    let iam = &call.here_account().iam;
    Ok(json!({ "SummaryMap": {"entry": [
        {"key": "Roles", "value": iam.roles.len()},
        {"key": "RolesQuota", "value": quota::ROLES},
        {"key": "Users", "value": iam.users.len()},
        {"key": "UsersQuota", "value": 5000},
        {"key": "Policies", "value": iam.policies.len()},
        {"key": "PoliciesQuota", "value": quota::POLICIES},
        {"key": "PolicySizeQuota", "value": quota::MANAGED_POLICY_SIZE},
        {"key": "VersionsPerPolicyQuota", "value": quota::POLICY_VERSIONS},
        {"key": "AttachedPoliciesPerRoleQuota", "value": quota::ATTACHED_PER_ROLE},
        {"key": "RolePolicySizeQuota", "value": quota::INLINE_PER_ROLE},
        {"key": "UserPolicySizeQuota", "value": quota::INLINE_PER_USER},
        {"key": "AssumeRolePolicySizeQuota", "value": quota::TRUST_SIZE},
    ]}}))
}

/// A required text parameter.
fn required<'a>(params: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    params.get(name).and_then(Value::as_str).ok_or_else(|| {
        let mut camel = name.to_owned();
        camel[..1].make_ascii_lowercase();
        validation(&format!(
            "Value null at '{camel}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn optional<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    params.get(name).and_then(Value::as_str)
}

/// `ValidationError` as IAM words it.
fn validation(what: &str) -> ApiError {
    ApiError::bad("ValidationError", format!("1 validation error detected: {what}"))
}

fn no_role(name: &str) -> ApiError {
    ApiError::new(
        404,
        "NoSuchEntity",
        format!("The role with name {name} cannot be found."),
    )
}

fn limit(message: String) -> ApiError {
    ApiError::new(409, "LimitExceeded", message)
}

/// Whether a call finds a role: a just-created one can be missing for a moment. The account itself sees all.
fn sees(call: &Call<'_>, role: &Role) -> bool {
    call.caller.kind == CallerKind::Root || role.visible_at <= call.now
}

fn role_mut<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut Role, ApiError> {
    role_of(call, name)?;
    call.account()
        .iam
        .roles
        .get_mut(&name.to_lowercase())
        .ok_or_else(|| no_role(name))
}

fn role_of<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a Role, ApiError> {
    call.here_account()
        .iam
        .role(name)
        .filter(|role| sees(call, role))
        .ok_or_else(|| no_role(name))
}

/// A role that is not the property of a service.
fn changeable_role<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut Role, ApiError> {
    let role = role_mut(call, name)?;
    match role.service_linked {
        false => Ok(role),
        true => Err(ApiError::bad(
            "UnmodifiableEntity",
            format!(
                "Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS",
                role.name
            ),
        )),
    }
}

/// Names: 1 to `max` characters of `[\w+=,.@-]`.
fn check_name(parameter: &str, name: &str, max: usize) -> Result<(), ApiError> {
    if name.chars().count() > max {
        return Err(validation(&format!(
            "Value '{name}' at '{parameter}' failed to satisfy constraint: Member must have length less than or equal to {max}"
        )));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || !name.chars().all(legal) {
        return Err(ApiError::bad(
            "ValidationError",
            format!(
                "The specified value for {parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
            ),
        ));
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), ApiError> {
    let legal = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.chars().all(|c| c.is_ascii_graphic());
    if legal {
        return Ok(());
    }
    Err(ApiError::bad(
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
}

/// An identity policy, checked.
fn identity_document(text: &str) -> Result<Document, ApiError> {
    Document::parse(text, DocumentKind::Identity)
        .map_err(|message| ApiError::bad("MalformedPolicyDocument", message))
}

/// A policy document as IAM returns it.
fn encoded(document: &str) -> String {
    utf8_percent_encode(document, DOCUMENT).to_string()
}

/// `AROA…` and the like: 21 characters, seeded.
fn unique_id(call: &mut Call<'_>, prefix: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let account = call.account_id().to_owned();
    let bytes = call.world.fresh(&account, prefix);
    let tail: String = bytes
        .iter()
        .take(21 - prefix.len())
        .map(|b| char::from(ALPHABET[usize::from(*b) % 32]))
        .collect();
    format!("{prefix}{tail}")
}

fn tags_of(params: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in params.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        let (key, value) = (required(tag, "Key")?, optional(tag, "Value").unwrap_or_default());
        if key.is_empty()
            || key.chars().count() > 128
            || value.chars().count() > 256
            || key.to_ascii_lowercase().starts_with("aws:")
        {
            return Err(ApiError::bad("InvalidInput", format!("Invalid tag '{key}'")));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::bad(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    check_tag_count(&tags)?;
    Ok(tags)
}

fn check_tag_count(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > quota::TAGS {
        return Err(limit(format!(
            "Cannot exceed quota for TagsPerRole: {}",
            quota::TAGS
        )));
    }
    Ok(())
}

fn render_tags(tags: &BTreeMap<String, String>) -> Value {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

/// Cuts a list as `MaxItems` and `Marker` ask (markers are offsets in text).
fn page(params: &Value, member: &str, items: Vec<Value>) -> Reply {
    let number = |name: &str| {
        params.get(name).and_then(|value| {
            value
                .as_u64()
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
        })
    };
    let start = number("Marker")
        .map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX))
        .min(items.len());
    let size = number("MaxItems")
        .map_or(100, |n| usize::try_from(n).unwrap_or(usize::MAX))
        .clamp(1, 1000);
    let end = start.saturating_add(size).min(items.len());
    let truncated = end < items.len();
    let mut reply = json!({ member: items[start..end], "IsTruncated": truncated });
    if truncated {
        reply["Marker"] = json!(end.to_string());
    }
    Ok(reply)
}

/// Adds the account's roles, policies and users; service-linked roles are the services' own.
pub(crate) fn inventory(world: &World, state: &State, out: &mut Collector) {
    for role in state.roles.values().filter(|role| !role.service_linked) {
        let name = name_of_tags(&role.tags).unwrap_or_else(|| role.name.clone());
        out.alias(&role.id, &format!("iam:role/{name}"));
        let attributes = json!({
            "path": role.path, "description": role.description, "maxSessionDuration": role.max_session,
            "trust": parsed(&trust::render(world, &role.trust)), "inline": texts_of(&role.inline),
            "attached": role.attached, "boundary": role.boundary, "tags": role.tags,
        });
        out.add("iam:role", &role.arn, &name, attributes);
    }
    for policy in state.policies.values() {
        let name = name_of_tags(&policy.tags).unwrap_or_else(|| policy.name.clone());
        let document = policy.document().map(|document| parsed(&document.text));
        let attributes = json!({ "path": policy.path, "document": document, "tags": policy.tags });
        out.add("iam:policy", &policy.arn, &name, attributes);
    }
    for user in state.users.values() {
        out.alias(&user.id, &format!("iam:user/{}", user.name));
        let attributes = json!({
            "path": user.path, "inline": texts_of(&user.inline), "attached": user.attached, "tags": user.tags,
        });
        out.add("iam:user", &user.arn, &user.name, attributes);
    }
}

fn texts_of(documents: &BTreeMap<String, Document>) -> Value {
    let parsed = documents
        .iter()
        .map(|(name, document)| (name.clone(), parsed(&document.text)));
    parsed.collect::<serde_json::Map<_, _>>().into()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
