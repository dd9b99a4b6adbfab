//! The SQL objects of a pipeline as resources: external schema and materialized views.
//!
//! What exists is read from the catalog; statement ids are never kept. Objects
//! of a namespace that we made go with it, so their removal makes no call.

mod catalog;
mod schema;
mod view;

pub(crate) use catalog::options_of;
pub use catalog::{Catalog, SeenSchema, SeenView};
pub use schema::SchemaOut;
pub use view::ViewOut;

use crate::data::{DataApi, SqlError};
use crate::ddl::{BrokerList, IamRole, RefreshMaterializedView, RoleChain, Statement};
use crate::serverless::{NamespaceOut, WorkgroupOut};
use crate::statements::{self, StatementsError};
use crate::{StreamingSpec, ViewSpec};
use aws_types::SdkConfig;
use std::sync::Arc;
use std::time::Duration;
use xacct_converge::{Class, Context, Failure, Graph, Handle, Inputs, Needs, Ready, Value};
use xacct_types::{ClusterArn, Invalid, RoleArn};

/// How SQL reaches the warehouse: known when namespace and workgroup have settled.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The warehouse account's configuration.
    pub config: SdkConfig,
    /// The database.
    pub database: String,
    /// Gives the admin secret.
    pub namespace: Value<NamespaceOut>,
    /// Gives the workgroup.
    pub workgroup: Value<WorkgroupOut>,
}

impl Connection {
    fn needs(&self) -> Needs {
        Needs::none().value(&self.namespace).value(&self.workgroup)
    }

    fn api(&self, inputs: &Inputs<'_>) -> Result<DataApi, Failure> {
        let (namespace, workgroup) = (inputs.get(&self.namespace)?, inputs.get(&self.workgroup)?);
        Ok(DataApi::new(
            &self.config,
            workgroup.name,
            &self.database,
            namespace.admin_secret,
        ))
    }
}

/// Where the stream is, as the external schema names it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Stream {
    /// `FROM MSK … CLUSTER_ARN`.
    Cluster(Value<ClusterArn>),
    /// `FROM KAFKA … URI`.
    Brokers(Value<String>),
}

/// The roles through which the external schema reads, and where the stream is.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The stream.
    pub stream: Stream,
    /// The chain of roles, the attached one first.
    pub roles: Vec<Value<RoleArn>>,
    /// What must have settled first: roles, DNS, routes.
    pub after: Vec<Ready>,
}

impl Reading {
    fn needs(&self) -> Needs {
        let needs = Needs::none().values(&self.roles).after_all(self.after.clone());
        match &self.stream {
            Stream::Cluster(arn) => needs.value(arn),
            Stream::Brokers(brokers) => needs.value(brokers),
        }
    }

    /// What the statements need, as far as everything in it is known.
    fn inputs(&self, known: &Inputs<'_>) -> Option<Result<statements::Inputs, Invalid>> {
        let chain = RoleChain::new(known.all_known(&self.roles)?);
        let inputs = chain.map(|chain| statements::Inputs::new(IamRole::Chain(chain)));
        Some(match &self.stream {
            Stream::Cluster(arn) => {
                let arn = known.known(arn)?;
                inputs.map(|inputs| inputs.with_cluster(arn))
            }
            Stream::Brokers(brokers) => {
                let brokers = BrokerList::new(known.known(brokers)?);
                inputs.and_then(|inputs| Ok(inputs.with_bootstrap(brokers?)))
            }
        })
    }
}

/// What other resources wait for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ObjectHandles {
    /// The external schema.
    pub schema: Handle<SchemaOut>,
    /// The views, in the order of their plans.
    pub views: Vec<Handle<ViewOut>>,
}

/// Adds the external schema of `spec` and its views to `graph`. Each view waits
/// for what `topics` gives for it.
pub fn declare(
    graph: &mut Graph,
    connection: &Connection,
    catalog: &Catalog,
    spec: &StreamingSpec,
    reading: Reading,
    topics: impl Fn(&ViewSpec) -> Vec<Ready>,
) -> ObjectHandles {
    let spec = Arc::new(spec.clone());
    let schema = schema::SchemaResource {
        connection: connection.clone(),
        seen: catalog.schema(&spec.schema.name),
        spec: spec.clone(),
        reading,
    };
    let schema = graph.add("warehouse/external-schema", schema);
    let views = spec.views.iter().map(|view| {
        let resource = view::ViewResource {
            connection: connection.clone(),
            seen: catalog.view(&view.name),
            schema: schema.ready(),
            spec: spec.clone(),
            view: view.clone(),
            after: topics(view),
        };
        graph.add(format!("warehouse/view/{}", view.name), resource)
    });
    ObjectHandles {
        schema,
        views: views.collect(),
    }
}

/// Makes one view outside of a graph, if Redshift takes it now. `None` where it
/// refuses, as it does while the topic is missing.
///
/// # Errors
/// [`SqlError`] where Redshift could not be asked, or refuses for a reason that
/// no topic mends.
pub async fn try_view(
    api: &DataApi,
    cx: &Context,
    spec: &StreamingSpec,
    view: &ViewSpec,
) -> Result<Option<ViewOut>, SqlError> {
    let name = format!("create the view {}", view.name.as_str());
    let written = statements::create_view(spec, view);
    let create = written.map_err(|source| SqlError::Call { name: name.clone(), source: unwritable(source) })?;
    let refresh = RefreshMaterializedView::new(statements::in_view_schema(&view.name));
    for sql in [Statement::from(create.clone()), refresh.into()] {
        match api.run(cx, &name, &sql.to_string()).await {
            Ok(_) => {}
            Err(error) if error.is_duplicate() => {}
            Err(error) if passing(&error).is_some() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(ViewOut {
        name: view.name.as_str().to_owned(),
        topic: view.source.name().to_owned(),
        sql: create.to_string(),
    }))
}

/// How long SQL is tried again while what AWS made a moment ago arrives: a role
/// that cannot be assumed yet, a name that does not resolve yet.
const ARRIVAL: Duration = Duration::from_secs(600);

/// Texts of refusals that no waiting mends.
const FINAL: &[&str] = &[
    "syntax error",
    "permission denied",
    "must be owner",
    "already exists",
    "not supported",
];

/// Runs a statement, and runs it again while its refusal may pass.
async fn run_patiently(api: &DataApi, cx: &Context, name: &str, sql: &str) -> Result<(), Failure> {
    let start = cx.now();
    loop {
        let error = match api.run(cx, name, sql).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_duplicate() => return Ok(()),
            Err(error) => error,
        };
        let Some(why) = passing(&error) else {
            return Err(error.into_failure());
        };
        if cx.since(start) > ARRIVAL {
            return Err(error.into_failure().classed(Class::Terminal));
        }
        let (operation, why) = (name.to_owned(), why.to_owned());
        cx.tell(xacct_converge::What::Retried { operation, why });
        cx.sleep(Duration::from_secs(5)).await;
    }
}

/// A statement that cannot be written; found before anything is sent.
fn unwritable(error: StatementsError) -> Failure {
    Failure::terminal("redshift:Statements", "the statement cannot be written").with_source(error)
}

/// The refusal's text if waiting may mend it.
pub(crate) fn passing(error: &SqlError) -> Option<&str> {
    error
        .refusal()
        .filter(|text| !FINAL.iter().any(|end| text.contains(end)))
}
