//! Policy variables such as `${aws:PrincipalAccount}`.
//!
//! Source: IAM user guide, "IAM policy elements: Variables and tags": they
//! exist in version 2012-10-17 only; `${*}`, `${?}` and `${$}` are the
//! characters themselves; `${key, 'text'}` has a default; a variable without
//! value makes the comparison fail.

use super::context::{Context, Known};
use super::glob::{Token, literal, token};
use crate::policy::Version;

/// Why a text with variables has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoValue {
    /// The key is not in the request: nothing matches.
    Absent,
    /// The key's value is not known now, or several values stand in it.
    Undecided(String),
}

/// The text with variables replaced; `wildcards` says whether `*` and `?` of
/// the text itself are wildcards. Values of variables never are.
pub(super) fn expand(
    text: &str,
    wildcards: bool,
    version: Version,
    context: &Context,
) -> Result<Vec<Token>, NoValue> {
    let plain = |part: &str| match wildcards {
        true => part.chars().map(token).collect(),
        false => literal(part),
    };
    if version == Version::V2008 {
        return Ok(plain(text));
    }
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        out.extend(plain(before));
        out.extend(literal(&value(name, context)?));
        rest = behind;
    }
    out.extend(plain(rest));
    Ok(out)
}

fn value(variable: &str, context: &Context) -> Result<String, NoValue> {
    if let "*" | "?" | "$" = variable {
        return Ok(variable.to_owned());
    }
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (variable.trim(), None),
    };
    match (context.get(key), default) {
        (Known::Present([only]), _) => Ok(only.clone()),
        (Known::Present([]) | Known::Absent, Some(default)) => Ok(default.to_owned()),
        (Known::Present([]) | Known::Absent, None) => Err(NoValue::Absent),
        (Known::Present(_), _) => Err(NoValue::Undecided(format!(
            "the variable ${{{key}}} has several values"
        ))),
        (Known::Undecided, _) => Err(NoValue::Undecided(format!(
            "the value of ${{{key}}} is only known when the call is made"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::glob::matches;
    use super::*;

    fn expanded(text: &str, wildcards: bool) -> Result<Vec<Token>, NoValue> {
        let context = Context::new()
            .set("aws:username", ["ad*m"])
            .undecided("aws:PrincipalTag/");
        expand(text, wildcards, Version::V2012, &context)
    }

    #[test]
    fn a_star_in_a_value_is_no_wildcard() {
        let pattern = expanded("home/${aws:username}/*", true).unwrap();
        assert!(matches(&pattern, "home/ad*m/notes"));
        assert!(!matches(&pattern, "home/adam/notes"));
    }

    #[test]
    fn defaults_stand_in_for_absent_keys_and_escapes_for_themselves() {
        assert!(matches(
            &expanded("${aws:team, 'guests'}-${*}", false).unwrap(),
            "guests-*"
        ));
        assert_eq!(expanded("${aws:team}", true), Err(NoValue::Absent));
        assert!(matches!(
            expanded("${aws:PrincipalTag/team}", true),
            Err(NoValue::Undecided(_))
        ));
    }

    #[test]
    fn the_old_version_knows_no_variables() {
        let pattern = expand("${aws:username}", true, Version::V2008, &Context::new()).unwrap();
        assert!(matches(&pattern, "${aws:username}"));
    }
}
