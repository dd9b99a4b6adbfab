//! Tables: creating, filling, moving, dropping.

use super::cursor::Cursor;
use super::views::layout;
use crate::sql::error::SqlResult;
use crate::sql::lexer::Kind;
use crate::sql::statement::{ColumnSpec, Name, Statement, TableChange};

/// Words that end the type of a column.
const AFTER_TYPE: [&str; 9] = [
    "NOT", "NULL", "DEFAULT", "ENCODE", "DISTKEY", "SORTKEY", "PRIMARY", "UNIQUE", "IDENTITY",
];

pub(super) fn create(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_not_exists = c.if_not_exists();
    let name = c.name()?;
    if matches!(c.peek(), Some(Kind::Symbol("("))) && !is_column_name_list(c) {
        return create_with_columns(c, name, if_not_exists);
    }
    let columns = if matches!(c.peek(), Some(Kind::Symbol("("))) {
        c.in_parentheses(Cursor::identifier)?
    } else {
        Vec::new()
    };
    let layout = layout(c)?;
    c.expect("AS")?;
    Ok(Statement::CreateTableAs {
        name,
        columns,
        layout,
        query: c.rest()?,
    })
}

/// `(a, b) … AS` names the columns of a CTAS; `(a int, …)` and `(LIKE t)` define a table.
fn is_column_name_list(c: &Cursor<'_>) -> bool {
    let Ok(mut ahead) = Cursor::new(c.text, c.case_sensitive) else {
        return false;
    };
    while ahead.peek().is_some() && !ahead.take_symbol("(") {
        ahead.skip();
    }
    ahead.identifier().is_ok() && matches!(ahead.peek(), Some(Kind::Symbol("," | ")")))
}

fn create_with_columns(c: &mut Cursor<'_>, name: Name, if_not_exists: bool) -> SqlResult<Statement> {
    c.expect_symbol("(")?;
    let (like, columns) = if c.take("LIKE") {
        let like = c.name()?;
        if c.take("INCLUDING") || c.take("EXCLUDING") {
            c.expect("DEFAULTS")?;
        }
        (Some(like), Vec::new())
    } else {
        (None, c.list(column)?)
    };
    c.expect_symbol(")")?;
    let layout = layout(c)?;
    Ok(Statement::CreateTable {
        name,
        if_not_exists,
        columns,
        like,
        layout,
    })
}

fn column(c: &mut Cursor<'_>) -> SqlResult<ColumnSpec> {
    let name = c.identifier()?;
    let mut data_type = c.keyword()?;
    while let Some(kind) = c.peek().cloned() {
        match kind {
            Kind::Word(word) if AFTER_TYPE.iter().any(|end| word.eq_ignore_ascii_case(end)) => break,
            Kind::Word(word) => {
                data_type.push(' ');
                data_type.push_str(&word);
                c.skip();
            }
            Kind::Symbol("(") => {
                c.skip();
                data_type.push_str(&format!("({})", c.list(number)?.join(",")));
                c.expect_symbol(")")?;
            }
            _ => break,
        }
    }
    let mut not_null = false;
    loop {
        match c.peek() {
            _ if c.take("NOT NULL") => not_null = true,
            _ if c.take("NULL") || c.take("DISTKEY") || c.take("SORTKEY") => {}
            _ if c.take("ENCODE") => {
                c.keyword()?;
            }
            _ => {
                return Ok(ColumnSpec {
                    name,
                    data_type,
                    not_null,
                });
            }
        }
    }
}

fn number(c: &mut Cursor<'_>) -> SqlResult<String> {
    match c.peek().cloned() {
        Some(Kind::Number(text)) => {
            c.skip();
            Ok(text)
        }
        Some(Kind::Word(word)) if word.eq_ignore_ascii_case("max") => {
            c.skip();
            Ok("max".to_owned())
        }
        _ => c.unexpected(),
    }
}

pub(super) fn alter(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = c.name()?;
    let change = match c.peek() {
        _ if c.take("APPEND FROM") => TableChange::Append {
            from: c.name()?,
            ignore_extra: c.take("IGNOREEXTRA"),
            fill_target: c.take("FILLTARGET"),
        },
        _ if c.take("RENAME TO") => TableChange::Rename(c.identifier()?),
        _ if c.take("OWNER TO") => TableChange::Owner(c.identifier()?),
        _ => return c.unexpected(),
    };
    Ok(Statement::AlterTable { name, change })
}

pub(super) fn drop(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_exists = c.if_exists();
    let names = c.list(Cursor::name)?;
    let cascade = c.cascade();
    Ok(Statement::DropTable {
        names,
        if_exists,
        cascade,
    })
}

pub(super) fn truncate(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    c.take("TABLE");
    Ok(Statement::Truncate { name: c.name()? })
}

pub(super) fn insert(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    c.expect("INTO")?;
    let name = c.name()?;
    let has_columns =
        matches!(c.peek(), Some(Kind::Symbol("("))) && !c.is_word(1, "SELECT") && !c.is_word(1, "WITH");
    let columns = if has_columns {
        c.in_parentheses(Cursor::identifier)?
    } else {
        Vec::new()
    };
    Ok(Statement::Insert {
        name,
        columns,
        query: c.rest()?,
    })
}

pub(super) fn delete(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    c.take("FROM");
    let name = c.name()?;
    let condition = if c.take("WHERE") { Some(c.rest()?) } else { None };
    Ok(Statement::Delete { name, condition })
}
