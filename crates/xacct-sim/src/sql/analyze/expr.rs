//! Expressions.

use sqlparser::ast::{
    AccessExpr, CastKind, Expr, Ident, JsonPathElem, Subscript, TrimWhereField, UnaryOperator, Value,
};

use super::cast::{cast, scalar, text};
use super::columns::{Part, Scope, Step, navigate};
use super::operators::{binary, comparable, compare, unary};
use super::{Analyzer, Typed, quote};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::types::Ty;

impl Analyzer<'_> {
    /// An expression. In a query that aggregates, whatever equals a grouping key is fine as it stands.
    pub(super) fn expr(&mut self, expr: &Expr, scope: &Scope<'_>) -> SqlResult<Typed> {
        if self.checking
            && self.in_aggregate == 0
            && let Some(group) = &scope.group
            && !matches!(expr, Expr::Value(_))
        {
            let plain = self.unchecked(|this| this.node(expr, scope))?;
            if group.contains(&plain.sql) {
                return Ok(plain);
            }
        }
        self.node(expr, scope)
    }

    fn node(&mut self, expr: &Expr, scope: &Scope<'_>) -> SqlResult<Typed> {
        match expr {
            Expr::Identifier(ident) => self.path(&[self.part(ident)], &[], scope),
            Expr::CompoundIdentifier(idents) => {
                let parts: Vec<Part> = idents.iter().map(|ident| self.part(ident)).collect();
                self.path(&parts, &[], scope)
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain, scope),
            Expr::JsonAccess { value, path } => self.json_path(value, &path.path, scope),
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) => {
                let text = typed.value.value.clone().into_string().unwrap_or_default();
                cast(
                    Typed::new(quote(&text), Ty::Unknown),
                    super::data_type::ty(&typed.data_type)?,
                )
            }
            Expr::Nested(inner) => self.expr(inner, scope),
            Expr::BinaryOp { left, op, right } => {
                let left = self.expr(left, scope)?;
                let right = self.expr(right, scope)?;
                binary(op, left, right)
            }
            Expr::UnaryOp { op, expr } => {
                if let (UnaryOperator::Minus, Expr::Value(value)) = (op, expr.as_ref())
                    && let Value::Number(text, _) = &value.value
                {
                    return Ok(number(&format!("-{text}")));
                }
                let value = self.expr(expr, scope)?;
                unary(op, value)
            }
            Expr::Cast {
                kind: CastKind::TryCast | CastKind::SafeCast,
                ..
            } => Err(SqlError::not_modelled("TRY_CAST")),
            Expr::Cast { expr, data_type, .. } => {
                let value = self.expr(expr, scope)?;
                cast(value, super::data_type::ty(data_type)?)
            }
            Expr::Convert {
                expr,
                data_type: Some(data_type),
                ..
            } => {
                let value = self.expr(expr, scope)?;
                cast(value, super::data_type::ty(data_type)?)
            }
            Expr::Function(function) => self.call(function, scope),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref(), scope),
            Expr::Interval(interval) => self.interval(interval),
            Expr::Extract { field, expr, .. } => self.extract(&field.to_string(), expr, scope),
            _ => self.predicate(expr, scope),
        }
    }

    fn predicate(&mut self, expr: &Expr, scope: &Scope<'_>) -> SqlResult<Typed> {
        match expr {
            Expr::IsNull(inner) => self.is_null(inner, "IS NULL", scope),
            Expr::IsNotNull(inner) => self.is_null(inner, "IS NOT NULL", scope),
            Expr::IsTrue(inner) => self.is_truth(inner, "IS TRUE", scope),
            Expr::IsNotTrue(inner) => self.is_truth(inner, "IS NOT TRUE", scope),
            Expr::IsFalse(inner) => self.is_truth(inner, "IS FALSE", scope),
            Expr::IsNotFalse(inner) => self.is_truth(inner, "IS NOT FALSE", scope),
            Expr::IsUnknown(inner) => self.is_truth(inner, "IS NULL", scope),
            Expr::IsNotUnknown(inner) => self.is_truth(inner, "IS NOT NULL", scope),
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let value = self.expr(expr, scope)?;
                let low = self.expr(low, scope)?;
                let high = self.expr(high, scope)?;
                let low = compare(">=", value.clone(), low)?;
                let high = compare("<=", value, high)?;
                Ok(Typed::new(
                    format!("({}({} AND {}))", not(*negated), low.sql, high.sql),
                    Ty::Bool,
                ))
            }
            Expr::InList { expr, list, negated } => {
                let value = self.expr(expr, scope)?;
                let mut tests = Vec::new();
                for item in list {
                    let item = self.expr(item, scope)?;
                    tests.push(compare("=", value.clone(), item)?.sql);
                }
                Ok(Typed::new(
                    format!("({}({}))", not(*negated), tests.join(" OR ")),
                    Ty::Bool,
                ))
            }
            Expr::Like {
                negated,
                expr,
                pattern,
                escape_char,
                ..
            } => self.like(*negated, false, expr, pattern, escape_char.as_deref(), scope),
            Expr::ILike {
                negated,
                expr,
                pattern,
                escape_char,
                ..
            } => self.like(*negated, true, expr, pattern, escape_char.as_deref(), scope),
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                let value = self.expr(expr, scope)?;
                let rows = self.query(subquery, Some(scope))?;
                let [column] = &rows.columns[..] else {
                    return Err(SqlError::new("subquery has too many columns"));
                };
                let (left, right) = comparable(value, Typed::new("c0", column.ty))?;
                Ok(Typed::new(
                    format!(
                        "({left} {}IN (SELECT {right} FROM ({})))",
                        not(*negated),
                        rows.sql
                    ),
                    Ty::Bool,
                ))
            }
            Expr::Exists { subquery, negated } => {
                let rows = self.query(subquery, Some(scope))?;
                Ok(Typed::new(
                    format!("({}EXISTS ({}))", not(*negated), rows.sql),
                    Ty::Bool,
                ))
            }
            Expr::Subquery(query) => {
                let rows = self.query(query, Some(scope))?;
                match &rows.columns[..] {
                    [column] => Ok(Typed::new(format!("({})", rows.sql), column.ty)),
                    _ => Err(SqlError::new("subquery must return only one column")),
                }
            }
            _ => self.string_expr(expr, scope),
        }
    }

    fn string_expr(&mut self, expr: &Expr, scope: &Scope<'_>) -> SqlResult<Typed> {
        let varchar = Ty::Varchar(65_535);
        match expr {
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => {
                let value = self.expr(expr, scope)?;
                let what = trim_what
                    .as_deref()
                    .or_else(|| trim_characters.as_ref().and_then(|list| list.first()));
                let what = match what {
                    Some(what) => format!(", {}", text(self.expr(what, scope)?)),
                    None => String::new(),
                };
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                Ok(Typed::new(format!("{name}({}{what})", text(value)), varchar))
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                let value = self.expr(expr, scope)?;
                let ty = if let Ty::Varbyte(length) = value.ty {
                    Ty::Varbyte(length)
                } else {
                    varchar
                };
                let value = if ty == varchar { text(value) } else { value.sql };
                let from = match substring_from {
                    Some(from) => scalar(&self.expr(from, scope)?),
                    None => "1".to_owned(),
                };
                let length = match substring_for {
                    Some(length) => format!(", {}", scalar(&self.expr(length, scope)?)),
                    None => String::new(),
                };
                Ok(Typed::new(format!("rs_substring({value}, {from}{length})"), ty))
            }
            Expr::Position { expr, r#in } => {
                let what = text(self.expr(expr, scope)?);
                let within = text(self.expr(r#in, scope)?);
                Ok(Typed::new(format!("instr({within}, {what})"), Ty::Int))
            }
            Expr::Ceil { expr, .. } => self.rounded("ceil", expr, scope),
            Expr::Floor { expr, .. } => self.rounded("floor", expr, scope),
            Expr::Tuple(_) => Err(SqlError::not_modelled("a row value")),
            other => Err(SqlError::not_modelled(format!("the expression {other}"))),
        }
    }

    fn rounded(&mut self, name: &str, expr: &Expr, scope: &Scope<'_>) -> SqlResult<Typed> {
        let value = self.expr(expr, scope)?;
        let ty = if matches!(value.ty, Ty::Decimal(..)) {
            Ty::Decimal(38, 0)
        } else {
            value.ty
        };
        Ok(Typed::new(format!("rs_{name}({})", scalar(&value)), ty))
    }

    /// `payload.items[0].sku`, in the form that sqlparser gives it where brackets are used.
    fn json_path(&mut self, root: &Expr, elements: &[JsonPathElem], scope: &Scope<'_>) -> SqlResult<Typed> {
        let mut walk = Walk::from(self, root);
        for element in elements {
            match element {
                JsonPathElem::Dot { key, quoted: false } => walk.key(self.part(&Ident::new(key.clone()))),
                JsonPathElem::Dot { key, quoted: true } => {
                    walk.key(self.part(&Ident::with_quote('"', key.clone())))
                }
                JsonPathElem::Bracket { key } | JsonPathElem::ColonBracket { key } => {
                    walk.steps.push(subscript(key)?)
                }
            }
        }
        self.walk(walk, root, scope)
    }

    /// The same in the form for expressions of other kinds.
    fn access(&mut self, root: &Expr, chain: &[AccessExpr], scope: &Scope<'_>) -> SqlResult<Typed> {
        let mut walk = Walk::from(self, root);
        for access in chain {
            match access {
                AccessExpr::Dot(Expr::Identifier(ident)) => walk.key(self.part(ident)),
                AccessExpr::Subscript(Subscript::Index { index }) => walk.steps.push(subscript(index)?),
                _ => return Err(SqlError::not_modelled("this navigation")),
            }
        }
        self.walk(walk, root, scope)
    }

    fn walk(&mut self, walk: Walk, root: &Expr, scope: &Scope<'_>) -> SqlResult<Typed> {
        if walk.names.is_empty() {
            let value = self.expr(root, scope)?;
            return navigate(value, &walk.steps, "?column?");
        }
        self.path(&walk.names, &walk.steps, scope)
    }

    /// A JSON null inside a SUPER value is NULL, too.
    fn is_null(&mut self, inner: &Expr, test: &str, scope: &Scope<'_>) -> SqlResult<Typed> {
        let value = self.expr(inner, scope)?;
        let sql = if value.ty == Ty::Super {
            format!("NULLIF({}, 'null')", value.sql)
        } else {
            value.sql
        };
        Ok(Typed::new(format!("({sql} {test})"), Ty::Bool))
    }

    fn is_truth(&mut self, inner: &Expr, test: &str, scope: &Scope<'_>) -> SqlResult<Typed> {
        let value = self.expr(inner, scope)?;
        Ok(Typed::new(format!("({} {test})", scalar(&value)), Ty::Bool))
    }

    fn like(
        &mut self,
        negated: bool,
        fold: bool,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> SqlResult<Typed> {
        let value = self.expr(expr, scope)?;
        let pattern = text(self.expr(pattern, scope)?);
        let escape = match escape {
            Some(escape) => text(self.expr(escape, scope)?),
            None => quote("\\"),
        };
        let sql = format!(
            "({}rs_like({}, {pattern}, {escape}, {}))",
            not(negated),
            text(value),
            u8::from(fold)
        );
        Ok(Typed::new(sql, Ty::Bool))
    }
}

/// A dotted name under construction: parts that may be table and column first, then steps of navigation.
struct Walk {
    names: Vec<Part>,
    steps: Vec<Step>,
}

impl Walk {
    fn from(analyzer: &Analyzer<'_>, root: &Expr) -> Self {
        let names = match root {
            Expr::Identifier(ident) => vec![analyzer.part(ident)],
            Expr::CompoundIdentifier(idents) => idents.iter().map(|ident| analyzer.part(ident)).collect(),
            _ => Vec::new(),
        };
        Self {
            names,
            steps: Vec::new(),
        }
    }

    fn key(&mut self, part: Part) {
        if self.names.is_empty() || !self.steps.is_empty() {
            self.steps.push(Step::Key(part.attribute));
        } else {
            self.names.push(part);
        }
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn subscript(index: &Expr) -> SqlResult<Step> {
    match index {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => {
                Ok(Step::Index(text.parse().map_err(|_| {
                    SqlError::new("array subscript must be an integer")
                })?))
            }
            Value::SingleQuotedString(text) => Ok(Step::Key(text.clone())),
            _ => Err(SqlError::new("array subscript must be an integer")),
        },
        Expr::Identifier(ident) if ident.quote_style.is_some() => Ok(Step::Key(ident.value.clone())),
        _ => Err(SqlError::not_modelled("an expression as a subscript")),
    }
}

fn literal(value: &Value) -> SqlResult<Typed> {
    Ok(match value {
        Value::Number(text, _) => number(text),
        Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => {
            Typed::new(quote(text), Ty::Unknown)
        }
        Value::DollarQuotedString(text) => Typed::new(quote(&text.value), Ty::Unknown),
        Value::Boolean(true) => Typed::new("1", Ty::Bool),
        Value::Boolean(false) => Typed::new("0", Ty::Bool),
        Value::Null => Typed::new("NULL", Ty::Unknown),
        other => return Err(SqlError::not_modelled(format!("the literal {other}"))),
    })
}

/// A number literal takes the smallest type that holds it.
fn number(text: &str) -> Typed {
    if let Ok(whole) = text.parse::<i64>() {
        let ty = if i32::try_from(whole).is_ok() {
            Ty::Int
        } else {
            Ty::BigInt
        };
        return Typed::new(text, ty);
    }
    if text.contains(['e', 'E']) {
        return Typed::new(text, Ty::Double);
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    Typed::new(text, Ty::Decimal((digits as u32).min(38), scale as u32))
}
