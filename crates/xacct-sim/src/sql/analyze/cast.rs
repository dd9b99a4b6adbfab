//! Changing the type of a value. The work is done by our function `rs_cast(value, from, to, length, scale)`.

use super::{Typed, quote};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::types::Ty;

/// The way a type's values are stored in SQLite.
pub(super) fn storage(ty: Ty) -> &'static str {
    match ty {
        Ty::SmallInt => "smallint",
        Ty::Int => "int",
        Ty::BigInt => "bigint",
        Ty::Decimal(_, 0) => "whole",
        Ty::Decimal(..) => "decimal",
        Ty::Real | Ty::Double => "double",
        Ty::Bool => "bool",
        Ty::Char(_) | Ty::Varchar(_) | Ty::Unknown => "text",
        Ty::Varbyte(_) => "bytes",
        Ty::Super => "super",
        Ty::Timestamp | Ty::Timestamptz => "timestamp",
        Ty::Date => "date",
        Ty::Interval => "interval",
    }
}

/// An explicit cast.
pub(super) fn cast(value: Typed, to: Ty) -> SqlResult<Typed> {
    let same = storage(value.ty) == storage(to);
    let bounded = matches!(to, Ty::Char(_) | Ty::Varchar(_) | Ty::Decimal(..));
    if same && !bounded {
        return Ok(Typed::new(value.sql, to));
    }
    let impossible = matches!((value.ty, to), (Ty::Varbyte(_), t) if t.is_number() || t.is_time() || t == Ty::Bool)
        || (value.ty.is_number() && to.is_time())
        || (value.ty.is_time() && (to.is_number() || to == Ty::Super || to == Ty::Bool));
    if impossible {
        return Err(SqlError::new(format!(
            "cannot cast type {} to {}",
            value.ty.sql_name(),
            to.sql_name()
        )));
    }
    let (length, scale) = match to {
        Ty::Char(length) | Ty::Varchar(length) => (length, 0),
        Ty::Decimal(precision, scale) => (precision, scale),
        _ => (0, 0),
    };
    let sql = format!(
        "rs_cast({}, {}, {}, {length}, {scale})",
        value.sql,
        quote(storage(value.ty)),
        quote(storage(to))
    );
    Ok(Typed::new(sql, to))
}

/// The value as text, however it is stored.
pub(super) fn text(value: Typed) -> String {
    match value.ty {
        ty if ty.is_text() => value.sql,
        Ty::Timestamp | Ty::Date => value.sql,
        ty => format!("rs_cast({}, {}, 'text', 65535, 0)", value.sql, quote(storage(ty))),
    }
}

/// A SUPER value as SQLite's own scalar; everything else as it is.
pub(super) fn scalar(value: &Typed) -> String {
    if value.ty == Ty::Super {
        format!("rs_scalar({})", value.sql)
    } else {
        value.sql.clone()
    }
}

/// The value as SUPER.
pub(super) fn to_super(value: Typed) -> String {
    match value.ty {
        Ty::Super => value.sql,
        ty => format!("rs_cast({}, {}, 'super', 0, 0)", value.sql, quote(storage(ty))),
    }
}

/// Implicit conversion to a common type, for CASE, COALESCE and set operations.
pub(super) fn unified(value: Typed, to: Ty) -> String {
    match (value.ty, to) {
        (_, Ty::Super) => to_super(value),
        (Ty::Unknown, to) if to.is_time() || to.is_number() || to == Ty::Bool => implicit(value, to),
        (Ty::Date, Ty::Timestamp | Ty::Timestamptz) => implicit(value, to),
        _ => value.sql,
    }
}

/// Conversion without limits on length.
pub(super) fn implicit(value: Typed, to: Ty) -> String {
    let (from, target) = (storage(value.ty), storage(to));
    if from == target {
        return value.sql;
    }
    // A literal compared with a decimal keeps its digits.
    let target = if target == "whole" || target == "decimal" {
        "double"
    } else {
        target
    };
    format!("rs_cast({}, {}, {}, 0, 0)", value.sql, quote(from), quote(target))
}
