//! Whether two documents mean the same, and how they differ.
//!
//! Both are taken apart into permissions: one effect for one principal and one
//! action under one set of conditions, with all resources of which that holds.
//! So neither the order of anything matters, nor how the permissions were
//! gathered into statements, nor in which normal form a principal stands.

use super::{AwsPrincipal, Effect, Element, PolicyDocument, Principals, Statement, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One effect for one principal and one action under one set of conditions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Permission {
    /// Allow or deny.
    pub effect: Effect,
    /// For whom, in normal form; empty in identity policies.
    pub principal: String,
    /// The action in lower case; a `NotAction` list as one text.
    pub action: String,
    /// Resources, or the one text of a `NotResource` list; empty in trust policies.
    pub resources: BTreeSet<String>,
    /// `operator key values`, in normal form.
    pub conditions: BTreeSet<String>,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.effect, self.action)?;
        let joined = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
        if !self.resources.is_empty() {
            write!(f, " on {}", joined(&self.resources))?;
        }
        if !self.principal.is_empty() {
            write!(f, " for {}", self.principal)?;
        }
        if !self.conditions.is_empty() {
            write!(f, " when {}", joined(&self.conditions))?;
        }
        Ok(())
    }
}

/// How a document that was found differs from the one that was wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Wanted and not found.
    pub missing: Vec<Permission>,
    /// Found and not wanted.
    pub extra: Vec<Permission>,
}

impl Difference {
    /// Whether the two documents mean the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}

impl PolicyDocument {
    /// Whether the two documents give and take the same permissions.
    ///
    /// Statement ids and the document's id are labels and do not count.
    #[must_use]
    pub fn means_the_same_as(&self, other: &Self) -> bool {
        self.permissions() == other.permissions()
    }

    /// What `found` lacks and has too much, compared with this document.
    #[must_use]
    pub fn difference(&self, found: &Self) -> Difference {
        let (wanted, found) = (self.permissions(), found.permissions());
        Difference {
            missing: subtract(&wanted, &found),
            extra: subtract(&found, &wanted),
        }
    }

    /// Every permission of the document, each once.
    #[must_use]
    pub fn permissions(&self) -> Vec<Permission> {
        let mut merged: BTreeMap<Permission, BTreeSet<String>> = BTreeMap::new();
        for statement in &self.statements {
            for permission in permissions(statement) {
                let permission = match self.version {
                    Version::V2012 => permission,
                    Version::V2008 => without_variables(permission),
                };
                let (key, resources) = without_resources(permission);
                merged.entry(key).or_default().extend(resources);
            }
        }
        merged
            .into_iter()
            .map(|(key, resources)| with_resources(key, resources))
            .collect()
    }
}
/// In the old version a variable is just text: it must not compare equal to one.
fn without_variables(mut permission: Permission) -> Permission {
    let literal = |texts: BTreeSet<String>| -> BTreeSet<String> {
        texts
            .into_iter()
            .map(|text| text.replace("${", "(literally) ${"))
            .collect()
    };
    permission.resources = literal(permission.resources);
    permission.conditions = literal(permission.conditions);
    permission
}

/// Begins the one text of a negated list; no ARN begins so.
const ALL_BUT: &str = "all but ";

/// Negated resource lists are one text and must not be joined with others: the
/// key keeps them, so that only plain lists are merged.
fn without_resources(mut permission: Permission) -> (Permission, BTreeSet<String>) {
    if permission.resources.iter().any(|r| r.starts_with(ALL_BUT)) {
        return (permission, BTreeSet::new());
    }
    let resources = std::mem::take(&mut permission.resources);
    (permission, resources)
}

fn with_resources(mut permission: Permission, resources: BTreeSet<String>) -> Permission {
    permission.resources.extend(resources);
    permission
}

/// What of `from` is not in `other`; of resources, just those that differ.
fn subtract(from: &[Permission], other: &[Permission]) -> Vec<Permission> {
    let mut left = Vec::new();
    for permission in from {
        let (key, resources) = without_resources(permission.clone());
        let twin = other
            .iter()
            .map(|o| without_resources(o.clone()))
            .find(|(k, _)| *k == key);
        match twin {
            None => left.push(permission.clone()),
            Some((_, has)) => {
                let rest: BTreeSet<String> = resources.difference(&has).cloned().collect();
                if !rest.is_empty() {
                    left.push(with_resources(key, rest));
                }
            }
        }
    }
    left
}

fn permissions(statement: &Statement) -> Vec<Permission> {
    let conditions: BTreeSet<String> = statement
        .conditions
        .lines()
        .map(|(operator, key, values)| normal_condition(operator, key, values))
        .collect();
    let resources = normal_resources(statement.resources.as_ref());
    let mut all = Vec::new();
    for principal in normal_principals(statement.principal.as_ref()) {
        for action in normal_actions(&statement.actions) {
            all.push(Permission {
                effect: statement.effect,
                principal: principal.clone(),
                action,
                resources: resources.clone(),
                conditions: conditions.clone(),
            });
        }
    }
    all
}

fn all_but(names: impl Iterator<Item = String>) -> String {
    let sorted: BTreeSet<String> = names.collect();
    let list: Vec<String> = sorted.into_iter().collect();
    format!("{ALL_BUT}{list:?}")
}

fn normal_actions(actions: &Element<Vec<String>>) -> Vec<String> {
    let lower = actions.named().iter().map(|action| action.to_ascii_lowercase());
    match actions {
        Element::Only(_) => lower.collect(),
        Element::AllBut(_) => vec![all_but(lower)],
    }
}

fn normal_resources(resources: Option<&Element<Vec<String>>>) -> BTreeSet<String> {
    match resources {
        None => BTreeSet::new(),
        Some(Element::Only(list)) => list.iter().cloned().collect(),
        Some(Element::AllBut(list)) => BTreeSet::from([all_but(list.iter().cloned())]),
    }
}

fn normal_principals(principal: Option<&Element<Principals>>) -> Vec<String> {
    let texts = |named: &Principals| {
        let all = named.all().map(|(kind, name)| normal_principal(kind, name));
        all.collect::<Vec<_>>()
    };
    match principal {
        None => vec![String::new()],
        Some(Element::Only(named)) => texts(named),
        Some(Element::AllBut(named)) => vec![all_but(texts(named).into_iter())],
    }
}

/// An account's id and its root's ARN become one text; everything else stays.
fn normal_principal(kind: &str, name: &str) -> String {
    match (kind, AwsPrincipal::read(name)) {
        ("AWS", AwsPrincipal::Account(account)) => format!("account {account}"),
        ("AWS", AwsPrincipal::Anyone) => "anyone".to_owned(),
        _ => name.to_owned(),
    }
}

/// `ArnEquals` and `ArnLike` behave alike; keys ignore case; values are a set.
fn normal_condition(operator: &str, key: &str, values: &[String]) -> String {
    let operator = operator
        .replace("ArnEquals", "ArnLike")
        .replace("ArnNotEquals", "ArnNotLike");
    let text = |value: &String| match operator.contains("Bool") || operator == "Null" {
        true => value.to_ascii_lowercase(),
        false => value.clone(),
    };
    let values: BTreeSet<String> = values.iter().map(text).collect();
    let list: Vec<String> = values.into_iter().collect();
    // Quoted, so that no value can be taken for two.
    format!("{operator} {} {list:?}", key.to_ascii_lowercase())
}
