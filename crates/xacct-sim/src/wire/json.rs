//! JSON bodies of awsJson 1.0 and 1.1, and the bodies that restJson shares with them.

use serde_json::{Map, Value};

use super::{Request, Response};
use crate::world::ApiError;

/// Reads the operation from `X-Amz-Target` and the body as it is.
pub(crate) fn parse(request: &Request) -> Result<(String, Value), ApiError> {
    let target = request.header("x-amz-target").unwrap_or_default();
    let (_, operation) = target
        .split_once('.')
        .ok_or_else(|| ApiError::bad("UnknownOperationException", "the request has no X-Amz-Target"))?;
    Ok((operation.to_owned(), body(&request.body)?))
}

/// A JSON object; an empty body is an empty object.
pub(crate) fn body(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let malformed = |text: String| ApiError::bad("SerializationException", text);
    let value: Value = serde_json::from_slice(bytes).map_err(|cause| malformed(cause.to_string()))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(malformed("the body is not an object".to_owned()))
    }
}

pub(crate) fn render(request_id: &str, aws_json: bool, result: &Value) -> Response {
    let content = if aws_json {
        "application/x-amz-json-1.1"
    } else {
        "application/json"
    };
    let body = if result.is_null() {
        "{}".to_owned()
    } else {
        result.to_string()
    };
    response(200, request_id, content, None, body)
}

pub(crate) fn render_error(service: &str, request_id: &str, error: &ApiError) -> Response {
    // Services differ in how they spell the member; clients read either.
    let message = if matches!(service, "route53resolver" | "redshift-data") {
        "Message"
    } else {
        "message"
    };
    let mut fields = Map::new();
    fields.insert("__type".to_owned(), Value::String(error.code.clone()));
    fields.insert(message.to_owned(), Value::String(error.message.clone()));
    fields.extend((*error.fields).clone());
    let content = if service == "kafka" {
        "application/json"
    } else {
        "application/x-amz-json-1.1"
    };
    response(
        error.status,
        request_id,
        content,
        Some(&error.code),
        Value::Object(fields).to_string(),
    )
}

fn response(status: u16, request_id: &str, content: &str, error: Option<&str>, body: String) -> Response {
    let mut headers = vec![
        ("content-type".to_owned(), content.to_owned()),
        ("x-amzn-requestid".to_owned(), request_id.to_owned()),
    ];
    if let Some(code) = error {
        headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
    }
    Response {
        status,
        headers,
        body: body.into_bytes(),
    }
}
