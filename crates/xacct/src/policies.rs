//! Every IAM policy that a pipeline takes: of its roles, of those who use it, and of those who deploy it.

use crate::deployment::Deployment;
use crate::error::Error;
use crate::spec::{PipelineSpec, TopicMaker};
use msk_serverless::{ClusterScope, ClusterSpec};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use xacct_iam::PolicyDocument;
use xacct_iam::policy::Limit;
use xacct_iam::spec::RoleSpec;
use xacct_net::Side;
use xacct_types::{AccountId, Call, Grant, Need, Phase, Place};

/// The service names that a role may be handed to Redshift Serverless under.
const REDSHIFT: [&str; 2] = ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"];

/// The service-linked roles that the first use of a service makes.
const SOURCE_LINKED: (&str, &str) = ("kafka.amazonaws.com", "AWSServiceRoleForKafka");
const WAREHOUSE_LINKED: (&str, &str) = ("redshift.amazonaws.com", "AWSServiceRoleForRedshift");

impl PipelineSpec {
    /// Every generated IAM policy and trust policy, name → document, before anything exists; ids that AWS will give are
    /// wildcards or conditions on our tags.
    ///
    /// | name | whose |
    /// |---|---|
    /// | `source-role`, `warehouse-role`, each with `…-trust` | the two roles that Redshift goes through |
    /// | `producer`, `topic-creator` | who writes events, who makes topics |
    /// | `lease` | whoever deploys, in the warehouse's account: one at a time |
    /// | `source-deployer-…`, `warehouse-deployer-…` | who deploys, in each account |
    ///
    /// A deployer's policies add up: `…-read` is enough to plan and to verify; with `…-create` it deploys, with
    /// `…-update` besides it repairs what was changed; `…-read` with `…-destroy` removes everything. Those that are too
    /// long for one managed policy come in parts: `…-2`, `…-3`.
    ///
    /// # Errors
    /// [`Error::Unresolved`] where derived names are not possible; [`Error::Policies`] where a document cannot be written.
    pub fn policies(&self) -> Result<Map<String, Json>, Error> {
        let name = ClusterSpec::of(&self.owner()).name;
        documents(
            self,
            &ClusterScope::predict(&self.region, &self.source.account, &name),
        )
    }

    /// Every call that deploying one side makes, with what AWS asks for it.
    ///
    /// # Errors
    /// As [`PipelineSpec::policies`].
    pub(crate) fn calls(&self, side: Side, cluster: &ClusterScope) -> Result<Vec<Call>, Error> {
        let link = self
            .link()
            .resolve()
            .map_err(|error| Error::Unresolved(error.into()))?;
        let pair = crate::draft::role_spec(self)?;
        let (source, warehouse) = (&self.source.account, &self.warehouse.account);
        let place = |account: &AccountId| Place::new(account.clone(), self.region.clone(), self.owner());
        let direct = self.source.cluster.topics == TopicMaker::Direct;
        Ok(match side {
            Side::Source => {
                let place = place(source);
                let topics: Vec<_> = self.topics().into_iter().map(|topic| topic.name).collect();
                let mut calls = xacct_net::permissions::calls(&place, &link, side, warehouse);
                calls.extend(xacct_iam::permissions::calls(&place, pair.stream_role()));
                calls.extend(msk_serverless::permissions::calls(
                    &place, cluster, &topics, direct,
                ));
                calls.push(linked(&place, SOURCE_LINKED));
                calls
            }
            Side::Warehouse => {
                let place = place(warehouse);
                let mut calls = xacct_net::permissions::calls(&place, &link, side, source);
                calls.extend(xacct_iam::permissions::calls(&place, pair.warehouse_role()));
                calls.extend(redshift_streaming::permissions::calls(
                    &place,
                    &self.serverless().namespace,
                ));
                calls.push(passing(&place, pair.warehouse_role()));
                calls.push(linked(&place, WAREHOUSE_LINKED));
                calls
            }
        })
    }
}

impl Deployment {
    /// As [`PipelineSpec::policies`], with the ARN that the cluster got.
    ///
    /// # Errors
    /// As [`PipelineSpec::policies`].
    pub fn policies(&self) -> Result<Map<String, Json>, Error> {
        let cluster = ClusterScope::exact(&self.outputs().source.cluster.arn);
        documents(self.pipeline().spec(), &cluster)
    }
}

fn linked(place: &Place, (service, role): (&str, &str)) -> Call {
    Call {
        operation: "iam:CreateServiceLinkedRole",
        phases: &[Phase::Create],
        needs: vec![xacct_iam::permissions::service_linked(place, service, role)],
    }
}

/// The namespace is given its role when it is made, and again where it was taken from it.
fn passing(place: &Place, role: &RoleSpec) -> Call {
    Call {
        operation: "iam:PassRole",
        phases: &[Phase::Create],
        needs: vec![xacct_iam::permissions::passing(place, role, &REDSHIFT)],
    }
}

fn documents(spec: &PipelineSpec, cluster: &ClusterScope) -> Result<Map<String, Json>, Error> {
    let pair = crate::draft::role_spec(spec)?;
    let topics: Vec<_> = spec.topics().into_iter().map(|topic| topic.name).collect();
    let granted = |grants: &[Grant]| PolicyDocument::from_grants(grants).map_err(refused);
    let mut all = vec![
        ("warehouse-role-trust".to_owned(), pair.warehouse_trust()),
        ("warehouse-role".to_owned(), granted(&pair.warehouse_grants())?),
        ("source-role-trust".to_owned(), pair.stream_trust()),
        (
            "source-role".to_owned(),
            granted(&crate::draft::reader_grants(spec, cluster))?,
        ),
        (
            "producer".to_owned(),
            granted(&msk_serverless::grants::producer(cluster, &topics))?,
        ),
        (
            "lease".to_owned(),
            granted(&spec.lease_name().grants(&spec.region, &spec.warehouse.account))?,
        ),
        (
            "topic-creator".to_owned(),
            granted(&msk_serverless::grants::topic_creator(cluster, &topics))?,
        ),
    ];
    for (side, name) in [(Side::Source, "source"), (Side::Warehouse, "warehouse")] {
        all.extend(deployer(name, &spec.calls(side, cluster)?)?);
    }
    let json = |document| serde_json::to_value(document).map_err(|error| Error::Policies(error.into()));
    all.into_iter()
        .map(|(name, document)| Ok((name, json(document)?)))
        .collect()
}

fn refused(error: xacct_iam::PolicyError) -> Error {
    Error::Policies(error.into())
}

/// A deployer's documents, phase by phase; what an earlier phase allows is not said again.
fn deployer(side: &str, calls: &[Call]) -> Result<Vec<(String, PolicyDocument)>, Error> {
    let of = |phase: Phase| -> BTreeSet<Need> {
        let made = calls.iter().filter(|call| call.phases.contains(&phase));
        made.flat_map(|call| call.needs.iter().cloned()).collect()
    };
    let (read, create) = (of(Phase::Read), of(Phase::Create));
    let mut documents = Vec::new();
    for phase in Phase::ALL {
        let mut needs = of(phase);
        if phase != Phase::Read {
            needs.retain(|need| !read.contains(need));
        }
        if phase == Phase::Update {
            needs.retain(|need| !create.contains(need));
        }
        let prefix = match phase {
            Phase::Read => "Read",
            Phase::Create => "Create",
            Phase::Update => "Update",
            Phase::Destroy => "Destroy",
        };
        let whole = PolicyDocument::from_needs(prefix, needs).map_err(refused)?;
        let parts = whole.split(Limit::Managed).map_err(refused)?;
        for (n, part) in parts.into_iter().enumerate() {
            let part_of = if n == 0 {
                String::new()
            } else {
                format!("-{}", n + 1)
            };
            documents.push((format!("{side}-deployer-{}{part_of}", phase.as_str()), part));
        }
    }
    Ok(documents)
}
