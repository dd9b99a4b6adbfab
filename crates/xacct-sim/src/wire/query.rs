//! Form bodies of the query protocols: `Filter.1.Value.2=x` becomes a tree.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::world::ApiError;

/// Reads `Action` and the tree of all other parameters. Every scalar is a string.
pub(crate) fn parse(body: &[u8]) -> Result<(String, Value), ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::bad("MalformedQueryString", "the body is not UTF-8"))?;
    let mut root = Node::default();
    let mut action = None;
    for (key, value) in pairs(text) {
        match key.as_str() {
            "Action" => action = Some(value),
            "Version" => {}
            // Of a presigned URL: the signature's, not the operation's.
            signing if signing.starts_with("X-Amz-") => {}
            _ => root.insert(&key, value),
        }
    }
    let action = action
        .ok_or_else(|| ApiError::bad("MissingAction", "The request must contain the parameter Action"))?;
    let mut params = root.into_value();
    if !params.is_object() {
        params = Value::Object(Map::new());
    }
    Ok((action, params))
}

/// The decoded pairs of a form or query string.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    })
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

#[derive(Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn insert(&mut self, path: &str, value: String) {
        let mut node = self;
        for part in path.split('.') {
            node = node.children.entry(part.to_owned()).or_default();
        }
        node.value = Some(value);
    }

    fn into_value(mut self) -> Value {
        if self.children.is_empty() {
            return Value::String(self.value.unwrap_or_default());
        }
        // awsQuery wraps list items as `.member.N`.
        if self.children.len() == 1
            && let Some(members) = self.children.remove("member")
        {
            return members.into_value();
        }
        if self.children.keys().all(|key| key.parse::<u32>().is_ok()) {
            let mut items: Vec<(u32, Node)> = self
                .children
                .into_iter()
                .filter_map(|(key, node)| Some((key.parse().ok()?, node)))
                .collect();
            items.sort_by_key(|(index, _)| *index);
            return Value::Array(items.into_iter().map(|(_, node)| node.into_value()).collect());
        }
        Value::Object(
            self.children
                .into_iter()
                .map(|(key, node)| (key, node.into_value()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn numbered_names_become_lists_in_the_order_of_their_numbers() {
        let body = b"Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3Ax&Filter.1.Value.2=b+c&Filter.1.Value.1=a&MaxResults=5";
        let (action, params) = parse(body).unwrap();
        assert_eq!(action, "DescribeVpcs");
        assert_eq!(
            params,
            json!({ "Filter": [{ "Name": "tag:x", "Value": ["a", "b c"] }], "MaxResults": "5" })
        );
    }

    #[test]
    fn ten_comes_after_nine() {
        let body: String = (1..=11).map(|n| format!("&Id.{n}=v{n}")).collect();
        let (_, params) = parse(format!("Action=X{body}").as_bytes()).unwrap();
        assert_eq!(params["Id"][9], "v10");
    }

    #[test]
    fn member_lists_lose_the_word_member() {
        let (_, params) = parse(b"Action=TagRole&Tags.member.1.Key=k&Tags.member.1.Value=").unwrap();
        assert_eq!(params, json!({ "Tags": [{ "Key": "k", "Value": "" }] }));
    }

    #[test]
    fn a_body_without_action_is_refused() {
        assert_eq!(parse(b"VpcId=vpc-1").unwrap_err().code, "MissingAction");
    }
}
