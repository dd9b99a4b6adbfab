//! Policies embedded in roles.

use serde_json::{Value, json};

use super::*;

pub(super) fn put_role_policy(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "PolicyName")?.to_owned();
    check_name("policyName", &name, 128)?;
    let document = identity_document(required(params, "PolicyDocument")?)?;
    let role = changeable_role(call, required(params, "RoleName")?)?;
    let others: usize = role
        .inline
        .iter()
        .filter(|(other, _)| **other != name)
        .map(|(_, document)| trust::length(&document.text))
        .sum();
    if others + trust::length(&document.text) > quota::INLINE_PER_ROLE {
        return Err(limit(format!(
            "Maximum policy size of {} bytes exceeded for role {}",
            quota::INLINE_PER_ROLE,
            role.name
        )));
    }
    role.inline.insert(name, document);
    Ok(json!({}))
}

pub(super) fn get_role_policy(call: &mut Call<'_>, params: &Value) -> Reply {
    let role = role_of(call, required(params, "RoleName")?)?;
    let name = required(params, "PolicyName")?;
    let document = role.inline.get(name).ok_or_else(|| missing(name))?;
    Ok(json!({ "RoleName": role.name, "PolicyName": name, "PolicyDocument": encoded(&document.text) }))
}

pub(super) fn delete_role_policy(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "PolicyName")?;
    let role = changeable_role(call, required(params, "RoleName")?)?;
    role.inline
        .remove(name)
        .map(|_| json!({}))
        .ok_or_else(|| missing(name))
}

pub(super) fn list_role_policies(call: &mut Call<'_>, params: &Value) -> Reply {
    let role = role_of(call, required(params, "RoleName")?)?;
    let names = role.inline.keys().map(|name| json!(name)).collect();
    page(params, "PolicyNames", names)
}

fn missing(name: &str) -> ApiError {
    ApiError::new(
        404,
        "NoSuchEntity",
        format!("The role policy with name {name} cannot be found."),
    )
}
