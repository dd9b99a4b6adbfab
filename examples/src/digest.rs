//! Tells whether what was read is what was sent.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// SHA-256 over the sorted identities of records: their ids, or the records
/// themselves where they have none. Equal for equal multisets, in any order.
#[derive(Debug, Default)]
pub struct Identities(Vec<Vec<u8>>);

impl Identities {
    /// Adds a record as it was sent.
    pub fn add_bytes(&mut self, payload: &[u8]) {
        match serde_json::from_slice::<Value>(payload) {
            Ok(json) => self.add_json(&json),
            Err(_) => self.0.push(payload.to_vec()),
        }
    }

    /// Adds a record as it was read.
    pub fn add_json(&mut self, json: &Value) {
        let identity = match json.get("id") {
            Some(Value::String(id)) => id.clone(),
            _ => sorted(json).to_string(),
        };
        self.0.push(identity.into_bytes());
    }

    /// The digest as hexadecimal text.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.sort();
        let mut hash = Sha256::new();
        for identity in &self.0 {
            hash.update((identity.len() as u64).to_be_bytes());
            hash.update(identity);
        }
        hex::encode(hash.finalize())
    }
}

/// The same value with the keys of every object in order, since SUPER keeps none.
fn sorted(json: &Value) -> Value {
    match json {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, Value> =
                map.iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(
                ordered
                    .into_iter()
                    .map(|(key, value)| (key.clone(), value))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_key_order_do_not_matter_and_content_does() {
        let digest = |records: &[&str]| {
            let mut all = Identities::default();
            records.iter().for_each(|record| all.add_bytes(record.as_bytes()));
            all.finish()
        };
        assert_eq!(
            digest(&[r#"{"a":1,"b":2}"#, "broken"]),
            digest(&["broken", r#"{"b":2,"a":1}"#])
        );
        assert_ne!(digest(&[r#"{"a":1}"#]), digest(&[r#"{"a":2}"#]));
        assert_ne!(digest(&["x", "x"]), digest(&["x"]));
    }
}
