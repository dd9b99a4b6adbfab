//! Refreshes: what arrives from a stream, and what keeps it out.

use super::*;
use crate::sql::options::{ConnectsAt, DuplicateKeys, GuardedParse};

const UNGUARDED: &str = "CREATE MATERIALIZED VIEW MyView1 AUTO REFRESH YES AS SELECT \"kafka_partition\", \"kafka_offset\", \"kafka_timestamp_type\", \"kafka_timestamp\", \"kafka_key\", JSON_PARSE(\"kafka_value\") as Data, \"kafka_headers\" FROM ext.topic";

#[test]
fn the_tutorials_statements_run() {
    let mut desk = Desk::new();
    desk.topic.partitions[1].push(b"{\"a\":1}".to_vec());
    desk.ok(SCHEMA);
    desk.ok(UNGUARDED);
    assert_eq!(desk.one("select count(*) from MyView1"), "0");
    desk.ok("REFRESH MATERIALIZED VIEW MyView1");
    assert_eq!(desk.one("select count(*) from MyView1"), "1");
    assert_eq!(desk.one("select data.a from myview1"), "1");
}

#[test]
fn each_record_is_read_exactly_once() {
    let mut desk = Desk::with_view(&["1", "2", "3"]);
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    desk.topic.partitions[0].push(b"4".to_vec());
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    assert_eq!(
        desk.rows("SELECT payload FROM clicks ORDER BY payload"),
        ["1", "2", "3", "4"]
    );
    assert_eq!(
        desk.rows("SELECT status FROM sys_mv_refresh_history ORDER BY start_time")
            .len(),
        4
    );
    assert!(
        desk.rows("SELECT status FROM sys_mv_refresh_history")[3].contains("Stream returned no new data")
    );
}

#[test]
fn a_record_that_is_not_json_blocks_the_unguarded_view_and_not_the_guarded_one() {
    let mut desk = Desk::with_view(&["{}", "not json"]);
    assert_eq!(desk.one("SELECT count(payload), count(raw) FROM clicks"), "1|1");
    desk.ok(UNGUARDED);
    assert!(
        desk.refused("REFRESH MATERIALIZED VIEW myview1")
            .contains("JSON parsing error")
    );
    assert!(
        desk.refused("REFRESH MATERIALIZED VIEW myview1")
            .contains("JSON parsing error")
    );
    assert_eq!(desk.one("SELECT count(*) FROM myview1"), "0");
    assert!(
        desk.rows("SELECT status FROM sys_mv_refresh_history WHERE mv_name = 'myview1'")[0]
            .starts_with("Refresh failed.")
    );
}

#[test]
fn a_filter_skips_what_is_not_json() {
    let mut desk = Desk::with_view(&["{}", "not json"]);
    desk.ok("CREATE MATERIALIZED VIEW v AS SELECT kafka_offset, JSON_PARSE(kafka_value) AS payload FROM ext.topic WHERE CAN_JSON_PARSE(kafka_value)");
    desk.ok("REFRESH MATERIALIZED VIEW v");
    assert_eq!(desk.one("SELECT count(*) FROM v"), "1");
}

#[test]
fn oversized_records_are_skipped_and_written_down_once() {
    let mut desk = Desk::with_view(&[]);
    desk.switches.largest_record = 10;
    desk.topic.partitions[0] = vec![
        b"{\"a\":1}".to_vec(),
        b"{\"a\":\"very long\"}".to_vec(),
        b"{}".to_vec(),
    ];
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    assert_eq!(desk.one("SELECT count(*) FROM clicks"), "2");
    assert_eq!(desk.one("SELECT trim(mv_name), trim(partition_id), trim(position), stream_timestamp_type FROM sys_stream_scan_errors"), "clicks|0|1|C");
    assert_eq!(
        desk.one("SELECT scanned_rows, skipped_rows, trim(latest_position) FROM sys_stream_scan_states"),
        "3|1|2"
    );
    assert!(
        desk.rows("SELECT status FROM sys_mv_refresh_history ORDER BY start_time")[1]
            .contains("Some stream records were skipped")
    );
}

#[test]
fn duplicate_keys_follow_their_switch() {
    let text = r#"{"a":1,"a":2}"#;
    let with = |keys: DuplicateKeys| {
        let mut desk = Desk::with_view(&[]);
        desk.switches.duplicate_keys = keys;
        desk.topic.partitions[0].push(text.as_bytes().to_vec());
        desk.run("REFRESH MATERIALIZED VIEW clicks")
            .map(|_| desk.one("SELECT payload, raw IS NULL FROM clicks"))
    };
    assert_eq!(with(DuplicateKeys::Refused), Ok("∅|false".into()));
    assert_eq!(with(DuplicateKeys::LastWins), Ok("{\"a\":2}|true".into()));
    assert!(with(DuplicateKeys::PassGuardThenFail).is_err());
}

#[test]
fn the_guard_follows_its_switch() {
    let mut desk = Desk::with_view(&[]);
    desk.switches.guarded_parse = GuardedParse::Eager;
    desk.topic.partitions[0].push(b"broken".to_vec());
    assert!(
        desk.refused("REFRESH MATERIALIZED VIEW clicks")
            .contains("JSON parsing error")
    );
    desk.switches.guarded_parse = GuardedParse::Refused;
    desk.ok("DROP MATERIALIZED VIEW clicks");
    assert!(
        desk.refused(GUARDED)
            .contains("CASE over JSON_PARSE is not supported")
    );
}

#[test]
fn a_broken_way_fails_the_statement_that_connects() {
    let mut desk = Desk::new();
    desk.topic.broken = Some(failure("Not authorized"));
    desk.ok(SCHEMA);
    assert_eq!(desk.refused(GUARDED), "ERROR: Not authorized");
    desk.switches.connects_at = ConnectsAt::Refresh;
    desk.ok(GUARDED);
    assert_eq!(
        desk.refused("REFRESH MATERIALIZED VIEW clicks"),
        "ERROR: Not authorized"
    );
    desk.switches.connects_at = ConnectsAt::CreateSchema;
    assert_eq!(
        desk.refused(&SCHEMA.replace("\"ext\"", "\"more\"")),
        "ERROR: Not authorized"
    );
    desk.topic.broken = None;
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
}

#[test]
fn forbidden_constructs_are_refused_in_a_streaming_view() {
    let mut desk = Desk::with_view(&[]);
    let bodies = [
        "SELECT a.kafka_offset FROM ext.topic a JOIN ext.topic b ON true",
        "SELECT a.kafka_offset FROM ext.topic a, clicks b",
        "SELECT kafka_offset FROM ext.topic UNION ALL SELECT kafka_offset FROM ext.topic",
        "SELECT DISTINCT kafka_offset FROM ext.topic",
        "SELECT kafka_offset, getdate() AS t FROM ext.topic",
        "SELECT kafka_offset, row_number() OVER (ORDER BY kafka_offset) AS r FROM ext.topic",
        "SELECT kafka_offset FROM ext.topic ORDER BY 1",
        "SELECT kafka_offset FROM ext.topic LIMIT 1",
        "SELECT kafka_offset FROM (SELECT * FROM ext.topic)",
        "SELECT kafka_offset FROM ext.topic WHERE kafka_offset IN (SELECT 1)",
        "SELECT count(DISTINCT kafka_offset) AS n FROM ext.topic",
        "SELECT kafka_value, count(*) AS n FROM ext.topic GROUP BY 1",
        "WITH x AS (SELECT 1) SELECT kafka_offset FROM ext.topic",
    ];
    for body in bodies {
        let error = desk.refused(&format!("CREATE MATERIALIZED VIEW v AS {body}"));
        assert!(
            error.contains("not supported in the definition of a materialized view"),
            "{body}\n{error}"
        );
    }
    assert_eq!(
        desk.refused("CREATE MATERIALIZED VIEW v AS SELECT JSON_PARSE(kafka_value) AS payload, payload.name AS n FROM ext.topic"),
        "ERROR: navigation on column \"payload\" is not allowed as it is not SUPER type"
    );
    assert!(
        desk.refused("CREATE MATERIALIZED VIEW v AS SELECT data FROM ext.topic")
            .contains("column \"data\" does not exist")
    );
    assert!(
        desk.refused("CREATE MATERIALIZED VIEW v SORTKEY (nothing) AS SELECT * FROM ext.topic")
            .contains("nothing")
    );
}

#[test]
fn an_aggregating_view_keeps_counting() {
    let mut desk = Desk::with_view(&["1", "2", "3"]);
    desk.ok("CREATE MATERIALIZED VIEW per AS SELECT kafka_partition, count(*) AS n FROM ext.topic GROUP BY kafka_partition");
    desk.ok("REFRESH MATERIALIZED VIEW per");
    desk.topic.partitions[0].push(b"4".to_vec());
    desk.ok("REFRESH MATERIALIZED VIEW per");
    assert_eq!(
        desk.rows("SELECT kafka_partition, n FROM per ORDER BY 1"),
        ["0|3", "1|1"]
    );
}

#[test]
fn auto_refresh_runs_when_it_is_due_and_not_sooner() {
    let mut desk = Desk::with_view(&[]);
    desk.auto();
    desk.topic.partitions[0].push(b"1".to_vec());
    desk.now += 5_000_000;
    desk.auto();
    assert_eq!(desk.one("SELECT count(*) FROM clicks"), "0");
    desk.now += 5_000_000;
    desk.auto();
    assert_eq!(desk.one("SELECT count(*) FROM clicks"), "1");
    desk.ok("ALTER MATERIALIZED VIEW clicks AUTO REFRESH NO");
    desk.topic.partitions[0].push(b"2".to_vec());
    desk.now += 60_000_000;
    desk.auto();
    assert_eq!(desk.one("SELECT count(*) FROM clicks"), "1");
    assert_eq!(
        desk.rows("SELECT DISTINCT trim(refresh_type) FROM sys_mv_refresh_history ORDER BY 1"),
        ["Auto", "Manual"]
    );
}

#[test]
fn a_topic_with_capitals_needs_case_sensitivity_and_the_session_is_not_enough_for_auto_refresh() {
    let mut desk = Desk::new();
    desk.ok(SCHEMA);
    desk.ok("SET enable_case_sensitive_identifier TO true");
    desk.ok(&GUARDED.replace("\"topic\"", "\"Topic\""));
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    assert_eq!(desk.topic.opened.last().map(String::as_str), Some("Topic"));
    desk.auto();
    assert_eq!(desk.topic.opened.last().map(String::as_str), Some("topic"));
}

#[test]
fn a_view_on_a_view_is_refreshed_with_cascade_and_never_by_itself() {
    let mut desk = Desk::with_view(&["1"]);
    assert!(
        desk.refused("CREATE MATERIALIZED VIEW above AUTO REFRESH YES AS SELECT count(*) AS n FROM clicks")
            .contains("AUTO REFRESH is not supported")
    );
    desk.ok("CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n FROM clicks");
    assert_eq!(desk.one("SELECT n FROM above"), "1");
    desk.topic.partitions[0].push(b"2".to_vec());
    desk.ok("REFRESH MATERIALIZED VIEW clicks CASCADE");
    assert_eq!(desk.one("SELECT n FROM above"), "2");
}

#[test]
fn ten_thousand_records_are_in_and_counted_quickly() {
    let mut desk = Desk::with_view(&[]);
    for at in 0..10_000 {
        let text = format!(
            r#"{{"id":{at},"page":"/products/{}","agent":"Mozilla/5.0","name":{{"first":"x"}}}}"#,
            at % 97
        );
        desk.topic.partitions[at % 2].push(text.into_bytes());
    }
    #[expect(clippy::disallowed_methods, reason = "the test measures real time")]
    let started = std::time::Instant::now();
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    assert_eq!(
        desk.one("SELECT count(*) FROM clicks WHERE payload.id IS NOT NULL"),
        "10000"
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}
