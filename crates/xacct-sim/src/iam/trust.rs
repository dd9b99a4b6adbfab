//! Principals of trust policies.
//!
//! On save IAM turns the ARN of a user or role into its unique id; on read it shows the ARN while the principal lives
//! and the id after it is deleted. So a role made again under the old name is not trusted (IAM user guide, "AWS JSON
//! policy elements: Principal"). A principal that does not exist, or is too new to be known everywhere, makes the save
//! fail with "Invalid principal in policy".

use serde_json::Value;

use super::entity::Trust;
use crate::auth::document::{Document, DocumentKind, PrincipalPattern};
use crate::clock::SimTime;
use crate::world::{ApiError, World};

/// Most characters of a trust policy, without white space (default quota `ACLSizePerRole`).
const MAX_TRUST: usize = 2048;

/// Services whose principals the simulator knows.
const SERVICES: [&str; 16] = [
    "redshift",
    "redshift-serverless",
    "redshift-data",
    "ec2",
    "kafka",
    "kafkaconnect",
    "lambda",
    "scheduler",
    "events",
    "firehose",
    "kinesis",
    "route53resolver",
    "states",
    "ecs-tasks",
    "vpc-flow-logs",
    "sagemaker",
];

/// Checks a trust policy and stores its principals as ids.
///
/// # Errors
/// `MalformedPolicyDocument`, or `LimitExceeded` when it is too long.
pub(crate) fn store(world: &World, now: SimTime, text: &str) -> Result<Trust, ApiError> {
    let malformed = |message: String| ApiError::bad("MalformedPolicyDocument", message);
    Document::parse(text, DocumentKind::Trust).map_err(malformed)?;
    if length(text) > MAX_TRUST {
        return Err(ApiError::new(
            409,
            "LimitExceeded",
            format!("Cannot exceed quota for ACLSizePerRole: {MAX_TRUST}"),
        ));
    }
    let mut stored: Value =
        serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json".to_owned()))?;
    for_each_principal(&mut stored, &mut |kind, name| {
        resolve(world, now, kind, name).map_err(malformed)
    })?;
    let document = Document::parse(&stored.to_string(), DocumentKind::Trust).map_err(malformed)?;
    Ok(Trust { stored, document })
}

/// The trust policy as a read shows it now.
pub(crate) fn render(world: &World, trust: &Trust) -> String {
    let mut shown = trust.stored.clone();
    let walked: Result<(), std::convert::Infallible> = for_each_principal(&mut shown, &mut |_, name| {
        Ok(arn_of_id(world, name).unwrap_or_else(|| name.to_owned()))
    });
    let Ok(()) = walked;
    shown.to_string()
}

/// Characters that count for quotas.
pub(crate) fn length(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

fn for_each_principal<E>(
    document: &mut Value,
    change: &mut dyn FnMut(&str, &str) -> Result<String, E>,
) -> Result<(), E> {
    let statements: Vec<&mut Value> = match document.get_mut("Statement") {
        Some(Value::Array(list)) => list.iter_mut().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for statement in statements {
        for element in ["Principal", "NotPrincipal"] {
            let Some(Value::Object(kinds)) = statement.get_mut(element) else {
                continue;
            };
            for (kind, names) in kinds.iter_mut() {
                match names {
                    Value::String(name) => *name = change(kind, name)?,
                    Value::Array(list) => {
                        for name in list.iter_mut() {
                            if let Value::String(name) = name {
                                *name = change(kind, name)?;
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// What is stored for one principal as given.
fn resolve(world: &World, now: SimTime, kind: &str, name: &str) -> Result<String, String> {
    let invalid = || {
        format!(
            "Invalid principal in policy: \"{}\":\"{name}\"",
            if kind == "Service" { "SERVICE" } else { kind }
        )
    };
    if kind == "Service" {
        return known_service(name).then(|| name.to_owned()).ok_or_else(invalid);
    }
    if kind != "AWS" || name == "*" {
        return Ok(name.to_owned());
    }
    if name.starts_with("AROA") || name.starts_with("AIDA") {
        return arn_of_id(world, name)
            .map(|_| name.to_owned())
            .ok_or_else(invalid);
    }
    let account = if crate::auth::document::is_account_id(name) {
        name
    } else {
        name.split(':').nth(4).unwrap_or_default()
    };
    let state = world.account(account).ok_or_else(invalid)?;
    let Some((_, resource)) = name.rsplit_once(":").filter(|_| name.contains(":iam::")) else {
        // An account id by itself, or a session ARN; both are stored as given, ids in their long form.
        return Ok(match name == account {
            true => format!("arn:{}:iam::{account}:root", world.settings.partition()),
            false => name.to_owned(),
        });
    };
    if resource == "root" {
        return Ok(name.to_owned());
    }
    if let Some(role) = state.iam.role_by_arn(name) {
        return (role.principal_at <= now)
            .then(|| role.id.clone())
            .ok_or_else(invalid);
    }
    if let Some(user) = state.iam.user_by_arn(name) {
        return Ok(user.id.clone());
    }
    match resource == "user/administrator" {
        true => Ok(super::administrator_id(account)),
        false => Err(invalid()),
    }
}

fn known_service(name: &str) -> bool {
    let Some(head) = name
        .strip_suffix(".amazonaws.com")
        .or_else(|| name.strip_suffix(".amazonaws.com.cn"))
    else {
        return false;
    };
    // `redshift.amazonaws.com`, or the form for one region, `redshift.eu-west-1.amazonaws.com`.
    let service = head.split('.').next().unwrap_or_default();
    SERVICES.contains(&service)
}

fn arn_of_id(world: &World, id: &str) -> Option<String> {
    if !(id.starts_with("AROA") || id.starts_with("AIDA")) {
        return None;
    }
    world.accounts.iter().find_map(|(account, state)| {
        let role = state
            .iam
            .roles
            .values()
            .find(|role| role.id == id)
            .map(|role| role.arn.clone());
        let user = || {
            state
                .iam
                .users
                .values()
                .find(|user| user.id == id)
                .map(|user| user.arn.clone())
        };
        let administrator = || {
            (super::administrator_id(account) == id).then(|| {
                format!(
                    "arn:{}:iam::{account}:user/administrator",
                    world.settings.partition()
                )
            })
        };
        role.or_else(user).or_else(administrator)
    })
}

/// ARNs and ids that a trust policy names, as shown now: for explanations.
pub(crate) fn named(world: &World, trust: &Trust) -> Vec<String> {
    let patterns = trust
        .document
        .statements
        .iter()
        .filter_map(|statement| statement.principals.as_ref());
    patterns
        .flat_map(|listed| &listed.items)
        .map(|pattern| match pattern {
            PrincipalPattern::Anyone => "*".to_owned(),
            PrincipalPattern::Account(id) => format!("account {id}"),
            PrincipalPattern::Entity(id) => arn_of_id(world, id).unwrap_or_else(|| format!("{id} (deleted)")),
            PrincipalPattern::Session(name)
            | PrincipalPattern::Arn(name)
            | PrincipalPattern::Service(name)
            | PrincipalPattern::Federated(name) => name.clone(),
        })
        .collect()
}
