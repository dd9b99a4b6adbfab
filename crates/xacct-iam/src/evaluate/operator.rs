//! Condition operators and what they compare.
//!
//! Source: IAM user guide, "IAM JSON policy elements: Condition operators".

use super::arn::{ArnMatch, matches_arn};
use super::context::Context;
use super::date;
use super::glob::{Token, matches};
use super::variables::{NoValue, expand};
use crate::policy::Version;
use std::net::IpAddr;

/// The set qualifier in front of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    Single,
    ForAll,
    ForAny,
}

/// How two values are compared; negation stands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Text,
    TextIgnoringCase,
    Pattern,
    Arn,
    Bool,
    Binary,
    Ip,
    Null,
    Numeric(Relation),
    Date(Relation),
}

/// An order between two numbers or dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An operator taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) quantifier: Quantifier,
    pub(super) comparison: Comparison,
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

impl Operator {
    /// Reads an operator; `None` for one that is not known.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (quantifier, rest) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::ForAll, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::ForAny, rest),
            Some(_) => return None,
            None => (Quantifier::Single, text),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (comparison, negated) = comparison(base)?;
        if comparison == Comparison::Null && (if_exists || quantifier != Quantifier::Single) {
            return None;
        }
        Some(Self {
            quantifier,
            comparison,
            negated,
            if_exists,
        })
    }

    /// Whether a value of the request matches one of the policy, before any negation.
    pub(super) fn compare(
        self,
        wanted: &str,
        found: &str,
        version: Version,
        context: &Context,
    ) -> Result<bool, NoValue> {
        // Variables stand only in the operators that document them.
        let tokens = |wildcards| expand(wanted, wildcards, version, context);
        match self.comparison {
            Comparison::Text => Ok(matches(&tokens(false)?, found)),
            Comparison::TextIgnoringCase => {
                let lower: Vec<Token> = tokens(false)?.into_iter().map(lower).collect();
                Ok(matches(&lower, &found.to_lowercase()))
            }
            Comparison::Pattern => Ok(matches(&tokens(true)?, found)),
            Comparison::Arn => match matches_arn(&tokens(true)?, found) {
                ArnMatch::Yes => Ok(true),
                ArnMatch::No | ArnMatch::OnlyAcrossColons => Ok(false),
            },
            Comparison::Bool => Ok(matches(
                &tokens(false)?.into_iter().map(lower).collect::<Vec<_>>(),
                &found.to_lowercase(),
            )),
            Comparison::Binary => Ok(wanted == found),
            Comparison::Ip => Ok(in_block(wanted, found)),
            Comparison::Numeric(relation) => Ok(number(found)
                .zip(number(wanted))
                .is_some_and(|(found, wanted)| relation.holds(found, wanted))),
            Comparison::Date(relation) => Ok(date::seconds(found)
                .zip(date::seconds(wanted))
                .is_some_and(|(found, wanted)| relation.holds(found, wanted))),
            Comparison::Null => Ok(false),
        }
    }
}

fn lower(token: Token) -> Token {
    match token {
        Token::Char(c) => Token::Char(c.to_lowercase().next().unwrap_or(c)),
        wildcard => wildcard,
    }
}

fn comparison(base: &str) -> Option<(Comparison, bool)> {
    let found = match base {
        "StringEquals" => (Comparison::Text, false),
        "StringNotEquals" => (Comparison::Text, true),
        "StringEqualsIgnoreCase" => (Comparison::TextIgnoringCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::TextIgnoringCase, true),
        "StringLike" => (Comparison::Pattern, false),
        "StringNotLike" => (Comparison::Pattern, true),
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        "Bool" => (Comparison::Bool, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::Ip, false),
        "NotIpAddress" => (Comparison::Ip, true),
        "Null" => (Comparison::Null, false),
        _ => {
            let (kind, relation): (fn(Relation) -> Comparison, &str) = match base.strip_prefix("Numeric") {
                Some(relation) => (Comparison::Numeric, relation),
                None => (Comparison::Date, base.strip_prefix("Date")?),
            };
            let (relation, negated) = Relation::read(relation)?;
            (kind(relation), negated)
        }
    };
    Some(found)
}

impl Relation {
    fn read(text: &str) -> Option<(Self, bool)> {
        match text {
            "Equals" => Some((Self::Equal, false)),
            "NotEquals" => Some((Self::Equal, true)),
            "LessThan" => Some((Self::Less, false)),
            "LessThanEquals" => Some((Self::LessOrEqual, false)),
            "GreaterThan" => Some((Self::Greater, false)),
            "GreaterThanEquals" => Some((Self::GreaterOrEqual, false)),
            _ => None,
        }
    }

    fn holds(self, found: f64, wanted: f64) -> bool {
        match self {
            Self::Equal => found == wanted,
            Self::Less => found < wanted,
            Self::LessOrEqual => found <= wanted,
            Self::Greater => found > wanted,
            Self::GreaterOrEqual => found >= wanted,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let legal = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
    text.bytes().all(legal).then(|| text.parse().ok())?
}

/// Whether `found` lies in the block `wanted`; an address alone is a block of one.
fn in_block(wanted: &str, found: &str) -> bool {
    let (network, prefix) = match wanted.split_once('/') {
        Some((network, prefix)) => (network, prefix.parse::<u32>().ok()),
        None => (wanted, Some(u32::MAX)),
    };
    let (Ok(network), Ok(found), Some(prefix)) = (network.parse(), found.parse(), prefix) else {
        return false;
    };
    let (network, found, width) = match (network, found) {
        (IpAddr::V4(n), IpAddr::V4(f)) => (u128::from(u32::from(n)), u128::from(u32::from(f)), 32),
        (IpAddr::V6(n), IpAddr::V6(f)) => (u128::from(n), u128::from(f), 128),
        _ => return false,
    };
    let kept = if prefix == u32::MAX { width } else { prefix };
    if kept > width {
        return false;
    }
    let dropped = width - kept;
    dropped == 128 || (network >> dropped) == (found >> dropped)
}
