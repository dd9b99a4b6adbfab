//! Reads statements back from text.

mod cursor;
mod schema;
mod view;

use super::append::{AppendTable, ExtraColumns};
use super::database::{CreateDatabase, DropDatabase};
use super::grant::{Grant, Grantee, Privilege};
use super::ident::DatabaseName;
use super::scan::{Position, scan};
use super::statement::Statement;
use super::table::CreateTableLike;
use cursor::Cursor;
use sqlparser::tokenizer::Token;

/// A text is not one of the statements of this crate.
#[derive(Debug, thiserror::Error)]
#[error("{at}: expected {expected}, found {found}")]
#[non_exhaustive]
pub struct ReadError {
    /// Where reading stopped.
    pub at: Position,
    /// What could have stood there.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// Why a name, ARN or select was refused.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Reads exactly one statement of those that this crate renders.
///
/// Keywords may be in any case, names without quotes are folded to lower case as
/// Redshift does, options may stand in any order that Redshift allows, and one
/// semicolon may end the text. So the statements of AWS's documentation are read,
/// and the definitions that Redshift's catalog keeps.
///
/// ```
/// use redshift_streaming::ddl::read;
///
/// let tutorial = read("REFRESH MATERIALIZED VIEW MyView1;")?;
/// assert_eq!(tutorial.to_string(), r#"REFRESH MATERIALIZED VIEW "myview1""#);
///
/// let refusal = read("REFRESH MATERIALIZED VIEW myview1; DROP SCHEMA s").unwrap_err();
/// assert_eq!(refusal.to_string(), "line 1, column 36: expected the end, found DROP");
/// # Ok::<(), redshift_streaming::ddl::ReadError>(())
/// ```
///
/// # Errors
/// [`ReadError`] says where the text is something else.
pub fn read(text: &str) -> Result<Statement, ReadError> {
    let lexemes = scan(text).map_err(|error| ReadError {
        at: error.at,
        expected: "SQL".into(),
        found: error.message,
        cause: None,
    })?;
    let mut cursor = Cursor::new(text, &lexemes);
    let statement = statement(&mut cursor)?;
    cursor.end()?;
    Ok(statement)
}

fn statement(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    if cursor.eat(&["CREATE", "EXTERNAL", "SCHEMA"]) {
        return schema::create(cursor);
    }
    if cursor.eat(&["ALTER", "EXTERNAL", "SCHEMA"]) {
        return schema::alter(cursor);
    }
    if cursor.eat(&["DROP", "SCHEMA"]) {
        return schema::drop(cursor);
    }
    if cursor.eat(&["CREATE", "MATERIALIZED", "VIEW"]) {
        return view::create_materialized(cursor);
    }
    if cursor.eat(&["ALTER", "MATERIALIZED", "VIEW"]) {
        return view::alter_materialized(cursor);
    }
    if cursor.eat(&["DROP", "MATERIALIZED", "VIEW"]) {
        return view::drop_materialized(cursor);
    }
    if cursor.eat(&["REFRESH", "MATERIALIZED", "VIEW"]) {
        return view::refresh_materialized(cursor);
    }
    if cursor.eat(&["CREATE", "OR", "REPLACE", "VIEW"]) {
        return view::create(cursor, true);
    }
    if cursor.eat(&["CREATE", "VIEW"]) {
        return view::create(cursor, false);
    }
    if cursor.eat(&["DROP", "VIEW"]) {
        return view::drop(cursor);
    }
    rest(cursor)
}

fn rest(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    if cursor.eat(&["CREATE", "DATABASE"]) {
        return Ok(CreateDatabase::new(database(cursor)?).into());
    }
    if cursor.eat(&["DROP", "DATABASE"]) {
        return Ok(DropDatabase::new(database(cursor)?).into());
    }
    if cursor.eat(&["GRANT"]) {
        return Ok(grant(cursor, "TO")?.into());
    }
    if cursor.eat(&["REVOKE"]) {
        return Ok(grant(cursor, "FROM")?.revoke().into());
    }
    if cursor.eat(&["CREATE", "TABLE"]) {
        return table_like(cursor);
    }
    if cursor.eat(&["ALTER", "TABLE"]) {
        return append(cursor);
    }
    Err(cursor.expected("a statement of streaming ingestion"))
}

fn database(cursor: &mut Cursor<'_>) -> Result<DatabaseName, ReadError> {
    let name = cursor.identifier()?;
    DatabaseName::new(name.as_str()).map_err(|cause| cursor.refused("a database name", cause))
}

fn grant(cursor: &mut Cursor<'_>, preposition: &str) -> Result<Grant, ReadError> {
    let privilege = if cursor.eat(&["USAGE", "ON", "SCHEMA"]) {
        Privilege::Usage(cursor.identifier()?)
    } else if cursor.eat(&["SELECT", "ON"]) {
        cursor.eat(&["TABLE"]);
        Privilege::Select(cursor.qualified()?)
    } else {
        return Err(cursor.expected("USAGE ON SCHEMA or SELECT ON"));
    };
    cursor.keyword(preposition)?;
    let grantee = if cursor.eat(&["PUBLIC"]) {
        Grantee::Public
    } else if cursor.eat(&["ROLE"]) {
        Grantee::Role(cursor.identifier()?)
    } else if cursor.eat(&["GROUP"]) {
        Grantee::Group(cursor.identifier()?)
    } else {
        Grantee::User(cursor.identifier()?)
    };
    Ok(Grant::new(privilege, grantee))
}

fn table_like(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let if_not_exists = cursor.eat(&["IF", "NOT", "EXISTS"]);
    let name = cursor.qualified()?;
    cursor.symbol(&Token::LParen, "(")?;
    cursor.keyword("LIKE")?;
    let create = CreateTableLike::new(name, cursor.qualified()?);
    cursor.symbol(&Token::RParen, ")")?;
    Ok(if if_not_exists {
        create.if_not_exists().into()
    } else {
        create.into()
    })
}

fn append(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let target = cursor.qualified()?;
    cursor.keyword("APPEND")?;
    cursor.keyword("FROM")?;
    let append = AppendTable::new(target, cursor.qualified()?);
    if cursor.eat(&["IGNOREEXTRA"]) {
        return Ok(append.extra_columns(ExtraColumns::Ignore).into());
    }
    if cursor.eat(&["FILLTARGET"]) {
        return Ok(append.extra_columns(ExtraColumns::Fill).into());
    }
    Ok(append.into())
}
