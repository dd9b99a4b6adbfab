//! What there is, and what has to change. Pure: no call, no SDK type.

use crate::outputs::ClusterOut;
use crate::quotas::Quotas;
use crate::spec::{ClusterSpec, RESOURCE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use xacct_converge::{Decision, Finding, Reason};
use xacct_types::{ClusterArn, Owner, SecurityGroupId, SubnetId, Tags, differing};

/// How a cluster is (Amazon MSK API reference, `ClusterState`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum State {
    /// It is being made.
    Creating,
    /// It can be used.
    Active,
    /// It can be used while something goes on with it (healing, maintenance, an update).
    Working,
    /// It is being removed; its name is taken until it is gone.
    Deleting,
    /// It could not be made or removed. It can only be deleted.
    Failed,
    /// A state that this release does not know.
    Unknown,
}

impl State {
    /// Whether clients can connect.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        matches!(self, Self::Active | Self::Working)
    }

    /// Whether nothing in it can be reached any more.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self, Self::Deleting | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Working => "UPDATING",
            Self::Deleting => "DELETING",
            Self::Failed => "FAILED",
            Self::Unknown => "UNKNOWN",
        })
    }
}

/// One VPC from which clients reach a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct ClientVpc {
    /// Subnet ids, two zones or more.
    pub subnets: BTreeSet<String>,
    /// Ids of the security groups on the cluster's network interfaces.
    pub groups: BTreeSet<String>,
}

impl ClientVpc {
    /// A VPC by the subnets and groups that were chosen in it.
    #[must_use]
    pub fn new(subnets: &[SubnetId], groups: &[SecurityGroupId]) -> Self {
        Self {
            subnets: subnets.iter().map(ToString::to_string).collect(),
            groups: groups.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A cluster as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Seen {
    /// Its ARN.
    pub arn: ClusterArn,
    /// Its state.
    pub state: State,
    /// What MSK says about that state.
    pub state_reason: Option<String>,
    /// Whether it is serverless; provisioned clusters share the names.
    pub serverless: bool,
    /// Whether clients authenticate with IAM.
    pub iam_auth: bool,
    /// The VPCs from which clients reach it.
    pub client_vpcs: Vec<ClientVpc>,
    /// Its tags.
    pub tags: Tags,
    /// Brokers for clients with IAM authentication; read only where the cluster is usable.
    pub bootstrap: Option<String>,
}

impl Seen {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.name()
    }

    /// What dependents get.
    #[must_use]
    pub fn output(&self) -> ClusterOut {
        let mut out = ClusterOut::new(self.arn.clone());
        out.bootstrap.clone_from(&self.bootstrap);
        out
    }
}

/// Everything that was read about one specification.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Observed {
    /// The cluster of the specification, if it is there.
    pub cluster: Option<Seen>,
    /// A cluster that has our name and is not ours. It is never touched.
    pub namesake: Option<Seen>,
    /// Clusters that carry our tags under another name. They are never touched.
    pub strays: Vec<ClusterArn>,
    /// How many serverless clusters the account has in the region.
    pub serverless_clusters: u64,
}

impl Observed {
    /// Sorts what a list call gave: ours, a namesake, strays.
    ///
    /// The list is searched on our side because filters of the service may lag
    /// or match prefixes.
    #[must_use]
    pub fn among(clusters: Vec<Seen>, spec: &ClusterSpec, owner: &Owner) -> Self {
        let mut observed = Self::default();
        for seen in clusters {
            observed.serverless_clusters += u64::from(seen.serverless);
            let ours = owner.owns(&seen.tags, RESOURCE);
            match (seen.name() == spec.name, ours) {
                (true, true) => observed.cluster = Some(seen),
                (true, false) => observed.namesake = Some(seen),
                (false, true) => observed.strays.push(seen.arn),
                (false, false) => {}
            }
        }
        observed
    }

    /// An existing cluster that the specification names by its ARN.
    #[must_use]
    pub fn existing(seen: Seen) -> Self {
        Self {
            cluster: Some(seen),
            ..Self::default()
        }
    }

    /// What stands against carrying out a plan; all of it, not only the first.
    #[must_use]
    pub fn findings(&self, spec: &ClusterSpec, quotas: &Quotas) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(namesake) = &self.namesake {
            findings.push(name_taken(namesake));
        }
        for stray in &self.strays {
            findings.push(Finding::warning(
                RESOURCE,
                format!(
                    "the cluster {stray} carries this pipeline's tags under another name and is left alone"
                ),
                "remove its xacct tags, or remove the cluster",
            ));
        }
        match &self.cluster {
            Some(seen) if spec.arn.is_some() => findings.extend(unfit(seen)),
            None if spec.arn.is_none() && self.namesake.is_none() => {
                findings.extend(quotas.one_more_cluster(self.serverless_clusters));
            }
            _ => {}
        }
        findings
    }
}

/// The finding for a name that somebody else's cluster has.
fn name_taken(namesake: &Seen) -> Finding {
    Finding::error(
        RESOURCE,
        taken_text(namesake),
        "give the pipeline another name, or use that cluster by its ARN",
    )
    .with_evidence(format!("{} is {}", namesake.arn, namesake.state))
}

/// Who has the name, for people.
pub(crate) fn taken_text(namesake: &Seen) -> String {
    let owner = namesake.tags.get(xacct_types::PIPELINE_TAG);
    let whose = owner.map_or_else(
        || "is not tagged as this pipeline's".to_owned(),
        |name| format!("belongs to the pipeline {name}"),
    );
    format!(
        "the name {} is taken by {}, which {whose}",
        namesake.name(),
        namesake.arn
    )
}

/// What makes a user's cluster useless for a pipeline.
fn unfit(seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut unless = |holds: bool, link: &str, what: &str, mend: &str| {
        if !holds {
            let finding = Finding::error(link, what, mend);
            findings.push(finding.with_evidence(format!("{} is {}", seen.arn, seen.state)));
        }
    };
    unless(
        seen.serverless,
        "cluster/type",
        "the cluster is not serverless",
        "name a serverless cluster",
    );
    unless(
        seen.iam_auth,
        "cluster/iam-auth",
        "the cluster does not authenticate with IAM",
        "name a cluster with IAM authentication",
    );
    unless(
        !seen.state.is_lost(),
        "cluster/state",
        "the cluster cannot be used any more",
        "name a cluster that is ACTIVE",
    );
    findings
}

/// What is wanted of a cluster; `None` where it is known only after other changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Ids of the subnets.
    pub subnets: Option<BTreeSet<String>>,
    /// Ids of the security groups.
    pub groups: Option<BTreeSet<String>>,
    /// All tags.
    pub tags: Tags,
}

/// Decides about our own cluster. Everything but its tags is fixed at creation
/// (AWS CloudFormation user guide, `AWS::MSK::ServerlessCluster`).
#[must_use]
pub fn decide(seen: Option<&Seen>, wanted: &Wanted) -> Decision<ClusterOut> {
    let Some(seen) = seen else {
        return Decision::create();
    };
    let out = seen.output();
    let fixed = fixed_differences(seen, wanted);
    if fixed.is_empty() {
        let usable = seen.state.is_usable() && out.bootstrap.is_some();
        Decision::update(out, tag_differences(seen, wanted)).settled(usable)
    } else {
        Decision::replace(out, fixed)
    }
}

fn fixed_differences(seen: &Seen, wanted: &Wanted) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if seen.state.is_lost() {
        reasons.push(Reason::differs("state", &seen.state, State::Active));
    }
    if !seen.serverless {
        reasons.push(Reason::differs("type", "PROVISIONED", "SERVERLESS"));
    }
    if !seen.iam_auth {
        reasons.push(Reason::differs("IAM authentication", "off", "on"));
    }
    let join = |ids: &BTreeSet<String>| ids.iter().cloned().collect::<Vec<_>>().join(",");
    let all = |pick: fn(&ClientVpc) -> &BTreeSet<String>| -> BTreeSet<String> {
        seen.client_vpcs.iter().flat_map(pick).cloned().collect()
    };
    for (attribute, is, should) in [
        ("subnetIds", all(|vpc| &vpc.subnets), &wanted.subnets),
        ("securityGroupIds", all(|vpc| &vpc.groups), &wanted.groups),
    ] {
        match should {
            Some(should) if *should == is => {}
            Some(should) => reasons.push(Reason::differs(attribute, join(&is), join(should))),
            None => reasons.push(Reason::follows(attribute, join(&is))),
        }
    }
    reasons
}

/// Tags that are missing or differ.
fn tag_differences(seen: &Seen, wanted: &Wanted) -> Vec<Reason> {
    differing(&wanted.tags, &seen.tags)
        .into_iter()
        .map(|(key, value)| {
            let attribute = format!("tag {key}");
            match seen.tags.get(&key) {
                Some(old) => Reason::differs(attribute, old, value),
                None => Reason::missing(attribute, value),
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
