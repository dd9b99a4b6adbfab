//! Policies against scenarios: what is missing, what nobody misses, what is too wide.

use super::intrusions;
use super::scenarios::Scenario;
use crate::drill::Trouble;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt;
use xacct::PipelineSpec;
use xacct::iam::PolicyDocument;
use xacct_sim::audit::{Grants, Needed};

/// One policy and what came of its mutants.
#[derive(Debug, Clone)]
pub struct Row {
    /// The policy's name.
    pub policy: String,
    /// How many parts were taken away, one by one.
    pub mutants: usize,
    /// Those that nobody missed.
    pub survivors: Vec<String>,
}

/// What came of all policies.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each policy.
    pub rows: Vec<Row>,
    /// What some work needed and its policies do not allow.
    pub missing: Vec<String>,
    /// What somebody could do to what is not ours.
    pub too_wide: Vec<String>,
}

impl Outcome {
    /// Parts taken away.
    #[must_use]
    pub fn mutants(&self) -> usize {
        self.rows.iter().map(|row| row.mutants).sum()
    }

    /// Parts whose lack was noticed.
    #[must_use]
    pub fn killed(&self) -> usize {
        self.rows
            .iter()
            .map(|row| row.mutants - row.survivors.len())
            .sum()
    }

    /// Whether every part is needed, and nothing else is.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.missing.is_empty() && self.too_wide.is_empty() && self.killed() == self.mutants()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<34} {:>8} {:>8}", "policy", "mutants", "killed")?;
        for row in &self.rows {
            let killed = row.mutants - row.survivors.len();
            writeln!(f, "{:<34} {:>8} {killed:>8}", row.policy, row.mutants)?;
            row.survivors
                .iter()
                .try_for_each(|name| writeln!(f, "    nobody missed: {name}"))?;
        }
        writeln!(f, "{:<34} {:>8} {:>8}", "all", self.mutants(), self.killed())?;
        self.missing
            .iter()
            .try_for_each(|what| writeln!(f, "missing: {what}"))?;
        self.too_wide
            .iter()
            .try_for_each(|what| writeln!(f, "too wide: {what}"))
    }
}

/// One scenario's needs in one account, with the policies that are for them.
struct Case {
    names: Vec<String>,
    needed: Vec<Needed>,
    forbidden: BTreeSet<Needed>,
}

/// Judges the policies of `spec` against what was recorded.
///
/// # Errors
/// Where the policies cannot be made or read.
pub(super) fn judge(spec: &PipelineSpec, recorded: &[Scenario]) -> Result<Outcome, Trouble> {
    let policies: Vec<(String, PolicyDocument)> = spec
        .policies()?
        .into_iter()
        .map(|(name, json)| Ok((name, serde_json::from_value(json)?)))
        .collect::<Result<_, Trouble>>()?;
    let mut outcome = Outcome::default();
    let cases = cases(spec, recorded, &policies, &mut outcome)?;
    for (name, document) in &policies {
        let concerned: Vec<&Case> = cases.iter().filter(|case| case.names.contains(name)).collect();
        if concerned.is_empty() {
            continue;
        }
        let mutants = document.without_each();
        let mut survivors = Vec::new();
        for (lack, mutant) in &mutants {
            if !noticed(&policies, name, mutant, &concerned)? {
                survivors.push(lack.clone());
            }
        }
        outcome.rows.push(Row {
            policy: name.clone(),
            mutants: mutants.len(),
            survivors,
        });
    }
    Ok(outcome)
}

fn grants(
    policies: &[(String, PolicyDocument)],
    names: &[String],
    instead: Option<(&str, &PolicyDocument)>,
) -> Result<Grants, Trouble> {
    let chosen = policies.iter().filter(|(name, _)| names.contains(name));
    let documents: Vec<Json> = chosen
        .map(|(name, document)| match instead {
            Some((mutated, mutant)) if mutated == name => mutant,
            _ => document,
        })
        .filter(|document| !document.statements.is_empty())
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()?;
    Grants::of(&documents).map_err(|error| error.message.into())
}

fn noticed(
    policies: &[(String, PolicyDocument)],
    name: &str,
    mutant: &PolicyDocument,
    cases: &[&Case],
) -> Result<bool, Trouble> {
    for case in cases {
        let grants = grants(policies, &case.names, Some((name, mutant)))?;
        let lacks = case.needed.iter().any(|needed| !grants.allow(needed));
        if lacks || case.forbidden.iter().any(|forbidden| grants.allow(forbidden)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn cases(
    spec: &PipelineSpec,
    recorded: &[Scenario],
    policies: &[(String, PolicyDocument)],
    outcome: &mut Outcome,
) -> Result<Vec<Case>, Trouble> {
    let sides = [
        ("source", spec.source.account.as_str()),
        ("warehouse", spec.warehouse.account.as_str()),
    ];
    let (mut cases, mut said) = (Vec::new(), BTreeSet::new());
    for scenario in recorded {
        for (side, account) in sides {
            let needed: Vec<Needed> = scenario
                .needed
                .iter()
                .filter(|needed| needed.account == account)
                .cloned()
                .collect();
            let belongs = |name: &String| {
                scenario.policies.iter().any(|policy| {
                    name == policy
                        || name
                            .strip_prefix(side)
                            .is_some_and(|rest| rest[1..].starts_with(policy))
                })
            };
            let names: Vec<String> = policies
                .iter()
                .map(|(name, _)| name.clone())
                .filter(belongs)
                .collect();
            let names = if needed.is_empty() { Vec::new() } else { names };
            let whole = grants(policies, &names, None)?;
            let forbidden = intrusions::of(&needed);
            let shown = |needed: &Needed| {
                format!(
                    "{} in the {side}: {} on {} {:?}",
                    needed.operation, needed.action, needed.resource, needed.context
                )
            };
            for needed in needed.iter().filter(|needed| !whole.allow(needed)) {
                if said.insert(format!(
                    "{} {} {} {side}",
                    scenario.name, needed.operation, needed.action
                )) {
                    outcome
                        .missing
                        .push(format!("{}: {}", scenario.name, shown(needed)));
                }
            }
            let wide = |forbidden: &&Needed| {
                whole.allow(forbidden) && !intrusions::LOOKED_AT.contains(&forbidden.action.as_str())
            };
            for forbidden in forbidden.iter().filter(wide) {
                if said.insert(format!("wide {} {} {side}", forbidden.action, forbidden.resource)) {
                    outcome
                        .too_wide
                        .push(format!("{}: {}", scenario.name, shown(forbidden)));
                }
            }
            // What is missing or too wide already says nothing about what else is taken away.
            let needed = needed.into_iter().filter(|needed| whole.allow(needed)).collect();
            let forbidden = forbidden
                .into_iter()
                .filter(|forbidden| !whole.allow(forbidden))
                .collect();
            cases.push(Case {
                names,
                needed,
                forbidden,
            });
        }
    }
    Ok(cases)
}
