//! What the reader makes of statements, and what it refuses.

use super::*;
use crate::sql::statement::*;

fn one(text: &str) -> Statement {
    read(text, false).unwrap_or_else(|error| panic!("{text}: {}", error.message))
}

fn refused(text: &str) -> String {
    read(text, false).expect_err(text).message
}

#[test]
fn the_tutorials_external_schema_is_read() {
    let statement = one(
        "CREATE EXTERNAL SCHEMA mskschema FROM MSK IAM_ROLE 'arn:aws:iam::222222222222:role/service-role/a,arn:aws:iam::111111111111:role/b' AUTHENTICATION  IAM CLUSTER_ARN 'arn:aws:kafka:ap-south-1:111111111111:cluster/c/u-s1'",
    );
    let Statement::CreateExternalSchema {
        name,
        if_not_exists,
        options,
    } = statement
    else {
        panic!("another statement");
    };
    assert_eq!((name.as_str(), if_not_exists), ("mskschema", false));
    assert_eq!(options.authentication, Authentication::Iam);
    assert!(matches!(options.roles, Roles::Chain(chain) if chain.len() == 2));
    assert!(matches!(options.service, Service::Msk { .. }));
}

#[test]
fn clauses_of_an_external_schema_stand_in_any_order() {
    let a = one("CREATE EXTERNAL SCHEMA s FROM KAFKA IAM_ROLE default AUTHENTICATION iam URI 'b:9098'");
    let b = one("create external schema \"S\" from kafka uri 'b:9098' authentication iam iam_role default");
    assert_eq!(a, b);
}

#[test]
fn combinations_that_redshift_refuses_are_refused() {
    assert!(
        refused("CREATE EXTERNAL SCHEMA s FROM MSK IAM_ROLE default AUTHENTICATION mtls CLUSTER_ARN 'x'")
            .contains("mtls")
    );
    assert!(
        refused("CREATE EXTERNAL SCHEMA s FROM KAFKA AUTHENTICATION iam URI 'b:9098'").contains("IAM_ROLE")
    );
    assert!(
        refused("CREATE EXTERNAL SCHEMA s FROM KINESIS IAM_ROLE 'arn:aws:iam::1:policy/x'")
            .contains("Invalid IAM role ARN")
    );
    assert!(refused("CREATE EXTERNAL SCHEMA s FROM KINESIS IAM_ROLE 'arn:aws:iam::111111111111:role/a, arn:aws:iam::111111111111:role/b'").contains("Invalid"));
}

#[test]
fn a_materialized_view_with_every_option_is_read() {
    let text = "CREATE MATERIALIZED VIEW \"public\".\"clicks\" BACKUP NO DISTSTYLE KEY DISTKEY (\"kafka_partition\") SORTKEY (\"kafka_timestamp\") AUTO REFRESH YES AS SELECT * FROM \"s\".\"t\"";
    let Statement::CreateMv {
        name, layout, query, ..
    } = one(text)
    else {
        panic!("another statement");
    };
    assert_eq!(name.to_string(), "public.clicks");
    assert_eq!(layout.backup, Some(false));
    assert_eq!(layout.auto_refresh, Some(true));
    assert_eq!(layout.sort_key, ["kafka_timestamp"]);
    assert_eq!(query, "SELECT * FROM \"s\".\"t\"");
}

#[test]
fn what_the_grammar_lacks_is_a_syntax_error() {
    assert_eq!(
        refused("CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT 1"),
        "ERROR: syntax error at or near \"IF\"\n  Position: 26"
    );
    assert!(refused("CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT 1").contains("near \"OR\""));
    assert!(refused("FLY TO THE MOON").contains("near \"FLY\""));
    assert!(refused("CREATE TABLE select (a int)").contains("near \"select\""));
    assert!(refused("DROP SCHEMA s DROP EXTERNAL DATABASE").contains("near \"DROP\""));
}

#[test]
fn identifiers_fold_unless_case_matters() {
    assert!(
        matches!(one("DROP VIEW \"MyView\""), Statement::DropView { names, .. } if names[0].name == "myview")
    );
    let sensitive = read("DROP VIEW \"MyView\", MyView", true).expect("read");
    assert!(
        matches!(sensitive, Statement::DropView { names, .. } if names[0].name == "MyView" && names[1].name == "myview")
    );
}

#[test]
fn privileges_are_read_with_roles_users_and_targets() {
    let statement = one("GRANT USAGE ON SCHEMA s TO \"IAMR:Deployer\", ROLE reader, PUBLIC");
    assert_eq!(
        statement,
        Statement::Grant {
            privileges: vec!["USAGE".into()],
            on: Target::Schema(vec!["s".into()]),
            to: vec![
                Grantee::User("IAMR:Deployer".into()),
                Grantee::Role("reader".into()),
                Grantee::Public
            ],
        }
    );
    assert!(matches!(
        one("GRANT CREATE SCHEMA TO ROLE r"),
        Statement::Grant {
            on: Target::System,
            ..
        }
    ));
    assert!(
        matches!(one("REVOKE ALL PRIVILEGES ON TABLE a.b FROM GROUP g"), Statement::Revoke { privileges, .. } if privileges == ["ALL"])
    );
    assert!(matches!(
        one("GRANT ROLE sys:monitor TO watcher"),
        Statement::Grant {
            on: Target::Role(_),
            ..
        }
    ));
}

#[test]
fn tables_are_defined_copied_and_moved() {
    assert!(
        matches!(one("CREATE TABLE t (a bigint NOT NULL, b varchar(20), c double precision, d numeric(10,2) encode az64) DISTSTYLE ALL"),
        Statement::CreateTable { columns, .. } if columns.len() == 4 && columns[2].data_type == "DOUBLE precision" && columns[3].data_type == "NUMERIC(10,2)")
    );
    assert!(matches!(
        one("CREATE TABLE t (LIKE s.mv)"),
        Statement::CreateTable { like: Some(_), .. }
    ));
    assert!(
        matches!(one("CREATE TABLE t (a, b) BACKUP NO AS SELECT 1, 2"), Statement::CreateTableAs { columns, .. } if columns.len() == 2)
    );
    assert!(matches!(
        one("ALTER TABLE t APPEND FROM mv FILLTARGET"),
        Statement::AlterTable {
            change: TableChange::Append {
                fill_target: true,
                ..
            },
            ..
        }
    ));
    assert!(
        matches!(one("INSERT INTO t (a) SELECT 1"), Statement::Insert { columns, .. } if columns == ["a"])
    );
}

#[test]
fn a_view_may_be_bound_late() {
    let Statement::CreateView {
        or_replace,
        query,
        late_binding,
        ..
    } = one("CREATE OR REPLACE VIEW v AS SELECT a FROM t WITH NO SCHEMA BINDING")
    else {
        panic!("another statement");
    };
    assert!(or_replace && late_binding);
    assert_eq!(query, "SELECT a FROM t");
}
