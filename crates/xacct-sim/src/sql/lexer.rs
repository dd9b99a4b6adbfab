//! Tokens of a statement, with their place in the text.
//!
//! Redshift's rules: `"…"` is an identifier (doubled quotes inside, a backslash means nothing), `'…'` a string in
//! which a backslash escapes the next character, `--` and nested `/* */` are comments, `$$…$$` quotes a body.
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_names.html>,
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_QUOTE_LITERAL.html>

use super::error::{SqlError, SqlResult};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An unquoted word, in the case it was written.
    Word(String),
    /// A quoted identifier, unescaped.
    Quoted(String),
    /// A string literal, unescaped.
    Text(String),
    /// A number, as written.
    Number(String),
    /// Any other character, and `::` as one.
    Symbol(&'static str),
    /// A character that no statement of ours uses.
    Other(char),
    /// `:name`, a parameter of the Data API.
    Parameter(String),
}

/// A token and the bytes of the text that it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

const SYMBOLS: [&str; 22] = [
    "::", "(", ")", ",", ".", ";", "=", "*", "[", "]", "+", "-", "/", "<", ">", "|", "%", ":", "!", "&", "@",
    "~",
];

/// Splits a text into tokens; white space and comments are left out.
///
/// # Errors
/// An unfinished string, identifier or comment.
pub(crate) fn tokens(text: &str) -> SqlResult<Vec<Token>> {
    Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
    }
    .run()
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Lexer<'_> {
    fn run(mut self) -> SqlResult<Vec<Token>> {
        let mut out: Vec<Token> = Vec::new();
        loop {
            self.skip_blank()?;
            let start = self.at;
            let Some(next) = self.text[start..].chars().next() else {
                return Ok(out);
            };
            let kind = match next {
                '"' => Kind::Quoted(self.quoted()?),
                '\'' => Kind::Text(self.string()?),
                '$' if self.text[start..].starts_with("$$") => Kind::Text(self.dollars()?),
                '0'..='9' => Kind::Number(self.number()),
                ':' if self.is_parameter(out.last()) => {
                    self.at += 1;
                    Kind::Parameter(self.word())
                }
                c if is_word_start(c) => Kind::Word(self.word()),
                c => self.symbol(c),
            };
            out.push(Token {
                kind,
                start,
                end: self.at,
            });
        }
    }

    fn skip_blank(&mut self) -> SqlResult<()> {
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with("--") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.skip_block_comment()?;
            } else {
                match rest.chars().next() {
                    Some(c) if c.is_whitespace() => self.at += c.len_utf8(),
                    _ => return Ok(()),
                }
            }
        }
    }

    fn skip_block_comment(&mut self) -> SqlResult<()> {
        let start = self.at;
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            if self.bytes[self.at..].starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if self.bytes[self.at..].starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else {
                self.at += 1;
            }
        }
        Err(SqlError::new("unterminated /* comment").at(start + 1))
    }

    fn quoted(&mut self) -> SqlResult<String> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.text[start + 1..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != '"' {
                out.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == '"') {
                out.push('"');
                chars.next();
            } else {
                self.at = start + 1 + at + 1;
                if out.is_empty() {
                    return Err(
                        SqlError::new("zero-length delimited identifier at or near \"\"\"\"").at(start + 1),
                    );
                }
                return Ok(out);
            }
        }
        Err(SqlError::new("unterminated quoted identifier").at(start + 1))
    }

    fn string(&mut self) -> SqlResult<String> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.text[start + 1..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, other)) => out.push(other),
                    None => break,
                },
                '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                    out.push('\'');
                    chars.next();
                }
                '\'' => {
                    self.at = start + 1 + at + 1;
                    return Ok(out);
                }
                other => out.push(other),
            }
        }
        Err(SqlError::new("unterminated quoted string").at(start + 1))
    }

    fn dollars(&mut self) -> SqlResult<String> {
        let start = self.at + 2;
        let Some(length) = self.text[start..].find("$$") else {
            return Err(SqlError::new("unterminated dollar-quoted string").at(start - 1));
        };
        self.at = start + length + 2;
        Ok(self.text[start..start + length].to_owned())
    }

    fn number(&mut self) -> String {
        let start = self.at;
        let mut dotted = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'0'..=b'9' => {}
                b'.' if !dotted => dotted = true,
                b'e' | b'E' if matches!(self.bytes.get(self.at + 1), Some(b'0'..=b'9')) => {}
                _ => break,
            }
            self.at += 1;
        }
        self.text[start..self.at].to_owned()
    }

    /// A parameter is a colon directly before a word and not directly after something that a cast or a path could follow.
    fn is_parameter(&self, before: Option<&Token>) -> bool {
        let follows_colon =
            before.is_some_and(|token| token.end == self.at && token.kind == Kind::Symbol(":"));
        let next = self.text[self.at + 1..].chars().next();
        !follows_colon && next.is_some_and(is_word_start)
    }

    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !is_word_part(c)).unwrap_or(rest.len());
        self.at += length;
        rest[..length].to_owned()
    }

    fn symbol(&mut self, first: char) -> Kind {
        let rest = &self.text[self.at..];
        match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => {
                self.at += symbol.len();
                Kind::Symbol(symbol)
            }
            None => {
                self.at += first.len_utf8();
                Kind::Other(first)
            }
        }
    }
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '#' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '#') || !c.is_ascii()
}

/// Cuts a text at its semicolons; empty statements are dropped.
///
/// # Errors
/// As [`tokens`].
pub(crate) fn split(text: &str) -> SqlResult<Vec<&str>> {
    let mut out = Vec::new();
    let mut start: Option<usize> = None;
    let mut end = 0;
    for token in tokens(text)? {
        if token.kind == Kind::Symbol(";") {
            if let Some(from) = start.take() {
                out.push(&text[from..end]);
            }
        } else {
            start.get_or_insert(token.start);
            end = token.end;
        }
    }
    if let Some(from) = start {
        out.push(&text[from..end]);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text)
            .expect("tokens")
            .into_iter()
            .map(|token| token.kind)
            .collect()
    }

    #[test]
    fn a_semicolon_in_a_string_an_identifier_or_a_comment_does_not_end_a_statement() {
        let text = "select 'a;b', \"c;d\" -- e;f\n /* g;/*h;*/i */ ; select 2;;";
        assert_eq!(split(text).expect("split"), ["select 'a;b', \"c;d\"", "select 2"]);
    }

    #[test]
    fn a_backslash_escapes_in_strings_but_not_in_identifiers() {
        assert_eq!(
            kinds(r#"'a\'b' "c\" 'd''e'"#),
            [
                Kind::Text("a'b".into()),
                Kind::Quoted("c\\".into()),
                Kind::Text("d'e".into())
            ]
        );
    }

    #[test]
    fn a_parameter_is_told_from_a_cast() {
        assert_eq!(
            kinds("a::int = :x"),
            [
                Kind::Word("a".into()),
                Kind::Symbol("::"),
                Kind::Word("int".into()),
                Kind::Symbol("="),
                Kind::Parameter("x".into())
            ]
        );
    }

    #[test]
    fn an_unfinished_string_is_an_error_with_its_position() {
        let error = tokens("select 'abc").expect_err("unfinished");
        assert_eq!(error.message, "ERROR: unterminated quoted string\n  Position: 8");
    }
}
