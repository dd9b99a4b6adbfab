//! From a spec to its statements, pure.

use crate::ddl::{
    BrokerList, CreateExternalSchema, CreateMaterializedView, CreateView, Distribution, Grant, Grantee,
    IamRole, Identifier, KafkaSource, KinesisSource, Landing, MskSource, Privilege, QualifiedName,
    SelectRefused, Statement, StreamKind, StreamSource, ViewBody,
};
use crate::spec::{Broker, StreamingSpec, ViewSource, ViewSpec};
use xacct_types::{ClusterArn, Invalid};

/// The schema that views are made in.
pub const VIEW_SCHEMA: &str = "public";

/// What a spec does not say: who reads the stream, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inputs {
    /// The role or chain that Redshift assumes.
    pub role: IamRole,
    /// The MSK cluster, for `broker = "cluster-arn"`.
    pub cluster: Option<ClusterArn>,
    /// The brokers' addresses, for `broker = "address"`.
    pub bootstrap: Option<BrokerList>,
}

impl Inputs {
    /// Reads as `role`.
    #[must_use]
    pub fn new(role: impl Into<IamRole>) -> Self {
        Self {
            role: role.into(),
            cluster: None,
            bootstrap: None,
        }
    }

    /// Names the MSK cluster.
    #[must_use]
    pub fn with_cluster(mut self, cluster: ClusterArn) -> Self {
        self.cluster = Some(cluster);
        self
    }

    /// Names the brokers.
    #[must_use]
    pub fn with_bootstrap(mut self, bootstrap: BrokerList) -> Self {
        self.bootstrap = Some(bootstrap);
        self
    }
}

/// A spec has no statements.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementsError {
    /// The inputs lack what the schema's `broker` needs.
    #[error("schema \"{schema}\" has broker = \"{broker}\", which needs {needs}")]
    MissingInput {
        /// The schema.
        schema: String,
        /// `cluster-arn` or `address`.
        broker: &'static str,
        /// What is missing.
        needs: &'static str,
    },
    /// A schema reads Kafka or Kinesis, not both.
    #[error("view \"{view}\" reads a {reads} under a schema whose other views read a {others}")]
    MixedSources {
        /// The view.
        view: String,
        /// `topic` or `stream`.
        reads: &'static str,
        /// The other of them.
        others: &'static str,
    },
    /// The source cannot be read in this way.
    #[error("schema \"{schema}\" cannot be made")]
    Schema {
        /// The schema.
        schema: String,
        /// Why.
        source: Invalid,
    },
    /// A key or name of a view does not fit.
    #[error("view \"{view}\" cannot be made")]
    View {
        /// The view.
        view: String,
        /// Why.
        source: Invalid,
    },
    /// The select that the user wrote cannot stand in a streaming view.
    #[error("view \"{view}\" cannot be made from its select")]
    Select {
        /// The view.
        view: String,
        /// What was found in it, with places.
        source: SelectRefused,
    },
    /// A plain view on top needs to know the view's columns.
    #[error(
        "view \"{view}\" has a select of its own, so its {beside} view would not know the columns: \
         leave out select or {beside}"
    )]
    UnknownColumns {
        /// The view.
        view: String,
        /// `parsed` or `quarantine`.
        beside: &'static str,
    },
    /// Two views would have the same name.
    #[error("two views are named \"{view}\"")]
    Duplicate {
        /// The name.
        view: String,
    },
}

/// The statements that make everything in `spec`, in order: the schema, then each
/// view with the plain views on top of it and its grants.
///
/// ```
/// use redshift_streaming::ddl::IamRole;
/// use redshift_streaming::{Inputs, StreamingSpec, statements};
///
/// let spec: StreamingSpec = toml::from_str(
///     r#"
///     database = "dev"
///     schema = { name = "schema_stream" }
///     [[view]]
///     name = "my_stream_vw"
///     stream = "my-data-stream"
///     payload = "json-unguarded"
///     auto_refresh = false
///     "#,
/// )?;
/// let sql: Vec<String> = statements(&spec, &Inputs::new(IamRole::Default))?
///     .iter()
///     .map(ToString::to_string)
///     .collect();
/// assert_eq!(
///     sql,
///     [
///         "CREATE EXTERNAL SCHEMA \"schema_stream\" FROM KINESIS IAM_ROLE default",
///         "CREATE MATERIALIZED VIEW \"public\".\"my_stream_vw\" AUTO REFRESH NO AS SELECT \
///          \"approximate_arrival_timestamp\", \"partition_key\", \"shard_id\", \"sequence_number\", \
///          \"refresh_time\", JSON_PARSE(\"kinesis_data\") AS \"payload\" \
///          FROM \"schema_stream\".\"my-data-stream\"",
///     ]
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StatementsError`] where the inputs lack something, or parts of the spec do not
/// fit each other.
pub fn statements(spec: &StreamingSpec, inputs: &Inputs) -> Result<Vec<Statement>, StatementsError> {
    refuse_duplicates(spec)?;
    let mut statements = vec![create_schema(spec, inputs)?.into()];
    for view in &spec.views {
        let created = create_view(spec, view)?;
        let beside = [create_parsed(view, &created)?, create_quarantine(view, &created)?];
        statements.push(created.into());
        statements.extend(beside.into_iter().flatten().map(Statement::from));
        statements.extend(grants(view).into_iter().map(Statement::from));
    }
    Ok(statements)
}

fn refuse_duplicates(spec: &StreamingSpec) -> Result<(), StatementsError> {
    let mut names = Vec::new();
    for view in &spec.views {
        names.push(view.name.clone());
        names.extend(named(view, ViewSpec::parsed_name)?);
        names.extend(named(view, ViewSpec::quarantine_name)?);
    }
    let mut seen = Vec::new();
    for name in names.iter().map(Identifier::folded) {
        if seen.contains(&name) {
            return Err(StatementsError::Duplicate {
                view: name.as_str().to_owned(),
            });
        }
        seen.push(name);
    }
    Ok(())
}

/// The statement that makes the external schema of `spec`.
///
/// # Errors
/// [`StatementsError`] where the inputs lack what it needs.
pub fn create_schema(spec: &StreamingSpec, inputs: &Inputs) -> Result<CreateExternalSchema, StatementsError> {
    let name = spec.schema.name.clone();
    let missing = |broker, needs| StatementsError::MissingInput {
        schema: name.as_str().to_owned(),
        broker,
        needs,
    };
    let role = inputs.role.clone();
    let source: StreamSource = match (spec.kind(), spec.schema.broker) {
        (StreamKind::Kinesis, _) => KinesisSource::new(role).into(),
        (StreamKind::Kafka, Broker::ClusterArn) => {
            let cluster = inputs.cluster.clone();
            let cluster = cluster.ok_or_else(|| missing("cluster-arn", "the ARN of the cluster"))?;
            MskSource::iam(cluster, role).into()
        }
        (StreamKind::Kafka, Broker::Address) => {
            let brokers = inputs.bootstrap.clone();
            let brokers = brokers.ok_or_else(|| missing("address", "the addresses of the brokers"))?;
            let source = KafkaSource::iam(brokers, role);
            source
                .map_err(|source| StatementsError::Schema {
                    schema: name.as_str().to_owned(),
                    source,
                })?
                .into()
        }
    };
    Ok(CreateExternalSchema::new(name, source))
}

/// The statement that makes `view` over the external schema of `spec`.
///
/// # Errors
/// [`StatementsError`] where its source, select or keys do not fit.
pub fn create_view(spec: &StreamingSpec, view: &ViewSpec) -> Result<CreateMaterializedView, StatementsError> {
    let named = || view.name.as_str().to_owned();
    if view.source.kind() != spec.kind() {
        let [reads, others] = match view.source.kind() {
            StreamKind::Kafka => ["topic", "stream"],
            StreamKind::Kinesis => ["stream", "topic"],
        };
        return Err(StatementsError::MixedSources {
            view: named(),
            reads,
            others,
        });
    }
    let body = body(&spec.schema.name, view)?;
    let refused = |source| StatementsError::View {
        view: named(),
        source,
    };
    let mut create = CreateMaterializedView::new(in_view_schema(&view.name), body);
    if let Some(yes) = view.backup {
        create = create.backup(yes);
    }
    if let Some(key) = &view.dist_key {
        create = create
            .distributed(Distribution::Key(key.clone()))
            .map_err(refused)?;
    }
    if !view.sort_key.is_empty() {
        create = create.sorted_by(view.sort_key.iter().cloned()).map_err(refused)?;
    }
    Ok(create.auto_refresh(view.auto_refresh))
}

fn body(schema: &Identifier, view: &ViewSpec) -> Result<ViewBody, StatementsError> {
    let landing = match &view.source {
        ViewSource::Topic(topic) => Landing::kafka(schema.clone(), topic),
        ViewSource::Stream(stream) => Landing::kinesis(schema.clone(), stream),
    };
    let Some(select) = &view.select else {
        return Ok(landing.with_payload(view.payload.landed()).into());
    };
    let whole = select
        .trim_start()
        .get(..6)
        .is_some_and(|word| word.eq_ignore_ascii_case("select"));
    let written = if whole {
        ViewBody::written(select)
    } else {
        ViewBody::projection(schema, landing.stream(), select)
    };
    written.map_err(|source| StatementsError::Select {
        view: view.name.as_str().to_owned(),
        source,
    })
}

/// The statement that makes the plain view of what is JSON that `view` asks for. It
/// binds late, so that it does not stand in the way when the view under it is made anew.
///
/// # Errors
/// [`StatementsError`] where the view has a select of its own, or the name is too long.
pub fn create_parsed(
    view: &ViewSpec,
    created: &CreateMaterializedView,
) -> Result<Option<CreateView>, StatementsError> {
    on_top(view, named(view, ViewSpec::parsed_name)?, "parsed", |name| {
        CreateView::parsed(name, created)
    })
}

/// The statement that makes the quarantine view that `view` asks for; it binds late, too.
///
/// # Errors
/// As [`create_parsed`].
pub fn create_quarantine(
    view: &ViewSpec,
    created: &CreateMaterializedView,
) -> Result<Option<CreateView>, StatementsError> {
    on_top(
        view,
        named(view, ViewSpec::quarantine_name)?,
        "quarantine",
        |name| CreateView::quarantine(name, created),
    )
}

fn on_top(
    view: &ViewSpec,
    name: Option<Identifier>,
    beside: &'static str,
    of: impl FnOnce(QualifiedName) -> Option<CreateView>,
) -> Result<Option<CreateView>, StatementsError> {
    let Some(name) = name else { return Ok(None) };
    match of(in_view_schema(&name)) {
        Some(created) => Ok(Some(created.late_binding())),
        None => Err(StatementsError::UnknownColumns {
            view: view.name.as_str().to_owned(),
            beside,
        }),
    }
}

/// A name beside a view, by default or as it was given.
fn named(
    view: &ViewSpec,
    name: fn(&ViewSpec) -> Result<Option<Identifier>, Invalid>,
) -> Result<Option<Identifier>, StatementsError> {
    name(view).map_err(|source| StatementsError::View {
        view: view.name.as_str().to_owned(),
        source,
    })
}

/// The grants that `view` asks for: its readers may read it, and what is parsed of it.
#[must_use]
pub fn grants(view: &ViewSpec) -> Vec<Grant> {
    let parsed = view.parsed_name().ok().flatten();
    let relations = [Some(view.name.clone()), parsed].into_iter().flatten();
    relations
        .flat_map(|relation| grants_on(&relation, &view.readers))
        .collect()
}

/// `SELECT` on one table or view for each of `readers`.
pub(crate) fn grants_on(relation: &Identifier, readers: &[Identifier]) -> Vec<Grant> {
    let select = Privilege::Select(in_view_schema(relation));
    let grant = |user: &Identifier| Grant::new(select.clone(), Grantee::User(user.clone()));
    readers.iter().map(grant).collect()
}

/// A view's full name.
#[must_use]
pub fn in_view_schema(name: &Identifier) -> QualifiedName {
    QualifiedName::new(name.clone()).in_schema(Identifier::fixed(VIEW_SCHEMA))
}
