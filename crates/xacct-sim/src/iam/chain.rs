//! Who may assume which role.
//!
//! Both sides must allow: the role's trust policy names the one who asks, and, unless it names it directly within the
//! same account, the asker's identity policies allow `sts:AssumeRole` on the role (IAM user guide, "Cross-account policy
//! evaluation logic"). Services have no identity policies: only the trust counts.

use crate::auth::condition::Context;
use crate::auth::document::{Asker, PrincipalMatch};
use crate::auth::policy;
use crate::clock::SimTime;
use crate::world::{Caller, CallerKind, World};

use super::entity::Role;
use super::trust;

/// A session as services hold it: the last role of a chain.
#[derive(Debug, Clone)]
pub(crate) struct AssumedRole {
    /// Who acts now; give it to [`crate::auth::policy::allowed`].
    pub(crate) caller: Caller,
    /// ARN of the role.
    pub(crate) role_arn: String,
}

/// Assumes roles one after another, the first as a service, each next one as the role before it.
///
/// # Errors
/// Which link breaks, and why.
pub(crate) fn assume_chain(
    world: &World,
    now: SimTime,
    service: &str,
    role_arns: &[String],
) -> Result<AssumedRole, String> {
    let (first, rest) = role_arns.split_first().ok_or("the chain names no role")?;
    let mut held = assume_as_service(world, now, service, first)?;
    for arn in rest {
        let context = Context::new();
        let role = may_assume(world, now, &held.caller, arn, &context)
            .map_err(|why| format!("{} cannot assume {arn}: {why}", held.role_arn))?;
        held = session(world, role, "RedshiftIamRoleSession");
    }
    Ok(held)
}

fn assume_as_service(world: &World, now: SimTime, service: &str, arn: &str) -> Result<AssumedRole, String> {
    let blocked = |why: String| format!("{service} cannot assume {arn}: {why}");
    let (account, role) = find(world, now, arn).map_err(blocked)?;
    let mut context = ambient(world, now);
    if world.settings.redshift_sends_source_context && service.starts_with("redshift") {
        context.set("aws:SourceAccount", account);
        let (partition, region) = (world.settings.partition(), &world.settings.region);
        context.set(
            "aws:SourceArn",
            format!("arn:{partition}:redshift-serverless:{region}:{account}:workgroup/*"),
        );
    }
    // The form for one region names the same service.
    let regional = service.replacen('.', &format!(".{}.", world.settings.region), 1);
    let ask = |name: &str| {
        policy::trusts(
            &role.trust.document,
            "sts:AssumeRole",
            &Asker::Service(name),
            &context,
        )
    };
    ask(service)
        .or_else(|why| ask(&regional).map_err(|_| why))
        .map_err(|why| blocked(named_instead(world, role, &why)))?;
    Ok(session(world, role, "RedshiftIamRoleSession"))
}

/// Judges both sides of `sts:AssumeRole` and gives the role. `context` holds what the request brings (`sts:ExternalId`).
///
/// # Errors
/// Why not.
pub(crate) fn may_assume<'w>(
    world: &'w World,
    now: SimTime,
    caller: &Caller,
    arn: &str,
    context: &Context,
) -> Result<&'w Role, String> {
    let (account, role) = find(world, now, arn)?;
    if caller.kind == CallerKind::Root {
        return Err("roles may not be assumed by root accounts".to_owned());
    }
    let mut context = context.clone();
    context.extend(&ambient(world, now));
    context.extend(&policy::principal_context(world, caller));
    let unique_id = policy::unique_id(world, caller);
    let session_arn =
        matches!(caller.kind, CallerKind::AssumedRole { .. }).then_some(caller.principal_arn.as_str());
    let asker = Asker::Principal {
        account: &caller.account,
        unique_id: unique_id.as_deref(),
        session_arn,
    };
    let matched = policy::trusts(&role.trust.document, "sts:AssumeRole", &asker, &context)
        .map_err(|why| named_instead(world, role, &why))?;
    let verdict = policy::allowed(world, caller, "sts:AssumeRole", arn, &context);
    let direct = matched == PrincipalMatch::Direct && account == caller.account;
    match verdict.refusal() {
        // Named directly in its own account, a principal needs no policy of its own, but a deny still counts.
        Some(refusal) if !direct || refusal.is_explicit() => Err(refusal.cause.clone()),
        _ => Ok(role),
    }
}

fn named_instead(world: &World, role: &Role, why: &str) -> String {
    format!("{why} (it names {})", trust::named(world, &role.trust).join(", "))
}

fn find<'w>(world: &'w World, now: SimTime, arn: &str) -> Result<(&'w str, &'w Role), String> {
    let account = arn.split(':').nth(4).unwrap_or_default();
    let (account, state) = world
        .accounts
        .get_key_value(account)
        .ok_or("the role's account does not exist")?;
    let role = state.iam.role_by_arn(arn).ok_or("the role does not exist")?;
    if role.assumable_at > now {
        return Err("the role is too new: it has not reached every region yet".to_owned());
    }
    Ok((account, role))
}

/// The caller that a session of `role` is.
pub(crate) fn session(world: &World, role: &Role, name: &str) -> AssumedRole {
    let account = role.arn.split(':').nth(4).unwrap_or_default().to_owned();
    let caller = Caller {
        principal_arn: format!(
            "arn:{}:sts::{account}:assumed-role/{}/{name}",
            world.settings.partition(),
            role.name
        ),
        kind: CallerKind::AssumedRole {
            role: role.name.clone(),
            session: name.to_owned(),
        },
        access_key: String::new(),
        account,
    };
    AssumedRole {
        caller,
        role_arn: role.arn.clone(),
    }
}

/// Context keys that every request has.
pub(crate) fn ambient(world: &World, now: SimTime) -> Context {
    Context::new()
        .with("aws:CurrentTime", world.settings.iso8601(now))
        .with(
            "aws:EpochTime",
            (world.settings.unix_millis(now) / 1000).to_string(),
        )
        .with("aws:RequestedRegion", world.settings.region.clone())
        .with("aws:SecureTransport", "true")
}
