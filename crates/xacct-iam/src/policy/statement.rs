//! One statement of a policy.

use super::values::OneOrMany;
use super::{Conditions, Principals};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// Grants what it names.
    Allow,
    /// Forbids what it names, whatever else allows it.
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

/// An element and its negation: `Action` and `NotAction`, and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element<T> {
    /// What it names.
    Only(T),
    /// Everything except what it names (`NotAction`, `NotResource`, `NotPrincipal`).
    AllBut(T),
}

impl<T> Element<T> {
    /// What is named, in either sense.
    pub const fn named(&self) -> &T {
        match self {
            Self::Only(named) | Self::AllBut(named) => named,
        }
    }

    /// Whether this is the negated form.
    pub const fn is_negated(&self) -> bool {
        matches!(self, Self::AllBut(_))
    }
}

/// A statement: an effect, for whom, what, on what, and when.
///
/// A statement of an identity policy has no principal; one of a trust policy
/// has no resource, because the role is the resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Statement {
    /// The statement id: letters and digits, unique within the document.
    pub sid: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// To whom it applies; `None` in identity policies.
    pub principal: Option<Element<Principals>>,
    /// Actions such as `kafka-cluster:Connect`, wildcards allowed, case ignored.
    pub actions: Element<Vec<String>>,
    /// Resource ARNs, wildcards allowed; `None` in trust policies.
    pub resources: Option<Element<Vec<String>>>,
    /// When it applies; all must hold.
    pub conditions: Conditions,
}

impl Statement {
    /// Allows `actions` on `resources`, as identity policies do.
    #[must_use]
    pub fn allow<A, R>(sid: &str, actions: A, resources: R) -> Self
    where
        A: IntoIterator,
        A::Item: Into<String>,
        R: IntoIterator,
        R::Item: Into<String>,
    {
        Self {
            sid: Some(sid.to_owned()),
            effect: Effect::Allow,
            principal: None,
            actions: Element::Only(actions.into_iter().map(Into::into).collect()),
            resources: Some(Element::Only(resources.into_iter().map(Into::into).collect())),
            conditions: Conditions::default(),
        }
    }

    /// Allows `principals` to take `actions`, as trust policies do.
    #[must_use]
    pub fn allow_principals<A>(sid: &str, principals: Principals, actions: A) -> Self
    where
        A: IntoIterator,
        A::Item: Into<String>,
    {
        Self {
            sid: Some(sid.to_owned()),
            effect: Effect::Allow,
            principal: Some(Element::Only(principals)),
            actions: Element::Only(actions.into_iter().map(Into::into).collect()),
            resources: None,
            conditions: Conditions::default(),
        }
    }

    /// The same statement with the effect `Deny`.
    #[must_use]
    pub fn denied(mut self) -> Self {
        self.effect = Effect::Deny;
        self
    }

    /// Adds a condition that must hold too.
    #[must_use]
    pub fn when<V>(mut self, operator: &str, key: &str, values: V) -> Self
    where
        V: IntoIterator,
        V::Item: Into<String>,
    {
        self.conditions.add(operator, key, values);
        self
    }
}

/// The statement as it stands in JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal: Option<Principals>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_principal: Option<Principals>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_action: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_resource: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    condition: Conditions,
}

/// At most one of an element and its negation.
fn one_of<T, U>(
    only: Option<T>,
    all_but: Option<T>,
    name: &str,
    unwrap: impl Fn(T) -> U,
) -> Result<Option<Element<U>>, String> {
    match (only, all_but) {
        (Some(_), Some(_)) => Err(format!("a statement has {name} or Not{name}, not both")),
        (Some(named), None) => Ok(Some(Element::Only(unwrap(named)))),
        (None, Some(named)) => Ok(Some(Element::AllBut(unwrap(named)))),
        (None, None) => Ok(None),
    }
}

/// The two fields that an element is written as.
fn two_fields<T, U>(element: Option<Element<T>>, wrap: impl Fn(T) -> U) -> (Option<U>, Option<U>) {
    match element {
        Some(Element::Only(named)) => (Some(wrap(named)), None),
        Some(Element::AllBut(named)) => (None, Some(wrap(named))),
        None => (None, None),
    }
}

impl TryFrom<Written> for Statement {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let list = |OneOrMany(values)| values;
        let actions = one_of(written.action, written.not_action, "Action", list)?
            .ok_or_else(|| "a statement needs Action or NotAction".to_owned())?;
        Ok(Self {
            sid: written.sid,
            effect: written.effect,
            principal: one_of(written.principal, written.not_principal, "Principal", |named| {
                named
            })?,
            actions,
            resources: one_of(written.resource, written.not_resource, "Resource", list)?,
            conditions: written.condition,
        })
    }
}

impl From<Statement> for Written {
    fn from(statement: Statement) -> Self {
        let (principal, not_principal) = two_fields(statement.principal, |named| named);
        let (action, not_action) = two_fields(Some(statement.actions), OneOrMany);
        let (resource, not_resource) = two_fields(statement.resources, OneOrMany);
        Self {
            sid: statement.sid,
            effect: statement.effect,
            principal,
            not_principal,
            action,
            not_action,
            resource,
            not_resource,
            condition: statement.conditions,
        }
    }
}
