//! Which links of a cluster and its topics hold, from what was read.

use crate::plan::{ClientVpc, Observed, Seen};
use crate::topics::{ObservedTopics, Topics};
use std::collections::BTreeSet;
use xacct_converge::{Finding, Report};

/// Checks a cluster: that it is there, usable, asks for IAM, has brokers, and
/// stands in the subnets and behind the groups that were `expected`.
#[must_use]
pub fn cluster(observed: &Observed, expected: Option<&ClientVpc>) -> Report {
    let mut report = Report::default();
    let Some(seen) = &observed.cluster else {
        let mend = "deploy again; everything in the old cluster is lost";
        report.find(Finding::error("cluster", "the cluster does not exist", mend));
        return report;
    };
    report.pass("cluster");
    let evidence = format!("{} is {}", seen.arn, seen.state);
    let mut check = |link: &str, holds: bool, what: &str, mend: &str| {
        if holds {
            report.pass(link);
        } else {
            report.find(Finding::error(link, what, mend).with_evidence(&evidence));
        }
    };
    check(
        "cluster/state",
        seen.state.is_usable(),
        "the cluster cannot be used",
        "wait if it is CREATING; deploy again if it is FAILED",
    );
    check(
        "cluster/iam-auth",
        seen.iam_auth,
        "the cluster does not authenticate with IAM",
        "use another cluster: this is fixed at creation",
    );
    check(
        "cluster/brokers",
        seen.bootstrap.is_some() || !seen.state.is_usable(),
        "MSK names no brokers for IAM clients",
        "see that the cluster is serverless, or provisioned with IAM authentication",
    );
    if let Some(expected) = expected {
        placement(seen, expected, &mut report);
    }
    report
}

/// Whether the cluster stands where it should. A user's cluster may serve more
/// VPCs than ours.
fn placement(seen: &Seen, expected: &ClientVpc, report: &mut Report) {
    let all = |pick: fn(&ClientVpc) -> &BTreeSet<String>| -> BTreeSet<&String> {
        seen.client_vpcs.iter().flat_map(pick).collect()
    };
    for (link, has, wants) in [
        ("cluster/subnets", all(|vpc| &vpc.subnets), &expected.subnets),
        ("cluster/groups", all(|vpc| &vpc.groups), &expected.groups),
    ] {
        let missing: Vec<&str> = wants
            .iter()
            .filter(|id| !has.contains(id))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            report.pass(link);
            continue;
        }
        let what = format!("the cluster is not in {}", missing.join(", "));
        let mend = "deploy again with replacement allowed: this is fixed at creation";
        report.find(Finding::error(link, what, mend).with_evidence(format!("it is in {has:?}")));
    }
}

/// Checks topics: that each is there, with partitions and settings as wanted.
#[must_use]
pub fn topics(wanted: &Topics, observed: &ObservedTopics) -> Report {
    let mut report = Report::default();
    for topic in wanted.settings() {
        let link = format!("topic/{}", topic.name);
        let Some(state) = observed.get(&topic.name) else {
            let what = format!("the topic {} does not exist", topic.name);
            let mend = "deploy again from where the brokers can be reached, or make the topic by hand";
            report.find(Finding::error(link, what, mend));
            continue;
        };
        let differences = crate::topics::differences(topic, state);
        if differences.is_empty() {
            report.pass(link.as_str());
        }
        for reason in differences {
            let what = format!("the topic {} differs: {reason}", topic.name);
            report.find(Finding::warning(
                link.as_str(),
                what,
                "deploy again, or change the specification",
            ));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::State;
    use xacct_types::{ClusterArn, Tags};

    fn seen() -> Seen {
        Seen {
            arn: ClusterArn::new("arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/abc-s1").unwrap(),
            state: State::Active,
            state_reason: None,
            serverless: true,
            iam_auth: true,
            client_vpcs: vec![vpc("subnet-1", "sg-1"), vpc("subnet-9", "sg-9")],
            tags: Tags::new(),
            bootstrap: Some("boot-a:9098".into()),
        }
    }

    fn vpc(subnet: &str, group: &str) -> ClientVpc {
        ClientVpc {
            subnets: [subnet.to_owned()].into(),
            groups: [group.to_owned()].into(),
        }
    }

    #[test]
    fn a_cluster_as_it_should_be_passes_every_link() {
        let report = cluster(&Observed::existing(seen()), Some(&vpc("subnet-1", "sg-1")));
        assert!(report.holds(), "{report}");
        assert_eq!(report.passed.len(), 6);
    }

    #[test]
    fn each_broken_link_is_named() {
        let broken = |change: fn(&mut Seen)| {
            let mut seen = seen();
            change(&mut seen);
            let report = cluster(&Observed::existing(seen), Some(&vpc("subnet-1", "sg-1")));
            let links: Vec<String> = report.findings.into_iter().map(|f| f.link).collect();
            links.join(" ")
        };
        assert_eq!(broken(|seen| seen.state = State::Failed), "cluster/state");
        assert_eq!(broken(|seen| seen.iam_auth = false), "cluster/iam-auth");
        assert_eq!(broken(|seen| seen.bootstrap = None), "cluster/brokers");
        assert_eq!(
            broken(|seen| {
                seen.client_vpcs.remove(0);
            }),
            "cluster/subnets cluster/groups"
        );
    }

    #[test]
    fn a_cluster_that_is_not_there_is_the_only_finding() {
        let report = cluster(&Observed::default(), None);
        assert!(report.names("cluster"));
        assert_eq!(report.findings.len(), 1);
    }
}
