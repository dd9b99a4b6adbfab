//! A view over a topic that nobody here can see: only Redshift can tell whether it is there.
//!
//! Each deployment tries it. The plan says so, so it is never empty while such a
//! view is missing; a refusal leaves it for a later deployment and is no failure.

use super::beside::beside;
use super::running::Session;
use super::view::{ViewOut, compare};
use super::{Catalog, Connection, SchemaOut};
use crate::data::{DataApi, Outlook, SqlError};
use crate::ddl::{CreateMaterializedView, DropMaterializedView, RefreshMaterializedView, Statement};
use crate::drift::Comparison;
use crate::statements::{StatementsError, create_view, grants};
use crate::{StreamingSpec, ViewSpec};
use xacct_converge::{
    Class, Context, Decision, Failure, Graph, Handle, Inputs, Needs, Ready, Resource, Timing, Value,
};

/// Adds `views` of `spec` to a graph, each as one that may come to be: its output
/// is `None` where Redshift refused it, as it does while the topic is missing.
/// They come after the `schema` and `after`.
pub fn declare_deferred(
    graph: &mut Graph,
    connection: &Connection,
    spec: &StreamingSpec,
    views: &[ViewSpec],
    schema: Handle<SchemaOut>,
    after: &[Ready],
) -> Vec<Handle<Option<ViewOut>>> {
    let add = |view: &ViewSpec| {
        let resource = DeferredView {
            session: Session::new(connection),
            schema: schema.ready(),
            spec: spec.clone(),
            view: view.clone(),
            after: after.to_vec(),
        };
        graph.add(format!("warehouse/view/{}", view.name.as_str()), resource)
    };
    views.iter().map(add).collect()
}

struct DeferredView {
    session: Session,
    schema: Value<SchemaOut>,
    spec: StreamingSpec,
    view: ViewSpec,
    after: Vec<Ready>,
}

impl Resource for DeferredView {
    type Output = Option<ViewOut>;

    fn kind(&self) -> &'static str {
        "Redshift::MaterializedView, if its topic is there"
    }

    fn needs(&self) -> Needs {
        let needs = self.session.needs().value(&self.schema);
        needs.after_all(self.after.clone())
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<Option<ViewOut>> {
        Decision::create()
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<ViewOut>, Failure> {
        let api = self.session.api(inputs)?;
        let tried = try_view(&api, cx, &self.spec, &self.view).await;
        tried.map_err(SqlError::into_failure)
    }

    async fn delete(&self, _: &Option<ViewOut>, _: &Context) -> Result<(), Failure> {
        // It goes with the namespace.
        Ok(())
    }

    fn is_held_by_dependents(&self) -> bool {
        false
    }

    fn timing(&self) -> Timing {
        Timing::seconds(8, 0)
    }
}

/// Makes one view, with what stands beside it, if Redshift takes it now. `None` where it refuses, as it does while the topic is missing;
/// then nothing is left behind, so that a later try finds the view missing.
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
    let refused = |source: StatementsError| unwritten(view, source);
    let wanted = create_view(spec, view).map_err(refused)?;
    let beside: Vec<Statement> = beside(spec, view)
        .map_err(refused)?
        .into_iter()
        .map(|view| view.or_replace().into())
        .collect();
    let name = wanted.name().clone();
    let new = match passes(api, cx, &wanted.clone().into()).await {
        Ok(true) => true,
        Ok(false) => return Ok(None),
        Err(error) if error.outlook() == Some(Outlook::Exists) => {
            accept(api, cx, &wanted, view, error).await?;
            false
        }
        Err(error) => return Err(error),
    };
    if !passes(api, cx, &RefreshMaterializedView::new(name.clone()).into()).await? {
        if new {
            let drop = Statement::from(DropMaterializedView::new(name).if_exists());
            api.run(cx, &drop.label(), &drop.to_string()).await?;
        }
        return Ok(None);
    }
    for statement in beside
        .into_iter()
        .chain(grants(view).into_iter().map(Statement::from))
    {
        api.run(cx, &statement.label(), &statement.to_string()).await?;
    }
    Ok(Some(ViewOut::of(view, Some(&wanted))))
}

/// Whether Redshift takes a statement; false where a missing topic may be why not.
async fn passes(api: &DataApi, cx: &Context, sql: &Statement) -> Result<bool, SqlError> {
    match api.run(cx, &sql.label(), &sql.to_string()).await {
        Ok(_) => Ok(true),
        Err(error) if error.outlook() == Some(Outlook::MayPass) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Accepts a view that is there if it is what was asked for, else gives the refusal.
async fn accept(
    api: &DataApi,
    cx: &Context,
    wanted: &CreateMaterializedView,
    view: &ViewSpec,
    refusal: SqlError,
) -> Result<(), SqlError> {
    let seen = Catalog::read(api, false, cx).await?.view(&view.name);
    match seen.map(|seen| compare(wanted, &seen)) {
        Some(Comparison::Same | Comparison::Unsure(_)) => Ok(()),
        Some(Comparison::Differs(_)) | None => Err(refusal),
    }
}

fn unwritten(view: &ViewSpec, source: StatementsError) -> SqlError {
    let failure = Failure::new(
        "redshift:Statements",
        Class::Terminal,
        "the statement cannot be written",
    );
    SqlError::Call {
        name: format!("create the view {}", view.name.as_str()),
        source: failure.with_source(source),
    }
}
