//! Redshift Data API: statements on Serverless workgroups.
//!
//! A statement goes SUBMITTED → PICKED → STARTED → FINISHED, FAILED or ABORTED. What it does happens at once, when it
//! ends ([`engine`]); until then it can be cancelled without a trace. Sources: Redshift management guide, "Using the Amazon
//! Redshift Data API"; Redshift Data API reference.

mod engine;
mod params;
mod read;
mod render;
mod sessions;
mod statement;
mod submit;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::clock::SimTime;
use crate::inventory::Collector;
use crate::sql::catalog::Kind;
use crate::sql::warehouse::Warehouse;
use crate::world::{AccountState, ApiError, Call, Reply};

use sessions::Session;
use statement::Statement;

pub(crate) use engine::settle;

/// What the service holds in one account.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// By id of the namespace, so that one made again under an old name starts empty.
    warehouses: BTreeMap<String, Warehouse>,
    /// By id.
    statements: BTreeMap<String, Statement>,
    /// Ids in the order of submission.
    order: Vec<String>,
    tokens: BTreeMap<String, Token>,
    sessions: BTreeMap<String, Session>,
    /// By namespace, database and name of a schema or relation: the statement that made it, on the timeline.
    made: BTreeMap<(String, String, String), String>,
}

/// A client token that was used.
#[derive(Debug, Clone)]
struct Token {
    statement: String,
    /// The request it came with.
    request: String,
    at: SimTime,
}

/// Answers one call.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    match operation {
        "ExecuteStatement" => submit::execute(call, params),
        "BatchExecuteStatement" => submit::batch_execute(call, params),
        "DescribeStatement" => read::describe(call, params),
        "GetStatementResult" => read::result(call, params),
        "ListStatements" => read::list(call, params),
        "CancelStatement" => read::cancel(call, params),
        _ => Err(ApiError::not_modelled("redshift-data", operation)),
    }
}

/// Adds the live resources to an inventory: schemas and relations of every database. Users that the service made by itself
/// are no resources.
pub(crate) fn inventory(account: &AccountState, now: SimTime, out: &mut Collector) {
    let live = account
        .data
        .warehouses
        .iter()
        .filter(|(id, _)| lives(account, id, now));
    for (_, warehouse) in live {
        for (database, found) in &warehouse.databases {
            for (name, schema) in found.catalog.schemas.iter().filter(|(name, _)| *name != "public") {
                let external = schema.stream.is_some();
                let shown = format!("{database}.{name}");
                out.add(
                    "redshift-data:schema",
                    "",
                    &shown,
                    json!({ "external": external, "owner": schema.owner }),
                );
            }
            for ((schema, name), relation) in &found.catalog.relations {
                let kind = match &relation.kind {
                    Kind::Table => "table",
                    Kind::View(_) => "view",
                    Kind::Materialized(_) => "materialized-view",
                };
                let shown = format!("{database}.{schema}.{name}");
                let attributes = json!({ "owner": relation.owner, "definition": relation.definition });
                out.add(&format!("redshift-data:{kind}"), "", &shown, attributes);
            }
        }
    }
}

/// Whether a namespace is still there; its databases go with it.
fn lives(account: &AccountState, namespace: &str, now: SimTime) -> bool {
    let mut namespaces = account.serverless.namespaces.values();
    namespaces.any(|found| found.id == namespace && found.gone_at.is_none_or(|gone| now < gone))
}
