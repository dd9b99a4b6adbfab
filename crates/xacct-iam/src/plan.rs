//! How a role that was read differs from the one that is wanted, reason by reason.

use crate::chain::RoleView;
use crate::policy::{AwsPrincipal, Difference, PolicyDocument};
use crate::spec::RoleSpec;
use std::collections::{BTreeMap, BTreeSet};
use xacct_converge::Reason;
use xacct_types::{RoleArn, Tags, differing};

/// The attribute of a reason that speaks of the role's path.
#[cfg(feature = "aws")]
pub(crate) const PATH: &str = "path";
/// The attribute of a reason that speaks of the trust policy.
pub(crate) const TRUST: &str = "trust policy";
pub(crate) const DESCRIPTION: &str = "description";
pub(crate) const MAX_SESSION: &str = "max session duration";
pub(crate) const BOUNDARY: &str = "permissions boundary";
/// Before the key of a tag.
pub(crate) const TAG: &str = "tag ";
/// Before the name of an inline policy.
pub(crate) const POLICY: &str = "inline policy ";
/// Before the ARN of an attached managed policy.
pub(crate) const MANAGED: &str = "managed policy ";

/// Everything of a role that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleState {
    /// The role's ARN.
    pub arn: RoleArn,
    /// The unique id that AWS gave (`AROA…`).
    pub unique_id: String,
    /// The description; empty if there is none.
    pub description: String,
    /// Seconds that a session may last.
    pub max_session: u32,
    /// The ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// The tags.
    pub tags: Tags,
    /// The trust policy.
    pub trust: PolicyDocument,
    /// Inline policies by name.
    pub inline: BTreeMap<String, PolicyDocument>,
    /// ARNs of attached managed policies.
    pub attached: BTreeSet<String>,
}

impl RoleState {
    /// A role with these three parts and nothing else.
    #[must_use]
    pub fn new(arn: RoleArn, unique_id: impl Into<String>, trust: PolicyDocument) -> Self {
        Self {
            arn,
            unique_id: unique_id.into(),
            description: String::new(),
            max_session: 3_600,
            boundary: None,
            tags: Tags::new(),
            trust,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
        }
    }

    /// The role for an evaluation, with inline policies only: managed
    /// documents have to be added by whoever has read them.
    #[must_use]
    pub fn view(&self) -> RoleView {
        let view = RoleView::planned(&self.arn, self.trust.clone()).with_unique_id(&self.unique_id);
        self.inline.iter().fold(view, |view, (name, document)| {
            view.granting(name, document.clone())
        })
    }
}

/// What of the role itself has to change; its policies apart.
///
/// `trust` is `None` where the wanted trust policy follows from something that
/// does not exist yet.
#[must_use]
pub fn role(spec: &RoleSpec, trust: Option<&PolicyDocument>, found: &RoleState) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match trust {
        Some(trust) => reasons.extend(trust_reason(trust, &found.trust)),
        None => reasons.push(Reason::follows(TRUST, &found.trust)),
    }
    if spec.description != found.description {
        reasons.push(Reason::differs(
            DESCRIPTION,
            &found.description,
            &spec.description,
        ));
    }
    let max_session = spec.max_session.as_seconds();
    if max_session != found.max_session {
        reasons.push(Reason::differs(MAX_SESSION, found.max_session, max_session));
    }
    reasons.extend(boundary(spec, found));
    reasons.extend(tags(&spec.tags, &found.tags));
    reasons
}

/// The trust policy: a principal replaced by its id, or edited.
fn trust_reason(wanted: &PolicyDocument, found: &PolicyDocument) -> Option<Reason> {
    let difference = wanted.difference(found);
    if difference.is_empty() {
        return None;
    }
    let dead = dead_principals(found);
    if dead.is_empty() {
        return Some(Reason::differs(TRUST, summary(&difference), wanted));
    }
    let dead = dead.join(", ");
    let old = format!("trusts {dead}, which is left of a role that was deleted");
    Some(Reason::differs(TRUST, old, wanted))
}

/// The unique ids that stand as principals: AWS shows them in the place of
/// ARNs whose role or user is gone (and for seconds after one was made).
#[must_use]
pub fn dead_principals(trust: &PolicyDocument) -> Vec<String> {
    let named = trust
        .statements
        .iter()
        .filter_map(|statement| statement.principal.as_ref())
        .flat_map(|element| element.named().aws.iter());
    named
        .filter_map(|name| match AwsPrincipal::read(name) {
            AwsPrincipal::UniqueId(id) => Some(id),
            _ => None,
        })
        .collect()
}

fn boundary(spec: &RoleSpec, found: &RoleState) -> Option<Reason> {
    let wanted = spec.permission_boundary.as_ref().map(ToString::to_string);
    match (&wanted, &found.boundary) {
        (wanted, found) if *wanted == *found => None,
        (Some(wanted), Some(found)) => Some(Reason::differs(BOUNDARY, found, wanted)),
        (Some(wanted), None) => Some(Reason::missing(BOUNDARY, wanted)),
        // A boundary that somebody set narrows the role; whether it narrows too
        // much is for the proof to say, and taking it off is not ours to do.
        (None, _) => None,
    }
}

/// Tags of ours that are missing or differ; tags of others stay.
fn tags(wanted: &Tags, found: &Tags) -> Vec<Reason> {
    differing(wanted, found)
        .into_iter()
        .map(|(key, value)| match found.get(&key) {
            Some(old) => Reason::differs(format!("{TAG}{key}"), old, value),
            None => Reason::missing(format!("{TAG}{key}"), value),
        })
        .collect()
}

/// Inline policies that nobody of ours put there.
#[must_use]
pub fn foreign_policies(expected: &BTreeSet<String>, found: &RoleState) -> Vec<Reason> {
    let foreign = found.inline.iter().filter(|(name, _)| !expected.contains(*name));
    foreign
        .map(|(name, document)| Reason::extra(format!("{POLICY}{name}"), document))
        .collect()
}

/// Managed policies: a role of ours has none, so whatever is attached was
/// attached by somebody else and grants what nobody asked for.
#[must_use]
pub fn foreign_attachments(found: &RoleState) -> Vec<Reason> {
    let attached = found.attached.iter();
    attached
        .map(|arn| Reason::extra(format!("{MANAGED}{arn}"), "attached"))
        .collect()
}

/// How one inline policy differs; `wanted` is `None` where it follows from
/// something that does not exist yet.
#[must_use]
pub fn policy(wanted: Option<&PolicyDocument>, found: &PolicyDocument) -> Vec<Reason> {
    let Some(wanted) = wanted else {
        return vec![Reason::follows("document", found)];
    };
    let Difference { missing, extra } = wanted.difference(found);
    let missing = missing.iter().map(|lacks| Reason::missing("permission", lacks));
    let extra = extra.iter().map(|more| Reason::extra("permission", more));
    missing.chain(extra).collect()
}

fn summary(difference: &Difference) -> String {
    let lines = |sign: &str, list: &[crate::policy::Permission]| -> Vec<String> {
        list.iter()
            .map(|permission| format!("{sign} {permission}"))
            .collect()
    };
    let mut all = lines("without", &difference.missing);
    all.extend(lines("with", &difference.extra));
    all.join("; ")
}
