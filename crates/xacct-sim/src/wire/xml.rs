//! XML bodies of the EC2 and the awsQuery protocol.

use serde_json::Value;

use super::Response;
use crate::world::ApiError;

/// `<XResponse><requestId/>…`, arrays as `<name><item/></name>`.
pub(crate) fn ec2(operation: &str, request_id: &str, result: &Value) -> Response {
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>{request_id}</requestId>"
    );
    children(&mut body, result, "item");
    body.push_str(&format!("</{operation}Response>"));
    response(200, request_id, body)
}

pub(crate) fn ec2_error(request_id: &str, error: &ApiError) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>",
        escape(&error.code),
        escape(&error.message)
    );
    response(error.status, request_id, body)
}

/// `<XResponse><XResult>…</XResult><ResponseMetadata/>`, arrays as `<Name><member/></Name>`.
pub(crate) fn query(service: &str, operation: &str, request_id: &str, result: &Value) -> Response {
    let mut body = format!(
        "<{operation}Response xmlns=\"{}\"><{operation}Result>",
        namespace(service)
    );
    children(&mut body, result, "member");
    body.push_str(&format!(
        "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ));
    response(200, request_id, body)
}

pub(crate) fn query_error(service: &str, request_id: &str, error: &ApiError) -> Response {
    let side = if error.status >= 500 { "Receiver" } else { "Sender" };
    let body = format!(
        "<ErrorResponse xmlns=\"{}\"><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        namespace(service),
        escape(&error.code),
        escape(&error.message)
    );
    response(error.status, request_id, body)
}

fn namespace(service: &str) -> &'static str {
    if service == "sts" {
        "https://sts.amazonaws.com/doc/2011-06-15/"
    } else {
        "https://iam.amazonaws.com/doc/2010-05-08/"
    }
}

fn response(status: u16, request_id: &str, body: String) -> Response {
    let headers = vec![
        ("content-type".to_owned(), "text/xml;charset=UTF-8".to_owned()),
        ("x-amzn-requestid".to_owned(), request_id.to_owned()),
    ];
    Response {
        status,
        headers,
        body: body.into_bytes(),
    }
}

fn children(out: &mut String, value: &Value, item: &str) {
    if let Value::Object(fields) = value {
        for (name, field) in fields {
            element(out, name, field, item);
        }
    }
}

fn element(out: &mut String, name: &str, value: &Value, item: &str) {
    if value.is_null() {
        return;
    }
    // Entries of a map repeat by themselves.
    if let ("entry", Value::Array(entries)) = (name, value) {
        entries.iter().for_each(|one| element(out, name, one, item));
        return;
    }
    out.push_str(&format!("<{name}>"));
    match value {
        Value::Object(_) => children(out, value, item),
        Value::Array(items) => items.iter().for_each(|one| element(out, item, one, item)),
        Value::String(text) => out.push_str(&escape(text)),
        scalar => out.push_str(&scalar.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ec2, query};

    #[test]
    fn lists_are_items_for_ec2_and_members_for_iam_and_nothing_is_left_out_but_null() {
        let result = json!({ "aSet": [{ "id": "x<y", "none": null }], "n": 1, "b": false, "empty": [] });
        let body = String::from_utf8(ec2("DescribeA", "r", &result).body).unwrap();
        let inner = "<aSet><item><id>x&lt;y</id></item></aSet><n>1</n><b>false</b><empty></empty>";
        assert!(body.contains(inner), "{body}");
        let body = String::from_utf8(query("iam", "ListA", "r", &json!({ "Roles": ["x"] })).body).unwrap();
        assert!(
            body.contains("<ListAResult><Roles><member>x</member></Roles></ListAResult>"),
            "{body}"
        );
    }
}
