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
