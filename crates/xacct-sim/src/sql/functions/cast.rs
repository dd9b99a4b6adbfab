//! `rs_cast(value, from, to, length, scale)`: one stored form into another.
//!
//! From SUPER casts are lax, as by default (`cast_super_null_on_error`): what does not fit is NULL. From anything else
//! a value that does not fit is an error.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};
use serde_json::Value as Json;

use super::{add_strict, boolean, double_text, fail};
use crate::sql::time;

pub(super) fn install(connection: &Connection) -> Result<()> {
    add_strict(connection, "rs_cast", 5, |context| {
        let from: String = context.get(1)?;
        let to: String = context.get(2)?;
        let length: i64 = context.get(3)?;
        let scale: i64 = context.get(4)?;
        let target = Target {
            to: &to,
            length,
            scale,
        };
        match from.as_str() {
            "super" => Ok(from_super(context.get_raw(0), &target)),
            _ => from_plain(context.get_raw(0), &from, &target),
        }
    })
}

struct Target<'a> {
    to: &'a str,
    length: i64,
    scale: i64,
}

fn from_super(value: ValueRef<'_>, target: &Target<'_>) -> Value {
    let ValueRef::Text(bytes) = value else {
        return Value::Null;
    };
    let json: Json = serde_json::from_slice(bytes).unwrap_or(Json::Null);
    let found = match (&json, target.to) {
        (Json::Null, _) => Ok(Value::Null),
        (_, "super") => Ok(Value::Text(json.to_string())),
        (Json::Object(_) | Json::Array(_), _) => Ok(Value::Null),
        (Json::Bool(value), "text") => Ok(Value::Text(value.to_string())),
        (Json::Bool(value), _) => from_plain(ValueRef::Integer(i64::from(*value)), "bool", target),
        (Json::String(text), "bytes") => Ok(Value::Blob(text.clone().into_bytes())),
        (Json::String(text), _) => from_plain(ValueRef::Text(text.as_bytes()), "text", target),
        (Json::Number(number), "text") => Ok(Value::Text(number.to_string())),
        (Json::Number(number), _) => match number.as_i64() {
            Some(whole) => from_plain(ValueRef::Integer(whole), "bigint", target),
            None => from_plain(
                ValueRef::Real(number.as_f64().unwrap_or_default()),
                "double",
                target,
            ),
        },
    };
    found.unwrap_or(Value::Null)
}

fn from_plain(value: ValueRef<'_>, from: &str, target: &Target<'_>) -> Result<Value> {
    match target.to {
        "text" => to_text(value, from, target.length),
        "super" => Ok(to_super(value, from)),
        "bytes" => Ok(match value {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
            _ => Value::Null,
        }),
        "smallint" => to_integer(value, i64::from(i16::MIN), i64::from(i16::MAX), "smallint"),
        "int" => to_integer(value, i64::from(i32::MIN), i64::from(i32::MAX), "integer"),
        "bigint" => to_integer(value, i64::MIN, i64::MAX, "bigint"),
        "whole" => to_integer(value, i64::MIN, i64::MAX, "numeric"),
        "decimal" => to_decimal(value, target),
        "double" => to_double(value).map(Value::Real),
        "bool" => to_bool(value),
        "timestamp" => to_time(value, "timestamp").map(|micros| Value::Text(time::timestamp_text(micros))),
        "date" => {
            to_time(value, "date").map(|micros| Value::Text(time::date_text(micros.div_euclid(time::DAY))))
        }
        other => fail(format!("cannot cast to {other}")),
    }
}

fn to_text(value: ValueRef<'_>, from: &str, length: i64) -> Result<Value> {
    let text = match (value, from) {
        (ValueRef::Integer(number), "bool") => (number != 0).to_string(),
        (ValueRef::Integer(number), "interval") => interval_text(number),
        (ValueRef::Integer(number), _) => number.to_string(),
        (ValueRef::Real(number), _) => double_text(number),
        (ValueRef::Text(bytes) | ValueRef::Blob(bytes), _) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return fail("String contains invalid or unsupported UTF8 codepoints."),
        },
        (ValueRef::Null, _) => return Ok(Value::Null),
    };
    // An explicit cast cuts, at bytes, but never through a character.
    let limit = usize::try_from(length).unwrap_or(0);
    if limit > 0 && text.len() > limit {
        let end = (0..=limit)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        return Ok(Value::Text(text[..end].to_owned()));
    }
    Ok(Value::Text(text))
}

/// `1 day 02:03:04.5`, the way intervals come back as text.
fn interval_text(micros: i64) -> String {
    let clock = time::timestamp_text(micros.rem_euclid(time::DAY));
    let clock = clock.split_once(' ').map_or("", |(_, clock)| clock);
    match micros.div_euclid(time::DAY) {
        0 => clock.to_owned(),
        1 => format!("1 day {clock}"),
        days => format!("{days} days {clock}"),
    }
}

fn to_super(value: ValueRef<'_>, from: &str) -> Value {
    match (value, from) {
        (ValueRef::Integer(number), "bool") => Value::Text((number != 0).to_string()),
        _ => super::json::from_native(value),
    }
}

fn to_integer(value: ValueRef<'_>, least: i64, most: i64, name: &str) -> Result<Value> {
    let number = match value {
        ValueRef::Integer(number) => number,
        // Redshift rounds half away from zero.
        ValueRef::Real(number) => number.round() as i64,
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match text.trim().parse::<i64>() {
                Ok(number) => number,
                Err(_) => return invalid_digit(text.trim(), name),
            }
        }
        _ => return fail(format!("invalid input syntax for {name}")),
    };
    if (least..=most).contains(&number) {
        Ok(Value::Integer(number))
    } else {
        fail(format!("Value out of range for {name}"))
    }
}

fn invalid_digit<T>(text: &str, name: &str) -> Result<T> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(0);
    let bad = text[at..].chars().next().map(String::from).unwrap_or_default();
    let kind = match name {
        "smallint" => "Short",
        "integer" => "Integer",
        "bigint" => "Long",
        _ => "Decimal",
    };
    fail(format!("Invalid digit, Value '{bad}', Pos {at}, Type: {kind}"))
}

fn to_double(value: ValueRef<'_>) -> Result<f64> {
    match value {
        ValueRef::Integer(number) => Ok(number as f64),
        ValueRef::Real(number) => Ok(number),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match text.trim().parse() {
                Ok(number) => Ok(number),
                Err(_) => fail(format!(
                    "invalid input syntax for type double precision: \"{text}\""
                )),
            }
        }
        _ => fail("invalid input syntax for type double precision"),
    }
}

fn to_decimal(value: ValueRef<'_>, target: &Target<'_>) -> Result<Value> {
    let factor = 10_f64.powi(i32::try_from(target.scale).unwrap_or(0));
    let number = (to_double(value)? * factor).round() / factor;
    let whole_digits = target.length - target.scale;
    let too_large =
        target.length > 0 && number.abs() >= 10_f64.powi(i32::try_from(whole_digits).unwrap_or(38));
    if too_large {
        return fail(format!(
            "Numeric data overflow (result precision {}, scale {})",
            target.length, target.scale
        ));
    }
    Ok(Value::Real(number))
}

fn to_bool(value: ValueRef<'_>) -> Result<Value> {
    match value {
        ValueRef::Integer(number) => Ok(boolean(number != 0)),
        ValueRef::Real(number) => Ok(boolean(number != 0.0)),
        ValueRef::Text(bytes) => match String::from_utf8_lossy(bytes)
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "t" | "true" | "y" | "yes" | "on" | "1" => Ok(boolean(true)),
            "f" | "false" | "n" | "no" | "off" | "0" => Ok(boolean(false)),
            other => fail(format!("invalid input syntax for type boolean: \"{other}\"")),
        },
        _ => fail("invalid input syntax for type boolean"),
    }
}

fn to_time(value: ValueRef<'_>, name: &str) -> Result<i64> {
    match value {
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match time::parse_timestamp(&text) {
                Some(micros) => Ok(micros),
                None => fail(format!("invalid input syntax for type {name}: \"{text}\"")),
            }
        }
        _ => fail(format!("invalid input syntax for type {name}")),
    }
}
