//! What stands beside a materialized view: the plain view of its quarantine, and
//! the grants to its readers. Neither holds data.

use super::catalog::Catalog;
use super::running::{Done, Reach, Session, run, run_again, taken};
use super::schema::{listed, reasons};
use super::view::ViewOut;
use crate::ddl::{CreateView, DropView, Grant, Identifier};
use crate::drift::{Comparison, compare_plain_view};
use crate::statements::{StatementsError, create_quarantine, create_view, grants};
use crate::{StreamingSpec, ViewSpec};
use xacct_converge::{Context, Decision, Failure, Graph, Handle, Inputs, Needs, Resource, Timing, Value};

/// Adds what stands beside `view`.
pub(super) fn declare(
    graph: &mut Graph,
    session: &Session,
    catalog: &Catalog,
    spec: &StreamingSpec,
    view: &ViewSpec,
    under: Handle<ViewOut>,
) {
    if let Some(name) = &view.quarantine {
        let resource = QuarantineResource {
            session: session.clone(),
            name: name.clone(),
            seen: catalog.defined(name).map(|seen| seen.definition.clone()),
            wanted: quarantine(spec, view).map_err(|error| xacct_converge::explain(&error)),
            under: under.ready(),
        };
        graph.add(format!("warehouse/quarantine/{}", name.as_str()), resource);
    }
    for (user, grant) in view.readers.iter().zip(grants(view)) {
        let resource = GrantResource {
            session: session.clone(),
            user: user.as_str().to_owned(),
            granted: catalog.may_read(&view.name, user),
            grant,
            under: under.ready(),
        };
        graph.add(
            format!("warehouse/view/{}/reader/{}", view.name.as_str(), user.as_str()),
            resource,
        );
    }
}

/// The quarantine view that `view` asks for.
pub(super) fn quarantine(
    spec: &StreamingSpec,
    view: &ViewSpec,
) -> Result<Option<CreateView>, StatementsError> {
    create_quarantine(view, &create_view(spec, view)?)
}

/// A plain view. It binds late, so it stays when the view under it is made anew.
struct QuarantineResource {
    session: Session,
    name: Identifier,
    /// Its definition, if there is a view of that name; `Some(None)` where the
    /// catalog hides it.
    seen: Option<Option<String>>,
    /// The statement, or why it cannot be written.
    wanted: Result<Option<CreateView>, String>,
    under: Value<ViewOut>,
}

impl QuarantineResource {
    fn wanted(&self) -> Result<&CreateView, Failure> {
        match &self.wanted {
            Ok(Some(wanted)) => Ok(wanted),
            Ok(None) => Err(Failure::bug("a quarantine view that nobody asked for")),
            Err(why) => Err(Failure::terminal("redshift:Statements", why.clone())),
        }
    }

    fn output(&self) -> String {
        self.name.as_str().to_owned()
    }

    async fn accept(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<String>, Failure> {
        let wanted = self.wanted()?;
        let catalog = self.session.catalog(inputs, cx).await?;
        let Some(seen) = catalog.defined(&self.name) else {
            return Ok(None);
        };
        match compare_plain_view(wanted, seen.definition.as_deref()) {
            Comparison::Differs(differences) => Err(taken(&wanted.name().plain(), &listed(&differences))),
            Comparison::Same | Comparison::Unsure(_) => Ok(Some(self.output())),
        }
    }
}

impl Resource for QuarantineResource {
    type Output = String;

    fn kind(&self) -> &'static str {
        "Redshift::View"
    }

    fn needs(&self) -> Needs {
        self.session.needs().value(&self.under)
    }

    fn plan(&self, _: &Inputs<'_>) -> Decision<String> {
        let Some(definition) = &self.seen else {
            return Decision::create();
        };
        let compared = self
            .wanted()
            .map(|wanted| compare_plain_view(wanted, definition.as_deref()));
        match compared {
            Ok(Comparison::Differs(differences)) => Decision::replace(self.output(), reasons(&differences)),
            _ => Decision::keep(self.output()),
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<String, Failure> {
        let (wanted, api) = (self.wanted()?, self.session.api(inputs)?);
        if self.seen.is_some() {
            run_again(&api, cx, DropView::new(wanted.name().clone()).if_exists()).await?;
        }
        match run(&api, cx, &wanted.clone().into(), Reach::Database).await? {
            Done::Ran => Ok(self.output()),
            Done::Exists => {
                let other = || taken(&wanted.name().plain(), "it is no view that this user can see");
                self.accept(inputs, cx).await?.ok_or_else(other)
            }
        }
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<String>, Failure> {
        if self.seen.is_some() {
            return Ok(None);
        }
        let catalog = self.session.catalog(inputs, cx).await?;
        let (wanted, seen) = (self.wanted()?, catalog.defined(&self.name));
        let same = seen.is_some_and(|seen| compare_plain_view(wanted, seen.definition.as_deref()).is_same());
        Ok(same.then(|| self.output()))
    }

    async fn delete(&self, _: &String, cx: &Context) -> Result<(), Failure> {
        let doomed = DropView::new(self.wanted()?.name().clone()).if_exists();
        self.session.drop(cx, doomed).await
    }

    fn timing(&self) -> Timing {
        Timing::seconds(2, 0)
    }
}

/// `SELECT` on a view for one user. Granting twice is granting once.
struct GrantResource {
    session: Session,
    user: String,
    granted: bool,
    grant: Grant,
    under: Value<ViewOut>,
}

impl Resource for GrantResource {
    type Output = String;

    fn kind(&self) -> &'static str {
        "Redshift::Grants"
    }

    fn needs(&self) -> Needs {
        self.session.needs().value(&self.under)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<String> {
        // A view that is made anew has nobody's grants.
        match known.known(&self.under) {
            Some(_) if self.granted => Decision::keep(self.user.clone()),
            _ => Decision::create(),
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<String, Failure> {
        run_again(&self.session.api(inputs)?, cx, self.grant.clone()).await?;
        Ok(self.user.clone())
    }

    async fn delete(&self, _: &String, _: &Context) -> Result<(), Failure> {
        // It goes with the view.
        Ok(())
    }
}
