//! Names inside queries.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

use super::reader::cursor::fold_quoted;
use super::statement::Name;

/// An identifier as Redshift stores it.
pub(crate) fn fold(ident: &Ident, case_sensitive: bool) -> String {
    match ident.quote_style {
        None => ident.value.to_ascii_lowercase(),
        Some(_) => fold_quoted(&ident.value, case_sensitive),
    }
}

/// The parts of an object name, folded.
pub(crate) fn parts(name: &ObjectName, case_sensitive: bool) -> Vec<String> {
    name.0
        .iter()
        .filter_map(ObjectNamePart::as_ident)
        .map(|ident| fold(ident, case_sensitive))
        .collect()
}

/// Reads folded parts as a relation's name.
pub(crate) fn relation(mut parts: Vec<String>) -> Name {
    let name = parts.pop().unwrap_or_default();
    let schema = parts.pop();
    Name {
        database: parts.pop(),
        schema,
        name,
    }
}
