//! A policy document: a version and statements.

use super::statement::Statement;
use super::values::ListOrOne;
use crate::error::PolicyError;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The version of the policy language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Version {
    /// `2008-10-17`: no policy variables. What AWS assumes where no version stands.
    #[serde(rename = "2008-10-17")]
    V2008,
    /// `2012-10-17`: the current one.
    #[default]
    #[serde(rename = "2012-10-17")]
    V2012,
}

/// A policy document of any kind: identity, trust, boundary, session or resource policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDocument {
    /// The version of the language.
    pub version: Version,
    /// The document's own id; resource policies only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The statements; their order means nothing.
    #[serde(rename = "Statement")]
    pub statements: Vec<Statement>,
}

impl PolicyDocument {
    /// A document of the current version.
    #[must_use]
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self {
            version: Version::V2012,
            id: None,
            statements: statements.into_iter().collect(),
        }
    }

    /// Reads a document as JSON or as the percent-encoded JSON (RFC 3986) that
    /// `GetRole`, `GetRolePolicy` and `GetPolicyVersion` return.
    ///
    /// # Errors
    /// [`PolicyError::Syntax`] with the line and column, counted in the decoded
    /// text, where the text is no JSON or no policy; [`PolicyError::Encoding`]
    /// where the encoded bytes are no UTF-8.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let decoded = decode(text)?;
        serde_json::from_str(&decoded).map_err(PolicyError::syntax)
    }

    /// The document as compact JSON: no white space, one value bare, several as a list.
    ///
    /// # Panics
    /// Never: every part of a document can be written as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Keys are strings and there is no other source of failure in serde_json.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The statement with this id.
    #[must_use]
    pub fn statement(&self, sid: &str) -> Option<&Statement> {
        self.statements
            .iter()
            .find(|statement| statement.sid.as_deref() == Some(sid))
    }

    /// Puts `statement` in the place of the one with the same id, else at the end.
    ///
    /// This is how a statement of ours enters a policy that is not ours.
    pub fn put(&mut self, statement: Statement) {
        let same = |other: &&mut Statement| other.sid.is_some() && other.sid == statement.sid;
        match self.statements.iter_mut().find(same) {
            Some(place) => *place = statement,
            None => self.statements.push(statement),
        }
    }

    /// Takes the statements with this id out again; `false` if there was none.
    pub fn take_back(&mut self, sid: &str) -> bool {
        let before = self.statements.len();
        self.statements
            .retain(|statement| statement.sid.as_deref() != Some(sid));
        self.statements.len() < before
    }
}

impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl std::str::FromStr for PolicyDocument {
    type Err = PolicyError;
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        Self::parse(text)
    }
}

fn decode(text: &str) -> Result<Cow<'_, str>, PolicyError> {
    if !text.trim_start().starts_with('%') {
        return Ok(Cow::Borrowed(text));
    }
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map_err(|cause| PolicyError::Encoding { cause })
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = PolicyDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PolicyDocument, A::Error> {
        let (mut version, mut id, mut statements) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let again = match key.as_str() {
                "Version" => version.replace(map.next_value::<Version>()?).is_some(),
                "Id" => id.replace(map.next_value::<String>()?).is_some(),
                "Statement" => statements
                    .replace(map.next_value_seed(ListOrOne::<Statement>::new())?)
                    .is_some(),
                _ => return Err(A::Error::unknown_field(&key, &["Version", "Id", "Statement"])),
            };
            if again {
                return Err(A::Error::custom(format_args!("duplicate key `{key}`")));
            }
        }
        Ok(PolicyDocument {
            version: version.unwrap_or(Version::V2008),
            id,
            statements: statements.ok_or_else(|| A::Error::missing_field("Statement"))?,
        })
    }
}
