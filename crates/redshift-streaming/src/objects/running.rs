//! How statements of a plan are run: as whom, how patiently.

use super::catalog::Catalog;
use crate::data::{DataApi, Outlook, SqlError, Submissions};
use crate::ddl::Statement;
use crate::serverless::{NamespaceOut, WorkgroupOut};
use crate::statements::StatementsError;
use aws_types::SdkConfig;
use std::time::Duration;
use xacct_converge::{Class, Context, Failure, Inputs, Needs, Value, What};

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
    /// How to reach a warehouse that outlives the objects, so that removing them
    /// drops them; none where they go with the namespace.
    pub outlives: Option<DataApi>,
}

/// A connection whose submissions are numbered together.
#[derive(Debug, Clone)]
pub(super) struct Session {
    connection: Connection,
    submissions: Submissions,
}

impl Session {
    pub(super) fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
            submissions: Submissions::default(),
        }
    }

    pub(super) fn needs(&self) -> Needs {
        self.needs_with(Needs::none())
    }

    /// What SQL needs besides `needs`.
    pub(super) fn needs_with(&self, needs: Needs) -> Needs {
        needs
            .value(&self.connection.namespace)
            .value(&self.connection.workgroup)
    }

    pub(super) fn api(&self, inputs: &Inputs<'_>) -> Result<DataApi, Failure> {
        let of = &self.connection;
        let (namespace, workgroup) = (inputs.get(&of.namespace)?, inputs.get(&of.workgroup)?);
        let api = DataApi::new(&of.config, workgroup.name, &of.database, namespace.admin_secret);
        Ok(api.numbered(self.submissions.clone()))
    }

    /// Drops something, where it does not go with the namespace.
    pub(super) async fn drop(&self, cx: &Context, sql: impl Into<Statement>) -> Result<(), Failure> {
        match &self.connection.outlives {
            Some(api) => run_again(&api.clone().numbered(self.submissions.clone()), cx, sql).await,
            None => Ok(()),
        }
    }

    /// The catalog as it is now.
    pub(super) async fn catalog(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Catalog, Failure> {
        let api = self.api(inputs)?;
        Catalog::read(&api, false, cx)
            .await
            .map_err(SqlError::into_failure)
    }
}

/// How long SQL is tried again while what AWS made a moment ago arrives: a role
/// that cannot be assumed yet, a name that does not resolve yet.
const ARRIVAL: Duration = Duration::from_secs(600);

/// What a statement touches, which decides what is worth waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The stream, over roles, names and routes that may still arrive.
    Stream,
    /// The database alone: only another transaction can be in the way.
    Database,
}

/// How a statement ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// It ran.
    Ran,
    /// Something of that name is there: it has to be looked at. An earlier try whose
    /// answer was lost may have made it, or somebody else.
    Exists,
}

/// Runs a statement, and runs it again while its refusal may pass.
pub(super) async fn run(api: &DataApi, cx: &Context, sql: &Statement, reach: Reach) -> Result<Done, Failure> {
    let (name, text, start) = (sql.label(), sql.to_string(), cx.now());
    loop {
        let error = match api.run(cx, &name, &text).await {
            Ok(_) => return Ok(Done::Ran),
            Err(error) => error,
        };
        let waits = match error.outlook() {
            Some(Outlook::Exists) => return Ok(Done::Exists),
            Some(Outlook::Contended) => true,
            Some(Outlook::MayPass) => reach == Reach::Stream,
            Some(Outlook::Final) | None => false,
        };
        let waited = cx.since(start);
        if !waits || waited > ARRIVAL {
            return Err(error.into_failure());
        }
        let why = error.refusal().unwrap_or_default().to_owned();
        cx.tell(What::Retried {
            operation: name.clone(),
            why,
        });
        cx.sleep((waited / 20).clamp(Duration::from_secs(1), Duration::from_secs(10)))
            .await;
    }
}

/// Runs a statement that leaves nothing behind twice: `DROP … IF EXISTS`, `ALTER`, `GRANT`.
pub(super) async fn run_again(api: &DataApi, cx: &Context, sql: impl Into<Statement>) -> Result<(), Failure> {
    let sql = sql.into();
    match run(api, cx, &sql, Reach::Database).await? {
        Done::Ran => Ok(()),
        Done::Exists => Err(taken(&sql.label(), "something of that name stands in the way")),
    }
}

/// Something of the name exists and is not what was asked for.
pub(super) fn taken(what: &str, why: &str) -> Failure {
    let message = format!("\"{what}\" found something else of that name: {why}");
    Failure::new("redshift-data:ExecuteStatement", Class::Terminal, message)
}

/// A statement that cannot be written; found before anything is sent.
pub(super) fn unwritable(error: StatementsError) -> Failure {
    Failure::terminal("redshift:Statements", "the statement cannot be written").with_source(error)
}
