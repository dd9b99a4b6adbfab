//! Brings the pair of roles about, reads it again, takes it away.
//!
//! ```
//! use xacct_converge::{Context, Graph, smithy::ConfigClock};
//! use xacct_iam::{RolePair, RolePairSpec, RoleRules};
//! use xacct_types::{Grant, Owner};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = xacct_sim::Sim::builder().account("111111111111").account("222222222222").build();
//! let (source, warehouse) = (sim.sdk_config("111111111111"), sim.sdk_config("222222222222"));
//!
//! let owner = Owner::new("clicks".parse()?);
//! let accounts = ("111111111111".parse()?, "222222222222".parse()?);
//! let spec = RolePairSpec::new(owner, "us-east-1".parse()?, &accounts.0, &accounts.1, &RoleRules::default())?;
//! let topic = "arn:aws:kafka:us-east-1:111111111111:topic/clicks/8ecca3e4-s1/clicks";
//! let grants = vec![Grant::new("Read", ["kafka-cluster:ReadData"], [topic], "reads the topic")];
//!
//! // Before anything exists: does the chain hold?
//! assert!(spec.prove(&spec.planned(&grants)?, &grants).holds());
//!
//! let cx = Context::new(ConfigClock::of(&source), 1);
//! let pair = RolePair::new(&source, &warehouse, spec);
//! sim.run(async {
//!     let observed = pair.observe(&cx).await?;
//!     let mut graph = Graph::new();
//!     let roles = pair.declare(&mut graph, &observed, grants.clone().into());
//!     let applied = graph.apply(graph.plan(), &cx).await?;
//!     let made = applied.get(roles.stream).expect("made");
//!     assert_eq!(made.arn.name(), "clicks-source-role-us-east-1");
//!     assert!(pair.verify(&grants, &cx).await?.holds());
//!
//!     // A later run finds both by their names and takes them away.
//!     let observed = pair.observe(&cx).await?;
//!     let mut graph = Graph::new();
//!     pair.declare(&mut graph, &observed, grants.clone().into());
//!     graph.remove(graph.plan_removal(), &cx).await?;
//!     assert!(pair.observe(&cx).await?.stream.ours().is_none());
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok(())
//! # }
//! ```

mod api;
pub mod look;
mod many;
mod policy;
mod read;
mod role;

pub use many::RolesUnder;

use crate::outputs::{RoleOut, RolePolicyOut};
use crate::pair::{PairView, RolePairSpec, STREAM_ROLE, WAREHOUSE_ROLE};
use crate::plan::RoleState;
use crate::policy::PolicyDocument;
use crate::spec::RoleSpec;
use crate::verify;
use api::Api;
use aws_types::SdkConfig;
use policy::PolicyNode;
use role::RoleNode;
use std::collections::BTreeSet;
use xacct_converge::{Context, Failure, Finding, Graph, Handle, Report, Value};
use xacct_types::{Grant, Owner, RoleArn};

/// A pair of roles in two accounts.
///
/// ```text
/// RolePair::new → observe → declare (into a graph) → plan → apply → verify
/// ```
///
/// # Guarantees
/// A role that has one of the names and not this pipeline's tags is never
/// changed and never removed; [`ObservedPair::findings`] reports it before
/// anything is made.
#[derive(Debug, Clone)]
pub struct RolePair {
    source: Api,
    warehouse: Api,
    spec: RolePairSpec,
}

/// What stands under a role's name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// The pipeline's role.
    Ours(Box<RoleState>),
    /// A role of somebody else.
    Foreign(RoleArn),
}

impl Seen {
    fn of(state: Option<RoleState>, owner: &Owner, resource: &str) -> Self {
        match state {
            None => Self::Nothing,
            Some(state) if owner.owns(&state.tags, resource) => Self::Ours(Box::new(state)),
            Some(state) => Self::Foreign(state.arn),
        }
    }

    /// The pipeline's role, if it is there.
    #[must_use]
    pub fn ours(&self) -> Option<&RoleState> {
        match self {
            Self::Ours(state) => Some(state),
            Self::Nothing | Self::Foreign(_) => None,
        }
    }
}

/// Both roles as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObservedPair {
    /// The role that Redshift assumes.
    pub warehouse: Seen,
    /// The role that may read the stream.
    pub stream: Seen,
}

impl ObservedPair {
    /// What stands in the way of making the roles.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let both = [(WAREHOUSE_ROLE, &self.warehouse), (STREAM_ROLE, &self.stream)];
        let foreign = both.into_iter().filter_map(|(name, seen)| match seen {
            Seen::Foreign(arn) => Some(verify::foreign_role(name, arn)),
            Seen::Nothing | Seen::Ours(_) => None,
        });
        foreign.collect()
    }
}

/// What the pair gives to a graph.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PairHandles {
    /// The role that Redshift assumes.
    pub warehouse: Handle<RoleOut>,
    /// Its right to assume the stream role.
    pub warehouse_policy: Handle<RolePolicyOut>,
    /// The role that may read the stream.
    pub stream: Handle<RoleOut>,
    /// Its right to read.
    pub stream_policy: Handle<RolePolicyOut>,
}

impl RolePair {
    /// The pair of `spec`; `source` and `warehouse` are configurations of the two accounts.
    #[must_use]
    pub fn new(source: &SdkConfig, warehouse: &SdkConfig, spec: RolePairSpec) -> Self {
        Self {
            source: Api::new(source),
            warehouse: Api::new(warehouse),
            spec,
        }
    }

    /// What was asked for.
    #[must_use]
    pub const fn spec(&self) -> &RolePairSpec {
        &self.spec
    }

    /// Reads both roles with their policies.
    ///
    /// # Errors
    /// [`Failure`] of a call.
    pub async fn observe(&self, cx: &Context) -> Result<ObservedPair, Failure> {
        let owner = self.spec.owner();
        let [first, second] = self.spec.names();
        let (on_warehouse, on_source) = (cx.on("warehouse"), cx.on("source"));
        let (warehouse, stream) = futures_util::try_join!(
            self.warehouse.read(first.as_str(), &on_warehouse),
            self.source.read(second.as_str(), &on_source)
        )?;
        Ok(ObservedPair {
            warehouse: Seen::of(warehouse, owner, WAREHOUSE_ROLE),
            stream: Seen::of(stream, owner, STREAM_ROLE),
        })
    }

    /// Adds both roles and their policies to a graph. `grants` is what the
    /// stream role may do; it may depend on a cluster that does not exist yet,
    /// and does not hold the roles up.
    pub fn declare(
        &self,
        graph: &mut Graph,
        observed: &ObservedPair,
        grants: Value<Vec<Grant>>,
    ) -> PairHandles {
        let spec = &self.spec;
        let warehouse = self.role(graph, WAREHOUSE_ROLE, observed, spec.warehouse_trust().into());
        let warehouse_policy = self.policy(
            graph,
            WAREHOUSE_ROLE,
            observed,
            warehouse,
            spec.warehouse_grants().into(),
        );
        // The trust names an ARN that is known from the start, but IAM binds it
        // to the role that has it when it is saved: it follows the role itself.
        let trust = spec.stream_trust();
        let trust = warehouse.made().map(move |_| trust.clone());
        let stream = self.role(graph, STREAM_ROLE, observed, trust);
        let stream_policy = self.policy(graph, STREAM_ROLE, observed, stream, grants);
        PairHandles {
            warehouse,
            warehouse_policy,
            stream,
            stream_policy,
        }
    }

    fn role(
        &self,
        graph: &mut Graph,
        name: &'static str,
        observed: &ObservedPair,
        trust: Value<PolicyDocument>,
    ) -> Handle<RoleOut> {
        let (api, spec, arn, policy, seen) = self.side(name, observed);
        graph.add(
            name,
            RoleNode {
                api: api.clone(),
                owner: self.spec.owner().clone(),
                resource: name,
                spec: spec.clone(),
                arn: arn.clone(),
                trust,
                policies: BTreeSet::from([policy]),
                found: seen.ours().cloned(),
            },
        )
    }

    fn policy(
        &self,
        graph: &mut Graph,
        role_name: &str,
        observed: &ObservedPair,
        role: Handle<RoleOut>,
        grants: Value<Vec<Grant>>,
    ) -> Handle<RolePolicyOut> {
        let (api, spec, _, policy, seen) = self.side(role_name, observed);
        let found = seen.ours().and_then(|state| state.inline.get(&policy)).cloned();
        graph.add(
            format!("{role_name}-policy"),
            PolicyNode {
                api: api.clone(),
                role_name: spec.name.to_string(),
                policy_name: policy,
                role: role.made(),
                grants,
                found,
            },
        )
    }

    /// Everything that differs between the two sides.
    fn side<'a>(
        &'a self,
        name: &str,
        observed: &'a ObservedPair,
    ) -> (&'a Api, &'a RoleSpec, &'a RoleArn, String, &'a Seen) {
        let spec = &self.spec;
        if name == WAREHOUSE_ROLE {
            let policy = spec.warehouse_policy_name();
            let arn = spec.warehouse_arn();
            return (
                &self.warehouse,
                spec.warehouse_role(),
                arn,
                policy,
                &observed.warehouse,
            );
        }
        let policy = spec.stream_policy_name();
        (
            &self.source,
            spec.stream_role(),
            spec.stream_arn(),
            policy,
            &observed.stream,
        )
    }

    /// Reads both roles again, with managed policies and boundaries, and says
    /// which links between Redshift and what `grants` names hold. Makes read
    /// calls only.
    ///
    /// # Errors
    /// [`Failure`] of a call.
    pub async fn verify(&self, grants: &[Grant], cx: &Context) -> Result<Report, Failure> {
        let observed = self.observe(cx).await?;
        let mut report = Report::default();
        observed
            .findings()
            .into_iter()
            .for_each(|finding| report.find(finding));
        for (name, arn, seen) in [
            (WAREHOUSE_ROLE, self.spec.warehouse_arn(), &observed.warehouse),
            (STREAM_ROLE, self.spec.stream_arn(), &observed.stream),
        ] {
            if *seen == Seen::Nothing {
                report.find(verify::missing_role(name, arn));
            }
        }
        let (Some(first), Some(second)) = (observed.warehouse.ours(), observed.stream.ours()) else {
            return Ok(report);
        };
        let (warehouse, stream) =
            futures_util::try_join!(self.warehouse.view(first, cx), self.source.view(second, cx))?;
        for (name, read) in [(WAREHOUSE_ROLE, &warehouse), (STREAM_ROLE, &stream)] {
            for arn in &read.unreadable {
                report.find(verify::unreadable_policy(name, arn));
            }
        }
        let view = PairView {
            warehouse: warehouse.view,
            stream: stream.view,
        };
        report.absorb(self.spec.prove(&view, grants));
        self.compare(&observed, grants, &mut report);
        Ok(report)
    }

    /// Adds what is too much; what is missing the proof has named already.
    fn compare(&self, observed: &ObservedPair, grants: &[Grant], report: &mut Report) {
        let own = self.spec.warehouse_grants();
        for (name, grants) in [(WAREHOUSE_ROLE, own.as_slice()), (STREAM_ROLE, grants)] {
            let (_, _, _, policy, seen) = self.side(name, observed);
            let found = seen.ours().and_then(|state| state.inline.get(&policy));
            let wanted = PolicyDocument::from_grants(grants);
            if let (Some(found), Ok(wanted)) = (found, wanted) {
                for finding in verify::excess(name, &wanted, found) {
                    report.find(finding);
                }
            }
        }
    }
}
