//! Reads the statements of views.

use super::ReadError;
use super::cursor::Cursor;
use crate::ddl::body::ViewBody;
use crate::ddl::ident::{Identifier, QualifiedName};
use crate::ddl::materialized_view::{
    AlterMaterializedView, CreateMaterializedView, Distribution, DropMaterializedView,
    RefreshMaterializedView, SortKey, ViewChange,
};
use crate::ddl::statement::Statement;
use crate::ddl::view::{CreateView, DropView, Select};
use sqlparser::tokenizer::Token;

/// The options before `AS`, in any order, each at most once.
#[derive(Default)]
struct Options {
    backup: Option<bool>,
    style: Option<Style>,
    key: Option<Identifier>,
    sort: Option<Vec<Identifier>>,
    auto_refresh: Option<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Even,
    All,
    Key,
}

pub(super) fn create_materialized(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let name = cursor.qualified()?;
    let mut options = Options::default();
    while option(cursor, &mut options)? {}
    let distribution = distribution(cursor, &options)?;
    cursor.keyword("AS")?;
    cursor.unwrap_parentheses();
    let place = cursor.place();
    let (text, _) = cursor.select(&[])?;
    let body = ViewBody::existing(text).map_err(|cause| ReadError {
        at: place,
        expected: "a select that a streaming view can hold".into(),
        found: text.chars().take(60).collect(),
        cause: Some(cause.into()),
    })?;
    assemble(name, options, distribution, body)
        .map(Into::into)
        .map_err(|cause| cursor.refused("keys that are columns of the view", cause))
}

fn assemble(
    name: QualifiedName,
    options: Options,
    distribution: Option<Distribution>,
    body: ViewBody,
) -> Result<CreateMaterializedView, xacct_types::Invalid> {
    let mut view = CreateMaterializedView::new(name, body);
    if let Some(yes) = options.backup {
        view = view.backup(yes);
    }
    if let Some(distribution) = distribution {
        view = view.distributed(distribution)?;
    }
    if let Some(columns) = options.sort {
        view = view.sorted_by(columns)?;
    }
    if let Some(yes) = options.auto_refresh {
        view = view.auto_refresh(yes);
    }
    Ok(view)
}

/// Reads one option; false where none follows.
fn option(cursor: &mut Cursor<'_>, options: &mut Options) -> Result<bool, ReadError> {
    if options.backup.is_none() && cursor.eat(&["BACKUP"]) {
        options.backup = Some(cursor.yes_no()?);
    } else if options.style.is_none() && cursor.eat(&["DISTSTYLE"]) {
        options.style = Some(style(cursor)?);
    } else if options.key.is_none() && cursor.eat(&["DISTKEY"]) {
        cursor.symbol(&Token::LParen, "(")?;
        options.key = Some(cursor.identifier()?);
        cursor.symbol(&Token::RParen, ")")?;
    } else if options.sort.is_none() && (cursor.eat(&["COMPOUND", "SORTKEY"]) || cursor.eat(&["SORTKEY"])) {
        options.sort = Some(columns(cursor)?);
    } else if options.auto_refresh.is_none() && cursor.eat(&["AUTO", "REFRESH"]) {
        options.auto_refresh = Some(cursor.yes_no()?);
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn style(cursor: &mut Cursor<'_>) -> Result<Style, ReadError> {
    for (word, style) in [("EVEN", Style::Even), ("ALL", Style::All), ("KEY", Style::Key)] {
        if cursor.eat(&[word]) {
            return Ok(style);
        }
    }
    Err(cursor.expected("EVEN, ALL or KEY"))
}

fn distribution(cursor: &Cursor<'_>, options: &Options) -> Result<Option<Distribution>, ReadError> {
    match (options.style, &options.key) {
        (None, None) => Ok(None),
        (Some(Style::Even), None) => Ok(Some(Distribution::Even)),
        (Some(Style::All), None) => Ok(Some(Distribution::All)),
        (None | Some(Style::Key), Some(key)) => Ok(Some(Distribution::Key(key.clone()))),
        (Some(Style::Key), None) => Err(cursor.expected("DISTKEY with DISTSTYLE KEY")),
        (Some(_), Some(_)) => Err(cursor.expected("DISTSTYLE KEY with DISTKEY")),
    }
}

fn columns(cursor: &mut Cursor<'_>) -> Result<Vec<Identifier>, ReadError> {
    cursor.symbol(&Token::LParen, "(")?;
    let mut columns = vec![cursor.identifier()?];
    while cursor.eat_symbol(&Token::Comma) {
        columns.push(cursor.identifier()?);
    }
    cursor.symbol(&Token::RParen, ")")?;
    Ok(columns)
}

pub(super) fn alter_materialized(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let name = cursor.qualified()?;
    let change = if cursor.eat(&["AUTO", "REFRESH"]) {
        ViewChange::AutoRefresh(cursor.yes_no()?)
    } else if cursor.eat(&["ALTER", "DISTSTYLE", "EVEN"]) {
        ViewChange::DistributionEven
    } else if cursor.eat(&["ALTER", "DISTSTYLE", "ALL"]) {
        ViewChange::DistributionAll
    } else if cursor.eat(&["ALTER", "DISTSTYLE", "AUTO"]) {
        ViewChange::DistributionAuto
    } else if cursor.eat(&["ALTER", "DISTKEY"]) || cursor.eat(&["ALTER", "DISTSTYLE", "KEY", "DISTKEY"]) {
        ViewChange::DistributionKey(cursor.identifier()?)
    } else if cursor.eat(&["ALTER", "SORTKEY", "AUTO"]) {
        ViewChange::SortKeyAuto
    } else if cursor.eat(&["ALTER", "SORTKEY", "NONE"]) {
        ViewChange::SortKeyNone
    } else if cursor.eat(&["ALTER", "SORTKEY"]) || cursor.eat(&["ALTER", "COMPOUND", "SORTKEY"]) {
        let key = SortKey::new(columns(cursor)?);
        ViewChange::SortKey(key.map_err(|cause| cursor.refused("a sort key", cause))?)
    } else if cursor.eat(&["ROW", "LEVEL", "SECURITY"]) {
        row_level_security(cursor)?
    } else {
        let options = "AUTO REFRESH, ALTER DISTSTYLE, ALTER DISTKEY, ALTER SORTKEY or ROW LEVEL SECURITY";
        return Err(cursor.expected(options));
    };
    Ok(AlterMaterializedView::new(name, change).into())
}

fn row_level_security(cursor: &mut Cursor<'_>) -> Result<ViewChange, ReadError> {
    let on = cursor.eat(&["ON"]);
    if !on && !cursor.eat(&["OFF"]) {
        return Err(cursor.expected("ON or OFF"));
    }
    Ok(if cursor.eat(&["FOR", "DATASHARES"]) {
        ViewChange::RowLevelSecurityForDatashares(on)
    } else {
        ViewChange::RowLevelSecurity(on)
    })
}

pub(super) fn drop_materialized(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let if_exists = cursor.eat(&["IF", "EXISTS"]);
    let mut drop = DropMaterializedView::new(cursor.qualified()?);
    while cursor.eat_symbol(&Token::Comma) {
        drop = drop.and(cursor.qualified()?);
    }
    if if_exists {
        drop = drop.if_exists();
    }
    if cascade(cursor) {
        drop = drop.cascade();
    }
    Ok(drop.into())
}

pub(super) fn refresh_materialized(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let refresh = RefreshMaterializedView::new(cursor.qualified()?);
    Ok(if cascade(cursor) {
        refresh.cascade().into()
    } else {
        refresh.into()
    })
}

/// `CASCADE`, or `RESTRICT`, which is the default.
pub(super) fn cascade(cursor: &mut Cursor<'_>) -> bool {
    let cascade = cursor.eat(&["CASCADE"]);
    if !cascade {
        cursor.eat(&["RESTRICT"]);
    }
    cascade
}

pub(super) fn create(cursor: &mut Cursor<'_>, or_replace: bool) -> Result<Statement, ReadError> {
    let name = cursor.qualified()?;
    let names = if cursor.is_symbol(&Token::LParen) {
        columns(cursor)?
    } else {
        Vec::new()
    };
    cursor.keyword("AS")?;
    let (text, late_binding) = cursor.select(&["WITH", "NO", "SCHEMA", "BINDING"])?;
    let select = Select::new(text).map_err(|cause| cursor.refused("a select", cause))?;
    let mut view = CreateView::new(name, select);
    if !names.is_empty() {
        view = view
            .columns(names)
            .map_err(|cause| cursor.refused("columns", cause))?;
    }
    if or_replace {
        view = view.or_replace();
    }
    if late_binding {
        view = view.late_binding();
    }
    Ok(view.into())
}

pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let if_exists = cursor.eat(&["IF", "EXISTS"]);
    let mut drop = DropView::new(cursor.qualified()?);
    while cursor.eat_symbol(&Token::Comma) {
        drop = drop.and(cursor.qualified()?);
    }
    if if_exists {
        drop = drop.if_exists();
    }
    Ok(if cascade(cursor) {
        drop.cascade().into()
    } else {
        drop.into()
    })
}
