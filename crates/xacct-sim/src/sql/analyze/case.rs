//! CASE, COALESCE and their kin: one type for several values.

use sqlparser::ast::{CaseWhen, Expr};

use super::cast::unified;
use super::columns::Scope;
use super::{Analyzer, Typed};
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::options::GuardedParse;
use crate::sql::types::Ty;

impl Analyzer<'_> {
    pub(super) fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> SqlResult<Typed> {
        let mut tests = Vec::new();
        let mut values = Vec::new();
        for when in conditions {
            let test = match operand {
                Some(operand) => {
                    let left = self.expr(operand, scope)?;
                    let right = self.expr(&when.condition, scope)?;
                    super::operators::compare("=", left, right)?.sql
                }
                None => self.truth(&when.condition, scope)?,
            };
            tests.push(test);
            values.push(self.expr(&when.result, scope)?);
        }
        if let Some(otherwise) = otherwise {
            values.push(self.expr(otherwise, scope)?);
        }
        self.refuse_guard(&tests, &values)?;
        let (sqls, ty) = one_type("CASE", values)?;
        let mut sql = "CASE".to_owned();
        for (test, value) in tests.iter().zip(&sqls) {
            sql.push_str(&format!(" WHEN {test} THEN {value}"));
        }
        if otherwise.is_some()
            && let Some(value) = sqls.last()
        {
            sql.push_str(&format!(" ELSE {value}"));
        }
        Ok(Typed::new(format!("{sql} END"), ty))
    }

    /// Under one of the unconfirmed behaviours a streaming view can't guard JSON_PARSE with CASE.
    fn refuse_guard(&self, tests: &[String], values: &[Typed]) -> SqlResult<()> {
        let guarded = self.stream.is_some()
            && self.switches.guarded_parse == GuardedParse::Refused
            && tests.iter().any(|test| test.contains("rs_can_json_parse("))
            && values.iter().any(|value| value.sql.contains("rs_json_parse("));
        if guarded {
            return self.not_in_stream("CASE over JSON_PARSE is");
        }
        Ok(())
    }
}

/// Brings values to their common type.
pub(super) fn one_type(what: &str, values: Vec<Typed>) -> SqlResult<(Vec<String>, Ty)> {
    let mut ty = Ty::Unknown;
    for value in &values {
        let mixed = !matches!(ty, Ty::Unknown | Ty::Super) && !matches!(value.ty, Ty::Unknown | Ty::Super);
        let fits = ty == value.ty
            || (ty.is_number() && value.ty.is_number())
            || (ty.is_text() && value.ty.is_text())
            || (ty.is_time() && value.ty.is_time())
            || matches!((ty, value.ty), (Ty::Varbyte(_), Ty::Varbyte(_)));
        if mixed && !fits {
            return Err(SqlError::new(format!(
                "{what} types {} and {} cannot be matched",
                value.ty.sql_name(),
                ty.sql_name()
            )));
        }
        ty = ty.common(value.ty);
    }
    Ok((values.into_iter().map(|value| unified(value, ty)).collect(), ty))
}
