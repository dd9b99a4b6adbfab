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
    /// The character at which it goes wrong, counted from 1; one past the last
    /// where something is missing at the end. `None` where it is no matter of one place.
    pub position: Option<usize>,
}

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    why: String,
    position: Option<usize>,
}

impl Fault {
    /// Something wrong at the byte `at` of `text`, which is said as a character counted from 1.
    #[must_use]
    pub fn at(text: &str, at: usize, why: impl Into<String>) -> Self {
        let before = text.char_indices().take_while(|(index, _)| *index < at).count();
        Self {
            why: why.into(),
            position: Some(before + 1),
        }
    }
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self { why, position: None }
    }
}

impl From<&str> for Fault {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

impl Invalid {
    /// Says why `value` is no legal `what`.
    #[must_use]
    pub fn new(what: &'static str, value: &str, why: impl Into<Fault>) -> Self {
        let Fault { why, position } = why.into();
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
            why,
            position,
        }
    }
}
