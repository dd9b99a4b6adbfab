//! Reading a call's parameters. On the wire every scalar is a string; direct calls may use JSON's own types.

use serde_json::Value;

use super::cidr::Cidr;
use crate::world::ApiError;

/// A parameter tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a>(pub &'a Value);

impl<'a> Params<'a> {
    pub(crate) fn text(self, name: &str) -> Option<String> {
        scalar(self.0.get(name)?).filter(|text| !text.is_empty())
    }

    pub(crate) fn required(self, name: &str) -> Result<String, ApiError> {
        self.text(name).ok_or_else(|| missing(name))
    }

    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn number(self, name: &str) -> Result<Option<i64>, ApiError> {
        self.text(name)
            .map(|text| text.parse().map_err(|_| invalid(name, &text)))
            .transpose()
    }

    /// A list of scalars; a single scalar is a list of one.
    pub(crate) fn list(self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::Array(items)) => items.iter().filter_map(scalar).collect(),
            Some(one) => scalar(one).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// A list of structures.
    pub(crate) fn items(self, name: &str) -> Vec<Params<'a>> {
        match self.0.get(name) {
            Some(Value::Array(items)) => items.iter().map(Params).collect(),
            Some(one @ Value::Object(_)) => vec![Params(one)],
            _ => Vec::new(),
        }
    }

    pub(crate) fn sub(self, name: &str) -> Option<Params<'a>> {
        self.0.get(name).filter(|value| value.is_object()).map(Params)
    }

    /// A block of addresses, canonical.
    pub(crate) fn cidr(self, name: &str) -> Result<Cidr, ApiError> {
        let text = self.required(name)?;
        text.parse().map_err(|()| not_a_cidr(name, &text))
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(crate) fn missing(name: &str) -> ApiError {
    ApiError::bad(
        "MissingParameter",
        format!("The request must contain the parameter {}", lower_first(name)),
    )
}

pub(crate) fn invalid(name: &str, value: &str) -> ApiError {
    ApiError::bad(
        "InvalidParameterValue",
        format!("Value ({value}) for parameter {} is invalid.", lower_first(name)),
    )
}

pub(crate) fn not_a_cidr(name: &str, value: &str) -> ApiError {
    ApiError::bad(
        "InvalidParameterValue",
        format!(
            "Value ({value}) for parameter {} is invalid. This is not a valid CIDR block.",
            lower_first(name)
        ),
    )
}

/// EC2 names parameters in its texts with a small first letter.
fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
