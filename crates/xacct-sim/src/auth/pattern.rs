//! Wildcard matching as IAM does it.
//!
//! `*` stands for any run of characters, `?` for one. ARN patterns are compared part by part:
//! a wildcard inside one of the first five colon-separated parts never reaches into the next, while in the
//! last part it may cross both `:` and `/` (IAM user guide, "IAM JSON policy elements: Resource").

use std::borrow::Cow;

/// Whether `text` matches `pattern`, in which `*` and `?` are wildcards. Case-sensitive.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                // Let the last star take one more character and try again from there.
                Some((star_p, star_t)) => {
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// [`like`] without regard to case; how action names are compared.
pub(crate) fn like_ignoring_case(pattern: &str, text: &str) -> bool {
    like(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Whether `arn` matches an ARN pattern, part by part; a bare `*` matches everything.
pub(crate) fn arn_like(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let wanted: Vec<&str> = pattern.splitn(6, ':').collect();
    let given: Vec<&str> = arn.splitn(6, ':').collect();
    if wanted.len() == 6 && given.len() == 6 {
        return wanted.iter().zip(&given).all(|(w, g)| like(w, g));
    }
    // An unfinished pattern (`arn:aws:sqs:*`) stands for everything that starts so.
    wanted.len() < 6 && pattern.ends_with('*') && wanted.len() <= given.len() && {
        let head = wanted.len() - 1;
        wanted[..head].iter().zip(&given).all(|(w, g)| like(w, g))
            && like(wanted[head], &given[head..].join(":"))
    }
}

/// Replaces `${key}` and `${key, 'default'}` by what `lookup` knows; `${*}`, `${?}` and `${$}` are literals.
///
/// `None` when a variable has neither value nor default: IAM then treats the whole element as not matching.
pub(crate) fn substitute<'a>(text: &'a str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<Cow<'a, str>> {
    if !text.contains("${") {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.push_str(&rest[..start]);
        let Some(length) = rest[start..].find('}') else {
            out.push_str(&rest[start..]);
            return Some(Cow::Owned(out));
        };
        let inside = &rest[start + 2..start + length];
        out.push_str(&variable(inside, lookup)?);
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

fn variable(inside: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if matches!(inside, "*" | "?" | "$") {
        return Some(inside.to_owned());
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside.trim(), None),
    };
    lookup(key).or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_slashes_but_not_the_colons_of_an_arn() {
        assert!(arn_like(
            "arn:aws:kafka:*:1:topic/c/*",
            "arn:aws:kafka:eu-west-1:1:topic/c/u/t"
        ));
        assert!(!arn_like(
            "arn:aws:*:topic/c/u/t",
            "arn:aws:kafka:eu-west-1:1:topic/c/u/t"
        ));
        assert!(!arn_like(
            "arn:aws:kafka:*:topic/c/*",
            "arn:aws:kafka:eu-west-1:1:topic/c/u/t"
        ));
        assert!(arn_like("*", "arn:aws:iam::1:role/x"));
        assert!(arn_like("arn:aws:iam::1:*", "arn:aws:iam::1:role/x"));
        assert!(arn_like("arn:aws:iam:*", "arn:aws:iam::1:role/x"));
        assert!(!arn_like("arn:aws:sts:*", "arn:aws:iam::1:role/x"));
    }

    #[test]
    fn wildcards_backtrack() {
        assert!(like("a*b*c", "a-b-b-c"));
        assert!(!like("a*b*c", "a-b-b-d"));
        assert!(like("a?c*", "abc"));
        assert!(like_ignoring_case("EC2:describe*", "ec2:DescribeVpcs"));
    }

    #[test]
    fn policy_variables_are_replaced_or_make_the_element_unmatchable() {
        let known = |key: &str| (key == "aws:username").then(|| "ann".to_owned());
        assert_eq!(
            substitute("home/${aws:username}/${*}", &known).as_deref(),
            Some("home/ann/*")
        );
        assert_eq!(substitute("${aws:x, 'y'}", &known).as_deref(), Some("y"));
        assert_eq!(substitute("${aws:x}", &known), None);
    }
}
