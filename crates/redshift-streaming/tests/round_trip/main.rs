//! read(render(x)) = x, and no name or literal changes how many statements a text
//! holds, or of which kind they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod generate;
mod lexer;

use generate::{Choices, HOSTILE};
use lexer::{Kind, shape, statements};
use proptest::prelude::*;
use redshift_streaming::ddl::{Identifier, Literal, QualifiedName, Statement, StreamKind, read};
use redshift_streaming::query;
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::BTreeMap;

const STATEMENTS: usize = 100_000;

/// Generated statements with their seeds; seeds that fit no legal statement are left out.
fn generated() -> impl Iterator<Item = (u64, Statement)> {
    (0..).filter_map(|seed| Some((seed, Choices::seeded(seed, true).statement()?)))
}

#[test]
fn a_hundred_thousand_statements_are_read_back_as_the_same_trees() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (seed, statement) in generated().take(STATEMENTS) {
        let sql = statement.to_string();
        match read(&sql) {
            Ok(back) => assert_eq!(back, statement, "seed {seed}: {sql}"),
            Err(error) => panic!("seed {seed}: {sql}: {error:?}"),
        }
        let kind = format!("{statement:?}")
            .split('(')
            .next()
            .unwrap_or_default()
            .to_owned();
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.values().sum::<usize>(), STATEMENTS);
    assert_eq!(kinds.len(), 15, "every statement is among them: {kinds:?}");
    assert!(kinds.values().all(|count| *count > 1_000), "{kinds:?}");
}

#[test]
fn no_name_changes_the_number_or_the_kind_of_the_statements_in_a_text() {
    let (mut compared, mut different) = (0, 0);
    for (seed, statement) in generated().take(STATEMENTS) {
        let Some(harmless) = Choices::seeded(seed, false).statement() else {
            continue;
        };
        let (sql, plain) = (statement.to_string(), harmless.to_string());
        let (found, expected) = (shape(&sql), shape(&plain));
        assert_eq!(found, expected, "seed {seed}:\n{sql}\n{plain}");
        assert_eq!(statements(&found).len(), 1, "seed {seed}: {sql}");
        assert!(!sql.contains(char::is_control), "seed {seed}: {sql:?}");
        compared += 1;
        different += usize::from(sql != plain);
    }
    assert!(
        compared > STATEMENTS * 9 / 10 && different > compared / 2,
        "{compared} {different}"
    );
}

/// What people put into names and literals, with the texts that no constructor takes.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = HOSTILE.iter().map(ToString::to_string).collect();
    for bad in ["\0", "a\0b", "\n", "'\n; DROP SCHEMA s", "\r", "\u{85}", "\u{7f}"] {
        texts.push(bad.to_owned());
    }
    for (character, bytes) in [
        ("x", 1),
        ("ä", 2),
        ("€", 3),
        ("\u{10348}", 4),
        ("'", 1),
        ("\\", 1),
        ("\"", 1),
    ] {
        texts.push(character.repeat(127 / bytes));
        texts.push(character.repeat(127 / bytes + 1));
    }
    texts
}

#[test]
fn a_literal_is_one_literal_whatever_it_says() {
    let plain = shape("SELECT 'x', 1 FROM t");
    let mut taken = 0;
    for text in hostile_texts() {
        let Ok(literal) = Literal::new(text.clone()) else {
            assert!(text.contains(char::is_control), "{text:?}");
            continue;
        };
        taken += 1;
        let sql = format!("SELECT {literal}, 1 FROM t");
        assert_eq!(shape(&sql), plain, "{sql}");
        let tokens = Tokenizer::new(&RedshiftSqlDialect {}, &sql).tokenize().unwrap();
        assert!(
            tokens.contains(&Token::SingleQuotedString(text)),
            "{sql}: {tokens:?}"
        );
    }
    assert!(taken > 40, "{taken}");
}

#[test]
fn a_name_of_127_bytes_is_taken_and_one_of_128_is_not() {
    for text in hostile_texts() {
        let legal = (1..=127).contains(&text.len()) && !text.contains(char::is_control);
        assert_eq!(Identifier::new(text.clone()).is_ok(), legal, "{text:?}");
    }
}

/// Every query of the crate about a view of this name.
fn queries(name: &Identifier) -> Vec<String> {
    let view = QualifiedName::new(name.clone()).in_schema(name.clone());
    vec![
        query::skipped(name).to_string(),
        query::scan_errors(name, 5).to_string(),
        query::scan_states(name, StreamKind::Kafka).to_string(),
        query::lag(name).to_string(),
        query::refreshes(&view, 5).to_string(),
        query::external_schema(name).to_string(),
        query::view(&view).to_string(),
        query::views(name).to_string(),
        query::definition(&view).to_string(),
        query::definitions(name).to_string(),
        query::columns(&view).to_string(),
        query::readers(&view).to_string(),
        query::all_readers(name).to_string(),
        query::landed(&view).to_string(),
    ]
}

#[test]
fn no_name_changes_what_a_query_asks() {
    let plain: Vec<Vec<Kind>> = queries(&Identifier::new("plain").unwrap())
        .iter()
        .map(|sql| shape(sql))
        .collect();
    let mut asked = 0;
    for name in hostile_texts()
        .into_iter()
        .filter_map(|text| Identifier::new(text).ok())
    {
        for (sql, expected) in queries(&name).iter().zip(&plain) {
            assert_eq!(&shape(sql), expected, "{sql}");
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
}

#[test]
fn the_lexer_of_these_tests_sees_what_would_break_out() {
    let broken = shape(r"SELECT 'a\'; DROP SCHEMA s; --'");
    assert_eq!(
        statements(&broken).len(),
        1,
        "the quote behind the backslash ends nothing: {broken:?}"
    );
    assert_eq!(
        statements(&shape(r#"DROP VIEW "a\"; DROP SCHEMA s"#)).len(),
        2,
        "in a name it does"
    );
    assert_eq!(shape("a -- b"), [Kind::Word("A".into()), Kind::Comment]);
    assert_eq!(shape("$a$ ; $a$"), [Kind::DollarLiteral]);
    assert_eq!(shape("'a"), [Kind::Open, Kind::Word("A".into())]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn reading_any_text_never_panics(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn a_statement_cut_anywhere_never_panics(seed in any::<u64>(), cut in any::<prop::sample::Index>()) {
        if let Some(statement) = Choices::seeded(seed, true).statement() {
            let sql = statement.to_string();
            let ends: Vec<usize> = sql.char_indices().map(|(at, _)| at).collect();
            let _ = read(&sql[..*cut.get(&ends)]);
        }
    }
}
