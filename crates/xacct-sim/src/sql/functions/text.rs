//! Text.

use rusqlite::functions::Context;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use super::{add_strict, boolean, fail, integer_of, text_of};

pub(super) fn install(connection: &Connection) -> Result<()> {
    simple(connection)?;
    slices(connection)?;
    add_strict(connection, "rs_like", 4, |context| {
        let (mut value, mut pattern) = (text_of(context, 0)?, text_of(context, 1)?);
        let escape = text_of(context, 2)?.chars().next();
        if integer_of(context, 3)? != 0 {
            (value, pattern) = (value.to_lowercase(), pattern.to_lowercase());
        }
        let value: Vec<char> = value.chars().collect();
        Ok(boolean(like(&value, &pattern_of(&pattern, escape))))
    })
}

fn simple(connection: &Connection) -> Result<()> {
    let one = |name: &str, function: fn(&str) -> String| {
        add_strict(connection, name, 1, move |context| {
            Ok(Value::Text(function(&text_of(context, 0)?)))
        })
    };
    one("rs_lower", |text| text.to_lowercase())?;
    one("rs_upper", |text| text.to_uppercase())?;
    one("rs_reverse", |text| text.chars().rev().collect())?;
    one("rs_initcap", initcap)?;
    one("rs_quote_ident", |text| {
        format!("\"{}\"", text.replace('"', "\"\""))
    })?;
    one("rs_quote_literal", |text| {
        format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    })?;
    one("rs_last_part", |text| {
        text.rsplit('.')
            .next()
            .unwrap_or(text)
            .trim_matches('"')
            .to_owned()
    })?;
    add_strict(connection, "rs_chr", 1, |context| {
        let code = u32::try_from(integer_of(context, 0)?)
            .ok()
            .and_then(char::from_u32);
        Ok(code.map_or(Value::Null, |c| Value::Text(c.to_string())))
    })?;
    add_strict(connection, "rs_repeat", 2, |context| {
        let count = usize::try_from(integer_of(context, 1)?).unwrap_or(0);
        let text = text_of(context, 0)?;
        if text.len().saturating_mul(count) > 16_000_000 {
            return fail("result of repeat is too large");
        }
        Ok(Value::Text(text.repeat(count)))
    })?;
    add_strict(connection, "rs_split_part", 3, |context| {
        let (text, by) = (text_of(context, 0)?, text_of(context, 1)?);
        let at = usize::try_from(integer_of(context, 2)?).unwrap_or(0);
        if at == 0 {
            return fail("field position must be greater than zero");
        }
        Ok(Value::Text(
            text.split(by.as_str()).nth(at - 1).unwrap_or_default().to_owned(),
        ))
    })?;
    add_strict(connection, "rs_translate", 3, |context| {
        let from: Vec<char> = text_of(context, 1)?.chars().collect();
        let to: Vec<char> = text_of(context, 2)?.chars().collect();
        let out = text_of(context, 0)?
            .chars()
            .filter_map(|c| match from.iter().position(|f| *f == c) {
                Some(at) => to.get(at).copied(),
                None => Some(c),
            })
            .collect();
        Ok(Value::Text(out))
    })
}

fn initcap(text: &str) -> String {
    let mut first = true;
    text.chars()
        .map(|c| {
            let out = if first {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            };
            first = !c.is_alphanumeric();
            out
        })
        .collect()
}

fn slices(connection: &Connection) -> Result<()> {
    add_strict(connection, "rs_substring", -1, |context| {
        let start = integer_of(context, 1)?;
        let length = if context.len() > 2 {
            integer_of(context, 2)?
        } else {
            i64::MAX
        };
        if length < 0 {
            return fail("negative substring length not allowed");
        }
        // Positions before 1 eat up the length.
        let end = start.saturating_add(length);
        cut(context, start.max(1) - 1, end.max(1) - 1)
    })?;
    add_strict(connection, "rs_left", 2, |context| {
        let count = integer_of(context, 1)?;
        cut(context, 0, count.max(0))
    })?;
    add_strict(connection, "rs_right", 2, |context| {
        let length = match context.get_raw(0) {
            ValueRef::Blob(bytes) => bytes.len(),
            _ => text_of(context, 0)?.chars().count(),
        } as i64;
        let count = integer_of(context, 1)?.max(0);
        cut(context, (length - count).max(0), length)
    })?;
    for (name, left) in [("rs_lpad", true), ("rs_rpad", false)] {
        add_strict(connection, name, -1, move |context| {
            let text: Vec<char> = text_of(context, 0)?.chars().collect();
            let width = usize::try_from(integer_of(context, 1)?).unwrap_or(0);
            let fill = if context.len() > 2 {
                text_of(context, 2)?
            } else {
                " ".to_owned()
            };
            let missing = width.saturating_sub(text.len());
            let padding: String = fill
                .chars()
                .cycle()
                .take(if fill.is_empty() { 0 } else { missing })
                .collect();
            let kept: String = text.iter().take(width).collect();
            Ok(Value::Text(if left {
                format!("{padding}{kept}")
            } else {
                format!("{kept}{padding}")
            }))
        })?;
    }
    Ok(())
}

/// Characters (of a blob: bytes) from `start` to before `end`, counted from 0.
fn cut(context: &Context<'_>, start: i64, end: i64) -> Result<Value> {
    let start = usize::try_from(start).unwrap_or(0);
    let count = usize::try_from(end).unwrap_or(0).saturating_sub(start);
    Ok(match context.get_raw(0) {
        ValueRef::Blob(bytes) => Value::Blob(bytes.iter().skip(start).take(count).copied().collect()),
        _ => Value::Text(text_of(context, 0)?.chars().skip(start).take(count).collect()),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Any,
    One,
    Char(char),
}

fn pattern_of(pattern: &str, escape: Option<char>) -> Vec<Match> {
    let mut out = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            c if Some(c) == escape => Match::Char(chars.next().unwrap_or(c)),
            '%' => Match::Any,
            '_' => Match::One,
            c => Match::Char(c),
        });
    }
    out
}

/// Matches with one point of return, so that it takes no more than length times length steps.
fn like(value: &[char], pattern: &[Match]) -> bool {
    let (mut v, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some(Match::Any) => {
                back = Some((p, v));
                p += 1;
            }
            Some(Match::One) => (v, p) = (v + 1, p + 1),
            Some(Match::Char(c)) if *c == value[v] => (v, p) = (v + 1, p + 1),
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (v, p) = (from + 1, star + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|part| *part == Match::Any)
}

#[cfg(test)]
mod tests {
    use super::{like, pattern_of};

    #[test]
    fn like_matches_as_redshift_does() {
        let matches = |value: &str, pattern: &str| {
            like(
                &value.chars().collect::<Vec<_>>(),
                &pattern_of(pattern, Some('\\')),
            )
        };
        assert!(matches("kafka_value", "kafka%"));
        assert!(matches("abcabd", "%ab_"));
        assert!(!matches("abc", "ab"));
        assert!(matches("a%b", "a\\%b"));
        assert!(!matches("axb", "a\\%b"));
        assert!(matches("", "%"));
    }
}
