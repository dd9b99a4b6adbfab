//! What is decided about which cluster.

use super::*;
use xacct_converge::Change;
use xacct_types::{PipelineName, SCHEMA_VERSION_TAG};

const ARN: &str =
    "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks-cluster/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";

fn owner(pipeline: &str) -> Owner {
    Owner::new(PipelineName::new(pipeline).unwrap())
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn seen() -> Seen {
    Seen {
        arn: ClusterArn::new(ARN).unwrap(),
        state: State::Active,
        state_reason: None,
        serverless: true,
        iam_auth: true,
        client_vpcs: vec![ClientVpc {
            subnets: set(&["subnet-1", "subnet-2"]),
            groups: set(&["sg-1"]),
        }],
        tags: owner("clicks").tags(RESOURCE),
        bootstrap: Some("boot-a.c1.kafka-serverless.ap-south-1.amazonaws.com:9098".into()),
    }
}

fn wanted() -> Wanted {
    Wanted {
        subnets: Some(set(&["subnet-2", "subnet-1"])),
        groups: Some(set(&["sg-1"])),
        tags: owner("clicks").tags(RESOURCE),
    }
}

fn spec() -> ClusterSpec {
    ClusterSpec::of(&owner("clicks"))
}

/// The attributes for which a cluster has to be made anew.
fn replaced_for(seen: &Seen, wanted: &Wanted) -> Vec<String> {
    match decide(Some(seen), wanted).change {
        Change::Replace(reasons) => reasons.into_iter().map(|reason| reason.attribute).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_there_is_created_and_what_is_right_is_kept() {
    assert_eq!(decide(None, &wanted()).change, Change::Create);
    let kept = decide(Some(&seen()), &wanted());
    assert_eq!((kept.change, kept.settled), (Change::Keep, true));
}

#[test]
fn a_cluster_that_is_being_made_is_waited_for() {
    let mut seen = seen();
    (seen.state, seen.bootstrap) = (State::Creating, None);
    let kept = decide(Some(&seen), &wanted());
    assert_eq!((kept.change, kept.settled), (Change::Keep, false));
}

#[test]
fn other_subnets_or_groups_need_another_cluster() {
    let mut other = wanted();
    other.subnets = Some(set(&["subnet-1", "subnet-3"]));
    other.groups = None;
    assert_eq!(replaced_for(&seen(), &other), ["subnetIds", "securityGroupIds"]);
}

#[test]
fn a_cluster_that_failed_or_goes_away_is_made_anew() {
    for state in [State::Failed, State::Deleting] {
        let mut seen = seen();
        seen.state = state;
        assert_eq!(replaced_for(&seen, &wanted()), ["state"]);
    }
}

#[test]
fn a_tag_that_somebody_removed_is_put_back_and_nothing_else_happens() {
    let mut seen = seen();
    seen.tags.remove("Name");
    seen.tags.insert(SCHEMA_VERSION_TAG.into(), "0".into());
    seen.tags.insert("cost-center".into(), "42".into());
    assert_eq!(
        decide(Some(&seen), &wanted()).change,
        Change::Update(vec![Reason::missing("tag Name", "clicks-cluster")])
    );
}

#[test]
fn a_namesake_of_another_pipeline_is_reported_and_never_ours() {
    let mut namesake = seen();
    namesake.tags = owner("orders").tags(RESOURCE);
    let observed = Observed::among(vec![namesake], &spec(), &owner("clicks"));
    assert_eq!(observed.cluster, None);
    let findings = observed.findings(&spec(), &Quotas::default());
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].what.contains("belongs to the pipeline orders"),
        "{}",
        findings[0].what
    );
}

#[test]
fn an_untagged_namesake_is_reported_as_not_ours() {
    let mut namesake = seen();
    namesake.tags.clear();
    let observed = Observed::among(vec![namesake], &spec(), &owner("clicks"));
    let findings = observed.findings(&spec(), &Quotas::default());
    assert!(findings[0].what.contains("is not tagged as this pipeline's"));
}

#[test]
fn a_list_that_ignored_its_filter_does_no_harm() {
    let mut longer = seen();
    longer.arn = ClusterArn::new(ARN.replace("clicks-cluster", "clicks-cluster-2")).unwrap();
    longer.tags = owner("clicks-cluster").tags(RESOURCE);
    let observed = Observed::among(vec![longer, seen()], &spec(), &owner("clicks"));
    assert_eq!(observed.cluster, Some(seen()));
    assert_eq!(
        (observed.namesake.clone(), observed.serverless_clusters),
        (None, 2)
    );
    assert!(observed.findings(&spec(), &Quotas::default()).is_empty());
}

#[test]
fn our_tags_under_another_name_are_a_warning_only() {
    let mut stray = seen();
    stray.arn = ClusterArn::new(ARN.replace("clicks-cluster", "copied")).unwrap();
    let observed = Observed::among(vec![stray], &spec(), &owner("clicks"));
    let findings = observed.findings(&spec(), &Quotas::default());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, xacct_converge::Severity::Warning);
}

#[test]
fn the_quota_is_named_before_it_is_hit() {
    let clusters = (0..10)
        .map(|n| {
            let mut seen = seen();
            seen.arn = ClusterArn::new(ARN.replace("clicks-cluster", &format!("other-{n}"))).unwrap();
            seen.tags.clear();
            seen
        })
        .collect();
    let observed = Observed::among(clusters, &spec(), &owner("clicks"));
    let findings = observed.findings(&spec(), &Quotas::default());
    assert_eq!(findings[0].link, "cluster/quota");
}

#[test]
fn everything_that_makes_a_users_cluster_unfit_is_reported_at_once() {
    let mut theirs = seen();
    (theirs.serverless, theirs.iam_auth, theirs.state) = (false, false, State::Failed);
    let spec = ClusterSpec::existing(theirs.arn.clone());
    let links: Vec<String> = Observed::existing(theirs)
        .findings(&spec, &Quotas::default())
        .into_iter()
        .map(|finding| finding.link)
        .collect();
    assert_eq!(links, ["cluster/type", "cluster/iam-auth", "cluster/state"]);
}
