//! Names that people choose.

use crate::text::checked_text;
use serde::{Deserialize, Serialize};

/// The name of a pipeline; every cloud name and tag derives from it.
///
/// 1 to 24 characters: lower-case letters, digits and single hyphens, a letter
/// first and no hyphen last. The narrowest name that derives from it sets the
/// limits: a Redshift Serverless workgroup takes `^[a-z0-9-]+$`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PipelineName(String);

impl PipelineName {
    /// The longest name, in characters.
    pub const MAX: usize = 24;

    fn check(value: &str) -> Result<(), String> {
        if value.is_empty() || value.len() > Self::MAX {
            let (is, max) = (value.len(), Self::MAX);
            return Err(format!(
                "has {is} characters: 1 to {max} leave room for the names that derive from it"
            ));
        }
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let first = value.as_bytes()[0].is_ascii_lowercase();
        if value.bytes().all(legal) && first && !value.ends_with('-') && !value.contains("--") {
            return Ok(());
        }
        Err("must be lower-case letters, digits and single hyphens, a letter first".into())
    }
}

checked_text!(PipelineName, "pipeline name");

/// The name of an IAM role: 1 to 64 characters of `[A-Za-z0-9+=,.@_-]`.
///
/// Commas are legal in IAM but not here: Redshift separates the roles of a
/// chain by them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl RoleName {
    fn check(value: &str) -> Result<(), String> {
        if value.is_empty() || value.len() > 64 {
            return Err(format!("has {} characters: a role name has 1 to 64", value.len()));
        }
        if value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=.@_-".contains(&b))
        {
            return Ok(());
        }
        Err("holds a character that a chained role cannot have: use letters, digits and +=.@_-".into())
    }
}

checked_text!(RoleName, "role name");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_too_long_for_what_derives_from_it_is_refused() {
        let refusal = PipelineName::new("a-name-that-goes-on-and-on")
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("1 to 24"), "{refusal}");
    }

    #[test]
    fn names_that_a_workgroup_could_not_take_are_refused() {
        for bad in ["Clicks", "clicks_1", "1clicks", "clicks-", "a--b", ""] {
            assert!(PipelineName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_comma_would_split_a_chain_and_is_refused() {
        assert!(RoleName::new("a,b").is_err());
    }
}
