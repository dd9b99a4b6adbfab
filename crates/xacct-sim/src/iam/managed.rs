//! Managed policies: customers' own with versions, and the one of AWS that the simulator knows.

use serde_json::{Value, json};

use super::entity::{ManagedPolicy, PolicyVersion};
use super::*;

/// AWS's own policies that the simulator knows, by name: `AdministratorAccess` by its documented text.
pub(super) fn of_aws() -> BTreeMap<&'static str, Document> {
    let text = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let parsed = Document::parse(&text.to_string(), DocumentKind::Identity).ok();
    parsed
        .map(|document| ("AdministratorAccess", document))
        .into_iter()
        .collect()
}

/// The document in force behind a policy ARN: a customer's, or AWS's.
pub(crate) fn document_of<'a>(state: &'a State, arn: &str) -> Option<&'a Document> {
    match arn.split_once(":iam::aws:policy/") {
        Some((_, name)) => state.of_aws.get(name),
        None => state.policies.get(arn).and_then(ManagedPolicy::document),
    }
}

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "PolicyName")?.to_owned();
    check_name("policyName", &name, 128)?;
    let path = optional(params, "Path").unwrap_or("/").to_owned();
    check_path(&path)?;
    let tags = tags_of(params)?;
    let document = managed_document(required(params, "PolicyDocument")?)?;
    let state = &call.here_account().iam;
    if state
        .policies
        .values()
        .any(|policy| policy.name.eq_ignore_ascii_case(&name))
    {
        return Err(ApiError::new(
            409,
            "EntityAlreadyExists",
            format!("A policy called {name} already exists. Duplicate names are not allowed."),
        ));
    }
    if state.policies.len() >= quota::POLICIES {
        return Err(limit(format!(
            "Cannot exceed quota for PoliciesPerAccount: {}",
            quota::POLICIES
        )));
    }
    let arn = format!(
        "arn:{}:iam::{}:policy{path}{name}",
        call.partition(),
        call.account_id()
    );
    let now = call.now;
    let policy = ManagedPolicy {
        id: unique_id(call, "ANPA"),
        description: optional(params, "Description").map(str::to_owned),
        versions: BTreeMap::from([(
            1,
            PolicyVersion {
                document,
                created_at: now,
            },
        )]),
        default_version: 1,
        last_version: 1,
        created_at: now,
        updated_at: now,
        name,
        path,
        tags,
        arn: arn.clone(),
    };
    let shown = render(call, &policy, true);
    call.account().iam.policies.insert(arn, policy);
    Ok(json!({ "Policy": shown }))
}

fn managed_document(text: &str) -> Result<Document, ApiError> {
    let document = identity_document(text)?;
    if trust::length(text) > quota::MANAGED_POLICY_SIZE {
        return Err(limit(format!(
            "Cannot exceed quota for PolicySize: {}",
            quota::MANAGED_POLICY_SIZE
        )));
    }
    Ok(document)
}

fn missing(arn: &str) -> ApiError {
    ApiError::new(404, "NoSuchEntity", format!("Policy {arn} was not found."))
}

fn missing_version(arn: &str, version: &str) -> ApiError {
    ApiError::new(
        404,
        "NoSuchEntity",
        format!("Policy {arn} version {version} does not exist or is not attachable."),
    )
}

fn policy_of<'a>(call: &'a Call<'_>, arn: &str) -> Result<&'a ManagedPolicy, ApiError> {
    call.here_account()
        .iam
        .policies
        .get(arn)
        .ok_or_else(|| missing(arn))
}

fn policy_mut<'a>(call: &'a mut Call<'_>, arn: &str) -> Result<&'a mut ManagedPolicy, ApiError> {
    call.account()
        .iam
        .policies
        .get_mut(arn)
        .ok_or_else(|| missing(arn))
}

fn attachments(state: &State, arn: &str) -> usize {
    let roles = state
        .roles
        .values()
        .filter(|role| role.attached.iter().any(|attached| attached == arn))
        .count();
    roles
        + state
            .users
            .values()
            .filter(|user| user.attached.iter().any(|attached| attached == arn))
            .count()
}

fn boundary_uses(state: &State, arn: &str) -> usize {
    let roles = state
        .roles
        .values()
        .filter(|role| role.boundary.as_deref() == Some(arn))
        .count();
    roles
        + state
            .users
            .values()
            .filter(|user| user.boundary.as_deref() == Some(arn))
            .count()
}

fn render(call: &Call<'_>, policy: &ManagedPolicy, whole: bool) -> Value {
    let state = &call.here_account().iam;
    let mut shown = json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default_version),
        "AttachmentCount": attachments(state, &policy.arn),
        "PermissionsBoundaryUsageCount": boundary_uses(state, &policy.arn),
        "IsAttachable": true,
        "CreateDate": call.world.settings.iso8601(policy.created_at),
        "UpdateDate": call.world.settings.iso8601(policy.updated_at),
    });
    if whole {
        shown["Tags"] = render_tags(&policy.tags);
        if let Some(description) = &policy.description {
            shown["Description"] = json!(description);
        }
    }
    shown
}

fn render_version(call: &Call<'_>, policy: &ManagedPolicy, number: u32, whole: bool) -> Option<Value> {
    let version = policy.versions.get(&number)?;
    let mut shown = json!({
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": policy.default_version == number,
        "CreateDate": call.world.settings.iso8601(version.created_at),
    });
    if whole {
        shown["Document"] = json!(encoded(&version.document.text));
    }
    Some(shown)
}

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    let policy = policy_of(call, required(params, "PolicyArn")?)?;
    Ok(json!({ "Policy": render(call, policy, true) }))
}

pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let prefix = optional(params, "PathPrefix").unwrap_or("/");
    let policies = &call.here_account().iam.policies;
    let shown = policies
        .values()
        .filter(|policy| policy.path.starts_with(prefix))
        .map(|policy| render(call, policy, false))
        .collect();
    page(params, "Policies", shown)
}

pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let arn = required(params, "PolicyArn")?;
    let policy = policy_of(call, arn)?;
    let state = &call.here_account().iam;
    if attachments(state, arn) > 0 || boundary_uses(state, arn) > 0 {
        return Err(ApiError::new(
            409,
            "DeleteConflict",
            "Cannot delete a policy attached to entities.",
        ));
    }
    if policy.versions.len() > 1 {
        return Err(ApiError::new(
            409,
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    call.account().iam.policies.remove(arn);
    Ok(json!({}))
}

pub(super) fn create_version(call: &mut Call<'_>, params: &Value) -> Reply {
    let document = managed_document(required(params, "PolicyDocument")?)?;
    let default = matches!(params.get("SetAsDefault"), Some(Value::Bool(true)))
        || optional(params, "SetAsDefault") == Some("true");
    let (arn, now) = (required(params, "PolicyArn")?, call.now);
    let policy = policy_mut(call, arn)?;
    if policy.versions.len() >= quota::POLICY_VERSIONS {
        return Err(limit(format!(
            "A managed policy can have up to {} versions. Before you create a new version, you must delete an existing version.",
            quota::POLICY_VERSIONS
        )));
    }
    policy.last_version += 1;
    let number = policy.last_version;
    policy.versions.insert(
        number,
        PolicyVersion {
            document,
            created_at: now,
        },
    );
    policy.updated_at = now;
    if default {
        policy.default_version = number;
    }
    let shown = policy_of(call, arn)
        .ok()
        .and_then(|policy| render_version(call, policy, number, false));
    Ok(json!({ "PolicyVersion": shown }))
}

fn version_number(params: &Value) -> Result<(String, u32), ApiError> {
    let id = required(params, "VersionId")?;
    let number = id.strip_prefix('v').and_then(|digits| digits.parse().ok());
    let number = number.ok_or_else(|| {
        validation(&format!("Value '{id}' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"))
    })?;
    Ok((id.to_owned(), number))
}

pub(super) fn get_version(call: &mut Call<'_>, params: &Value) -> Reply {
    let (id, number) = version_number(params)?;
    let policy = policy_of(call, required(params, "PolicyArn")?)?;
    let shown =
        render_version(call, policy, number, true).ok_or_else(|| missing_version(&policy.arn, &id))?;
    Ok(json!({ "PolicyVersion": shown }))
}

pub(super) fn list_versions(call: &mut Call<'_>, params: &Value) -> Reply {
    let policy = policy_of(call, required(params, "PolicyArn")?)?;
    let versions = policy
        .versions
        .keys()
        .rev()
        .filter_map(|number| render_version(call, policy, *number, false))
        .collect();
    page(params, "Versions", versions)
}

pub(super) fn delete_version(call: &mut Call<'_>, params: &Value) -> Reply {
    let (id, number) = version_number(params)?;
    let policy = policy_mut(call, required(params, "PolicyArn")?)?;
    if policy.default_version == number {
        return Err(ApiError::new(
            409,
            "DeleteConflict",
            "Cannot delete the default version of a policy.",
        ));
    }
    match policy.versions.remove(&number) {
        Some(_) => Ok(json!({})),
        None => Err(missing_version(&policy.arn, &id)),
    }
}

pub(super) fn set_default_version(call: &mut Call<'_>, params: &Value) -> Reply {
    let (id, number) = version_number(params)?;
    let policy = policy_mut(call, required(params, "PolicyArn")?)?;
    if !policy.versions.contains_key(&number) {
        return Err(missing_version(&policy.arn, &id));
    }
    policy.default_version = number;
    Ok(json!({}))
}

/// Refuses a policy that cannot be attached in this account.
pub(super) fn check_attachable(call: &Call<'_>, arn: &str) -> Result<(), ApiError> {
    if !arn.starts_with("arn:") || !arn.contains(":policy/") {
        return Err(ApiError::bad(
            "ValidationError",
            format!("Invalid ARN:  Could not be parsed! {arn}"),
        ));
    }
    match document_of(&call.here_account().iam, arn) {
        Some(_) => Ok(()),
        None => Err(ApiError::new(
            404,
            "NoSuchEntity",
            format!("Policy {arn} does not exist or is not attachable."),
        )),
    }
}

pub(super) fn attach_role(call: &mut Call<'_>, params: &Value) -> Reply {
    let arn = required(params, "PolicyArn")?;
    let name = required(params, "RoleName")?;
    changeable_role(call, name)?;
    check_attachable(call, arn)?;
    let role = changeable_role(call, name)?;
    if role.attached.iter().any(|attached| attached == arn) {
        return Ok(json!({}));
    }
    if role.attached.len() >= quota::ATTACHED_PER_ROLE {
        return Err(limit(format!(
            "Cannot exceed quota for PoliciesPerRole: {}",
            quota::ATTACHED_PER_ROLE
        )));
    }
    role.attached.push(arn.to_owned());
    Ok(json!({}))
}

pub(super) fn detach_role(call: &mut Call<'_>, params: &Value) -> Reply {
    let arn = required(params, "PolicyArn")?;
    let role = changeable_role(call, required(params, "RoleName")?)?;
    match role.attached.iter().position(|attached| attached == arn) {
        Some(at) => {
            role.attached.remove(at);
            Ok(json!({}))
        }
        None => Err(missing(arn)),
    }
}

pub(super) fn list_attached_role(call: &mut Call<'_>, params: &Value) -> Reply {
    let role = role_of(call, required(params, "RoleName")?)?;
    let attached = role
        .attached
        .iter()
        .map(|arn| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn }))
        .collect();
    page(params, "AttachedPolicies", attached)
}
