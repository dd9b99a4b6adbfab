//! AUTO REFRESH, computed when somebody looks: a view that is due is refreshed before the next statement.

use super::{Env, Login, Run, Undo};
use crate::sql::catalog::Relation;
use crate::sql::options::Options;
use crate::sql::warehouse::Warehouse;

/// Refreshes every view with `AUTO REFRESH YES` whose last attempt is long enough ago, with its owner's rights and the
/// workgroup's settings. Failures stand in the history, nowhere else.
pub(crate) fn auto_refresh(warehouse: &mut Warehouse, options: &Options, env: &mut Env<'_>) {
    for (database, key, owner) in due(warehouse, env.now) {
        let login = Login {
            user: owner,
            database,
            options: options.workgroup_only(),
        };
        let undo = Undo::begin(warehouse, &login);
        let mut run = Run {
            warehouse,
            login: &login,
            env,
        };
        let outcome = run.refresh_one(&key, false);
        match outcome {
            Ok(()) => undo.commit(warehouse, &login),
            Err(_) => undo.roll_back(warehouse, &login),
        }
        let next = env.now + env.switches.auto_refresh_every.as_micros() as i64;
        let relation = warehouse
            .databases
            .get_mut(&login.database)
            .and_then(|found| found.catalog.relations.get_mut(&key));
        if let Some(view) = relation.and_then(|relation| relation.materialized_mut()) {
            view.next_auto_refresh = next;
        }
        env.transaction += 1;
        env.query += 1;
    }
}

/// Whether some view is due.
pub(crate) fn is_due(warehouse: &Warehouse, now: i64) -> bool {
    let mut relations = warehouse
        .databases
        .values()
        .flat_map(|database| database.catalog.relations.values());
    relations.any(|relation| waits_for(relation, now))
}

fn waits_for(relation: &Relation, now: i64) -> bool {
    let refreshed_by_itself = relation.layout.auto_refresh == Some(true);
    refreshed_by_itself
        && relation
            .materialized()
            .is_some_and(|view| view.next_auto_refresh <= now)
}

type Due = (String, (String, String), String);

fn due(warehouse: &Warehouse, now: i64) -> Vec<Due> {
    let mut out = Vec::new();
    for (name, database) in &warehouse.databases {
        for (key, relation) in &database.catalog.relations {
            if waits_for(relation, now) {
                out.push((name.clone(), key.clone(), relation.owner.clone()));
            }
        }
    }
    out
}
