//! Reading and checking parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::ApiError;

/// Longest statement, in bytes. <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html>
const STATEMENT_BYTES: usize = 200 * 1024;
/// Most statements in a batch.
const BATCH: usize = 40;

pub(super) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationException", message)
}

pub(super) fn not_found(message: impl Into<String>, resource: &str) -> ApiError {
    ApiError::bad("ResourceNotFoundException", message).with("ResourceId", resource)
}

pub(super) fn text<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    params
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

pub(super) fn required<'a>(params: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    text(params, name).ok_or_else(|| {
        let member = name[..1].to_ascii_lowercase() + &name[1..];
        validation(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// A text of bounded length.
pub(super) fn bounded(params: &Value, name: &str, most: usize) -> Result<Option<String>, ApiError> {
    match text(params, name) {
        Some(found) if found.len() > most => Err(validation(format!(
            "{name} must have length less than or equal to {most}"
        ))),
        found => Ok(found.map(str::to_owned)),
    }
}

/// `WaitTimeSeconds`, 1 to 30.
pub(super) fn wait(params: &Value) -> Result<Option<u64>, ApiError> {
    match params.get("WaitTimeSeconds") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(seconds @ 1..=30) => Ok(Some(seconds)),
            _ => Err(validation("WaitTimeSeconds must be between 1 and 30")),
        },
    }
}

/// The statements of a batch.
pub(super) fn statements(params: &Value) -> Result<Vec<String>, ApiError> {
    let list = params
        .get("Sqls")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if list.is_empty() || list.len() > BATCH {
        return Err(validation(format!("Sqls must have between 1 and {BATCH} items")));
    }
    let texts: Vec<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    check_size(bytes)?;
    Ok(texts)
}

pub(super) fn check_size(bytes: usize) -> Result<(), ApiError> {
    if bytes > STATEMENT_BYTES {
        return Err(validation(format!(
            "Cannot process query string larger than {}kB",
            STATEMENT_BYTES / 1024
        )));
    }
    Ok(())
}

/// `Parameters`: strings only, neither missing nor empty, each name once.
pub(super) fn parameters(params: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut out = BTreeMap::new();
    for item in params
        .get("Parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let (Some(name), Some(value)) = (text(item, "name"), text(item, "value")) else {
            return Err(validation(
                "Parameters must have a name and a value of at least one character",
            ));
        };
        if out.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(validation(format!(
                "Parameters list contains duplicate parameter {name}"
            )));
        }
    }
    Ok(out)
}
