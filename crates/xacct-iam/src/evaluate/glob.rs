//! Wildcards: `*` for any characters, `?` for one.

/// One piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// `*`
    Any,
    /// `?`
    One,
    /// A character that stands for itself.
    Char(char),
}

/// Reads a pattern in which `*` and `?` are wildcards.
pub(super) fn tokens(pattern: &str) -> Vec<Token> {
    pattern.chars().map(token).collect()
}

/// Reads a text in which nothing is a wildcard.
pub(super) fn literal(text: &str) -> Vec<Token> {
    text.chars().map(Token::Char).collect()
}

pub(super) const fn token(c: char) -> Token {
    match c {
        '*' => Token::Any,
        '?' => Token::One,
        other => Token::Char(other),
    }
}

/// Whether `text` matches `pattern` from end to end.
///
/// Linear in practice: on a mismatch only the last `*` is tried again, one
/// character further on.
pub(super) fn matches(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(Token::One) => (p, t) = (p + 1, t + 1),
            Some(Token::Char(c)) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|rest| *rest == Token::Any)
}

/// Actions ignore case: `iam:ListAccessKeys` is `IAM:listaccesskeys`.
pub(super) fn matches_action(pattern: &str, action: &str) -> bool {
    matches(&tokens(&pattern.to_lowercase()), &action.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_and_question_marks_match_as_iam_documents_them() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything:at/all", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xxaxxbxxb", true),
            ("*a*b", "xxaxxbxxc", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(&tokens(pattern), text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn actions_ignore_case() {
        assert!(matches_action("KAFKA-cluster:read*", "kafka-cluster:ReadData"));
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_and_every_star_put_into_it(text in "[a-z:/]{0,12}", at in 0usize..13) {
            prop_assert!(matches(&literal(&text), &text));
            let at = at.min(text.len());
            let starred = format!("{}*{}", &text[..at], &text[at..]);
            prop_assert!(matches(&tokens(&starred), &text));
        }

        #[test]
        fn many_stars_take_no_exponential_time(n in 1usize..60) {
            let pattern = "a*".repeat(n) + "b";
            prop_assert!(!matches(&tokens(&pattern), &"a".repeat(400)));
        }
    }
}
