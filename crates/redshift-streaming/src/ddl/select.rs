//! Selects that users write for a streaming view, checked against what such a view may hold.
//!
//! A streaming view must be maintainable record by record, because the stream
//! forgets (Amazon Redshift developer guide, "Streaming ingestion to a
//! materialized view" and "REFRESH MATERIALIZED VIEW"). Redshift finds out at
//! `CREATE`, or later at the first refresh; this finds out before, and says where.

use super::column::current_column_name;
use super::scan::{Lexeme, Position, ScanError, on_one_line, scan};
use sqlparser::ast::{Query, Select, SelectItem, SetExpr, Statement, TableFactor};
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::parser::{Parser, ParserOptions};
use sqlparser::tokenizer::Token;
use std::collections::BTreeSet;
use std::fmt;

/// A `SELECT` over one stream that may stand in a streaming view.
///
/// ```
/// use redshift_streaming::ddl::StreamSelect;
///
/// let select = StreamSelect::new(
///     "SELECT kafka_partition, kafka_offset, JSON_PARSE(kafka_value) AS payload
///      FROM mskschema.testtopic WHERE CAN_JSON_PARSE(kafka_value)",
/// )?;
/// assert!(select.as_str().ends_with("FROM mskschema.testtopic WHERE CAN_JSON_PARSE(kafka_value)"));
///
/// let refused = StreamSelect::new("SELECT * FROM s.clicks c JOIN public.users u ON u.id = c.kafka_key");
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "a streaming view cannot hold this select: line 1, column 26: JOIN: a streaming view reads \
///      one stream; join in a view on top of it"
/// );
/// # Ok::<(), redshift_streaming::ddl::SelectRefused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSelect(String);

/// A select cannot stand in a streaming view; every reason is listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a streaming view cannot hold this select: {}", listed(.findings))]
#[non_exhaustive]
pub struct SelectRefused {
    /// What was found, by place; never empty.
    pub findings: Vec<SelectFinding>,
}

/// One thing in a select that a streaming view cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelectFinding {
    /// Where it stands.
    pub at: Position,
    /// Which rule it breaks.
    pub rule: SelectRule,
    /// The words found.
    pub found: String,
    /// What is wrong and what to do instead.
    pub advice: String,
}

/// The rules for selects of streaming views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SelectRule {
    /// The text is no SQL, or holds comments or control characters.
    Syntax,
    /// Exactly one `SELECT` and nothing else.
    OneSelect,
    /// `FROM` names one stream as `schema.stream`.
    OneStream,
    /// No joins.
    Join,
    /// No `UNION`, `INTERSECT`, `EXCEPT`, `MINUS`.
    SetOperation,
    /// No selects inside, no `WITH`.
    Subquery,
    /// No `DISTINCT`, `ORDER BY`, `LIMIT`, `TOP`, `OFFSET`, `FETCH`, `QUALIFY`, `INTO`, `PIVOT`.
    Clause,
    /// No aggregates but COUNT, SUM, MIN, MAX and AVG, and those not DISTINCT.
    Aggregate,
    /// No window functions.
    Window,
    /// No functions whose result changes from call to call.
    Volatile,
    /// No navigation into a column that the same select has just made.
    FreshAlias,
    /// Columns of Kinesis by their current names.
    OldColumnName,
}

fn listed(findings: &[SelectFinding]) -> String {
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl fmt::Display for SelectFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.at, self.found, self.advice)
    }
}

impl StreamSelect {
    /// Checks a whole select.
    ///
    /// # Errors
    /// [`SelectRefused`] lists everything that a streaming view cannot hold.
    pub fn new(text: &str) -> Result<Self, SelectRefused> {
        let lexemes = scan(text).map_err(|error| refused(syntax(error)))?;
        let line = on_one_line(text, &lexemes);
        if let Some(lexeme) = lexemes
            .iter()
            .find(|l| text[l.start..l.end].contains(char::is_control))
        {
            return Err(refused(finding(
                lexeme,
                SelectRule::Syntax,
                "a line end or another control character stands between quotes",
            )));
        }
        let mut findings = words(&lexemes);
        match parse(text) {
            Ok(query) => structure(&query, &lexemes, &mut findings),
            // What the words show is clearer than what a parser makes of it.
            Err(error) if findings.is_empty() => findings.push(error),
            Err(_) => {}
        }
        if findings.is_empty() {
            return Ok(Self(line));
        }
        findings.sort_by_key(|finding| (finding.at, finding.rule));
        Err(SelectRefused { findings })
    }

    /// The text, on one line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamSelect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn refused(finding: SelectFinding) -> SelectRefused {
    SelectRefused {
        findings: vec![finding],
    }
}

fn syntax(error: ScanError) -> SelectFinding {
    SelectFinding {
        at: error.at,
        rule: SelectRule::Syntax,
        found: "the text".into(),
        advice: error.message,
    }
}

pub(super) fn finding(lexeme: &Lexeme, rule: SelectRule, advice: impl Into<String>) -> SelectFinding {
    SelectFinding {
        at: lexeme.at,
        rule,
        found: shown(lexeme),
        advice: advice.into(),
    }
}

fn shown(lexeme: &Lexeme) -> String {
    match &lexeme.token {
        Token::Word(word) if word.quote_style.is_none() => word.value.clone(),
        Token::SemiColon => "a semicolon".into(),
        token => token.to_string(),
    }
}

/// Parses one query, keeping literals as they were written.
pub(super) fn parse(text: &str) -> Result<Query, SelectFinding> {
    let parsed = Parser::new(&RedshiftSqlDialect {})
        .with_options(ParserOptions::new().with_unescape(false))
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_statements());
    let at = Position { line: 1, column: 1 };
    let other = |rule, advice: String| SelectFinding {
        at,
        rule,
        found: "the text".into(),
        advice,
    };
    match parsed {
        Ok(mut statements) if statements.len() == 1 => match statements.remove(0) {
            Statement::Query(query) => Ok(*query),
            _ => Err(other(SelectRule::OneSelect, "is no select".into())),
        },
        Ok(statements) => {
            let advice = format!("holds {} statements where one select belongs", statements.len());
            Err(other(SelectRule::OneSelect, advice))
        }
        Err(error) => {
            let message = error.to_string();
            let (what, at) = split_position(&message);
            Err(SelectFinding {
                at: at.unwrap_or(Position { line: 1, column: 1 }),
                rule: SelectRule::Syntax,
                found: "the text".into(),
                advice: format!("is no SQL that can be read: {what}"),
            })
        }
    }
}

/// sqlparser writes `… at Line: 1, Column: 8` into its messages.
fn split_position(message: &str) -> (&str, Option<Position>) {
    let plain = message.strip_prefix("sql parser error: ").unwrap_or(message);
    let Some((what, place)) = plain.rsplit_once(" at Line: ") else {
        return (plain, None);
    };
    let read = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Position {
            line: line.parse().ok()?,
            column: column.trim().parse().ok()?,
        })
    });
    (what, read)
}

const JOIN: &str = "a streaming view reads one stream; join in a view on top of it";
const SETS: &str = "a streaming view is one select; combine in a view on top of it";
const ORDER: &str = "a streaming view has no order and no limit; put it into the query that reads the view";
const NESTED: &str = "a streaming view cannot hold a select inside its select";
const VOLATILE: &str = "its value changes from call to call, so the view could not be kept up to date record \
                        by record; use refresh_time, or compute it in a view on top";
const AGGREGATE: &str = "only COUNT, SUM, MIN, MAX and AVG can be kept up to date record by record";
const WINDOW: &str = "window functions need all rows; use them in a view on top";
const DISTINCT: &str = "DISTINCT needs all rows; use it in a view on top";
const ONE: &str = "exactly one select belongs here, and nothing behind it";

/// Words that stand for a changing value without parentheses.
const CHANGING_WORDS: &[&str] = &[
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "current_user_id",
    "localtime",
    "localtimestamp",
    "session_user",
    "sysdate",
    "user",
];
/// Functions whose value changes from call to call.
const CHANGING_FUNCTIONS: &[&str] = &[
    "current_database",
    "current_schema",
    "current_setting",
    "gen_random_uuid",
    "getdate",
    "now",
    "pg_backend_pid",
    "random",
    "statement_timestamp",
    "timeofday",
    "uuid_generate_v4",
    "version",
];
/// Aggregates that need all rows at once.
const WHOLE_AGGREGATES: &[&str] = &[
    "any_value",
    "approximate",
    "listagg",
    "median",
    "percentile_cont",
    "percentile_disc",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var_pop",
    "var_samp",
    "variance",
];

/// What can be seen from single words and their neighbours.
fn words(lexemes: &[Lexeme]) -> Vec<SelectFinding> {
    let mut findings = Vec::new();
    for (n, lexeme) in lexemes.iter().enumerate() {
        let before = n.checked_sub(1).map(|n| &lexemes[n]);
        let next = lexemes.get(n + 1);
        if lexeme.token == Token::SemiColon {
            findings.push(finding(lexeme, SelectRule::OneSelect, ONE));
        }
        let Some(word) = lexeme.bare() else { continue };
        // Behind a period a word is an attribute, behind AS a new name.
        if before.is_some_and(|b| b.token == Token::Period || b.is("as")) {
            continue;
        }
        let called = next.is_some_and(|l| l.token == Token::LParen);
        if let Some((rule, advice)) = keyword(&word, called, before, next) {
            findings.push(finding(lexeme, rule, advice));
        }
    }
    findings
}

fn keyword(
    word: &str,
    called: bool,
    before: Option<&Lexeme>,
    next: Option<&Lexeme>,
) -> Option<(SelectRule, &'static str)> {
    let after_parenthesis = |token: &Token| before.is_some_and(|b| &b.token == token);
    let found = match word {
        "join" => (SelectRule::Join, JOIN),
        "union" | "intersect" | "except" | "minus" => (SelectRule::SetOperation, SETS),
        "limit" | "offset" | "fetch" | "top" if !called => (SelectRule::Clause, ORDER),
        "order" if next.is_some_and(|l| l.is("by")) => (SelectRule::Clause, ORDER),
        "qualify" if !called => (SelectRule::Window, WINDOW),
        "over" if after_parenthesis(&Token::RParen) => (SelectRule::Window, WINDOW),
        "select" if after_parenthesis(&Token::LParen) => (SelectRule::Subquery, NESTED),
        "with" if before.is_none() => (SelectRule::Subquery, NESTED),
        "distinct" if after_parenthesis(&Token::LParen) => (SelectRule::Aggregate, DISTINCT),
        "distinct" if before.is_some_and(|b| b.is("select")) => (SelectRule::Clause, DISTINCT),
        "into" => (SelectRule::Clause, "a view makes no table; leave INTO out"),
        "pivot" | "unpivot" => (
            SelectRule::Clause,
            "use it in a view on top of the streaming view",
        ),
        _ if CHANGING_WORDS.contains(&word) => (SelectRule::Volatile, VOLATILE),
        _ if called && CHANGING_FUNCTIONS.contains(&word) => (SelectRule::Volatile, VOLATILE),
        _ if WHOLE_AGGREGATES.contains(&word) && (called || word == "approximate") => {
            (SelectRule::Aggregate, AGGREGATE)
        }
        _ => return None,
    };
    Some(found)
}

/// What only the parsed query shows: its relations and the names it makes.
fn structure(query: &Query, lexemes: &[Lexeme], findings: &mut Vec<SelectFinding>) {
    let Some(first) = lexemes.first() else { return };
    match query.body.as_ref() {
        SetExpr::Select(select) => {
            relations(select, lexemes, findings);
            let made = made_names(select);
            fresh_navigation(select, &made, lexemes, findings);
            old_columns(&made, lexemes, findings);
        }
        SetExpr::SetOperation { .. } => {}
        _ => findings.push(finding(first, SelectRule::OneSelect, ONE)),
    }
}

fn relations(select: &Select, lexemes: &[Lexeme], findings: &mut Vec<SelectFinding>) {
    let behind_from = lexemes.iter().skip_while(|l| !l.is("from")).nth(1);
    let Some(place) = behind_from.or(lexemes.first()) else {
        return;
    };
    let refuse = |advice: &str| finding(place, SelectRule::OneStream, advice);
    match select.from.as_slice() {
        [] => findings.push(refuse("a streaming view reads a stream: add FROM schema.stream")),
        [one] if !one.joins.is_empty() => {
            if !findings.iter().any(|f| f.rule == SelectRule::Join) {
                findings.push(finding(place, SelectRule::Join, JOIN));
            }
        }
        [one] => match &one.relation {
            TableFactor::Table { name, args: None, .. } if (2..=3).contains(&name.0.len()) => {}
            TableFactor::Table { args: None, .. } => {
                findings.push(refuse("write the stream with its external schema: schema.stream"))
            }
            TableFactor::Derived { .. } => {}
            _ => findings.push(refuse("only a stream of an external schema can stand here")),
        },
        [_, _, ..] => findings.push(refuse(JOIN)),
    }
}

/// The names that the select list gives with AS or without.
fn made_names(select: &Select) -> BTreeSet<String> {
    let alias = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(&alias.value, alias.quote_style)),
        _ => None,
    };
    select.projection.iter().filter_map(alias).collect()
}

/// A name as [`Lexeme::name`] has it. The parser was told to leave escapes alone,
/// so a quote in a quoted name is still doubled here.
fn folded(value: &str, quote: Option<char>) -> String {
    if quote.is_none() {
        value.to_ascii_lowercase()
    } else {
        value.replace("\"\"", "\"")
    }
}

/// `JSON_PARSE(v) AS payload, payload.id`: Redshift answers "navigation on column
/// … is not allowed as it is not SUPER type".
fn fresh_navigation(
    select: &Select,
    made: &BTreeSet<String>,
    lexemes: &[Lexeme],
    findings: &mut Vec<SelectFinding>,
) {
    let relation = relation_names(select);
    for (n, lexeme) in lexemes.iter().enumerate() {
        let navigated = lexemes
            .get(n + 1)
            .is_some_and(|l| matches!(l.token, Token::Period | Token::LBracket));
        let inner = n
            .checked_sub(1)
            .is_some_and(|n| lexemes[n].token == Token::Period);
        let Some(name) = lexeme.name().filter(|_| navigated && !inner) else {
            continue;
        };
        if made.contains(&name) && !relation.contains(&name) {
            let advice = "the same select has just made this column, and Redshift cannot navigate into it \
                          yet; extract it in a plain view on top";
            findings.push(finding(lexeme, SelectRule::FreshAlias, advice));
        }
    }
}

fn relation_names(select: &Select) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for table in &select.from {
        if let TableFactor::Table { name, alias, .. } = &table.relation {
            let parts = name.0.iter().filter_map(|part| part.as_ident());
            names.extend(parts.map(|ident| folded(&ident.value, ident.quote_style)));
            if let Some(alias) = alias {
                names.insert(folded(&alias.name.value, alias.name.quote_style));
            }
        }
    }
    names
}

fn old_columns(made: &BTreeSet<String>, lexemes: &[Lexeme], findings: &mut Vec<SelectFinding>) {
    for (n, lexeme) in lexemes.iter().enumerate() {
        let Some(name) = lexeme.name() else { continue };
        let Some(current) = current_column_name(&name) else {
            continue;
        };
        let before = n.checked_sub(1).map(|n| &lexemes[n]);
        let attribute = before.is_some_and(|b| b.token == Token::Period);
        let relation = lexemes.get(n + 1).is_some_and(|l| l.token == Token::Period);
        if !attribute && !relation && !made.contains(&name) {
            let advice = format!("is a column name of the preview: write {current}");
            findings.push(finding(lexeme, SelectRule::OldColumnName, advice));
        }
    }
}
