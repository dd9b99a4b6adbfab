//! The select of a streaming view: a landing select, or one that a user wrote.

use super::column::{ColumnNames, StreamColumn, StreamKind};
use super::ident::Identifier;
use super::landing::{Landing, Payload};
use super::scan::{Lexeme, same, scan};
use super::select::{SelectRefused, SelectRule, StreamSelect, finding, refused};
use sqlparser::tokenizer::Token;
use std::fmt;

/// What stands behind `AS` in `CREATE MATERIALIZED VIEW`.
///
/// A written select that says exactly what a [`Landing`] says becomes one, so
/// that equal texts are equal trees.
///
/// ```
/// use redshift_streaming::ddl::ViewBody;
///
/// let body = ViewBody::written("select kafka_offset, json_parse(kafka_value) as data from s.clicks")?;
/// assert!(body.landing().is_some());
/// assert_eq!(
///     body.to_string(),
///     r#"SELECT "kafka_offset", JSON_PARSE("kafka_value") AS "data" FROM "s"."clicks""#
/// );
/// # Ok::<(), redshift_streaming::ddl::SelectRefused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewBody(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Landing(Box<Landing>),
    Written(StreamSelect),
}

impl ViewBody {
    /// Checks a select that a user wrote.
    ///
    /// # Errors
    /// [`SelectRefused`] lists what a streaming view cannot hold.
    pub fn written(text: &str) -> Result<Self, SelectRefused> {
        let select = StreamSelect::new(text)?;
        let landing = scan(select.as_str())
            .ok()
            .and_then(|lexemes| recognise(&lexemes, ColumnNames::Current));
        Ok(Self(match landing {
            Some(landing) => Kind::Landing(Box::new(landing)),
            None => Kind::Written(select),
        }))
    }

    /// Reads the select of a view that exists: also one with the column names of the
    /// preview, which no select written today should use.
    pub(super) fn existing(text: &str) -> Result<Self, SelectRefused> {
        let preview = scan(text)
            .ok()
            .and_then(|lexemes| recognise(&lexemes, ColumnNames::Preview));
        match preview {
            Some(landing) => Ok(landing.into()),
            None => Self::written(text),
        }
    }

    /// Checks a select list that a user wrote, and reads it from `schema.stream`.
    ///
    /// ```
    /// use redshift_streaming::ddl::{Identifier, ViewBody};
    /// let body = ViewBody::projection(
    ///     &Identifier::new("s")?,
    ///     &Identifier::new("clicks")?,
    ///     "kafka_offset, LEN(kafka_value) AS size",
    /// )?;
    /// assert_eq!(
    ///     body.to_string(),
    ///     r#"SELECT kafka_offset, LEN(kafka_value) AS size FROM "s"."clicks""#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SelectRefused`] lists what a streaming view cannot hold, a `FROM` of the
    /// user's own among it; positions count from `SELECT `, which is put in front.
    pub fn projection(schema: &Identifier, stream: &Identifier, list: &str) -> Result<Self, SelectRefused> {
        let text = format!("SELECT {list} FROM {schema}.{stream}");
        if let Ok(lexemes) = scan(&text) {
            let mut from = lexemes.iter().filter(|l| l.is("from"));
            if let (Some(first), Some(_)) = (from.next(), from.next()) {
                let advice = "a select list names no relation: leave FROM and what follows out";
                return Err(refused(finding(first, SelectRule::OneStream, advice)));
            }
        }
        Self::written(&text)
    }

    /// The landing select, if it is one.
    #[must_use]
    pub fn landing(&self) -> Option<&Landing> {
        match &self.0 {
            Kind::Landing(landing) => Some(landing),
            Kind::Written(_) => None,
        }
    }

    /// The select that a user wrote, if it is one.
    #[must_use]
    pub fn select(&self) -> Option<&StreamSelect> {
        match &self.0 {
            Kind::Landing(_) => None,
            Kind::Written(select) => Some(select),
        }
    }

    /// The external schema and the stream that it reads.
    ///
    /// ```
    /// use redshift_streaming::ddl::ViewBody;
    /// let body = ViewBody::written("SELECT COUNT(*) AS n FROM Ext.\"Clicks\" WHERE kafka_partition = 1")?;
    /// assert_eq!(body.reads(), Some(("ext".to_owned(), "Clicks".to_owned())));
    /// # Ok::<(), redshift_streaming::ddl::SelectRefused>(())
    /// ```
    #[must_use]
    pub fn reads(&self) -> Option<(String, String)> {
        let lexemes = scan(&self.to_string()).ok()?;
        let from = lexemes.iter().position(|lexeme| lexeme.is("from"))?;
        match lexemes.get(from + 1..from + 4)? {
            [schema, dot, stream] if dot.token == Token::Period => Some((schema.name()?, stream.name()?)),
            _ => None,
        }
    }

    /// Whether a name in it has capitals between quotes, or is a topic with capitals.
    #[must_use]
    pub fn needs_case_sensitivity(&self) -> bool {
        let capitals = |lexeme: &Lexeme| {
            lexeme
                .name()
                .is_some_and(|n| n.bytes().any(|b| b.is_ascii_uppercase()))
        };
        scan(&self.to_string()).is_ok_and(|lexemes| lexemes.iter().any(capitals))
    }

    /// Whether two bodies say the same, whatever their case, quotes and spacing.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        match (scan(&self.to_string()), scan(&other.to_string())) {
            (Ok(one), Ok(two)) => same(&one, &two),
            _ => false,
        }
    }
}

impl From<Landing> for ViewBody {
    fn from(landing: Landing) -> Self {
        Self(Kind::Landing(Box::new(landing)))
    }
}

impl fmt::Display for ViewBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Landing(landing) => landing.fmt(f),
            Kind::Written(select) => select.fmt(f),
        }
    }
}

/// Finds the landing select that would render to these lexemes.
fn recognise(lexemes: &[Lexeme], names: ColumnNames) -> Option<Landing> {
    let (select, rest) = lexemes.split_first()?;
    let from = rest.iter().position(|l| l.is("from"))?;
    let (list, behind) = (&rest[..from], &rest[from + 1..]);
    let [schema, dot, stream] = behind else {
        return None;
    };
    if !select.is("select") || dot.token != Token::Period {
        return None;
    }
    let schema = Identifier::new(schema.name()?).ok()?;
    let stream = Identifier::new(stream.name()?).ok()?;
    let items = split_items(list);
    let kinds = match names {
        ColumnNames::Current => &[StreamKind::Kafka, StreamKind::Kinesis][..],
        ColumnNames::Preview => &[StreamKind::Kinesis],
    };
    kinds.iter().find_map(|kind| {
        let plain = Landing::of(*kind, schema.clone(), stream.clone()).written_as(names);
        recognise_items(plain, &items, lexemes)
    })
}

/// `plain` with the columns and the form of the payload that `items` have.
fn recognise_items(plain: Landing, items: &[&[Lexeme]], lexemes: &[Lexeme]) -> Option<Landing> {
    let column = |item: &&[Lexeme]| {
        let name = match item {
            [one] => one.name()?,
            _ => return None,
        };
        let written = |c: &StreamColumn| plain.names().of(*c).is_some_and(|n| n.as_str() == name);
        plain.kind().columns().iter().copied().find(written)
    };
    let before: Vec<_> = items.iter().map_while(column).collect();
    let payload_items = items[before.len()..]
        .iter()
        .take_while(|i| column(i).is_none())
        .count();
    let tail = &items[before.len() + payload_items..];
    let after: Vec<_> = tail.iter().filter_map(column).collect();
    if after.len() != tail.len() {
        return None;
    }
    let names: Vec<Identifier> = items[before.len()..][..payload_items]
        .iter()
        .filter_map(|item| Identifier::new(item.last()?.name()?).ok())
        .collect();
    candidates(&plain, &names)
        .into_iter()
        .filter_map(|landing| landing.with_columns(before.clone(), after.clone()).ok())
        .find(|landing| scan(&landing.to_string()).is_ok_and(|rendered| same(&rendered, lexemes)))
}

/// The payload forms that have as many columns as there are names.
fn candidates(landing: &Landing, names: &[Identifier]) -> Vec<Landing> {
    let named = |payload, name, raw| landing.clone().named(payload, name, raw);
    match names {
        [name] => [Payload::JsonUnguarded, Payload::Raw, Payload::Text]
            .into_iter()
            .map(|payload| named(payload, name, None))
            .collect(),
        [name, raw] => vec![named(Payload::Json, name, Some(raw))],
        _ => Vec::new(),
    }
}

/// The items of a select list: split at the commas outside parentheses.
fn split_items(list: &[Lexeme]) -> Vec<&[Lexeme]> {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (n, lexeme) in list.iter().enumerate() {
        match lexeme.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 => {
                items.push(&list[start..n]);
                start = n + 1;
            }
            _ => {}
        }
    }
    items.push(&list[start..]);
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use xacct_types::TopicName;

    #[test]
    fn every_landing_select_is_recognised_from_its_own_text() {
        for payload in [Payload::Json, Payload::JsonUnguarded, Payload::Raw, Payload::Text] {
            let topic = TopicName::new("Click.Stream-1").unwrap();
            let landing = Landing::kafka(Identifier::new("s").unwrap(), &topic).with_payload(payload);
            let body = ViewBody::written(&landing.to_string()).unwrap();
            assert_eq!(body.landing(), Some(&landing), "{payload:?}");
            assert!(body.needs_case_sensitivity());
        }
    }

    #[test]
    fn a_select_with_a_filter_is_no_landing_select() {
        let body = ViewBody::written("select kafka_value as raw from s.t where kafka_partition = 1").unwrap();
        assert!(body.landing().is_none());
        assert!(!body.needs_case_sensitivity());
    }

    #[test]
    fn a_select_list_cannot_bring_its_own_from() {
        let (s, t) = (Identifier::new("s").unwrap(), Identifier::new("t").unwrap());
        let refusal = ViewBody::projection(&s, &t, "a FROM other.topic WHERE 1 IN (1) --").unwrap_err();
        assert!(
            refusal.to_string().contains("comments are not taken"),
            "{refusal}"
        );
        let refusal = ViewBody::projection(&s, &t, "a FROM other.topic b, (select 1").unwrap_err();
        assert!(refusal.to_string().contains("names no relation"), "{refusal}");
    }
}
