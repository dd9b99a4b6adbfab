//! Functions of Redshift that SQLite lacks, installed on a connection under the names `rs_…`.
//!
//! A SUPER value is JSON text; VARBYTE is a blob; a boolean is 0 or 1; times are text that sorts.

mod bytes;
mod cast;
mod json;
mod md5;
mod numbers;
mod text;
mod times;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};

/// Installs all functions.
///
/// # Errors
/// SQLite's, which would be a defect.
pub(crate) fn install(connection: &Connection) -> Result<()> {
    json::install(connection)?;
    cast::install(connection)?;
    text::install(connection)?;
    bytes::install(connection)?;
    numbers::install(connection)?;
    times::install(connection)
}

/// Adds one function with `count` arguments (-1: any number).
fn add<F>(connection: &Connection, name: &str, count: i32, function: F) -> Result<()>
where
    F: Fn(&Context<'_>) -> Result<Value> + Send + 'static,
{
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(name, count, flags, function)
}

/// The same for functions that are NULL when some argument is.
fn add_strict<F>(connection: &Connection, name: &str, count: i32, function: F) -> Result<()>
where
    F: Fn(&Context<'_>) -> Result<Value> + Send + 'static,
{
    add(connection, name, count, move |context| {
        let any_null = (0..context.len()).any(|at| matches!(context.get_raw(at), ValueRef::Null));
        if any_null {
            Ok(Value::Null)
        } else {
            function(context)
        }
    })
}

/// An error in Redshift's words.
fn fail<T>(message: impl AsRef<str>) -> Result<T> {
    Err(Error::UserFunctionError(
        format!("ERROR: {}", message.as_ref()).into(),
    ))
}

/// An argument as text; numbers are printed, blobs read as UTF-8.
fn text_of(context: &Context<'_>, at: usize) -> Result<String> {
    Ok(match context.get_raw(at) {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => double_text(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return fail("String contains invalid or unsupported UTF8 codepoints."),
        },
    })
}

/// An argument's bytes.
fn bytes_of(context: &Context<'_>, at: usize) -> Vec<u8> {
    match context.get_raw(at) {
        ValueRef::Null => Vec::new(),
        ValueRef::Integer(number) => number.to_string().into_bytes(),
        ValueRef::Real(number) => double_text(number).into_bytes(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
    }
}

fn integer_of(context: &Context<'_>, at: usize) -> Result<i64> {
    match context.get_raw(at) {
        ValueRef::Integer(number) => Ok(number),
        ValueRef::Real(number) => Ok(number as i64),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.trim().parse().ok())
        {
            Some(number) => Ok(number),
            None => fail("invalid input syntax for integer"),
        },
        _ => fail("invalid input syntax for integer"),
    }
}

fn double_of(context: &Context<'_>, at: usize) -> Result<f64> {
    match context.get_raw(at) {
        ValueRef::Integer(number) => Ok(number as f64),
        ValueRef::Real(number) => Ok(number),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.trim().parse().ok())
        {
            Some(number) => Ok(number),
            None => fail("invalid input syntax for type double precision"),
        },
        _ => fail("invalid input syntax for type double precision"),
    }
}

/// A floating point number as Redshift prints it: no `.0` behind whole numbers.
pub(crate) fn double_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{number:.0}")
    } else {
        format!("{number}")
    }
}

fn boolean(value: bool) -> Value {
    Value::Integer(i64::from(value))
}
