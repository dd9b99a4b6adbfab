//! What objects there are.

use rusqlite::types::Value;
use serde_json::json;

use super::{CHAR128, FLAG, NAME, Rows, Source, TEXT, View, flag, number, text};
use crate::sql::catalog::{Base, Kind, Relation, Schema};
use crate::sql::statement::{Authentication, Roles, Service, StreamOptions};
use crate::sql::types::Ty;

pub(super) const VIEWS: &[View] = &[
    View {
        schema: "pg_catalog",
        name: "svv_external_schemas",
        shape: &[
            ("esoid", Ty::BigInt),
            ("eskind", Ty::SmallInt),
            ("schemaname", NAME),
            ("esowner", Ty::Int),
            ("databasename", TEXT),
            ("esoptions", TEXT),
        ],
        fill: external_schemas,
    },
    View {
        schema: "pg_catalog",
        name: "svv_mv_info",
        shape: &[
            ("database_name", CHAR128),
            ("schema_name", CHAR128),
            ("user_name", CHAR128),
            ("name", CHAR128),
            ("is_stale", FLAG),
            ("state", Ty::Int),
            ("autorewrite", FLAG),
            ("autorefresh", FLAG),
        ],
        fill: materialized_views,
    },
    View {
        schema: "pg_catalog",
        name: "svv_table_info",
        shape: &[
            ("database", TEXT),
            ("schema", TEXT),
            ("table_id", Ty::BigInt),
            ("table", TEXT),
            ("encoded", TEXT),
            ("diststyle", TEXT),
            ("sortkey1", TEXT),
            ("sortkey_num", Ty::Int),
            ("tbl_rows", Ty::Decimal(38, 0)),
        ],
        fill: table_info,
    },
    View {
        schema: "pg_catalog",
        name: "svv_tables",
        shape: &[
            ("table_catalog", NAME),
            ("table_schema", NAME),
            ("table_name", NAME),
            ("table_type", NAME),
            ("remarks", TEXT),
        ],
        fill: tables,
    },
    View {
        schema: "information_schema",
        name: "tables",
        shape: &[
            ("table_catalog", NAME),
            ("table_schema", NAME),
            ("table_name", NAME),
            ("table_type", NAME),
            ("remarks", TEXT),
        ],
        fill: tables,
    },
    View {
        schema: "pg_catalog",
        name: "svv_columns",
        shape: COLUMNS,
        fill: columns,
    },
    View {
        schema: "information_schema",
        name: "columns",
        shape: COLUMNS,
        fill: columns,
    },
    View {
        schema: "information_schema",
        name: "schemata",
        shape: &[
            ("catalog_name", NAME),
            ("schema_name", NAME),
            ("schema_owner", NAME),
        ],
        fill: schemata,
    },
    View {
        schema: "information_schema",
        name: "views",
        shape: &[
            ("table_catalog", NAME),
            ("table_schema", NAME),
            ("table_name", NAME),
            ("view_definition", TEXT),
        ],
        fill: |source| {
            views(source)
                .into_iter()
                .map(|row| {
                    vec![
                        text(&source.catalog.name),
                        row[0].clone(),
                        row[1].clone(),
                        row[3].clone(),
                    ]
                })
                .collect()
        },
    },
    View {
        schema: "pg_catalog",
        name: "pg_views",
        shape: &[
            ("schemaname", NAME),
            ("viewname", NAME),
            ("viewowner", NAME),
            ("definition", TEXT),
            ("oid", Ty::BigInt),
        ],
        fill: views,
    },
    View {
        schema: "pg_catalog",
        name: "pg_tables",
        shape: &[("schemaname", NAME), ("tablename", NAME), ("tableowner", NAME)],
        fill: |source| {
            relations(source)
                .filter(|(_, relation)| matches!(relation.kind, Kind::Table))
                .map(|((schema, name), relation)| vec![text(schema), text(name), text(&relation.owner)])
                .collect()
        },
    },
    View {
        schema: "pg_catalog",
        name: "pg_class",
        shape: &[
            ("oid", Ty::BigInt),
            ("relname", NAME),
            ("relnamespace", Ty::BigInt),
            ("relowner", Ty::Int),
            ("relkind", FLAG),
        ],
        fill: classes,
    },
    View {
        schema: "pg_catalog",
        name: "pg_class_info",
        shape: &[
            ("oid", Ty::BigInt),
            ("relname", NAME),
            ("relnamespace", Ty::BigInt),
            ("relowner", Ty::Int),
            ("relkind", FLAG),
        ],
        fill: classes,
    },
    View {
        schema: "pg_catalog",
        name: "pg_namespace",
        shape: &[("oid", Ty::BigInt), ("nspname", NAME), ("nspowner", Ty::Int)],
        fill: |source| {
            schemas(source)
                .map(|(name, schema)| {
                    vec![
                        number(schema.oid),
                        text(name),
                        number(source.user_id(&schema.owner)),
                    ]
                })
                .collect()
        },
    },
    View {
        schema: "pg_catalog",
        name: "pg_description",
        shape: &[
            ("objoid", Ty::BigInt),
            ("classoid", Ty::BigInt),
            ("objsubid", Ty::Int),
            ("description", TEXT),
        ],
        fill: descriptions,
    },
    View {
        schema: "pg_catalog",
        name: "pg_database",
        shape: &[("oid", Ty::BigInt), ("datname", NAME), ("datdba", Ty::Int)],
        fill: |source| {
            let databases = source.warehouse.databases.values().enumerate();
            databases
                .map(|(at, database)| {
                    vec![
                        number(at as i64 + 1),
                        text(&database.catalog.name),
                        number(source.user_id(&database.catalog.owner)),
                    ]
                })
                .collect()
        },
    },
    View {
        schema: "pg_catalog",
        name: "svv_all_schemas",
        shape: &[
            ("database_name", NAME),
            ("schema_name", NAME),
            ("schema_owner", Ty::Int),
            ("schema_type", NAME),
            ("schema_option", TEXT),
        ],
        fill: all_schemas,
    },
    View {
        schema: "pg_catalog",
        name: "svv_redshift_schemas",
        shape: &[
            ("database_name", NAME),
            ("schema_name", NAME),
            ("schema_owner", Ty::Int),
            ("schema_type", NAME),
            ("schema_option", TEXT),
        ],
        fill: |source| {
            all_schemas(source)
                .into_iter()
                .filter(|row| row[3] == text("local"))
                .collect()
        },
    },
];

const COLUMNS: super::Shape = &[
    ("table_catalog", NAME),
    ("table_schema", NAME),
    ("table_name", NAME),
    ("column_name", NAME),
    ("ordinal_position", Ty::Int),
    ("column_default", TEXT),
    ("is_nullable", Ty::Varchar(3)),
    ("data_type", NAME),
    ("character_maximum_length", Ty::Int),
    ("numeric_precision", Ty::Int),
    ("numeric_scale", Ty::Int),
];

/// Schemas that the user may see.
fn schemas<'a>(source: &'a Source<'_>) -> impl Iterator<Item = (&'a String, &'a Schema)> {
    source
        .catalog
        .schemas
        .iter()
        .filter(|(_, schema)| source.session.holds(&schema.owner, &schema.grants, "USAGE"))
}

/// Relations in schemas that the user may see.
fn relations<'a>(source: &'a Source<'_>) -> impl Iterator<Item = (&'a (String, String), &'a Relation)> {
    source.catalog.relations.iter().filter(|(key, _)| {
        source
            .catalog
            .schemas
            .get(&key.0)
            .is_some_and(|schema| source.session.holds(&schema.owner, &schema.grants, "USAGE"))
    })
}

/// Kind 9 is Kinesis, 10 is MSK and Kafka.
/// <https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_SCHEMAS.html>
fn external_schemas(source: &Source<'_>) -> Rows {
    schemas(source)
        .filter(|(_, schema)| source.sees(&schema.owner))
        .filter_map(|(name, schema)| {
            let stream = schema.stream.as_ref()?;
            let kind = if matches!(stream.service, Service::Kinesis { .. }) {
                9
            } else {
                10
            };
            Some(vec![
                number(schema.oid),
                number(kind),
                text(name),
                number(source.user_id(&schema.owner)),
                text(""),
                text(options(stream)),
            ])
        })
        .collect()
}

/// `esoptions`. Which keys it has for streams is not documented, except IAM_ROLE.
fn options(stream: &StreamOptions) -> String {
    let mut out = serde_json::Map::new();
    match &stream.roles {
        Roles::None => {}
        Roles::Default => drop(out.insert("IAM_ROLE".to_owned(), json!("default"))),
        Roles::Chain(chain) => drop(out.insert("IAM_ROLE".to_owned(), json!(chain.join(",")))),
    }
    let authentication = match stream.authentication {
        Authentication::None => "none",
        Authentication::Iam => "iam",
        Authentication::Mtls => "mtls",
    };
    match &stream.service {
        Service::Kinesis { region } => {
            if let Some(region) = region {
                out.insert("REGION".to_owned(), json!(region));
            }
        }
        Service::Msk { cluster_arn } => {
            out.insert("AUTHENTICATION".to_owned(), json!(authentication));
            out.insert("CLUSTER_ARN".to_owned(), json!(cluster_arn));
        }
        Service::Kafka { brokers } => {
            out.insert("AUTHENTICATION".to_owned(), json!(authentication));
            out.insert("URI".to_owned(), json!(brokers.join(",")));
        }
    }
    for (key, value) in [
        ("AUTHENTICATION_ARN", &stream.authentication_arn),
        ("SECRET_ARN", &stream.secret_arn),
    ] {
        if let Some(value) = value {
            out.insert(key.to_owned(), json!(value));
        }
    }
    serde_json::Value::Object(out).to_string()
}

fn materialized_views(source: &Source<'_>) -> Rows {
    relations(source)
        .filter(|(_, relation)| source.sees(&relation.owner))
        .filter_map(|((schema, name), relation)| {
            let view = relation.materialized()?;
            let broken = match &view.base {
                Base::Stream {
                    schema, schema_oid, ..
                } => source
                    .catalog
                    .schemas
                    .get(schema)
                    .is_none_or(|found| found.oid != *schema_oid),
                Base::Local(bases) => bases
                    .iter()
                    .any(|base| !source.catalog.relations.contains_key(base)),
            };
            Some(vec![
                text(&source.catalog.name),
                text(schema),
                text(&relation.owner),
                text(name),
                flag(!view.refreshed),
                number(if broken { 103 } else { view.state }),
                flag(false),
                flag(relation.layout.auto_refresh == Some(true)),
            ])
        })
        .collect()
}

/// Materialized views appear under the names of their hidden tables.
fn table_info(source: &Source<'_>) -> Rows {
    let count = |relation: &Relation| -> i64 {
        let database = source.warehouse.databases.get(&source.catalog.name);
        let sql = format!("SELECT count(*) FROM {}", relation.table());
        database
            .and_then(|database| database.connection.query_row(&sql, [], |row| row.get(0)).ok())
            .unwrap_or_default()
    };
    relations(source)
        .filter(|(_, relation)| source.sees(&relation.owner) && !matches!(relation.kind, Kind::View(_)))
        .map(|((schema, name), relation)| {
            let layout = &relation.layout;
            let style = match (&layout.dist_key, &layout.dist_style) {
                (Some(key), _) => format!("KEY({key})"),
                (None, Some(style)) => style.clone(),
                (None, None) if relation.materialized().is_some() => "EVEN".to_owned(),
                (None, None) => "AUTO(ALL)".to_owned(),
            };
            let name = if relation.materialized().is_some() {
                format!("mv_tbl__{name}__0")
            } else {
                name.clone()
            };
            vec![
                text(&source.catalog.name),
                text(schema),
                number(relation.oid),
                text(name),
                text("Y, AUTO(ENCODE)"),
                text(style),
                layout.sort_key.first().map_or(Value::Null, text),
                number(layout.sort_key.len() as i64),
                number(count(relation)),
            ]
        })
        .collect()
}

fn tables(source: &Source<'_>) -> Rows {
    relations(source)
        .map(|((schema, name), relation)| {
            let kind = if matches!(relation.kind, Kind::Table) {
                "BASE TABLE"
            } else {
                "VIEW"
            };
            let remarks = relation.comment.as_ref().map_or(Value::Null, text);
            vec![
                text(&source.catalog.name),
                text(schema),
                text(name),
                text(kind),
                remarks,
            ]
        })
        .collect()
}

/// Late-binding views have no columns here, as in Redshift.
fn columns(source: &Source<'_>) -> Rows {
    let mut out = Vec::new();
    for ((schema, name), relation) in relations(source) {
        for (at, column) in relation.columns.iter().enumerate() {
            let characters = matches!(column.ty, Ty::Char(_) | Ty::Varchar(_) | Ty::Varbyte(_));
            let size = number(i64::from(column.ty.precision()));
            let (length, precision, scale) = if characters {
                (size, Value::Null, Value::Null)
            } else if column.ty.is_number() {
                (Value::Null, size, number(i64::from(column.ty.scale())))
            } else {
                (Value::Null, Value::Null, Value::Null)
            };
            out.push(vec![
                text(&source.catalog.name),
                text(schema),
                text(name),
                text(&column.name),
                number(at as i64 + 1),
                Value::Null,
                text("YES"),
                text(column.ty.sql_name()),
                length,
                precision,
                scale,
            ]);
        }
    }
    out
}

fn schemata(source: &Source<'_>) -> Rows {
    schemas(source)
        .map(|(name, schema)| vec![text(&source.catalog.name), text(name), text(&schema.owner)])
        .collect()
}

fn all_schemas(source: &Source<'_>) -> Rows {
    schemas(source)
        .map(|(name, schema)| {
            let (kind, option) = match &schema.stream {
                Some(stream) => ("external", text(options(stream))),
                None => ("local", text("")),
            };
            vec![
                text(&source.catalog.name),
                text(name),
                number(source.user_id(&schema.owner)),
                text(kind),
                option,
            ]
        })
        .collect()
}

fn views(source: &Source<'_>) -> Rows {
    relations(source)
        .filter(|(_, relation)| !matches!(relation.kind, Kind::Table))
        .map(|((schema, name), relation)| {
            vec![
                text(schema),
                text(name),
                text(&relation.owner),
                text(&relation.definition),
                number(relation.oid),
            ]
        })
        .collect()
}

fn classes(source: &Source<'_>) -> Rows {
    relations(source)
        .map(|((schema, name), relation)| {
            let kind = if matches!(relation.kind, Kind::Table) {
                "r"
            } else {
                "v"
            };
            let schema = source.catalog.schemas.get(schema).map_or(0, |schema| schema.oid);
            vec![
                number(relation.oid),
                text(name),
                number(schema),
                number(source.user_id(&relation.owner)),
                text(kind),
            ]
        })
        .collect()
}

fn descriptions(source: &Source<'_>) -> Rows {
    let of_relations =
        relations(source).filter_map(|(_, relation)| Some((relation.oid, relation.comment.as_ref()?)));
    let of_schemas = schemas(source).filter_map(|(_, schema)| Some((schema.oid, schema.comment.as_ref()?)));
    of_relations
        .chain(of_schemas)
        .map(|(oid, comment)| vec![number(oid), number(1_259), number(0), text(comment)])
        .collect()
}
