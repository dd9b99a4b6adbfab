//! Catalog and monitoring views: what columns they have, and their rows at this moment.
//!
//! A query that names one gets a temporary table filled before it runs. Ordinary users see their own rows only.

mod catalog;
mod monitor;
mod privileges;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::catalog::{Catalog, Session};
use super::error::{SqlError, SqlResult};
use super::types::{Column, Ty};
use super::warehouse::Warehouse;

type Rows = Vec<Vec<Value>>;

/// Columns of a view: name and type.
type Shape = &'static [(&'static str, Ty)];

/// How the rows of a view are found.
type Fill = fn(&Source<'_>) -> Rows;

/// What rows are made from.
pub(super) struct Source<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub session: Session<'a>,
}

impl Source<'_> {
    /// Superusers and monitors see everything.
    fn sees_all(&self) -> bool {
        self.session.superuser()
            || self.session.roles().contains("sys:monitor")
            || self.session.roles().contains("sys:operator")
    }

    fn sees(&self, owner: &str) -> bool {
        owner == self.session.user || self.sees_all()
    }

    fn user_id(&self, name: &str) -> i64 {
        self.warehouse.accounts.users.get(name).map_or(0, |user| user.id)
    }
}

/// A view of the system.
struct View {
    schema: &'static str,
    name: &'static str,
    shape: Shape,
    fill: Fill,
}

const CHAR128: Ty = Ty::Char(128);
const NAME: Ty = Ty::Varchar(128);
const FLAG: Ty = Ty::Char(1);
const TEXT: Ty = Ty::Varchar(65_535);

fn find(schema: &str, name: &str) -> Option<&'static View> {
    catalog::VIEWS
        .iter()
        .chain(monitor::VIEWS)
        .chain(privileges::VIEWS)
        .find(|view| view.name == name && view.schema == schema)
}

/// Columns of a catalog view; None for a name that is no catalog view.
///
/// # Errors
/// Views over the nodes of a cluster (`stl_…`, `stv_…`, `svl_…`) are refused on Serverless.
pub(crate) fn columns(schema: &str, name: &str) -> SqlResult<Option<Vec<Column>>> {
    if let Some(view) = find(schema, name) {
        return Ok(Some(
            view.shape
                .iter()
                .map(|(name, ty)| Column::new(*name, *ty))
                .collect(),
        ));
    }
    let of_nodes = ["stl_", "stv_", "svl_", "svcs_"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    if of_nodes {
        return Err(SqlError::new(format!("permission denied for relation {name}"))
            .detail("This system table or view is not available on Amazon Redshift Serverless."));
    }
    let ours = ["svv_", "sys_", "pg_"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    if ours {
        return Err(SqlError::not_modelled(format!("the system view {name}")));
    }
    Ok(None)
}

/// Name of the temporary table for a catalog view.
pub(crate) fn table(schema: &str, name: &str) -> String {
    format!("{schema}_{name}")
}

/// Fills the temporary table of a catalog view.
///
/// # Errors
/// SQLite's.
pub(crate) fn fill(
    connection: &Connection,
    table_name: &str,
    warehouse: &Warehouse,
    catalog: &Catalog,
    session: Session<'_>,
) -> SqlResult<()> {
    let all = catalog::VIEWS
        .iter()
        .chain(monitor::VIEWS)
        .chain(privileges::VIEWS);
    let Some(view) = all
        .into_iter()
        .find(|view| table(view.schema, view.name) == table_name)
    else {
        return Ok(());
    };
    let names: Vec<String> = (0..view.shape.len()).map(|at| format!("c{at}")).collect();
    connection.execute_batch(&format!(
        "DROP TABLE IF EXISTS temp.{table_name}; CREATE TEMP TABLE {table_name} ({});",
        names.join(", ")
    ))?;
    let rows = (view.fill)(&Source {
        warehouse,
        catalog,
        session,
    });
    let marks = vec!["?"; names.len()].join(", ");
    let mut insert = connection.prepare(&format!("INSERT INTO temp.{table_name} VALUES ({marks})"))?;
    for row in rows {
        insert.execute(params_from_iter(row))?;
    }
    Ok(())
}

fn text(value: impl AsRef<str>) -> Value {
    Value::Text(value.as_ref().to_owned())
}

fn number(value: i64) -> Value {
    Value::Integer(value)
}

fn time(micros: i64) -> Value {
    Value::Text(super::time::timestamp_text(micros))
}

fn flag(value: bool) -> Value {
    text(if value { "t" } else { "f" })
}
