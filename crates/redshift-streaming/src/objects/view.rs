//! One materialized view over a topic.

use super::catalog::SeenView;
use super::{Connection, SchemaOut, run_patiently, unwritable};
use crate::data::DataApi;
use crate::ddl::{
    AlterMaterializedView, CreateMaterializedView, DropMaterializedView, RefreshMaterializedView, Statement,
    ViewChange,
};
use crate::statements::{create_quarantine, create_view, grants, in_view_schema};
use crate::{StreamingSpec, ViewSpec};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xacct_converge::{
    Class, Context, Decision, Failure, Inputs, Needs, Ready, Reason, Resource, Settled, Timing, Value,
};

/// A materialized view that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ViewOut {
    /// Its name, without its schema.
    pub name: String,
    /// The topic that it reads.
    pub topic: String,
    /// The statement that makes it.
    pub sql: String,
}

pub(super) struct ViewResource {
    pub(super) connection: Connection,
    pub(super) seen: Option<SeenView>,
    pub(super) schema: Value<SchemaOut>,
    pub(super) spec: Arc<StreamingSpec>,
    pub(super) view: ViewSpec,
    pub(super) after: Vec<Ready>,
}

impl ViewResource {
    fn statement(&self) -> Result<CreateMaterializedView, Failure> {
        create_view(&self.spec, &self.view).map_err(unwritable)
    }

    fn output(&self) -> ViewOut {
        let sql = self.statement().map(|sql| sql.to_string()).unwrap_or_default();
        ViewOut {
            name: self.view.name.as_str().to_owned(),
            topic: self.view.source.name().to_owned(),
            sql,
        }
    }

    /// The quarantine view and the grants that stand beside the view.
    fn companions(&self) -> Result<Vec<Statement>, Failure> {
        let quarantine = create_quarantine(&self.view, &self.statement()?).map_err(unwritable)?;
        let quarantine = quarantine.map(|view| Statement::from(view.or_replace()));
        Ok(quarantine
            .into_iter()
            .chain(grants(&self.view).into_iter().map(Statement::from))
            .collect())
    }

    async fn drop_broken(&self, api: &DataApi, cx: &Context) -> Result<(), Failure> {
        let statement =
            Statement::from(DropMaterializedView::new(in_view_schema(&self.view.name)).if_exists());
        run_patiently(
            api,
            cx,
            "drop a view that can no longer be refreshed",
            &statement.to_string(),
        )
        .await
    }
}

impl Resource for ViewResource {
    type Output = ViewOut;

    fn kind(&self) -> &'static str {
        "redshift:MaterializedView"
    }

    fn needs(&self) -> Needs {
        self.connection
            .needs()
            .value(&self.schema)
            .after_all(self.after.clone())
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<ViewOut> {
        let Some(seen) = &self.seen else {
            return Decision::create();
        };
        let current = self.output();
        if seen.is_broken() {
            let state = seen.state.unwrap_or_default();
            return Decision::replace(current, vec![Reason::differs("state", state, "refreshable")]);
        }
        let (old, new) = (seen.refreshes_itself(), self.view.auto_refresh);
        let reasons = if old == new {
            Vec::new()
        } else {
            vec![Reason::differs("auto refresh", old, new)]
        };
        Decision::update(current, reasons)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<ViewOut, Failure> {
        let statement = self.statement()?;
        let api = self.connection.api(inputs)?;
        if self.seen.as_ref().is_some_and(SeenView::is_broken) {
            self.drop_broken(&api, cx).await?;
        }
        let name = format!("create the view {}", self.view.name.as_str());
        run_patiently(&api, cx, &name, &statement.to_string()).await?;
        Ok(self.output())
    }

    async fn configure(
        &self,
        current: ViewOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<ViewOut, Failure> {
        let api = self.connection.api(inputs)?;
        if reasons.is_empty() {
            for statement in self.companions()? {
                run_patiently(&api, cx, &statement.label(), &statement.to_string()).await?;
            }
            return Ok(current);
        }
        let change = ViewChange::AutoRefresh(self.view.auto_refresh);
        let statement = Statement::from(AlterMaterializedView::new(
            in_view_schema(&self.view.name),
            change,
        ));
        run_patiently(&api, cx, "change the view", &statement.to_string()).await?;
        Ok(current)
    }

    /// A view is usable when it has been refreshed once: only that shows that
    /// roles, names and routes have all arrived.
    async fn settle(
        &self,
        current: &ViewOut,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<ViewOut>, Failure> {
        let statement = Statement::from(RefreshMaterializedView::new(in_view_schema(&self.view.name)));
        let api = self.connection.api(inputs)?;
        let name = format!("refresh the view {}", self.view.name.as_str());
        match api.run(cx, &name, &statement.to_string()).await {
            Ok(_) => Ok(Settled::Ready(current.clone())),
            Err(error) => match super::passing(&error) {
                Some(why) => Ok(Settled::Waiting(format!("its first refresh ({why})"))),
                None => Err(error.into_failure().classed(Class::Terminal)),
            },
        }
    }

    async fn delete(&self, _: &ViewOut, _: &Context) -> Result<(), Failure> {
        // It goes with the namespace, which this crate made.
        Ok(())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(8, 0).patience(600)
    }

    fn holds_data(&self) -> bool {
        true
    }
}
