//! Splits SQL text into lexemes with their places, on sqlparser's tokenizer.
//!
//! The reader, the check of written selects and the comparison of definitions
//! all stand on this; none of them ever prints a token of sqlparser, because its
//! printer is no escaper.

use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer, Whitespace};
use std::fmt;

/// A place in a text: line and column, both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The character in the line.
    pub column: u64,
}

impl From<Location> for Position {
    fn from(at: Location) -> Self {
        Self {
            line: at.line,
            column: at.column,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A token that means something, with its place.
#[derive(Debug, Clone)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) at: Position,
    /// Byte range in the text.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Why a text has no lexemes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScanError {
    pub(super) at: Position,
    pub(super) message: String,
}

impl Lexeme {
    /// The word without quotes and in lower case, if the lexeme is a bare word.
    pub(super) fn bare(&self) -> Option<String> {
        match &self.token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// Whether the lexeme is this bare word, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(&self.token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
    }

    /// The name that a word stands for: bare words are folded, quoted ones kept.
    pub(super) fn name(&self) -> Option<String> {
        match &self.token {
            Token::Word(word) => match word.quote_style {
                None => Some(word.value.to_ascii_lowercase()),
                Some('"') => Some(word.value.clone()),
                Some(_) => None,
            },
            _ => None,
        }
    }

    /// Whether two lexemes mean the same, whatever their case, quotes and spacing.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self.name(), other.name()) {
            (Some(one), Some(two)) => one == two,
            (None, None) => self.token == other.token,
            _ => false,
        }
    }
}

/// Whether two texts say the same, whatever their case, quotes and spacing.
pub(super) fn same(one: &[Lexeme], two: &[Lexeme]) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(a, b)| a.same(b))
}

/// The names and words in `text`, folded where they have no quotes; none where it is no SQL.
#[cfg(feature = "aws")]
pub(crate) fn names_in(text: &str) -> Option<Vec<String>> {
    let lexemes = scan(text).ok()?;
    Some(lexemes.iter().filter_map(Lexeme::name).collect())
}

/// Splits `text`; refuses comments and whatever the tokenizer cannot read.
pub(super) fn scan(text: &str) -> Result<Vec<Lexeme>, ScanError> {
    let tokens = Tokenizer::new(&RedshiftSqlDialect {}, text)
        .tokenize_with_location()
        .map_err(|error| ScanError {
            at: error.location.into(),
            message: error.message,
        })?;
    let mut offsets = Offsets::new(text);
    let mut lexemes = Vec::with_capacity(tokens.len());
    for token in tokens {
        let at = Position::from(token.span.start);
        let (start, end) = (offsets.of(token.span.start), offsets.of(token.span.end));
        match token.token {
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => {
                let message = "comments are not taken: leave it out".to_owned();
                return Err(ScanError { at, message });
            }
            Token::Whitespace(_) | Token::EOF => {}
            token => lexemes.push(Lexeme {
                token,
                at,
                start,
                end,
            }),
        }
    }
    Ok(lexemes)
}

/// Turns lines and columns, asked for in ascending order, into byte offsets.
struct Offsets<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    length: usize,
    line: u64,
    column: u64,
}

impl<'a> Offsets<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.char_indices().peekable(),
            length: text.len(),
            line: 1,
            column: 1,
        }
    }

    fn of(&mut self, at: Location) -> usize {
        while (self.line, self.column) < (at.line, at.column) {
            match self.rest.next() {
                Some((_, '\n')) => {
                    self.line += 1;
                    self.column = 1;
                }
                Some(_) => self.column += 1,
                None => break,
            }
        }
        self.rest.peek().map_or(self.length, |(offset, _)| *offset)
    }
}

/// The text with every run of white space between lexemes made one blank, so that
/// it stands on one line.
pub(super) fn on_one_line(text: &str, lexemes: &[Lexeme]) -> String {
    let mut line = String::with_capacity(text.len());
    let mut end = None;
    for lexeme in lexemes {
        if end.is_some_and(|end| end < lexeme.start) {
            line.push(' ');
        }
        line.push_str(&text[lexeme.start..lexeme.end]);
        end = Some(lexeme.end);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_behind_wide_characters_and_line_ends() {
        let text = "SELECT 'ä😀'\n  , \"x\"";
        let lexemes = scan(text).unwrap();
        let last = lexemes.last().unwrap();
        assert_eq!(&text[last.start..last.end], "\"x\"");
        assert_eq!(last.at, Position { line: 2, column: 5 });
        assert_eq!(on_one_line(text, &lexemes), "SELECT 'ä😀' , \"x\"");
    }

    #[test]
    fn a_comment_is_refused_where_it_stands() {
        let refusal = scan("SELECT 1 -- one").unwrap_err();
        assert_eq!(refusal.at, Position { line: 1, column: 10 });
        assert!(scan("SELECT /* 1 */ 1").is_err());
    }
}
