//! Running what is due. Nothing runs in the background: whoever looks makes the past happen first, in order.

use std::collections::BTreeMap;
use std::time::Duration;

use super::statement::{Ending, Statement};
use super::{State, lives};
use crate::clock::SimTime;
use crate::ingest::Ingestion;
use crate::sql::error::SqlError;
use crate::sql::options::Options;
use crate::sql::reader;
use crate::sql::run::{Env, Login, Outcome, auto_refresh, is_due, run_all, substitute};
use crate::sql::statement::{Statement as Sql, StreamOptions};
use crate::sql::stream::{Batch, StreamFailure, StreamSource};
use crate::sql::warehouse::Warehouse;
use crate::timeline::Span;
use crate::world::{AccountState, World};

/// Ends every statement that is due and refreshes views whose time has come, in all accounts.
pub(crate) fn settle(world: &mut World, now: SimTime) {
    let busy: Vec<String> = world
        .accounts
        .iter()
        .filter(|(_, account)| has_work(account, now, world.settings.unix_millis(now) * 1_000))
        .map(|(id, _)| id.clone())
        .collect();
    for account in busy {
        let Some(found) = world.accounts.get_mut(&account) else {
            continue;
        };
        // The state steps out of the world while it looks at the rest of it.
        let mut state = std::mem::take(&mut found.data);
        let notes = state.settle(world, &account, now);
        if let Some(found) = world.accounts.get_mut(&account) {
            found.data = state;
        }
        world.explanations.extend(notes.explanations);
        notes
            .spans
            .into_iter()
            .for_each(|span| world.timeline.record(span));
    }
}

/// What is told to the world afterwards.
#[derive(Debug, Default)]
struct Notes {
    explanations: BTreeMap<String, String>,
    spans: Vec<Span>,
}

fn has_work(account: &AccountState, now: SimTime, micros: i64) -> bool {
    let data = &account.data;
    data.statements
        .values()
        .any(|statement| statement.is_active() && statement.due <= now)
        || data
            .warehouses
            .values()
            .any(|warehouse| is_due(warehouse, micros))
        || data.warehouses.keys().any(|id| !lives(account, id, now))
}

impl State {
    fn settle(&mut self, world: &World, account: &str, now: SimTime) -> Notes {
        let mut notes = Notes::default();
        if let Some(found) = world.account(account) {
            self.warehouses.retain(|id, _| lives(found, id, now));
        }
        while let Some((id, due)) = self.next_due(now) {
            // A view that was due before the statement was refreshed before it.
            self.refresh(world, account, due);
            self.end(world, account, &id, &mut notes);
        }
        self.refresh(world, account, now);
        notes
    }

    /// The statement that ends first; of two at the same time the one submitted first.
    fn next_due(&self, now: SimTime) -> Option<(String, SimTime)> {
        let active = self
            .order
            .iter()
            .filter_map(|id| self.statements.get(id))
            .filter(|statement| statement.is_active() && statement.due <= now);
        let first = active.min_by_key(|statement| statement.due)?;
        Some((first.id.clone(), first.due))
    }

    fn end(&mut self, world: &World, account: &str, id: &str, notes: &mut Notes) {
        let Some(mut statement) = self.statements.remove(id) else {
            return;
        };
        if statement.failing {
            let error = statement
                .parts
                .iter()
                .find_map(|part| part.ending.as_ref()?.error())
                .unwrap_or_default()
                .to_owned();
            statement.ending = Some(Ending::Failed(error));
            statement.updated_at = statement.due;
        } else {
            self.run(world, account, &mut statement, notes);
        }
        self.statements.insert(id.to_owned(), statement);
    }

    fn run(&mut self, world: &World, account: &str, statement: &mut Statement, notes: &mut Notes) {
        let at = statement.due;
        let mut login = Login {
            user: statement.user.clone(),
            database: statement.database.clone(),
            options: self.options(world, account, statement),
        };
        let outcomes = match self.prepare(world, account, statement) {
            Err(error) => vec![Err(error)],
            Ok((mut warehouse, texts, namespace)) => {
                let mut source = Source {
                    ingestion: Ingestion::new(world, at, account, &statement.workgroup),
                };
                let query = warehouse.new_id();
                let mut env = Env {
                    switches: &world.settings.sql,
                    now: world.settings.unix_millis(at) * 1_000,
                    query,
                    transaction: query * 10,
                    source: &mut source,
                };
                let outcomes = run_all(&mut warehouse, &mut login, &texts, statement.atomic, &mut env);
                statement.parts.iter_mut().for_each(|part| part.query = query);
                self.warehouses.insert(namespace.clone(), warehouse);
                if outcomes.iter().all(Result::is_ok) {
                    let passed = source
                        .ingestion
                        .map(|ingestion| ingestion.passed)
                        .unwrap_or_default();
                    notes
                        .spans
                        .push(self.span(account, &namespace, statement, &texts, passed));
                }
                outcomes
            }
        };
        self.keep_session(statement, &login);
        take(statement, outcomes, notes);
    }

    fn options(&self, world: &World, account: &str, statement: &Statement) -> Options {
        let session = statement.session.as_ref().and_then(|id| self.sessions.get(id));
        let settings = session
            .map(|session| session.settings.clone())
            .unwrap_or_default();
        let workgroup = world
            .account(account)
            .and_then(|found| found.serverless.workgroup(&statement.workgroup));
        let parameters = workgroup
            .map(|workgroup| workgroup.config_parameters.clone())
            .unwrap_or_default();
        Options::new(settings, parameters)
    }

    fn keep_session(&mut self, statement: &Statement, login: &Login) {
        if let Some(session) = statement
            .session
            .as_ref()
            .and_then(|id| self.sessions.get_mut(id))
        {
            session.settings = login.options.session().clone();
            session.expires_at = statement.due + session.keep_alive;
        }
    }

    /// The warehouse (taken out), the texts with their parameters, and the namespace's id.
    fn prepare(
        &mut self,
        world: &World,
        account: &str,
        statement: &Statement,
    ) -> Result<(Warehouse, Vec<String>, String), SqlError> {
        let serverless = world.account(account).map(|found| &found.serverless);
        let workgroup = serverless
            .and_then(|state| state.workgroup(&statement.workgroup))
            .filter(|workgroup| workgroup.runs_statements(statement.due));
        let namespace = serverless
            .zip(workgroup)
            .and_then(|(state, workgroup)| state.namespace_of(workgroup));
        let Some(namespace) = namespace else {
            return Err(SqlError::new("Connection to the workgroup was lost"));
        };
        let texts = statement
            .parts
            .iter()
            .map(|part| substitute(&part.text, &statement.parameters))
            .collect::<Result<Vec<_>, _>>()?;
        let mut warehouse = match self.warehouses.remove(&namespace.id) {
            Some(warehouse) => warehouse,
            None => Warehouse::new(&namespace.admin_username, &namespace.db_name)?,
        };
        if !warehouse.databases.contains_key(&statement.database) {
            self.warehouses.insert(namespace.id.clone(), warehouse);
            let message = format!("FATAL: database \"{}\" does not exist", statement.database);
            return Err(SqlError {
                message,
                ..SqlError::new("")
            });
        }
        // An IAM identity becomes a user when it first comes, with no rights but those of PUBLIC.
        warehouse.add_user(&statement.user, statement.user == namespace.admin_username);
        Ok((warehouse, texts, namespace.id.clone()))
    }

    /// The statement on the simulator's own timeline: it could not run before what it went through was there, nor before
    /// the schemas and relations that its text names.
    fn span(
        &mut self,
        account: &str,
        namespace: &str,
        statement: &Statement,
        texts: &[String],
        mut passed: Vec<String>,
    ) -> Span {
        let id = format!("{account}/statement/{}", statement.id);
        let here = |key: &&(String, String, String)| key.0 == namespace && key.1 == statement.database;
        for key in self.made.keys().filter(here) {
            if texts.iter().any(|text| text.contains(&key.2)) {
                passed.push(self.made[key].clone());
            }
        }
        for name in texts.iter().filter_map(|text| made_by(text)) {
            self.made.insert(
                (namespace.to_owned(), statement.database.clone(), name),
                id.clone(),
            );
        }
        Span {
            kind: "redshift.statement",
            id,
            begun: statement.created_at,
            done: statement.due,
            prerequisites: passed,
        }
    }

    /// AUTO REFRESH on every workgroup that runs.
    fn refresh(&mut self, world: &World, account: &str, now: SimTime) {
        let Some(found) = world.account(account) else {
            return;
        };
        let micros = world.settings.unix_millis(now) * 1_000;
        for workgroup in found
            .serverless
            .workgroups
            .values()
            .filter(|workgroup| workgroup.runs_statements(now))
        {
            let Some(namespace) = found.serverless.namespace_of(workgroup) else {
                continue;
            };
            let Some(warehouse) = self
                .warehouses
                .get_mut(&namespace.id)
                .filter(|warehouse| is_due(warehouse, micros))
            else {
                continue;
            };
            let mut source = Source {
                ingestion: Ingestion::new(world, now, account, &workgroup.name),
            };
            let options = Options::new(BTreeMap::new(), workgroup.config_parameters.clone());
            let query = warehouse.new_id();
            let mut env = Env {
                switches: &world.settings.sql,
                now: micros,
                query,
                transaction: query * 10,
                source: &mut source,
            };
            auto_refresh(warehouse, &options, &mut env);
        }
    }
}

/// The name of the schema or relation that a statement makes.
fn made_by(text: &str) -> Option<String> {
    match reader::read(text, true).ok()? {
        Sql::CreateExternalSchema { name, .. } | Sql::CreateSchema { name, .. } => Some(name),
        Sql::CreateMv { name, .. }
        | Sql::CreateView { name, .. }
        | Sql::CreateTable { name, .. }
        | Sql::CreateTableAs { name, .. } => Some(name.name),
        _ => None,
    }
}

/// Writes down what became of the parts; a failure to connect goes on for as long as Redshift tries.
fn take(statement: &mut Statement, outcomes: Vec<Result<Outcome, SqlError>>, notes: &mut Notes) {
    let due = statement.due;
    let mut failure: Option<(usize, SqlError)> = None;
    let count = outcomes.len();
    for (at, outcome) in outcomes.into_iter().enumerate() {
        let Some(part) = statement.parts.get_mut(at) else {
            continue;
        };
        part.ended_at = due;
        match outcome {
            Ok(outcome) => {
                part.ending = Some(Ending::Finished);
                part.rows = outcome.rows;
                part.result = outcome.result;
            }
            Err(error) => {
                part.ending = Some(Ending::Failed(error.message.clone()));
                failure.get_or_insert((at + 1, error));
            }
        }
    }
    for part in statement.parts.iter_mut().skip(count) {
        part.ending = Some(Ending::Aborted);
        part.ended_at = due;
    }
    statement.updated_at = due;
    let Some((number, error)) = failure else {
        statement.ending = Some(Ending::Finished);
        return;
    };
    let message = if statement.batch {
        format!("Query #{number} failed with {}", error.message)
    } else {
        error.message.clone()
    };
    let cause = error.cause.clone().unwrap_or_else(|| error.message.clone());
    notes.explanations.insert(statement.id.clone(), cause);
    if error.after > Duration::ZERO {
        statement.failing = true;
        statement.due = due + error.after;
        if let Some(part) = statement.parts.get_mut(number - 1) {
            part.ending = Some(Ending::Failed(message));
        }
    } else {
        statement.ending = Some(Ending::Failed(message));
    }
}

/// The way to the streams, unless the workgroup is gone.
struct Source<'w> {
    ingestion: Option<Ingestion<'w>>,
}

fn gone() -> StreamFailure {
    StreamFailure {
        message: "Connection to the workgroup was lost".to_owned(),
        cause: "the workgroup is gone".to_owned(),
        after: Duration::ZERO,
    }
}

impl StreamSource for Source<'_> {
    fn open(&mut self, options: &StreamOptions, stream: Option<&str>) -> Result<Vec<String>, StreamFailure> {
        self.ingestion.as_mut().ok_or_else(gone)?.open(options, stream)
    }

    fn read(
        &mut self,
        stream: &str,
        partition: &str,
        from: Option<&str>,
        max: usize,
    ) -> Result<Batch, StreamFailure> {
        self.ingestion
            .as_mut()
            .ok_or_else(gone)?
            .read(stream, partition, from, max)
    }
}
