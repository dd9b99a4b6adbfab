//! The decision: identity policies, permission boundary and session policies against one action on one resource.
//!
//! Explicit deny anywhere wins; then every layer that exists must allow (IAM user guide, "Policy evaluation logic").
//! Reasons are worded as AWS words the end of an access-denied message, with the policy's name for explanations.

use super::condition::Context;
use super::document::{Asker, Document, PrincipalMatch, Statement};
use crate::iam;
use crate::world::{Caller, CallerKind, World};

/// All policies that bear on one principal.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicySet<'a> {
    /// The account root: everything is allowed that no one denies.
    pub(crate) root: bool,
    pub(crate) identity: Vec<(&'a str, &'a Document)>,
    pub(crate) boundary: Option<(&'a str, &'a Document)>,
    pub(crate) session: Vec<(&'a str, &'a Document)>,
}

/// The outcome of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Allowed by this policy and statement.
    Allow(String),
    /// Refused.
    Deny(Refusal),
}

/// Why something was refused: what AWS says, and what it does not say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The end of AWS's message: "because no identity-based policy allows the x action".
    pub(crate) said: String,
    /// The cause in the simulator's words, with names of policies and statements.
    pub(crate) cause: String,
}

impl Verdict {
    /// Whether it is [`Verdict::Allow`].
    #[cfg(test)]
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self, Verdict::Allow(_))
    }

    /// The refusal, if it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Verdict::Allow(_) => None,
            Verdict::Deny(refusal) => Some(refusal),
        }
    }

    fn deny(said: String, cause: String) -> Self {
        Verdict::Deny(Refusal { said, cause })
    }
}

impl Refusal {
    /// Whether a statement denies it, rather than none allowing it.
    pub(crate) fn is_explicit(&self) -> bool {
        self.said.starts_with("with an explicit deny")
    }
}

/// Whether the caller's policies allow an action on a resource. Trust and other resource policies are not asked.
pub(crate) fn allowed(
    world: &World,
    caller: &Caller,
    action: &str,
    resource: &str,
    context: &Context,
) -> Verdict {
    match policies_of(world, caller) {
        Ok(policies) => policies.decide(action, resource, context),
        Err(cause) => Verdict::deny(
            format!("because no identity-based policy allows the {action} action"),
            cause,
        ),
    }
}

/// Every policy that bears on the caller now.
fn policies_of<'w>(world: &'w World, caller: &'w Caller) -> Result<PolicySet<'w>, String> {
    let gone = || format!("{} does not exist any more", caller.principal_arn);
    let state = &world.account(&caller.account).ok_or_else(gone)?.iam;
    let managed = |attached: &'w [String]| {
        attached
            .iter()
            .filter_map(|arn| Some((arn.as_str(), iam::document_of(state, arn)?)))
    };
    let inline = |documents: &'w std::collections::BTreeMap<String, Document>| {
        documents.iter().map(|(name, document)| (name.as_str(), document))
    };
    // A boundary whose policy is gone allows nothing; AWS refuses to delete such a policy, so it cannot happen here.
    let boundary = |arn: &'w Option<String>| {
        arn.as_deref()
            .and_then(|arn| Some((arn, iam::document_of(state, arn)?)))
    };
    match &caller.kind {
        CallerKind::Root | CallerKind::Administrator => Ok(PolicySet {
            root: true,
            ..PolicySet::default()
        }),
        CallerKind::User { name } => {
            let user = state.user(name).ok_or_else(gone)?;
            let identity = inline(&user.inline).chain(managed(&user.attached)).collect();
            Ok(PolicySet {
                identity,
                boundary: boundary(&user.boundary),
                ..PolicySet::default()
            })
        }
        CallerKind::AssumedRole { role, .. } => {
            let role = state.role(role).ok_or_else(gone)?;
            let session = state.session(&caller.access_key);
            if session.is_some_and(|session| session.role_id != role.id) {
                return Err(gone());
            }
            let identity = inline(&role.inline).chain(managed(&role.attached)).collect();
            let session = session
                .into_iter()
                .flat_map(|session| &session.policies)
                .map(|(name, document)| (name.as_str(), document));
            Ok(PolicySet {
                root: false,
                identity,
                boundary: boundary(&role.boundary),
                session: session.collect(),
            })
        }
    }
}

/// The unique id that trust policies know the caller by: of the user, or of the role behind a session.
pub(crate) fn unique_id(world: &World, caller: &Caller) -> Option<String> {
    let state = &world.account(&caller.account)?.iam;
    match &caller.kind {
        CallerKind::Root => None,
        CallerKind::Administrator => Some(iam::administrator_id(&caller.account)),
        CallerKind::User { name } => state.user(name).map(|user| user.id.clone()),
        CallerKind::AssumedRole { role, .. } => {
            let now = state.role(role).map(|role| role.id.clone());
            // A session outlives its role in name only: it keeps the id of the role that it was taken from.
            state
                .session(&caller.access_key)
                .map(|session| session.role_id.clone())
                .or(now)
        }
    }
}

/// Condition keys about the one who asks (IAM user guide, "AWS global condition context keys").
pub(crate) fn principal_context(world: &World, caller: &Caller) -> Context {
    let partition = world.settings.partition();
    let mut context = Context::new().with("aws:PrincipalAccount", caller.account.clone());
    let state = world.account(&caller.account).map(|account| &account.iam);
    let id = unique_id(world, caller);
    let (arn, kind) = match &caller.kind {
        CallerKind::Root => (caller.principal_arn.clone(), "Account"),
        CallerKind::Administrator => (caller.principal_arn.clone(), "User"),
        CallerKind::User { name } => {
            let user = state.and_then(|state| state.user(name));
            for (key, value) in user.into_iter().flat_map(|user| &user.tags) {
                context.set(&format!("aws:PrincipalTag/{key}"), value);
            }
            context.set("aws:username", name);
            (caller.principal_arn.clone(), "User")
        }
        CallerKind::AssumedRole { role, session } => {
            let found = state.and_then(|state| state.role(role));
            for (key, value) in found.into_iter().flat_map(|role| &role.tags) {
                context.set(&format!("aws:PrincipalTag/{key}"), value);
            }
            if let Some(id) = &id {
                context.set("aws:userid", format!("{id}:{session}"));
            }
            // For a session the key holds the ARN of the role, path included.
            let predicted = || format!("arn:{partition}:iam::{}:role/{role}", caller.account);
            (
                found.map_or_else(predicted, |role| role.arn.clone()),
                "AssumedRole",
            )
        }
    };
    if let Some(id) = id.filter(|_| kind == "User") {
        context.set("aws:userid", id);
    }
    context
        .with("aws:PrincipalArn", arn)
        .with("aws:PrincipalType", kind)
}

/// What one layer of policies says.
enum Layer {
    Allowed(String),
    Denied(String),
    Silent(String),
}

impl PolicySet<'_> {
    /// Decides about one action on one resource.
    pub(crate) fn decide(&self, action: &str, resource: &str, context: &Context) -> Verdict {
        let identity = match self.root {
            true => Layer::Allowed("account root".to_owned()),
            false => ask(&self.identity, action, resource, context),
        };
        let boundary: Vec<_> = self.boundary.into_iter().collect();
        let layers = [
            ("identity-based policy", Some(identity)),
            (
                "permissions boundary",
                (!boundary.is_empty()).then(|| ask(&boundary, action, resource, context)),
            ),
            (
                "session policy",
                (!self.session.is_empty()).then(|| ask(&self.session, action, resource, context)),
            ),
        ];
        let article = |kind: &str| if kind.starts_with('i') { "an" } else { "a" };
        for (kind, layer) in &layers {
            if let Some(Layer::Denied(by)) = layer {
                return Verdict::deny(
                    format!("with an explicit deny in {} {kind}", article(kind)),
                    format!("{by} denies {action} on {resource}"),
                );
            }
        }
        let mut allowed_by = String::new();
        for (kind, layer) in layers {
            match layer {
                Some(Layer::Allowed(by)) if allowed_by.is_empty() => allowed_by = by,
                Some(Layer::Silent(why)) => {
                    return Verdict::deny(
                        format!("because no {kind} allows the {action} action"),
                        format!("no {kind} allows {action} on {resource}{why}"),
                    );
                }
                _ => {}
            }
        }
        Verdict::Allow(allowed_by)
    }
}

fn ask(policies: &[(&str, &Document)], action: &str, resource: &str, context: &Context) -> Layer {
    let mut allowed = None;
    let mut near = None;
    for (name, document) in policies {
        for statement in &document.statements {
            match applies(statement, action, resource, context) {
                Ok(()) if !statement.allow => {
                    return Layer::Denied(format!("{} of policy {name}", statement.label()));
                }
                Ok(()) => {
                    allowed = allowed.or_else(|| Some(format!("{} of policy {name}", statement.label())))
                }
                Err(Some(miss)) if statement.allow => {
                    near = near.or_else(|| Some(format!("{} of policy {name} {miss}", statement.label())))
                }
                Err(_) => {}
            }
        }
    }
    match (allowed, near) {
        (Some(by), _) => Layer::Allowed(by),
        (None, Some(near)) => Layer::Silent(format!("; nearest: {near}")),
        (None, None) if policies.is_empty() => Layer::Silent("; none is attached".to_owned()),
        (None, None) => Layer::Silent(String::new()),
    }
}

/// `Err(Some(_))` says how a statement that names the action misses.
fn applies(
    statement: &Statement,
    action: &str,
    resource: &str,
    context: &Context,
) -> Result<(), Option<String>> {
    if !statement.covers_action(action) {
        return Err(None);
    }
    if !statement.covers_resource(resource, context) {
        return Err(Some("names the action but not the resource".to_owned()));
    }
    match statement.failing_condition(context) {
        Some(condition) => Err(Some(format!(
            "has a condition that does not hold: {}",
            condition.describe()
        ))),
        None => Ok(()),
    }
}

/// What a trust policy says about one who asks.
///
/// # Errors
/// The cause of the refusal.
pub(crate) fn trusts(
    trust: &Document,
    action: &str,
    asker: &Asker<'_>,
    context: &Context,
) -> Result<PrincipalMatch, String> {
    let mut best = None;
    let mut near = None;
    for statement in &trust.statements {
        let Some(how) = statement.covers_principal(asker) else {
            continue;
        };
        if !statement.covers_action(action) {
            near = near.or_else(|| {
                Some(format!(
                    "{} names the principal but not {action}",
                    statement.label()
                ))
            });
            continue;
        }
        if let Some(condition) = statement.failing_condition(context) {
            near = near.or_else(|| {
                Some(format!(
                    "{} has a condition that does not hold: {}",
                    statement.label(),
                    condition.describe()
                ))
            });
            continue;
        }
        match statement.allow {
            false => return Err(format!("{} of the trust policy denies it", statement.label())),
            true => best = best.max(Some(how)),
        }
    }
    best.ok_or_else(|| match near {
        Some(near) => format!("the trust policy does not allow it: {near}"),
        None => "the trust policy does not name the principal".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::document::DocumentKind;
    use super::*;

    fn policy(text: &str) -> Document {
        Document::parse(
            &format!(r#"{{"Version":"2012-10-17","Statement":{text}}}"#),
            DocumentKind::Identity,
        )
        .unwrap()
    }

    fn trust(text: &str) -> Document {
        Document::parse(
            &format!(r#"{{"Version":"2012-10-17","Statement":{text}}}"#),
            DocumentKind::Trust,
        )
        .unwrap()
    }

    #[test]
    fn an_explicit_deny_beats_every_allow() {
        let allow = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        let deny = policy(r#"{"Sid":"no","Effect":"Deny","Action":"ec2:Delete*","Resource":"*"}"#);
        let set = PolicySet {
            identity: vec![("all", &allow), ("never", &deny)],
            ..PolicySet::default()
        };
        let verdict = set.decide("ec2:DeleteVpc", "arn:aws:ec2:r:1:vpc/v", &Context::new());
        let refusal = verdict.refusal().unwrap();
        assert_eq!(refusal.said, "with an explicit deny in an identity-based policy");
        assert!(refusal.cause.contains("no of policy never"));
        assert!(set.decide("ec2:CreateVpc", "*", &Context::new()).is_allowed());
    }

    #[test]
    fn boundary_and_session_policy_must_allow_too() {
        let allow = policy(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
        let narrow = policy(r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#);
        let set = PolicySet {
            identity: vec![("all", &allow)],
            boundary: Some(("edge", &narrow)),
            ..PolicySet::default()
        };
        assert!(set.decide("ec2:CreateVpc", "*", &Context::new()).is_allowed());
        let refused = set.decide("iam:CreateRole", "*", &Context::new());
        assert_eq!(
            refused.refusal().unwrap().said,
            "because no permissions boundary allows the iam:CreateRole action"
        );
        let set = PolicySet {
            identity: vec![("all", &allow)],
            session: vec![("session", &narrow)],
            ..PolicySet::default()
        };
        assert!(
            set.decide("iam:CreateRole", "*", &Context::new())
                .refusal()
                .unwrap()
                .said
                .contains("no session policy")
        );
    }

    #[test]
    fn a_refusal_says_which_statement_came_nearest() {
        let near = policy(
            r#"{"Sid":"read","Effect":"Allow","Action":"kafka-cluster:ReadData","Resource":"arn:aws:kafka:r:1:topic/c/u/a"}"#,
        );
        let set = PolicySet {
            identity: vec![("reader", &near)],
            ..PolicySet::default()
        };
        let verdict = set.decide(
            "kafka-cluster:ReadData",
            "arn:aws:kafka:r:1:topic/c/u/b",
            &Context::new(),
        );
        assert!(
            verdict
                .refusal()
                .unwrap()
                .cause
                .contains("read of policy reader names the action but not the resource")
        );
    }

    #[test]
    fn trust_tells_direct_names_from_accounts_and_services() {
        let document = trust(
            r#"[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"redshift.amazonaws.com"}},
                {"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"222222222222"},"Condition":{"StringEquals":{"sts:ExternalId":"k"}}}]"#,
        );
        let nothing = Context::new();
        assert_eq!(
            trusts(
                &document,
                "sts:AssumeRole",
                &Asker::Service("redshift.amazonaws.com"),
                &nothing
            ),
            Ok(PrincipalMatch::Direct)
        );
        assert!(
            trusts(
                &document,
                "sts:AssumeRole",
                &Asker::Service("ec2.amazonaws.com"),
                &nothing
            )
            .is_err()
        );
        let asker = Asker::Principal {
            account: "222222222222",
            unique_id: Some("AROA1"),
            session_arn: None,
        };
        let with_id = Context::new().with("sts:ExternalId", "k");
        assert_eq!(
            trusts(&document, "sts:AssumeRole", &asker, &with_id),
            Ok(PrincipalMatch::Account)
        );
        assert!(
            trusts(&document, "sts:AssumeRole", &asker, &nothing)
                .unwrap_err()
                .contains("sts:ExternalId")
        );
    }

    #[test]
    fn not_principal_denies_all_but_those_named() {
        let document = trust(
            r#"[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"},
                {"Effect":"Deny","Action":"sts:AssumeRole","NotPrincipal":{"AWS":"222222222222"}}]"#,
        );
        let asker = |account| Asker::Principal {
            account,
            unique_id: None,
            session_arn: None,
        };
        assert!(
            trusts(
                &document,
                "sts:AssumeRole",
                &asker("222222222222"),
                &Context::new()
            )
            .is_ok()
        );
        assert!(
            trusts(
                &document,
                "sts:AssumeRole",
                &asker("333333333333"),
                &Context::new()
            )
            .is_err()
        );
    }
}
