//! Findings about roles and chains, from what was read.
//!
//! Links are named `warehouse/role/trust`, `warehouse/role/policy`,
//! `source/role/trust` and so on: the resource's name and the part of it.

use crate::chain::{Break, Chain, ChainProof, Goal, Link, Outcome, RoleView, Step};
use crate::evaluate::{Denial, PolicyKind};
use crate::plan::dead_principals;
use crate::policy::{AwsPrincipal, Effect, PolicyDocument};
use xacct_converge::{Finding, Report};
use xacct_types::RoleArn;

/// The part of a link that is the trust policy.
const TRUST: &str = "trust";
/// The part of a link that is what the role may do.
const POLICY: &str = "policy";
/// The part of a link that is the permissions boundary.
const BOUNDARY: &str = "boundary";

/// Proves a chain and reports every link, holding or broken.
///
/// `names` are the resource names of the chain's roles, first to last, for
/// example `["warehouse/role", "source/role"]`.
#[must_use]
pub fn chain(chain: &Chain, goals: &[Goal], names: &[&str]) -> Report {
    let mut report = Report::default();
    let roles: Vec<Named<'_>> = chain
        .roles()
        .iter()
        .zip(names.iter().copied().chain(std::iter::repeat("role")))
        .map(|(view, name)| Named { name, view })
        .collect();
    for role in &roles {
        dead(role, &roles, &mut report);
        too_wide(role, &mut report);
    }
    proof(&chain.prove(goals), &roles, &mut report);
    report
}

/// A role that should exist and does not.
#[must_use]
pub fn missing_role(name: &str, arn: &RoleArn) -> Finding {
    Finding::error(
        format!("{name}/exists"),
        format!("the role {arn} does not exist"),
        "deploy again: the role is made anew, and every trust that names it is written again",
    )
}

/// A role of somebody else that has the name of ours.
#[must_use]
pub fn foreign_role(name: &str, arn: &RoleArn) -> Finding {
    Finding::error(
        format!("{name}/exists"),
        format!("the role {arn} exists and does not carry this pipeline's tags"),
        "give the pipeline another name or its roles a prefix; the role itself is left alone",
    )
}

/// A managed policy whose document could not be read.
#[must_use]
pub fn unreadable_policy(name: &str, policy: &str) -> Finding {
    Finding::warning(
        format!("{name}/{POLICY}"),
        format!("the managed policy {policy} could not be read and is left out of the proof"),
        "allow iam:GetPolicy and iam:GetPolicyVersion on it to whoever verifies",
    )
}

/// The trust policy lets in one of the two service principals only.
#[must_use]
pub fn one_principal_only(name: &str, step: &Step) -> Finding {
    Finding::warning(
        format!("{name}/{TRUST}"),
        format!("{step}; texts of AWS about Redshift Serverless name this principal too"),
        "deploy again: both principals are written",
    )
}

/// What a live policy has more than the one that was generated.
#[must_use]
pub fn excess(name: &str, wanted: &PolicyDocument, found: &PolicyDocument) -> Vec<Finding> {
    let extra = wanted.difference(found).extra.into_iter().map(|permission| {
        let what = format!("the policy has more than is needed: {permission}");
        Finding::warning(
            format!("{name}/{POLICY}"),
            what,
            "deploy again, or take it away by hand",
        )
    });
    extra.collect()
}

struct Named<'a> {
    name: &'a str,
    view: &'a RoleView,
}

/// Principals that are what is left of something deleted.
fn dead(role: &Named<'_>, all: &[Named<'_>], report: &mut Report) {
    let alive = |id: &String| all.iter().any(|other| other.view.unique_id.as_ref() == Some(id));
    for id in dead_principals(&role.view.trust).iter().filter(|id| !alive(id)) {
        let what = format!(
            "the trust policy of {} names {id}: the role or user behind it was deleted, \
             and one made again under the same name is not let in",
            role.view.arn
        );
        let mend = "deploy again, or write the ARN into the trust policy again";
        let finding = Finding::error(format!("{}/{TRUST}", role.name), what, mend);
        report.find(finding.with_evidence(role.view.trust.to_string()));
    }
}

/// Trust that lets in more than one role or service.
fn too_wide(role: &Named<'_>, report: &mut Report) {
    let allowing = role
        .view
        .trust
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow && statement.conditions.is_empty());
    let principals = allowing
        .filter_map(|statement| statement.principal.as_ref())
        .flat_map(|element| element.named().aws.iter());
    for name in principals {
        let whom = match AwsPrincipal::read(name) {
            AwsPrincipal::Anyone => "everybody in every account".to_owned(),
            AwsPrincipal::Account(account) => format!("every role and user of account {account}"),
            _ => continue,
        };
        let what = format!("the trust policy of {} lets in {whom}", role.view.arn);
        let mend = "name the one role that needs it, or add a condition on aws:PrincipalArn";
        report.find(Finding::warning(format!("{}/{TRUST}", role.name), what, mend));
    }
}

fn proof(proof: &ChainProof, roles: &[Named<'_>], report: &mut Report) {
    for step in &proof.steps {
        match &step.outcome {
            Outcome::Holds(_) => report.pass(passed(step, roles)),
            Outcome::Undecided(_) => {
                let mend = "make the call and see, or state the condition in known terms";
                let finding = Finding::warning(passed(step, roles), step.to_string(), mend);
                report.find(finding);
            }
            Outcome::Broken(_) => {
                let already: Vec<String> = report.findings.iter().map(|f| f.link.clone()).collect();
                for link in broken_links(step, roles) {
                    // The dead principal has been named already, and better.
                    let known = already.contains(&link) && has_dead(step, roles);
                    if !known {
                        report.find(finding(step, link));
                    }
                }
            }
        }
    }
}

fn has_dead(step: &Step, roles: &[Named<'_>]) -> bool {
    match &step.link {
        Link::Assume { role, .. } => roles
            .iter()
            .any(|named| named.view.arn == *role && !dead_principals(&named.view.trust).is_empty()),
        Link::Act { .. } => false,
    }
}

fn finding(step: &Step, link: String) -> Finding {
    let mends: Vec<String> = step.mends.iter().map(ToString::to_string).collect();
    Finding::error(link, step.to_string(), mends.join("; "))
}

/// A link that holds is named after the role that has what it needs.
fn passed(step: &Step, roles: &[Named<'_>]) -> String {
    match &step.link {
        Link::Assume { role, .. } => format!("{}/{TRUST}", name_of(role, roles)),
        Link::Act { role, action, .. } => format!("{}/{POLICY}/{action}", name_of(role, roles)),
    }
}

/// A broken link is named after the side on which something is missing.
fn broken_links(step: &Step, roles: &[Named<'_>]) -> Vec<String> {
    let caller = match &step.link {
        Link::Act { role, .. } => name_of(role, roles),
        Link::Assume { by, .. } => {
            let found = roles.iter().find(|named| named.view.arn.as_str() == by);
            found.map_or("service", |named| named.name)
        }
    };
    let target = match &step.link {
        Link::Act { .. } => "resource",
        Link::Assume { role, .. } => name_of(role, roles),
    };
    let link = |kind: PolicyKind| match kind {
        PolicyKind::Trust | PolicyKind::Resource => format!("{target}/{TRUST}"),
        PolicyKind::Boundary => format!("{caller}/{BOUNDARY}"),
        _ => format!("{caller}/{POLICY}"),
    };
    let mut links = match &step.outcome {
        Outcome::Broken(Break::Denied(Denial::Explicit(statement))) => vec![link(statement.kind)],
        Outcome::Broken(Break::Denied(Denial::Implicit(lacks))) => {
            lacks.iter().map(|lack| link(lack.kind)).collect()
        }
        _ => vec![format!("{target}/partition")],
    };
    links.dedup();
    links
}

fn name_of<'a>(arn: &RoleArn, roles: &[Named<'a>]) -> &'a str {
    let found = roles.iter().find(|named| named.view.arn == *arn);
    found.map_or("role", |named| named.name)
}
