//! Every combination of options, against a text that is put together here, clause by
//! clause in the order of AWS's own examples; each is read back as the same tree.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use redshift_streaming::ddl::{
    AlterMaterializedView, BrokerList, Certificate, CertificateArn, CreateExternalSchema,
    CreateMaterializedView, Distribution, DropMaterializedView, DropSchema, DropView, IamRole, Identifier,
    KafkaSource, KinesisSource, Landing, MskSource, QualifiedName, RefreshMaterializedView, RoleChain,
    SortKey, Statement, StreamName, StreamSource, ViewChange, read,
};
use xacct_types::{ClusterArn, RoleArn, SecretArn};

const CLUSTER: &str = "arn:aws:kafka:us-east-1:111111111111:cluster/c/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-5";
const ACM: &str = "arn:aws:acm:us-east-1:111111111111:certificate/8ecca3e4";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:111111111111:secret:kafka-AbCdEf";

fn name(text: &str) -> Identifier {
    Identifier::new(text).unwrap()
}

fn assert_renders(statement: impl Into<Statement>, expected: &str) {
    let statement = statement.into();
    assert_eq!(statement.to_string(), expected);
    assert_eq!(read(expected).unwrap(), statement, "{expected}");
    // As a person types it: other case, other spacing, a semicolon.
    let typed = format!("\n{} ;\n", expected.replace(' ', "\n "));
    assert_eq!(read(&typed).unwrap(), statement, "{typed}");
}

/// Every form of a role with its clause: the default, one role, chains of two to ten.
fn roles() -> Vec<(IamRole, String)> {
    let arn = |n: usize| format!("arn:aws:iam::111111111111:role/r{n}");
    let chain = |count: usize| {
        let arns: Vec<String> = (1..=count).map(arn).collect();
        let chain = RoleChain::new(arns.iter().map(|arn| RoleArn::new(arn.clone()).unwrap())).unwrap();
        (IamRole::from(chain), format!(" IAM_ROLE '{}'", arns.join(",")))
    };
    let mut roles: Vec<_> = (1..=10).map(chain).collect();
    roles.push((IamRole::Default, " IAM_ROLE default".to_owned()));
    roles
}

/// Every source that Redshift documents, with the text behind `FROM`.
fn sources() -> Vec<(StreamSource, String)> {
    let cluster = || ClusterArn::new(CLUSTER).unwrap();
    let mut all: Vec<(StreamSource, String)> = vec![(
        MskSource::unauthenticated(cluster(), None).unwrap().into(),
        format!("MSK AUTHENTICATION none CLUSTER_ARN '{CLUSTER}'"),
    )];
    for list in [
        "b-1.c.kafka.us-east-1.amazonaws.com:9092",
        "k1.example.com:9094,k2.example.com:9094",
    ] {
        let brokers = BrokerList::new(list).unwrap();
        let source = KafkaSource::unauthenticated(brokers).unwrap();
        all.push((source.into(), format!("KAFKA AUTHENTICATION none URI '{list}'")));
    }
    for (role, clause) in roles() {
        let kinesis = KinesisSource::new(role.clone());
        all.push((kinesis.clone().into(), format!("KINESIS{clause}")));
        let elsewhere = kinesis.in_region("eu-west-1".parse().unwrap());
        all.push((elsewhere.into(), format!("KINESIS REGION 'eu-west-1'{clause}")));
        let text = |how: &str| format!("MSK{clause} AUTHENTICATION {how} CLUSTER_ARN '{CLUSTER}'");
        all.push((MskSource::iam(cluster(), role.clone()).into(), text("iam")));
        let open = MskSource::unauthenticated(cluster(), Some(role.clone())).unwrap();
        all.push((open.into(), text("none")));
        for list in [
            "boot-a1.c3.kafka-serverless.us-east-1.amazonaws.com:9098",
            "b-1.c.kafka.us-east-1.amazonaws.com:9098,b-2.c.kafka.us-east-1.amazonaws.com:9098",
        ] {
            let source = KafkaSource::iam(BrokerList::new(list).unwrap(), role.clone()).unwrap();
            all.push((
                source.into(),
                format!("KAFKA{clause} AUTHENTICATION iam URI '{list}'"),
            ));
        }
        let list = "b-1.c.kafka.us-east-1.amazonaws.com:9094,b-2.c.kafka.us-east-1.amazonaws.com:9094";
        let acm = Certificate::Acm(CertificateArn::new(ACM).unwrap());
        let secret = Certificate::Secret(SecretArn::new(SECRET).unwrap());
        for (certificate, tail) in [
            (acm, format!("AUTHENTICATION_ARN '{ACM}'")),
            (secret, format!("SECRET_ARN '{SECRET}'")),
        ] {
            let source =
                KafkaSource::mtls(BrokerList::new(list).unwrap(), role.clone(), certificate).unwrap();
            all.push((
                source.into(),
                format!("KAFKA{clause} AUTHENTICATION mtls URI '{list}' {tail}"),
            ));
        }
    }
    all
}

#[test]
fn every_source_authentication_and_role_of_an_external_schema() {
    let all = sources();
    assert_eq!(all.len(), 3 + 11 * 8);
    for (source, text) in all {
        let schema = CreateExternalSchema::new(name("s"), source);
        assert_renders(
            schema.clone(),
            &format!("CREATE EXTERNAL SCHEMA \"s\" FROM {text}"),
        );
        let expected = format!("CREATE EXTERNAL SCHEMA IF NOT EXISTS \"s\" FROM {text}");
        assert_renders(schema.if_not_exists(), &expected);
    }
}

#[test]
fn every_combination_of_options_of_a_materialized_view() {
    let landing = || Landing::kinesis(name("s"), &StreamName::new("c").unwrap());
    let body = landing().to_string();
    let yes_no = [None, Some(true), Some(false)];
    let word = |yes: bool| if yes { "YES" } else { "NO" };
    let spread = [
        (None, ""),
        (Some(Distribution::Even), " DISTSTYLE EVEN"),
        (Some(Distribution::All), " DISTSTYLE ALL"),
        (
            Some(Distribution::Key(name("shard_id"))),
            " DISTSTYLE KEY DISTKEY (\"shard_id\")",
        ),
    ];
    let sorts: [(&[&str], &str); 3] = [
        (&[], ""),
        (&["refresh_time"], " SORTKEY (\"refresh_time\")"),
        (
            &["refresh_time", "shard_id"],
            " SORTKEY (\"refresh_time\", \"shard_id\")",
        ),
    ];
    let mut count = 0;
    for (backup, auto) in yes_no.iter().flat_map(|b| yes_no.map(|a| (*b, a))) {
        for (distribution, spread) in &spread {
            for (columns, sort) in &sorts {
                let mut view = CreateMaterializedView::new(QualifiedName::new(name("v")), landing());
                let mut expected = "CREATE MATERIALIZED VIEW \"v\"".to_owned();
                if let Some(yes) = backup {
                    view = view.backup(yes);
                    expected += &format!(" BACKUP {}", word(yes));
                }
                if let Some(distribution) = distribution {
                    view = view.distributed(distribution.clone()).unwrap();
                }
                if !columns.is_empty() {
                    view = view.sorted_by(columns.iter().map(|column| name(column))).unwrap();
                }
                expected += &format!("{spread}{sort}");
                if let Some(yes) = auto {
                    view = view.auto_refresh(yes);
                    expected += &format!(" AUTO REFRESH {}", word(yes));
                }
                assert_renders(view, &format!("{expected} AS {body}"));
                count += 1;
            }
        }
    }
    assert_eq!(count, 3 * 3 * 4 * 3);
}

#[test]
fn every_change_of_a_materialized_view() {
    let changes = [
        (ViewChange::AutoRefresh(true), "AUTO REFRESH YES"),
        (ViewChange::AutoRefresh(false), "AUTO REFRESH NO"),
        (ViewChange::DistributionEven, "ALTER DISTSTYLE EVEN"),
        (ViewChange::DistributionAll, "ALTER DISTSTYLE ALL"),
        (ViewChange::DistributionAuto, "ALTER DISTSTYLE AUTO"),
        (ViewChange::DistributionKey(name("c")), "ALTER DISTKEY \"c\""),
        (
            ViewChange::SortKey(SortKey::new([name("c"), name("d")]).unwrap()),
            "ALTER SORTKEY (\"c\", \"d\")",
        ),
        (ViewChange::SortKeyAuto, "ALTER SORTKEY AUTO"),
        (ViewChange::SortKeyNone, "ALTER SORTKEY NONE"),
        (ViewChange::RowLevelSecurity(true), "ROW LEVEL SECURITY ON"),
        (ViewChange::RowLevelSecurity(false), "ROW LEVEL SECURITY OFF"),
        (
            ViewChange::RowLevelSecurityForDatashares(true),
            "ROW LEVEL SECURITY ON FOR DATASHARES",
        ),
        (
            ViewChange::RowLevelSecurityForDatashares(false),
            "ROW LEVEL SECURITY OFF FOR DATASHARES",
        ),
    ];
    for (change, text) in changes {
        let alter = AlterMaterializedView::new(QualifiedName::parse("public.v").unwrap(), change);
        assert_renders(alter, &format!("ALTER MATERIALIZED VIEW \"public\".\"v\" {text}"));
    }
}

#[test]
fn every_drop_and_refresh() {
    let view = || QualifiedName::parse("public.v").unwrap();
    let both = r#""public"."v", "w""#;
    let materialized = || DropMaterializedView::new(view());
    assert_renders(materialized(), r#"DROP MATERIALIZED VIEW "public"."v""#);
    assert_renders(
        materialized().if_exists(),
        r#"DROP MATERIALIZED VIEW IF EXISTS "public"."v""#,
    );
    assert_renders(
        materialized().cascade(),
        r#"DROP MATERIALIZED VIEW "public"."v" CASCADE"#,
    );
    let all = materialized().and(name("w").into()).if_exists().cascade();
    assert_renders(all, &format!("DROP MATERIALIZED VIEW IF EXISTS {both} CASCADE"));
    let plain = DropView::new(view()).and(name("w").into()).if_exists().cascade();
    assert_renders(plain, &format!("DROP VIEW IF EXISTS {both} CASCADE"));
    let schema = DropSchema::new(name("s")).and(name("w")).if_exists().cascade();
    assert_renders(schema, r#"DROP SCHEMA IF EXISTS "s", "w" CASCADE"#);
    let refresh = RefreshMaterializedView::new(view());
    assert_renders(refresh.clone(), r#"REFRESH MATERIALIZED VIEW "public"."v""#);
    assert_renders(
        refresh.cascade(),
        r#"REFRESH MATERIALIZED VIEW "public"."v" CASCADE"#,
    );
    // RESTRICT is the default and is read as nothing.
    let restrict = read("REFRESH MATERIALIZED VIEW v RESTRICT").unwrap().to_string();
    assert_eq!(restrict, r#"REFRESH MATERIALIZED VIEW "v""#);
}
