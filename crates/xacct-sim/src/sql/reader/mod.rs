//! Reading statements. A reader of its own: it shares nothing with the crate whose SQL it judges.

mod access;
pub(crate) mod cursor;
mod schemas;
mod tables;
mod views;

use super::error::SqlResult;
use super::statement::Statement;
use cursor::Cursor;

/// Reads exactly one statement (no semicolon in it).
///
/// `case_sensitive` is the value of `enable_case_sensitive_identifier`.
///
/// # Errors
/// A syntax error with its position, for whatever the simulator does not take.
pub(crate) fn read(text: &str, case_sensitive: bool) -> SqlResult<Statement> {
    let mut cursor = Cursor::new(text, case_sensitive)?;
    let statement = statement(&mut cursor)?;
    cursor.end()?;
    Ok(statement)
}

fn statement(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let is_query = c.is_word(0, "SELECT")
        || c.is_word(0, "WITH")
        || matches!(c.peek(), Some(super::lexer::Kind::Symbol("(")));
    if is_query {
        return Ok(Statement::Select { query: c.rest()? });
    }
    match c.keyword()?.as_str() {
        "CREATE" => create(c),
        "ALTER" => alter(c),
        "DROP" => drop(c),
        "REFRESH" => views::refresh(c),
        "TRUNCATE" => tables::truncate(c),
        "INSERT" => tables::insert(c),
        "DELETE" => tables::delete(c),
        "GRANT" => access::grant(c),
        "REVOKE" => access::revoke(c),
        "COMMENT" => access::comment(c),
        "SET" => access::set(c),
        "RESET" => Ok(Statement::Reset {
            name: access::parameter(c)?,
        }),
        "SHOW" => access::show(c),
        "BEGIN" | "START" => transaction(c, Statement::Begin),
        "COMMIT" | "END" => transaction(c, Statement::Commit),
        "ROLLBACK" | "ABORT" => transaction(c, Statement::Rollback),
        _ => Cursor::new(c.text, c.case_sensitive)?.unexpected(),
    }
}

fn transaction(c: &mut Cursor<'_>, statement: Statement) -> SqlResult<Statement> {
    if !c.take("TRANSACTION") {
        c.take("WORK");
    }
    Ok(statement)
}

fn create(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    if c.take("EXTERNAL SCHEMA") {
        return schemas::create_external(c);
    }
    if c.take("OR REPLACE VIEW") {
        return views::create_view(c, true);
    }
    if c.take("MATERIALIZED VIEW") {
        return views::create_materialized(c);
    }
    match c.peek() {
        _ if c.take("SCHEMA") => schemas::create(c),
        _ if c.take("VIEW") => views::create_view(c, false),
        _ if c.take("TABLE") => tables::create(c),
        _ if c.take("USER") => access::create_user(c),
        _ if c.take("ROLE") => access::create_role(c),
        _ if c.take("DATABASE") => access::create_database(c),
        _ => c.unexpected(),
    }
}

fn alter(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    match c.peek() {
        _ if c.take("EXTERNAL SCHEMA") => schemas::alter_external(c),
        _ if c.take("MATERIALIZED VIEW") => views::alter_materialized(c),
        _ if c.take("SCHEMA") => schemas::alter(c),
        _ if c.take("TABLE") => tables::alter(c),
        _ if c.take("USER") => access::alter_user(c),
        _ => c.unexpected(),
    }
}

fn drop(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    match c.peek() {
        _ if c.take("SCHEMA") => schemas::drop(c),
        _ if c.take("MATERIALIZED VIEW") => views::drop_materialized(c),
        _ if c.take("VIEW") => views::drop_view(c),
        _ if c.take("TABLE") => tables::drop(c),
        _ if c.take("USER") => access::drop_user(c),
        _ if c.take("ROLE") => access::drop_role(c),
        _ if c.take("DATABASE") => access::drop_database(c),
        _ => c.unexpected(),
    }
}

#[cfg(test)]
mod tests;
