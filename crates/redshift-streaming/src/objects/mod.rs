//! The SQL objects of a pipeline as resources: the external schema, the
//! materialized views over it, and what stands beside each view: the plain views of
//! what is JSON and what is not, and the grants to its readers.
//!
//! What exists is read from the catalog; statement ids are never kept. Objects
//! of a namespace that we made go with it, so their removal makes no call; in one that
//! outlives them ([`Connection::outlives`]) they are dropped, views first.
//!
//! # Drift
//!
//! | what differs | what the plan says |
//! |---|---|
//! | roles, authentication or brokers of the schema | the schema is altered |
//! | the cluster or the kind of the schema, or the roles of a Kinesis one | the schema and every view over it are made anew, which loses what the stream no longer has |
//! | the schema is gone | it is made, and every view over it is made anew |
//! | a view is gone | it is made |
//! | the landing select of a view | it evolves: its rows are kept in a table and shown by the plain views on top ([`evolve`](crate::evolve)) |
//! | any other select of a view, or Redshift can no longer refresh it | it is made anew, which loses data |
//! | auto refresh | the view is altered |
//! | the catalog prints a definition that cannot be read | nothing: it is left alone |
//! | a plain view on top is gone or another | it is made anew; it holds no data |
//! | a reader's grant is gone | it is granted; grants to others are left alone |
//!
//! When the schema is made anew, the views of the pipeline are dropped first, then
//! the schema without `CASCADE`, so that Redshift itself refuses where something
//! else depends on it; a view of somebody else over the schema is found before
//! anything is dropped.

mod beside;
mod catalog;
mod deferred;
#[cfg(test)]
mod plan_tests;
mod running;
mod schema;
mod view;

pub use catalog::Catalog;
pub use deferred::{declare_deferred, try_view};
pub use running::Connection;
pub use schema::SchemaOut;
pub use view::ViewOut;

use crate::ddl::{BrokerList, IamRole, RoleChain};
use crate::statements;
use crate::{StreamingSpec, ViewSpec};
use running::Session;
use std::sync::Arc;
use xacct_converge::{Graph, Handle, Inputs, Needs, Ready, Value};
use xacct_types::{ClusterArn, Invalid, RoleArn};

/// Where the stream is, as the external schema names it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Stream {
    /// `FROM MSK … CLUSTER_ARN`.
    Cluster(Value<ClusterArn>),
    /// `FROM KAFKA … URI`.
    Brokers(Value<String>),
    /// `FROM KINESIS`: the streams of the account of the last role.
    Kinesis,
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
            Stream::Kinesis => needs,
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
            Stream::Kinesis => inputs,
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

/// Adds the external schema of `spec`, its views and what stands beside them to
/// `graph`. Each view waits for what `topics` gives for it.
pub fn declare(
    graph: &mut Graph,
    connection: &Connection,
    catalog: &Catalog,
    spec: &StreamingSpec,
    reading: Reading,
    topics: impl Fn(&ViewSpec) -> Vec<Ready>,
) -> ObjectHandles {
    let (spec, session) = (Arc::new(spec.clone()), Session::new(connection));
    let resource = schema::SchemaResource::new(&session, catalog, &spec, reading);
    let schema = graph.add("warehouse/external-schema", resource);
    let mut views = Vec::new();
    for view in &spec.views {
        let resource = view::ViewResource {
            session: session.clone(),
            seen: catalog.view(&view.name),
            evolves: view::evolves(catalog, &spec, view),
            schema: schema.ready(),
            spec: spec.clone(),
            view: view.clone(),
            after: topics(view),
        };
        let handle = graph.add(format!("warehouse/view/{}", view.name.as_str()), resource);
        beside::declare(graph, &session, catalog, &spec, view, handle);
        views.push(handle);
    }
    ObjectHandles { schema, views }
}
