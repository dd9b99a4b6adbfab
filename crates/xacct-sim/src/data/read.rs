//! `DescribeStatement`, `GetStatementResult`, `ListStatements`, `CancelStatement`, and waiting.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::params::{self, not_found, required, text, validation};
use super::render;
use super::statement::{Ending, KEPT, Part, Statement};
use super::submit::submitted;
use crate::dispatch::Wait;
use crate::world::{ApiError, Call, Reply};

/// Rows of one page of a result.
const PAGE: usize = 1_000;

/// Lets the door hold the answer back until the statement ends or the wait is over; then the question is asked again.
pub(super) fn hold(call: &mut Call<'_>, id: &str, wait: Option<u64>, operation: &str, mut params: Value) {
    let until = match (wait, params.get("WaitUntil").and_then(Value::as_f64)) {
        (_, Some(seconds)) => Duration::from_secs_f64(seconds),
        (Some(seconds), None) => call.now + Duration::from_secs(seconds),
        (None, None) => return,
    };
    let now = call.now;
    let active = call
        .account()
        .data
        .statements
        .get(id)
        .filter(|statement| statement.is_active());
    let Some(due) = active.map(|statement| statement.due) else {
        return;
    };
    if now < until {
        params["WaitUntil"] = json!(until.as_secs_f64());
        call.world.wait = Some(Wait {
            until: due.min(until),
            operation: operation.to_owned(),
            params,
        });
    }
}

/// Splits `uuid:2` into the statement and the number of its part.
fn part_of(id: &str) -> Result<(&str, Option<usize>), ApiError> {
    let (statement, part) = match id.split_once(':') {
        Some((statement, part)) => (statement, Some(part)),
        None => (id, None),
    };
    let is_uuid = statement.len() == 36
        && statement
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let number = part.map(str::parse::<usize>).transpose();
    match number {
        Ok(number) if is_uuid => Ok((statement, number)),
        _ => Err(validation(format!(
            "id must satisfy regex pattern: ^[a-z0-9]{{8}}(-[a-z0-9]{{4}}){{3}}-[a-z0-9]{{12}}(:\\d+)?$, got {id}"
        ))),
    }
}

fn find<'a>(call: &'a mut Call<'_>, id: &str) -> Result<(&'a Statement, Option<&'a Part>), ApiError> {
    let now = call.now;
    let at = call.world.settings.unix_seconds(now);
    let (statement, number) = part_of(id)?;
    let found = call.account().data.statements.get(statement);
    let found = found.ok_or_else(|| not_found("Query does not exist.", id))?;
    if found.expired(now) {
        let hours = KEPT.as_secs() / 3_600;
        return Err(validation(format!(
            "Could not retrieve the query result as it has expired after {hours} hours (now {at})"
        )));
    }
    match number {
        None => Ok((found, None)),
        Some(number) => match found.parts.get(number.wrapping_sub(1)) {
            Some(part) if found.batch => Ok((found, Some(part))),
            _ => Err(not_found("Query does not exist.", id)),
        },
    }
}

pub(super) fn describe(call: &mut Call<'_>, given: &Value) -> Reply {
    let id = required(given, "Id")?.to_owned();
    if given.get("Submitted").is_some() {
        // The second half of an ExecuteStatement that waits.
        hold(call, &id, None, "DescribeStatement", given.clone());
        return submitted(call, &id);
    }
    let wait = params::wait(given)?;
    let settings = call.world.settings.clone();
    let now = call.now;
    let (statement, part) = find(call, &id)?;
    let reply = match part {
        Some(part) => render::part(&settings, now, statement, part, &id),
        None => render::statement(&settings, now, statement),
    };
    let whole = statement.id.clone();
    hold(call, &whole, wait, "DescribeStatement", given.clone());
    Ok(reply)
}

pub(super) fn result(call: &mut Call<'_>, given: &Value) -> Reply {
    let id = required(given, "Id")?.to_owned();
    let wait = params::wait(given)?;
    let (whole, _) = part_of(&id)?;
    hold(call, whole, wait, "GetStatementResult", given.clone());
    let padded = call.world.settings.sql.blank_padding;
    let start = match text(given, "NextToken") {
        Some(token) => page(token, &id)?,
        None => 0,
    };
    let (statement, part) = find(call, &id)?;
    let missing = || {
        not_found(
            "Query does not have result. Please check query status with DescribeStatement.",
            &id,
        )
    };
    if statement.ending != Some(Ending::Finished)
        && part.is_none_or(|part| part.ending != Some(Ending::Finished))
    {
        return Err(missing());
    }
    let only = statement.parts.iter().rev().find(|part| part.result.is_some());
    let part = match part {
        Some(part) => Some(part),
        None if statement.batch => None,
        None => only,
    };
    let result = part.and_then(|part| part.result.as_ref()).ok_or_else(missing)?;
    let end = (start + PAGE).min(result.rows.len());
    let mut out = render::page(result, start..end, padded);
    if end < result.rows.len() {
        out["NextToken"] = json!(STANDARD.encode(format!("{id}/{end}")));
    }
    Ok(out)
}

fn page(token: &str, id: &str) -> Result<usize, ApiError> {
    let bad = || validation("NextToken is not valid for this statement");
    let text = STANDARD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(bad)?;
    match text.rsplit_once('/') {
        Some((of, start)) if of == id => start.parse().map_err(|_| bad()),
        _ => Err(bad()),
    }
}

pub(super) fn list(call: &mut Call<'_>, given: &Value) -> Reply {
    let most = match given.get("MaxResults").and_then(Value::as_u64) {
        None | Some(0) => 100,
        Some(most @ 1..=100) => most as usize,
        Some(_) => return Err(validation("MaxResults must be between 0 and 100")),
    };
    let wanted = text(given, "Status").unwrap_or("ALL").to_owned();
    let prefix = text(given, "StatementName").unwrap_or_default().to_owned();
    let skip = match text(given, "NextToken") {
        Some(token) => page(token, "list")?,
        None => 0,
    };
    let (now, settings) = (call.now, call.world.settings.clone());
    let data = &call.account().data;
    let shown: Vec<Value> = data
        .order
        .iter()
        .rev()
        .filter_map(|id| data.statements.get(id))
        .filter(|statement| !statement.expired(now))
        .filter(|statement| wanted == "ALL" || statement.status(now) == wanted)
        .filter(|statement| {
            prefix.is_empty()
                || statement
                    .name
                    .as_ref()
                    .is_some_and(|name| name.starts_with(&prefix))
        })
        .map(|statement| render::listed(&settings, now, statement))
        .collect();
    let mut out = json!({ "Statements": shown.iter().skip(skip).take(most).collect::<Vec<_>>() });
    if shown.len() > skip + most {
        out["NextToken"] = json!(STANDARD.encode(format!("list/{}", skip + most)));
    }
    Ok(out)
}

pub(super) fn cancel(call: &mut Call<'_>, given: &Value) -> Reply {
    let id = required(given, "Id")?.to_owned();
    let now = call.now;
    let (statement, _) = find(call, &id)?;
    if let Some(ending) = &statement.ending {
        let status = ending.status();
        return Err(validation(format!(
            "Could not cancel a query that is already in {status} state with ID: {id}"
        )));
    }
    let whole = statement.id.clone();
    if let Some(statement) = call.account().data.statements.get_mut(&whole) {
        statement.ending = Some(Ending::Aborted);
        statement.updated_at = now;
        for part in &mut statement.parts {
            part.ending = Some(Ending::Aborted);
        }
    }
    Ok(json!({ "Status": true }))
}
