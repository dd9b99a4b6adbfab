//! Statements that make, change and drop objects.

use super::*;

#[test]
fn objects_that_exist_are_refused_in_redshifts_words() {
    let mut desk = Desk::with_view(&[]);
    assert_eq!(desk.refused(SCHEMA), "ERROR: schema \"ext\" already exists");
    desk.ok(&SCHEMA.replace("SCHEMA \"ext\"", "SCHEMA IF NOT EXISTS \"ext\""));
    assert_eq!(desk.refused(GUARDED), "ERROR: relation \"clicks\" already exists");
    assert_eq!(
        desk.refused("REFRESH MATERIALIZED VIEW nothing"),
        "ERROR: relation \"nothing\" does not exist"
    );
    assert_eq!(
        desk.refused("SELECT * FROM nowhere.x"),
        "ERROR: schema \"nowhere\" does not exist"
    );
}

#[test]
fn an_iam_user_of_a_fresh_database_may_not_make_schemas() {
    let mut desk = Desk::new();
    desk.as_user("IAMR:Deployer");
    assert_eq!(desk.refused(SCHEMA), "ERROR: permission denied for database dev");
    desk.login.user = "admin".into();
    desk.ok("GRANT CREATE ON DATABASE dev TO \"IAMR:Deployer\"");
    desk.login.user = "IAMR:Deployer".into();
    desk.ok(SCHEMA);
}

#[test]
fn only_the_owner_refreshes_and_drops() {
    let mut desk = Desk::with_view(&["{}"]);
    desk.as_user("IAM:other");
    assert_eq!(
        desk.refused("REFRESH MATERIALIZED VIEW public.clicks"),
        "ERROR: must be owner of materialized view clicks"
    );
    assert_eq!(
        desk.refused("DROP MATERIALIZED VIEW public.clicks"),
        "ERROR: must be owner of relation clicks"
    );
    assert_eq!(
        desk.refused("SELECT count(*) FROM clicks"),
        "ERROR: permission denied for relation clicks"
    );
    desk.login.user = "admin".into();
    desk.ok("GRANT SELECT ON public.clicks TO \"IAM:other\"");
    desk.login.user = "IAM:other".into();
    assert_eq!(desk.one("SELECT count(*) FROM clicks"), "1");
}

#[test]
fn a_superuser_who_is_not_the_owner_refreshes_only_with_cascade() {
    let mut desk = Desk::with_view(&["{}"]);
    desk.as_user("chief");
    desk.login.user = "admin".into();
    desk.ok("ALTER USER chief CREATEUSER");
    desk.login.user = "chief".into();
    assert!(
        desk.refused("REFRESH MATERIALIZED VIEW clicks")
            .contains("must be owner")
    );
    desk.ok("REFRESH MATERIALIZED VIEW clicks CASCADE");
}

#[test]
fn dropping_needs_cascade_when_something_depends_on_it() {
    let mut desk = Desk::with_view(&["{}"]);
    desk.ok("CREATE VIEW typed AS SELECT payload.id::int AS id FROM clicks");
    assert!(
        desk.refused("DROP MATERIALIZED VIEW clicks")
            .contains("other objects depend on it")
    );
    assert!(
        desk.refused("DROP SCHEMA ext")
            .contains("other objects depend on it")
    );
    assert!(desk.refused("DROP VIEW clicks").contains("is not a view"));
    desk.ok("DROP SCHEMA ext CASCADE");
    assert!(desk.refused("SELECT * FROM typed").contains("does not exist"));
    assert_eq!(desk.rows("SELECT name FROM svv_mv_info"), Vec::<String>::new());
}

#[test]
fn dropping_the_schema_may_leave_the_views_behind_under_the_other_setting() {
    let mut desk = Desk::with_view(&["{}"]);
    desk.switches.cascade_drops_streaming_views = false;
    desk.ok("DROP SCHEMA ext");
    assert_eq!(desk.one("SELECT count(*) FROM clicks"), "1");
    assert!(
        desk.refused("REFRESH MATERIALIZED VIEW clicks")
            .contains("was dropped")
    );
}

#[test]
fn a_late_binding_view_survives_its_base() {
    let mut desk = Desk::with_view(&["{\"id\":1}"]);
    desk.ok("CREATE VIEW late AS SELECT payload.id FROM public.clicks WITH NO SCHEMA BINDING");
    desk.ok("DROP MATERIALIZED VIEW clicks");
    assert!(
        desk.refused("SELECT * FROM late")
            .contains("relation \"public.clicks\" does not exist")
    );
    desk.ok(GUARDED);
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    assert_eq!(desk.one("SELECT * FROM late"), "1");
}

#[test]
fn a_view_is_replaced_only_with_the_same_columns_first() {
    let mut desk = Desk::new();
    desk.ok("CREATE VIEW v AS SELECT 1 AS a");
    desk.ok("CREATE OR REPLACE VIEW v AS SELECT 2 AS a, 3 AS b");
    assert_eq!(desk.one("SELECT * FROM v"), "2|3");
    assert_eq!(
        desk.refused("CREATE OR REPLACE VIEW v AS SELECT 2 AS x, 3 AS b"),
        "ERROR: cannot change name of view column \"a\" to \"x\""
    );
}

#[test]
fn the_catalog_shows_what_was_made() {
    let mut desk = Desk::with_view(&[]);
    assert_eq!(desk.one("SELECT eskind, schemaname, json_extract_path_text(esoptions, 'IAM_ROLE') FROM svv_external_schemas"), "10|ext|arn:aws:iam::222222222222:role/a,arn:aws:iam::111111111111:role/b");
    assert_eq!(desk.one("SELECT trim(schema_name), trim(name), trim(user_name), is_stale, state, autorefresh FROM svv_mv_info WHERE name = 'clicks'"), "public|clicks|admin|f|1|t");
    let columns = desk.rows("SELECT column_name, data_type FROM svv_columns WHERE table_name = 'clicks' ORDER BY ordinal_position");
    assert_eq!(columns[7], "payload|super");
    assert_eq!(columns[8], "raw|binary varying");
    assert_eq!(
        desk.one("SELECT definition FROM pg_views WHERE viewname = 'clicks'"),
        GUARDED
    );
    assert_eq!(desk.one("SELECT pg_get_viewdef('public.clicks', true)"), GUARDED);
    assert_eq!(
        desk.one("SELECT \"table\", diststyle FROM svv_table_info"),
        "mv_tbl__clicks__0|EVEN"
    );
    assert!(
        desk.refused("SELECT * FROM stv_mv_info")
            .contains("permission denied for relation stv_mv_info")
    );
}

#[test]
fn catalog_names_come_padded_like_char_columns() {
    let mut desk = Desk::with_view(&[]);
    let result = desk.ok("SELECT name FROM svv_mv_info").result.expect("rows");
    assert_eq!(result.cells(true)[0][0], Cell::Text(format!("{:<128}", "clicks")));
}

#[test]
fn an_external_schema_is_altered_by_its_owner_but_not_for_kinesis() {
    let mut desk = Desk::with_view(&[]);
    desk.ok("ALTER EXTERNAL SCHEMA ext IAM_ROLE 'arn:aws:iam::222222222222:role/z'");
    assert!(
        desk.one("SELECT esoptions FROM svv_external_schemas")
            .contains("role/z")
    );
    desk.ok("CREATE EXTERNAL SCHEMA kds FROM KINESIS IAM_ROLE default");
    assert!(
        desk.refused("ALTER EXTERNAL SCHEMA kds IAM_ROLE default")
            .contains("KINESIS")
    );
    assert_eq!(
        desk.one("SELECT eskind FROM svv_external_schemas WHERE schemaname = 'kds'"),
        "9"
    );
}

#[test]
fn a_failed_transaction_leaves_nothing_and_auto_commit_goes_on() {
    let mut desk = Desk::new();
    let texts = [
        "CREATE TABLE a (x int)",
        "SELECT * FROM nothing",
        "CREATE TABLE b (x int)",
    ];
    let outcomes = desk.batch(&texts, true);
    assert_eq!(outcomes.len(), 2);
    assert!(desk.refused("SELECT * FROM a").contains("does not exist"));
    let outcomes = desk.batch(&texts, false);
    assert_eq!(
        outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );
    desk.ok("SELECT * FROM a, b");
}

#[test]
fn what_may_not_stand_in_a_transaction_is_refused_there() {
    let mut desk = Desk::with_view(&[]);
    let outcomes = desk.batch(&["SELECT 1", "GRANT USAGE ON SCHEMA ext TO PUBLIC"], true);
    assert!(
        outcomes[1]
            .as_ref()
            .expect_err("refused")
            .contains("cannot run inside a transaction block")
    );
    let outcomes = desk.batch(&["SELECT 1", "CREATE DATABASE more"], true);
    assert!(outcomes[1].is_err());
    desk.switches.streaming_ddl_in_transaction = false;
    let outcomes = desk.batch(&["SELECT 1", "REFRESH MATERIALIZED VIEW clicks"], true);
    assert!(outcomes[1].is_err());
    assert!(desk.batch(&["SELECT 1", "REFRESH MATERIALIZED VIEW clicks"], false)[1].is_ok());
}

#[test]
fn rows_move_from_the_view_to_a_table_of_its_shape() {
    let mut desk = Desk::with_view(&["{\"a\":1}", "{\"a\":2}", "x"]);
    desk.ok("CREATE TABLE history (LIKE public.clicks)");
    desk.ok("ALTER TABLE history APPEND FROM clicks");
    assert_eq!(desk.one("SELECT count(*) FROM clicks"), "0");
    assert_eq!(desk.one("SELECT count(*), count(payload) FROM history"), "3|2");
    desk.topic.partitions[0].push(b"{\"a\":4}".to_vec());
    desk.ok("REFRESH MATERIALIZED VIEW clicks");
    assert_eq!(desk.one("SELECT payload.a FROM clicks"), "4");
    desk.ok("CREATE TABLE other (x int)");
    assert!(
        desk.refused("ALTER TABLE other APPEND FROM clicks")
            .contains("not in the source")
    );
}

#[test]
fn comments_privileges_and_settings_can_be_read_back() {
    let mut desk = Desk::with_view(&[]);
    desk.ok("COMMENT ON VIEW clicks IS 'hash:1'");
    assert_eq!(
        desk.one("SELECT obj_description(c.oid, 'pg_class') FROM pg_class c WHERE c.relname = 'clicks'"),
        "hash:1"
    );
    desk.ok("CREATE ROLE reader");
    desk.ok("GRANT SELECT ON clicks TO ROLE reader");
    assert_eq!(
        desk.one("SELECT privilege_type, identity_name, identity_type FROM svv_relation_privileges"),
        "SELECT|reader|role"
    );
    desk.ok("CREATE USER ann PASSWORD DISABLE");
    desk.ok("GRANT ROLE reader TO ann");
    desk.login.user = "ann".into();
    desk.ok("SELECT * FROM clicks");
    assert_eq!(
        desk.one("SELECT has_table_privilege('clicks', 'insert'), has_schema_privilege('public', 'usage')"),
        "false|true"
    );
    desk.ok("SET enable_case_sensitive_identifier TO true");
    assert_eq!(desk.one("SHOW enable_case_sensitive_identifier"), "on");
    assert!(
        desk.refused("SET no_such_thing = 1")
            .contains("unrecognized configuration parameter")
    );
}
