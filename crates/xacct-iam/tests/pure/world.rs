//! Documents and requests out of a small world, so that they meet often.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use xacct_iam::evaluate::{Caller, Context, Request, RoleCaller};
use xacct_iam::policy::{Conditions, Effect, Element, PolicyDocument, Principals, Statement, Version};

/// The role that calls in every generated request.
pub(crate) const CALLER: &str = "arn:aws:iam::222222222222:role/warehouse";

const ACTIONS: [&str; 6] = [
    "sts:AssumeRole",
    "sts:*",
    "kafka:Get*",
    "kafka-cluster:ReadData",
    "*",
    "s3:GetObject",
];
const RESOURCES: [&str; 5] = [
    "*",
    "arn:aws:iam::111111111111:role/reader",
    "arn:aws:iam::222222222222:role/*",
    "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/*",
    "arn:aws:kafka:*:*:topic/${aws:PrincipalAccount}/*",
];
const AWS: [&str; 6] = [
    "*",
    "222222222222",
    "arn:aws:iam::222222222222:root",
    CALLER,
    "AROAEXAMPLEEXAMPLE1",
    "arn:aws:sts::222222222222:assumed-role/warehouse/one",
];
const CONDITIONS: [(&str, &str, &str); 9] = [
    ("StringEquals", "sts:ExternalId", "one"),
    ("StringNotEquals", "sts:ExternalId", "one"),
    ("StringEqualsIfExists", "sts:ExternalId", "two"),
    ("Null", "sts:ExternalId", "true"),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::222222222222:role/*"),
    ("ForAnyValue:StringLike", "aws:TagKeys", "a*"),
    ("ForAllValues:StringEquals", "aws:TagKeys", "ab"),
    ("StringEquals", "aws:SourceAccount", "222222222222"),
    ("Inexplicable", "aws:PrincipalArn", "x"),
];

fn texts(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(of.to_vec(), 0..3).prop_map(|list| list.into_iter().map(str::to_owned).collect())
}

fn element<T: std::fmt::Debug>(named: impl Strategy<Value = T>) -> impl Strategy<Value = Element<T>> {
    (named, prop::bool::weighted(0.2)).prop_map(|(named, negated)| match negated {
        true => Element::AllBut(named),
        false => Element::Only(named),
    })
}

fn conditions() -> impl Strategy<Value = Conditions> {
    subsequence(CONDITIONS.to_vec(), 0..3).prop_map(|lines| {
        let mut conditions = Conditions::default();
        for (operator, key, value) in lines {
            conditions.add(operator, key, [value]);
        }
        conditions
    })
}

fn principals() -> impl Strategy<Value = Principals> {
    (
        texts(&AWS),
        texts(&["redshift.amazonaws.com", "ec2.amazonaws.com"]),
    )
        .prop_map(|(aws, service)| Principals {
            aws,
            service,
            ..Principals::default()
        })
}

fn effect() -> impl Strategy<Value = Effect> {
    prop::bool::weighted(0.25).prop_map(|deny| if deny { Effect::Deny } else { Effect::Allow })
}

/// A statement of an identity policy, or of a trust policy.
pub(crate) fn statement(trust: bool) -> impl Strategy<Value = Statement> {
    let sid = prop::option::of("[A-Za-z0-9]{1,8}");
    let who = element(principals());
    (
        sid,
        effect(),
        who,
        element(texts(&ACTIONS)),
        element(texts(&RESOURCES)),
        conditions(),
    )
        .prop_map(
            move |(sid, effect, principal, actions, resources, conditions)| Statement {
                sid,
                effect,
                principal: trust.then_some(principal),
                actions,
                resources: (!trust).then_some(resources),
                conditions,
            },
        )
}

/// A whole document.
pub(crate) fn document(trust: bool) -> impl Strategy<Value = PolicyDocument> {
    let version = prop::bool::ANY.prop_map(|old| if old { Version::V2008 } else { Version::V2012 });
    let statements = prop::collection::vec(statement(trust), 0..5);
    (version, statements).prop_map(|(version, statements)| PolicyDocument {
        version,
        id: None,
        statements,
    })
}

/// A request of the one caller, in a context of which parts may be unknown.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    let what = select(vec![
        ("sts:AssumeRole", "arn:aws:iam::111111111111:role/reader"),
        ("sts:AssumeRole", "arn:aws:iam::222222222222:role/reader"),
        (
            "kafka-cluster:ReadData",
            "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/u/t",
        ),
        ("kafka:GetBootstrapBrokers", "*"),
    ]);
    let external = prop::option::of(select(vec!["one", "two"]));
    let tags = prop::option::of(subsequence(vec!["ab", "ac"], 0..3));
    (what, external, tags, prop::bool::ANY, prop::bool::ANY).prop_map(
        |((action, resource), external, tags, source_unknown, identified)| {
            let caller = RoleCaller {
                arn: CALLER.parse().unwrap(),
                unique_id: identified.then(|| "AROAEXAMPLEEXAMPLE1".to_owned()),
                session: identified.then(|| "one".to_owned()),
            };
            let mut context = Context::new();
            if let Some(external) = external {
                context = context.set("sts:ExternalId", [external]);
            }
            if let Some(tags) = tags {
                context = context.set("aws:TagKeys", tags);
            }
            if source_unknown {
                context = context.undecided("aws:SourceAccount");
            }
            Request::new(Caller::Role(caller), action, resource).in_context(context)
        },
    )
}
