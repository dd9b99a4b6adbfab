//! A view over a topic that nobody here can see: only Redshift can tell whether it is there.

use super::Catalog;
use super::beside::quarantine;
use super::view::{ViewOut, compare};
use crate::data::{DataApi, Outlook, SqlError};
use crate::ddl::{CreateMaterializedView, DropMaterializedView, RefreshMaterializedView, Statement};
use crate::drift::Comparison;
use crate::statements::{StatementsError, create_view, grants};
use crate::{StreamingSpec, ViewSpec};
use xacct_converge::{Class, Context, Failure};

/// Makes one view outside of a graph, with what stands beside it, if Redshift
/// takes it now. `None` where it refuses, as it does while the topic is missing;
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
    let beside = quarantine(spec, view)
        .map_err(refused)?
        .map(|view| Statement::from(view.or_replace()));
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
    let seen = Catalog::read(api, cx).await?.view(&view.name);
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
