//! ARN patterns: each of the six parts is matched by itself.
//!
//! Sources: IAM user guide, "IAM JSON policy elements: Resource", "Amazon
//! Resource Name (ARN) condition operators", and "IAM identifiers" (an ARN with
//! fewer than six parts is completed with `*`).

use super::glob::{Token, matches};

/// What a pattern says about an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArnMatch {
    Yes,
    No,
    /// Only if a `*` at the end of a part reaches over the colon behind it. The
    /// user guide says both that it can and that parts are matched separately.
    OnlyAcrossColons,
}

/// Matches `text` against a pattern, part by part; the last part takes the rest.
pub(super) fn matches_arn(pattern: &[Token], text: &str) -> ArnMatch {
    if !pattern.is_empty() && pattern.iter().all(|token| *token == Token::Any) {
        return ArnMatch::Yes;
    }
    let patterns = split(pattern);
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    if parts.len() < 6 || patterns.first().is_none_or(|first| !matches(first, "arn")) {
        return ArnMatch::No;
    }
    let any = [Token::Any];
    let each = parts
        .iter()
        .enumerate()
        .all(|(n, part)| matches(patterns.get(n).copied().unwrap_or(&any), part));
    if each {
        return ArnMatch::Yes;
    }
    // The first three parts hold no colon-crossing pattern that IAM would accept.
    let crosses = patterns
        .iter()
        .take(5)
        .skip(3)
        .any(|part| part.last() == Some(&Token::Any));
    if crosses && matches(pattern, text) {
        return ArnMatch::OnlyAcrossColons;
    }
    ArnMatch::No
}

/// At most six parts; colons behind the fifth belong to the last.
fn split(pattern: &[Token]) -> Vec<&[Token]> {
    let (mut parts, mut rest) = (Vec::new(), pattern);
    while parts.len() < 5 {
        let Some(colon) = rest.iter().position(|token| *token == Token::Char(':')) else {
            break;
        };
        parts.push(&rest[..colon]);
        rest = &rest[colon + 1..];
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::super::glob::tokens;
    use super::*;

    const TOPIC: &str = "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic";

    #[test]
    fn each_part_is_matched_by_itself() {
        for (pattern, expected) in [
            ("*", ArnMatch::Yes),
            (
                "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/*",
                ArnMatch::Yes,
            ),
            ("arn:aws:kafka:*:*:topic/clicks/*/testtopic", ArnMatch::Yes),
            (
                "arn:aws:kafka:ap-south-?:111111111111:topic/*/testtopic",
                ArnMatch::Yes,
            ),
            ("arn:aws:kafka:ap-south-1:111111111111:group/*", ArnMatch::No),
            (
                "arn:aws:kafka:ap-south-1:222222222222:topic/clicks/*",
                ArnMatch::No,
            ),
            ("arn:aws:kafka:ap-south-1:111111111111:Topic/*", ArnMatch::No),
            ("arn:aws:kafka", ArnMatch::Yes),
            ("arn:aws:sqs", ArnMatch::No),
            ("arn:aws:kafka:*:topic/clicks/*", ArnMatch::OnlyAcrossColons),
            ("kafka:*", ArnMatch::No),
            ("", ArnMatch::No),
        ] {
            assert_eq!(matches_arn(&tokens(pattern), TOPIC), expected, "{pattern}");
        }
    }

    #[test]
    fn a_call_without_a_resource_is_matched_by_a_star_alone() {
        assert_eq!(matches_arn(&tokens("*"), "*"), ArnMatch::Yes);
        assert_eq!(matches_arn(&tokens("arn:aws:kinesis:*:*:*"), "*"), ArnMatch::No);
    }
}
