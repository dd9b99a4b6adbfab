//! Functions and literals about time.
//! <https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html>

use sqlparser::ast::{Expr, Interval, Value};

use super::cast::{implicit, scalar};
use super::columns::Scope;
use super::{Analyzer, Typed, quote};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::time::{self, Part};
use crate::sql::types::Ty;

impl Analyzer<'_> {
    /// `interval '15 minutes'`, `interval '1' day`.
    pub(super) fn interval(&mut self, interval: &Interval) -> SqlResult<Typed> {
        let Expr::Value(value) = interval.value.as_ref() else {
            return Err(SqlError::not_modelled("an expression as an interval"));
        };
        let (Value::SingleQuotedString(text) | Value::Number(text, _)) = &value.value else {
            return Err(SqlError::new("invalid input syntax for type interval"));
        };
        let text = match &interval.leading_field {
            Some(field) => format!("{text} {field}"),
            None => text.clone(),
        };
        let micros = parse_interval(&text)?;
        Ok(Typed::new(micros.to_string(), Ty::Interval))
    }

    /// `extract(part from x)` and `date_part('part', x)`.
    pub(super) fn extract(&mut self, part: &str, expr: &Expr, scope: &Scope<'_>) -> SqlResult<Typed> {
        let value = self.expr(expr, scope)?;
        known(part)?;
        if value.ty == Ty::Interval {
            return Ok(Typed::new(format!("({} / 1000000.0)", value.sql), Ty::Double));
        }
        let value = implicit(value, Ty::Timestamp);
        let ty = if part.eq_ignore_ascii_case("epoch") {
            Ty::BigInt
        } else {
            Ty::Int
        };
        Ok(Typed::new(
            format!(
                "CAST(rs_date_part({}, {value}) AS INTEGER)",
                quote(&part.to_ascii_lowercase())
            ),
            ty,
        ))
    }

    /// Functions whose first argument is the name of a unit, written as a word or a string. None for other functions.
    pub(super) fn unit_call(
        &mut self,
        name: &str,
        args: &[&Expr],
        scope: &Scope<'_>,
    ) -> SqlResult<Option<Typed>> {
        let arity = match name {
            "dateadd" | "date_add" | "datediff" | "date_diff" => 3,
            "date_trunc" | "date_part" | "pgdate_part" => 2,
            _ => return Ok(None),
        };
        if args.len() != arity {
            return Err(SqlError::new(format!("function {name} takes {arity} arguments")));
        }
        let unit = unit(args[0])?;
        known(&unit)?;
        let unit_sql = quote(&unit);
        let found = match name {
            "dateadd" | "date_add" => {
                let count = self.expr(args[1], scope)?;
                let at = self.expr(args[2], scope)?;
                let at = implicit(at, Ty::Timestamp);
                Typed::new(
                    format!("rs_dateadd({unit_sql}, {}, {at})", scalar(&count)),
                    Ty::Timestamp,
                )
            }
            "datediff" | "date_diff" => {
                let from = self.expr(args[1], scope)?;
                let to = self.expr(args[2], scope)?;
                let (from, to) = (implicit(from, Ty::Timestamp), implicit(to, Ty::Timestamp));
                Typed::new(format!("rs_datediff({unit_sql}, {from}, {to})"), Ty::BigInt)
            }
            "date_trunc" => {
                let at = self.expr(args[1], scope)?;
                let ty = if at.ty == Ty::Timestamptz {
                    Ty::Timestamptz
                } else {
                    Ty::Timestamp
                };
                Typed::new(
                    format!("rs_date_trunc({unit_sql}, {})", implicit(at, Ty::Timestamp)),
                    ty,
                )
            }
            _ => {
                let part = self.extract(&unit, args[1], scope)?;
                Typed::new(format!("(1.0 * {})", part.sql), Ty::Double)
            }
        };
        Ok(Some(found))
    }

    /// Functions that read the clock. None for other functions.
    pub(super) fn clock_call(&self, name: &str) -> SqlResult<Option<Typed>> {
        let now = self.timestamp_now();
        let found = match name {
            "getdate" | "sysdate" | "statement_timestamp" | "transaction_timestamp" | "localtimestamp" => now,
            "now" | "current_timestamp" => Typed::new(now.sql, Ty::Timestamptz),
            "current_date" => Typed::new(quote(&time::date_text(self.now.div_euclid(time::DAY))), Ty::Date),
            "random" => Typed::new("((random() & 9007199254740991) / 9007199254740992.0)", Ty::Double),
            _ => return Ok(None),
        };
        self.not_in_stream("mutable functions are")?;
        Ok(Some(found))
    }
}

fn unit(expr: &Expr) -> SqlResult<String> {
    match expr {
        Expr::Identifier(ident) => Ok(ident.value.to_ascii_lowercase()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Ok(text.to_ascii_lowercase()),
            _ => Err(SqlError::new("a date part must be a name")),
        },
        _ => Err(SqlError::new("a date part must be a name")),
    }
}

fn known(part: &str) -> SqlResult<Part> {
    Part::named(part).ok_or_else(|| SqlError::new(format!("timestamp units \"{part}\" not recognized")))
}

/// `15 minutes`, `1 day 2 hours`, `90` (seconds); in microseconds.
fn parse_interval(text: &str) -> SqlResult<i64> {
    let bad = || SqlError::new(format!("invalid input syntax for type interval: \"{text}\""));
    let mut total = 0_i64;
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let count: f64 = word.parse().map_err(|_| bad())?;
        let part = match words.next() {
            Some(unit) => Part::named(unit).ok_or_else(bad)?,
            None => Part::Micros(time::SECOND),
        };
        let Part::Micros(unit) = part else {
            return Err(SqlError::not_modelled("an interval of months"));
        };
        total += (count * unit as f64).round() as i64;
    }
    Ok(total)
}
