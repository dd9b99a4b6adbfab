//! Views and materialized views: making, changing, showing.

use std::collections::BTreeMap;

use sqlparser::ast::{Query, SetExpr, TableFactor};

use super::schemas::failure;
use super::{Outcome, Run};
use crate::sql::analyze::{Analyzer, Compiled, Stream, parse_query};
use crate::sql::catalog::{Base, Catalog, Kind, Materialized, Relation, View};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::names::{parts, relation};
use crate::sql::options::ConnectsAt;
use crate::sql::result::ResultSet;
use crate::sql::statement::{Layout, MvChange, Name};
use crate::sql::stream;
use crate::sql::types::{Column, Ty};

/// Longest name of a topic or stream that Redshift takes.
const STREAM_NAME: usize = 128;

impl Run<'_, '_> {
    /// The key of a relation to be made; it may not be there yet, and the user may create in its schema.
    pub(super) fn new_relation(&self, name: &Name) -> SqlResult<(String, String)> {
        let (catalog, session) = self.here()?;
        let key = catalog.place(name, &session)?;
        if catalog
            .schemas
            .get(&key.0)
            .is_some_and(|schema| schema.stream.is_some())
        {
            return Err(SqlError::new(format!(
                "cannot create a relation in external schema \"{}\"",
                key.0
            )));
        }
        session.need_schema(catalog, &key.0, "CREATE")?;
        if catalog.relations.contains_key(&key) {
            return Err(SqlError::new(format!("relation \"{}\" already exists", key.1)));
        }
        Ok(key)
    }

    pub(super) fn create_mv(
        &mut self,
        name: &Name,
        layout: Layout,
        query: &str,
        text: String,
    ) -> SqlResult<Outcome> {
        let key = self.new_relation(name)?;
        let query = parse_query(query)?;
        let case_sensitive = self.login.options.case_sensitive();
        match stream_of(&query, self.here()?.0, case_sensitive) {
            Some((schema, name)) => self.create_streaming(key, layout, query, text, (schema, name)),
            None => self.create_local(key, layout, query, text),
        }
    }

    fn create_streaming(
        &mut self,
        key: (String, String),
        layout: Layout,
        query: Box<Query>,
        text: String,
        (schema, name): (String, String),
    ) -> SqlResult<Outcome> {
        if name.len() > STREAM_NAME {
            return Err(SqlError::new(format!(
                "The stream name \"{name}\" is longer than {STREAM_NAME} characters"
            )));
        }
        let (catalog, session) = self.here()?;
        session.need_schema(catalog, &schema, "USAGE")?;
        let external = &catalog.schemas[&schema];
        let Some(options) = external.stream.clone() else {
            return Err(SqlError::new(format!("\"{schema}\" is not an external schema")));
        };
        let schema_oid = external.oid;
        let stream = Stream {
            schema: schema.clone(),
            name: name.clone(),
            table: "temp.staging".to_owned(),
            columns: stream::columns(&options.service),
        };
        let mut analyzer = Analyzer::new(catalog, session, self.env.switches, self.env.now).over(stream);
        let (compiled, aggregates) = analyzer.compile_streaming(&query)?;
        check_columns(&compiled.columns, &layout)?;
        if self.env.switches.connects_at != ConnectsAt::Refresh {
            self.env.source.open(&options, Some(&name)).map_err(failure)?;
        }
        let base = Base::Stream {
            schema,
            schema_oid,
            stream: name,
            positions: BTreeMap::new(),
            kept: None,
        };
        self.add_materialized(key, layout, query, text, compiled, base, aggregates)?;
        Ok(Outcome::done())
    }

    fn create_local(
        &mut self,
        key: (String, String),
        layout: Layout,
        query: Box<Query>,
        text: String,
    ) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let mut analyzer = Analyzer::new(catalog, session, self.env.switches, self.env.now);
        let compiled = analyzer.compile(&query)?;
        let bases: Vec<(String, String)> = analyzer.reads.iter().cloned().collect();
        if !analyzer.system.is_empty() {
            return Err(SqlError::new(
                "Materialized views cannot be created over system tables",
            ));
        }
        let nested = bases.iter().any(|base| {
            catalog
                .relations
                .get(base)
                .is_some_and(|found| found.materialized().is_some())
        });
        if nested && layout.auto_refresh == Some(true) {
            return Err(SqlError::new(
                "AUTO REFRESH is not supported for a materialized view that is defined on another materialized view",
            ));
        }
        check_columns(&compiled.columns, &layout)?;
        self.add_materialized(
            key.clone(),
            layout,
            query,
            text,
            compiled,
            Base::Local(bases),
            false,
        )?;
        // Unlike a view over a stream, this one is filled at once.
        self.recompute(&key)?;
        Ok(Outcome::done())
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of the new view")]
    fn add_materialized(
        &mut self,
        key: (String, String),
        layout: Layout,
        query: Box<Query>,
        text: String,
        compiled: Compiled,
        base: Base,
        aggregates: bool,
    ) -> SqlResult<()> {
        let login = self.login.clone();
        let catalog = self.catalog()?;
        let oid = catalog.new_oid();
        let streaming = matches!(base, Base::Stream { .. });
        let mut view = Materialized {
            query,
            base,
            refreshed: false,
            path: login.options.search_path(&login.user),
            case_sensitive: login.options.case_sensitive(),
            next_auto_refresh: 0,
            state: i64::from(streaming),
        };
        if let Base::Stream { kept, .. } = &mut view.base
            && aggregates
        {
            *kept = Some(format!("r{oid}_base"));
        }
        let relation = Relation {
            oid,
            owner: login.user,
            grants: BTreeMap::new(),
            columns: settled(compiled.columns),
            layout,
            definition: text,
            comment: None,
            kind: Kind::Materialized(Box::new(view)),
        };
        self.add_relation(key, relation)
    }

    /// Enters a relation into the catalog and makes its table.
    pub(super) fn add_relation(&mut self, key: (String, String), relation: Relation) -> SqlResult<()> {
        if !matches!(relation.kind, Kind::View(_)) {
            let columns: Vec<String> = (0..relation.columns.len()).map(|at| format!("c{at}")).collect();
            self.connection()?.execute_batch(&format!(
                "CREATE TABLE {} ({})",
                relation.table(),
                columns.join(", ")
            ))?;
        }
        self.catalog()?.relations.insert(key, relation);
        Ok(())
    }

    pub(super) fn alter_mv(&mut self, name: &Name, change: MvChange) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.find(name, &session)?;
        let found = &catalog.relations[&key];
        let Some(view) = found.materialized() else {
            return Err(SqlError::new(format!("\"{}\" is not a materialized view", key.1)));
        };
        session.need_owner(&found.owner, "relation", &key.1)?;
        let known = |column: &String| {
            if found.columns.iter().any(|known| known.name == *column) {
                Ok(())
            } else {
                Err(SqlError::new(format!(
                    "column \"{column}\" of relation \"{}\" does not exist",
                    key.1
                )))
            }
        };
        match &change {
            MvChange::AutoRefresh(true)
                if matches!(view.base, Base::Local(_)) && nested(catalog, &view.base) =>
            {
                return Err(SqlError::new(
                    "AUTO REFRESH is not supported for a materialized view that is defined on another materialized view",
                ));
            }
            MvChange::DistKey(column) => known(column)?,
            MvChange::SortKey(columns) => columns.iter().try_for_each(known)?,
            MvChange::Owner(owner) if !self.warehouse.accounts.users.contains_key(owner) => {
                return Err(SqlError::new(format!("user \"{owner}\" does not exist")));
            }
            _ => {}
        }
        if let Some(relation) = self.catalog()?.relations.get_mut(&key) {
            match change {
                MvChange::AutoRefresh(on) => relation.layout.auto_refresh = Some(on),
                MvChange::DistKey(column) => {
                    relation.layout.dist_key = Some(column);
                    relation.layout.dist_style = Some("KEY".to_owned());
                }
                MvChange::DistStyle(style) => {
                    relation.layout.dist_key = None;
                    relation.layout.dist_style = Some(style);
                }
                MvChange::SortKey(columns) => relation.layout.sort_key = columns,
                MvChange::Owner(owner) => relation.owner = owner,
            }
        }
        Ok(Outcome::done())
    }

    pub(super) fn create_view(
        &mut self,
        name: &Name,
        or_replace: bool,
        names: Vec<String>,
        query_text: &str,
        late_binding: bool,
        text: String,
    ) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.place(name, &session)?;
        let old = catalog.relations.get(&key).cloned();
        let query = parse_query(query_text)?;
        let mut columns = Vec::new();
        let mut reads = Vec::new();
        if !late_binding {
            let mut analyzer = Analyzer::new(catalog, session, self.env.switches, self.env.now);
            let compiled = analyzer.compile(&query)?;
            reads = analyzer.reads.iter().cloned().collect();
            columns = settled(compiled.columns);
            rename(&mut columns, &names)?;
            check_columns(&columns, &Layout::default())?;
        }
        let view = View {
            query,
            late_binding,
            names,
            reads,
            path: session.options.search_path(session.user),
            case_sensitive: session.options.case_sensitive(),
        };
        let definition = if late_binding {
            text
        } else {
            format!("{};", query_text.trim())
        };
        match old {
            Some(old) if or_replace => self.replace_view(key, old, columns, definition, view),
            _ => {
                let key = self.new_relation(name)?;
                let owner = self.login.user.clone();
                let oid = self.catalog()?.new_oid();
                let relation = Relation {
                    oid,
                    owner,
                    grants: BTreeMap::new(),
                    columns,
                    layout: Layout::default(),
                    definition,
                    comment: None,
                    kind: Kind::View(view),
                };
                self.add_relation(key, relation)?;
                Ok(Outcome::done())
            }
        }
    }

    fn replace_view(
        &mut self,
        key: (String, String),
        old: Relation,
        columns: Vec<Column>,
        definition: String,
        view: View,
    ) -> SqlResult<Outcome> {
        let Kind::View(before) = &old.kind else {
            return Err(SqlError::new(format!("\"{}\" is not a view", key.1)));
        };
        self.session().need_owner(&old.owner, "relation", &key.1)?;
        // Columns may be added at the end, not changed; late binding knows no columns.
        if !view.late_binding && !before.late_binding {
            if columns.len() < old.columns.len() {
                return Err(SqlError::new("cannot drop columns from view"));
            }
            for (was, is) in old.columns.iter().zip(&columns) {
                if was.name != is.name {
                    return Err(SqlError::new(format!(
                        "cannot change name of view column \"{}\" to \"{}\"",
                        was.name, is.name
                    )));
                }
                if was.ty != is.ty {
                    return Err(SqlError::new(format!(
                        "cannot change data type of view column \"{}\"",
                        was.name
                    )));
                }
            }
        }
        let relation = Relation {
            columns,
            definition,
            kind: Kind::View(view),
            ..old
        };
        self.catalog()?.relations.insert(key, relation);
        Ok(Outcome::done())
    }

    pub(super) fn show_view(&self, name: &Name) -> SqlResult<Outcome> {
        let (catalog, session) = self.here()?;
        let key = catalog.find(name, &session)?;
        let found = &catalog.relations[&key];
        if matches!(found.kind, Kind::Table) {
            return Err(SqlError::new(format!("\"{}\" is not a view", key.1)));
        }
        session.need_schema(catalog, &key.0, "USAGE")?;
        Ok(Outcome::of(ResultSet::text(
            "Show View DDL statement",
            &found.definition,
        )))
    }
}

fn nested(catalog: &Catalog, base: &Base) -> bool {
    matches!(base, Base::Local(bases)
        if bases.iter().any(|base| catalog.relations.get(base).is_some_and(|found| found.materialized().is_some())))
}

/// The stream that a query reads, if the first item of FROM stands in an external schema.
fn stream_of(query: &Query, catalog: &Catalog, case_sensitive: bool) -> Option<(String, String)> {
    let select = match query.body.as_ref() {
        SetExpr::Select(select) => select,
        SetExpr::Query(inner) => return stream_of(inner, catalog, case_sensitive),
        SetExpr::SetOperation { left, .. } => match left.as_ref() {
            SetExpr::Select(select) => select,
            _ => return None,
        },
        _ => return None,
    };
    let tables = select
        .from
        .iter()
        .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    tables.into_iter().find_map(|table| match table {
        TableFactor::Table { name, .. } => {
            let name = relation(parts(name, case_sensitive));
            let schema = name.schema?;
            catalog.schemas.get(&schema)?.stream.as_ref()?;
            Some((schema, name.name))
        }
        TableFactor::Derived { subquery, .. } => stream_of(subquery, catalog, case_sensitive),
        _ => None,
    })
}

/// Literals and NULLs become VARCHAR where a column is made of them.
pub(super) fn settled(columns: Vec<Column>) -> Vec<Column> {
    columns
        .into_iter()
        .map(|column| match column.ty {
            Ty::Unknown => Column::new(column.name, Ty::Varchar(256)),
            _ => column,
        })
        .collect()
}

/// Gives columns other names.
pub(super) fn rename(columns: &mut [Column], names: &[String]) -> SqlResult<()> {
    if names.len() > columns.len() {
        return Err(SqlError::new("CREATE specifies more column names than columns"));
    }
    for (column, name) in columns.iter_mut().zip(names) {
        column.name.clone_from(name);
    }
    Ok(())
}

/// Column names are unique and no system names; keys name columns that are there.
pub(super) fn check_columns(columns: &[Column], layout: &Layout) -> SqlResult<()> {
    const SYSTEM: [&str; 7] = ["oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].iter().any(|other| other.name == column.name) {
            return Err(SqlError::new(format!("column \"{}\" duplicated", column.name)));
        }
        if SYSTEM.contains(&column.name.as_str()) {
            return Err(SqlError::new(format!(
                "column name \"{}\" conflicts with a system column name",
                column.name
            )));
        }
    }
    let find = |name: &String| {
        columns
            .iter()
            .find(|column| column.name == *name)
            .ok_or_else(|| SqlError::new(format!("column \"{name}\" named in key does not exist")))
    };
    for key in layout.sort_key.iter().chain(&layout.dist_key) {
        let column = find(key)?;
        if matches!(column.ty, Ty::Super | Ty::Varbyte(_)) {
            return Err(SqlError::new(format!(
                "column \"{key}\" of type {} cannot be a sort or distribution key",
                column.ty.sql_name()
            )));
        }
    }
    match (&layout.dist_style, &layout.dist_key) {
        (Some(style), None) if style == "KEY" => Err(SqlError::new("DISTSTYLE KEY requires a DISTKEY")),
        (Some(style), Some(_)) if style != "KEY" => {
            Err(SqlError::new(format!("DISTSTYLE {style} cannot have a DISTKEY")))
        }
        _ => Ok(()),
    }
}
