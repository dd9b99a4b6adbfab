//! Who calls, and whether the caller may.

pub mod audit;
pub(crate) mod condition;
pub(crate) mod document;
pub(crate) mod pattern;
pub(crate) mod permissions;
pub(crate) mod policy;
pub(crate) mod sigv4;

use serde_json::Value;

use crate::clock::SimTime;
use crate::iam::chain::ambient;
use crate::iam::entity::{AccessKey, Holder};
use crate::wire::Request;
use crate::world::{ApiError, Caller, CallerKind, World};
use sigv4::{Presented, SignatureFault};

/// Resolves the caller from the access key of the request, and checks the signature unless that is switched off.
///
/// The date of the signature is not compared with the clock: simulated time may run faster than the signer's.
///
/// # Errors
/// The service's own words for an unknown key, an expired session or a wrong signature.
pub(crate) fn authenticate(world: &World, now: SimTime, request: &Request) -> Result<Caller, ApiError> {
    let presented = Presented {
        method: &request.method,
        path: &request.path,
        query: &request.query,
        headers: &request.headers,
        body: &request.body,
    };
    let service = request.scope().map(|scope| scope.service).unwrap_or_default();
    let authorization = sigv4::read(&presented).map_err(|fault| refusal(&service, fault))?;
    let (caller, secret) = match world.administrators.get(&authorization.access_key) {
        Some(key) => {
            let caller = Caller::administrator(
                world.settings.partition(),
                &key.account,
                &authorization.access_key,
            );
            (caller, key.secret.as_str())
        }
        None => holder_of(
            world,
            now,
            &service,
            &authorization.access_key,
            presented.security_token().as_deref(),
        )?,
    };
    if world.settings.check_signatures {
        sigv4::check(&presented, &authorization, secret).map_err(|fault| refusal(&service, fault))?;
    }
    Ok(caller)
}

/// The user or session behind a key of IAM or STS, and the key's secret.
fn holder_of<'w>(
    world: &'w World,
    now: SimTime,
    service: &str,
    access_key: &str,
    token: Option<&str>,
) -> Result<(Caller, &'w str), ApiError> {
    let (account, key) = find_key(world, access_key).ok_or_else(|| unknown_key(service))?;
    let caller = caller_of(world, account, key);
    if let Holder::Session(session) = &key.holder {
        if token != Some(session.token.as_str()) {
            return Err(unknown_key(service));
        }
        if session.expires_at <= now {
            return Err(expired(service));
        }
    }
    Ok((caller, key.secret.as_str()))
}

/// A key that IAM or STS gave out, with the account it belongs to; expired ones too.
pub(crate) fn find_key<'w>(world: &'w World, access_key: &str) -> Option<(&'w str, &'w AccessKey)> {
    world
        .accounts
        .iter()
        .find_map(|(id, account)| Some((id.as_str(), account.iam.keys.get(access_key)?)))
}

/// The caller that the holder of a key is.
pub(crate) fn caller_of(world: &World, account: &str, key: &AccessKey) -> Caller {
    let partition = world.settings.partition();
    let (principal_arn, kind) = match &key.holder {
        Holder::User(name) => {
            let user = world.account(account).and_then(|account| account.iam.user(name));
            let arn = user.map_or_else(
                || format!("arn:{partition}:iam::{account}:user/{name}"),
                |user| user.arn.clone(),
            );
            (arn, CallerKind::User { name: name.clone() })
        }
        Holder::Session(session) => (
            format!(
                "arn:{partition}:sts::{account}:assumed-role/{}/{}",
                session.role, session.name
            ),
            CallerKind::AssumedRole {
                role: session.role.clone(),
                session: session.name.clone(),
            },
        ),
    };
    Caller {
        account: account.to_owned(),
        principal_arn,
        kind,
        access_key: key.id.clone(),
    }
}

/// Whether the service answers in the query protocols' codes, without `Exception`.
fn is_query(service: &str) -> bool {
    matches!(service, "iam" | "sts" | "ec2")
}

fn unknown_key(service: &str) -> ApiError {
    match service {
        "ec2" => ApiError::new(
            401,
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
        ),
        "iam" | "sts" => ApiError::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        "kafka" => ApiError::new(
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        _ => ApiError::bad(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    }
}

fn expired(service: &str) -> ApiError {
    match service {
        "ec2" => ApiError::bad("RequestExpired", "Request has expired."),
        "iam" | "sts" => ApiError::new(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
        "kafka" => ApiError::new(
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        _ => ApiError::bad(
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
    }
}

fn refusal(service: &str, fault: SignatureFault) -> ApiError {
    let code = |name: &str| {
        if is_query(service) {
            name.to_owned()
        } else {
            format!("{name}Exception")
        }
    };
    match fault {
        SignatureFault::Missing => ApiError::new(
            403,
            code("MissingAuthenticationToken"),
            "Request is missing Authentication Token",
        ),
        SignatureFault::Incomplete(what) => ApiError::new(400, code("IncompleteSignature"), what),
        SignatureFault::Mismatch if service == "ec2" => unknown_key(service),
        SignatureFault::Mismatch => ApiError::new(
            403,
            if is_query(service) {
                "SignatureDoesNotMatch"
            } else {
                "InvalidSignatureException"
            },
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ),
    }
}

/// Whether the caller's policies allow the call: every permission that the operation needs, on every resource.
///
/// # Errors
/// "Access denied" in the service's own words, or `NotModelled` for an operation whose permissions are not known.
pub(crate) fn authorize(
    world: &World,
    now: SimTime,
    caller: &Caller,
    service: &str,
    operation: &str,
    params: &Value,
) -> Result<(), ApiError> {
    let needed = permissions::required(world, caller, service, operation, params)
        .ok_or_else(|| ApiError::not_modelled(service, operation))?;
    audit::note(world, caller, service, operation, &needed);
    if matches!(caller.kind, CallerKind::Root | CallerKind::Administrator) {
        return Ok(());
    }
    let mut general = ambient(world, now);
    general.extend(&policy::principal_context(world, caller));
    for need in needed {
        let mut context = general.clone();
        context.extend(&need.context);
        let verdict = policy::allowed(world, caller, &need.action, &need.resource, &context);
        if let Some(refusal) = verdict.refusal() {
            tracing::debug!(caller = %caller.principal_arn, cause = %refusal.cause, "call refused");
            return Err(need.refused(service, caller, refusal));
        }
    }
    Ok(())
}
