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

/// Sessions last an hour unless asked otherwise; a role assumed from a role at most that.
fn assume_role(call: &mut Call<'_>, params: &Value) -> Reply {
    let text = |name: &str| params.get(name).and_then(Value::as_str);
    let arn = text("RoleArn").unwrap_or_default().to_owned();
    if !is_role_arn(&arn) {
        return Err(ApiError::bad("ValidationError", format!("{arn} is invalid")));
    }
    let session_name = text("RoleSessionName").unwrap_or_default().to_owned();
    check_session_name(&session_name)?;
    let external_id = text("ExternalId").map(str::to_owned);
    if let Some(id) = &external_id {
        check_external_id(id)?;
    }
    let mut context = Context::new().with("sts:RoleSessionName", session_name.clone());
    if let Some(id) = external_id {
        context.set("sts:ExternalId", id);
    }
    let role = may_assume(call.world, call.now, call.caller, &arn, &context).map_err(|cause| {
        tracing::debug!(caller = %call.caller.principal_arn, %cause, "role not assumed");
        denied(call, &arn)
    })?;
    let lifetime = lifetime(params, &call.caller.kind, role.max_session)?;
    let role = role.clone();
    let policies = session_policies(call, params, &arn)?;
    let assumed = session(call.world, &role, &session_name);
    let account = assumed.caller.account.clone();
    let digest = call.world.fresh(&account, "session");
    let more = call.world.fresh(&account, "session");
    let key = AccessKey {
        id: format!("ASIA{}", &hex::encode_upper(digest)[..16]),
        secret: hex::encode(&more[..20]),
        created_at: call.now,
        holder: Holder::Session(Box::new(Session {
            role: role.name.clone(),
            role_id: role.id.clone(),
            name: session_name.clone(),
            token: format!("IQoJ{}{}", hex::encode(digest), hex::encode(more)),
            expires_at: call.now + lifetime,
            policies,
        })),
    };
    let reply = json!({
        "Credentials": {
            "AccessKeyId": key.id,
            "SecretAccessKey": key.secret,
            "SessionToken": match &key.holder { Holder::Session(session) => session.token.as_str(), Holder::User(_) => "" },
            "Expiration": call.world.settings.iso8601(call.now + lifetime),
        },
        "AssumedRoleUser": { "AssumedRoleId": format!("{}:{session_name}", role.id), "Arn": assumed.caller.principal_arn },
    });
    if let Some(state) = call.world.accounts.get_mut(&account) {
        state.iam.keys.insert(key.id.clone(), key);
    }
    Ok(reply)
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
