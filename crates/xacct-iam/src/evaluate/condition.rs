//! Whether the conditions of a statement hold.
//!
//! Sources: IAM user guide, "IAM JSON policy elements: Condition", "Condition
//! operators" (missing keys, negation, `…IfExists`, `Null`) and "Creating a
//! condition with multiple keys or values" (`ForAllValues`, `ForAnyValue`).

use super::context::{Context, Known};
use super::decision::Mismatch;
use super::operator::{Comparison, Operator, Quantifier};
use super::truth::Truth;
use super::variables::NoValue;
use crate::policy::{Conditions, Version};

/// Evaluates every line; the first that fails is the answer, a doubt only if none fails.
pub(super) fn hold(conditions: &Conditions, version: Version, context: &Context) -> Truth<Mismatch> {
    let lines = conditions
        .lines()
        .map(|(operator, key, values)| line(operator, key, values, version, context));
    Truth::all(lines)
}

fn line(
    operator: &str,
    key: &str,
    wanted: &[String],
    version: Version,
    context: &Context,
) -> Truth<Mismatch> {
    let Some(read) = Operator::read(operator) else {
        return Truth::Unknown(format!("the condition operator {operator} is not known"));
    };
    let mismatch = |found: Option<&[String]>| {
        Truth::No(Mismatch::Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            wanted: wanted.to_vec(),
            found: found.map(<[String]>::to_vec),
        })
    };
    let found = match context.get(key) {
        Known::Undecided => {
            return Truth::Unknown(format!("the value of {key} is only known when the call is made"));
        }
        Known::Absent => None,
        Known::Present(values) => Some(values),
    };
    match decided(read, key, wanted, found, version, context) {
        Ok(true) => Truth::Yes,
        Ok(false) => mismatch(found),
        Err(doubt) => Truth::Unknown(doubt),
    }
}

/// The line's value, or why it has none.
fn decided(
    operator: Operator,
    key: &str,
    wanted: &[String],
    found: Option<&[String]>,
    version: Version,
    context: &Context,
) -> Result<bool, String> {
    if operator.comparison == Comparison::Null {
        let absent = found.is_none_or(<[String]>::is_empty);
        return Ok(wanted
            .iter()
            .any(|value| value.eq_ignore_ascii_case(if absent { "true" } else { "false" })));
    }
    let Some(found) = found.filter(|values| !values.is_empty()) else {
        return Ok(match operator.quantifier {
            _ if operator.if_exists => true,
            Quantifier::Single => operator.negated,
            Quantifier::ForAll => true,
            Quantifier::ForAny => false,
        });
    };
    let one = |value: &String| matches_one(operator, wanted, value, version, context);
    match operator.quantifier {
        Quantifier::Single => match found {
            [only] => one(only),
            _ => Err(format!(
                "{key} has several values and the operator does not say whether all or any must match"
            )),
        },
        Quantifier::ForAll => settle(found.iter().map(one), false),
        Quantifier::ForAny => settle(found.iter().map(one), true),
    }
}

/// Whether one value of the request passes: it matches any of the policy's
/// values or, negated, none of them.
fn matches_one(
    operator: Operator,
    wanted: &[String],
    found: &str,
    version: Version,
    context: &Context,
) -> Result<bool, String> {
    let compared = wanted
        .iter()
        .map(|value| match operator.compare(value, found, version, context) {
            Ok(equal) => Ok(equal),
            Err(NoValue::Absent) => Ok(false),
            Err(NoValue::Undecided(doubt)) => Err(doubt),
        });
    Ok(settle(compared, true)? != operator.negated)
}

/// `any` (or, with `looked_for` false, `all`) where a sure answer outweighs doubts.
fn settle(values: impl Iterator<Item = Result<bool, String>>, looked_for: bool) -> Result<bool, String> {
    let mut doubt = None;
    for value in values {
        match value {
            Ok(value) if value == looked_for => return Ok(looked_for),
            Ok(_) => {}
            Err(why) => doubt = doubt.or(Some(why)),
        }
    }
    doubt.map_or(Ok(!looked_for), Err)
}
