//! Operations on namespaces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Namespace, check_name, conflict, in_progress, not_found, page, required, tags_of, text, validation,
};
use crate::iam;
use crate::placement::{self, texts};
use crate::sample;
use crate::world::{ApiError, Call, Reply};

/// Namespaces of an account and region (Redshift management guide, "Quotas and limits").
const MOST: usize = 25;

pub(super) fn missing(name: &str) -> ApiError {
    not_found(format!("Serverless namespace {name} not found."), name)
}

pub(super) fn create(call: &mut Call<'_>, params: &Value) -> Reply {
    let name = required(params, "namespaceName")?.to_owned();
    check_name("namespaceName", &name)?;
    let db_name = text(params, "dbName").unwrap_or("dev").to_owned();
    check_db_name(&db_name)?;
    let admin_username = text(params, "adminUsername").unwrap_or("admin").to_owned();
    let managed = check_password(params)?;
    let roles = roles(call, params, &[])?;
    let default_iam_role = default_role(params, &roles, None)?;
    let log_exports = log_exports(params)?;
    let tags = tags_of(params)?;
    check_free(call, &name)?;
    iam::ensure_service_linked(call, "redshift.amazonaws.com")?;
    let id = call.new_uuid();
    let arn = super::arn(call, "namespace", &id);
    let namespace = Namespace {
        // The roles had to exist to be passed.
        busy_until: placement::begin(call, "redshift.namespace", &arn, &roles),
        admin_secret_arn: managed.then(|| secret_arn(call, &name, &admin_username)),
        roles_in_sync_at: in_sync(call, &name, &roles),
        kms_key_id: text(params, "kmsKeyId").map(str::to_owned),
        iam_roles: roles,
        created_at: call.now,
        gone_at: None,
        name: name.clone(),
        arn: arn.clone(),
        id,
        db_name,
        admin_username,
        default_iam_role,
        log_exports,
    };
    let shown = render(call, &namespace);
    let state = &mut call.account().serverless;
    state.namespaces.insert(name, namespace);
    state.tags.insert(arn, tags);
    Ok(json!({ "namespace": shown }))
}

fn check_free(call: &Call<'_>, name: &str) -> Result<(), ApiError> {
    let namespaces = &call.here_account().serverless.namespaces;
    if namespaces.contains_key(name) {
        return Err(conflict(format!("Namespace {name} already exists.")));
    }
    match namespaces.len() >= MOST {
        true => Err(validation(format!(
            "You have reached the maximum number of namespaces ({MOST}) for this account and Region."
        ))),
        false => Ok(()),
    }
}

fn check_db_name(name: &str) -> Result<(), ApiError> {
    let legal = (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+.@-".contains(c));
    match legal {
        true => Ok(()),
        false => Err(validation(format!(
            "The database name {name} is invalid. It must have 1 to 64 lowercase alphanumeric characters and begin with a letter."
        ))),
    }
}

/// Whether Redshift manages the admin's password; it and a given password exclude each other.
fn check_password(params: &Value) -> Result<bool, ApiError> {
    let managed = params
        .get("manageAdminPassword")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let Some(password) = text(params, "adminUserPassword") else {
        return Ok(managed);
    };
    if managed {
        return Err(validation(
            "You can't use adminUserPassword if manageAdminPassword is true.",
        ));
    }
    let has = |test: fn(&char) -> bool| password.chars().any(|c| test(&c));
    let strong = (8..=64).contains(&password.len())
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_digit)
        && password
            .chars()
            .all(|c| c.is_ascii_graphic() && !"/@\"'\\".contains(c));
    match strong {
        true => Ok(false),
        false => Err(validation(
            "The parameter adminUserPassword must have 8 to 64 characters, with at least one uppercase letter, one lowercase letter and one number, and none of / @ \" ' \\ or space.",
        )),
    }
}

/// The roles asked for. They must be role ARNs of roles that exist; those in `known` were accepted before.
fn roles(call: &Call<'_>, params: &Value, known: &[String]) -> Result<Vec<String>, ApiError> {
    let given = texts(params.get("iamRoles"));
    for arn in &given {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let account = match parts[..] {
            ["arn", _, "iam", "", account, resource] if resource.starts_with("role/") => account,
            _ => return Err(validation(format!("The IAM role ARN {arn} is not valid."))),
        };
        let exists = call
            .world
            .account(account)
            .is_some_and(|state| state.iam.role_by_arn(arn).is_some());
        if !exists && !known.contains(arn) {
            return Err(validation(format!(
                "The IAM role {arn} does not exist or cannot be passed to Amazon Redshift Serverless."
            )));
        }
    }
    let limit = call.world.settings.quotas.roles_per_namespace;
    if given.len() > limit {
        return Err(validation(format!(
            "The number of IAM roles {} exceeds the limit of {limit} for a namespace.",
            given.len()
        )));
    }
    let distinct: BTreeSet<&String> = given.iter().collect();
    match distinct.len() == given.len() {
        true => Ok(given),
        false => Err(validation("The list of IAM roles contains duplicates.")),
    }
}

fn default_role(
    params: &Value,
    roles: &[String],
    before: Option<&String>,
) -> Result<Option<String>, ApiError> {
    let default = match text(params, "defaultIamRoleArn") {
        Some("") => None,
        Some(given) => Some(given.to_owned()),
        None => before.cloned(),
    };
    match &default {
        Some(role) if !roles.contains(role) => Err(validation(
            "The list of customer IAM roles must contain the default IAM role.",
        )),
        _ => Ok(default),
    }
}

fn log_exports(params: &Value) -> Result<BTreeSet<String>, ApiError> {
    let given = texts(params.get("logExports"));
    match given
        .iter()
        .find(|log| !matches!(log.as_str(), "userlog" | "connectionlog" | "useractivitylog"))
    {
        Some(unknown) => Err(validation(format!("The log export {unknown} is not valid."))),
        None => Ok(given.into_iter().collect()),
    }
}

fn in_sync(call: &Call<'_>, namespace: &str, roles: &[String]) -> BTreeMap<String, crate::clock::SimTime> {
    roles
        .iter()
        .map(|role| {
            (
                role.clone(),
                call.visible_at("redshift.roles.in-sync", &format!("{namespace}/{role}")),
            )
        })
        .collect()
}

/// Secrets that Redshift manages are called `redshift!<namespace>-<user>` and get six characters from Secrets Manager.
fn secret_arn(call: &mut Call<'_>, namespace: &str, user: &str) -> String {
    let account = call.account_id().to_owned();
    let letters = call.world.fresh(&account, "secret-arn");
    let tail: String = letters[..6]
        .iter()
        .map(|b| char::from(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[usize::from(*b) % 49]))
        .collect();
    format!(
        "arn:{}:secretsmanager:{}:{account}:secret:redshift!{namespace}-{user}-{tail}",
        call.partition(),
        call.region()
    )
}

fn found<'a>(call: &'a Call<'_>, params: &Value) -> Result<&'a Namespace, ApiError> {
    let name = required(params, "namespaceName")?;
    call.here_account()
        .serverless
        .namespace(name)
        .ok_or_else(|| missing(name))
}

/// `IamRole(applyStatus=…, iamRoleArn=…)`; AWS does not keep to one order of the fields.
fn render_role(call: &Call<'_>, namespace: &Namespace, role: &str) -> String {
    let status = if namespace.role_in_sync(role, call.now) {
        "in-sync"
    } else {
        "adding"
    };
    match sample::bits(
        call.world.settings.seed,
        &["iam-role-fields", &namespace.id, role],
    ) % 2
    {
        0 => format!("IamRole(applyStatus={status}, iamRoleArn={role})"),
        _ => format!("IamRole(iamRoleArn={role}, applyStatus={status})"),
    }
}

pub(super) fn render(call: &Call<'_>, namespace: &Namespace) -> Value {
    let roles: Vec<String> = namespace
        .iam_roles
        .iter()
        .map(|role| render_role(call, namespace, role))
        .collect();
    let mut shown = json!({
        "namespaceArn": namespace.arn,
        "namespaceId": namespace.id,
        "namespaceName": namespace.name,
        "adminUsername": namespace.admin_username,
        "dbName": namespace.db_name,
        "kmsKeyId": namespace.kms_key_id.as_deref().unwrap_or("AWS_OWNED_KMS_KEY"),
        "iamRoles": roles,
        "logExports": namespace.log_exports,
        "status": namespace.status(call.now),
        "creationDate": call.world.settings.iso8601(namespace.created_at),
    });
    if let Some(role) = &namespace.default_iam_role {
        shown["defaultIamRoleArn"] = json!(role);
    }
    if let Some(secret) = &namespace.admin_secret_arn {
        shown["adminPasswordSecretArn"] = json!(secret);
    }
    shown
}

pub(super) fn get(call: &mut Call<'_>, params: &Value) -> Reply {
    let namespace = found(call, params)?;
    Ok(json!({ "namespace": render(call, namespace) }))
}

pub(super) fn list(call: &mut Call<'_>, params: &Value) -> Reply {
    let namespaces = call
        .here_account()
        .serverless
        .namespaces
        .values()
        .map(|namespace| render(call, namespace))
        .collect();
    page(params, "namespaces", namespaces)
}

pub(super) fn update(call: &mut Call<'_>, params: &Value) -> Reply {
    let before = found(call, params)?.clone();
    if before.status(call.now) != "AVAILABLE" {
        return Err(in_progress("namespace", &before.name));
    }
    let mut after = before.clone();
    change_roles(call, params, &mut after)?;
    change_admin(call, params, &mut after)?;
    if params.get("logExports").is_some() {
        after.log_exports = log_exports(params)?;
    }
    let mut added = after.iam_roles.clone();
    added.retain(|role| !before.iam_roles.contains(role));
    after.busy_until = placement::begin(call, "redshift.namespace.update", &after.arn, &added);
    let shown = render(call, &after);
    call.account()
        .serverless
        .namespaces
        .insert(after.name.clone(), after);
    Ok(json!({ "namespace": shown }))
}

/// The list of roles is always the whole list, and the default one must be in it.
fn change_roles(call: &Call<'_>, params: &Value, namespace: &mut Namespace) -> Result<(), ApiError> {
    if params.get("iamRoles").is_some_and(Value::is_array) {
        let roles = roles(call, params, &namespace.iam_roles)?;
        let added: Vec<String> = roles
            .iter()
            .filter(|role| !namespace.iam_roles.contains(role))
            .cloned()
            .collect();
        namespace.roles_in_sync_at.retain(|role, _| roles.contains(role));
        namespace
            .roles_in_sync_at
            .extend(in_sync(call, &namespace.name, &added));
        namespace.iam_roles = roles;
    } else if text(params, "defaultIamRoleArn").is_some() {
        let text = "To change the default IAM role, you must specify the entire list of IAM roles.";
        return Err(validation(text));
    }
    namespace.default_iam_role =
        default_role(params, &namespace.iam_roles, namespace.default_iam_role.as_ref())?;
    Ok(())
}

/// User and password go together, unless Redshift manages the password.
fn change_admin(call: &mut Call<'_>, params: &Value, namespace: &mut Namespace) -> Result<(), ApiError> {
    let managed = check_password(params)?;
    let (password, user) = (text(params, "adminUserPassword"), text(params, "adminUsername"));
    if password.is_some() != user.is_some() && !managed {
        return Err(validation(
            "The admin username and password must be specified together.",
        ));
    }
    if let Some(user) = user {
        namespace.admin_username = user.to_owned();
    }
    if params.get("manageAdminPassword").and_then(Value::as_bool) == Some(false) {
        namespace.admin_secret_arn = None;
    }
    if managed && namespace.admin_secret_arn.is_none() {
        namespace.admin_secret_arn = Some(secret_arn(call, &namespace.name, &namespace.admin_username));
    }
    Ok(())
}

/// The workgroup must be gone first.
pub(super) fn delete(call: &mut Call<'_>, params: &Value) -> Reply {
    let namespace = found(call, params)?;
    let (name, arn) = (namespace.name.clone(), namespace.arn.clone());
    if namespace.status(call.now) != "AVAILABLE" {
        return Err(in_progress("namespace", &name));
    }
    let mut workgroups = call.here_account().serverless.workgroups.values();
    if let Some(workgroup) = workgroups.find(|workgroup| workgroup.namespace == name) {
        let text = format!(
            "Namespace {name} is associated with workgroup {}. Delete the workgroup before you delete the namespace.",
            workgroup.name
        );
        return Err(conflict(text));
    }
    let snapshot = text(params, "finalSnapshotName").map(str::to_owned);
    if let Some(snapshot) = &snapshot {
        check_name("finalSnapshotName", snapshot)?;
        if call.here_account().serverless.snapshots.contains_key(snapshot) {
            return Err(conflict(format!("Snapshot {snapshot} already exists.")));
        }
    }
    let done = call.begin("redshift.namespace.delete", &arn, &[]);
    let state = &mut call.account().serverless;
    if let Some(snapshot) = snapshot {
        state.snapshots.insert(snapshot, name.clone());
    }
    if let Some(namespace) = state.namespaces.get_mut(&name) {
        namespace.gone_at = Some(done);
    }
    let namespace = found(call, params)?;
    Ok(json!({ "namespace": render(call, namespace) }))
}
