//! What stands beside a materialized view: the plain views of what is JSON and of what
//! is not, and the grants to readers. None of them holds data.

use super::catalog::Catalog;
use super::running::{Done, Reach, Session, run, run_again, taken};
use super::schema::{listed, reasons};
use super::view::{ViewOut, evolves};
use crate::ddl::{CreateMaterializedView, CreateView, DropView, Grant, Identifier, Statement, read};
use crate::drift::{Comparison, compare_plain_view};
use crate::evolve::history_prefix;
use crate::statements::{StatementsError, create_parsed, create_quarantine, create_view, grants_on};
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
    let (mut readable, mut grant_to) = (
        Vec::new(),
        vec![(view.name.clone(), under.ready().map(|out| out.name))],
    );
    let evolves = evolves(catalog, spec, view);
    for (kind, name, wanted) in plain_views(spec, view) {
        let resource = PlainViewResource {
            session: session.clone(),
            name: name.clone(),
            seen: catalog.defined(&name).map(|seen| seen.definition.clone()),
            wanted: wanted.map_err(|error| xacct_converge::explain(&error)),
            under: under.ready(),
            histories: history_prefix(&view.name),
            evolves,
        };
        let handle = graph.add(format!("warehouse/{kind}/{}", name.as_str()), resource);
        if kind == PARSED {
            readable.push((name, handle.ready()));
        }
    }
    grant_to.extend(readable);
    for (relation, under) in grant_to {
        for (user, grant) in view.readers.iter().zip(grants_on(&relation, &view.readers)) {
            let resource = GrantResource {
                session: session.clone(),
                user: user.as_str().to_owned(),
                granted: catalog.may_read(&relation, user),
                grant,
                under: under.clone(),
            };
            let (relation, user) = (relation.as_str(), user.as_str());
            graph.add(format!("warehouse/view/{relation}/reader/{user}"), resource);
        }
    }
}

/// What the names of resources call the plain view of what is JSON.
const PARSED: &str = "parsed";

type Wanted = Result<Option<CreateView>, StatementsError>;

/// The plain views that `view` asks for, with their names. A name that cannot be
/// had is said when the statement is written.
fn plain_views(spec: &StreamingSpec, view: &ViewSpec) -> Vec<(&'static str, Identifier, Wanted)> {
    let created = |of: fn(&ViewSpec, &CreateMaterializedView) -> Wanted| of(view, &create_view(spec, view)?);
    let parsed = view.parsed_name().ok().flatten();
    let quarantine = view.quarantine_name().ok().flatten();
    let parsed = parsed.map(|name| (PARSED, name, created(create_parsed)));
    let quarantine = quarantine.map(|name| ("quarantine", name, created(create_quarantine)));
    parsed.into_iter().chain(quarantine).collect()
}

/// Whether an evolution was begun that has not been joined: a plain view on top shows
/// histories, and not the view behind them.
pub(super) fn unfinished(catalog: &Catalog, spec: &StreamingSpec, view: &ViewSpec) -> bool {
    let prefix = history_prefix(&view.name);
    plain_views(spec, view).into_iter().any(|(_, name, wanted)| {
        let (Ok(Some(wanted)), Some(seen)) = (wanted, catalog.defined(&name)) else {
            return false;
        };
        match seen.definition.as_deref().map(read) {
            Some(Ok(Statement::CreateView(found))) => {
                let found = found.select();
                found.reads_any(&prefix) && !found.continues(wanted.select(), &prefix)
            }
            _ => false,
        }
    })
}

/// The statements of the plain views that `view` asks for.
pub(super) fn beside(spec: &StreamingSpec, view: &ViewSpec) -> Result<Vec<CreateView>, StatementsError> {
    let wanted = plain_views(spec, view).into_iter().map(|(_, _, wanted)| wanted);
    Ok(wanted
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// A plain view. It binds late, so it stays when the view under it is made anew.
struct PlainViewResource {
    session: Session,
    name: Identifier,
    /// Its definition, if there is a view of that name; `Some(None)` where the
    /// catalog hides it.
    seen: Option<Option<String>>,
    /// The statement, or why it cannot be written.
    wanted: Result<Option<CreateView>, String>,
    under: Value<ViewOut>,
    /// What the names of the histories of the view under it begin with.
    histories: String,
    /// Whether the view under it evolves, or goes on with that, which replaces this one too, as it has to be.
    evolves: bool,
}

impl PlainViewResource {
    /// Histories that an evolution has put in front are no difference.
    fn compare(&self, wanted: &CreateView, definition: Option<&str>) -> Comparison {
        let continued = match definition.map(read) {
            Some(Ok(Statement::CreateView(found))) => {
                found.select().continues(wanted.select(), &self.histories)
            }
            _ => false,
        };
        if continued {
            return Comparison::Same;
        }
        compare_plain_view(wanted, definition)
    }

    fn wanted(&self) -> Result<&CreateView, Failure> {
        match &self.wanted {
            Ok(Some(wanted)) => Ok(wanted),
            Ok(None) => Err(Failure::bug("a plain view that nobody asked for")),
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
        match self.compare(wanted, seen.definition.as_deref()) {
            Comparison::Differs(differences) => Err(taken(&wanted.name().plain(), &listed(&differences))),
            Comparison::Same | Comparison::Unsure(_) => Ok(Some(self.output())),
        }
    }
}

impl Resource for PlainViewResource {
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
            .map(|wanted| self.compare(wanted, definition.as_deref()));
        match compared {
            Ok(Comparison::Differs(differences)) if !self.evolves => {
                Decision::replace(self.output(), reasons(&differences))
            }
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
        let same = seen.is_some_and(|seen| self.compare(wanted, seen.definition.as_deref()).is_same());
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
    under: Value<String>,
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
