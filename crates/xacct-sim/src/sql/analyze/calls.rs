//! Function calls: aggregates, window functions, and the scalar functions that pipelines use.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, WindowFrameBound,
    WindowSpec, WindowType,
};

use super::case::one_type;
use super::cast::{scalar, text};
use super::columns::Scope;
use super::order::{sortable, sorted};
use super::{Analyzer, Typed, quote};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::names::parts;
use crate::sql::options::DuplicateKeys;
use crate::sql::types::Ty;

pub(super) const TEXT: Ty = Ty::Varchar(65_535);
const AGGREGATES: [&str; 10] = [
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "listagg",
    "bool_and",
    "bool_or",
    "any_value",
    "string_agg",
];
const WINDOW_ONLY: [&str; 9] = [
    "row_number",
    "rank",
    "dense_rank",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "ntile",
    "percent_rank",
];

impl Analyzer<'_> {
    pub(super) fn call(&mut self, function: &Function, scope: &Scope<'_>) -> SqlResult<Typed> {
        let name = parts(&function.name, false).pop().unwrap_or_default();
        if let Some(over) = &function.over {
            self.not_in_stream("window functions are")?;
            return self.window(&name, function, over, scope);
        }
        if AGGREGATES.contains(&name.as_str()) {
            return self.aggregate(&name, function, scope);
        }
        if let Some(found) = self.clock_call(&name)? {
            return Ok(found);
        }
        let args = arguments(function)?;
        if let Some(found) = self.unit_call(&name, &args, scope)? {
            return Ok(found);
        }
        let mut values = Vec::new();
        for arg in args {
            values.push(self.expr(arg, scope)?);
        }
        self.scalar_call(&name, values)
    }

    fn aggregate(&mut self, name: &str, function: &Function, scope: &Scope<'_>) -> SqlResult<Typed> {
        if self.in_aggregate > 0 {
            return Err(SqlError::new(
                "aggregate function calls may not have nested aggregate or window function",
            ));
        }
        let distinct = is_distinct(function);
        if distinct {
            self.not_in_stream("DISTINCT aggregates are")?;
        }
        if !["count", "sum", "min", "max", "avg"].contains(&name) {
            self.not_in_stream(&format!("{} is", name.to_ascii_uppercase()))?;
        }
        self.in_aggregate += 1;
        let values = self.aggregate_values(function, scope);
        self.in_aggregate -= 1;
        self.aggregates += 1;
        let values = values?;
        if let Some(first) = values.first()
            && matches!(first.ty, Ty::Varbyte(_))
            && !["count", "min", "max"].contains(&name)
        {
            return Err(SqlError::new(format!(
                "function {name}(binary varying) does not exist"
            )));
        }
        aggregate_sql(name, distinct, &values)
    }

    /// Arguments of an aggregate; none for `count(*)`.
    fn aggregate_values(&mut self, function: &Function, scope: &Scope<'_>) -> SqlResult<Vec<Typed>> {
        if is_star(function) {
            return Ok(Vec::new());
        }
        arguments(function)?
            .into_iter()
            .map(|arg| self.expr(arg, scope))
            .collect()
    }

    fn window(
        &mut self,
        name: &str,
        function: &Function,
        over: &WindowType,
        scope: &Scope<'_>,
    ) -> SqlResult<Typed> {
        let WindowType::WindowSpec(spec) = over else {
            return Err(SqlError::not_modelled("a named window"));
        };
        let values = self.aggregate_values(function, scope)?;
        let over = self.window_spec(spec, scope)?;
        if AGGREGATES.contains(&name) {
            let inner = aggregate_sql(name, is_distinct(function), &values)?;
            // The aggregate may be wrapped; OVER belongs right behind its call.
            let sql = match inner.sql.split_once("/*over*/") {
                Some((head, tail)) => format!("{head} OVER ({over}){tail}"),
                None => return Err(SqlError::not_modelled(format!("{name} as a window function"))),
            };
            return Ok(Typed::new(sql, inner.ty));
        }
        if !WINDOW_ONLY.contains(&name) {
            return Err(undefined(name, &values));
        }
        let ty = match name {
            "lag" | "lead" | "first_value" | "last_value" => {
                values.first().map_or(Ty::Unknown, |value| value.ty)
            }
            "percent_rank" => Ty::Double,
            _ => Ty::BigInt,
        };
        let args: Vec<String> = values.into_iter().map(|value| value.sql).collect();
        Ok(Typed::new(
            format!("{name}({}) OVER ({over})", args.join(", ")),
            ty,
        ))
    }

    fn window_spec(&mut self, spec: &WindowSpec, scope: &Scope<'_>) -> SqlResult<String> {
        let mut out = Vec::new();
        let mut partition = Vec::new();
        for expr in &spec.partition_by {
            partition.push(self.expr(expr, scope)?.sql);
        }
        if !partition.is_empty() {
            out.push(format!("PARTITION BY {}", partition.join(", ")));
        }
        let mut order = Vec::new();
        for item in &spec.order_by {
            let key = self.expr(&item.expr, scope)?;
            order.push(sorted(&sortable(key), item));
        }
        if !order.is_empty() {
            out.push(format!("ORDER BY {}", order.join(", ")));
        }
        if let Some(frame) = &spec.window_frame {
            let end = frame.end_bound.as_ref().unwrap_or(&WindowFrameBound::CurrentRow);
            out.push(format!("{} BETWEEN {} AND {end}", frame.units, frame.start_bound));
        }
        Ok(out.join(" "))
    }

    fn scalar_call(&mut self, name: &str, values: Vec<Typed>) -> SqlResult<Typed> {
        if let Some(found) = self.json_call(name, &values)? {
            return Ok(found);
        }
        if let Some(found) = self.session_call(name, &values) {
            return Ok(found);
        }
        match (name, values.len()) {
            ("coalesce" | "nvl", 1..) => {
                let (sqls, ty) = one_type("COALESCE", values)?;
                let sql = if sqls.len() == 1 {
                    sqls[0].clone()
                } else {
                    format!("coalesce({})", sqls.join(", "))
                };
                Ok(Typed::new(sql, ty))
            }
            ("greatest" | "least", 2..) => {
                let (sqls, ty) = one_type("GREATEST", values)?;
                Ok(Typed::new(format!("rs_{name}({})", sqls.join(", ")), ty))
            }
            ("nvl2", 3) => {
                let test = values[0].sql.clone();
                let (sqls, ty) = one_type("NVL2", values[1..].to_vec())?;
                Ok(Typed::new(
                    format!(
                        "CASE WHEN {test} IS NOT NULL THEN {} ELSE {} END",
                        sqls[0], sqls[1]
                    ),
                    ty,
                ))
            }
            ("nullif", 2) => {
                let ty = values[0].ty;
                let equal = super::operators::compare("=", values[0].clone(), values[1].clone())?;
                Ok(Typed::new(
                    format!("CASE WHEN {} THEN NULL ELSE {} END", equal.sql, values[0].sql),
                    ty,
                ))
            }
            _ => super::scalars::plain_call(name, values),
        }
    }

    /// Functions on SUPER values and JSON text.
    fn json_call(&mut self, name: &str, values: &[Typed]) -> SqlResult<Option<Typed>> {
        let Some(first) = values.first() else {
            return Ok(None);
        };
        let on_super = |ty: Ty| -> SqlResult<Option<Typed>> {
            let value = super::cast::to_super(first.clone());
            Ok(Some(Typed::new(format!("rs_{name}({value})"), ty)))
        };
        let rest = || -> String {
            values[1..]
                .iter()
                .map(|value| format!(", {}", scalar(value)))
                .collect()
        };
        match (name, values.len()) {
            ("json_parse", 1) => {
                self.textual(name, first)?;
                Ok(Some(Typed::new(
                    format!("rs_json_parse({}, {})", first.sql, self.parse_flags()),
                    Ty::Super,
                )))
            }
            ("can_json_parse", 1) => {
                self.textual(name, first)?;
                Ok(Some(Typed::new(
                    format!("rs_can_json_parse({}, {})", first.sql, self.parse_flags()),
                    Ty::Bool,
                )))
            }
            ("json_typeof", 1) => on_super(Ty::Varchar(32)),
            ("json_serialize", 1) => on_super(TEXT),
            ("json_serialize_to_varbyte", 1) => Ok(Some(Typed::new(
                format!(
                    "CAST(rs_json_serialize({}) AS BLOB)",
                    super::cast::to_super(first.clone())
                ),
                Ty::Varbyte(16_777_216),
            ))),
            ("json_size", 1) => on_super(Ty::BigInt),
            ("get_array_length", 1) => on_super(Ty::Int),
            (
                "is_array" | "is_object" | "is_scalar" | "is_boolean" | "is_varchar" | "is_char"
                | "is_decimal" | "is_float" | "is_integer" | "is_bigint" | "is_smallint",
                1,
            ) => {
                if first.ty != Ty::Super {
                    return Err(undefined(name, values));
                }
                Ok(Some(Typed::new(
                    format!("rs_is({}, {})", first.sql, quote(&name[3..])),
                    Ty::Bool,
                )))
            }
            ("json_extract_path_text", 2..) => Ok(Some(Typed::new(
                format!("rs_json_extract_path_text({}{})", text(first.clone()), rest()),
                TEXT,
            ))),
            ("json_extract_array_element_text", 2..) => Ok(Some(Typed::new(
                format!(
                    "rs_json_extract_array_element_text({}{})",
                    text(first.clone()),
                    rest()
                ),
                TEXT,
            ))),
            ("json_array_length", 1..) => Ok(Some(Typed::new(
                format!("rs_json_array_length({}{})", text(first.clone()), rest()),
                Ty::Int,
            ))),
            ("is_valid_json" | "is_valid_json_array", 1) => Ok(Some(Typed::new(
                format!("rs_{name}({})", text(first.clone())),
                Ty::Bool,
            ))),
            _ => Ok(None),
        }
    }

    fn textual(&self, name: &str, value: &Typed) -> SqlResult<()> {
        if value.ty.is_text() || matches!(value.ty, Ty::Varbyte(_)) {
            Ok(())
        } else {
            Err(undefined(name, std::slice::from_ref(value)))
        }
    }

    /// How JSON is parsed under the settings and switches: bit 0, a repeated key fails; bit 1, but passes the guard;
    /// bit 2, text that is no JSON gives NULL.
    fn parse_flags(&self) -> u8 {
        let deduplicated = self.session.options.is_on("json_parse_dedup_attributes");
        let repeated = match self.switches.duplicate_keys {
            _ if deduplicated => 0,
            DuplicateKeys::LastWins => 0,
            DuplicateKeys::Refused => 1,
            DuplicateKeys::PassGuardThenFail => 3,
        };
        let lenient = self.session.options.is_on("parse_super_null_on_error");
        repeated | (u8::from(lenient) << 2)
    }

    /// Functions about the session and the catalog.
    fn session_call(&mut self, name: &str, values: &[Typed]) -> Option<Typed> {
        let constant = |text: &str| Some(Typed::new(quote(text), Ty::Varchar(128)));
        match (name, values.len()) {
            ("current_user" | "session_user" | "user", 0) => constant(self.session.user),
            ("current_database", 0) => constant(&self.catalog.name),
            ("current_schema", 0) => constant(
                self.path
                    .iter()
                    .find(|schema| self.catalog.schemas.contains_key(*schema))
                    .map_or("", String::as_str),
            ),
            ("version", 0) => constant(
                "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0 (simulated)",
            ),
            ("has_database_privilege" | "has_schema_privilege" | "has_table_privilege", 2 | 3) => {
                self.has_privilege(name, values)
            }
            ("obj_description", 1 | 2) => {
                self.system.insert("pg_catalog_pg_description".to_owned());
                let oid = &values[0].sql;
                Some(Typed::new(
                    format!(
                        "(SELECT d.c3 FROM temp.pg_catalog_pg_description AS d WHERE d.c0 = {oid} LIMIT 1)"
                    ),
                    TEXT,
                ))
            }
            ("pg_get_viewdef", 1 | 2) => {
                self.system.insert("pg_catalog_pg_views".to_owned());
                let key = if values[0].ty.is_number() { "oid" } else { "name" };
                let column = if key == "oid" {
                    "c4".to_owned()
                } else {
                    "c1".to_owned()
                };
                let name = if key == "oid" {
                    values[0].sql.clone()
                } else {
                    format!("rs_last_part({})", values[0].sql)
                };
                Some(Typed::new(
                    format!(
                        "(SELECT v.c3 FROM temp.pg_catalog_pg_views AS v WHERE v.{column} = {name} LIMIT 1)"
                    ),
                    TEXT,
                ))
            }
            _ => None,
        }
    }

    /// `has_…_privilege([user,] object, privilege)` with literals; None otherwise.
    fn has_privilege(&self, name: &str, values: &[Typed]) -> Option<Typed> {
        let literals: Vec<String> = values.iter().map(literal_text).collect::<Option<_>>()?;
        let (object, privilege) = (
            &literals[literals.len() - 2],
            literals[literals.len() - 1].to_ascii_uppercase(),
        );
        let mut session = self.session;
        if let [user, _, _] = &literals[..] {
            session.user = user;
        }
        let held = match name {
            "has_database_privilege" => session.holds(&self.catalog.owner, &self.catalog.grants, &privilege),
            "has_schema_privilege" => session.need_schema(self.catalog, object, &privilege).is_ok(),
            _ => {
                let name = crate::sql::names::relation(object.split('.').map(str::to_owned).collect());
                let found = self.catalog.find_on(&name, &self.path);
                found.is_ok_and(|key| session.need_relation(self.catalog, &key, &privilege).is_ok())
            }
        };
        Some(Typed::new(u8::from(held).to_string(), Ty::Bool))
    }
}

/// The text of a string literal that was compiled already.
fn literal_text(value: &Typed) -> Option<String> {
    let inner = value.sql.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

fn arguments(function: &Function) -> SqlResult<Vec<&Expr>> {
    match &function.args {
        FunctionArguments::None => Ok(Vec::new()),
        FunctionArguments::Subquery(_) => Err(SqlError::not_modelled("a subquery as a function's argument")),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
                _ => Err(SqlError::not_modelled("this kind of function argument")),
            })
            .collect(),
    }
}

fn is_star(function: &Function) -> bool {
    matches!(&function.args, FunctionArguments::List(list)
        if matches!(list.args[..], [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]))
}

fn is_distinct(function: &Function) -> bool {
    matches!(&function.args, FunctionArguments::List(list)
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct))
}

/// SQL of an aggregate; `/*over*/` marks where OVER would stand.
fn aggregate_sql(name: &str, distinct: bool, values: &[Typed]) -> SqlResult<Typed> {
    let distinct = if distinct { "DISTINCT " } else { "" };
    let Some(first) = values.first() else {
        return match name {
            "count" => Ok(Typed::new("count(*)/*over*/", Ty::BigInt)),
            _ => Err(undefined(name, values)),
        };
    };
    let value = scalar(first);
    let is_super = first.ty == Ty::Super;
    let wrap = |sql: String, ty: Ty| {
        if is_super {
            Typed::new(format!("rs_to_super({sql})"), Ty::Super)
        } else {
            Typed::new(sql, ty)
        }
    };
    let value = if first.ty == Ty::Unknown && matches!(name, "sum" | "avg") {
        super::cast::implicit(first.clone(), Ty::Double)
    } else {
        value
    };
    let summable = is_super || first.ty.is_number() || matches!(first.ty, Ty::Unknown | Ty::Interval);
    Ok(match name {
        "count" => Typed::new(
            format!(
                "count({distinct}{})/*over*/",
                if is_super {
                    format!("NULLIF({}, 'null')", first.sql)
                } else {
                    value
                }
            ),
            Ty::BigInt,
        ),
        "sum" | "avg" if !summable => return Err(undefined(name, values)),
        "sum" => {
            let ty = match first.ty {
                Ty::SmallInt | Ty::Int => Ty::BigInt,
                Ty::BigInt => Ty::Decimal(38, 0),
                Ty::Decimal(_, scale) => Ty::Decimal(38, scale),
                other => other,
            };
            wrap(format!("sum({distinct}{value})/*over*/"), ty)
        }
        "avg" if first.ty.is_integer() => Typed::new(
            format!("CAST(avg({distinct}{value})/*over*/ AS INTEGER)"),
            Ty::BigInt,
        ),
        "avg" => {
            let ty = if let Ty::Decimal(_, scale) = first.ty {
                Ty::Decimal(38, scale.max(4))
            } else {
                Ty::Double
            };
            wrap(format!("avg({distinct}{value})/*over*/"), ty)
        }
        "min" | "any_value" => wrap(format!("min({value})/*over*/"), first.ty),
        "max" => wrap(format!("max({value})/*over*/"), first.ty),
        "bool_and" => Typed::new(format!("min({value})/*over*/"), Ty::Bool),
        "bool_or" => Typed::new(format!("max({value})/*over*/"), Ty::Bool),
        _ => {
            let separator = match values.get(1) {
                Some(separator) if distinct.is_empty() => format!(", {}", separator.sql),
                None => {
                    if distinct.is_empty() {
                        ", ''".to_owned()
                    } else {
                        String::new()
                    }
                }
                Some(_) => String::new(),
            };
            Typed::new(
                format!(
                    "group_concat({distinct}{}{separator})/*over*/",
                    text(first.clone())
                ),
                TEXT,
            )
        }
    })
}

/// `function x(types) does not exist`.
pub(super) fn undefined(name: &str, values: &[Typed]) -> SqlError {
    let types: Vec<&str> = values.iter().map(|value| value.ty.sql_name()).collect();
    SqlError::new(format!("function {name}({}) does not exist", types.join(", "))).hint(
        "No function matches the given name and argument types. You may need to add explicit type casts.",
    )
}
