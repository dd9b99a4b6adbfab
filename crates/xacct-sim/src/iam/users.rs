//! Users and their keys: as much as tests of privileges need.

use serde_json::{Value, json};

use super::entity::{AccessKey, Holder, User};
use super::*;

fn no_user(name: &str) -> ApiError {
    ApiError::new(
        404,
        "NoSuchEntity",
        format!("The user with name {name} cannot be found."),
    )
}

fn user_mut<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut User, ApiError> {
    call.account()
        .iam
        .users
        .get_mut(&name.to_lowercase())
        .ok_or_else(|| no_user(name))
}

fn user_of<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a User, ApiError> {
    call.here_account().iam.user(name).ok_or_else(|| no_user(name))
}

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "UserName")?.to_owned();
    check_name("userName", &name, 64)?;
    let path = optional(params, "Path").unwrap_or("/").to_owned();
    check_path(&path)?;
    let tags = tags_of(params)?;
    if call.here_account().iam.user(&name).is_some() || name.eq_ignore_ascii_case("administrator") {
        return Err(ApiError::new(
            409,
            "EntityAlreadyExists",
            format!("User with name {name} already exists."),
        ));
    }
    let boundary = optional(params, "PermissionsBoundary").map(str::to_owned);
    if let Some(arn) = &boundary {
        managed::check_attachable(call, arn)?;
    }
    let user = User {
        id: unique_id(call, "AIDA"),
        arn: format!(
            "arn:{}:iam::{}:user{path}{name}",
            call.partition(),
            call.account_id()
        ),
        inline: BTreeMap::new(),
        attached: Vec::new(),
        created_at: call.now,
        name: name.clone(),
        path,
        boundary,
        tags,
    };
    let shown = render(call, &user);
    call.account().iam.users.insert(name.to_lowercase(), user);
    Ok(json!({ "User": shown }))
}

fn render(call: &Call<'_>, user: &User) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": call.world.settings.iso8601(user.created_at),
        "Tags": render_tags(&user.tags),
    })
}

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    let own = match &call.caller.kind {
        crate::world::CallerKind::User { name } => Some(name.clone()),
        _ => None,
    };
    let name = match (optional(params, "UserName"), own) {
        (Some(name), _) => name.to_owned(),
        (None, Some(own)) => own,
        (None, None) => {
            return Err(ApiError::bad(
                "ValidationError",
                "Must specify userName when calling with non-User credentials",
            ));
        }
    };
    Ok(json!({ "User": render(call, user_of(call, &name)?) }))
}

pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let users = call
        .here_account()
        .iam
        .users
        .values()
        .map(|user| render(call, user))
        .collect();
    page(params, "Users", users)
}

pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "UserName")?;
    let user = user_of(call, name)?;
    let conflict = |message: &str| Err(ApiError::new(409, "DeleteConflict", message));
    if !user.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !user.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    if call
        .here_account()
        .iam
        .keys
        .values()
        .any(|key| held_by(key, name))
    {
        return conflict("Cannot delete entity, must delete access keys first.");
    }
    call.account().iam.users.remove(&name.to_lowercase());
    Ok(json!({}))
}

fn held_by(key: &AccessKey, name: &str) -> bool {
    matches!(&key.holder, Holder::User(user) if user.eq_ignore_ascii_case(name))
}

pub(super) fn put_policy(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "PolicyName")?.to_owned();
    check_name("policyName", &name, 128)?;
    let document = identity_document(required(params, "PolicyDocument")?)?;
    // The quota of 2,048 characters for inline policies of users is not held: privilege tests give one user the whole
    // policy of a deployer, which in AWS would be a managed policy or a role's.
    user_mut(call, required(params, "UserName")?)?
        .inline
        .insert(name, document);
    Ok(json!({}))
}

pub(super) fn delete_policy(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "PolicyName")?;
    let removed = user_mut(call, required(params, "UserName")?)?.inline.remove(name);
    let missing = || {
        ApiError::new(
            404,
            "NoSuchEntity",
            format!("The user policy with name {name} cannot be found."),
        )
    };
    removed.map(|_| json!({})).ok_or_else(missing)
}

pub(super) fn attach(call: &mut Call<'_>, params: &Value) -> Reply {
    let arn = required(params, "PolicyArn")?;
    managed::check_attachable(call, arn)?;
    let user = user_mut(call, required(params, "UserName")?)?;
    if !user.attached.iter().any(|attached| attached == arn) {
        user.attached.push(arn.to_owned());
    }
    Ok(json!({}))
}

pub(super) fn detach(call: &mut Call<'_>, params: &Value) -> Reply {
    let arn = required(params, "PolicyArn")?;
    let user = user_mut(call, required(params, "UserName")?)?;
    let before = user.attached.len();
    user.attached.retain(|attached| attached != arn);
    match user.attached.len() < before {
        true => Ok(json!({})),
        false => Err(ApiError::new(
            404,
            "NoSuchEntity",
            format!("Policy {arn} was not found."),
        )),
    }
}

pub(super) fn create_key(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = user_of(call, required(params, "UserName")?)?.name.clone();
    if call
        .here_account()
        .iam
        .keys
        .values()
        .filter(|key| held_by(key, &name))
        .count()
        >= quota::KEYS_PER_USER
    {
        return Err(limit(format!(
            "Cannot exceed quota for AccessKeysPerUser: {}",
            quota::KEYS_PER_USER
        )));
    }
    let id = unique_id(call, "AKIA")[..20].to_owned();
    let account = call.account_id().to_owned();
    let secret = hex::encode(&call.world.fresh(&account, "secret")[..20]);
    let key = AccessKey {
        id: id.clone(),
        secret: secret.clone(),
        holder: Holder::User(name.clone()),
        created_at: call.now,
    };
    let created = call.world.settings.iso8601(key.created_at);
    call.account().iam.keys.insert(id.clone(), key);
    Ok(json!({ "AccessKey": {
        "UserName": name, "AccessKeyId": id, "Status": "Active", "SecretAccessKey": secret, "CreateDate": created,
    }}))
}

pub(super) fn delete_key(call: &mut Call<'_>, params: &Value) -> Reply {
    let id = required(params, "AccessKeyId")?;
    let removed = call.account().iam.keys.remove(id);
    let missing = || {
        ApiError::new(
            404,
            "NoSuchEntity",
            format!("The Access Key with id {id} cannot be found."),
        )
    };
    removed.map(|_| json!({})).ok_or_else(missing)
}
