//! SUPER values: parsing, navigating, asking what they are.
//!
//! Two limits of the simulator: text nested deeper than 128 levels counts as no JSON (Redshift takes 1,000), and numbers
//! that fit neither 64 bits nor a double lose digits.

use std::fmt;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::{add, add_strict, boolean, double_text, fail, text_of};

/// What is wrong with a JSON text, if anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flaw {
    NotJson(String),
    RepeatedKey(String),
}

/// Parses, and finds out whether some object names an attribute twice (the last one stays in the value).
pub(crate) fn scan(bytes: &[u8]) -> std::result::Result<(Json, Option<Flaw>), Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|_| Flaw::NotJson("invalid UTF-8".to_owned()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let marked = Marked::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match marked {
        Ok(Marked {
            value,
            repeated: Some(key),
        }) => Ok((value, Some(Flaw::RepeatedKey(key)))),
        Ok(Marked {
            value,
            repeated: None,
        }) => Ok((value, None)),
        Err(error) => Err(Flaw::NotJson(error.to_string())),
    }
}

/// A JSON value, with the first attribute that was named twice.
struct Marked {
    value: Json,
    repeated: Option<String>,
}

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> std::result::Result<Self, D::Error> {
        reader.deserialize_any(MarkedVisitor)
    }
}

struct MarkedVisitor;

fn plain(value: impl Into<Json>) -> Marked {
    Marked {
        value: value.into(),
        repeated: None,
    }
}

impl<'de> Visitor<'de> for MarkedVisitor {
    type Value = Marked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Marked, E> {
        Ok(plain(Json::Null))
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Marked, E> {
        Ok(plain(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Marked, E> {
        Ok(plain(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Marked, E> {
        Ok(plain(value))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Marked, E> {
        Ok(plain(value))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Marked, E> {
        Ok(plain(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Marked, A::Error> {
        let mut out = Vec::new();
        let mut repeated = None;
        while let Some(item) = items.next_element::<Marked>()? {
            repeated = repeated.or(item.repeated);
            out.push(item.value);
        }
        Ok(Marked {
            value: Json::Array(out),
            repeated,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Marked, A::Error> {
        let mut out = serde_json::Map::new();
        let mut repeated = None;
        while let Some((key, item)) = entries.next_entry::<String, Marked>()? {
            repeated = repeated.or(item.repeated);
            if out.insert(key.clone(), item.value).is_some() {
                repeated.get_or_insert(key);
            }
        }
        Ok(Marked {
            value: Json::Object(out),
            repeated,
        })
    }
}

pub(super) fn install(connection: &Connection) -> Result<()> {
    parsing(connection)?;
    navigation(connection)?;
    questions(connection)?;
    text_functions(connection)
}

fn parsing(connection: &Connection) -> Result<()> {
    add(connection, "rs_json_parse", 2, |context| {
        let bytes = match context.get_raw(0) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            _ => return Ok(Value::Null),
        };
        let flags: i64 = context.get(1)?;
        match scan(bytes) {
            Ok((_, Some(Flaw::RepeatedKey(key)))) if flags & 1 != 0 => fail(format!(
                "JSON parsing error\n  Detail: duplicate attribute \"{key}\" in object"
            )),
            Ok((value, _)) => Ok(Value::Text(value.to_string())),
            Err(_) if flags & 4 != 0 => Ok(Value::Null),
            Err(Flaw::NotJson(why) | Flaw::RepeatedKey(why)) => {
                fail(format!("JSON parsing error\n  Detail: {why}"))
            }
        }
    })?;
    add(connection, "rs_can_json_parse", 2, |context| {
        let bytes = match context.get_raw(0) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            _ => return Ok(Value::Null),
        };
        let flags: i64 = context.get(1)?;
        Ok(boolean(match scan(bytes) {
            Ok((_, Some(_))) => flags & 3 != 1,
            Ok((_, None)) => true,
            Err(_) => false,
        }))
    })
}

/// The JSON of a SUPER argument; SQL NULL is JSON null.
fn json_of(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Text(bytes) => serde_json::from_slice(bytes).unwrap_or(Json::Null),
        _ => Json::Null,
    }
}

/// A SUPER result; JSON null becomes NULL, as navigation shows it.
fn value_of(json: Option<&Json>) -> Value {
    match json {
        None | Some(Json::Null) => Value::Null,
        Some(found) => Value::Text(found.to_string()),
    }
}

/// A scalar as SQLite's own; objects and arrays stay text.
pub(super) fn native(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Real(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Text(other.to_string()),
    }
}

/// A native value as SUPER.
pub(super) fn from_native(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Text(number.to_string()),
        ValueRef::Real(number) => Value::Text(double_text(number)),
        ValueRef::Text(bytes) => Value::Text(Json::from(String::from_utf8_lossy(bytes)).to_string()),
        ValueRef::Blob(bytes) => Value::Text(Json::from(hex::encode(bytes)).to_string()),
    }
}

fn navigation(connection: &Connection) -> Result<()> {
    add(connection, "rs_nav", -1, |context| {
        let json = json_of(context.get_raw(0));
        let mut here = Some(&json);
        for at in 1..context.len() {
            here = match (here, context.get_raw(at)) {
                (Some(Json::Object(map)), ValueRef::Text(key)) => {
                    std::str::from_utf8(key).ok().and_then(|key| map.get(key))
                }
                (Some(Json::Array(items)), ValueRef::Integer(index)) => {
                    usize::try_from(index).ok().and_then(|index| items.get(index))
                }
                _ => None,
            };
        }
        Ok(value_of(here))
    })?;
    add(connection, "rs_scalar", 1, |context| {
        Ok(native(&json_of(context.get_raw(0))))
    })?;
    add(connection, "rs_to_super", 1, |context| {
        Ok(from_native(context.get_raw(0)))
    })?;
    // What FROM unnests: an array as it is, anything else as the only element, NULL as nothing.
    add(connection, "rs_bag", 1, |context| {
        Ok(match json_of(context.get_raw(0)) {
            Json::Null => Value::Text("[]".to_owned()),
            found @ (Json::Array(_) | Json::Object(_)) => Value::Text(found.to_string()),
            scalar => Value::Text(Json::Array(vec![scalar]).to_string()),
        })
    })?;
    // One row of json_each as SUPER.
    add(connection, "rs_element", 2, |context| {
        let kind: String = context.get(0)?;
        Ok(match kind.as_str() {
            "null" => Value::Null,
            "true" | "false" => Value::Text(kind),
            "object" | "array" => context.get(1)?,
            _ => from_native(context.get_raw(1)),
        })
    })
}

fn questions(connection: &Connection) -> Result<()> {
    add_strict(connection, "rs_json_typeof", 1, |context| {
        let name = match json_of(context.get_raw(0)) {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        Ok(Value::Text(name.to_owned()))
    })?;
    add_strict(connection, "rs_is", 2, |context| {
        let json = json_of(context.get_raw(0));
        let kind: String = context.get(1)?;
        let whole = json.as_i64();
        Ok(boolean(match kind.as_str() {
            "array" => json.is_array(),
            "object" => json.is_object(),
            "scalar" => !json.is_array() && !json.is_object() && !json.is_null(),
            "boolean" => json.is_boolean(),
            "varchar" | "char" => json.is_string(),
            "decimal" => json.is_number(),
            "float" => json.is_f64(),
            "bigint" => whole.is_some(),
            "integer" => whole.is_some_and(|number| i32::try_from(number).is_ok()),
            "smallint" => whole.is_some_and(|number| i16::try_from(number).is_ok()),
            _ => false,
        }))
    })?;
    add_strict(connection, "rs_get_array_length", 1, |context| {
        Ok(match json_of(context.get_raw(0)) {
            Json::Array(items) => Value::Integer(items.len() as i64),
            _ => Value::Null,
        })
    })?;
    add_strict(connection, "rs_json_serialize", 1, |context| {
        Ok(Value::Text(text_of(context, 0)?))
    })?;
    add_strict(connection, "rs_json_size", 1, |context| {
        Ok(Value::Integer(text_of(context, 0)?.len() as i64))
    })
}

/// The functions of the time before SUPER, on JSON text.
fn text_functions(connection: &Connection) -> Result<()> {
    add_strict(connection, "rs_json_extract_path_text", -1, |context| {
        let mut steps: Vec<String> = (1..context.len())
            .map(|at| text_of(context, at))
            .collect::<Result<_>>()?;
        let lenient = takes_flag(context, context.len() - 1, &mut steps);
        if steps.len() > 5 {
            return fail("json_extract_path_text supports at most 5 path levels");
        }
        match serde_json::from_str::<Json>(&text_of(context, 0)?) {
            Ok(json) => {
                let found = steps.iter().try_fold(&json, |here, step| here.get(step.as_str()));
                Ok(Value::Text(found.map(as_text).unwrap_or_default()))
            }
            Err(_) if lenient => Ok(Value::Null),
            Err(_) => fail("JSON parsing error"),
        }
    })?;
    add_strict(connection, "rs_json_extract_array_element_text", -1, |context| {
        let lenient = context.len() > 2 && super::integer_of(context, 2)? != 0;
        let at = usize::try_from(super::integer_of(context, 1)?).ok();
        match serde_json::from_str::<Json>(&text_of(context, 0)?) {
            Ok(Json::Array(items)) => Ok(Value::Text(
                at.and_then(|at| items.get(at)).map(as_text).unwrap_or_default(),
            )),
            _ if lenient => Ok(Value::Null),
            _ => fail("JSON parsing error"),
        }
    })?;
    add_strict(connection, "rs_json_array_length", -1, |context| {
        let lenient = context.len() > 1 && super::integer_of(context, 1)? != 0;
        match serde_json::from_str::<Json>(&text_of(context, 0)?) {
            Ok(Json::Array(items)) => Ok(Value::Integer(items.len() as i64)),
            _ if lenient => Ok(Value::Null),
            _ => fail("JSON parsing error"),
        }
    })?;
    add_strict(connection, "rs_is_valid_json", 1, |context| {
        Ok(boolean(matches!(
            serde_json::from_str(&text_of(context, 0)?),
            Ok(Json::Object(_))
        )))
    })?;
    add_strict(connection, "rs_is_valid_json_array", 1, |context| {
        Ok(boolean(matches!(
            serde_json::from_str(&text_of(context, 0)?),
            Ok(Json::Array(_))
        )))
    })
}

/// A boolean (a number in SQLite) as the last argument is the flag `null_if_invalid`, not a step.
fn takes_flag(context: &rusqlite::functions::Context<'_>, last: usize, steps: &mut Vec<String>) -> bool {
    match context.get_raw(last) {
        ValueRef::Integer(flag) => {
            steps.pop();
            flag != 0
        }
        _ => false,
    }
}

fn as_text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}
