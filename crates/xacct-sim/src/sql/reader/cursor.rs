//! Walking over tokens: expecting keywords, names, strings; errors with positions.

use super::super::error::{SqlError, SqlResult};
use super::super::lexer::{Kind, Token, tokens};
use super::super::statement::Name;

/// Longest identifier, in bytes. <https://docs.aws.amazon.com/redshift/latest/dg/r_names.html>
const IDENTIFIER_BYTES: usize = 127;

/// Reserved words, which an unquoted identifier can't be.
/// <https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html>
const RESERVED: &str = " AES128 AES256 ALL ALLOWOVERWRITE ANALYSE ANALYZE AND ANY ARRAY AS ASC AUTHORIZATION AZ64 BACKUP BETWEEN BINARY BLANKSASNULL BOTH BYTEDICT BZIP2 CASE CAST CHECK COLLATE COLUMN CONSTRAINT CREATE CREDENTIALS CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURRENT_USER_ID DEFAULT DEFERRABLE DEFLATE DEFRAG DELTA DELTA32K DESC DISABLE DISTINCT DO ELSE EMPTYASNULL ENABLE ENCODE ENCRYPT ENCRYPTION END EXCEPT EXPLICIT FALSE FOR FOREIGN FREEZE FROM FULL GLOBALDICT256 GLOBALDICT64K GRANT GROUP GZIP HAVING IDENTITY IGNORE ILIKE IN INITIALLY INNER INTERSECT INTERVAL INTO IS ISNULL JOIN LEADING LEFT LIKE LIMIT LOCALTIME LOCALTIMESTAMP LUN LUNS LZO LZOP MINUS MOSTLY16 MOSTLY32 MOSTLY8 NATURAL NEW NOT NOTNULL NULL NULLS OFF OFFLINE OFFSET OID OLD ON ONLY OPEN OR ORDER OUTER OVERLAPS PARALLEL PARTITION PERCENT PERMISSIONS PIVOT PLACING PRIMARY RAW READRATIO RECOVER REFERENCES REJECTLOG RESORT RESPECT RESTORE RIGHT SELECT SESSION_USER SIMILAR SNAPSHOT SOME SYSDATE SYSTEM TABLE TAG TDES TEXT255 TEXT32K THEN TIMESTAMP TO TOP TRAILING TRUE TRUNCATECOLUMNS UNION UNIQUE UNNEST UNPIVOT USER USING VERBOSE WALLET WHEN WHERE WITH WITHOUT ";

/// Folds a quoted identifier: Redshift lowers ASCII letters unless `enable_case_sensitive_identifier` is on.
pub(crate) fn fold_quoted(name: &str, case_sensitive: bool) -> String {
    if case_sensitive {
        name.to_owned()
    } else {
        name.to_ascii_lowercase()
    }
}

/// Whether an unquoted word may not be used as an identifier.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&format!(" {} ", word.to_ascii_uppercase()))
}

pub(crate) struct Cursor<'a> {
    pub text: &'a str,
    pub case_sensitive: bool,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, case_sensitive: bool) -> SqlResult<Self> {
        Ok(Self {
            text,
            case_sensitive,
            tokens: tokens(text)?,
            at: 0,
        })
    }

    pub(crate) fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// An error at the present token.
    pub(crate) fn unexpected<T>(&self) -> SqlResult<T> {
        let (near, position) = match self.tokens.get(self.at) {
            Some(token) => (&self.text[token.start..token.end], token.start + 1),
            None => ("", self.text.len() + 1),
        };
        Err(SqlError::syntax(near, position))
    }

    /// Whether the keyword `ahead` tokens on is this one.
    pub(crate) fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead).map(|token| &token.kind),
            Some(Kind::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    /// Takes the keywords, separated by blanks, if they all stand here.
    pub(crate) fn take(&mut self, words: &str) -> bool {
        let count = words.split(' ').count();
        let all = words
            .split(' ')
            .enumerate()
            .all(|(ahead, word)| self.is_word(ahead, word));
        if all {
            self.at += count;
        }
        all
    }

    pub(crate) fn expect(&mut self, words: &str) -> SqlResult<()> {
        for word in words.split(' ') {
            if !self.take(word) {
                return self.unexpected();
            }
        }
        Ok(())
    }

    pub(crate) fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Kind::Symbol(s)) if *s == symbol);
        if found {
            self.at += 1;
        }
        found
    }

    pub(crate) fn expect_symbol(&mut self, symbol: &str) -> SqlResult<()> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            self.unexpected()
        }
    }

    /// A string literal.
    pub(crate) fn string(&mut self) -> SqlResult<String> {
        match self.peek() {
            Some(Kind::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => self.unexpected(),
        }
    }

    /// A word of any kind, in upper case: an option's value.
    pub(crate) fn keyword(&mut self) -> SqlResult<String> {
        match self.peek() {
            Some(Kind::Word(word)) => {
                let word = word.to_ascii_uppercase();
                self.at += 1;
                Ok(word)
            }
            _ => self.unexpected(),
        }
    }

    /// An identifier: folded, at most 127 bytes, not reserved unless quoted.
    pub(crate) fn identifier(&mut self) -> SqlResult<String> {
        let name = match self.peek() {
            Some(Kind::Word(word)) if !is_reserved(word) => word.to_ascii_lowercase(),
            Some(Kind::Quoted(name)) => fold_quoted(name, self.case_sensitive),
            _ => return self.unexpected(),
        };
        if name.len() > IDENTIFIER_BYTES {
            return Err(SqlError::new(format!(
                "identifier \"{name}\" exceeds the maximum length of {IDENTIFIER_BYTES} bytes"
            )));
        }
        self.at += 1;
        Ok(name)
    }

    /// `[[database.]schema.]name`.
    pub(crate) fn name(&mut self) -> SqlResult<Name> {
        let mut parts = vec![self.identifier()?];
        while parts.len() < 3 && self.take_symbol(".") {
            parts.push(self.identifier()?);
        }
        let name = parts.pop().unwrap_or_default();
        let schema = parts.pop();
        Ok(Name {
            database: parts.pop(),
            schema,
            name,
        })
    }

    /// One or more, separated by commas.
    pub(crate) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> SqlResult<T>) -> SqlResult<Vec<T>> {
        let mut out = vec![one(self)?];
        while self.take_symbol(",") {
            out.push(one(self)?);
        }
        Ok(out)
    }

    /// `( a, b, … )`.
    pub(crate) fn in_parentheses<T>(
        &mut self,
        one: impl FnMut(&mut Self) -> SqlResult<T>,
    ) -> SqlResult<Vec<T>> {
        self.expect_symbol("(")?;
        let out = self.list(one)?;
        self.expect_symbol(")")?;
        Ok(out)
    }

    pub(crate) fn if_exists(&mut self) -> bool {
        self.take("IF EXISTS")
    }

    pub(crate) fn if_not_exists(&mut self) -> bool {
        self.take("IF NOT EXISTS")
    }

    /// `CASCADE` or `RESTRICT` (the default); true for CASCADE.
    pub(crate) fn cascade(&mut self) -> bool {
        if self.take("CASCADE") {
            return true;
        }
        self.take("RESTRICT");
        false
    }

    /// `YES | NO`.
    pub(crate) fn yes_or_no(&mut self) -> SqlResult<bool> {
        if self.take("YES") {
            Ok(true)
        } else if self.take("NO") {
            Ok(false)
        } else {
            self.unexpected()
        }
    }

    /// The text from here on to the end, which becomes empty for the cursor.
    pub(crate) fn rest(&mut self) -> SqlResult<String> {
        let Some(token) = self.tokens.get(self.at) else {
            return self.unexpected();
        };
        let end = self.tokens.last().map_or(token.end, |last| last.end);
        let rest = self.text[token.start..end].to_owned();
        self.at = self.tokens.len();
        Ok(rest)
    }

    /// The text from here up to a top-level occurrence of the keywords, or to the end.
    pub(crate) fn rest_before(&mut self, words: &str) -> SqlResult<String> {
        let from = self.at;
        let mut depth = 0_i32;
        while !self.at_end() {
            match self.peek() {
                Some(Kind::Symbol("(")) => depth += 1,
                Some(Kind::Symbol(")")) => depth -= 1,
                _ => {}
            }
            let here = depth == 0
                && words
                    .split(' ')
                    .enumerate()
                    .all(|(ahead, word)| self.is_word(ahead, word));
            if here {
                break;
            }
            self.at += 1;
        }
        if from == self.at {
            return self.unexpected();
        }
        Ok(self.text[self.tokens[from].start..self.tokens[self.at - 1].end].to_owned())
    }

    /// Skips one token, whatever it is.
    pub(crate) fn skip(&mut self) {
        self.at += 1;
    }

    pub(crate) fn end(&self) -> SqlResult<()> {
        if self.at_end() { Ok(()) } else { self.unexpected() }
    }
}
