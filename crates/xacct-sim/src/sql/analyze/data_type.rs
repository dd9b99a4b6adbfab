//! Type names.

use sqlparser::ast::{BinaryLength, CharacterLength, DataType, ExactNumberInfo, TimezoneInfo};
use sqlparser::dialect::RedshiftSqlDialect;
use sqlparser::parser::Parser;

use crate::sql::error::{SqlError, SqlResult};
use crate::sql::types::Ty;

/// Longest VARCHAR. <https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html>
const VARCHAR: u32 = 65_535;
/// Longest VARBYTE. <https://docs.aws.amazon.com/redshift/latest/dg/r_VARBYTE_type.html>
const VARBYTE: u32 = 16_777_216;
/// VARBYTE without a length.
const VARBYTE_DEFAULT: u32 = 64_000;

/// Reads a type name.
///
/// # Errors
/// `type "x" does not exist`.
pub(crate) fn named_type(text: &str) -> SqlResult<Ty> {
    let dialect = RedshiftSqlDialect {};
    let parsed = Parser::new(&dialect)
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_data_type());
    match parsed {
        Ok(parsed) => ty(&parsed),
        Err(_) => Err(unknown(text)),
    }
}

/// The type that a parsed type name means.
pub(super) fn ty(parsed: &DataType) -> SqlResult<Ty> {
    Ok(match parsed {
        DataType::SmallInt(_) | DataType::Int2(_) => Ty::SmallInt,
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => Ty::Int,
        DataType::BigInt(_) | DataType::Int8(_) => Ty::BigInt,
        DataType::Real | DataType::Float4 => Ty::Real,
        DataType::Float8 | DataType::DoublePrecision | DataType::Double(_) | DataType::Float(_) => Ty::Double,
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => decimal(info),
        DataType::Bool | DataType::Boolean => Ty::Bool,
        DataType::Char(length) | DataType::Character(length) => Ty::Char(characters(length.as_ref(), 1)),
        DataType::Varchar(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length)
        | DataType::Nvarchar(length) => Ty::Varchar(characters(length.as_ref(), VARCHAR)),
        DataType::Text => Ty::Varchar(VARCHAR),
        DataType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => Ty::Timestamptz,
        DataType::Timestamp(..) | DataType::Datetime(_) => Ty::Timestamp,
        DataType::Date => Ty::Date,
        DataType::Varbinary(length) => Ty::Varbyte(match length {
            Some(BinaryLength::IntegerLength { length }) => u32::try_from(*length).unwrap_or(VARBYTE),
            _ => VARBYTE_DEFAULT,
        }),
        DataType::Custom(name, arguments) => return custom(&name.to_string(), arguments),
        other => return Err(unknown(&other.to_string())),
    })
}

fn custom(name: &str, arguments: &[String]) -> SqlResult<Ty> {
    let length = arguments.first().and_then(|text| text.parse().ok());
    Ok(match name.to_ascii_lowercase().as_str() {
        "super" => Ty::Super,
        "varbyte" => Ty::Varbyte(length.unwrap_or(VARBYTE_DEFAULT)),
        "timestamptz" => Ty::Timestamptz,
        "bpchar" => Ty::Char(length.unwrap_or(256)),
        _ => return Err(unknown(name)),
    })
}

fn decimal(info: &ExactNumberInfo) -> Ty {
    let small = |number: u64| u32::try_from(number).unwrap_or(38).min(38);
    match info {
        ExactNumberInfo::None => Ty::Decimal(18, 0),
        ExactNumberInfo::Precision(precision) => Ty::Decimal(small(*precision), 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => {
            Ty::Decimal(small(*precision), u32::try_from(*scale).unwrap_or(0))
        }
    }
}

fn characters(length: Option<&CharacterLength>, default: u32) -> u32 {
    match length {
        Some(CharacterLength::IntegerLength { length, .. }) => u32::try_from(*length).unwrap_or(VARCHAR),
        Some(CharacterLength::Max) => VARCHAR,
        None => default,
    }
}

fn unknown(name: &str) -> SqlError {
    SqlError::new(format!("type \"{}\" does not exist", name.to_ascii_lowercase()))
}
