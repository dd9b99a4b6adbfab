//! Identifiers: names of schemas, views, columns and users.

use super::reserved;
use crate::text::checked_name;
use serde::{Deserialize, Serialize};
use std::fmt;
use xacct_types::{Invalid, TopicName};

/// The longest identifier that Redshift takes, in bytes of UTF-8.
pub const MAX_IDENTIFIER_BYTES: usize = 127;

/// A name as Redshift knows it: 1 to 127 bytes of printable UTF-8.
///
/// `Display` writes the delimited form, always quoted and with inner quotes
/// doubled, so that no name can end early or be mistaken for a keyword. The
/// plain text is [`as_str`](Self::as_str).
///
/// ```
/// use redshift_streaming::ddl::Identifier;
///
/// assert_eq!(Identifier::new("clicks")?.to_string(), r#""clicks""#);
/// assert_eq!(Identifier::new(r#"a"b; DROP"#)?.to_string(), r#""a""b; DROP""#);
/// assert!(Identifier::new("x".repeat(128)).is_err());
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// Quoted names are folded to lower case like unquoted ones unless
/// `enable_case_sensitive_identifier` is on (Amazon Redshift developer guide,
/// "Names and identifiers"): see [`needs_case_sensitivity`](Self::needs_case_sensitivity).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identifier(String);

checked_name!(Identifier, "identifier");

impl Identifier {
    fn check(value: &str) -> Result<(), String> {
        if value.is_empty() || value.len() > MAX_IDENTIFIER_BYTES {
            let is = value.len();
            return Err(format!("has {is} bytes: Redshift takes names of 1 to 127"));
        }
        match value.chars().find(|c| c.is_control()) {
            Some(bad) => Err(format!(
                "holds the control character U+{:04X}, which no name may have",
                u32::from(bad)
            )),
            None => Ok(()),
        }
    }

    /// A name that this crate wrote itself and that is short and printable.
    pub(crate) fn fixed(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// Whether the name stays what it is only with
    /// `enable_case_sensitive_identifier` on, because it has ASCII capitals.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        self.0.bytes().any(|b| b.is_ascii_uppercase())
    }

    /// The name as the catalog holds it while identifiers are not case sensitive.
    #[must_use]
    pub fn folded(&self) -> Self {
        Self(self.0.to_ascii_lowercase())
    }

    /// Whether the word is on Redshift's reserved list. Quoted, as this crate
    /// writes it, it works all the same; typed by hand without quotes it does not.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        reserved::is_reserved(&self.0)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl From<&TopicName> for Identifier {
    /// Every legal topic is a legal identifier: [`TopicName::MAX`] is the same limit.
    fn from(topic: &TopicName) -> Self {
        Self(topic.as_str().to_owned())
    }
}

/// The name of a Kinesis data stream that Redshift can read: letters, digits,
/// `.`, `_` and `-`, 1 to 127 bytes (Kinesis allows 128, Redshift's identifiers 127).
///
/// ```
/// use redshift_streaming::ddl::StreamName;
/// assert!(StreamName::new("my-data-stream").is_ok());
/// assert!(StreamName::new("my data").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(String);

checked_name!(StreamName, "stream name");

impl StreamName {
    fn check(value: &str) -> Result<(), String> {
        if value.is_empty() || value.len() > MAX_IDENTIFIER_BYTES {
            let is = value.len();
            return Err(format!(
                "has {is} bytes: Redshift takes streams with names of 1 to 127"
            ));
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if value.bytes().all(legal) {
            return Ok(());
        }
        Err("holds a character that Kinesis refuses: use letters, digits, '.', '_' and '-'".into())
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&StreamName> for Identifier {
    fn from(stream: &StreamName) -> Self {
        Self(stream.0.clone())
    }
}

/// The name of a database: 1 to 64 lower-case letters, digits and underscores,
/// a letter first, and no reserved word.
///
/// The API's pattern is wider than the limit that the management guide states
/// ("Quotas and limits"); the narrower of the two works everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DatabaseName(String);

checked_name!(DatabaseName, "database name");

impl DatabaseName {
    fn check(value: &str) -> Result<(), String> {
        if value.is_empty() || value.len() > 64 {
            let is = value.len();
            return Err(format!("has {is} characters: a database name has 1 to 64"));
        }
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !value.bytes().all(legal) || !value.as_bytes()[0].is_ascii_lowercase() {
            return Err("must be lower-case letters, digits and underscores, a letter first".into());
        }
        if reserved::is_reserved(value) {
            return Err("is a reserved word of Redshift: choose another".into());
        }
        Ok(())
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&DatabaseName> for Identifier {
    fn from(name: &DatabaseName) -> Self {
        Self(name.0.clone())
    }
}

/// A table or view, with or without its schema.
///
/// ```
/// use redshift_streaming::ddl::{Identifier, QualifiedName};
///
/// let view = QualifiedName::new(Identifier::new("myview1")?);
/// assert_eq!(view.to_string(), r#""myview1""#);
/// let view = view.in_schema(Identifier::new("public")?);
/// assert_eq!(view.to_string(), r#""public"."myview1""#);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    schema: Option<Identifier>,
    name: Identifier,
}

impl QualifiedName {
    /// A name that the session's search path resolves.
    #[must_use]
    pub fn new(name: Identifier) -> Self {
        Self { schema: None, name }
    }

    /// Puts the name into a schema.
    #[must_use]
    pub fn in_schema(mut self, schema: Identifier) -> Self {
        self.schema = Some(schema);
        self
    }

    /// `schema.name`, or `name` alone, from plain text without quotes.
    ///
    /// # Errors
    /// [`Invalid`] where a part is no legal identifier.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_once('.') {
            Some((schema, name)) => Ok(Self::new(Identifier::new(name)?).in_schema(Identifier::new(schema)?)),
            None => Ok(Self::new(Identifier::new(text)?)),
        }
    }

    /// The schema, where one was given.
    #[must_use]
    pub fn schema(&self) -> Option<&Identifier> {
        self.schema.as_ref()
    }

    /// The name without its schema.
    #[must_use]
    pub fn name(&self) -> &Identifier {
        &self.name
    }

    /// Whether any part has capitals.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        self.name.needs_case_sensitivity()
            || self
                .schema
                .as_ref()
                .is_some_and(Identifier::needs_case_sensitivity)
    }

    /// The name as people write it, without quotes: for messages.
    #[must_use]
    pub fn plain(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", schema.as_str(), self.name.as_str()),
            None => self.name.as_str().to_owned(),
        }
    }
}

/// Names with commas between them, as lists of columns are written.
pub(super) fn name_list(names: &[Identifier]) -> String {
    let quoted: Vec<String> = names.iter().map(ToString::to_string).collect();
    quoted.join(", ")
}

impl From<Identifier> for QualifiedName {
    fn from(name: Identifier) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        write!(f, "{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_enter_a_name() {
        for bad in ["a\0b", "a\nb", "a\u{85}b"] {
            assert!(Identifier::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_limit_counts_bytes_and_not_characters() {
        assert!(Identifier::new("ä".repeat(63)).is_ok());
        assert!(Identifier::new("ä".repeat(64)).is_err());
        assert!(Identifier::new("x".repeat(127)).is_ok());
    }

    #[test]
    fn a_backslash_means_nothing_in_a_name() {
        assert_eq!(Identifier::new(r"a\").unwrap().to_string(), r#""a\""#);
    }

    #[test]
    fn a_reserved_word_is_no_database_name() {
        let refusal = DatabaseName::new("user").unwrap_err().to_string();
        assert!(refusal.contains("reserved word"), "{refusal}");
        assert!(DatabaseName::new("streaming").is_ok());
    }
}
