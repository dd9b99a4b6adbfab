//! Users, roles, privileges, comments, settings, databases.

use super::cursor::Cursor;
use crate::sql::error::SqlResult;
use crate::sql::lexer::Kind;
use crate::sql::statement::{Grantee, Name, Statement, Target};

pub(super) fn grant(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let (privileges, on) = what(c)?;
    c.expect("TO")?;
    let to = c.list(grantee)?;
    if !c.take("WITH GRANT OPTION") {
        c.take("WITH ADMIN OPTION");
    }
    Ok(Statement::Grant { privileges, on, to })
}

pub(super) fn revoke(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    if !c.take("GRANT OPTION FOR") {
        c.take("ADMIN OPTION FOR");
    }
    let (privileges, on) = what(c)?;
    c.expect("FROM")?;
    let from = c.list(grantee)?;
    c.cascade();
    Ok(Statement::Revoke { privileges, on, from })
}

fn what(c: &mut Cursor<'_>) -> SqlResult<(Vec<String>, Target)> {
    if c.take("ROLE") {
        return Ok((Vec::new(), Target::Role(c.list(role_name)?)));
    }
    let privileges = c.list(privilege)?;
    if !c.take("ON") {
        return Ok((privileges, Target::System));
    }
    Ok((privileges, target(c)?))
}

/// One privilege, which may be several words (`CREATE SCHEMA`, `ALL PRIVILEGES`).
fn privilege(c: &mut Cursor<'_>) -> SqlResult<String> {
    let mut out = c.keyword()?;
    while let Some(Kind::Word(word)) = c.peek() {
        if ["ON", "TO", "FROM"]
            .iter()
            .any(|end| word.eq_ignore_ascii_case(end))
        {
            break;
        }
        out = format!("{out} {}", c.keyword()?);
    }
    Ok(if out == "ALL PRIVILEGES" {
        "ALL".to_owned()
    } else {
        out
    })
}

fn target(c: &mut Cursor<'_>) -> SqlResult<Target> {
    if c.take("DATABASE") {
        return Ok(Target::Database(c.list(Cursor::identifier)?));
    }
    if c.take("SCHEMA") {
        return Ok(Target::Schema(c.list(Cursor::identifier)?));
    }
    if c.take("ALL TABLES IN SCHEMA") {
        return Ok(Target::AllTables(c.list(Cursor::identifier)?));
    }
    c.take("TABLE");
    Ok(Target::Relation(c.list(Cursor::name)?))
}

fn grantee(c: &mut Cursor<'_>) -> SqlResult<Grantee> {
    if c.take("PUBLIC") {
        return Ok(Grantee::Public);
    }
    if c.take("ROLE") {
        return Ok(Grantee::Role(role_name(c)?));
    }
    if c.take("GROUP") {
        return Ok(Grantee::Group(c.identifier()?));
    }
    Ok(Grantee::User(user_name(c)?))
}

/// System roles are written `sys:monitor`, with or without quotes.
fn role_name(c: &mut Cursor<'_>) -> SqlResult<String> {
    let name = c.identifier()?;
    if c.take_symbol(":") {
        return Ok(format!("{name}:{}", c.identifier()?));
    }
    match c.peek() {
        Some(Kind::Parameter(rest)) => {
            let out = format!("{name}:{}", rest.to_ascii_lowercase());
            c.skip();
            Ok(out)
        }
        _ => Ok(name),
    }
}

/// User names keep the case of `IAM:` and `IAMR:` names, which is how Redshift stores them.
pub(super) fn user_name(c: &mut Cursor<'_>) -> SqlResult<String> {
    match c.peek() {
        Some(Kind::Quoted(name)) if name.starts_with("IAM:") || name.starts_with("IAMR:") => {
            let name = name.clone();
            c.skip();
            Ok(name)
        }
        _ => c.identifier(),
    }
}

pub(super) fn comment(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    c.expect("ON")?;
    let kind = match c.peek() {
        _ if c.take("TABLE") => "TABLE",
        _ if c.take("VIEW") => "VIEW",
        _ if c.take("SCHEMA") => "SCHEMA",
        _ if c.take("DATABASE") => "DATABASE",
        _ if c.is_word(0, "COLUMN") => {
            c.skip();
            "COLUMN"
        }
        _ => return c.unexpected(),
    };
    let name: Name = c.name()?;
    c.expect("IS")?;
    let text = if c.take("NULL") { None } else { Some(c.string()?) };
    Ok(Statement::Comment {
        kind: kind.to_owned(),
        name,
        text,
    })
}

/// The name of a setting, in lower case.
pub(super) fn parameter(c: &mut Cursor<'_>) -> SqlResult<String> {
    Ok(c.keyword()?.to_ascii_lowercase())
}

pub(super) fn set(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    if !c.take("SESSION") {
        c.take("LOCAL");
    }
    let name = parameter(c)?;
    if !c.take_symbol("=") {
        c.expect("TO")?;
    }
    if c.take("DEFAULT") {
        return Ok(Statement::Set { name, value: None });
    }
    let value = c.list(value)?.join(", ");
    Ok(Statement::Set {
        name,
        value: Some(value),
    })
}

fn value(c: &mut Cursor<'_>) -> SqlResult<String> {
    let text = match c.peek() {
        Some(Kind::Text(text) | Kind::Number(text) | Kind::Quoted(text)) => text.clone(),
        Some(Kind::Word(word)) => word.to_ascii_lowercase(),
        _ => return c.unexpected(),
    };
    c.skip();
    Ok(text)
}

pub(super) fn show(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    if c.take("VIEW") {
        return Ok(Statement::ShowView { name: c.name()? });
    }
    Ok(Statement::Show { name: parameter(c)? })
}

pub(super) fn create_user(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = user_name(c)?;
    c.take("WITH");
    let superuser = user_options(c)?.unwrap_or(false);
    Ok(Statement::CreateUser { name, superuser })
}

pub(super) fn alter_user(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = user_name(c)?;
    c.take("WITH");
    let superuser = user_options(c)?;
    Ok(Statement::AlterUser { name, superuser })
}

/// Reads options; says whether the user becomes (or stops being) a superuser.
fn user_options(c: &mut Cursor<'_>) -> SqlResult<Option<bool>> {
    let mut superuser = None;
    while !c.at_end() {
        match c.peek() {
            _ if c.take("CREATEUSER") => superuser = Some(true),
            _ if c.take("NOCREATEUSER") => superuser = Some(false),
            _ if c.take("CREATEDB") || c.take("NOCREATEDB") => {}
            _ if c.take("PASSWORD DISABLE") => {}
            _ if c.take("PASSWORD") => {
                c.string()?;
            }
            _ => return c.unexpected(),
        }
    }
    Ok(superuser)
}

pub(super) fn drop_user(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_exists = c.if_exists();
    Ok(Statement::DropUser {
        names: c.list(user_name)?,
        if_exists,
    })
}

pub(super) fn create_role(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    Ok(Statement::CreateRole {
        name: c.identifier()?,
    })
}

pub(super) fn drop_role(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = c.identifier()?;
    let force = c.take("FORCE");
    c.take("RESTRICT");
    Ok(Statement::DropRole { name, force })
}

pub(super) fn create_database(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = c.identifier()?;
    c.take("WITH");
    let mut owner = None;
    if c.take("OWNER") {
        c.take_symbol("=");
        owner = Some(user_name(c)?);
    }
    Ok(Statement::CreateDatabase { name, owner })
}

pub(super) fn drop_database(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    Ok(Statement::DropDatabase {
        name: c.identifier()?,
    })
}
