//! The cluster as a resource of a graph.

use crate::apply::{Api, CONFLICT, NewCluster};
use crate::outputs::ClusterOut;
use crate::plan::{self, ClientVpc, Observed, Seen, State, Wanted};
use crate::spec::{ClusterSpec, RESOURCE};
use crate::verify;
use aws_types::SdkConfig;
use std::time::Duration;
use xacct_converge::{
    Context, Decision, Failure, Graph, Handle, Inputs, Needs, Reason, Report, Resource, Settled, Timing,
    Value, What,
};
use xacct_types::{ClusterArn, Owner, SecurityGroupId, SubnetId, Tags};

/// How long a name may stay taken by a cluster that goes away, or by one of
/// ours that lists do not show yet.
const NAME_PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks meanwhile.
const NAME_PAUSE: Duration = Duration::from_secs(10);

/// One serverless cluster in one account.
///
/// ```text
/// Cluster::new → observe → declare (into a graph) → plan → apply → verify
/// ```
///
/// # Guarantees
/// A cluster that has the right name and not this pipeline's tags is never
/// changed and never removed; [`Observed::findings`] reports it before anything
/// is made.
#[derive(Debug, Clone)]
pub struct Cluster {
    api: Api,
    owner: Owner,
    spec: ClusterSpec,
}

impl Cluster {
    /// The cluster of `spec` in the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, owner: Owner, spec: ClusterSpec) -> Self {
        Self {
            api: Api::new(config),
            owner,
            spec,
        }
    }

    /// What was asked for.
    #[must_use]
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Reads what there is: one list call, and one for the brokers of a usable cluster.
    ///
    /// # Errors
    /// [`Failure`] of either call; also where the specification names an
    /// existing cluster that does not exist.
    pub async fn observe(&self, cx: &Context) -> Result<Observed, Failure> {
        let mut observed = match &self.spec.arn {
            Some(arn) => Observed::existing(self.existing(arn, cx).await?),
            None => Observed::among(self.api.list(cx).await?, &self.spec, &self.owner),
        };
        if let Some(seen) = &mut observed.cluster
            && seen.state.is_usable()
        {
            seen.bootstrap = self.api.brokers(&seen.arn, cx).await?;
        }
        Ok(observed)
    }

    async fn existing(&self, arn: &ClusterArn, cx: &Context) -> Result<Seen, Failure> {
        self.api.describe(arn, cx).await?.ok_or_else(|| {
            let message = format!("the cluster {arn} does not exist");
            Failure::terminal("kafka:DescribeClusterV2", message)
        })
    }

    /// Adds the cluster to a graph. `subnets` must lie in two zones or more;
    /// both are ignored for an existing cluster.
    pub fn declare(
        &self,
        graph: &mut Graph,
        observed: &Observed,
        subnets: Value<Vec<SubnetId>>,
        groups: Value<Vec<SecurityGroupId>>,
    ) -> Handle<ClusterOut> {
        let node = ClusterNode {
            cluster: self.clone(),
            found: observed.cluster.clone(),
            subnets,
            groups,
        };
        graph.add(RESOURCE, node)
    }

    /// Reads the cluster again and says which links of it hold.
    ///
    /// # Errors
    /// As [`Cluster::observe`].
    pub async fn verify(&self, expected: Option<&ClientVpc>, cx: &Context) -> Result<Report, Failure> {
        let observed = self.observe(cx).await?;
        Ok(verify::cluster(&observed, expected))
    }

    fn tags(&self) -> Tags {
        self.owner.tags(RESOURCE)
    }

    /// The cluster of ours that lists show now.
    async fn look(&self, cx: &Context) -> Result<Observed, Failure> {
        Ok(Observed::among(self.api.list(cx).await?, &self.spec, &self.owner))
    }
}

struct ClusterNode {
    cluster: Cluster,
    found: Option<Seen>,
    subnets: Value<Vec<SubnetId>>,
    groups: Value<Vec<SecurityGroupId>>,
}

impl ClusterNode {
    fn is_existing(&self) -> bool {
        self.cluster.spec.arn.is_some()
    }

    /// What a refused name means: ours after all, worth waiting for, or somebody else's.
    async fn after_conflict(&self, refusal: Failure, cx: &Context) -> Result<Option<ClusterOut>, Failure> {
        let observed = self.cluster.look(cx).await?;
        let state = |seen: &Option<Seen>| seen.as_ref().map(|seen| seen.state.clone());
        match (&observed.cluster, &observed.namesake) {
            (Some(ours), _) if !ours.state.is_lost() => Ok(Some(ours.output())),
            (_, Some(theirs)) if state(&observed.namesake) != Some(State::Deleting) => {
                let message = plan::taken_text(theirs);
                Err(Failure::terminal("kafka:CreateClusterV2", message).with_source(refusal))
            }
            _ => Ok(None),
        }
    }
}

impl Resource for ClusterNode {
    type Output = ClusterOut;

    fn kind(&self) -> &'static str {
        "AWS::MSK::ServerlessCluster"
    }

    fn needs(&self) -> Needs {
        if self.is_existing() {
            return Needs::none();
        }
        Needs::none().value(&self.subnets).value(&self.groups)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<ClusterOut> {
        if let (true, Some(theirs)) = (self.is_existing(), &self.found) {
            let out = theirs.output();
            let usable = out.bootstrap.is_some();
            return Decision::keep(out).settled(usable).adopted();
        }
        let subnets = known.known(&self.subnets);
        let groups = known.known(&self.groups);
        let wanted = Wanted {
            subnets: subnets.map(|ids| ids.iter().map(ToString::to_string).collect()),
            groups: groups.map(|ids| ids.iter().map(ToString::to_string).collect()),
            tags: self.cluster.tags(),
        };
        plan::decide(self.found.as_ref(), &wanted)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<ClusterOut, Failure> {
        if self.is_existing() {
            return Err(Failure::bug("an existing cluster is never made"));
        }
        let new = NewCluster {
            name: self.cluster.spec.name.clone(),
            subnets: inputs.get(&self.subnets)?,
            groups: inputs.get(&self.groups)?,
            tags: self.cluster.tags(),
        };
        let start = cx.now();
        loop {
            let refusal = match self.cluster.api.create(&new, cx).await {
                Ok(arn) => return Ok(ClusterOut::new(arn)),
                Err(failure) if failure.is_code(&[CONFLICT]) => failure,
                Err(failure) => return Err(failure),
            };
            let message = refusal.message().to_owned();
            if let Some(ours) = self.after_conflict(refusal, cx).await? {
                return Ok(ours);
            }
            if cx.since(start) > NAME_PATIENCE {
                return Err(Failure::terminal("kafka:CreateClusterV2", message));
            }
            let reason = format!("the name {} to become free", new.name);
            cx.tell(What::Waiting { reason });
            cx.sleep(NAME_PAUSE).await;
        }
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<ClusterOut>, Failure> {
        let ours = self.cluster.look(cx).await?.cluster;
        Ok(ours
            .filter(|seen| !seen.state.is_lost())
            .map(|seen| seen.output()))
    }

    async fn configure(
        &self,
        current: ClusterOut,
        reasons: &[Reason],
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<ClusterOut, Failure> {
        let differ = reasons
            .iter()
            .filter_map(|reason| reason.attribute.strip_prefix("tag ").zip(reason.new.clone()));
        let tags: Tags = differ.map(|(key, value)| (key.to_owned(), value)).collect();
        if !tags.is_empty() {
            self.cluster.api.tag(&current.arn, &tags, cx).await?;
        }
        Ok(current)
    }

    async fn settle(
        &self,
        current: &ClusterOut,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<ClusterOut>, Failure> {
        let waiting = |what: &str| Ok(Settled::Waiting(what.to_owned()));
        // Just made and not visible yet is waited for like just made and not ready yet.
        let Some(seen) = self.cluster.api.describe(&current.arn, cx).await? else {
            return waiting("the cluster to become visible");
        };
        match seen.state {
            State::Failed | State::Deleting => Err(ended(&seen)),
            State::Creating | State::Unknown => waiting("the cluster to become ACTIVE"),
            State::Active | State::Working => {
                let Some(brokers) = self.cluster.api.brokers(&current.arn, cx).await? else {
                    return waiting("its bootstrap brokers");
                };
                let mut out = current.clone();
                out.bootstrap = Some(brokers);
                Ok(Settled::Ready(out))
            }
        }
    }

    async fn delete(&self, current: &ClusterOut, cx: &Context) -> Result<(), Failure> {
        self.cluster.api.delete(&current.arn, cx).await
    }

    async fn gone(&self, current: &ClusterOut, cx: &Context) -> Result<bool, Failure> {
        Ok(self.cluster.api.describe(&current.arn, cx).await?.is_none())
    }

    fn timing(&self) -> Timing {
        if self.is_existing() {
            return Timing::seconds(0, 0);
        }
        Timing::seconds(150, 90).patience(2700)
    }

    /// What is in a cluster that failed or goes away is lost already.
    fn holds_data(&self) -> bool {
        !self.found.as_ref().is_some_and(|seen| seen.state.is_lost())
    }
}

/// The failure for a cluster that will never be usable.
fn ended(seen: &Seen) -> Failure {
    let why = seen.state_reason.as_deref().unwrap_or("MSK gives no reason");
    let message = format!("the cluster {} is {}: {why}", seen.arn, seen.state);
    Failure::terminal("kafka:DescribeClusterV2", message)
}
