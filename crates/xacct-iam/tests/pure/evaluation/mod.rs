//! Decisions written by hand from AWS's documents: every case with its page.

mod conditions;
mod elements;
mod layers;
mod pages;
mod principals;

use std::collections::BTreeSet;
use xacct_iam::evaluate::{
    Attached, Caller, Context, Decision, Denial, Policies, PolicyKind, Request, RoleCaller, ServiceCaller,
    evaluate,
};
use xacct_iam::policy::PolicyDocument;

const ROLE: &str = "arn:aws:iam::222222222222:role/warehouse";
const READER: &str = "arn:aws:iam::111111111111:role/reader";
const SIBLING: &str = "arn:aws:iam::222222222222:role/sibling";
const TOPIC: &str = "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic";

fn document(statements: &str) -> PolicyDocument {
    PolicyDocument::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
    ))
    .unwrap()
}

fn role() -> Caller {
    Caller::Role(RoleCaller {
        arn: ROLE.parse().unwrap(),
        unique_id: Some("AROAWAREHOUSE0000001".to_owned()),
        session: Some("loader".to_owned()),
    })
}

/// `A` allowed, `X` explicitly denied, `D` implicitly denied, `?` undecided.
fn letter(decision: &Decision) -> char {
    match decision {
        Decision::Allowed(_) => 'A',
        Decision::Denied(Denial::Explicit(_)) => 'X',
        Decision::Denied(_) => 'D',
        _ => '?',
    }
}

/// One request against documents of given kinds.
fn ask(request: &Request, documents: &[(PolicyKind, &str)]) -> Decision {
    let parsed: Vec<(PolicyKind, PolicyDocument)> = documents
        .iter()
        .map(|(kind, text)| (*kind, document(text)))
        .collect();
    let attached = parsed
        .iter()
        .map(|(kind, document)| Attached::new(*kind, "p", document));
    evaluate(request, &attached.fold(Policies::none(), Policies::with))
}

const ALLOW_ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const ALLOW_ASSUME: &str = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}"#;

#[test]
fn at_least_150_different_cases_stand_here_each_with_its_page() {
    let mut cases: BTreeSet<(&str, String)> = BTreeSet::new();
    for family in [elements::ELEMENTS, conditions::CONDITIONS, principals::TRUSTS] {
        cases.extend(family.iter().map(|(page, text, _)| (*page, (*text).to_owned())));
    }
    cases.extend(
        principals::SERVICES
            .iter()
            .map(|case| (case.0, format!("{:?}", (case.1, case.2, case.3)))),
    );
    let layered = layers::WITHIN.iter().map(|case| ("within", case));
    for (relation, case) in layered.chain(layers::ACROSS.iter().map(|case| ("across", case))) {
        cases.insert((case.0, format!("{relation} {:?}", case.1)));
    }
    let pages: BTreeSet<&str> = cases.iter().map(|(page, _)| *page).collect();
    println!("{} cases from {} pages", cases.len(), pages.len());
    assert!(cases.len() >= 150, "{}", cases.len());
    for page in pages {
        assert!(
            page.starts_with("https://docs.aws.amazon.com/IAM/latest/UserGuide/"),
            "{page}"
        );
    }
}

#[test]
fn actions_and_resources_match_as_the_user_guide_says() {
    for (page, statement, expected) in elements::ELEMENTS {
        let context = Context::new().undecided("aws:PrincipalTag/");
        let request = Request::new(role(), "kafka-cluster:ReadData", TOPIC).in_context(context);
        // The cluster's own policy is no part of the question here: the resource counts as the caller's.
        let document = document(&format!(r#"{{"Effect":"Allow",{statement}}}"#));
        let policies = Policies::identity([Attached::new(PolicyKind::Identity, "p", &document)])
            .resource_of("222222222222".parse().unwrap());
        let decision = evaluate(&request, &policies);
        assert_eq!(
            letter(&decision),
            *expected,
            "{statement}: {decision}; see {page}"
        );
    }
}

#[test]
fn conditions_hold_as_the_user_guide_says() {
    let context = Context::new()
        .set("sts:ExternalId", ["one"])
        .set("aws:TagKeys", ["team", "stage"])
        .set("aws:PrincipalArn", [ROLE])
        .set("aws:MultiFactorAuthAge", ["300"])
        .set("aws:SourceIp", ["203.0.113.7"])
        .set("aws:VpcSourceIp", ["2001:db8:1234:5678::9"])
        .set("aws:CurrentTime", ["2026-11-01T12:00:00Z"])
        .set("aws:SecureTransport", ["true"])
        .set("aws:Binary", ["QmluYXJ5VmFsdWU="])
        .set("aws:Empty", Vec::<String>::new())
        .undecided("aws:PrincipalOrgID");
    for (page, condition, expected) in conditions::CONDITIONS {
        let request = Request::new(role(), "s3:GetObject", "*").in_context(context.clone());
        let text = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
        let decision = ask(&request, &[(PolicyKind::Identity, &text)]);
        assert_eq!(
            letter(&decision),
            *expected,
            "{condition}: {decision}; see {page}"
        );
    }
}

/// A deny under the same condition decides the other way round, doubts included.
#[test]
fn a_condition_holds_for_a_deny_exactly_where_it_holds_for_an_allow() {
    let context = Context::new()
        .set("sts:ExternalId", ["one"])
        .set("aws:TagKeys", ["team", "stage"]);
    for (page, condition, _) in conditions::CONDITIONS {
        let request = Request::new(role(), "s3:GetObject", "*").in_context(context.clone());
        let under = |effect: &str| {
            format!(r#"{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#)
        };
        let allowed = ask(&request, &[(PolicyKind::Identity, &under("Allow"))]);
        let denied = ask(
            &request,
            &[
                (PolicyKind::Identity, ALLOW_ALL),
                (PolicyKind::Identity, &under("Deny")),
            ],
        );
        let expected = match letter(&allowed) {
            'A' => 'X',
            'D' => 'A',
            doubt => doubt,
        };
        assert_eq!(letter(&denied), expected, "{condition}: {denied}; see {page}");
    }
}

#[test]
fn trust_policies_let_in_whom_they_name() {
    for (page, principal, expected) in principals::TRUSTS {
        let request = Request::new(role(), "sts:AssumeRole", READER);
        let trust = format!(r#"{{"Effect":"Allow",{principal},"Action":"sts:AssumeRole"}}"#);
        let decision = ask(
            &request,
            &[(PolicyKind::Identity, ALLOW_ALL), (PolicyKind::Trust, &trust)],
        );
        assert_eq!(
            letter(&decision),
            *expected,
            "{principal}: {decision}; see {page}"
        );
    }
}

#[test]
fn a_service_is_let_in_by_the_trust_policy_alone() {
    for (page, name, region, principal, expected) in principals::SERVICES {
        let caller = Caller::Service(ServiceCaller {
            name: (*name).to_owned(),
            region: region.map(str::to_owned),
        });
        let request = Request::new(caller, "sts:AssumeRole", ROLE);
        let trust = format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#);
        let decision = ask(&request, &[(PolicyKind::Trust, &trust)]);
        assert_eq!(
            letter(&decision),
            *expected,
            "{principal}: {decision}; see {page}"
        );
    }
}

#[test]
fn policies_of_all_kinds_come_to_one_decision() {
    for (cases, resource) in [(layers::WITHIN, SIBLING), (layers::ACROSS, READER)] {
        for (page, documents, expected) in cases {
            let decision = ask(&Request::new(role(), "sts:AssumeRole", resource), documents);
            assert_eq!(
                letter(&decision),
                *expected,
                "{documents:?}: {decision}; see {page}"
            );
        }
    }
}

#[test]
fn a_user_named_in_a_resource_policy_is_not_cut_by_its_boundary() {
    let user = Caller::user("arn:aws:iam::222222222222:user/ann").unwrap();
    let named = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:user/ann"},"Action":"*","Resource":"*"}"#;
    let other = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
    let request = Request::new(user, "sqs:SendMessage", "arn:aws:sqs:ap-south-1:222222222222:q");
    let decision = ask(
        &request,
        &[(PolicyKind::Resource, named), (PolicyKind::Boundary, other)],
    );
    assert_eq!(letter(&decision), 'A', "{decision}");
    assert!(Caller::user(ROLE).is_none());
}

#[test]
fn a_doubt_never_hides_a_sure_answer() {
    let unsure_deny = r#"{"Sid":"Org","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}"#;
    let sure_deny = r#"{"Sid":"Sure","Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
    let request = Request::new(role(), "s3:GetObject", "*").in_context(Context::of_a_future_call());
    let both = format!("{unsure_deny},{sure_deny}");
    for (documents, expected) in [
        (vec![ALLOW_ALL, unsure_deny], '?'),
        (vec![unsure_deny], 'D'),
        (vec![ALLOW_ALL, both.as_str()], 'X'),
    ] {
        let documents: Vec<_> = documents.into_iter().map(|d| (PolicyKind::Identity, d)).collect();
        let decision = ask(&request, &documents);
        assert_eq!(letter(&decision), expected, "{decision}");
    }
}

#[test]
fn answers_name_the_statement_and_the_nearest_miss() {
    let request = Request::new(role(), "sts:AssumeRole", READER);
    let trust = r#"{"Sid":"Users","Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"sts:AssumeRole",
        "Condition":{"StringEquals":{"sts:ExternalId":["a","b"]}}}"#;
    let decision = ask(
        &request,
        &[(PolicyKind::Identity, ALLOW_ASSUME), (PolicyKind::Trust, trust)],
    );
    assert_eq!(
        decision.to_string(),
        "denied because no trust policy allows it (statement Users of trust policy p requires \
         StringEquals sts:ExternalId a, b and the request has no such key)"
    );
    let deny = r#"{"Sid":"Never","Effect":"Deny","Action":"sts:*","Resource":"*"}"#;
    let decision = ask(&request, &[(PolicyKind::Identity, deny)]);
    assert_eq!(
        decision.to_string(),
        "denied by statement Never of identity policy p"
    );
}
