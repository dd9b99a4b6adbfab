//! AWS account ids.

use crate::text::checked_text;
use serde::{Deserialize, Serialize};

/// A twelve-digit AWS account id, kept as text because leading zeros count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    fn check(value: &str) -> Result<(), String> {
        if value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(());
        }
        Err("is not an AWS account id: write its 12 digits as text, with leading zeros".into())
    }
}

checked_text!(AccountId, "account id");

impl AccountId {
    /// Wraps digits that an ARN's constructor has already checked.
    pub(crate) fn unchecked(digits: &str) -> Self {
        Self(digits.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_keeps_its_leading_zeros() {
        assert_eq!(AccountId::new("012345678901").unwrap().as_str(), "012345678901");
    }

    #[test]
    fn eleven_digits_are_refused_with_a_hint() {
        let refusal = AccountId::new("12345678901").unwrap_err().to_string();
        assert!(refusal.contains("12 digits"), "{refusal}");
    }
}
