//! read(render(x)) = x, and no name or literal changes how many statements a text holds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use proptest::prelude::*;
use redshift_streaming::ddl::{
    AlterExternalSchema, AlterMaterializedView, AppendTable, BrokerList, Certificate, CertificateArn,
    CreateDatabase, CreateExternalSchema, CreateMaterializedView, CreateView, DatabaseName, Distribution,
    DropDatabase, DropMaterializedView, DropSchema, DropView, ExtraColumns, Grant, Grantee, IamRole,
    Identifier, KafkaSource, KinesisSource, Landing, MskSource, Payload, Privilege, QualifiedName,
    RefreshMaterializedView, RoleChain, SchemaAuthentication, SchemaOption, SortKey, SqlType, Statement,
    StreamKind, StreamName, StreamSource, TypedView, ViewChange, read,
};
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};
use xacct_types::{ClusterArn, RoleArn, SecretArn, TopicName};

/// Names that try to end early, or to be something else.
fn identifier() -> impl Strategy<Value = Identifier> {
    let hostile = prop::sample::select(vec![
        "\"",
        "\"\"",
        "a\"b",
        "a\\",
        "\\\"",
        "'; DROP SCHEMA s; --",
        "/*",
        "*/",
        "--",
        "$$",
        "$a$",
        ";",
        "select",
        "SELECT",
        "raw",
        "default",
        "kafka_offset",
        "payload",
        "a.b",
        "[x]",
        "`",
        "ä😀",
        " ",
        "%",
        "E'",
        "U&\"",
        "null",
        "IAMR:Role",
    ]);
    prop_oneof![
        hostile.prop_map(|text| Identifier::new(text).unwrap()),
        "[a-z][a-z0-9_]{0,20}".prop_map(|text| Identifier::new(text).unwrap()),
        "\\PC{1,40}".prop_filter_map("a legal name", |text| Identifier::new(text).ok()),
        Just(Identifier::new("x".repeat(127)).unwrap()),
    ]
}

fn qualified() -> impl Strategy<Value = QualifiedName> {
    (identifier(), prop::option::of(identifier())).prop_map(|(name, schema)| {
        let name = QualifiedName::new(name);
        match schema {
            Some(schema) => name.in_schema(schema),
            None => name,
        }
    })
}

fn role() -> impl Strategy<Value = IamRole> {
    let arn =
        ("[0-9]{12}", "(/[a-z]{1,8}){0,2}/", "[A-Za-z0-9+=.@_-]{1,64}").prop_map(|(account, path, name)| {
            RoleArn::new(format!("arn:aws:iam::{account}:role{path}{name}")).unwrap()
        });
    let chain = prop::collection::vec(arn, 1..=10)
        .prop_filter_map("a chain", |roles| RoleChain::new(roles).ok())
        .prop_map(IamRole::from);
    prop_oneof![Just(IamRole::Default), chain]
}

fn brokers() -> impl Strategy<Value = BrokerList> {
    prop::collection::vec(("[a-z][a-z0-9.-]{0,30}", 1..=65535_u16), 1..4).prop_map(|list| {
        let parts: Vec<String> = list.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        BrokerList::new(parts.join(",")).unwrap()
    })
}

fn cluster() -> impl Strategy<Value = ClusterArn> {
    "[a-zA-Z][a-zA-Z0-9-]{0,20}".prop_map(|name| {
        let uuid = "8ecca3e4-7e5a-4152-a212-ab7f9cde97be";
        ClusterArn::new(format!(
            "arn:aws:kafka:ap-south-1:111111111111:cluster/{name}/{uuid}-1"
        ))
        .unwrap()
    })
}

fn certificate() -> impl Strategy<Value = Certificate> {
    let acm = "[a-f0-9-]{1,36}".prop_map(|id| {
        let arn = format!("arn:aws:acm:us-east-1:111111111111:certificate/{id}");
        Certificate::Acm(CertificateArn::new(arn).unwrap())
    });
    let secret = "[A-Za-z0-9/_+=.@!-]{1,30}".prop_map(|name| {
        let arn = format!("arn:aws:secretsmanager:us-east-1:111111111111:secret:{name}");
        Certificate::Secret(SecretArn::new(arn).unwrap())
    });
    prop_oneof![acm, secret]
}

fn source() -> impl Strategy<Value = StreamSource> {
    prop_oneof![
        (role(), any::<bool>()).prop_map(|(role, elsewhere)| {
            let source = KinesisSource::new(role);
            if elsewhere {
                source.in_region("us-east-1".parse().unwrap()).into()
            } else {
                source.into()
            }
        }),
        (cluster(), role()).prop_map(|(cluster, role)| MskSource::iam(cluster, role).into()),
        (cluster(), prop::option::of(role())).prop_map(|(cluster, role)| MskSource::unauthenticated(
            cluster, role
        )
        .unwrap()
        .into()),
        (brokers(), role()).prop_map(|(list, role)| KafkaSource::iam(list, role).unwrap().into()),
        brokers().prop_map(|list| KafkaSource::unauthenticated(list).unwrap().into()),
        (brokers(), role(), certificate())
            .prop_map(|(list, role, arn)| KafkaSource::mtls(list, role, arn).unwrap().into()),
    ]
}

fn landing() -> impl Strategy<Value = Landing> {
    let payload = prop::sample::select(vec![
        Payload::Json,
        Payload::JsonUnguarded,
        Payload::Raw,
        Payload::Text,
    ]);
    let names = (identifier(), prop::option::of(identifier()), identifier());
    let columns = (
        any::<bool>(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    );
    (names, payload, columns, "[a-zA-Z0-9_-]{1,60}").prop_filter_map(
        "names that differ",
        |((schema, main, raw), payload, (kafka, split, end), stream)| {
            let landing = if kafka {
                Landing::kafka(schema, &TopicName::new(stream).unwrap())
            } else {
                Landing::kinesis(schema, &StreamName::new(stream).unwrap())
            };
            let all = if kafka {
                StreamKind::Kafka
            } else {
                StreamKind::Kinesis
            }
            .columns();
            let end = end.index(all.len() + 1);
            let split = split.index(end + 1);
            let mut landing = landing.with_payload(payload);
            if payload == Payload::Json {
                landing = landing.with_raw_name(raw).ok()?;
            }
            if let Some(main) = main {
                landing = landing.with_payload_name(main).ok()?;
            }
            let (before, after) = (all[..split].to_vec(), all[split..end].to_vec());
            landing.with_columns(before, after).ok()
        },
    )
}

fn materialized_view() -> impl Strategy<Value = Statement> {
    let options = (
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        prop::option::of(0..3_u8),
    );
    (qualified(), landing(), options).prop_filter_map(
        "keys that are columns",
        |(name, landing, (backup, auto, spread))| {
            let key = landing.columns().find(|column| !column.is_super());
            let mut view = CreateMaterializedView::new(name, landing);
            if let Some(yes) = backup {
                view = view.backup(yes);
            }
            if let Some(yes) = auto {
                view = view.auto_refresh(yes);
            }
            match (spread, key) {
                (Some(0), _) => view = view.distributed(Distribution::Even).ok()?,
                (Some(1), _) => view = view.distributed(Distribution::All).ok()?,
                (Some(_), Some(key)) => {
                    let key = key.identifier();
                    view = view.sorted_by([key.clone()]).ok()?;
                    view = view.distributed(Distribution::Key(key)).ok()?;
                }
                _ => {}
            }
            Some(view.into())
        },
    )
}

fn plain_view() -> impl Strategy<Value = Statement> {
    let quarantine = (qualified(), qualified(), landing())
        .prop_filter_map("a landing", |(name, of, form)| {
            CreateView::quarantine(name, &CreateMaterializedView::new(of, form))
        });
    let attribute = (prop::collection::vec(identifier(), 1..4), identifier(), 0..4_u8);
    let typed = (qualified(), qualified(), prop::collection::vec(attribute, 1..4)).prop_filter_map(
        "names that differ",
        |(name, from, attributes)| {
            let mut view = TypedView::new(from);
            for (path, column, kind) in attributes {
                let types = [
                    SqlType::Varchar(100),
                    SqlType::Decimal(10, 2),
                    SqlType::TimestampTz,
                    SqlType::Super,
                ];
                let path: Vec<&str> = path.iter().map(Identifier::as_str).collect();
                view = view.attribute(path, types[usize::from(kind)], column).ok()?;
            }
            Some(view.create(name))
        },
    );
    (prop_oneof![quarantine, typed], any::<bool>(), any::<bool>()).prop_map(|(view, replace, late)| {
        let view = if replace { view.or_replace() } else { view };
        if late {
            view.late_binding().into()
        } else {
            view.into()
        }
    })
}

fn change() -> impl Strategy<Value = Statement> {
    let change = prop_oneof![
        any::<bool>().prop_map(ViewChange::AutoRefresh),
        Just(ViewChange::DistributionEven),
        Just(ViewChange::DistributionAll),
        identifier().prop_map(ViewChange::DistributionKey),
        prop::collection::vec(identifier(), 1..4)
            .prop_filter_map("a key", |columns| SortKey::new(columns).ok())
            .prop_map(ViewChange::SortKey),
        Just(ViewChange::SortKeyAuto),
        Just(ViewChange::SortKeyNone),
    ];
    let option = prop_oneof![
        role().prop_map(SchemaOption::Role),
        brokers().prop_map(SchemaOption::Brokers),
        Just(SchemaOption::Authentication(SchemaAuthentication::None)),
        Just(SchemaOption::Authentication(SchemaAuthentication::Iam)),
        certificate().prop_map(|arn| SchemaOption::Authentication(SchemaAuthentication::Mtls(arn))),
    ];
    prop_oneof![
        (qualified(), change).prop_map(|(name, change)| AlterMaterializedView::new(name, change).into()),
        (identifier(), prop::collection::vec(option, 1..4)).prop_map(|(name, mut options)| {
            let first = AlterExternalSchema::new(name, options.remove(0));
            options.into_iter().fold(first, AlterExternalSchema::and).into()
        }),
    ]
}

fn grant() -> impl Strategy<Value = Statement> {
    let privilege = prop_oneof![
        identifier().prop_map(Privilege::Usage),
        qualified().prop_map(Privilege::Select),
    ];
    let grantee = prop_oneof![
        identifier().prop_map(Grantee::User),
        identifier().prop_map(Grantee::Role),
        identifier().prop_map(Grantee::Group),
        Just(Grantee::Public),
    ];
    (privilege, grantee, any::<bool>()).prop_map(|(privilege, grantee, back)| {
        let grant = Grant::new(privilege, grantee);
        if back { grant.revoke().into() } else { grant.into() }
    })
}

fn small() -> impl Strategy<Value = Statement> {
    let append = (qualified(), qualified(), 0..3_u8).prop_map(|(to, from, extra)| {
        let append = AppendTable::new(to, from);
        match extra {
            0 => append.into(),
            1 => append.extra_columns(ExtraColumns::Ignore).into(),
            _ => append.extra_columns(ExtraColumns::Fill).into(),
        }
    });
    let database = "db_[a-z0-9_]{0,40}".prop_map(|name| DatabaseName::new(name).unwrap());
    let drops = (qualified(), identifier(), 0..3_u8, any::<bool>(), any::<bool>()).prop_map(
        |(name, schema, kind, exists, cascade)| -> Statement {
            let view = DropMaterializedView::new(name.clone());
            let schema = DropSchema::new(schema);
            match (kind, exists, cascade) {
                (0, true, _) => DropView::new(name).if_exists().into(),
                (0, false, _) => DropView::new(name).into(),
                (1, true, true) => view.if_exists().cascade().into(),
                (1, _, true) => view.cascade().into(),
                (1, ..) => view.into(),
                (_, true, true) => schema.if_exists().cascade().into(),
                (_, true, false) => schema.if_exists().into(),
                _ => schema.into(),
            }
        },
    );
    prop_oneof![
        append,
        drops,
        (database, any::<bool>()).prop_map(|(name, drop)| if drop {
            DropDatabase::new(name).into()
        } else {
            CreateDatabase::new(name).into()
        }),
        (qualified(), any::<bool>()).prop_map(|(name, cascade)| {
            let refresh = RefreshMaterializedView::new(name);
            if cascade {
                refresh.cascade().into()
            } else {
                refresh.into()
            }
        }),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let schema = (identifier(), source(), any::<bool>()).prop_map(|(name, source, guarded)| {
        let schema = CreateExternalSchema::new(name, source);
        if guarded {
            schema.if_not_exists().into()
        } else {
            schema.into()
        }
    });
    prop_oneof![
        2 => schema,
        3 => materialized_view(),
        2 => plain_view(),
        2 => change(),
        1 => grant(),
        2 => small(),
    ]
}

/// One statement, no comment, on one line: as an independent reader sees it.
fn assert_one_statement(sql: &str) {
    let tokens = Tokenizer::new(&RedshiftSqlDialect {}, sql).tokenize().unwrap();
    let comment = |token: &Token| {
        matches!(
            token,
            Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_))
        )
    };
    assert!(!tokens.contains(&Token::SemiColon), "{sql}");
    assert!(!tokens.iter().any(comment), "{sql}");
    assert!(!sql.contains('\n'), "{sql}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_rendered_is_read_back_as_the_same_tree(statement in statement()) {
        let sql = statement.to_string();
        assert_one_statement(&sql);
        let back = read(&sql);
        prop_assert!(back.is_ok(), "{sql}\n{:?}", back.err());
        prop_assert_eq!(back.ok(), Some(statement), "{}", sql);
    }

    #[test]
    fn reading_any_text_never_panics(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn a_statement_cut_anywhere_never_panics(statement in statement(), cut in any::<prop::sample::Index>()) {
        let sql = statement.to_string();
        let ends: Vec<usize> = sql.char_indices().map(|(at, _)| at).collect();
        let _ = read(&sql[..*cut.get(&ends)]);
    }
}
