//! A reader of SQL text that knows nothing of the crate and nothing of sqlparser:
//! where words, names, literals and statements end, with backslash escapes on.

/// What stands in a text, names and literals without what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Word(String),
    Name,
    Literal,
    Symbol(char),
    /// None of ours should hold one.
    Comment,
    /// None of ours should hold one.
    DollarLiteral,
    /// A name, literal or comment that never ends.
    Open,
}

/// The kinds of everything in `text`, in order.
pub(crate) fn shape(text: &str) -> Vec<Kind> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '"' => closed(Kind::Name, quoted(rest, '"', false)),
            '\'' => closed(Kind::Literal, quoted(rest, '\'', true)),
            '-' if rest.starts_with("--") => (Some(Kind::Comment), rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => closed(Kind::Comment, rest.find("*/").map(|end| end + 2)),
            '$' => dollar(rest),
            c if c.is_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
                let word = &rest[..end.unwrap_or(rest.len())];
                (Some(Kind::Word(word.to_uppercase())), word.len())
            }
            c => (Some(Kind::Symbol(c)), c.len_utf8()),
        };
        found.extend(kind);
        rest = &rest[length..];
    }
    found
}

fn closed(kind: Kind, end: Option<usize>) -> (Option<Kind>, usize) {
    match end {
        Some(end) => (Some(kind), end),
        None => (Some(Kind::Open), 1),
    }
}

/// Where a quoted text ends: a doubled quote does not end it, nor, with escapes, one behind a backslash.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return Some(at + 1);
            }
        }
    }
    None
}

fn dollar(text: &str) -> (Option<Kind>, usize) {
    let tag = text[1..].find('$').map(|end| &text[..end + 2]);
    match tag.filter(|tag| {
        tag[1..tag.len() - 1]
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_')
    }) {
        Some(tag) => match text[tag.len()..].find(tag) {
            Some(end) => (Some(Kind::DollarLiteral), end + 2 * tag.len()),
            None => (Some(Kind::Open), 1),
        },
        None => (Some(Kind::Symbol('$')), 1),
    }
}

/// How many statements there are, and the first word of each.
pub(crate) fn statements(shape: &[Kind]) -> Vec<Option<&Kind>> {
    let parts = shape.split(|kind| *kind == Kind::Symbol(';'));
    parts
        .filter(|part| !part.is_empty())
        .map(<[Kind]>::first)
        .collect()
}
