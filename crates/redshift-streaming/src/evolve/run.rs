//! The statements of an evolution, from what the catalog says.

use super::{Evolution, EvolveError, Evolved, Gap, hash, landing_of, qualified};
use crate::data::{DataApi, SqlError};
use crate::ddl::{
    AppendTable, CreateMaterializedView, CreateTableLike, CreateView, Cut, DropMaterializedView, Identifier,
    Landing, QualifiedName, RefreshMaterializedView, Segment, Statement, StreamKind, read,
};
use crate::query::{self, Extent};
use crate::statements::{VIEW_SCHEMA, grants_on};
use xacct_converge::Context;

/// Makes a view into what `evolution` says, from whatever a run before has left.
/// Where it is that already, it is refreshed, and the plain views on top are looked at.
///
/// # Errors
/// [`EvolveError`]; what was done stays, and another call goes on from there.
pub async fn evolve(api: &DataApi, cx: &Context, evolution: &Evolution) -> Result<Evolved, EvolveError> {
    let mut run = Run {
        api,
        cx,
        of: evolution,
        done: Evolved::default(),
    };
    let found = run.found().await?;
    match found.view {
        Some(old) if !old.body().same_as(evolution.new.body()) => run.replace(old).await?,
        Some(_) => {}
        None => run.make().await?,
    }
    run.join().await?;
    Ok(run.done)
}

struct Run<'a> {
    api: &'a DataApi,
    cx: &'a Context,
    of: &'a Evolution,
    done: Evolved,
}

/// What the catalog has.
struct Found {
    view: Option<CreateMaterializedView>,
}

/// A history table: the shape that it was made in, and its rows.
struct History {
    name: Identifier,
    form: Landing,
}

impl Run<'_> {
    async fn run(&mut self, statement: impl Into<Statement>) -> Result<(), SqlError> {
        let statement = statement.into();
        self.api
            .run(self.cx, &statement.label(), &statement.to_string())
            .await?;
        self.done.steps.push(statement.label());
        Ok(())
    }

    fn view(&self) -> &QualifiedName {
        self.of.new.name()
    }

    async fn found(&self) -> Result<Found, EvolveError> {
        let kept = self.api.ask(self.cx, &query::definition(self.view())).await?;
        let view = match kept.first().map(|row| read(&row.definition)) {
            Some(Ok(Statement::CreateMaterializedView(view))) => Some(view),
            Some(_) => {
                let view = self.of.name().as_str().to_owned();
                return Err(EvolveError::NoPosition { view });
            }
            None => None,
        };
        Ok(Found { view })
    }

    /// From the old view to none, with its rows in a history.
    async fn replace(&mut self, old: CreateMaterializedView) -> Result<(), EvolveError> {
        let form = landing_of(self.of.name(), &old)?;
        self.refuse_dependents().await?;
        let mut histories = self.histories(form.kind()).await?;
        let mark = hash(&old.body().to_string());
        let open = match histories.last() {
            Some(last) if last.name.as_str().ends_with(&format!("_{mark}")) => histories.pop(),
            _ => None,
        };
        let name = match open {
            Some(open) => open.name,
            None => {
                self.probe().await?;
                Identifier::new(format!("{}{}_{mark}", self.of.prefix(), histories.len() + 1))?
            }
        };
        let table = qualified(&name);
        self.run(CreateTableLike::new(table.clone(), self.view().clone()).if_not_exists())
            .await?;
        let mut segments = self.segments(&histories).await?;
        let above = segments.cut.clone();
        segments
            .all
            .push(Segment::new(table.clone(), form.clone(), above.clone()));
        let moving = Segment::new(self.view().clone(), form.clone(), above);
        self.show([&segments.all[..], &[moving]].concat()).await?;
        self.append(&table).await?;
        self.show(segments.all).await?;
        self.run(DropMaterializedView::new(self.view().clone()).if_exists())
            .await?;
        self.make().await
    }

    /// A new select that Redshift refuses is found before anything is moved.
    async fn probe(&mut self) -> Result<(), EvolveError> {
        let name = qualified(&Identifier::new(format!("{}_probe", self.of.name().as_str()))?);
        let drop = DropMaterializedView::new(name.clone()).if_exists();
        self.run(drop.clone()).await?;
        let tried = CreateMaterializedView::new(name, self.of.new.body().clone());
        self.run(tried).await?;
        self.run(drop).await?;
        Ok(())
    }

    /// Moves all rows of the old view, and counts what came of it.
    async fn append(&mut self, table: &QualifiedName) -> Result<(), EvolveError> {
        let rows = |of: &[Extent]| of.iter().map(|extent| extent.rows).sum::<u64>();
        let [old, kept] = [self.view(), table].map(Clone::clone);
        let before = rows(&self.extents(&old).await?) + rows(&self.extents(&kept).await?);
        self.run(AppendTable::new(kept.clone(), old)).await?;
        let after = self.extents(&kept).await?;
        let (found, single) = (rows(&after), after.iter().map(|extent| extent.positions).sum());
        if found < before || found != single {
            return Err(EvolveError::Counts {
                table: kept.plain(),
                expected: if found < before { before } else { single },
                found,
            });
        }
        Ok(())
    }

    async fn make(&mut self) -> Result<(), EvolveError> {
        self.run(self.of.new.clone()).await?;
        Ok(())
    }

    /// The new view behind the histories: refreshed, so that it has what they have not.
    async fn join(&mut self) -> Result<(), EvolveError> {
        let histories = self.histories(self.of.form.kind()).await?;
        let mut segments = self.segments(&histories).await?;
        self.done.kept = segments.rows;
        // Granting twice is granting once, and a run before may have ended before it.
        for grant in grants_on(self.of.name(), &self.of.readers) {
            self.run(grant).await?;
        }
        self.run(RefreshMaterializedView::new(self.view().clone()))
            .await?;
        let new = self.extents(self.view()).await?;
        self.done.gaps = gaps(&segments.last, &new);
        let last = Segment::new(self.view().clone(), self.of.form.clone(), segments.cut);
        segments.all.push(last);
        self.show(segments.all).await
    }

    /// Replaces the plain views on top by ones over `segments`, where they are others.
    async fn show(&mut self, segments: Vec<Segment>) -> Result<(), EvolveError> {
        let of = self.of;
        let parsed = of
            .parsed
            .as_ref()
            .and_then(|name| CreateView::parsed_over(qualified(name), &of.form, &segments));
        let quarantine = of
            .quarantine
            .as_ref()
            .and_then(|name| CreateView::quarantine_over(qualified(name), &of.form, &segments));
        for wanted in [parsed, quarantine].into_iter().flatten() {
            let wanted = wanted.late_binding();
            let kept = self.api.ask(self.cx, &query::definition(wanted.name())).await?;
            let same = kept.first().is_some_and(|row| match read(&row.definition) {
                Ok(Statement::CreateView(found)) => found.select().same_as(wanted.select()),
                _ => false,
            });
            if !same {
                self.run(wanted.or_replace()).await?;
            }
        }
        Ok(())
    }

    /// The histories of the view, oldest first.
    async fn histories(&self, kind: StreamKind) -> Result<Vec<History>, EvolveError> {
        let columns = query::columns_of_tables(&Identifier::new(VIEW_SCHEMA)?, &self.of.prefix());
        let mut histories: Vec<(u64, History)> = Vec::new();
        for (name, columns) in query::by_table(self.api.ask(self.cx, &columns).await?) {
            let rest = name
                .strip_prefix(&self.of.prefix())
                .and_then(|rest| rest.split_once('_'));
            let Some(number) = rest.and_then(|(number, _)| number.parse().ok()) else {
                continue;
            };
            let form = query::landing_form(kind, &columns);
            let name = Identifier::new(name)?;
            if let Some(form) = form {
                histories.push((number, History { name, form }));
            }
        }
        histories.sort_by_key(|(number, _)| *number);
        Ok(histories.into_iter().map(|(_, history)| history).collect())
    }

    /// Histories that are closed as segments, each behind the ones before it.
    async fn segments(&self, histories: &[History]) -> Result<Segments, EvolveError> {
        let mut segments = Segments::default();
        for history in histories {
            let relation = qualified(&history.name);
            let kind = history.form.kind();
            let extents = self.extents(&relation).await?;
            segments.rows += extents.iter().map(|extent| extent.rows).sum::<u64>();
            let above = segments.cut.clone();
            segments
                .all
                .push(Segment::new(relation, history.form.clone(), above));
            for extent in extents {
                let last = segments.last.entry(extent.partition_id).or_default();
                if later(&extent.last, last) {
                    *last = extent.last;
                }
            }
            segments.cut = Cut::new(kind, segments.last.clone())?;
        }
        Ok(segments)
    }

    async fn extents(&self, relation: &QualifiedName) -> Result<Vec<Extent>, EvolveError> {
        let Some(position) = self.of.form.position() else {
            return Ok(Vec::new());
        };
        Ok(self
            .api
            .ask(self.cx, &query::extents(relation, &position))
            .await?)
    }

    /// Plain views that are bound to the old view would be left without its rows.
    async fn refuse_dependents(&self) -> Result<(), EvolveError> {
        let all = self
            .api
            .ask(self.cx, &query::definitions(&Identifier::new(VIEW_SCHEMA)?))
            .await?;
        let ours = [&self.of.parsed, &self.of.quarantine];
        let name = self.of.name();
        let readers: Vec<String> = all
            .into_iter()
            .filter(|row| {
                !ours
                    .iter()
                    .any(|own| own.as_ref().is_some_and(|own| own.as_str() == row.name))
            })
            .filter(|row| {
                row.definition
                    .as_deref()
                    .is_some_and(|text| query::binds(text, name))
            })
            .map(|row| row.name)
            .collect();
        if readers.is_empty() {
            return Ok(());
        }
        Err(EvolveError::HasDependents {
            view: name.as_str().to_owned(),
            readers: readers.join(", "),
        })
    }
}

/// Histories put together.
#[derive(Default)]
struct Segments {
    all: Vec<Segment>,
    /// The last position of each partition.
    last: std::collections::BTreeMap<String, String>,
    cut: Cut,
    rows: u64,
}

/// Positions are numbers of any length: the longer one is the later one.
fn later(one: &str, other: &str) -> bool {
    (one.len(), one) > (other.len(), other)
}

/// Where the new view begins more than one position behind the last kept one. Sequence
/// numbers of Kinesis do not follow each other, so nothing can be said of them.
fn gaps(last: &std::collections::BTreeMap<String, String>, new: &[Extent]) -> Vec<Gap> {
    let gap = |extent: &Extent| {
        let kept = last.get(&extent.partition_id)?;
        let (end, start): (i64, i64) = (kept.parse().ok()?, extent.first.parse().ok()?);
        (start > end + 1).then(|| Gap {
            partition: extent.partition_id.clone(),
            last: kept.clone(),
            first: extent.first.clone(),
        })
    };
    new.iter().filter_map(gap).collect()
}
