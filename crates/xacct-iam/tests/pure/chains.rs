//! Chains of roles: what holds, which link is broken, and what would mend it.

use xacct_iam::chain::{Chain, Goal, Mend, RoleView};
use xacct_iam::policy::{PolicyDocument, Principals, Statement};
use xacct_iam::trust::{self, DatabaseUser, TrustForm};
use xacct_iam::{RoleNaming, RolePairSpec, RoleRules, verify};
use xacct_types::{Grant, Invalid, Owner, PipelineName, RoleArn, Tags};

const TOPIC: &str = "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic";
const GROUP: &str = "arn:aws:kafka:ap-south-1:111111111111:group/clicks/8ecca3e4-s1/*";
const NAMES: [&str; 2] = ["warehouse/role", "source/role"];

fn pipeline() -> PipelineName {
    "clicks".parse().unwrap()
}

fn warehouse_arn() -> RoleArn {
    "arn:aws:iam::222222222222:role/clicks-warehouse-ap-south-1"
        .parse()
        .unwrap()
}

fn reader_arn() -> RoleArn {
    "arn:aws:iam::111111111111:role/clicks-reader-ap-south-1"
        .parse()
        .unwrap()
}

fn read_grant() -> Grant {
    Grant::new(
        "Read",
        ["kafka-cluster:ReadData", "kafka-cluster:DescribeTopic"],
        [TOPIC],
        "reads",
    )
}

fn group_grant() -> Grant {
    Grant::new(
        "Group",
        ["kafka-cluster:AlterGroup"],
        [GROUP],
        "joins a group of a name that is not documented",
    )
}

fn goals() -> Vec<Goal> {
    [read_grant(), group_grant()]
        .iter()
        .flat_map(Goal::all_of)
        .collect()
}

fn warehouse() -> RoleView {
    let policy = PolicyDocument::from_grants([&trust::assume_grant(&reader_arn())]).unwrap();
    RoleView::planned(
        &warehouse_arn(),
        PolicyDocument::new([trust::warehouse(&pipeline(), &[])]),
    )
    .with_unique_id("AROAWAREHOUSE0000001")
    .granting("chain", policy)
}

fn reader(form: TrustForm) -> RoleView {
    let trust = PolicyDocument::new([trust::stream_reader(&pipeline(), &warehouse_arn(), form)]);
    RoleView::planned(&reader_arn(), trust)
        .with_unique_id("AROAREADER0000000001")
        .granting(
            "read",
            PolicyDocument::from_grants([&read_grant(), &group_grant()]).unwrap(),
        )
}

fn chain(first: RoleView, second: RoleView) -> Chain {
    Chain::new("redshift.amazonaws.com", first).then(second)
}

/// Breaks a document by dropping its first statement.
fn emptied(mut document: PolicyDocument) -> PolicyDocument {
    document.statements.remove(0);
    document
}

#[test]
fn the_generated_pair_holds_for_both_services_and_both_forms_of_trust() {
    for service in trust::REDSHIFT_SERVICES {
        for form in [TrustForm::RoleArn, TrustForm::AccountAndArn] {
            let chain = Chain::new(service, warehouse()).then(reader(form));
            let proof = chain.prove(&goals());
            assert!(proof.holds(), "{proof}");
            assert_eq!(proof.steps.len(), 2 + 3);
        }
    }
}

#[test]
fn taking_any_single_element_away_breaks_the_chain_and_verify_names_the_link() {
    type Break = fn(&mut RoleView, &mut RoleView);
    let breaks: [(&str, &str, Break); 8] = [
        ("the service is not trusted", "warehouse/role/trust", |w, _| {
            w.trust = emptied(w.trust.clone())
        }),
        ("the chain policy is gone", "warehouse/role/policy", |w, _| {
            w.policies.clear()
        }),
        ("the reader does not trust", "source/role/trust", |_, r| {
            r.trust = emptied(r.trust.clone())
        }),
        ("the reader trusts another role", "source/role/trust", |_, r| {
            let other: RoleArn = "arn:aws:iam::222222222222:role/other".parse().unwrap();
            r.trust = PolicyDocument::new([trust::stream_reader(
                &"clicks".parse().unwrap(),
                &other,
                TrustForm::RoleArn,
            )]);
        }),
        ("the reader trusts a deleted role", "source/role/trust", |_, r| {
            let dead = Principals {
                aws: vec!["AROADELETED000000001".to_owned()],
                ..Principals::default()
            };
            r.trust = PolicyDocument::new([Statement::allow_principals("T", dead, ["sts:AssumeRole"])]);
        }),
        ("one action is gone", "source/role/policy", |_, r| {
            let less = Grant::new("Read", ["kafka-cluster:DescribeTopic"], [TOPIC], "reads");
            r.policies.insert(
                "read".to_owned(),
                PolicyDocument::from_grants([&less, &group_grant()]).unwrap(),
            );
        }),
        ("the boundary cuts", "source/role/boundary", |_, r| {
            let narrow = PolicyDocument::new([Statement::allow("S3", ["s3:*"], ["*"])]);
            r.boundary = Some(("arn:aws:iam::111111111111:policy/limit".to_owned(), narrow));
        }),
        ("a deny", "source/role/policy", |_, r| {
            let deny = Statement::allow("No", ["kafka-cluster:*"], ["*"]).denied();
            r.policies.insert("deny".to_owned(), PolicyDocument::new([deny]));
        }),
    ];
    for (what, link, broken) in breaks {
        let (mut first, mut second) = (warehouse(), reader(TrustForm::RoleArn));
        broken(&mut first, &mut second);
        let chain = chain(first, second);
        let proof = chain.prove(&goals());
        assert!(!proof.holds(), "{what}");
        assert!(
            proof.failures().all(|step| !step.mends.is_empty()),
            "{what}: {proof}"
        );
        let report = verify::chain(&chain, &goals(), &NAMES);
        assert!(report.names(link), "{what}: {report}");
        let others: Vec<&str> = report
            .findings
            .iter()
            .map(|f| f.link.as_str())
            .filter(|l| *l != link)
            .collect();
        assert!(others.is_empty(), "{what} also blames {others:?}");
    }
}

#[test]
fn a_chain_that_holds_gives_no_finding() {
    let report = verify::chain(&chain(warehouse(), reader(TrustForm::RoleArn)), &goals(), &NAMES);
    assert!(report.findings.is_empty(), "{report}");
    assert!(report.passed.contains(&"source/role/trust".to_owned()));
}

#[test]
fn trusting_a_whole_account_works_and_is_warned_of() {
    let mut second = reader(TrustForm::RoleArn);
    let whole = Principals {
        aws: vec!["222222222222".to_owned()],
        ..Principals::default()
    };
    second.trust = PolicyDocument::new([Statement::allow_principals("T", whole, ["sts:AssumeRole"])]);
    let report = verify::chain(&chain(warehouse(), second), &goals(), &NAMES);
    assert!(report.holds());
    assert!(
        report.findings[0]
            .what
            .contains("every role and user of account 222222222222"),
        "{report}"
    );
}

#[test]
fn what_is_left_of_a_recreated_role_is_mended_by_writing_the_arn_again() {
    let mut second = reader(TrustForm::RoleArn);
    let dead = Principals {
        aws: vec!["AROADELETED000000001".to_owned()],
        ..Principals::default()
    };
    second.trust = PolicyDocument::new([Statement::allow_principals("T", dead, ["sts:AssumeRole"])]);
    let proof = chain(warehouse(), second).prove(&goals());
    let broken = proof.first_failure().unwrap();
    assert_eq!(
        broken.mends,
        [Mend::ReplaceDeadPrincipal {
            role: reader_arn(),
            id: "AROADELETED000000001".to_owned(),
            with: warehouse_arn(),
        }]
    );
}

#[test]
fn a_link_that_lacks_both_sides_is_mended_on_both() {
    let mut first = warehouse();
    first.policies.clear();
    let mut second = reader(TrustForm::RoleArn);
    second.trust = trust::of_services(&pipeline(), ["ec2.amazonaws.com"]);
    let proof = chain(first, second).prove(&[]);
    let mends: Vec<String> = proof
        .first_failure()
        .unwrap()
        .mends
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(mends.len(), 2, "{mends:?}");
    assert!(
        mends
            .iter()
            .any(|mend| mend.contains("let a policy of arn:aws:iam::222222222222"))
    );
    assert!(
        mends
            .iter()
            .any(|mend| mend.contains("let the trust policy of arn:aws:iam::111111111111"))
    );
}

#[test]
fn roles_for_database_users_ask_for_the_users_arn() {
    let account = "222222222222".parse().unwrap();
    let region = "ap-south-1".parse().unwrap();
    let user = DatabaseUser::serverless(&region, &account, "1234-5678", "loader").unwrap();
    assert_eq!(
        user.external_id(),
        "arn:aws:redshift:ap-south-1:222222222222:dbuser:serverless-222222222222-1234-5678/loader"
    );
    let mut first = warehouse();
    first.trust = PolicyDocument::new([trust::warehouse(&pipeline(), std::slice::from_ref(&user))]);
    let without = chain(first.clone(), reader(TrustForm::RoleArn)).prove(&goals());
    assert!(
        matches!(
            without.first_failure().unwrap().mends[0],
            Mend::MeetCondition { .. }
        ),
        "{without}"
    );
    let with = chain(first, reader(TrustForm::RoleArn)).with_external_id(user.external_id());
    assert!(with.prove(&goals()).holds());
    assert!(DatabaseUser::serverless(&region, &account, "1234", "bad'user").is_err());
}

#[test]
fn a_condition_on_the_source_account_cannot_be_proved() {
    let mut first = warehouse();
    first.trust.statements[0] =
        first.trust.statements[0]
            .clone()
            .when("StringEquals", "aws:SourceAccount", ["222222222222"]);
    let proof = chain(first, reader(TrustForm::RoleArn)).prove(&goals());
    let unsure = proof.first_failure().unwrap();
    assert!(unsure.to_string().contains("may or may not assume"), "{unsure}");
    assert!(unsure.to_string().contains("aws:SourceAccount"), "{unsure}");
}

#[test]
fn roles_of_two_partitions_cannot_form_a_chain() {
    let china: RoleArn = "arn:aws-cn:iam::111111111111:role/reader".parse().unwrap();
    let second = RoleView::planned(&china, PolicyDocument::new([]));
    let proof = chain(warehouse(), second).prove(&[]);
    assert_eq!(proof.first_failure().unwrap().mends, [Mend::UseOnePartition]);
}

#[test]
fn ids_of_statements_differ_for_pipelines_that_differ_by_a_hyphen() {
    let sid = |name: &str| trust::sid(&name.parse().unwrap(), "Trust");
    assert_ne!(sid("a-b"), sid("ab"));
    assert_ne!(sid("a-1"), sid("a1"));
    assert!(sid("click-stream-2").bytes().all(|b| b.is_ascii_alphanumeric()));
}

fn pair(rules: &RoleRules, tags: Tags) -> Result<RolePairSpec, Invalid> {
    let owner = Owner::new(pipeline()).with_tags(tags);
    let (source, warehouse) = ("111111111111".parse()?, "222222222222".parse()?);
    RolePairSpec::new(owner, "ap-south-1".parse()?, &source, &warehouse, rules)
}

#[test]
fn the_documents_of_a_pair_are_the_ones_that_were_reviewed() {
    let pair = pair(&RoleRules::default(), Tags::new()).unwrap();
    let documents = pair.documents(&[read_grant()]).unwrap();
    let shown: Vec<String> = documents
        .iter()
        .map(|(name, document)| format!("{name} {document}"))
        .collect();
    let expected = [
        r#"source/role/policy {"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":["kafka-cluster:DescribeTopic","kafka-cluster:ReadData"],"Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic"}]}"#,
        r#"source/role/trust {"Version":"2012-10-17","Statement":[{"Sid":"XacctclicksTrustWarehouse","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1"},"Action":"sts:AssumeRole"}]}"#,
        r#"warehouse/role/policy {"Version":"2012-10-17","Statement":[{"Sid":"AssumeStreamRole","Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111111111111:role/clicks-source-role-ap-south-1"}]}"#,
        r#"warehouse/role/trust {"Version":"2012-10-17","Statement":[{"Sid":"XacctclicksTrustRedshift","Effect":"Allow","Principal":{"Service":["redshift.amazonaws.com","redshift-serverless.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#,
    ];
    assert_eq!(shown, expected);
}

#[test]
fn rules_of_the_company_that_iam_would_refuse_are_refused_before_any_call() {
    let long = RoleRules {
        naming: RoleNaming {
            prefix: "a-prefix-that-leaves-no-room-for-the-rest-of-it-".to_owned(),
            ..RoleNaming::default()
        },
        ..RoleRules::default()
    };
    let refusal = pair(&long, Tags::new()).unwrap_err().to_string();
    assert!(refusal.contains("a role name has 1 to 64"), "{refusal}");
    let many: Tags = (0..60).map(|n| (format!("k{n}"), "v".to_owned())).collect();
    assert!(
        pair(&RoleRules::default(), many)
            .unwrap_err()
            .to_string()
            .contains("50")
    );
    let odd = Tags::from([("team".to_owned(), "a;b".to_owned())]);
    assert!(pair(&RoleRules::default(), odd).is_err());
}

#[test]
fn a_planned_pair_is_proved_before_anything_exists_and_one_principal_is_a_warning() {
    let pair = pair(&RoleRules::default(), Tags::new()).unwrap();
    let grants = [read_grant(), group_grant()];
    let mut view = pair.planned(&grants).unwrap();
    let report = pair.prove(&view, &grants);
    assert!(report.findings.is_empty(), "{report}");
    view.warehouse.trust = trust::of_services(&pipeline(), ["redshift.amazonaws.com"]);
    let report = pair.prove(&view, &grants);
    assert!(report.holds() && report.findings.len() == 1, "{report}");
    view.warehouse.trust = trust::of_services(&pipeline(), ["redshift-serverless.amazonaws.com"]);
    assert!(pair.prove(&view, &grants).names("warehouse/role/trust"));
}
