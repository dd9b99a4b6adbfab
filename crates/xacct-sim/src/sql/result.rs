//! Rows that a statement returned.

use rusqlite::types::Value;

use super::functions::double_text;
use super::types::{Column, Ty};

/// A result set, in SQLite's values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ResultSet {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

/// A value as the Data API types it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Long(i64),
    Double(f64),
    Text(String),
}

/// Types a value: whole numbers as long, floating point as double, everything else that is no boolean as a string
/// (DECIMAL, times and SUPER as text, VARBYTE as hexadecimal digits).
/// <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html>
pub(crate) fn cell(value: &Value, ty: Ty, padded: bool) -> Cell {
    match (value, ty) {
        (Value::Null, _) => Cell::Null,
        (Value::Integer(number), Ty::Bool) => Cell::Bool(*number != 0),
        (Value::Integer(number), ty) if ty.is_integer() => Cell::Long(*number),
        (Value::Real(number), ty) if ty.is_integer() => Cell::Long(*number as i64),
        (Value::Integer(number), Ty::Real | Ty::Double) => Cell::Double(*number as f64),
        (Value::Real(number), Ty::Real | Ty::Double) => Cell::Double(*number),
        (Value::Integer(number), Ty::Decimal(_, scale)) => {
            Cell::Text(decimal(*number as f64, *number, scale))
        }
        (Value::Real(number), Ty::Decimal(_, scale)) => Cell::Text(format!("{number:.*}", scale as usize)),
        (Value::Integer(number), _) => Cell::Text(number.to_string()),
        (Value::Real(number), _) => Cell::Text(double_text(*number)),
        (Value::Text(text), Ty::Char(length)) if padded => {
            Cell::Text(format!("{text:<width$}", width = length as usize))
        }
        (Value::Text(text), Ty::Timestamptz) => Cell::Text(format!("{text}+00")),
        (Value::Text(text), _) => Cell::Text(text.clone()),
        (Value::Blob(bytes), Ty::Varbyte(_)) => Cell::Text(hex::encode(bytes)),
        (Value::Blob(bytes), _) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn decimal(number: f64, whole: i64, scale: u32) -> String {
    if scale == 0 {
        whole.to_string()
    } else {
        format!("{number:.*}", scale as usize)
    }
}

impl ResultSet {
    /// A result of one text column.
    pub(crate) fn text(name: &str, value: &str) -> Self {
        Self {
            columns: vec![Column::new(name, Ty::Varchar(65_535))],
            rows: vec![vec![Value::Text(value.to_owned())]],
        }
    }

    /// All cells, for tests and for the Data API.
    pub(crate) fn cells(&self, padded: bool) -> Vec<Vec<Cell>> {
        self.rows
            .iter()
            .map(|row| {
                row.iter()
                    .zip(&self.columns)
                    .map(|(value, column)| cell(value, column.ty, padded))
                    .collect()
            })
            .collect()
    }
}
