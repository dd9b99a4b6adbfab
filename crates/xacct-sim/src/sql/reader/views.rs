//! Views and materialized views.
//! <https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-create-sql-command.html>

use super::cursor::Cursor;
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::lexer::Kind;
use crate::sql::statement::{Layout, MvChange, Statement};

pub(super) fn create_materialized(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    // Neither IF NOT EXISTS nor OR REPLACE is in the grammar.
    if c.is_word(0, "IF") && c.is_word(1, "NOT") {
        return c.unexpected();
    }
    let name = c.name()?;
    let layout = layout(c)?;
    c.expect("AS")?;
    let text = c.text.to_owned();
    Ok(Statement::CreateMv {
        name,
        layout,
        query: c.rest()?,
        text,
    })
}

/// `BACKUP`, `DISTSTYLE`, `DISTKEY`, `SORTKEY` and `AUTO REFRESH`, in any order, each once.
pub(super) fn layout(c: &mut Cursor<'_>) -> SqlResult<Layout> {
    let mut out = Layout::default();
    loop {
        let fresh = match c.peek() {
            _ if c.take("BACKUP") => out.backup.replace(c.yes_or_no()?).is_none(),
            _ if c.take("DISTSTYLE") => {
                let style = dist_style(c)?;
                out.dist_style.replace(style).is_none()
            }
            _ if c.take("DISTKEY") => {
                let key = c.in_parentheses(Cursor::identifier)?;
                out.dist_key.replace(key.join(",")).is_none()
            }
            _ if c.is_word(0, "SORTKEY") || c.is_word(1, "SORTKEY") => {
                if !c.take("COMPOUND") {
                    c.take("INTERLEAVED");
                }
                c.expect("SORTKEY")?;
                let fresh = out.sort_key.is_empty();
                out.sort_key = c.in_parentheses(Cursor::identifier)?;
                fresh
            }
            _ if c.take("AUTO REFRESH") => out.auto_refresh.replace(c.yes_or_no()?).is_none(),
            _ => return Ok(out),
        };
        if !fresh {
            return Err(SqlError::new("conflicting or redundant options"));
        }
    }
}

fn dist_style(c: &mut Cursor<'_>) -> SqlResult<String> {
    let known = ["EVEN", "ALL", "KEY", "AUTO"];
    match known.iter().find(|style| c.is_word(0, style)) {
        // ALL is a reserved word, so this is not read as an identifier.
        Some(style) => {
            c.skip();
            Ok((*style).to_owned())
        }
        None => c.unexpected(),
    }
}

pub(super) fn alter_materialized(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = c.name()?;
    let change = match c.peek() {
        _ if c.take("AUTO REFRESH") => MvChange::AutoRefresh(c.yes_or_no()?),
        _ if c.take("OWNER TO") => MvChange::Owner(c.identifier()?),
        _ if c.take("ALTER DISTKEY") => MvChange::DistKey(c.identifier()?),
        _ if c.take("ALTER DISTSTYLE") => {
            let style = dist_style(c)?;
            if c.take("DISTKEY") {
                MvChange::DistKey(c.identifier()?)
            } else {
                MvChange::DistStyle(style)
            }
        }
        _ if c.take("ALTER COMPOUND SORTKEY") || c.take("ALTER SORTKEY") => sort_change(c)?,
        _ => return c.unexpected(),
    };
    Ok(Statement::AlterMv { name, change })
}

fn sort_change(c: &mut Cursor<'_>) -> SqlResult<MvChange> {
    if c.take("AUTO") || c.take("NONE") {
        return Ok(MvChange::SortKey(Vec::new()));
    }
    Ok(MvChange::SortKey(c.in_parentheses(Cursor::identifier)?))
}

pub(super) fn refresh(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    c.expect("MATERIALIZED VIEW")?;
    let name = c.name()?;
    let cascade = c.cascade();
    Ok(Statement::RefreshMv { name, cascade })
}

pub(super) fn drop_materialized(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_exists = c.if_exists();
    let names = c.list(Cursor::name)?;
    let cascade = c.cascade();
    Ok(Statement::DropMv {
        names,
        if_exists,
        cascade,
    })
}

pub(super) fn create_view(c: &mut Cursor<'_>, or_replace: bool) -> SqlResult<Statement> {
    let name = c.name()?;
    let columns = if matches!(c.peek(), Some(Kind::Symbol("("))) {
        c.in_parentheses(Cursor::identifier)?
    } else {
        Vec::new()
    };
    c.expect("AS")?;
    let query = c.rest_before("WITH NO SCHEMA BINDING")?;
    let late_binding = c.take("WITH NO SCHEMA BINDING");
    let text = c.text.to_owned();
    Ok(Statement::CreateView {
        name,
        or_replace,
        columns,
        query,
        late_binding,
        text,
    })
}

pub(super) fn drop_view(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_exists = c.if_exists();
    let names = c.list(Cursor::name)?;
    let cascade = c.cascade();
    Ok(Statement::DropView {
        names,
        if_exists,
        cascade,
    })
}
