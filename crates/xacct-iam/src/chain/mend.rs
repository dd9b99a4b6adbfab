//! What would make a broken link hold.

use super::{Goal, RoleView};
use crate::evaluate::{Decision, Denial, Lack, Mismatch, PolicyKind, StatementRef};
use crate::policy::{AwsPrincipal, Effect};
use std::fmt;
use xacct_types::RoleArn;

/// One change that a broken link needs; where there are several, all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mend {
    /// The trust policy of `role` must allow `principal`.
    Trust {
        /// The role whose trust policy has to change.
        role: RoleArn,
        /// A service principal or a role's ARN.
        principal: String,
    },
    /// The trust policy of `role` names the id of something deleted.
    ReplaceDeadPrincipal {
        /// The role whose trust policy has to change.
        role: RoleArn,
        /// The unique id that stands there.
        id: String,
        /// The ARN to write in its place.
        with: RoleArn,
    },
    /// A condition keeps the statement from applying.
    MeetCondition {
        /// The statement.
        statement: StatementRef,
        /// The key.
        key: String,
        /// The values of which the request must have one.
        wanted: Vec<String>,
    },
    /// An identity policy of `role` must allow the action.
    Allow {
        /// The role.
        role: RoleArn,
        /// The action.
        action: String,
        /// The resource.
        resource: String,
    },
    /// The permissions boundary of `role` cuts the action off.
    WidenBoundary {
        /// The role.
        role: RoleArn,
        /// The ARN of the boundary.
        boundary: String,
        /// The action.
        action: String,
        /// The resource.
        resource: String,
    },
    /// The resource's own policy must allow the role.
    AllowOnResource {
        /// The resource.
        resource: String,
        /// The role to allow.
        role: RoleArn,
        /// The action.
        action: String,
    },
    /// A statement denies and has to go or be narrowed.
    RemoveDeny(StatementRef),
    /// All roles of a chain must be of one partition.
    UseOnePartition,
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trust { role, principal } => {
                write!(
                    f,
                    "let the trust policy of {role} allow sts:AssumeRole to {principal}"
                )
            }
            Self::ReplaceDeadPrincipal { role, id, with } => write!(
                f,
                "write {with} in the place of {id} in the trust policy of {role}: \
                 the id is what is left of a role that was deleted"
            ),
            Self::MeetCondition {
                statement,
                key,
                wanted,
            } => {
                let wanted = wanted.join(" or ");
                write!(
                    f,
                    "{statement} requires {key} to be {wanted}: pass that, or change the condition"
                )
            }
            Self::Allow {
                role,
                action,
                resource,
            } => {
                write!(f, "let a policy of {role} allow {action} on {resource}")
            }
            Self::WidenBoundary {
                role,
                boundary,
                action,
                resource,
            } => write!(
                f,
                "let the permissions boundary {boundary} of {role} allow {action} on {resource}"
            ),
            Self::AllowOnResource {
                resource,
                role,
                action,
            } => {
                write!(f, "let the policy of {resource} allow {action} to {role}")
            }
            Self::RemoveDeny(statement) => write!(f, "take away or narrow {statement}, which denies"),
            Self::UseOnePartition => f.write_str("use accounts of one partition"),
        }
    }
}

/// What a hop needs.
pub(super) fn assume(
    decision: &Decision,
    service: &str,
    by: Option<&RoleView>,
    role: &RoleView,
) -> Vec<Mend> {
    let principal = by.map_or_else(|| service.to_owned(), |by| by.arn.to_string());
    if let (Some(by), Some(id)) = (by, by.and_then(|by| dead_principal(by, role)))
        && !decision.is_allowed()
    {
        return vec![Mend::ReplaceDeadPrincipal {
            role: role.arn.clone(),
            id,
            with: by.arn.clone(),
        }];
    }
    mends(decision, |lack| match (lack.kind, by) {
        (PolicyKind::Trust | PolicyKind::Resource, _) => condition_of(lack).unwrap_or(Mend::Trust {
            role: role.arn.clone(),
            principal: principal.clone(),
        }),
        (kind, Some(by)) => on_caller(kind, by, "sts:AssumeRole", role.arn.as_str()),
        (_, None) => Mend::UseOnePartition,
    })
}

/// What an act needs.
pub(super) fn act(decision: &Decision, role: &RoleView, goal: &Goal) -> Vec<Mend> {
    mends(decision, |lack| match lack.kind {
        PolicyKind::Trust | PolicyKind::Resource => condition_of(lack).unwrap_or(Mend::AllowOnResource {
            resource: goal.resource.clone(),
            role: role.arn.clone(),
            action: goal.action.clone(),
        }),
        kind => condition_of(lack).unwrap_or_else(|| on_caller(kind, role, &goal.action, &goal.resource)),
    })
}

fn mends(decision: &Decision, lacking: impl Fn(&Lack) -> Mend) -> Vec<Mend> {
    match decision {
        Decision::Denied(Denial::Explicit(statement)) => vec![Mend::RemoveDeny(statement.clone())],
        Decision::Denied(Denial::Implicit(lacks)) => lacks.iter().map(lacking).collect(),
        Decision::Allowed(_) | Decision::Undecided(_) => Vec::new(),
    }
}

fn on_caller(kind: PolicyKind, role: &RoleView, action: &str, resource: &str) -> Mend {
    let (action, resource) = (action.to_owned(), resource.to_owned());
    match (kind, &role.boundary) {
        (PolicyKind::Boundary, Some((boundary, _))) => Mend::WidenBoundary {
            role: role.arn.clone(),
            boundary: boundary.clone(),
            action,
            resource,
        },
        _ => Mend::Allow {
            role: role.arn.clone(),
            action,
            resource,
        },
    }
}

/// A near miss by a condition is mended by meeting it.
fn condition_of(lack: &Lack) -> Option<Mend> {
    let near = lack.nearest.as_ref()?;
    match &near.why {
        Mismatch::Condition { key, wanted, .. } => Some(Mend::MeetCondition {
            statement: near.statement.clone(),
            key: key.clone(),
            wanted: wanted.clone(),
        }),
        _ => None,
    }
}

/// The unique id of a role that the trust policy names and that is not the caller's.
fn dead_principal(by: &RoleView, role: &RoleView) -> Option<String> {
    let allowing = role.trust.statements.iter().filter(|s| s.effect == Effect::Allow);
    let named = allowing
        .filter_map(|s| s.principal.as_ref())
        .flat_map(|p| p.named().aws.iter());
    let ids = named.filter_map(|name| match AwsPrincipal::read(name) {
        AwsPrincipal::UniqueId(id) if id.starts_with("AROA") => Some(id),
        _ => None,
    });
    ids.into_iter().find(|id| by.unique_id.as_ref() != Some(id))
}
