//! Whether one statement applies to a request.

use super::arn::{ArnMatch, matches_arn};
use super::condition;
use super::context::Context;
use super::decide::Request;
use super::decision::{Mismatch, PolicyKind};
use super::glob::matches_action;
use super::principal::{Reach, names, names_at_all};
use super::truth::Truth;
use super::variables::{NoValue, expand};
use crate::policy::{Element, Statement, Version};

/// A request with everything that its caller implies.
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request,
    pub(super) context: &'a Context,
}

/// Whether the statement applies; for resource policies, with exactly this
/// reach, or with any if none is asked for.
pub(super) fn applies(
    statement: &Statement,
    kind: PolicyKind,
    version: Version,
    asked: &Asked<'_>,
    reach: Option<Reach>,
) -> Truth<Mismatch> {
    Truth::all([
        principal(statement, kind, asked, reach),
        action(statement, &asked.request.action),
        resource(statement, kind, version, asked),
        condition::hold(&statement.conditions, version, asked.context),
    ])
}

/// Resource policies must name a principal and identity policies must not;
/// IAM refuses to store anything else, so such a statement never applies.
fn principal(
    statement: &Statement,
    kind: PolicyKind,
    asked: &Asked<'_>,
    reach: Option<Reach>,
) -> Truth<Mismatch> {
    let needs_principal = matches!(kind, PolicyKind::Resource | PolicyKind::Trust);
    let caller = &asked.request.caller;
    let truth = match (&statement.principal, reach) {
        (None, _) if !needs_principal => return Truth::Yes,
        (Some(element), Some(reach)) if needs_principal => names(element, caller, reach),
        (Some(element), None) if needs_principal => names_at_all(element, caller),
        _ => Truth::No(()),
    };
    let named = || {
        let element = statement.principal.as_ref();
        element.map_or_else(Vec::new, |element| {
            element.named().all().map(|(_, name)| name.to_owned()).collect()
        })
    };
    match truth {
        Truth::Yes => Truth::Yes,
        Truth::No(()) => Truth::No(Mismatch::Principal { named: named() }),
        Truth::Unknown(doubt) => Truth::Unknown(doubt),
    }
}

fn action(statement: &Statement, action: &str) -> Truth<Mismatch> {
    let named = statement.actions.named();
    let listed = named.iter().any(|pattern| matches_action(pattern, action));
    if listed != statement.actions.is_negated() {
        return Truth::Yes;
    }
    Truth::No(Mismatch::Action { named: named.clone() })
}

fn resource(statement: &Statement, kind: PolicyKind, version: Version, asked: &Asked<'_>) -> Truth<Mismatch> {
    let Some(element) = &statement.resources else {
        // A trust policy's resource is the role that it is attached to.
        return match kind {
            PolicyKind::Trust => Truth::Yes,
            _ => Truth::No(Mismatch::Resource { named: Vec::new() }),
        };
    };
    let mismatch = || Mismatch::Resource {
        named: element.named().clone(),
    };
    let listed = element.named().iter().map(|pattern| {
        let tokens = match expand(pattern, true, version, asked.context) {
            Ok(tokens) => tokens,
            Err(NoValue::Absent) => return Truth::No(mismatch()),
            Err(NoValue::Undecided(doubt)) => return Truth::Unknown(doubt),
        };
        match matches_arn(&tokens, &asked.request.resource) {
            ArnMatch::Yes => Truth::Yes,
            ArnMatch::No => Truth::No(mismatch()),
            ArnMatch::OnlyAcrossColons => Truth::Unknown(format!(
                "{pattern} matches only if its * reaches over a colon, of which AWS says both"
            )),
        }
    });
    let listed = Truth::any(listed, mismatch());
    match element {
        Element::Only(_) => listed,
        Element::AllBut(_) => listed.negated(mismatch()),
    }
}
