//! Condition blocks of policy statements.
//!
//! Operators are ANDed, keys are ANDed, values of one key are ORed; a negated operator holds when *none* of its
//! values matches. A key that the request does not have fails a positive operator and satisfies a negated one,
//! `…IfExists` and `ForAllValues:` (IAM user guide, "Condition operators" and "Multivalued context keys").

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::str::FromStr;

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::Value;

use super::pattern::{arn_like, like, substitute};

/// What is known about a request, by condition key in lower case; a key may have several values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Context {
    keys: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// A context that knows nothing.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a single-valued key.
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.set(key, value);
        self
    }

    /// Sets a single-valued key.
    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.keys.insert(key.to_ascii_lowercase(), vec![value.into()]);
    }

    /// Adds one more value to a multivalued key.
    pub(crate) fn push(&mut self, key: &str, value: impl Into<String>) {
        self.keys
            .entry(key.to_ascii_lowercase())
            .or_default()
            .push(value.into());
    }

    /// The values of a key, if the request has it.
    pub(crate) fn get(&self, key: &str) -> Option<&[String]> {
        self.keys.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }

    /// Takes over every key of `other`.
    pub(crate) fn extend(&mut self, other: &Context) {
        self.keys
            .extend(other.keys.iter().map(|(k, v)| (k.clone(), v.clone())));
    }

    /// Every key in lower case with its values.
    pub(crate) fn keys(&self) -> &BTreeMap<String, Vec<String>> {
        &self.keys
    }

    fn single(&self, key: &str) -> Option<String> {
        self.get(key).and_then(|values| values.first().cloned())
    }
}

/// The quantifier of an operator.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Quantifier {
    One,
    Any,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    String,
    StringIgnoreCase,
    StringLike,
    Arn,
    Numeric(Order),
    Date(Order),
    Bool,
    Ip,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One operator with one key and its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    operator: String,
    quantifier: Quantifier,
    comparison: Comparison,
    negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

impl Condition {
    /// Reads a whole `Condition` block.
    ///
    /// # Errors
    /// The text that IAM would put behind `MalformedPolicyDocument`.
    pub(crate) fn parse_block(block: &Value) -> Result<Vec<Condition>, String> {
        let operators = block.as_object().ok_or("Syntax errors in policy.")?;
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            for (key, values) in keys.as_object().ok_or("Syntax errors in policy.")? {
                conditions.push(Condition::parse(operator, key, values)?);
            }
        }
        Ok(conditions)
    }

    fn parse(operator: &str, key: &str, values: &Value) -> Result<Condition, String> {
        let unknown = || format!("Invalid Condition type : {operator}.");
        let (quantifier, rest) = match operator.split_once(':') {
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(_) => return Err(unknown()),
            None => (Quantifier::One, operator),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let (comparison, negated) = comparison(name).ok_or_else(unknown)?;
        if !key.contains(':') {
            return Err(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
            );
        }
        let values = scalars(values).ok_or("Syntax errors in policy.")?;
        Ok(Condition {
            operator: operator.to_owned(),
            quantifier,
            comparison,
            negated,
            if_exists,
            key: key.to_owned(),
            values,
        })
    }

    /// Whether the condition holds for a request.
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let present = context.get(&self.key).filter(|values| !values.is_empty());
        if self.comparison == Comparison::Null {
            let wants_absent = self.values.iter().any(|v| v == "true");
            return present.is_none() == wants_absent;
        }
        let Some(present) = present else {
            return self.if_exists
                || self.quantifier == Quantifier::All
                || (self.negated && self.quantifier == Quantifier::One);
        };
        let one = |given: &String| {
            self.values
                .iter()
                .any(|value| self.matches(value, given, context))
                != self.negated
        };
        match self.quantifier {
            Quantifier::All => present.iter().all(one),
            Quantifier::Any => present.iter().any(one),
            // A plain negated operator on a multivalued key: no value of the request may match.
            Quantifier::One if self.negated => present.iter().all(one),
            Quantifier::One => present.iter().any(one),
        }
    }

    fn matches(&self, value: &str, given: &str, context: &Context) -> bool {
        let Some(value) = substitute(value, &|key| context.single(key)) else {
            return false;
        };
        match self.comparison {
            Comparison::String => value == given,
            Comparison::StringIgnoreCase => value.eq_ignore_ascii_case(given),
            Comparison::StringLike => like(&value, given),
            Comparison::Arn => arn_like(&value, given),
            Comparison::Bool => value.eq_ignore_ascii_case(given),
            Comparison::Numeric(order) => match (value.parse::<f64>(), given.parse::<f64>()) {
                (Ok(value), Ok(given)) => given
                    .partial_cmp(&value)
                    .is_some_and(|found| order.accepts(found)),
                _ => false,
            },
            Comparison::Date(order) => match (seconds(&value), seconds(given)) {
                (Some(value), Some(given)) => given
                    .partial_cmp(&value)
                    .is_some_and(|found| order.accepts(found)),
                _ => false,
            },
            Comparison::Ip => in_cidr(&value, given),
            Comparison::Null => false,
        }
    }

    /// The condition as `Operator{key}`, for explanations.
    pub(crate) fn describe(&self) -> String {
        format!("{}{{{}}}", self.operator, self.key)
    }
}

impl Order {
    fn accepts(self, found: std::cmp::Ordering) -> bool {
        match self {
            Order::Equal => found.is_eq(),
            Order::Less => found.is_lt(),
            Order::LessOrEqual => found.is_le(),
            Order::Greater => found.is_gt(),
            Order::GreaterOrEqual => found.is_ge(),
        }
    }
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    let ordered = |suffix: &str, make: fn(Order) -> Comparison| {
        Some(match suffix {
            "Equals" => (make(Order::Equal), false),
            "NotEquals" => (make(Order::Equal), true),
            "LessThan" => (make(Order::Less), false),
            "LessThanEquals" => (make(Order::LessOrEqual), false),
            "GreaterThan" => (make(Order::Greater), false),
            "GreaterThanEquals" => (make(Order::GreaterOrEqual), false),
            _ => return None,
        })
    };
    if let Some(suffix) = name.strip_prefix("Numeric") {
        return ordered(suffix, Comparison::Numeric);
    }
    if let Some(suffix) = name.strip_prefix("Date") {
        return ordered(suffix, Comparison::Date);
    }
    Some(match name {
        "StringEquals" => (Comparison::String, false),
        "StringNotEquals" => (Comparison::String, true),
        "StringEqualsIgnoreCase" => (Comparison::StringIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::StringIgnoreCase, true),
        "StringLike" => (Comparison::StringLike, false),
        "StringNotLike" => (Comparison::StringLike, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Bool" => (Comparison::Bool, false),
        "IpAddress" => (Comparison::Ip, false),
        "NotIpAddress" => (Comparison::Ip, true),
        "Null" => (Comparison::Null, false),
        _ => return None,
    })
}

/// A scalar or a list of scalars as strings; JSON booleans and numbers are accepted as IAM accepts them.
pub(crate) fn scalars(value: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        other => one(other).map(|text| vec![text]),
    }
}

fn seconds(text: &str) -> Option<f64> {
    DateTime::from_str(text, Format::DateTimeWithOffset)
        .map(|at| at.as_secs_f64())
        .ok()
        .or_else(|| text.parse().ok())
}

fn in_cidr(block: &str, address: &str) -> bool {
    let (base, bits) = block.split_once('/').unwrap_or((block, "32"));
    let (Ok(base), Ok(bits), Ok(address)) = (
        Ipv4Addr::from_str(base),
        bits.parse::<u32>(),
        Ipv4Addr::from_str(address),
    ) else {
        return false;
    };
    let mask = if bits == 0 {
        0
    } else {
        u32::MAX << (32 - bits.min(32))
    };
    u32::from(base) & mask == u32::from(address) & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(block: Value, context: &Context) -> bool {
        Condition::parse_block(&block)
            .unwrap()
            .iter()
            .all(|condition| condition.holds(context))
    }

    #[test]
    fn a_missing_key_fails_positive_operators_only() {
        let nothing = Context::new();
        assert!(!holds(json!({"StringEquals": {"sts:ExternalId": "x"}}), &nothing));
        assert!(holds(
            json!({"StringNotEquals": {"sts:ExternalId": "x"}}),
            &nothing
        ));
        assert!(holds(
            json!({"StringEqualsIfExists": {"sts:ExternalId": "x"}}),
            &nothing
        ));
        assert!(holds(json!({"Null": {"sts:ExternalId": "true"}}), &nothing));
        assert!(!holds(json!({"Null": {"sts:ExternalId": false}}), &nothing));
        assert!(holds(
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}),
            &nothing
        ));
        assert!(!holds(
            json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}),
            &nothing
        ));
    }

    #[test]
    fn a_negated_operator_needs_every_value_to_differ() {
        let context = Context::new().with("aws:PrincipalAccount", "1");
        assert!(!holds(
            json!({"StringNotEquals": {"aws:PrincipalAccount": ["1", "2"]}}),
            &context
        ));
        assert!(holds(
            json!({"StringNotEquals": {"aws:principalaccount": ["2", "3"]}}),
            &context
        ));
    }

    #[test]
    fn set_operators_look_at_every_value_of_the_request() {
        let mut context = Context::new();
        context.push("aws:TagKeys", "a");
        context.push("aws:TagKeys", "b");
        assert!(holds(
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}),
            &context
        ));
        assert!(!holds(
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}),
            &context
        ));
        assert!(holds(
            json!({"ForAnyValue:StringLike": {"aws:TagKeys": ["b*"]}}),
            &context
        ));
    }

    #[test]
    fn arns_numbers_dates_booleans_and_addresses_compare_as_such() {
        let context = Context::new()
            .with("aws:PrincipalArn", "arn:aws:iam::1:role/redshift")
            .with("aws:SourceIp", "10.0.3.4")
            .with("s3:max-keys", "10")
            .with("aws:SecureTransport", "true")
            .with("aws:CurrentTime", "2026-11-22T00:00:00Z");
        assert!(holds(
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/red*"}}),
            &context
        ));
        assert!(holds(
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/16"}}),
            &context
        ));
        assert!(!holds(
            json!({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/16"}}),
            &context
        ));
        assert!(holds(
            json!({"NumericLessThanEquals": {"s3:max-keys": 10}}),
            &context
        ));
        assert!(holds(json!({"Bool": {"aws:SecureTransport": true}}), &context));
        assert!(holds(
            json!({"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),
            &context
        ));
    }

    #[test]
    fn an_operator_that_iam_does_not_have_is_refused() {
        let error = Condition::parse_block(&json!({"StringIs": {"aws:x": "y"}})).unwrap_err();
        assert!(error.contains("Invalid Condition type"));
    }
}
