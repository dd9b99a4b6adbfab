//! Every role of an account in one list, with its policies.
//!
//! IAM API reference, `GetAccountAuthorizationDetails` and `RoleDetail`: the list has trust, inline and attached
//! policies, boundary and tags of a role, and neither its description nor its longest session.

use serde_json::{Value, json};

use super::*;

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    let only_roles = params
        .get("Filter")
        .and_then(Value::as_array)
        .is_some_and(|kinds| kinds.iter().all(|kind| kind == "Role"));
    if !only_roles {
        return Err(ApiError::not_modelled(
            "iam",
            "GetAccountAuthorizationDetails of anything but roles",
        ));
    }
    let roles = call.here_account().iam.roles.values();
    let shown = roles
        .filter(|role| sees(call, role))
        .map(|role| detail(call, role))
        .collect();
    page(params, "RoleDetailList", shown)
}

fn detail(call: &Call<'_>, role: &Role) -> Value {
    let policies = role
        .inline
        .iter()
        .map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": encoded(&document.text) }));
    let attached = role
        .attached
        .iter()
        .map(|arn| json!({ "PolicyName": arn.rsplit('/').next(), "PolicyArn": arn }));
    let mut shown = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": call.world.settings.iso8601(role.created_at),
        "AssumeRolePolicyDocument": encoded(&trust::render(call.world, &role.trust)),
        "InstanceProfileList": [],
        "RolePolicyList": policies.collect::<Vec<_>>(),
        "AttachedManagedPolicies": attached.collect::<Vec<_>>(),
        "Tags": render_tags(&role.tags),
        "RoleLastUsed": {},
    });
    if let Some(arn) = &role.boundary {
        shown["PermissionsBoundary"] =
            json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn });
    }
    shown
}
