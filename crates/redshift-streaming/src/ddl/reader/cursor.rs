//! Walks over the lexemes of one text.

use super::ReadError;
use crate::ddl::ident::{Identifier, QualifiedName};
use crate::ddl::scan::{Lexeme, Position};
use sqlparser::tokenizer::Token;

/// The lexemes of a text and how far they have been read.
pub(super) struct Cursor<'a> {
    text: &'a str,
    lexemes: &'a [Lexeme],
    next: usize,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, lexemes: &'a [Lexeme]) -> Self {
        Self {
            text,
            lexemes,
            next: 0,
        }
    }

    fn peek(&self) -> Option<&'a Lexeme> {
        self.lexemes.get(self.next)
    }

    /// Takes all of `words` or none.
    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let ahead = &self.lexemes[self.next.min(self.lexemes.len())..];
        let all = words.len() <= ahead.len() && words.iter().zip(ahead).all(|(w, l)| l.is(w));
        if all {
            self.next += words.len();
        }
        all
    }

    pub(super) fn keyword(&mut self, word: &str) -> Result<(), ReadError> {
        if self.eat(&[word]) {
            return Ok(());
        }
        Err(self.expected(word))
    }

    pub(super) fn is_symbol(&self, symbol: &Token) -> bool {
        self.peek().is_some_and(|l| &l.token == symbol)
    }

    pub(super) fn eat_symbol(&mut self, symbol: &Token) -> bool {
        let found = self.is_symbol(symbol);
        self.next += usize::from(found);
        found
    }

    pub(super) fn symbol(&mut self, symbol: &Token, shown: &str) -> Result<(), ReadError> {
        if self.eat_symbol(symbol) {
            return Ok(());
        }
        Err(self.expected(shown))
    }

    /// A name, folded where it has no quotes.
    pub(super) fn identifier(&mut self) -> Result<Identifier, ReadError> {
        let Some(name) = self.peek().and_then(Lexeme::name) else {
            return Err(self.expected("a name"));
        };
        self.next += 1;
        Identifier::new(name).map_err(|cause| self.refused("a name", cause))
    }

    pub(super) fn qualified(&mut self) -> Result<QualifiedName, ReadError> {
        let first = self.identifier()?;
        if !self.eat_symbol(&Token::Period) {
            return Ok(QualifiedName::new(first));
        }
        Ok(QualifiedName::new(self.identifier()?).in_schema(first))
    }

    /// The text of a literal, its escapes undone.
    pub(super) fn literal(&mut self, what: &str) -> Result<&'a str, ReadError> {
        match self.peek().map(|l| &l.token) {
            Some(Token::SingleQuotedString(text)) => {
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// A literal that is a checked text such as an ARN.
    pub(super) fn checked<T>(
        &mut self,
        what: &str,
        check: impl FnOnce(&str) -> Result<T, xacct_types::Invalid>,
    ) -> Result<T, ReadError> {
        let text = self.literal(what)?;
        check(text).map_err(|cause| self.refused(what, cause))
    }

    pub(super) fn yes_no(&mut self) -> Result<bool, ReadError> {
        if self.eat(&["YES"]) {
            return Ok(true);
        }
        if self.eat(&["NO"]) {
            return Ok(false);
        }
        Err(self.expected("YES or NO"))
    }

    /// Everything up to the end but the semicolon, and whether the words of `tail`
    /// stood at the end of it; those are left out.
    pub(super) fn select(&mut self, tail: &[&str]) -> Result<(&'a str, bool), ReadError> {
        let mut rest = &self.lexemes[self.next.min(self.lexemes.len())..];
        if let [inner @ .., last] = rest
            && last.token == Token::SemiColon
        {
            rest = inner;
        }
        let cut = rest.len().saturating_sub(tail.len());
        let tailed = !tail.is_empty() && cut > 0 && rest[cut..].iter().zip(tail).all(|(l, w)| l.is(w));
        if tailed {
            rest = &rest[..cut];
        }
        let (Some(first), Some(last)) = (rest.first(), rest.last()) else {
            return Err(self.expected("SELECT"));
        };
        self.next = self.lexemes.len();
        Ok((&self.text[first.start..last.end], tailed))
    }

    /// Takes a parenthesis that closes only at the very end, with its partner, if
    /// what follows stands in one.
    pub(super) fn unwrap_parentheses(&mut self) {
        let rest = &self.lexemes[self.next.min(self.lexemes.len())..];
        let closing = match rest {
            [.., close, semicolon] if semicolon.token == Token::SemiColon => close,
            [.., close] => close,
            [] => return,
        };
        let mut depth = 0_usize;
        for lexeme in rest {
            match lexeme.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                if std::ptr::eq(lexeme, closing) && lexeme.token == Token::RParen {
                    self.next += 1;
                    self.lexemes = &self.lexemes[..self.lexemes.len() - self.tail_from(closing)];
                }
                return;
            }
        }
    }

    /// How many lexemes stand from `last` to the end.
    fn tail_from(&self, last: &Lexeme) -> usize {
        self.lexemes
            .iter()
            .rev()
            .take_while(|lexeme| lexeme.start >= last.start)
            .count()
    }

    /// Nothing may follow but one semicolon.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        self.eat_symbol(&Token::SemiColon);
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end")),
        }
    }

    pub(super) fn expected(&self, expected: &str) -> ReadError {
        let found = self.peek().map_or("the end".to_owned(), |lexeme| {
            self.text[lexeme.start..lexeme.end].chars().take(60).collect()
        });
        ReadError {
            at: self.place(),
            expected: expected.to_owned(),
            found,
            cause: None,
        }
    }

    /// What was just read is no legal `expected`.
    pub(super) fn refused(&self, expected: &str, cause: impl Into<Cause>) -> ReadError {
        let read = self.lexemes.get(self.next.saturating_sub(1));
        let found = read.map_or("", |l| &self.text[l.start..l.end]);
        ReadError {
            at: read.map_or_else(|| self.place(), |l| l.at),
            expected: expected.to_owned(),
            found: found.chars().take(60).collect(),
            cause: Some(cause.into()),
        }
    }

    pub(super) fn place(&self) -> Position {
        let end = Position { line: 1, column: 1 };
        let last = self.lexemes.last().map_or(end, |l| l.at);
        self.peek().map_or(last, |l| l.at)
    }
}
