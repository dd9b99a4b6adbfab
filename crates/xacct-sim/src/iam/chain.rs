//! Who may assume which role.
//!
//! Both sides must allow: the role's trust policy names the one who asks, and, unless it names it directly within the
//! same account, the asker's identity policies allow `sts:AssumeRole` on the role (IAM user guide, "Cross-account policy
//! evaluation logic"). Services have no identity policies: only the trust counts.

use crate::auth::audit;
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
    audit::note_one(world, caller, "sts:AssumeRole", arn);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::Sim;

    const A: &str = "111111111111";
    const B: &str = "222222222222";
    const REDSHIFT: &str = "redshift.amazonaws.com";

    fn trust(principal: Value) -> String {
        json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" } })
            .to_string()
    }

    fn role(sim: &Sim, account: &str, name: &str, trust: &str) -> String {
        let asked = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust });
        let made = sim.call(account, "iam", "CreateRole", asked).unwrap();
        made["Role"]["Arn"].as_str().unwrap().to_owned()
    }

    fn may_assume_next(sim: &Sim, account: &str, role: &str, next: &str) {
        let policy = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": next } });
        let asked = json!({ "RoleName": role, "PolicyName": "chain", "PolicyDocument": policy.to_string() });
        sim.call(account, "iam", "PutRolePolicy", asked).unwrap();
    }

    fn chain(sim: &Sim, service: &str, roles: &[&String]) -> Result<AssumedRole, String> {
        let roles: Vec<String> = roles.iter().map(|role| (*role).clone()).collect();
        assume_chain(&sim.shared.lock(), sim.now(), service, &roles)
    }

    /// The two roles of the pipeline, with trust and permission as they should be.
    fn pair(lag: bool) -> (Sim, String, String) {
        let sim = Sim::builder().account(A).account(B).lag(lag).build();
        let warehouse = role(
            &sim,
            B,
            "warehouse",
            &trust(json!({ "Service": [REDSHIFT, "redshift-serverless.amazonaws.com"] })),
        );
        sim.clock().advance(Duration::from_secs(120));
        let stream = role(&sim, A, "stream", &trust(json!({ "AWS": warehouse })));
        may_assume_next(&sim, B, "warehouse", &stream);
        (sim, warehouse, stream)
    }

    #[test]
    fn redshift_gets_through_two_accounts() {
        let (sim, warehouse, stream) = pair(false);
        let held = chain(&sim, REDSHIFT, &[&warehouse, &stream]).unwrap();
        assert_eq!(
            (held.caller.account.as_str(), held.role_arn.as_str()),
            (A, stream.as_str())
        );
    }

    #[test]
    fn a_new_role_needs_a_while() {
        let (sim, warehouse, stream) = pair(true);
        assert!(
            chain(&sim, REDSHIFT, &[&warehouse, &stream])
                .unwrap_err()
                .contains("too new")
        );
        sim.clock().advance(Duration::from_secs(200));
        assert!(chain(&sim, REDSHIFT, &[&warehouse, &stream]).is_ok());
    }

    #[test]
    fn each_broken_link_is_named() {
        let (sim, warehouse, stream) = pair(false);
        let why = chain(&sim, "ec2.amazonaws.com", &[&warehouse, &stream]).unwrap_err();
        assert!(
            why.starts_with("ec2.amazonaws.com cannot assume")
                && why.contains("it names redshift.amazonaws.com"),
            "{why}"
        );
        let missing = "arn:aws:iam::111111111111:role/nobody".to_owned();
        assert!(
            chain(&sim, REDSHIFT, &[&warehouse, &missing])
                .unwrap_err()
                .contains("the role does not exist")
        );
        may_assume_next(&sim, B, "warehouse", &missing);
        let why = chain(&sim, REDSHIFT, &[&warehouse, &stream]).unwrap_err();
        assert!(why.contains("names the action but not the resource"), "{why}");
        may_assume_next(&sim, B, "warehouse", &stream);
        let elsewhere =
            json!({ "RoleName": "stream", "PolicyDocument": trust(json!({ "Service": REDSHIFT })) });
        sim.call(A, "iam", "UpdateAssumeRolePolicy", elsewhere).unwrap();
        let why = chain(&sim, REDSHIFT, &[&warehouse, &stream]).unwrap_err();
        assert!(
            why.contains("the trust policy does not name the principal"),
            "{why}"
        );
    }

    #[test]
    fn the_form_of_a_service_for_one_region_counts() {
        let sim = Sim::builder().region("ap-south-1").account(B).lag(false).build();
        let here = role(
            &sim,
            B,
            "here",
            &trust(json!({ "Service": "redshift.ap-south-1.amazonaws.com" })),
        );
        let there = role(
            &sim,
            B,
            "there",
            &trust(json!({ "Service": "redshift.eu-west-1.amazonaws.com" })),
        );
        assert!(chain(&sim, REDSHIFT, &[&here]).is_ok());
        assert!(chain(&sim, REDSHIFT, &[&there]).is_err());
    }

    #[test]
    fn a_condition_on_the_source_holds_only_if_redshift_sends_it() {
        let sim = Sim::builder().account(B).lag(false).build();
        let text = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": REDSHIFT },
            "Action": "sts:AssumeRole", "Condition": { "StringEquals": { "aws:SourceAccount": B } } } });
        let arn = role(&sim, B, "careful", &text.to_string());
        assert!(
            chain(&sim, REDSHIFT, &[&arn])
                .unwrap_err()
                .contains("aws:SourceAccount")
        );
        sim.configure(|settings| settings.redshift_sends_source_context = true);
        assert!(chain(&sim, REDSHIFT, &[&arn]).is_ok());
    }

    #[test]
    fn root_trust_with_the_callers_arn_as_condition_survives_a_role_made_again() {
        let sim = Sim::builder().account(A).account(B).lag(false).build();
        let warehouse = format!("arn:aws:iam::{B}:role/warehouse");
        let text = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "AWS": B },
            "Action": "sts:AssumeRole", "Condition": { "ArnEquals": { "aws:PrincipalArn": warehouse } } } });
        let stream = role(&sim, A, "stream", &text.to_string());
        for _ in 0..2 {
            role(&sim, B, "warehouse", &trust(json!({ "Service": REDSHIFT })));
            may_assume_next(&sim, B, "warehouse", &stream);
            assert!(chain(&sim, REDSHIFT, &[&warehouse, &stream]).is_ok());
            sim.call(
                B,
                "iam",
                "DeleteRolePolicy",
                json!({ "RoleName": "warehouse", "PolicyName": "chain" }),
            )
            .unwrap();
            sim.call(B, "iam", "DeleteRole", json!({ "RoleName": "warehouse" }))
                .unwrap();
        }
    }
}
