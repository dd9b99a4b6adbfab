//! What a streaming view cannot hold, one select a rule, with place and advice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use redshift_streaming::ddl::{SelectRule, StreamSelect};

fn refusal(select: &str) -> String {
    StreamSelect::new(select).unwrap_err().to_string()
}

fn rules(select: &str) -> Vec<SelectRule> {
    let refused = StreamSelect::new(select).unwrap_err();
    refused.findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn selects_that_redshift_documents_are_taken() {
    for select in [
        "SELECT * FROM s.t",
        "SELECT *, JSON_PARSE(kafka_value) AS payload FROM s.t WHERE CAN_JSON_PARSE(kafka_value)",
        "SELECT kafka_partition, COUNT(*), MAX(kafka_offset) FROM s.t GROUP BY kafka_partition",
        "SELECT t.kafka_offset, t.kafka_headers.trace FROM s.t",
        "select json_extract_path_text(from_varbyte(kinesis_data, 'utf-8'), 'id')::character(36) as id from s.\"a-b\"",
        "SELECT kafka_value AS \"limit\", kafka_key \"order\" FROM s.t x WHERE x.kafka_partition IN (1, 2)",
        "SELECT payload FROM s.payload",
        "SELECT kafka_key AS \"\"\"\" FROM \"\"\"\"\"\".t",
    ] {
        assert!(StreamSelect::new(select).is_ok(), "{select}: {}", refusal(select));
    }
}

#[test]
fn each_rule_is_found_alone() {
    use SelectRule as R;
    for (select, rule) in [
        ("SELECT * FROM s.t, s.u", R::OneStream),
        ("SELECT * FROM t", R::OneStream),
        ("SELECT 1", R::OneStream),
        ("SELECT * FROM s.t NATURAL JOIN s.u", R::Join),
        ("SELECT * FROM s.t UNION ALL SELECT * FROM s.u", R::SetOperation),
        ("SELECT * FROM s.t MINUS SELECT * FROM s.u", R::SetOperation),
        ("WITH a AS (VALUES (1)) SELECT * FROM s.t", R::Subquery),
        (
            "SELECT * FROM s.t WHERE kafka_offset IN (SELECT o FROM s.u)",
            R::Subquery,
        ),
        ("SELECT * FROM s.t ORDER BY 1", R::Clause),
        ("SELECT * FROM s.t LIMIT 5", R::Clause),
        ("SELECT DISTINCT kafka_key FROM s.t", R::Clause),
        ("SELECT TOP 5 * FROM s.t", R::Clause),
        ("SELECT COUNT(DISTINCT kafka_key) FROM s.t", R::Aggregate),
        ("SELECT LISTAGG(kafka_key, ',') FROM s.t", R::Aggregate),
        ("SELECT MEDIAN(kafka_offset) FROM s.t", R::Aggregate),
        (
            "SELECT ROW_NUMBER() OVER (PARTITION BY kafka_partition) FROM s.t",
            R::Window,
        ),
        ("SELECT GETDATE() FROM s.t", R::Volatile),
        ("SELECT sysdate FROM s.t", R::Volatile),
        ("SELECT RANDOM() FROM s.t", R::Volatile),
        ("SELECT current_user FROM s.t", R::Volatile),
        (
            "SELECT JSON_PARSE(kafka_value) AS p, p.id FROM s.t",
            R::FreshAlias,
        ),
        ("SELECT JSON_PARSE(kafka_value) p, p[0] FROM s.t", R::FreshAlias),
        ("SELECT shardid FROM s.t", R::OldColumnName),
        ("SELECT 1 AS a /* b */ FROM s.t", R::Syntax),
        ("SELECT FROM WHERE", R::Syntax),
        ("SELECT 'a\nb' FROM s.t", R::Syntax),
        ("SELECT * FROM s.t;", R::OneSelect),
        ("DELETE FROM s.t", R::OneSelect),
    ] {
        assert_eq!(rules(select), [rule], "{select}: {}", refusal(select));
    }
}

#[test]
fn the_place_is_that_of_the_word() {
    insta::assert_snapshot!(
        refusal("SELECT kafka_offset,\n  JSON_PARSE(kafka_value) AS payload,\n  payload.id\nFROM s.t"),
        @"a streaming view cannot hold this select: line 3, column 3: payload: the same select has just made this column, and Redshift cannot navigate into it yet; extract it in a plain view on top"
    );
    insta::assert_snapshot!(
        refusal("SELECT now() FROM s.t LIMIT 3"),
        @"a streaming view cannot hold this select: line 1, column 8: now: its value changes from call to call, so the view could not be kept up to date record by record; use refresh_time, or compute it in a view on top; line 1, column 23: LIMIT: a streaming view has no order and no limit; put it into the query that reads the view"
    );
    insta::assert_snapshot!(
        refusal("SELECT sequencenumber FROM s.t"),
        @"a streaming view cannot hold this select: line 1, column 8: sequencenumber: is a column name of the preview: write sequence_number"
    );
}

#[test]
fn a_second_statement_is_refused_where_it_begins() {
    let text = refusal("SELECT * FROM s.t; DROP SCHEMA s");
    assert!(text.contains("line 1, column 18: a semicolon"), "{text}");
}

#[test]
fn words_between_quotes_break_no_rule() {
    assert!(StreamSelect::new("SELECT 'select now() order by 1; -- x' AS \"join\" FROM s.t").is_ok());
}
