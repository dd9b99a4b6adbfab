//! One materialized view over a topic.

use super::SchemaOut;
use super::beside::unfinished;
use super::catalog::{Catalog, SeenView};
use super::running::{Done, Reach, Session, run, run_again, taken, unwritable};
use super::schema::{listed, reasons};
use crate::data::{DataApi, Outlook};
use crate::ddl::{
    AlterMaterializedView, CreateMaterializedView, DropMaterializedView, RefreshMaterializedView, Statement,
    ViewChange, read,
};
use crate::drift::{Comparison, compare_view};
use crate::evolve::{Evolution, EvolveError, evolve};
use crate::statements::{create_view, in_view_schema};
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

impl ViewOut {
    pub(super) fn of(view: &ViewSpec, wanted: Option<&CreateMaterializedView>) -> Self {
        Self {
            name: view.name.as_str().to_owned(),
            topic: view.source.name().to_owned(),
            sql: wanted.map(ToString::to_string).unwrap_or_default(),
        }
    }
}

pub(super) struct ViewResource {
    pub(super) session: Session,
    pub(super) seen: Option<SeenView>,
    /// Whether it is evolved rather than made anew.
    pub(super) evolves: bool,
    pub(super) schema: Value<SchemaOut>,
    pub(super) spec: Arc<StreamingSpec>,
    pub(super) view: ViewSpec,
    pub(super) after: Vec<Ready>,
}

/// Compares a view with what the catalog keeps of it; its options apart.
pub(super) fn compare(wanted: &CreateMaterializedView, seen: &SeenView) -> Comparison {
    compare_view(wanted, seen.definition.as_deref(), &[])
}

/// What a changed select does to the rows that were landed under the old one.
const HISTORY: &str = "history";

/// What was done stays, and the next run goes on there.
fn failed(error: EvolveError) -> Failure {
    match error {
        EvolveError::Sql(error) => error.into_failure(),
        error => Failure::terminal("redshift:Evolve", "the view was not evolved").with_source(error),
    }
}

/// Whether a view becomes what is wanted with its rows kept: it is something else, of
/// which the history can be cut, or an evolution was begun and not brought to its end.
pub(super) fn evolves(catalog: &Catalog, spec: &StreamingSpec, view: &ViewSpec) -> bool {
    let seen = catalog.view(&view.name);
    let changed = seen.is_some_and(|seen| changed(spec, view, &seen).is_some());
    (changed || unfinished(catalog, spec, view)) && Evolution::of(spec, view).is_ok()
}

/// The old view, if it is another landing select with the position by which it is cut.
fn changed(spec: &StreamingSpec, view: &ViewSpec, seen: &SeenView) -> Option<CreateMaterializedView> {
    let wanted = create_view(spec, view).ok().filter(|_| !seen.row.is_broken())?;
    let differs = matches!(compare(&wanted, seen), Comparison::Differs(_));
    match read(seen.definition.as_deref().filter(|_| differs)?) {
        Ok(Statement::CreateMaterializedView(kept)) => {
            kept.body().landing()?.position()?;
            Some(kept)
        }
        _ => None,
    }
}

impl ViewResource {
    fn wanted(&self) -> Result<CreateMaterializedView, Failure> {
        create_view(&self.spec, &self.view).map_err(unwritable)
    }

    /// Evolves the view, or goes on with it.
    async fn evolve(&self, api: &DataApi, cx: &Context) -> Result<(), Failure> {
        let evolution = Evolution::of(&self.spec, &self.view).map_err(failed)?;
        evolve(api, cx, &evolution).await.map(drop).map_err(failed)
    }

    /// Why the view as it is cannot stay, apart from the schema under it.
    fn stale(&self, seen: &SeenView) -> Vec<Reason> {
        if seen.row.is_broken() {
            return vec![Reason::differs("state", seen.row.state, "refreshable")];
        }
        match self.wanted().map(|wanted| compare(&wanted, seen)) {
            Ok(Comparison::Differs(differences)) => reasons(&differences),
            // What the catalog does not show clearly is no reason to lose data, and
            // what cannot be written is said when it is applied.
            _ => Vec::new(),
        }
    }

    async fn accept(
        &self,
        wanted: &CreateMaterializedView,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Option<ViewOut>, Failure> {
        let catalog = self.session.catalog(inputs, cx).await?;
        let Some(seen) = catalog.view(&self.view.name) else {
            return Ok(None);
        };
        if seen.row.is_broken() {
            return Err(taken(&wanted.name().plain(), "it can no longer be refreshed"));
        }
        match compare(wanted, &seen) {
            Comparison::Differs(differences) => Err(taken(&wanted.name().plain(), &listed(&differences))),
            Comparison::Same | Comparison::Unsure(_) => Ok(Some(ViewOut::of(&self.view, Some(wanted)))),
        }
    }
}

impl Resource for ViewResource {
    type Output = ViewOut;

    fn kind(&self) -> &'static str {
        "Redshift::MaterializedView"
    }

    fn needs(&self) -> Needs {
        self.session
            .needs()
            .value(&self.schema)
            .after_all(self.after.clone())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<ViewOut> {
        let Some(seen) = &self.seen else {
            return Decision::create();
        };
        let current = ViewOut::of(&self.view, self.wanted().ok().as_ref());
        let mut stale = self.stale(seen);
        if known.known(&self.schema).is_some() && self.evolves {
            let kept = "kept in a table, and cut by position from the new view";
            stale.push(Reason::differs(HISTORY, "in the view", kept));
            return Decision::update(current, stale);
        }
        if known.known(&self.schema).is_none() {
            stale.push(Reason::differs("external schema", "an earlier one", "made anew"));
        }
        if !stale.is_empty() {
            return Decision::replace(current, stale);
        }
        let (old, new) = (seen.row.refreshes_itself(), self.view.auto_refresh);
        let differs = (old != new).then(|| Reason::differs("auto refresh", old, new));
        Decision::update(current, differs.into_iter().collect())
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<ViewOut, Failure> {
        let wanted = self.wanted()?;
        let api = self.session.api(inputs)?;
        let output = ViewOut::of(&self.view, Some(&wanted));
        if self.seen.is_none() && self.evolves {
            self.evolve(&api, cx).await?;
            return Ok(output);
        }
        if let Some(seen) = &self.seen {
            // The schema may have turned out to be the one that it was.
            if !inputs.get(&self.schema)?.anew.0 && self.stale(seen).is_empty() {
                return Ok(output);
            }
            run_again(
                &api,
                cx,
                DropMaterializedView::new(wanted.name().clone()).if_exists(),
            )
            .await?;
        }
        match run(&api, cx, &wanted.clone().into(), Reach::Stream).await? {
            Done::Ran => Ok(output),
            Done::Exists => {
                let other = || {
                    taken(
                        &wanted.name().plain(),
                        "it is no materialized view that this user can see",
                    )
                };
                self.accept(&wanted, inputs, cx).await?.ok_or_else(other)
            }
        }
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<ViewOut>, Failure> {
        // What was there before may still be there: then it is dropped once more.
        if self.seen.is_some() {
            return Ok(None);
        }
        let wanted = self.wanted()?;
        let seen = self.session.catalog(inputs, cx).await?.view(&self.view.name);
        let same = seen.is_some_and(|seen| !seen.row.is_broken() && compare(&wanted, &seen).is_same());
        Ok(same.then(|| ViewOut::of(&self.view, Some(&wanted))))
    }

    async fn configure(
        &self,
        current: ViewOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<ViewOut, Failure> {
        if reasons.iter().any(|reason| reason.attribute == HISTORY) {
            self.evolve(&self.session.api(inputs)?, cx).await?;
        } else if !reasons.is_empty() {
            let change = ViewChange::AutoRefresh(self.view.auto_refresh);
            let alter = AlterMaterializedView::new(in_view_schema(&self.view.name), change);
            run_again(&self.session.api(inputs)?, cx, alter).await?;
        }
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
        let refresh = Statement::from(RefreshMaterializedView::new(in_view_schema(&self.view.name)));
        let api = self.session.api(inputs)?;
        let error = match api.run(cx, &refresh.label(), &refresh.to_string()).await {
            Ok(_) => return Ok(Settled::Ready(current.clone())),
            Err(error) => error,
        };
        match error.outlook() {
            Some(Outlook::MayPass | Outlook::Contended) => {
                let why = error.refusal().unwrap_or_default();
                Ok(Settled::Waiting(format!("its first refresh ({why})")))
            }
            Some(_) => Err(error.into_failure().classed(Class::Terminal)),
            None => Err(error.into_failure()),
        }
    }

    async fn delete(&self, _: &ViewOut, cx: &Context) -> Result<(), Failure> {
        let doomed = DropMaterializedView::new(in_view_schema(&self.view.name)).if_exists();
        self.session.drop(cx, doomed).await
    }

    fn is_held_by_dependents(&self) -> bool {
        false
    }

    fn timing(&self) -> Timing {
        Timing::seconds(8, 0).patience(600)
    }

    fn holds_data(&self) -> bool {
        true
    }
}
