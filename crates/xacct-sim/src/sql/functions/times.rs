//! Time: see [`crate::sql::time`].

use rusqlite::functions::Context;
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use super::{add_strict, fail, integer_of, text_of};
use crate::sql::time::{self, Part};

pub(super) fn install(connection: &Connection) -> Result<()> {
    add_strict(connection, "rs_shift", 2, |context| {
        Ok(Value::Text(time::timestamp_text(
            at(context, 0)? + integer_of(context, 1)?,
        )))
    })?;
    add_strict(connection, "rs_dateadd", 3, |context| {
        match time::add(at(context, 2)?, part(context)?, integer_of(context, 1)?) {
            Some(micros) => Ok(Value::Text(time::timestamp_text(micros))),
            None => fail("timestamp out of range"),
        }
    })?;
    add_strict(connection, "rs_datediff", 3, |context| {
        match time::diff(part(context)?, at(context, 1)?, at(context, 2)?) {
            Some(count) => Ok(Value::Integer(count)),
            None => fail("timestamp units not supported"),
        }
    })?;
    add_strict(connection, "rs_date_trunc", 2, |context| {
        match time::truncate(part(context)?, at(context, 1)?) {
            Some(micros) => Ok(Value::Text(time::timestamp_text(micros))),
            None => fail("timestamp units not supported"),
        }
    })?;
    add_strict(connection, "rs_date_part", 2, |context| {
        Ok(Value::Real(time::field(part(context)?, at(context, 1)?)))
    })
}

fn part(context: &Context<'_>) -> Result<Part> {
    let name = text_of(context, 0)?;
    match Part::named(&name) {
        Some(part) => Ok(part),
        None => fail(format!("timestamp units \"{name}\" not recognized")),
    }
}

fn at(context: &Context<'_>, index: usize) -> Result<i64> {
    let text = text_of(context, index)?;
    match time::parse_timestamp(&text) {
        Some(micros) => Ok(micros),
        None => fail(format!("invalid input syntax for type timestamp: \"{text}\"")),
    }
}
