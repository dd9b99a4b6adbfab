//! Documents: what is read is what was written, and what means the same compares equal.

use crate::world::document;
use proptest::prelude::*;
use xacct_iam::policy::{Limit, PolicyDocument, Statement};
use xacct_iam::{PolicyError, policy};

const TUTORIAL_TRUST: &str = r#"{
   "Version": "2012-10-17",
   "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
      {"Sid": "AllowRedshiftToAssumeRole", "Effect": "Allow",
       "Principal": {"AWS": "arn:aws:iam::222222222222:role/service-role/redshift-role"},
       "Action": "sts:AssumeRole"}
   ]
}"#;

fn same(a: &str, b: &str) -> bool {
    let (a, b) = (
        PolicyDocument::parse(a).unwrap(),
        PolicyDocument::parse(b).unwrap(),
    );
    assert_eq!(a.difference(&b).is_empty(), b.difference(&a).is_empty());
    a.means_the_same_as(&b)
}

fn statement(body: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{body}}}]}}"#)
}

#[test]
fn a_trust_policy_as_get_role_returns_it_is_read() {
    let encoded: String = TUTORIAL_TRUST
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let read = PolicyDocument::parse(&encoded).unwrap();
    assert_eq!(read, PolicyDocument::parse(TUTORIAL_TRUST).unwrap());
    assert_eq!(read.statements.len(), 2);
}

#[test]
fn what_means_the_same_compares_equal() {
    for (a, b) in [
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#,
            r#""Resource":["*"],"Action":["S3:getobject"],"Effect":"Allow""#,
        ),
        (
            r#""Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole""#,
            r#""Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root"]},"Action":"sts:AssumeRole""#,
        ),
        (
            r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#,
            r#""Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole""#,
        ),
        (
            r#""Effect":"Deny","NotAction":["a:b","c:d"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}"#,
            r#""Effect":"Deny","NotAction":["c:d","A:B"],"Resource":"*","Condition":{"Bool":{"aws:securetransport":"false"}}"#,
        ),
        (
            r#""Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":["x","y"]}}"#,
            r#""Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":["y","x"]}}"#,
        ),
        (
            r#""Effect":"Allow","Action":["a:b","a:c"],"Resource":["*"]"#,
            r#""Effect":"Allow","Action":"a:b","Resource":"*"},{"Effect":"Allow","Action":"a:c","Resource":"*""#,
        ),
        (
            r#""Sid":"One","Effect":"Allow","Action":"a:b","Resource":["r1","r2"]"#,
            r#""Effect":"Allow","Action":"a:b","Resource":"r2"},{"Effect":"Allow","Action":"a:b","Resource":"r1""#,
        ),
    ] {
        assert!(same(&statement(a), &statement(b)), "{a}\n{b}");
    }
}

#[test]
fn what_means_something_else_compares_different() {
    let base = r#""Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::Clicks""#;
    for other in [
        r#""Effect":"Deny","Action":"a:b","Resource":"arn:aws:s3:::Clicks""#,
        r#""Effect":"Allow","Action":"a:c","Resource":"arn:aws:s3:::Clicks""#,
        r#""Effect":"Allow","NotAction":"a:b","Resource":"arn:aws:s3:::Clicks""#,
        r#""Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::clicks""#,
        r#""Effect":"Allow","Action":"a:b","NotResource":"arn:aws:s3:::Clicks""#,
        r#""Effect":"Allow","Action":"a:b","Resource":"arn:aws:s3:::Clicks","Condition":{"Bool":{"k":"true"}}"#,
        r#""Effect":"Allow","Principal":"*","Action":"a:b","Resource":"arn:aws:s3:::Clicks""#,
    ] {
        assert!(!same(&statement(base), &statement(other)), "{other}");
    }
}

#[test]
fn a_variable_means_something_in_the_new_version_only() {
    let new = statement(r#""Effect":"Allow","Action":"a:b","Resource":"${aws:username}""#);
    assert!(!same(&new, &new.replace("2012-10-17", "2008-10-17")));
    let plain = statement(r#""Effect":"Allow","Action":"a:b","Resource":"*""#);
    assert!(same(&plain, &plain.replace("2012-10-17", "2008-10-17")));
}

#[test]
fn a_difference_names_just_what_differs() {
    let wanted = PolicyDocument::new([Statement::allow(
        "Read",
        ["k:Connect", "k:ReadData"],
        ["t1", "t2"],
    )]);
    let found = PolicyDocument::new([Statement::allow("Read", ["k:Connect", "k:WriteData"], ["t1"])]);
    let difference = wanted.difference(&found);
    let missing: Vec<String> = difference.missing.iter().map(ToString::to_string).collect();
    let extra: Vec<String> = difference.extra.iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["Allow k:connect on t2", "Allow k:readdata on t1, t2"]);
    assert_eq!(extra, ["Allow k:writedata on t1"]);
}

#[test]
fn malformed_documents_are_refused_with_their_position() {
    let mut wrong = Vec::new();
    for (text, says, line, column) in [
        ("", "EOF", 1, 0),
        ("{\n  \"Statement\": [}", "expected value", 2, 17),
        (r#"{"Version":"2012-10-17"}"#, "missing field `Statement`", 1, 24),
        (
            r#"{"Version":"2013-01-01","Statement":[]}"#,
            "unknown variant `2013-01-01`",
            1,
            23,
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a:b","Efect":"Deny"}]}"#,
            "unknown field `Efect`",
            1,
            54,
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Resource":"*"}]}"#,
            "needs Action or NotAction",
            1,
            48,
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"a:b","NotAction":"a:c"}]}"#,
            "Action or NotAction, not both",
            1,
            66,
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"a:b"}]}"#,
            "duplicate field `Effect`",
            1,
            40,
        ),
        (
            r#"{"Statement":[],"Statement":[]}"#,
            "duplicate key `Statement`",
            1,
            31,
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Bool":{"k":"a"},"Bool":{"k":"b"}}}}"#,
            "duplicate key `Bool`",
            1,
            80,
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"a","Principal":{"Aws":"x"}}}"#,
            "unknown field `Aws`",
            1,
            62,
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":"a","Principal":"arn:aws:iam::1:root"}}"#,
            "invalid value",
            1,
            77,
        ),
        (
            r#"{"Statement":{"Effect":"Allow","Action":[["a"]]}}"#,
            "invalid type: sequence",
            1,
            42,
        ),
    ] {
        let refusal = PolicyDocument::parse(text).unwrap_err();
        let cause = std::error::Error::source(&refusal).unwrap().to_string();
        assert!(cause.contains(says), "{text}: {cause}");
        let PolicyError::Syntax {
            line: l, column: c, ..
        } = refusal
        else {
            panic!("{text}: {refusal}");
        };
        wrong.extend(((l, c) != (line, column)).then(|| format!("{text}: line {l}, column {c}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn encoded_bytes_that_are_no_text_are_refused() {
    assert!(matches!(
        PolicyDocument::parse("%7B%FF"),
        Err(PolicyError::Encoding { .. })
    ));
}

#[test]
fn a_statement_of_ours_enters_a_foreign_policy_and_leaves_it_again() {
    let foreign = PolicyDocument::parse(TUTORIAL_TRUST).unwrap();
    let mut merged = foreign.clone();
    let pipeline = "clicks".parse().unwrap();
    let warehouse = "arn:aws:iam::222222222222:role/one".parse().unwrap();
    merged.put(xacct_iam::trust::stream_reader(
        &pipeline,
        &warehouse,
        Default::default(),
    ));
    assert_eq!(merged.statements.len(), 3);
    let other = "arn:aws:iam::222222222222:role/two".parse().unwrap();
    merged.put(xacct_iam::trust::stream_reader(
        &pipeline,
        &other,
        Default::default(),
    ));
    assert_eq!(merged.statements.len(), 3, "the same id replaces");
    assert!(merged.take_back(&xacct_iam::trust::sid(&pipeline, "TrustWarehouse")));
    assert_eq!(merged, foreign);
}

#[test]
fn a_document_over_the_limit_is_split_into_some_that_fit_and_mean_the_same() {
    let actions: Vec<String> = (0..400)
        .map(|n| format!("ec2:DescribeSomethingLong{n}"))
        .collect();
    let long = PolicyDocument::new([
        Statement::allow("Describe", &actions, ["*"]),
        Statement::allow("Few", ["iam:GetRole"], ["arn:aws:iam::111111111111:role/x"]),
    ]);
    assert!(long.check_size(Limit::Managed).is_err());
    let parts = long.split(Limit::Managed).unwrap();
    assert!(parts.len() >= 2 && parts.len() < 5, "{}", parts.len());
    let mut joined = PolicyDocument::new([]);
    for part in parts {
        part.check_size(Limit::Managed).unwrap();
        joined.statements.extend(part.statements);
    }
    assert!(joined.means_the_same_as(&long));
    let sids: std::collections::BTreeSet<_> = joined.statements.iter().map(|s| s.sid.clone()).collect();
    assert_eq!(sids.len(), joined.statements.len(), "ids stay unique");
}

#[test]
fn a_statement_that_cannot_be_cut_is_refused() {
    let one = PolicyDocument::new([Statement::allow("One", ["a".repeat(7_000)], ["*"])]);
    let refusal = one.split(Limit::Managed).unwrap_err().to_string();
    assert!(refusal.contains("a managed policy takes 6144"), "{refusal}");
    assert!(refusal.contains("cannot be cut further"), "{refusal}");
    let mut trust = one;
    trust.statements[0].sid = None;
    let refusal = trust.split(policy::Limit::Trust).unwrap_err().to_string();
    assert!(refusal.contains("2048"), "{refusal}");
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back_the_same(document in document(false), trust in document(true)) {
        for document in [document, trust] {
            prop_assert_eq!(&PolicyDocument::parse(&document.to_json()).unwrap(), &document);
            prop_assert!(document.difference(&document).is_empty());
        }
    }

    #[test]
    fn the_order_of_statements_does_not_change_the_meaning(document in document(true), by in 0usize..5) {
        let mut turned = document.clone();
        let by = by.min(turned.statements.len());
        turned.statements.rotate_left(by);
        turned.statements.reverse();
        prop_assert!(document.means_the_same_as(&turned));
    }

    #[test]
    fn documents_that_differ_in_meaning_differ_in_their_difference(a in document(false), b in document(false)) {
        if a.version == b.version {
            prop_assert_eq!(a.means_the_same_as(&b), a.difference(&b).is_empty() && b.difference(&a).is_empty());
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in r#"(\{|\}|\[|\]|:|,|"(Version|Statement|Effect|Action|Allow|Principal|AWS|\*|[a-z%]{0,4})"|%[0-9A-F]{2}| |[0-9]){0,40}"#) {
        if let Err(PolicyError::Syntax { line, .. }) = PolicyDocument::parse(&text) {
            prop_assert!(line >= 1);
        }
    }

    #[test]
    fn splitting_keeps_the_meaning(document in document(false)) {
        let parts = document.split(Limit::RoleInline).unwrap();
        let mut joined = PolicyDocument { statements: Vec::new(), ..document.clone() };
        joined.statements = parts.into_iter().flat_map(|part| part.statements).collect();
        prop_assert!(joined.means_the_same_as(&document));
    }
}
