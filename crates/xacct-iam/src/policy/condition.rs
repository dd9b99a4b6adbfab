//! The `Condition` block of a statement.

use super::values::{OneOrMany, Unique};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Operator, key and values; operators and keys are joined by AND, values by OR.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions(BTreeMap<String, BTreeMap<String, Vec<String>>>);

impl Conditions {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds values to `key` under `operator`; values that stand there already
    /// are kept, because values of one key are alternatives.
    pub fn add<V>(&mut self, operator: &str, key: &str, values: V)
    where
        V: IntoIterator,
        V::Item: Into<String>,
    {
        let under = self.0.entry(operator.to_owned()).or_default();
        let list = under.entry(key.to_owned()).or_default();
        for value in values.into_iter().map(Into::into) {
            if !list.contains(&value) {
                list.push(value);
            }
        }
    }

    /// The same without the line of `key` under `operator`, both spelled exactly so.
    #[must_use]
    pub fn without(&self, operator: &str, key: &str) -> Self {
        let mut left = self.clone();
        if let Some(keys) = left.0.get_mut(operator) {
            keys.remove(key);
        }
        left.0.retain(|_, keys| !keys.is_empty());
        left
    }

    /// The values of `key` under `operator`, both spelled exactly so.
    #[must_use]
    pub fn values(&self, operator: &str, key: &str) -> Option<&[String]> {
        Some(self.0.get(operator)?.get(key)?.as_slice())
    }

    /// Every line: operator, key and values, in the order of their names.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        self.0.iter().flat_map(|(operator, keys)| {
            keys.iter()
                .map(|(key, values)| (operator.as_str(), key.as_str(), values.as_slice()))
        })
    }
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Unique(operators) = Unique::<Unique<OneOrMany>>::deserialize(deserializer)?;
        let lines = operators
            .into_iter()
            .map(|(operator, Unique(keys))| (operator, unwrap_values(keys)));
        Ok(Self(lines.collect()))
    }
}

fn unwrap_values(keys: BTreeMap<String, OneOrMany>) -> BTreeMap<String, Vec<String>> {
    keys.into_iter()
        .map(|(key, OneOrMany(values))| (key, values))
        .collect()
}

impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wrapped = self.0.iter().map(|(operator, keys)| {
            let keys = keys.iter().map(|(key, values)| (key, OneOrMany(values.clone())));
            (operator, keys.collect::<BTreeMap<_, _>>())
        });
        serializer.collect_map(wrapped)
    }
}
