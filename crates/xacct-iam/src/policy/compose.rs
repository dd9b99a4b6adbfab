//! From needs to one document: what has the same conditions and the same resources or actions is said once.

use super::{PolicyDocument, Statement};
use crate::error::PolicyError;
use std::collections::{BTreeMap, BTreeSet};
use xacct_types::{Condition, Grant, Need};

type Names = BTreeSet<String>;

impl PolicyDocument {
    /// An identity policy that allows exactly `needs`, in as few statements as that takes, with ids `<prefix>1`, `<prefix>2`, …
    ///
    /// # Errors
    /// [`PolicyError`] where a need cannot be a statement.
    pub fn from_needs(prefix: &str, needs: impl IntoIterator<Item = Need>) -> Result<Self, PolicyError> {
        let mut by_resource: BTreeMap<(Vec<Condition>, String), Names> = BTreeMap::new();
        for need in needs {
            let actions = by_resource.entry((need.conditions, need.resource)).or_default();
            actions.insert(need.action);
        }
        let mut by_actions: BTreeMap<(Vec<Condition>, Names), Names> = BTreeMap::new();
        for ((conditions, resource), actions) in by_resource {
            by_actions
                .entry((conditions, actions))
                .or_default()
                .insert(resource);
        }
        let mut grants = Vec::new();
        for (n, ((conditions, actions), resources)) in by_actions.into_iter().enumerate() {
            let mut grant = Grant::new(&format!("{prefix}{}", n + 1), actions, resources, "");
            grant.conditions = conditions;
            grants.push(grant);
        }
        Self::from_grants(&grants)
    }

    /// Every document that lacks one action, one resource or one line of conditions of this one, with what it lacks.
    /// A statement that would be left without any goes as a whole.
    #[must_use]
    pub fn without_each(&self) -> Vec<(String, Self)> {
        let mut found = Vec::new();
        for (at, statement) in self.statements.iter().enumerate() {
            for (lack, left) in lesser(statement) {
                let mut document = self.clone();
                match left {
                    Some(left) => document.statements[at] = left,
                    None => {
                        document.statements.remove(at);
                    }
                }
                let sid = statement
                    .sid
                    .clone()
                    .unwrap_or_else(|| format!("statement {}", at + 1));
                found.push((format!("{sid} without {lack}"), document));
            }
        }
        found
    }
}

/// A statement without each of its parts; `None` where nothing is left of it.
fn lesser(statement: &Statement) -> Vec<(String, Option<Statement>)> {
    use super::Element::Only;
    let mut found = Vec::new();
    if let Only(actions) = &statement.actions {
        for action in actions {
            let left: Vec<String> = actions.iter().filter(|other| *other != action).cloned().collect();
            let rest = (!left.is_empty()).then(|| Statement {
                actions: Only(left),
                ..statement.clone()
            });
            found.push((action.clone(), rest));
        }
    }
    if let Some(Only(resources)) = &statement.resources {
        for resource in resources.iter().filter(|_| resources.len() > 1) {
            let left = resources
                .iter()
                .filter(|other| *other != resource)
                .cloned()
                .collect();
            let rest = Statement {
                resources: Some(Only(left)),
                ..statement.clone()
            };
            found.push((resource.clone(), Some(rest)));
        }
    }
    for (operator, key, values) in statement.conditions.lines() {
        let rest = Statement {
            conditions: statement.conditions.without(operator, key),
            ..statement.clone()
        };
        found.push((format!("{operator} {key}"), Some(rest)));
        for value in values.iter().filter(|_| values.len() > 1) {
            let mut conditions = statement.conditions.without(operator, key);
            conditions.add(operator, key, values.iter().filter(|other| *other != value));
            let rest = Statement {
                conditions,
                ..statement.clone()
            };
            found.push((format!("{operator} {key} {value}"), Some(rest)));
        }
    }
    if let Some(Only(principals)) = &statement.principal {
        for (kind, name) in principals.all() {
            let left = principals.without(kind, name);
            let rest = (left.all().count() > 0).then(|| Statement {
                principal: Some(Only(left)),
                ..statement.clone()
            });
            found.push((format!("{kind} {name}"), rest));
        }
    }
    found
}
