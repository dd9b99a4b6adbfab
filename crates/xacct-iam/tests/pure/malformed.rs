//! Thousands of malformed documents: each is refused with its place, none makes the reader panic.

use crate::world::document;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use xacct_iam::PolicyError;
use xacct_iam::policy::PolicyDocument;

/// What is done to the text of a good document.
#[derive(Debug, Clone)]
enum Harm {
    Cut(Index),
    Drop(Index),
    Put(Index, &'static str),
    /// Exchanges one word for another that does not belong there.
    Word(&'static str, &'static str),
}

const PIECES: [&str; 12] = [
    "\"", "{", "}", "[", "]", ",", ":", "\\", "\u{0}", "null", "1e999", "é",
];

const WORDS: [(&str, &str); 12] = [
    ("\"Effect\"", "\"effect\""),
    ("\"Allow\"", "\"allow\""),
    ("\"Statement\"", "\"Statements\""),
    ("\"Action\"", "\"Actions\""),
    ("\"Effect\"", "\"Effect\":\"Deny\",\"Effect\""),
    ("2012-10-17", "2012-10-18"),
    ("\"Version\"", "\"Version\":\"2012-10-17\",\"Version\""),
    (":[", ":[["),
    ("\"AWS\"", "\"Aws\""),
    ("\"Resource\":", "\"NotResource\":\"*\",\"Resource\":"),
    ("\"Action\":", "\"NotAction\":\"*\",\"Action\":"),
    ("\"Condition\":{", "\"Condition\":[{"),
];

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        any::<Index>().prop_map(Harm::Cut),
        any::<Index>().prop_map(Harm::Drop),
        (any::<Index>(), select(PIECES.to_vec())).prop_map(|(at, piece)| Harm::Put(at, piece)),
        select(WORDS.to_vec()).prop_map(|(from, to)| Harm::Word(from, to)),
    ]
}

fn harmed(text: &str, harm: &Harm) -> String {
    let letters: Vec<char> = text.chars().collect();
    let joined = |parts: [&[char]; 2], between: &str| {
        let [before, after] = parts.map(|part| part.iter().collect::<String>());
        format!("{before}{between}{after}")
    };
    match harm {
        Harm::Cut(at) => letters[..at.index(letters.len())].iter().collect(),
        Harm::Drop(at) => {
            let at = at.index(letters.len());
            joined([&letters[..at], &letters[at + 1..]], "")
        }
        Harm::Put(at, piece) => {
            let (before, after) = letters.split_at(at.index(letters.len()));
            joined([before, after], piece)
        }
        Harm::Word(from, to) => text.replacen(from, to, 1),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 40_000, ..ProptestConfig::with_cases(10_000) })]

    #[test]
    fn a_malformed_document_is_refused_with_its_place(
        good in prop_oneof![document(false), document(true)], harm in harm(), pretty in any::<bool>()
    ) {
        let text = match pretty {
            true => serde_json::to_string_pretty(&good).unwrap(),
            false => good.to_json(),
        };
        let text = harmed(&text, &harm);
        let read = PolicyDocument::parse(&text);
        prop_assume!(read.is_err());
        let Err(PolicyError::Syntax { line, column, .. }) = read else {
            return Err(TestCaseError::fail(format!("{text}: {read:?}")));
        };
        // A reader that stops at the end of a line stands before the first column of the next.
        let lines: Vec<&str> = text.split('\n').collect();
        prop_assert!((1..=lines.len()).contains(&line), "{}: line {}", text, line);
        prop_assert!(column <= lines[line - 1].len() + 1, "{}: column {}", text, column);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in r#"[%{}\[\]":,a-zA-Z0-9*$. \\\n]{0,60}|.{0,40}"#) {
        if let Ok(document) = PolicyDocument::parse(&text) {
            prop_assert_eq!(PolicyDocument::parse(&document.to_json()).unwrap(), document);
        }
    }
}

#[test]
fn percent_encoded_bytes_that_are_no_text_are_refused_with_their_place() {
    let refusal = PolicyDocument::parse("%7B%22Version%22%3A%FF%7D").unwrap_err();
    let cause = std::error::Error::source(&refusal).unwrap().to_string();
    assert!(matches!(refusal, PolicyError::Encoding { .. }));
    assert!(cause.contains("index 11"), "{cause}");
}
