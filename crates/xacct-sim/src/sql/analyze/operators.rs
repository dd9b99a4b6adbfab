//! Operators: comparison with the conversions that Redshift makes by itself, arithmetic, time arithmetic.

use sqlparser::ast::{BinaryOperator, UnaryOperator};

use super::cast::{implicit, scalar, storage, text};
use super::{Typed, quote};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::types::Ty;

/// `left op right`.
pub(super) fn binary(op: &BinaryOperator, left: Typed, right: Typed) -> SqlResult<Typed> {
    match op {
        BinaryOperator::And | BinaryOperator::Or => {
            let (left, right) = (condition(left)?, condition(right)?);
            Ok(Typed::new(format!("({left} {op} {right})"), Ty::Bool))
        }
        BinaryOperator::Eq
        | BinaryOperator::Lt
        | BinaryOperator::Gt
        | BinaryOperator::LtEq
        | BinaryOperator::GtEq => compare(&op.to_string(), left, right),
        BinaryOperator::NotEq => compare("<>", left, right),
        BinaryOperator::StringConcat => concat(left, right),
        BinaryOperator::Plus => arithmetic("+", left, right),
        BinaryOperator::Minus => arithmetic("-", left, right),
        BinaryOperator::Multiply => arithmetic("*", left, right),
        BinaryOperator::Divide => arithmetic("/", left, right),
        BinaryOperator::Modulo => arithmetic("%", left, right),
        BinaryOperator::BitwiseAnd | BinaryOperator::BitwiseOr => Ok(Typed::new(
            format!("({} {op} {})", scalar(&left), scalar(&right)),
            left.ty,
        )),
        other => Err(SqlError::not_modelled(format!("the operator {other}"))),
    }
}

fn condition(value: Typed) -> SqlResult<String> {
    match value.ty {
        Ty::Bool | Ty::Unknown => Ok(value.sql),
        Ty::Super => Ok(scalar(&value)),
        other => Err(SqlError::new(format!(
            "argument of AND must be type boolean, not type {}",
            other.sql_name()
        ))),
    }
}

/// A comparison; both sides are brought to something comparable.
pub(super) fn compare(op: &str, left: Typed, right: Typed) -> SqlResult<Typed> {
    let (left, right) = comparable(left, right)?;
    Ok(Typed::new(format!("({left} {op} {right})"), Ty::Bool))
}

/// Both values as SQLite may compare them.
pub(super) fn comparable(left: Typed, right: Typed) -> SqlResult<(String, String)> {
    let incomparable = |a: Ty, b: Ty| {
        SqlError::new(format!("operator does not exist: {} = {}", a.sql_name(), b.sql_name()))
            .hint("No operator matches the given name and argument type(s). You may need to add explicit type casts.")
    };
    Ok(match (left.ty, right.ty) {
        (Ty::Super, _) | (_, Ty::Super) => (scalar(&left), scalar(&right)),
        (Ty::Char(_), b) if b.is_text() => (format!("rtrim({})", left.sql), format!("rtrim({})", right.sql)),
        (a, Ty::Char(_)) if a.is_text() => (format!("rtrim({})", left.sql), format!("rtrim({})", right.sql)),
        (a, b) if storage(a) == storage(b) => (left.sql, right.sql),
        (a, b) if a.is_number() && b.is_number() => (left.sql, right.sql),
        (a, b) if a.is_time() && b.is_time() => {
            (implicit(left, Ty::Timestamp), implicit(right, Ty::Timestamp))
        }
        (Ty::Unknown, b) => (implicit(left, b), right.sql),
        (a, Ty::Unknown) => (left.sql, implicit(right, a)),
        (a, b) if a.is_number() && b.is_text() => (left.sql, implicit(right, Ty::Double)),
        (a, b) if a.is_text() && b.is_number() => (implicit(left, Ty::Double), right.sql),
        (a, b) if a.is_time() && b.is_text() => (left.sql, implicit(right, a)),
        (a, b) if a.is_text() && b.is_time() => (implicit(left, b), right.sql),
        (a, b) => return Err(incomparable(a, b)),
    })
}

fn concat(left: Typed, right: Typed) -> SqlResult<Typed> {
    if let (Ty::Varbyte(a), Ty::Varbyte(b)) = (left.ty, right.ty) {
        return Ok(Typed::new(
            format!("rs_join({}, {})", left.sql, right.sql),
            Ty::Varbyte(a + b),
        ));
    }
    let (left, right) = (text(left), text(right));
    Ok(Typed::new(format!("({left} || {right})"), Ty::Varchar(65_535)))
}

fn arithmetic(op: &str, left: Typed, right: Typed) -> SqlResult<Typed> {
    if let Some(found) = of_time(op, &left, &right) {
        return Ok(found);
    }
    let number = |value: &Typed| match value.ty {
        Ty::Unknown => Ok(implicit(value.clone(), Ty::Double)),
        Ty::Super => Ok(scalar(value)),
        ty if ty.is_number() => Ok(value.sql.clone()),
        ty => Err(SqlError::new(format!(
            "operator does not exist: {} {op} {}",
            ty.sql_name(),
            if value == &left { right.ty } else { left.ty }.sql_name()
        ))),
    };
    let (a, b) = (number(&left)?, number(&right)?);
    let ty = match (left.ty, right.ty) {
        (Ty::Super, _) | (_, Ty::Super) => {
            return Ok(Typed::new(
                format!("rs_calculate({}, {a}, {b})", quote(op)),
                Ty::Super,
            ));
        }
        (Ty::Unknown, other) | (other, Ty::Unknown) => other,
        (Ty::Decimal(p1, s1), Ty::Decimal(p2, s2)) => decimal(op, (p1, s1), (p2, s2)),
        (a, b) => a.common(b),
    };
    let sql = match op {
        "/" if ty.is_integer() => format!("rs_divide({a}, {b})"),
        "/" => format!("rs_divide(1.0 * {a}, {b})"),
        "%" => format!("rs_modulo({a}, {b})"),
        _ => format!("({a} {op} {b})"),
    };
    Ok(Typed::new(sql, ty))
}

/// Precision and scale of decimal results.
/// <https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html>
fn decimal(op: &str, (p1, s1): (u32, u32), (p2, s2): (u32, u32)) -> Ty {
    match op {
        "*" => Ty::Decimal((p1 + p2 + 1).min(38), s1 + s2),
        "/" => {
            let scale = 4.max((s1 + p2).saturating_sub(s2) + 1).min(10);
            Ty::Decimal(38, scale)
        }
        _ => Ty::Decimal((p1.max(p2) + 1).min(38), s1.max(s2)),
    }
}

/// Arithmetic on dates, timestamps and intervals.
fn of_time(op: &str, left: &Typed, right: &Typed) -> Option<Typed> {
    let shift = |time: &Typed, sign: &str, interval: &Typed| {
        let time = implicit(time.clone(), Ty::Timestamp);
        Typed::new(format!("rs_shift({time}, {sign}{})", interval.sql), Ty::Timestamp)
    };
    match (op, left.ty, right.ty) {
        ("+", a, Ty::Interval) if a.is_time() => Some(shift(left, "", right)),
        ("-", a, Ty::Interval) if a.is_time() => Some(shift(left, "-", right)),
        ("+", Ty::Interval, b) if b.is_time() => Some(shift(right, "", left)),
        ("+" | "-", Ty::Interval, Ty::Interval) => Some(Typed::new(
            format!("({} {op} {})", left.sql, right.sql),
            Ty::Interval,
        )),
        ("*", Ty::Interval, b) if b.is_number() => Some(Typed::new(
            format!("CAST({} * {} AS INTEGER)", left.sql, right.sql),
            Ty::Interval,
        )),
        ("*", a, Ty::Interval) if a.is_number() => Some(Typed::new(
            format!("CAST({} * {} AS INTEGER)", left.sql, right.sql),
            Ty::Interval,
        )),
        ("-", Ty::Date, Ty::Date) => Some(Typed::new(
            format!("rs_datediff('day', {}, {})", right.sql, left.sql),
            Ty::Int,
        )),
        ("-", a, b) if a.is_time() && b.is_time() => Some(Typed::new(
            format!("rs_datediff('us', {}, {})", right.sql, left.sql),
            Ty::Interval,
        )),
        ("+" | "-", Ty::Date, b) if b.is_integer() => Some(Typed::new(
            format!(
                "rs_cast(rs_dateadd('day', {op}{}, {}), 'timestamp', 'date', 0, 0)",
                right.sql, left.sql
            ),
            Ty::Date,
        )),
        _ => None,
    }
}

/// `-x`, `+x`, `NOT x`.
pub(super) fn unary(op: &UnaryOperator, value: Typed) -> SqlResult<Typed> {
    match op {
        UnaryOperator::Not => Ok(Typed::new(format!("(NOT {})", condition(value)?), Ty::Bool)),
        UnaryOperator::Minus | UnaryOperator::Plus if value.ty == Ty::Super => Ok(Typed::new(
            format!("rs_calculate('*', {op}1, {})", scalar(&value)),
            Ty::Super,
        )),
        UnaryOperator::Minus | UnaryOperator::Plus => {
            Ok(Typed::new(format!("({op}{})", value.sql), value.ty))
        }
        other => Err(SqlError::not_modelled(format!("the operator {other}"))),
    }
}
