//! Named parameters of the Data API: `:name` in a query becomes a literal.
//! <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-calling.html>

use std::collections::BTreeMap;

use crate::sql::error::{SqlError, SqlResult};
use crate::sql::lexer::{Kind, tokens};

/// Puts the values in. Parameters stand only where values can stand; in anything but queries and changes of rows they are
/// a syntax error, as in a prepared statement.
///
/// # Errors
/// A parameter without a value, or a value that no parameter uses.
pub(crate) fn substitute(text: &str, values: &BTreeMap<String, String>) -> SqlResult<String> {
    let found = tokens(text)?;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut unused: Vec<&String> = values.keys().collect();
    let takes = matches!(&found.first().map(|token| token.kind.clone()),
        Some(Kind::Word(word)) if ["select", "with", "insert", "delete"].contains(&word.to_ascii_lowercase().as_str()));
    for token in &found {
        let Kind::Parameter(name) = &token.kind else {
            continue;
        };
        if values.is_empty() || !takes {
            return Err(SqlError::syntax(
                if values.is_empty() { ":" } else { "$1" },
                token.start + 1,
            ));
        }
        let Some(value) = values.get(name) else {
            return Err(SqlError::new(format!(
                "Parameters list is missing the value for parameter {name}"
            )));
        };
        unused.retain(|other| *other != name);
        out.push_str(&text[copied..token.start]);
        out.push_str(&format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''")));
        copied = token.end;
    }
    if let Some(name) = unused.first() {
        return Err(SqlError::new(format!(
            "Parameters list contains unused parameters: {name}"
        )));
    }
    out.push_str(&text[copied..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_literals_and_nothing_else_changes() {
        let values = BTreeMap::from([("a".to_owned(), "it's".to_owned())]);
        let text = "select x::int, ':a' from t where y = :a -- :a";
        assert_eq!(
            substitute(text, &values).expect("values"),
            "select x::int, ':a' from t where y = 'it''s' -- :a"
        );
    }

    #[test]
    fn parameters_cannot_stand_in_ddl_or_be_forgotten() {
        let values = BTreeMap::from([("a".to_owned(), "x".to_owned())]);
        assert!(substitute("create schema :a", &values).is_err());
        assert!(
            substitute("select 1", &values)
                .expect_err("unused")
                .message
                .contains("unused")
        );
        assert!(substitute("select :b", &values).is_err());
    }
}
