//! Scalar functions whose result depends on nothing but their arguments.

use super::calls::{TEXT, undefined};
use super::cast::{cast, scalar, text};
use super::{Typed, quote};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::types::Ty;

/// Functions that map to one of SQLite's or ours, argument by argument.
pub(super) fn plain_call(name: &str, values: Vec<Typed>) -> SqlResult<Typed> {
    let count = values.len();
    let first = values.first().cloned();
    let bytes = matches!(first.as_ref().map(|value| value.ty), Some(Ty::Varbyte(_)));
    let texts =
        |values: Vec<Typed>| -> String { values.into_iter().map(text).collect::<Vec<_>>().join(", ") };
    let scalars = |values: &[Typed]| -> String { values.iter().map(scalar).collect::<Vec<_>>().join(", ") };
    let raw = |values: &[Typed]| -> String {
        values
            .iter()
            .map(|value| {
                if value.ty == Ty::Super {
                    text(value.clone())
                } else {
                    value.sql.clone()
                }
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let typed = |sql: String, ty: Ty| Ok(Typed::new(sql, ty));
    match (name, count) {
        ("lower" | "upper", 1) => typed(format!("rs_{name}({})", texts(values)), TEXT),
        ("trim" | "btrim", 1 | 2) => typed(format!("trim({})", texts(values)), TEXT),
        ("ltrim" | "rtrim" | "replace", 1..=3) => typed(format!("{name}({})", texts(values)), TEXT),
        (
            "reverse" | "repeat" | "lpad" | "rpad" | "split_part" | "initcap" | "quote_ident"
            | "quote_literal" | "translate" | "chr",
            _,
        ) => typed(format!("rs_{name}({})", raw(&values)), TEXT),
        ("concat", 2) => super::operators::binary(
            &sqlparser::ast::BinaryOperator::StringConcat,
            values[0].clone(),
            values[1].clone(),
        ),
        ("len" | "length" | "char_length" | "character_length" | "textlen", 1) => {
            typed(format!("length({})", raw(&values)), Ty::Int)
        }
        ("octet_length", 1) => typed(format!("length(CAST({} AS BLOB))", raw(&values)), Ty::Int),
        ("left" | "right", 2) => typed(
            format!("rs_{name}({})", raw(&values)),
            if bytes { values[0].ty } else { TEXT },
        ),
        ("substring" | "substr", 2 | 3) => typed(
            format!("rs_substring({})", raw(&values)),
            if bytes { values[0].ty } else { TEXT },
        ),
        ("strpos", 2) => typed(format!("instr({})", texts(values)), Ty::Int),
        ("charindex", 2) => typed(
            format!(
                "instr({1}, {0})",
                text(values[0].clone()),
                text(values[1].clone())
            ),
            Ty::Int,
        ),
        ("ascii", 1) => typed(format!("unicode({})", texts(values)), Ty::Int),
        ("abs" | "ceil" | "ceiling" | "floor" | "sign", 1) => {
            let ty = match (name, values[0].ty) {
                ("ceil" | "ceiling" | "floor", Ty::Decimal(..)) => Ty::Decimal(38, 0),
                (_, Ty::Unknown | Ty::Super) => Ty::Double,
                (_, ty) => ty,
            };
            typed(
                format!(
                    "rs_{}({})",
                    if name == "ceiling" { "ceil" } else { name },
                    scalars(&values)
                ),
                ty,
            )
        }
        ("round" | "trunc", 1 | 2) => {
            let ty = match values[0].ty {
                Ty::Decimal(precision, _) if count == 1 => Ty::Decimal(precision, 0),
                Ty::Unknown | Ty::Super => Ty::Double,
                ty => ty,
            };
            typed(format!("rs_{name}({})", scalars(&values)), ty)
        }
        ("mod", 2) => super::operators::binary(
            &sqlparser::ast::BinaryOperator::Modulo,
            values[0].clone(),
            values[1].clone(),
        ),
        ("power" | "pow", 2) => typed(format!("rs_power({})", scalars(&values)), Ty::Double),
        ("sqrt" | "ln" | "log" | "exp", 1) => typed(format!("rs_{name}({})", scalars(&values)), Ty::Double),
        ("from_varbyte", 1 | 2) if bytes => {
            let format = values
                .get(1)
                .map_or_else(|| quote("utf-8"), |value| value.sql.clone());
            typed(format!("rs_from_varbyte({}, {format})", values[0].sql), TEXT)
        }
        ("to_varbyte", 1 | 2) => {
            let format = values
                .get(1)
                .map_or_else(|| quote("utf-8"), |value| value.sql.clone());
            typed(
                format!("rs_to_varbyte({}, {format})", text(values[0].clone())),
                Ty::Varbyte(65_535),
            )
        }
        ("to_hex" | "from_hex", 1) => {
            let ty = if name == "to_hex" {
                TEXT
            } else {
                Ty::Varbyte(65_535)
            };
            typed(format!("rs_{name}({})", raw(&values)), ty)
        }
        ("md5", 1) => typed(format!("rs_md5({})", raw(&values)), Ty::Varchar(32)),
        ("sha" | "sha1" | "func_sha1", 1) => Err(SqlError::not_modelled(format!("the function {name}"))),
        ("sha2" | "func_sha2", 2) => typed(format!("rs_sha2({})", raw(&values)), Ty::Varchar(128)),
        ("to_date", 1 | 2) => cast(values[0].clone(), Ty::Date),
        ("to_timestamp", 1 | 2) => cast(values[0].clone(), Ty::Timestamptz),
        ("pg_backend_pid", 0) => typed("1073750000".to_owned(), Ty::Int),
        _ => Err(undefined(name, &values)),
    }
}
