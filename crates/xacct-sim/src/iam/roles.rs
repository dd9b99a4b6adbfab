//! Operations on roles.

use serde_json::{Value, json};

use super::entity::Role;
use super::*;
use crate::placement;

/// Trust policies are judged with the world as it is; the caller's own account may hold the principal.
fn stored_trust(call: &Call<'_>, text: &str) -> Result<entity::Trust, ApiError> {
    trust::store(call.world, call.now, text)
}

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "RoleName")?.to_owned();
    let path = optional(params, "Path").unwrap_or("/").to_owned();
    check_path(&path)?;
    let tags = tags_of(params)?;
    let max_session = max_session(params)?;
    check_free(call, &name)?;
    let trust = stored_trust(call, required(params, "AssumeRolePolicyDocument")?)?;
    let boundary = optional(params, "PermissionsBoundary").map(str::to_owned);
    check_boundary(call, boundary.as_deref())?;
    let arn = format!(
        "arn:{}:iam::{}:role{path}{name}",
        call.partition(),
        call.account_id()
    );
    // Roles named by the trust policy had to exist before; that is the only thing that has to.
    let mut named = trust::named(call.world, &trust);
    named.retain(|name| name.contains(":role/"));
    placement::begin(call, "iam.role", &arn, &named);
    let role = Role {
        id: unique_id(call, "AROA"),
        visible_at: call.visible_at("iam.visible", &name),
        principal_at: call.visible_at("iam.principal", &name),
        assumable_at: call.visible_at("iam.assumable", &name),
        description: optional(params, "Description").map(str::to_owned),
        max_session,
        boundary,
        tags,
        ..Role::plain(name.clone(), path, arn, trust, call.now)
    };
    let shown = render(call, &role, true);
    call.account().iam.roles.insert(name.to_lowercase(), role);
    Ok(json!({ "Role": shown }))
}

fn check_free(call: &Call<'_>, name: &str) -> Result<(), ApiError> {
    check_name("roleName", name, 64)?;
    let state = &call.here_account().iam;
    if state.role(name).is_some() {
        let text = format!("Role with name {name} already exists.");
        return Err(ApiError::new(409, "EntityAlreadyExists", text));
    }
    match state.roles.len() >= quota::ROLES {
        true => Err(limit(format!(
            "Cannot exceed quota for RolesPerAccount: {}",
            quota::ROLES
        ))),
        false => Ok(()),
    }
}

fn max_session(params: &Value) -> Result<u32, ApiError> {
    let Some(given) = params.get("MaxSessionDuration") else {
        return Ok(3600);
    };
    let seconds = given
        .as_str()
        .and_then(|text| text.parse().ok())
        .or_else(|| given.as_u64().and_then(|n| u32::try_from(n).ok()));
    seconds.filter(|seconds| (3600..=43200).contains(seconds)).ok_or_else(|| {
        validation(&format!(
            "Value '{given}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600"
        ))
    })
}

fn check_boundary(call: &Call<'_>, arn: Option<&str>) -> Result<(), ApiError> {
    let Some(arn) = arn else { return Ok(()) };
    if managed::document_of(&call.here_account().iam, arn).is_none() {
        return Err(ApiError::new(
            404,
            "NoSuchEntity",
            format!("Scope ARN: {arn} does not exist or is not attachable."),
        ));
    }
    Ok(())
}

/// A role as `GetRole` shows it, or, without tags and boundary, as `ListRoles` does.
fn render(call: &Call<'_>, role: &Role, whole: bool) -> Value {
    let mut shown = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": call.world.settings.iso8601(role.created_at),
        "AssumeRolePolicyDocument": encoded(&trust::render(call.world, &role.trust)),
        "MaxSessionDuration": role.max_session,
    });
    if let Some(description) = &role.description {
        shown["Description"] = json!(description);
    }
    if whole {
        if let Some(boundary) = &role.boundary {
            shown["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": boundary });
        }
        if !role.tags.is_empty() {
            shown["Tags"] = render_tags(&role.tags);
        }
        shown["RoleLastUsed"] = json!({});
    }
    shown
}

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    let role = role_of(call, required(params, "RoleName")?)?;
    Ok(json!({ "Role": render(call, role, true) }))
}

pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let prefix = optional(params, "PathPrefix").unwrap_or("/");
    let shown = |role: &&Role| role.path.starts_with(prefix) && sees(call, role);
    let roles = call
        .here_account()
        .iam
        .roles
        .values()
        .filter(shown)
        .map(|role| render(call, role, false))
        .collect();
    page(params, "Roles", roles)
}

pub(super) fn update(call: &mut Call<'_>, params: &Value) -> Reply {
    let max_session = params
        .get("MaxSessionDuration")
        .map(|_| max_session(params))
        .transpose()?;
    let role = changeable_role(call, required(params, "RoleName")?)?;
    if let Some(seconds) = max_session {
        role.max_session = seconds;
    }
    if let Some(description) = optional(params, "Description") {
        role.description = Some(description.to_owned());
    }
    Ok(json!({}))
}

pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "RoleName")?;
    let role = changeable_role(call, name)?;
    if !role.attached.is_empty() {
        return Err(ApiError::new(
            409,
            "DeleteConflict",
            "Cannot delete entity, must detach all policies first.",
        ));
    }
    if !role.inline.is_empty() {
        return Err(ApiError::new(
            409,
            "DeleteConflict",
            "Cannot delete entity, must delete policies first.",
        ));
    }
    let key = name.to_lowercase();
    call.account().iam.roles.remove(&key);
    Ok(json!({}))
}

pub(super) fn update_trust(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "RoleName")?;
    changeable_role(call, name)?;
    let trust = stored_trust(call, required(params, "PolicyDocument")?)?;
    changeable_role(call, name)?.trust = trust;
    Ok(json!({}))
}

pub(super) fn tag(call: &mut Call<'_>, params: &Value) -> Reply {
    let tags = tags_of(params)?;
    let role = changeable_role(call, required(params, "RoleName")?)?;
    let mut all = role.tags.clone();
    all.extend(tags);
    check_tag_count(&all)?;
    role.tags = all;
    Ok(json!({}))
}

pub(super) fn untag(call: &mut Call<'_>, params: &Value) -> Reply {
    let keys: Vec<&str> = params
        .get("TagKeys")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let role = changeable_role(call, required(params, "RoleName")?)?;
    role.tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

pub(super) fn list_tags(call: &mut Call<'_>, params: &Value) -> Reply {
    let role = role_of(call, required(params, "RoleName")?)?;
    let tags = render_tags(&role.tags).as_array().cloned().unwrap_or_default();
    page(params, "Tags", tags)
}

pub(super) fn put_boundary(call: &mut Call<'_>, params: &Value) -> Reply {
    let arn = required(params, "PermissionsBoundary")?;
    check_boundary(call, Some(arn))?;
    changeable_role(call, required(params, "RoleName")?)?.boundary = Some(arn.to_owned());
    Ok(json!({}))
}

pub(super) fn delete_boundary(call: &mut Call<'_>, params: &Value) -> Reply {
    let role = changeable_role(call, required(params, "RoleName")?)?;
    match role.boundary.take() {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::new(
            404,
            "NoSuchEntity",
            format!("Role {} does not have a permissions boundary.", role.name),
        )),
    }
}

pub(super) fn list_instance_profiles(call: &mut Call<'_>, params: &Value) -> Reply {
    role_of(call, required(params, "RoleName")?)?;
    page(params, "InstanceProfiles", Vec::new())
}

/// Names of the service-linked roles that the modelled services use.
fn service_linked_name(service: &str) -> Option<&'static str> {
    Some(match service {
        "redshift.amazonaws.com" => "AWSServiceRoleForRedshift",
        "kafka.amazonaws.com" => "AWSServiceRoleForKafka",
        "route53resolver.amazonaws.com" => "AWSServiceRoleForRoute53Resolver",
        _ => return None,
    })
}

pub(super) fn create_service_linked(call: &mut Call<'_>, params: &Value) -> Reply {
    let service = required(params, "AWSServiceName")?;
    let name = service_linked_name(service).ok_or_else(|| {
        ApiError::bad(
            "InvalidInput",
            format!("Service {service} does not support service-linked roles in this simulator"),
        )
    })?;
    if call.here_account().iam.role(name).is_some() {
        return Err(ApiError::bad(
            "InvalidInput",
            format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            ),
        ));
    }
    let role = service_linked(call, service, name)?;
    Ok(json!({ "Role": role }))
}

/// Makes a service's role when it is not there; services do this on their first use.
///
/// # Errors
/// None for the services listed here.
pub(crate) fn ensure_service_linked(call: &mut Call<'_>, service: &str) -> Result<(), ApiError> {
    let Some(name) = service_linked_name(service) else {
        return Ok(());
    };
    if call.here_account().iam.role(name).is_none() {
        service_linked(call, service, name)?;
    }
    Ok(())
}

fn service_linked(call: &mut Call<'_>, service: &str, name: &str) -> Result<Value, ApiError> {
    let text = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }
    ]});
    let trust = stored_trust(call, &text.to_string())?;
    let path = format!("/aws-service-role/{service}/");
    let arn = format!(
        "arn:{}:iam::{}:role{path}{name}",
        call.partition(),
        call.account_id()
    );
    let role = Role {
        id: unique_id(call, "AROA"),
        service_linked: true,
        ..Role::plain(name.to_owned(), path, arn, trust, call.now)
    };
    let shown = render(call, &role, true);
    call.account().iam.roles.insert(name.to_lowercase(), role);
    Ok(shown)
}
