//! Queries over a view of records.

use super::*;

fn clicks() -> Desk {
    Desk::with_view(&[
        r#"{"id":1,"name":{"first":"Ann"},"Mixed":true,"items":[{"sku":"a","qty":2},{"sku":"b","qty":1}],"ts":"2026-11-21T10:00:00Z"}"#,
        r#"{"id":2,"name":{"first":"Bob"},"items":[],"price":1.5}"#,
        r#"{"id":3,"name":null,"items":[{"sku":"a","qty":5}]}"#,
        "no json",
    ])
}

#[test]
fn super_values_are_navigated_laxly() {
    let mut desk = clicks();
    assert_eq!(
        desk.rows("SELECT payload.id, payload.name.first, payload.items[0].sku, payload.nothing.at.all FROM clicks ORDER BY kafka_partition, kafka_offset"),
        ["1|\"Ann\"|\"a\"|∅", "3|∅|\"a\"|∅", "2|\"Bob\"|∅|∅", "∅|∅|∅|∅"]
    );
    assert_eq!(
        desk.rows("SELECT c.payload.name.first::varchar FROM public.clicks c WHERE c.payload.id = 2"),
        ["Bob"]
    );
    assert_eq!(
        desk.one("SELECT count(*) FROM clicks WHERE payload.name.first = 'Ann'"),
        "1"
    );
}

#[test]
fn mixed_case_attributes_need_their_setting() {
    let mut desk = clicks();
    assert_eq!(
        desk.one("SELECT payload.Mixed FROM clicks WHERE payload.id = 1"),
        "∅"
    );
    desk.ok("SET enable_case_sensitive_super_attribute TO true");
    assert_eq!(
        desk.one("SELECT payload.Mixed FROM clicks WHERE payload.id = 1"),
        "true"
    );
}

#[test]
fn casts_from_super_are_lax_and_others_are_not() {
    let mut desk = clicks();
    assert_eq!(desk.one("SELECT payload.name::int, payload.price::decimal(10,2), payload.id::varchar, payload.items::varchar FROM clicks WHERE payload.id = 2"), "∅|1.50|2|∅");
    assert_eq!(
        desk.one("SELECT payload.ts::timestamp FROM clicks WHERE payload.id = 1"),
        "2026-11-21 10:00:00"
    );
    assert!(
        desk.refused("SELECT 'abc'::int")
            .contains("Invalid digit, Value 'a', Pos 0, Type: Integer")
    );
    assert_eq!(
        desk.one(
            "SELECT '12'::int + 1, 'true'::bool, 3.7::int, 'abcdef'::varchar(3), '2026-01-31'::date + 1"
        ),
        "13|true|4|abc|2026-02-01"
    );
}

#[test]
fn arrays_are_unnested_in_from() {
    let mut desk = clicks();
    assert_eq!(
        desk.rows(
            "SELECT c.payload.id, o.sku, o.qty::int, i FROM clicks c, c.payload.items AS o AT i ORDER BY 1, 4"
        ),
        ["1|\"a\"|2|0", "1|\"b\"|1|1", "3|\"a\"|5|0"]
    );
    assert_eq!(desk.rows("SELECT o.sku::varchar AS sku, sum(o.qty::int) AS n FROM clicks c, c.payload.items o GROUP BY 1 ORDER BY n DESC"), ["a|7", "b|1"]);
    assert_eq!(
        desk.rows("SELECT k, v FROM clicks c, UNPIVOT c.payload.name AS v AT k ORDER BY 2"),
        ["first|\"Ann\"", "first|\"Bob\""]
    );
}

#[test]
fn json_functions_answer_as_documented() {
    let mut desk = clicks();
    assert_eq!(desk.one("SELECT json_typeof(payload), json_typeof(payload.items), is_array(payload.items), get_array_length(payload.items) FROM clicks WHERE payload.id = 1"), "object|array|true|2");
    assert_eq!(
        desk.one("SELECT json_serialize(payload.name) FROM clicks WHERE payload.id = 1"),
        "{\"first\":\"Ann\"}"
    );
    assert_eq!(desk.one("SELECT can_json_parse(''), can_json_parse('[1]'), can_json_parse(NULL::varchar), json_parse('{\"a\": [1, 2]}')"), "false|true|∅|{\"a\":[1,2]}");
    assert!(
        desk.refused("SELECT json_parse('{')")
            .contains("JSON parsing error")
    );
    assert_eq!(desk.one("SELECT json_extract_path_text('{\"a\":{\"b\":1}}', 'a', 'b'), json_extract_path_text('x', 'a', true)"), "1|∅");
    assert!(
        desk.refused("SELECT json_parse('{\"a\":1,\"a\":2}')")
            .contains("duplicate")
    );
    desk.ok("SET json_parse_dedup_attributes TO on");
    assert_eq!(desk.one("SELECT json_parse('{\"a\":1,\"a\":2}')"), "{\"a\":2}");
}

#[test]
fn bytes_are_decoded_and_digested() {
    let mut desk = clicks();
    assert_eq!(desk.one("SELECT raw, from_varbyte(raw, 'utf-8'), raw::varchar, md5(raw), octet_length(raw) FROM clicks WHERE raw IS NOT NULL"), "6e6f206a736f6e|no json|no json|4dd0e4df7dc6e5b56a8b94bb5b5c6ff1|7".replace("4dd0e4df7dc6e5b56a8b94bb5b5c6ff1", &digest("no json")));
    assert_eq!(
        desk.one("SELECT sha2('abc', 256)"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        desk.one("SELECT to_hex(to_varbyte('ff00', 'hex')), 'a'::varbyte = 'a'"),
        "ff00|true"
    );
}

fn digest(text: &str) -> String {
    let connection = rusqlite::Connection::open_in_memory().expect("connection");
    crate::sql::functions::install(&connection).expect("functions");
    connection
        .query_row("SELECT rs_md5(?1)", [text], |row| row.get(0))
        .expect("digest")
}

#[test]
fn times_are_shifted_cut_and_compared() {
    let mut desk = clicks();
    assert_eq!(desk.one("SELECT dateadd(minute, -15, '2026-11-21 10:00:00'::timestamp), date_trunc('hour', '2026-11-21 10:59:00'::timestamp)"), "2026-11-21 09:45:00|2026-11-21 10:00:00");
    assert_eq!(desk.one("SELECT datediff(second, '2026-11-21'::timestamp, '2026-11-21 00:01:00'::timestamp), extract(epoch FROM '1970-01-02'::timestamp)"), "60|86400");
    assert_eq!(desk.one("SELECT getdate() > '2020-01-01', getdate() - interval '1 day' < getdate(), timestamp 'epoch' + 90 * interval '1 second'"), "true|true|1970-01-01 00:01:30");
    assert_eq!(
        desk.one("SELECT count(*) FROM clicks WHERE kafka_timestamp >= '2027-01-15'"),
        "4"
    );
}

#[test]
fn aggregates_group_and_refuse_what_is_not_grouped() {
    let mut desk = clicks();
    assert_eq!(
        desk.rows(
            "SELECT kafka_partition AS p, count(*) FROM clicks GROUP BY p HAVING count(*) > 1 ORDER BY p"
        ),
        ["0|2", "1|2"]
    );
    assert_eq!(desk.one("SELECT sum(payload.id::int), avg(payload.id::int), min(payload.id), max(kafka_offset), count(DISTINCT kafka_partition) FROM clicks"), "6|2|1|1|2");
    assert!(
        desk.refused("SELECT kafka_offset, count(*) FROM clicks")
            .contains("must appear in the GROUP BY clause")
    );
    assert!(
        desk.refused("SELECT kafka_offset + 1 FROM clicks GROUP BY kafka_partition")
            .contains("must appear")
    );
    assert_eq!(
        desk.rows("SELECT kafka_offset + 1 FROM clicks GROUP BY kafka_offset + 1 ORDER BY 1"),
        ["1", "2"]
    );
    assert_eq!(desk.rows("SELECT partition_id::varchar, max(stream_record_time_max), sum(scanned_rows), sum(skipped_rows) FROM sys_stream_scan_states WHERE trim(mv_name) = 'clicks' GROUP BY 1 ORDER BY 1").len(), 2);
}

#[test]
fn queries_nest_join_and_combine() {
    let mut desk = clicks();
    assert_eq!(desk.one("WITH a AS (SELECT payload.id::int AS id FROM clicks WHERE payload IS NOT NULL) SELECT count(*) FROM a x JOIN a y ON x.id = y.id + 1"), "2");
    assert_eq!(
        desk.one("SELECT count(*) FROM clicks WHERE kafka_offset IN (SELECT max(kafka_offset) FROM clicks)"),
        "2"
    );
    assert_eq!(
        desk.rows("SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT NULL ORDER BY a DESC"),
        ["∅", "2", "1"]
    );
    assert_eq!(desk.one("SELECT count(*) FROM clicks c WHERE EXISTS (SELECT 1 FROM clicks d WHERE d.kafka_partition = c.kafka_partition AND d.raw IS NOT NULL)"), "2");
    assert_eq!(desk.rows("SELECT kafka_offset, row_number() OVER (PARTITION BY kafka_partition ORDER BY kafka_offset DESC) AS r FROM clicks ORDER BY kafka_partition, kafka_offset LIMIT 2"), ["0|2", "1|1"]);
    assert_eq!(desk.one("SELECT count(*) FROM (SELECT DISTINCT kafka_partition FROM clicks) AS p LEFT JOIN clicks USING (kafka_partition)"), "4");
}

#[test]
fn a_query_reads_through_views_with_the_owners_rights() {
    let mut desk = clicks();
    desk.ok(
        "CREATE VIEW named (id, first) AS SELECT payload.id::int, payload.name.first::varchar FROM clicks",
    );
    desk.ok("GRANT SELECT ON named TO PUBLIC");
    desk.as_user("IAM:reader");
    assert_eq!(
        desk.rows("SELECT first FROM named WHERE id < 3 ORDER BY id"),
        ["Ann", "Bob"]
    );
    assert!(desk.refused("SELECT * FROM clicks").contains("permission denied"));
}

#[test]
fn columns_carry_names_and_types() {
    let mut desk = clicks();
    let result = desk.ok("SELECT count(*), payload.name.first, kafka_key, 1.50, 'x', kafka_timestamp AS \"When\" FROM clicks GROUP BY 2, 3, 6 LIMIT 1").result.expect("rows");
    let shape: Vec<(&str, &str)> = result
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.ty.wire_name()))
        .collect();
    assert_eq!(
        shape,
        [
            ("count", "int8"),
            ("first", "super"),
            ("kafka_key", "varbyte"),
            ("?column?", "numeric"),
            ("?column?", "varchar"),
            ("when", "timestamp")
        ]
    );
}

#[test]
fn mistakes_are_answered_in_redshifts_words() {
    let mut desk = clicks();
    assert_eq!(
        desk.refused("SELECT nothing FROM clicks"),
        "ERROR: column \"nothing\" does not exist in clicks"
    );
    assert_eq!(
        desk.refused("SELECT kafka_offset.a FROM clicks"),
        "ERROR: navigation on column \"kafka_offset\" is not allowed as it is not SUPER type"
    );
    assert!(
        desk.refused("SELECT frobnicate(1)")
            .starts_with("ERROR: function frobnicate(integer) does not exist")
    );
    assert!(desk.refused("SELECT 1/0").contains("Divide by zero"));
    assert!(desk.refused("SELECT FROM WHERE").contains("syntax error"));
    assert!(
        desk.refused("SELECT * FROM ext.topic")
            .contains("can only be read by a materialized view")
    );
    assert!(
        desk.refused("SELECT kafka_offset FROM clicks a, clicks b")
            .contains("ambiguous")
    );
    assert!(
        desk.refused("SELECT kafka_partition = true FROM clicks")
            .contains("operator does not exist")
    );
}

#[test]
fn tables_are_filled_copied_and_thinned() {
    let mut desk = clicks();
    desk.ok("CREATE TABLE t (a int, b varchar, c super)");
    assert_eq!(desk.ok("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')").rows, 2);
    assert_eq!(
        desk.ok("INSERT INTO t SELECT payload.id::int, 'z', payload FROM clicks WHERE payload IS NOT NULL")
            .rows,
        3
    );
    assert_eq!(desk.ok("DELETE FROM t WHERE a = 1 AND c IS NULL").rows, 1);
    assert_eq!(
        desk.rows("SELECT a, b, c.id FROM t ORDER BY a, b"),
        ["1|z|1", "2|y|∅", "2|z|2", "3|z|3"]
    );
    desk.ok("CREATE TABLE copy AS SELECT * FROM t WHERE a > 2");
    assert_eq!(desk.one("SELECT count(*) FROM copy"), "1");
    assert!(
        desk.refused("INSERT INTO t (a) SELECT 'x'::varchar")
            .contains("is of type integer but expression is of type character varying")
    );
    desk.ok("TRUNCATE t");
    assert_eq!(desk.one("SELECT count(*) FROM t"), "0");
}

#[test]
fn like_and_between_and_case_behave() {
    let mut desk = clicks();
    assert_eq!(desk.one("SELECT 'Abc' LIKE 'A%', 'Abc' ILIKE 'ab_', 'Abc' NOT LIKE 'a%', 5 BETWEEN 1 AND 5, 2 IN (1, 2), NULL IN (1)"), "true|true|true|true|true|∅");
    assert_eq!(desk.one("SELECT CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END, coalesce(NULL, 3), nvl2(1, 'x', 'y'), nullif(1, 1), greatest(1, 3, 2)"), "b|3|x|∅|3");
    assert_eq!(desk.one("SELECT trim('  a '), upper('a') || 1, split_part('a.b.c', '.', 2), substring('abcdef', 2, 3), len('äö'), replace('aXa', 'X', '-')"), "a|A1|b|bcd|2|a-a");
}

#[test]
fn what_monitors_and_reconcilers_ask_is_answered() {
    let mut desk = clicks();
    let none: [&str; 0] = [];
    assert_eq!(desk.rows("SELECT TRIM(schemaname) AS \"schema_name\", eskind AS \"kind\", esowner AS \"owner\" FROM svv_external_schemas WHERE TRIM(schemaname) = 'ext'"), ["ext|10|101"]);
    assert_eq!(desk.rows("SELECT TRIM(name) AS \"name\", TRIM(is_stale) AS \"is_stale\", state AS \"state\", TRIM(autorefresh) AS \"autorefresh\" FROM svv_mv_info WHERE TRIM(schema_name) = 'public' ORDER BY 1"), ["clicks|f|1|t"]);
    assert_eq!(desk.rows("SELECT viewname AS \"name\", viewowner AS \"owner\", CURRENT_USER AS \"asker\" FROM pg_views WHERE schemaname = 'public' ORDER BY 1"), ["clicks|admin|admin"]);
    assert_eq!(
        desk.one("SELECT COUNT(*) AS \"n\" FROM pg_database WHERE datname = 'dev'"),
        "1"
    );
    assert_eq!(desk.one("SELECT COUNT(*) AS \"landed\", SUM(CASE WHEN \"payload\" IS NOT NULL THEN 1 ELSE 0 END) AS \"rows\" FROM \"public\".\"clicks\""), "4|3");
    assert_eq!(desk.one("SELECT COUNT(*) AS \"n\" FROM (SELECT DISTINCT TRIM(partition_id) AS \"partition_id\", TRIM(\"position\") AS \"position\" FROM sys_stream_scan_errors WHERE TRIM(mv_name) = 'clicks') AS \"skipped\""), "0");
    assert_eq!(desk.rows("SELECT TRIM(stream_name) AS \"stream_name\", record_time, error_code FROM sys_stream_scan_errors WHERE TRIM(mv_name) = 'clicks' ORDER BY record_time DESC LIMIT 5"), none);
    assert_eq!(
        desk.rows("SELECT TRIM(partition_id) AS \"partition_id\", CAST(MAX(CAST(TRIM(latest_position) AS BIGINT)) AS VARCHAR) AS \"latest_position\", SUM(scanned_rows) AS \"scanned_rows\" FROM sys_stream_scan_states WHERE TRIM(mv_name) = 'clicks' GROUP BY TRIM(partition_id) ORDER BY 1"),
        ["0|1|2", "1|1|2"]
    );
    desk.now += 90 * 1_000_000;
    assert_eq!(
        desk.rows("SELECT TRIM(partition_id) AS \"partition_id\", DATEDIFF(second, MAX(stream_record_time_max), GETDATE()) AS \"seconds\" FROM sys_stream_scan_states WHERE TRIM(mv_name) = 'clicks' GROUP BY TRIM(partition_id) ORDER BY 1"),
        ["0|90", "1|90"]
    );
    assert_eq!(desk.one("SELECT TRIM(refresh_type) AS \"refresh_type\", TRIM(status) AS \"status\" FROM sys_mv_refresh_history WHERE TRIM(mv_name) = 'clicks' AND TRIM(schema_name) = 'public' ORDER BY start_time DESC LIMIT 20"), "Manual|Refresh successfully updated MV incrementally");
    desk.ok("CREATE VIEW quarantine AS SELECT \"kafka_partition\", \"raw\", CASE WHEN \"raw\" IS NULL THEN 'no value' ELSE 'not JSON' END AS \"reason\" FROM \"public\".\"clicks\" WHERE \"payload\" IS NULL");
    assert_eq!(
        desk.one("SELECT reason, raw::varchar FROM quarantine"),
        "not JSON|no json"
    );
    desk.ok("CREATE VIEW typed AS SELECT \"payload\".\"id\"::BIGINT AS \"id\", \"payload\".\"ts\"::VARCHAR::TIMESTAMP AS \"ts\" FROM \"public\".\"clicks\" WHERE \"payload\" IS NOT NULL");
    assert_eq!(
        desk.rows("SELECT id, ts FROM typed ORDER BY id LIMIT 1"),
        ["1|2026-11-21 10:00:00"]
    );
}
