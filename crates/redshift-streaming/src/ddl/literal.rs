//! String literals.

use std::fmt;
use xacct_types::Invalid;

/// A string between single quotes.
///
/// Redshift reads a backslash in a literal as an escape, so quotes and
/// backslashes are both doubled (Amazon Redshift developer guide,
/// "QUOTE_LITERAL function"). Control characters are refused: no ARN, address or
/// catalog name holds one, and so a statement always stays on one line.
///
/// ```
/// use redshift_streaming::ddl::Literal;
///
/// assert_eq!(Literal::new("it's")?.to_string(), "'it''s'");
/// assert_eq!(Literal::new(r"\'; DROP")?.to_string(), r"'\\''; DROP'");
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal(String);

impl Literal {
    /// Wraps `text`.
    ///
    /// # Errors
    /// [`Invalid`] where it holds a control character.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        match text.chars().find(|c| c.is_control()) {
            Some(bad) => {
                let why = format!("holds the control character U+{:04X}", u32::from(bad));
                Err(Invalid::new("literal", &text, why))
            }
            None => Ok(Self(text)),
        }
    }

    /// The text without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes text that a checked type already holds.
pub(crate) fn quoted(text: &str) -> Quoted<'_> {
    Quoted(text)
}

/// A text that renders as a literal.
pub(crate) struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\\', "\\\\").replace('\'', "''"))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quoted(&self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_is_refused() {
        assert!(Literal::new("a\nb").is_err());
        assert!(Literal::new("a\0b").is_err());
    }

    #[test]
    fn a_trailing_backslash_cannot_swallow_the_closing_quote() {
        assert_eq!(Literal::new("a\\").unwrap().to_string(), "'a\\\\'");
    }
}
