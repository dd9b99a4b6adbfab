//! The one error of this crate: a value that cannot be what it should be.

/// A value was refused; the text says which, why, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} \"{value}\" {why}")]
#[non_exhaustive]
pub struct Invalid {
    /// What the value should have been, for example `account id`.
    pub what: &'static str,
    /// The value as it was given, cut at 120 characters, control characters escaped.
    pub value: String,
    /// What is wrong and what would be right.
    pub why: String,
}

impl Invalid {
    /// Says why `value` is no legal `what`.
    #[must_use]
    pub fn new(what: &'static str, value: &str, why: impl Into<String>) -> Self {
        let mut shown = String::new();
        for character in value.chars().take(120) {
            // A message is one line, and no terminal obeys what was refused.
            if character.is_control() {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        if value.chars().nth(120).is_some() {
            shown.push('…');
        }
        Self {
            what,
            value: shown,
            why: why.into(),
        }
    }
}
