//! Numbers: division that fails on zero, rounding, and calculation with SUPER values.

use rusqlite::functions::Context;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use super::{add_strict, double_of, double_text, fail, integer_of};

pub(super) fn install(connection: &Connection) -> Result<()> {
    add_strict(connection, "rs_divide", 2, |context| calculate(context, "/", 0))?;
    add_strict(connection, "rs_modulo", 2, |context| calculate(context, "%", 0))?;
    // On SUPER values: anything but numbers gives NULL, the result is SUPER again.
    add_strict(connection, "rs_calculate", 3, |context| {
        let op: String = context.get(0)?;
        let number = |at: usize| matches!(context.get_raw(at), ValueRef::Integer(_) | ValueRef::Real(_));
        if !number(1) || !number(2) {
            return Ok(Value::Null);
        }
        Ok(match calculate(context, &op, 1)? {
            Value::Integer(number) => Value::Text(number.to_string()),
            Value::Real(number) => Value::Text(double_text(number)),
            other => other,
        })
    })?;
    add_strict(connection, "rs_round", -1, |context| rounded(context, f64::round))?;
    add_strict(connection, "rs_trunc", -1, |context| rounded(context, f64::trunc))?;
    add_strict(connection, "rs_ceil", 1, |context| whole(context, f64::ceil))?;
    add_strict(connection, "rs_floor", 1, |context| whole(context, f64::floor))?;
    add_strict(connection, "rs_abs", 1, |context| {
        whole_or_real(context, f64::abs)
    })?;
    add_strict(connection, "rs_sign", 1, |context| {
        let number = double_of(context, 0)?;
        Ok(Value::Integer(if number > 0.0 {
            1
        } else {
            -i64::from(number < 0.0)
        }))
    })?;
    add_strict(connection, "rs_power", 2, |context| {
        Ok(Value::Real(double_of(context, 0)?.powf(double_of(context, 1)?)))
    })?;
    for (name, function) in [
        ("rs_sqrt", f64::sqrt as fn(f64) -> f64),
        ("rs_ln", f64::ln),
        ("rs_log", f64::log10),
        ("rs_exp", f64::exp),
    ] {
        add_strict(connection, name, 1, move |context| {
            Ok(Value::Real(function(double_of(context, 0)?)))
        })?;
    }
    extremes(connection)
}

/// `greatest` and `least` leave NULLs out.
fn extremes(connection: &Connection) -> Result<()> {
    for (name, wanted) in [
        ("rs_greatest", std::cmp::Ordering::Greater),
        ("rs_least", std::cmp::Ordering::Less),
    ] {
        super::add(connection, name, -1, move |context| {
            let mut best = Value::Null;
            for at in 0..context.len() {
                let value: Value = context.get(at)?;
                let better = match (&best, &value) {
                    (_, Value::Null) => false,
                    (Value::Null, _) => true,
                    (Value::Text(a), Value::Text(b)) => b.cmp(a) == wanted,
                    (Value::Integer(a), Value::Integer(b)) => b.cmp(a) == wanted,
                    (a, b) => real(b).partial_cmp(&real(a)) == Some(wanted),
                };
                if better {
                    best = value;
                }
            }
            Ok(best)
        })?;
    }
    Ok(())
}

fn real(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Real(number) => *number,
        _ => 0.0,
    }
}

fn calculate(context: &Context<'_>, op: &str, at: usize) -> Result<Value> {
    if let (ValueRef::Integer(a), ValueRef::Integer(b)) = (context.get_raw(at), context.get_raw(at + 1)) {
        let found = match op {
            "+" => a.checked_add(b),
            "-" => a.checked_sub(b),
            "*" => a.checked_mul(b),
            _ if b == 0 => return fail("Divide by zero"),
            "/" => a.checked_div(b),
            _ => a.checked_rem(b),
        };
        return match found {
            Some(number) => Ok(Value::Integer(number)),
            None => fail("Value out of range for bigint"),
        };
    }
    let (a, b) = (double_of(context, at)?, double_of(context, at + 1)?);
    Ok(Value::Real(match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        _ if b == 0.0 => return fail("Divide by zero"),
        "/" => a / b,
        _ => a % b,
    }))
}

fn rounded(context: &Context<'_>, how: fn(f64) -> f64) -> Result<Value> {
    if let (ValueRef::Integer(number), 1) = (context.get_raw(0), context.len()) {
        return Ok(Value::Integer(number));
    }
    let digits = if context.len() > 1 {
        integer_of(context, 1)?
    } else {
        0
    };
    let factor = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
    Ok(Value::Real(how(double_of(context, 0)? * factor) / factor))
}

fn whole(context: &Context<'_>, how: fn(f64) -> f64) -> Result<Value> {
    whole_or_real(context, how)
}

fn whole_or_real(context: &Context<'_>, how: fn(f64) -> f64) -> Result<Value> {
    match context.get_raw(0) {
        ValueRef::Integer(number) => Ok(Value::Integer(how(number as f64) as i64)),
        _ => Ok(Value::Real(how(double_of(context, 0)?))),
    }
}
