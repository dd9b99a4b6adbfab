//! Statements and results by wire names.

use std::ops::Range;

use serde_json::{Value, json};

use super::statement::{Part, Statement};
use crate::clock::SimTime;
use crate::settings::Settings;
use crate::sql::result::{Cell, ResultSet, cell};
use crate::sql::types::{Column, Ty};

/// `DescribeStatement` of a whole statement.
pub(super) fn statement(settings: &Settings, now: SimTime, statement: &Statement) -> Value {
    let last = statement.parts.last();
    let mut out = common(settings, now, statement);
    out["Duration"] = json!(nanoseconds(statement, now));
    out["Status"] = json!(statement.status(now));
    out["HasResultSet"] = json!(statement.has_result());
    out["ResultRows"] = json!(-1);
    out["ResultSize"] = json!(-1);
    out["RedshiftQueryId"] = json!(0);
    if let Some(error) = statement.ending.as_ref().and_then(|ending| ending.error()) {
        out["Error"] = json!(error);
    }
    if statement.batch {
        let texts = statement.parts.iter().enumerate();
        out["SubStatements"] = texts
            .map(|(at, part)| sub(settings, now, statement, part, at + 1))
            .collect();
        out["RedshiftQueryId"] = json!(-1);
    } else {
        out["QueryString"] = json!(text_of(statement));
        if let Some(part) = statement
            .parts
            .iter()
            .rev()
            .find(|part| part.result.is_some())
            .or(last)
        {
            numbers(&mut out, part);
        }
        if statement
            .ending
            .as_ref()
            .is_some_and(|ending| ending.error().is_some())
        {
            out["ResultRows"] = json!(-1);
            out["ResultSize"] = json!(-1);
        }
    }
    if !statement.parameters.is_empty() {
        out["QueryParameters"] = parameters(statement);
    }
    out
}

/// `DescribeStatement` of a part of a batch.
pub(super) fn part(settings: &Settings, now: SimTime, statement: &Statement, part: &Part, id: &str) -> Value {
    let mut out = common(settings, now, statement);
    let inner = sub(settings, now, statement, part, 0);
    for name in [
        "Duration",
        "Status",
        "HasResultSet",
        "QueryString",
        "ResultRows",
        "ResultSize",
        "RedshiftQueryId",
        "Error",
    ] {
        if let Some(value) = inner.get(name) {
            out[name] = value.clone();
        }
    }
    out["Id"] = json!(id);
    out
}

fn common(settings: &Settings, now: SimTime, statement: &Statement) -> Value {
    let mut out = json!({
        "Id": statement.id,
        "CreatedAt": settings.unix_seconds(statement.created_at),
        "UpdatedAt": settings.unix_seconds(statement.updated_at(now)),
        "Database": statement.database,
        "DbUser": statement.user,
        "WorkgroupName": statement.workgroup,
        "RedshiftPid": if statement.status(now) == "SUBMITTED" { 0 } else { 1_073_750_000 },
        "ResultFormat": "JSON",
    });
    for (name, value) in [
        ("SecretArn", &statement.secret),
        ("SessionId", &statement.session),
    ] {
        if let Some(value) = value {
            out[name] = json!(value);
        }
    }
    out
}

fn sub(settings: &Settings, now: SimTime, statement: &Statement, part: &Part, number: usize) -> Value {
    let status = match &part.ending {
        Some(ending) => ending.status(),
        None => statement.status(now),
    };
    let mut out = json!({
        "Id": format!("{}:{number}", statement.id),
        "Duration": if part.ending.is_some() { nanoseconds(statement, now) / statement.parts.len() as i64 } else { -1 },
        "Status": status,
        "CreatedAt": settings.unix_seconds(statement.created_at),
        "UpdatedAt": settings.unix_seconds(if part.ending.is_some() { part.ended_at } else { statement.updated_at(now) }),
        "QueryString": part.text,
        "HasResultSet": part.result.is_some(),
        "ResultRows": -1,
        "ResultSize": -1,
        "RedshiftQueryId": part.query,
    });
    if let Some(error) = part.ending.as_ref().and_then(|ending| ending.error()) {
        out["Error"] = json!(error);
    } else if part.ending.is_some() {
        numbers(&mut out, part);
    }
    out
}

fn numbers(out: &mut Value, part: &Part) {
    out["ResultRows"] = json!(part.rows);
    out["RedshiftQueryId"] = json!(part.query);
    if let Some(result) = &part.result {
        let cells = result.cells(false);
        let bytes: usize = cells.iter().flatten().map(size).sum();
        out["ResultSize"] = json!(bytes);
    } else {
        out["ResultSize"] = json!(0);
    }
}

fn size(cell: &Cell) -> usize {
    match cell {
        Cell::Null => 0,
        Cell::Bool(_) => 1,
        Cell::Long(_) | Cell::Double(_) => 8,
        Cell::Text(text) => text.len(),
    }
}

/// Nanoseconds that it ran; -1 before it started.
fn nanoseconds(statement: &Statement, now: SimTime) -> i64 {
    let end = if statement.ending.is_some() {
        statement.updated_at
    } else {
        now
    };
    match end.checked_sub(statement.started_at) {
        Some(ran) => i64::try_from(ran.as_nanos()).unwrap_or(i64::MAX),
        None => -1,
    }
}

fn text_of(statement: &Statement) -> String {
    let texts: Vec<&str> = statement.parts.iter().map(|part| part.text.as_str()).collect();
    texts.join(";\n")
}

fn parameters(statement: &Statement) -> Value {
    statement
        .parameters
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

/// An item of `ListStatements`.
pub(super) fn listed(settings: &Settings, now: SimTime, statement: &Statement) -> Value {
    let mut out = json!({
        "Id": statement.id,
        "Status": statement.status(now),
        "CreatedAt": settings.unix_seconds(statement.created_at),
        "UpdatedAt": settings.unix_seconds(statement.updated_at(now)),
        "IsBatchStatement": statement.batch,
        "ResultFormat": "JSON",
    });
    if statement.batch {
        out["QueryStrings"] = statement.parts.iter().map(|part| json!(part.text)).collect();
    } else {
        out["QueryString"] = json!(text_of(statement));
    }
    if !statement.parameters.is_empty() {
        out["QueryParameters"] = parameters(statement);
    }
    for (name, value) in [
        ("StatementName", &statement.name),
        ("SecretArn", &statement.secret),
        ("SessionId", &statement.session),
    ] {
        if let Some(value) = value {
            out[name] = json!(value);
        }
    }
    out
}

/// A page of a result.
pub(super) fn page(result: &ResultSet, rows: Range<usize>, padded: bool) -> Value {
    let records: Vec<Value> = result.rows[rows]
        .iter()
        .map(|row| {
            row.iter()
                .zip(&result.columns)
                .map(|(value, column)| field(&cell(value, column.ty, padded)))
                .collect()
        })
        .collect();
    json!({
        "Records": records,
        "ColumnMetadata": result.columns.iter().map(metadata).collect::<Vec<_>>(),
        "TotalNumRows": result.rows.len(),
    })
}

fn field(cell: &Cell) -> Value {
    match cell {
        Cell::Null => json!({ "isNull": true }),
        Cell::Bool(value) => json!({ "booleanValue": value }),
        Cell::Long(value) => json!({ "longValue": value }),
        Cell::Double(value) => json!({ "doubleValue": value }),
        Cell::Text(value) => json!({ "stringValue": value }),
    }
}

fn metadata(column: &Column) -> Value {
    json!({
        "isCaseSensitive": column.ty.is_text(),
        "isCurrency": false,
        "isSigned": column.ty.is_number(),
        "label": column.name,
        "length": if matches!(column.ty, Ty::Char(_) | Ty::Varchar(_) | Ty::Varbyte(_)) { column.ty.precision() } else { 0 },
        "name": column.name,
        "nullable": 1,
        "precision": column.ty.precision(),
        "scale": column.ty.scale(),
        "schemaName": "",
        "tableName": "",
        "typeName": column.ty.wire_name(),
    })
}
