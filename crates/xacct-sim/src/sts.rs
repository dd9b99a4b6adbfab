//! STS: who am I, and sessions of roles.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth::condition::Context;
use crate::auth::document::{Document, DocumentKind};
use crate::auth::policy;
use crate::iam::chain::{may_assume, session};
use crate::iam::document_of;
use crate::iam::entity::{AccessKey, Holder, Session};
use crate::world::{ApiError, Call, CallerKind, Reply};

/// Answers one call.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    match operation {
        "GetCallerIdentity" => Ok(identity(call)),
        "AssumeRole" => assume_role(call, params),
        _ => Err(ApiError::not_modelled("sts", operation)),
    }
}

fn identity(call: &Call<'_>) -> Value {
    let id = policy::unique_id(call.world, call.caller);
    let user_id = match (&call.caller.kind, id) {
        (CallerKind::AssumedRole { session, .. }, Some(id)) => format!("{id}:{session}"),
        (_, Some(id)) => id,
        (_, None) => call.caller.account.clone(),
    };
    json!({ "UserId": user_id, "Account": call.caller.account, "Arn": call.caller.principal_arn })
}

fn assume_role(call: &mut Call<'_>, params: &Value) -> Reply {
    let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    let arn = text("RoleArn");
    if !is_role_arn(arn) {
        return Err(ApiError::bad("ValidationError", format!("{arn} is invalid")));
    }
    let name = text("RoleSessionName");
    let context = request_context(params, name)?;
    let role = may_assume(call.world, call.now, call.caller, arn, &context).map_err(|cause| {
        tracing::debug!(caller = %call.caller.principal_arn, %cause, "role not assumed");
        denied(call, arn)
    })?;
    let role = role.clone();
    let lifetime = lifetime(params, &call.caller.kind, role.max_session)?;
    let policies = session_policies(call, params, arn)?;
    let assumed = session(call.world, &role, name).caller;
    let token = format!(
        "IQoJ{}",
        hex::encode(call.world.fresh(&assumed.account, "session-token"))
    );
    let session = Session {
        role: role.name,
        role_id: role.id.clone(),
        name: name.to_owned(),
        token: token.clone(),
        expires_at: call.now + lifetime,
        policies,
    };
    let (id, secret) = issue(call, &assumed.account, session);
    Ok(json!({
        "Credentials": {
            "AccessKeyId": id,
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": call.world.settings.iso8601(call.now + lifetime),
        },
        "AssumedRoleUser": { "AssumedRoleId": format!("{}:{name}", role.id), "Arn": assumed.principal_arn },
    }))
}

/// What the request brings to the trust policy's conditions.
fn request_context(params: &Value, session_name: &str) -> Result<Context, ApiError> {
    check_session_name(session_name)?;
    let mut context = Context::new().with("sts:RoleSessionName", session_name);
    if let Some(id) = params.get("ExternalId").and_then(Value::as_str) {
        check_external_id(id)?;
        context.set("sts:ExternalId", id);
    }
    Ok(context)
}

/// Keeps temporary keys for a session and gives their id and secret.
fn issue(call: &mut Call<'_>, account: &str, session: Session) -> (String, String) {
    let bytes = call.world.fresh(account, "session");
    let (id, secret) = (
        format!("ASIA{}", &hex::encode_upper(bytes)[..16]),
        hex::encode(&bytes[8..28]),
    );
    let key = AccessKey {
        id: id.clone(),
        secret: secret.clone(),
        holder: Holder::Session(Box::new(session)),
        created_at: call.now,
    };
    if let Some(state) = call.world.accounts.get_mut(account) {
        state.iam.keys.insert(id.clone(), key);
    }
    (id, secret)
}

fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", _, "iam", "", account, resource]
        if crate::auth::document::is_account_id(account) && resource.starts_with("role/"))
}

/// STS says the same whether the role is missing, does not trust the caller, or the caller lacks the permission.
fn denied(call: &Call<'_>, arn: &str) -> ApiError {
    let message = match call.caller.kind {
        CallerKind::Root => "Roles may not be assumed by root accounts.".to_owned(),
        _ => format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            call.caller.principal_arn
        ),
    };
    ApiError::new(403, "AccessDenied", message)
}

fn check_session_name(name: &str) -> Result<(), ApiError> {
    let length = name.chars().count();
    let problem = if length < 2 {
        "Member must have length greater than or equal to 2"
    } else if length > 64 {
        "Member must have length less than or equal to 64"
    } else if !name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
    {
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
    } else {
        return Ok(());
    };
    Err(violation(name, "roleSessionName", problem))
}

fn check_external_id(id: &str) -> Result<(), ApiError> {
    let legal = (2..=1224).contains(&id.chars().count())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
    match legal {
        true => Ok(()),
        false => Err(violation(
            id,
            "externalId",
            "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*",
        )),
    }
}

fn violation(value: &str, member: &str, problem: &str) -> ApiError {
    ApiError::bad(
        "ValidationError",
        format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {problem}"
        ),
    )
}

/// Sessions last an hour unless asked otherwise; those of a role assumed from a role at most that.
fn lifetime(params: &Value, caller: &CallerKind, max_session: u32) -> Result<Duration, ApiError> {
    let Some(given) = params.get("DurationSeconds") else {
        return Ok(Duration::from_secs(3600));
    };
    let seconds = given
        .as_u64()
        .or_else(|| given.as_str().and_then(|text| text.parse().ok()))
        .unwrap_or_default();
    if seconds < 900 {
        return Err(violation(
            &seconds.to_string(),
            "durationSeconds",
            "Member must have value greater than or equal to 900",
        ));
    }
    if matches!(caller, CallerKind::AssumedRole { .. }) && seconds > 3600 {
        return Err(ApiError::bad(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if seconds > u64::from(max_session) {
        return Err(ApiError::bad(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(Duration::from_secs(seconds))
}

/// The inline and managed policies that narrow the session; managed ones are those of the role's account.
fn session_policies(
    call: &Call<'_>,
    params: &Value,
    role_arn: &str,
) -> Result<Vec<(String, Document)>, ApiError> {
    let mut policies = Vec::new();
    if let Some(text) = params.get("Policy").and_then(Value::as_str) {
        let document = Document::parse(text, DocumentKind::Identity)
            .map_err(|why| ApiError::bad("MalformedPolicyDocument", why))?;
        policies.push(("session policy".to_owned(), document));
    }
    let account = role_arn.split(':').nth(4).unwrap_or_default();
    for entry in params
        .get("PolicyArns")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let arn = entry.get("arn").and_then(Value::as_str).unwrap_or_default();
        let found = call
            .world
            .account(account)
            .and_then(|state| document_of(&state.iam, arn));
        let document = found.ok_or_else(|| {
            ApiError::bad(
                "ValidationError",
                format!("Policy {arn} does not exist or is not attachable."),
            )
        })?;
        policies.push((arn.to_owned(), document.clone()));
    }
    Ok(policies)
}
