//! Decisions written by hand from AWS's documents, one row each.

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

// IAM user guide, "Policy elements: Action", "NotAction", "Resource", "NotResource", "IAM identifiers".
#[test]
fn actions_and_resources_match_as_the_user_guide_says() {
    for (statement, expected) in [
        (r#""Action":"kafka-cluster:ReadData","Resource":"*""#, 'A'),
        (r#""Action":"KAFKA-CLUSTER:readdata","Resource":"*""#, 'A'),
        (r#""Action":"kafka-cluster:Read*","Resource":"*""#, 'A'),
        (r#""Action":"kafka-cluster:ReadDat?","Resource":"*""#, 'A'),
        (r#""Action":"*:ReadData","Resource":"*""#, 'A'),
        (r#""Action":"kafka:*","Resource":"*""#, 'D'),
        (r#""Action":[],"Resource":"*""#, 'D'),
        (r#""NotAction":"kafka-cluster:WriteData","Resource":"*""#, 'A'),
        (r#""NotAction":["kafka-cluster:*","s3:*"],"Resource":"*""#, 'D'),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic""#,
            'A',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/*""#,
            'A',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:*:*:topic/*/testtopic""#,
            'A',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/clicks/*/TestTopic""#,
            'D',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/*""#,
            'D',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:eu-west-1:111111111111:topic/*""#,
            'D',
        ),
        (r#""Action":"*","Resource":"arn:aws:kafka""#, 'A'),
        (r#""Action":"*","Resource":"arn:aws:sqs""#, 'D'),
        (r#""Action":"*","Resource":"arn:aws:kafka:*:topic/clicks/*""#, '?'),
        (
            r#""Action":"*","NotResource":"arn:aws:kafka:*:*:topic/*/testtopic""#,
            'D',
        ),
        (
            r#""Action":"*","NotResource":"arn:aws:kafka:*:*:topic/*/other""#,
            'A',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/${aws:PrincipalTag/cluster}/*/*""#,
            '?',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:${aws:PrincipalAccount}:topic/*""#,
            'D',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/${aws:nothing}/*""#,
            'D',
        ),
        (
            r#""Action":"*","Resource":"arn:aws:kafka:ap-south-1:111111111111:topic/${aws:nothing, 'clicks'}/*""#,
            'A',
        ),
        (r#""Action":"*""#, 'D'),
        (r#""Principal":"*","Action":"*","Resource":"*""#, 'D'),
    ] {
        let context = Context::new().undecided("aws:PrincipalTag/");
        let request = Request::new(role(), "kafka-cluster:ReadData", TOPIC).in_context(context);
        let text = format!(r#"{{"Effect":"Allow",{statement}}}"#);
        // The cluster's own policy is no part of the question here: the resource counts as the caller's.
        let document = document(&text);
        let policies = Policies::identity([Attached::new(PolicyKind::Identity, "p", &document)])
            .resource_of("222222222222".parse().unwrap());
        let decision = evaluate(&request, &policies);
        assert_eq!(letter(&decision), expected, "{statement}: {decision}");
    }
}

// IAM user guide, "IAM JSON policy elements: Condition operators" and "Creating a condition with
// multiple keys or values".
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
        .set("aws:Empty", Vec::<String>::new())
        .undecided("aws:PrincipalOrgID");
    for (condition, expected) in [
        (r#""StringEquals":{"sts:ExternalId":"one"}"#, 'A'),
        (r#""StringEquals":{"STS:externalid":"one"}"#, 'A'),
        (r#""StringEquals":{"sts:ExternalId":["two","one"]}"#, 'A'),
        (r#""StringEquals":{"sts:ExternalId":"One"}"#, 'D'),
        (r#""StringEquals":{"sts:ExternalId":"o*"}"#, 'D'),
        (r#""StringEquals":{"sts:ExternalId":[]}"#, 'D'),
        (r#""StringEqualsIgnoreCase":{"sts:ExternalId":"ONE"}"#, 'A'),
        (r#""StringNotEqualsIgnoreCase":{"sts:ExternalId":"ONE"}"#, 'D'),
        (r#""StringLike":{"sts:ExternalId":"o*"}"#, 'A'),
        (r#""StringLike":{"sts:ExternalId":"O*"}"#, 'D'),
        (r#""StringNotLike":{"sts:ExternalId":["x*","o?e"]}"#, 'D'),
        (r#""StringNotEquals":{"sts:ExternalId":["two","three"]}"#, 'A'),
        (r#""StringNotEquals":{"sts:ExternalId":["two","one"]}"#, 'D'),
        (r#""StringEquals":{"aws:Absent":"x"}"#, 'D'),
        (r#""StringNotEquals":{"aws:Absent":"x"}"#, 'A'),
        (r#""StringEqualsIfExists":{"aws:Absent":"x"}"#, 'A'),
        (r#""StringEqualsIfExists":{"sts:ExternalId":"two"}"#, 'D'),
        (r#""Null":{"aws:Absent":"true"}"#, 'A'),
        (r#""Null":{"aws:Absent":"false"}"#, 'D'),
        (r#""Null":{"sts:ExternalId":"false"}"#, 'A'),
        (r#""Null":{"sts:ExternalId":true}"#, 'D'),
        (r#""Null":{"aws:Empty":"true"}"#, 'A'),
        (
            r#""StringEquals":{"sts:ExternalId":"one"},"Null":{"aws:Absent":"false"}"#,
            'D',
        ),
        (r#""StringEquals":{"sts:ExternalId":"one","aws:Absent":"x"}"#, 'D'),
        (r#""Bool":{"aws:SecureTransport":"true"}"#, 'A'),
        (r#""Bool":{"aws:SecureTransport":false}"#, 'D'),
        (r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#, 'D'),
        (r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#, 'A'),
        (r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#, 'A'),
        (r#""NumericLessThan":{"aws:MultiFactorAuthAge":300}"#, 'D'),
        (r#""NumericLessThanEquals":{"aws:MultiFactorAuthAge":300}"#, 'A'),
        (r#""NumericGreaterThan":{"aws:MultiFactorAuthAge":"299.5"}"#, 'A'),
        (
            r#""NumericGreaterThanEquals":{"aws:MultiFactorAuthAge":"301"}"#,
            'D',
        ),
        (r#""NumericEquals":{"aws:MultiFactorAuthAge":"300.0"}"#, 'A'),
        (r#""NumericNotEquals":{"aws:MultiFactorAuthAge":"300"}"#, 'D'),
        (r#""NumericEquals":{"sts:ExternalId":"1"}"#, 'D'),
        (
            r#""DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}"#,
            'A',
        ),
        (r#""DateLessThan":{"aws:CurrentTime":"2026-11-01"}"#, 'D'),
        (r#""DateLessThanEquals":{"aws:CurrentTime":"1793534400"}"#, 'A'),
        (
            r#""DateEquals":{"aws:CurrentTime":"2026-11-01T13:00:00+01:00"}"#,
            'A',
        ),
        (
            r#""DateNotEquals":{"aws:CurrentTime":"2026-11-01T12:00:00Z"}"#,
            'D',
        ),
        (r#""DateGreaterThanEquals":{"aws:CurrentTime":"whenever"}"#, 'D'),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, 'A'),
        (
            r#""IpAddress":{"aws:SourceIp":["198.51.100.0/24","203.0.113.7"]}"#,
            'A',
        ),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.8"}"#, 'D'),
        (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, 'A'),
        (r#""IpAddress":{"aws:SourceIp":"2001:db8::/32"}"#, 'D'),
        (
            r#""IpAddress":{"aws:VpcSourceIp":"2001:DB8:1234:5678::/64"}"#,
            'A',
        ),
        (r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, 'D'),
        (r#""NotIpAddress":{"aws:Absent":"203.0.113.0/24"}"#, 'A'),
        (
            r#""ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/warehouse"}"#,
            'A',
        ),
        (
            r#""ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/*"}"#,
            'A',
        ),
        (
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/ware*"}"#,
            'A',
        ),
        (
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam:*:role/warehouse"}"#,
            'D',
        ),
        (
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:user/*"}"#,
            'D',
        ),
        (
            r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/*"}"#,
            'D',
        ),
        (
            r#""ArnNotEquals":{"aws:Absent":"arn:aws:iam::222222222222:role/*"}"#,
            'A',
        ),
        (
            r#""ForAllValues:StringEquals":{"aws:TagKeys":["team","stage","cost"]}"#,
            'A',
        ),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":["team"]}"#, 'D'),
        (r#""ForAllValues:StringEquals":{"aws:Absent":["team"]}"#, 'A'),
        (r#""ForAllValues:StringNotEquals":{"aws:TagKeys":["cost"]}"#, 'A'),
        (r#""ForAllValues:StringNotEquals":{"aws:TagKeys":["team"]}"#, 'D'),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["team"]}"#, 'A'),
        (r#""ForAnyValue:StringLike":{"aws:TagKeys":["st*"]}"#, 'A'),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["cost"]}"#, 'D'),
        (r#""ForAnyValue:StringEquals":{"aws:Absent":["team"]}"#, 'D'),
        (r#""ForAnyValue:StringEquals":{"aws:Empty":["team"]}"#, 'D'),
        (r#""ForAllValues:StringEquals":{"aws:Empty":["team"]}"#, 'A'),
        (
            r#""ForAnyValue:StringEqualsIfExists":{"aws:Absent":["team"]}"#,
            'A',
        ),
        (r#""StringEquals":{"aws:TagKeys":"team"}"#, '?'),
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-1"}"#, '?'),
        (
            r#""StringEquals":{"aws:PrincipalOrgID":"o-1","sts:ExternalId":"two"}"#,
            'D',
        ),
        (
            r#""StringEquals":{"sts:ExternalId":["${aws:PrincipalOrgID}","one"]}"#,
            'A',
        ),
        (
            r#""StringEquals":{"sts:ExternalId":"${aws:PrincipalOrgID}"}"#,
            '?',
        ),
        (r#""StringEquals":{"aws:PrincipalAccount":"222222222222"}"#, 'A'),
        (r#""StringEquals":{"aws:PrincipalType":"AssumedRole"}"#, 'A'),
        (r#""StringLike":{"aws:userid":"AROAWAREHOUSE0000001:*"}"#, 'A'),
        (r#""StringSounds":{"sts:ExternalId":"one"}"#, '?'),
        (r#""ForSomeValues:StringEquals":{"aws:TagKeys":"team"}"#, '?'),
        (r#""NullIfExists":{"sts:ExternalId":"true"}"#, '?'),
        (r#""BinaryEquals":{"sts:ExternalId":"b25l"}"#, 'D'),
    ] {
        let request = Request::new(role(), "s3:GetObject", "*").in_context(context.clone());
        let text = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}}}"#);
        let decision = ask(&request, &[(PolicyKind::Identity, &text)]);
        assert_eq!(letter(&decision), expected, "{condition}: {decision}");
    }
}

// IAM user guide, "AWS JSON policy elements: Principal", "NotPrincipal", and "Cross-account policy
// evaluation logic": the caller's identity policies allow everything; the trust policy decides.
#[test]
fn trust_policies_let_in_whom_they_name() {
    for (principal, expected) in [
        (
            r#""Principal":{"AWS":"arn:aws:iam::222222222222:role/warehouse"}"#,
            'A',
        ),
        (
            r#""Principal":{"AWS":["arn:aws:iam::222222222222:role/other","arn:aws:iam::222222222222:role/warehouse"]}"#,
            'A',
        ),
        (r#""Principal":{"AWS":"222222222222"}"#, 'A'),
        (r#""Principal":{"AWS":"arn:aws:iam::222222222222:root"}"#, 'A'),
        (r#""Principal":{"AWS":"*"}"#, 'A'),
        (r#""Principal":"*""#, 'A'),
        (
            r#""Principal":{"AWS":"arn:aws:sts::222222222222:assumed-role/warehouse/loader"}"#,
            'A',
        ),
        (
            r#""Principal":{"AWS":"arn:aws:sts::222222222222:assumed-role/warehouse/other"}"#,
            'D',
        ),
        (
            r#""Principal":{"AWS":"arn:aws:iam::222222222222:role/Warehouse"}"#,
            'D',
        ),
        (r#""Principal":{"AWS":"arn:aws:iam::222222222222:role/*"}"#, 'D'),
        (r#""Principal":{"AWS":"111111111111"}"#, 'D'),
        (
            r#""Principal":{"AWS":"arn:aws:iam::222222222222:user/warehouse"}"#,
            'D',
        ),
        (r#""Principal":{"AWS":"AROAWAREHOUSE0000001"}"#, 'A'),
        (r#""Principal":{"AWS":"AROAWAREHOUSE0000002"}"#, 'D'),
        (r#""Principal":{"Service":"redshift.amazonaws.com"}"#, 'D'),
        (
            r#""Principal":{"Federated":"arn:aws:iam::222222222222:role/warehouse"}"#,
            'D',
        ),
        (r#""NotPrincipal":{"AWS":"111111111111"}"#, 'A'),
        (
            r#""NotPrincipal":{"AWS":["222222222222","arn:aws:iam::222222222222:role/warehouse"]}"#,
            'D',
        ),
        (
            r#""NotPrincipal":{"AWS":"arn:aws:iam::222222222222:role/warehouse"}"#,
            '?',
        ),
        (
            r#""Principal":{"AWS":"222222222222"},"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/warehouse"}}"#,
            'A',
        ),
        (
            r#""Principal":{"AWS":"222222222222"},"Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/other"}}"#,
            'D',
        ),
        (
            r#""Principal":{"AWS":"222222222222"},"Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#,
            'D',
        ),
    ] {
        let request = Request::new(role(), "sts:AssumeRole", READER);
        let trust = format!(r#"{{"Effect":"Allow",{principal},"Action":"sts:AssumeRole"}}"#);
        let decision = ask(
            &request,
            &[(PolicyKind::Identity, ALLOW_ALL), (PolicyKind::Trust, &trust)],
        );
        assert_eq!(letter(&decision), expected, "{principal}: {decision}");
    }
}

#[test]
fn a_service_is_let_in_by_the_trust_policy_alone() {
    let service = |name: &str, region: Option<&str>| {
        Caller::Service(ServiceCaller {
            name: name.to_owned(),
            region: region.map(str::to_owned),
        })
    };
    for (caller, principal, expected) in [
        (
            service("redshift.amazonaws.com", None),
            r#"{"Service":"redshift.amazonaws.com"}"#,
            'A',
        ),
        (
            service("redshift.amazonaws.com", None),
            r#"{"Service":["ec2.amazonaws.com","redshift.amazonaws.com"]}"#,
            'A',
        ),
        (
            service("redshift.amazonaws.com", None),
            r#"{"Service":"ec2.amazonaws.com"}"#,
            'D',
        ),
        (
            service("redshift-serverless.amazonaws.com", None),
            r#"{"Service":"redshift.amazonaws.com"}"#,
            'D',
        ),
        (
            service("redshift.amazonaws.com", Some("ap-south-1")),
            r#"{"Service":"redshift.ap-south-1.amazonaws.com"}"#,
            'A',
        ),
        (
            service("redshift.amazonaws.com", Some("ap-south-1")),
            r#"{"Service":"redshift.eu-west-1.amazonaws.com"}"#,
            'D',
        ),
        (
            service("redshift.amazonaws.com", None),
            r#"{"AWS":"222222222222"}"#,
            'D',
        ),
        (service("redshift.amazonaws.com", None), r#""*""#, '?'),
    ] {
        let request = Request::new(caller, "sts:AssumeRole", ROLE);
        let trust = format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#);
        let decision = ask(&request, &[(PolicyKind::Trust, &trust)]);
        assert_eq!(letter(&decision), expected, "{principal}: {decision}");
    }
}

// IAM user guide, "Policy evaluation logic", table of implicit denies, and "Permissions boundaries".
#[test]
fn within_an_account_the_principal_decides_what_may_cut_the_permission() {
    let direct = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/warehouse"},"Action":"*","Resource":"*"}"#;
    let session = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::222222222222:assumed-role/warehouse/loader"},"Action":"*","Resource":"*"}"#;
    let account = r#"{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"*","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
    let other = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
    use PolicyKind::{Boundary, Identity, Resource, Session, Trust};
    let cases: &[(&[(PolicyKind, &str)], char)] = &[
        // Resources with an optional policy of their own.
        (&[], 'D'),
        (&[(Identity, ALLOW_ALL)], 'A'),
        (&[(Resource, direct)], 'A'),
        (&[(Resource, account)], 'D'),
        (&[(Identity, ALLOW_ALL), (Resource, account)], 'A'),
        (&[(Identity, ALLOW_ALL), (Boundary, ALLOW_ALL)], 'A'),
        (&[(Identity, ALLOW_ALL), (Boundary, other)], 'D'),
        (&[(Boundary, ALLOW_ALL)], 'D'),
        (&[(Identity, ALLOW_ALL), (Session, other)], 'D'),
        (
            &[(Identity, ALLOW_ALL), (Session, other), (Session, ALLOW_ALL)],
            'A',
        ),
        (&[(Identity, other), (Session, ALLOW_ALL)], 'D'),
        (&[(Resource, direct), (Boundary, other)], 'D'),
        (&[(Resource, session), (Boundary, other)], 'A'),
        (&[(Resource, session), (Session, other)], 'A'),
        (&[(Resource, session), (Boundary, deny)], 'X'),
        (&[(Identity, ALLOW_ALL), (Resource, deny)], 'A'),
        (&[(Identity, deny), (Resource, session)], 'X'),
        // A role's trust policy must always allow.
        (&[(Identity, ALLOW_ASSUME), (Trust, other)], 'D'),
        (&[(Identity, ALLOW_ASSUME), (Trust, account)], 'A'),
        (&[(Trust, account)], 'D'),
        (&[(Trust, direct)], 'A'),
        (&[(Trust, direct), (Boundary, other)], 'D'),
        (&[(Trust, session), (Boundary, other)], 'A'),
        (
            &[(Identity, ALLOW_ASSUME), (Trust, account), (Boundary, other)],
            'D',
        ),
    ];
    for (documents, expected) in cases {
        let request = Request::new(role(), "sts:AssumeRole", SIBLING);
        let decision = ask(&request, documents);
        assert_eq!(letter(&decision), *expected, "{documents:?}: {decision}");
    }
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let trust = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/warehouse"},"Action":"sts:AssumeRole"}"#;
    let elsewhere =
        r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111111111111:role/other"}"#;
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*"}"#;
    use PolicyKind::{Boundary, Identity, Trust};
    let cases: &[(&[(PolicyKind, &str)], char)] = &[
        (&[(Identity, ALLOW_ASSUME), (Trust, trust)], 'A'),
        (&[(Trust, trust)], 'D'),
        (&[(Identity, ALLOW_ASSUME)], 'D'),
        (&[(Identity, elsewhere), (Trust, trust)], 'D'),
        (
            &[(Identity, ALLOW_ASSUME), (Trust, trust), (Boundary, elsewhere)],
            'D',
        ),
        (&[(Identity, ALLOW_ASSUME), (Trust, trust), (Trust, deny)], 'X'),
    ];
    for (documents, expected) in cases {
        let request = Request::new(role(), "sts:AssumeRole", READER);
        let decision = ask(&request, documents);
        assert_eq!(letter(&decision), *expected, "{documents:?}: {decision}");
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
