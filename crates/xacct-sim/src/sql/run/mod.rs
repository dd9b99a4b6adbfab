//! Running statements.

mod access;
mod append;
mod auto;
mod drop;
mod parameters;
mod refresh;
mod schemas;
mod tables;
mod views;

use rusqlite::types::Value;
use rusqlite::{Connection, Statement as Prepared};

use super::analyze::{Analyzer, Compiled, parse_query};
use super::catalog::Session;
use super::error::{SqlError, SqlResult};
use super::options::{Options, SqlSwitches};
use super::reader;
use super::result::ResultSet;
use super::statement::{Statement, Target};
use super::stream::StreamSource;
use super::system;
use super::warehouse::Warehouse;

pub(crate) use auto::{auto_refresh, is_due};
pub(crate) use parameters::substitute;

/// Who is connected, where, and with which settings; `SET` changes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub user: String,
    pub database: String,
    pub options: Options,
}

/// The world of one statement.
pub(crate) struct Env<'a> {
    pub switches: &'a SqlSwitches,
    /// Microseconds since 1970.
    pub now: i64,
    pub query: i64,
    pub transaction: i64,
    pub source: &'a mut dyn StreamSource,
}

/// What a statement did.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Outcome {
    pub result: Option<ResultSet>,
    /// Rows returned or changed; -1 where that makes no sense.
    pub rows: i64,
}

impl Outcome {
    fn done() -> Self {
        Self {
            result: None,
            rows: -1,
        }
    }

    fn changed(rows: usize) -> Self {
        Self {
            result: None,
            rows: rows as i64,
        }
    }

    fn of(result: ResultSet) -> Self {
        let rows = result.rows.len() as i64;
        Self {
            result: Some(result),
            rows,
        }
    }
}

/// Runs statements one after the other; in a transaction all or none take effect, otherwise each for itself.
///
/// The outcomes, and where `atomic` is false, later statements run although an earlier one failed.
pub(crate) fn run_all(
    warehouse: &mut Warehouse,
    login: &mut Login,
    texts: &[String],
    atomic: bool,
    env: &mut Env<'_>,
) -> Vec<SqlResult<Outcome>> {
    let in_block = atomic && texts.len() > 1;
    let mut out = Vec::new();
    let undo = Undo::begin(warehouse, login);
    for text in texts {
        let outcome = run_one(warehouse, login, text, in_block, env);
        let failed = outcome.is_err();
        out.push(outcome);
        if failed && atomic {
            undo.roll_back(warehouse, login);
            return out;
        }
        if !atomic {
            // The next statement starts from what this one left.
            env.transaction += 1;
        }
    }
    undo.commit(warehouse, login);
    out
}

/// One statement, with no effect if it fails.
fn run_one(
    warehouse: &mut Warehouse,
    login: &mut Login,
    text: &str,
    in_block: bool,
    env: &mut Env<'_>,
) -> SqlResult<Outcome> {
    let statement = reader::read(text, login.options.case_sensitive())?;
    if in_block {
        refuse_in_block(warehouse, login, &statement, env)?;
    }
    let undo = Undo::begin(warehouse, login);
    let outcome = dispatch(warehouse, login, statement, in_block, env);
    match outcome {
        Ok(outcome) => {
            undo.commit(warehouse, login);
            Ok(outcome)
        }
        Err(error) => {
            undo.roll_back(warehouse, login);
            Err(error)
        }
    }
}

fn refuse_in_block(
    warehouse: &mut Warehouse,
    login: &Login,
    statement: &Statement,
    env: &Env<'_>,
) -> SqlResult<()> {
    let refuse = |what: &str| {
        Err(SqlError::new(format!(
            "{what} cannot run inside a transaction block"
        )))
    };
    if let Some(what) = statement.refused_in_transaction() {
        return refuse(what);
    }
    if let Statement::Grant {
        on: Target::Schema(names),
        ..
    } = statement
    {
        let catalog = &warehouse.database(&login.database)?.catalog;
        let external = names.iter().any(|name| {
            catalog
                .schemas
                .get(name)
                .is_some_and(|schema| schema.stream.is_some())
        });
        if external {
            return refuse("GRANT on external resources");
        }
    }
    if !env.switches.streaming_ddl_in_transaction {
        match statement {
            Statement::CreateExternalSchema { .. } => return refuse("CREATE EXTERNAL SCHEMA"),
            Statement::CreateMv { .. } => return refuse("CREATE MATERIALIZED VIEW"),
            Statement::RefreshMv { .. } => return refuse("REFRESH MATERIALIZED VIEW"),
            _ => {}
        }
    }
    Ok(())
}

/// What is needed to take changes back.
struct Undo {
    accounts: super::catalog::Accounts,
    catalog: Option<super::catalog::Catalog>,
}

const SAVEPOINT: &str = "SAVEPOINT undo";

impl Undo {
    fn begin(warehouse: &Warehouse, login: &Login) -> Self {
        let database = warehouse.databases.get(&login.database);
        if let Some(database) = database {
            // A failure to open it shows when it is used.
            let _ = database.connection.execute_batch(SAVEPOINT);
        }
        Self {
            accounts: warehouse.accounts.clone(),
            catalog: database.map(|database| database.catalog.clone()),
        }
    }

    fn commit(self, warehouse: &Warehouse, login: &Login) {
        if let Some(database) = warehouse.databases.get(&login.database) {
            let _ = database.connection.execute_batch("RELEASE undo");
        }
    }

    fn roll_back(self, warehouse: &mut Warehouse, login: &Login) {
        warehouse.accounts = self.accounts;
        if let (Some(database), Some(catalog)) = (warehouse.databases.get_mut(&login.database), self.catalog)
        {
            let _ = database
                .connection
                .execute_batch("ROLLBACK TO undo; RELEASE undo");
            database.catalog = catalog;
        }
    }
}

/// A statement's surroundings, handed from function to function.
pub(super) struct Run<'a, 'e> {
    pub warehouse: &'a mut Warehouse,
    pub login: &'a Login,
    pub env: &'a mut Env<'e>,
}

fn dispatch(
    warehouse: &mut Warehouse,
    login: &mut Login,
    statement: Statement,
    in_block: bool,
    env: &mut Env<'_>,
) -> SqlResult<Outcome> {
    match statement {
        Statement::Set { name, value } => return access::set(login, &name, value),
        Statement::Reset { name } => return access::set(login, &name, None),
        Statement::Show { name } => return access::show(login, &name),
        Statement::Begin | Statement::Commit if in_block => return Ok(Outcome::done()),
        Statement::Begin | Statement::Commit | Statement::Rollback => {
            return Err(SqlError::not_modelled(
                "an explicit transaction outside of a batch",
            ));
        }
        _ => {}
    }
    let mut run = Run {
        warehouse,
        login,
        env,
    };
    match statement {
        Statement::Select { query } => run.select(&query),
        Statement::CreateExternalSchema {
            name,
            if_not_exists,
            options,
        } => run.create_external_schema(name, if_not_exists, options),
        Statement::AlterExternalSchema { name, changes } => run.alter_external_schema(&name, changes),
        Statement::CreateSchema {
            name,
            if_not_exists,
            owner,
        } => run.create_schema(name, if_not_exists, owner),
        Statement::AlterSchema { name, rename, owner } => run.alter_schema(&name, rename, owner),
        Statement::DropSchema {
            names,
            if_exists,
            cascade,
        } => run.drop_schemas(&names, if_exists, cascade),
        Statement::CreateMv {
            name,
            layout,
            query,
            text,
        } => run.create_mv(&name, layout, &query, text),
        Statement::AlterMv { name, change } => run.alter_mv(&name, change),
        Statement::RefreshMv { name, cascade } => run.refresh(&name, cascade),
        Statement::CreateView {
            name,
            or_replace,
            columns,
            query,
            late_binding,
            text,
        } => run.create_view(&name, or_replace, columns, &query, late_binding, text),
        Statement::ShowView { name } => run.show_view(&name),
        Statement::DropMv {
            names,
            if_exists,
            cascade,
        } => run.drop_relations(drop::What::Materialized, &names, if_exists, cascade),
        Statement::DropView {
            names,
            if_exists,
            cascade,
        } => run.drop_relations(drop::What::View, &names, if_exists, cascade),
        Statement::DropTable {
            names,
            if_exists,
            cascade,
        } => run.drop_relations(drop::What::Table, &names, if_exists, cascade),
        Statement::CreateTable {
            name,
            if_not_exists,
            columns,
            like,
            layout,
        } => run.create_table(&name, if_not_exists, columns, like, layout),
        Statement::CreateTableAs {
            name,
            columns,
            layout,
            query,
        } => run.create_table_as(&name, &columns, layout, &query),
        Statement::AlterTable { name, change } => run.alter_table(&name, change),
        Statement::Truncate { name } => run.truncate(&name),
        Statement::Insert { name, columns, query } => run.insert(&name, &columns, &query),
        Statement::Delete { name, condition } => run.delete(&name, condition.as_deref()),
        other => run.access(other),
    }
}

impl Run<'_, '_> {
    pub(super) fn session(&self) -> Session<'_> {
        Session {
            user: &self.login.user,
            accounts: &self.warehouse.accounts,
            options: &self.login.options,
        }
    }

    /// Catalog and session side by side.
    pub(super) fn here(&self) -> SqlResult<(&super::catalog::Catalog, Session<'_>)> {
        let database = self
            .warehouse
            .databases
            .get(&self.login.database)
            .ok_or_else(|| SqlError::new(format!("database \"{}\" does not exist", self.login.database)))?;
        Ok((&database.catalog, self.session()))
    }

    pub(super) fn catalog(&mut self) -> SqlResult<&mut super::catalog::Catalog> {
        Ok(&mut self.warehouse.database(&self.login.database)?.catalog)
    }

    pub(super) fn connection(&self) -> SqlResult<&Connection> {
        match self.warehouse.databases.get(&self.login.database) {
            Some(database) => Ok(&database.connection),
            None => Err(SqlError::new(format!(
                "database \"{}\" does not exist",
                self.login.database
            ))),
        }
    }

    /// Compiles a query for this user, and fills the catalog views that it reads.
    pub(super) fn compile(&self, text: &str) -> SqlResult<(Compiled, Vec<(String, String)>)> {
        let query = parse_query(text)?;
        let (catalog, session) = self.here()?;
        let mut analyzer = Analyzer::new(catalog, session, self.env.switches, self.env.now);
        let compiled = analyzer.compile(&query)?;
        let connection = self.connection()?;
        for table in &analyzer.system {
            system::fill(connection, table, self.warehouse, catalog, session)?;
        }
        Ok((compiled, analyzer.reads.into_iter().collect()))
    }

    fn select(&self, text: &str) -> SqlResult<Outcome> {
        let (compiled, _) = self.compile(text)?;
        let connection = self.connection()?;
        let mut prepared = connection.prepare(&compiled.sql)?;
        let rows = rows_of(&mut prepared)?;
        Ok(Outcome::of(ResultSet {
            columns: compiled.columns,
            rows,
        }))
    }
}

fn rows_of(prepared: &mut Prepared<'_>) -> SqlResult<Vec<Vec<Value>>> {
    let width = prepared.column_count();
    let mut cursor = prepared.query([])?;
    let mut out = Vec::new();
    while let Some(row) = cursor.next()? {
        let mut values = Vec::with_capacity(width);
        for at in 0..width {
            values.push(row.get::<_, Value>(at)?);
        }
        out.push(values);
    }
    Ok(out)
}
