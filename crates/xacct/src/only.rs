//! A pipeline in parts: the resources of some crates, without the others.
//!
//! For whoever lets one team make the networks and another the roles, or works against an endpoint that knows only
//! some services.

use crate::draft::{Parts, declare_cluster, declare_serverless, read, reader_grants};
use crate::error::Error;
use crate::pipeline::Pipeline;
use msk_serverless::{ClusterOut, ClusterScope};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::UNIX_EPOCH;
use xacct_converge::{Change, Context, Finding, Graph, Handle, Plan, Planned, Report, Step, Value};
use xacct_iam::PairHandles;
use xacct_net::plan::{LinkHandles, declare_link};

/// A part of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// Both networks, the peering, and forwarded DNS.
    Network,
    /// Both roles and their policies. They name the cluster exactly where it exists, else by a wildcard.
    Iam,
    /// The cluster, in its network.
    Cluster,
    /// Namespace and workgroup, in their network and with their role.
    Warehouse,
}

/// A word that names no [`Part`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no part `{0}`; there are network, iam, cluster and warehouse")]
pub struct NoSuchPart(String);

impl Part {
    const ALL: [Self; 4] = [Self::Network, Self::Iam, Self::Cluster, Self::Warehouse];

    /// The word for it: `network`, `iam`, `cluster`, `warehouse`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Iam => "iam",
            Self::Cluster => "cluster",
            Self::Warehouse => "warehouse",
        }
    }

    /// The parts that it stands on.
    const fn stands_on(self) -> &'static [Self] {
        match self {
            Self::Network | Self::Iam => &[],
            Self::Cluster => &[Self::Network],
            Self::Warehouse => &[Self::Network, Self::Iam],
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Part {
    type Err = NoSuchPart;

    fn from_str(word: &str) -> Result<Self, NoSuchPart> {
        let named = |part: &Self| part.as_str() == word;
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| NoSuchPart(word.to_owned()))
    }
}

/// Some parts of a pipeline: planned, deployed, removed. Made by [`Pipeline::only`].
///
/// # Guarantees
/// Those of [`Pipeline`], for these parts. What a part stands on is read, and must be complete unless it is among the
/// parts; it is not changed. Nothing of the other parts is read, with one exception: roles look for the cluster.
/// Nothing is replaced: a plan that would is refused.
#[derive(Debug, Clone)]
pub struct Partial {
    pipeline: Pipeline,
    parts: BTreeSet<Part>,
}

impl Pipeline {
    /// Only these parts of the pipeline. Topics and SQL need all of it, and are made by
    /// [`deploy`](Self::deploy) alone.
    #[must_use]
    pub fn only(self, parts: impl IntoIterator<Item = Part>) -> Partial {
        Partial {
            pipeline: self,
            parts: parts.into_iter().collect(),
        }
    }
}

/// A graph, and which of its nodes are of which part.
struct Cut {
    graph: Graph,
    spans: Vec<(Part, Range<usize>)>,
}

impl Cut {
    /// The steps of a plan, in the order of the graph, each with its part.
    fn steps<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (Part, &'a Step)> {
        let of = |(part, span): &(Part, Range<usize>)| {
            let part = *part;
            plan.steps[span.clone()].iter().map(move |step| (part, step))
        };
        self.spans.iter().flat_map(of)
    }
}

impl Partial {
    /// What a deployment of these parts would do now. Makes only calls that read.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Preflight`] where something that they stand on is missing.
    pub async fn plan(&self) -> Result<Plan, Error> {
        let cx = self.pipeline.context();
        let cut = Box::pin(self.draft(&cx)).await?;
        let planned = cut.graph.plan();
        self.check(&cut, &planned)?;
        Ok(self.visible(&cut, planned.plan))
    }

    /// Brings these parts to the wanted state, and says what was done.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); [`Error::Apply`] with the resource and the call that failed.
    pub async fn deploy(&self) -> Result<Plan, Error> {
        let cx = self.pipeline.context();
        let cut = Box::pin(self.draft(&cx)).await?;
        let planned = cut.graph.plan();
        self.check(&cut, &planned)?;
        let plan = self.visible(&cut, planned.plan.clone());
        Box::pin(cut.graph.apply(planned, &cx))
            .await
            .map_err(|error| Error::Apply(Box::new(error)))?;
        Ok(plan)
    }

    /// Removes these parts, dependents first, and says what was removed. Refused unless everything that they stand on
    /// is among them; AWS refuses to remove what other parts still use, except roles.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Preflight`]; [`Error::Remove`] with the resource that would not go.
    pub async fn destroy(&self) -> Result<Plan, Error> {
        let others: Vec<Part> = self.read().difference(&self.parts).copied().collect();
        if !others.is_empty() {
            let mut report = Report::default();
            for part in others {
                let mend = format!("name {part} too");
                report.find(Finding::error(
                    part.as_str(),
                    "is what the other parts stand on",
                    mend,
                ));
            }
            return Err(Error::Preflight(report));
        }
        let cx = self.pipeline.context();
        let cut = Box::pin(self.draft(&cx)).await?;
        let planned = cut.graph.plan_removal();
        let plan = planned.plan.clone();
        Box::pin(cut.graph.remove(planned, &cx))
            .await
            .map_err(|error| Error::Remove(Box::new(error)))?;
        Ok(plan)
    }

    /// The parts, and those that they stand on.
    fn read(&self) -> BTreeSet<Part> {
        let below = self
            .parts
            .iter()
            .flat_map(|part| part.stands_on().iter().copied());
        self.parts.iter().copied().chain(below).collect()
    }

    /// Reads and declares.
    async fn draft(&self, cx: &Context) -> Result<Cut, Error> {
        let now = cx.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let parts = Parts::of(&self.pipeline, now.as_secs())?;
        let mut cut = Cut {
            graph: Graph::new(),
            spans: Vec::new(),
        };
        let wanted = self.read();
        let networks = match wanted.contains(&Part::Network) {
            true => Some(network(&mut cut, &parts, cx).await?),
            false => None,
        };
        let cluster = match (&networks, wanted.contains(&Part::Cluster)) {
            (Some(networks), true) => Some(cluster(&mut cut, &parts, networks, cx).await?),
            _ => None,
        };
        let roles = match wanted.contains(&Part::Iam) {
            true => Some(self.roles(&mut cut, &parts, cluster, cx).await?),
            false => None,
        };
        if let (Some(networks), Some(roles), true) = (&networks, &roles, wanted.contains(&Part::Warehouse)) {
            warehouse(&mut cut, &parts, networks, roles, cx).await?;
        }
        Ok(cut)
    }

    async fn roles(
        &self,
        cut: &mut Cut,
        parts: &Parts,
        cluster: Option<Handle<ClusterOut>>,
        cx: &Context,
    ) -> Result<PairHandles, Error> {
        let spec = self.pipeline.spec().clone();
        let seen = read("the roles", Box::pin(parts.roles.observe(cx))).await?;
        let grants = match cluster {
            Some(cluster) => cluster
                .made()
                .map(move |cluster| reader_grants(&spec, &ClusterScope::exact(&cluster.arn))),
            None => {
                let there = read("the cluster", Box::pin(parts.cluster.observe(cx))).await?;
                let scope = there.cluster.map_or_else(
                    || ClusterScope::predict(&spec.region, &spec.source.account, &parts.cluster.spec().name),
                    |cluster| ClusterScope::exact(&cluster.arn),
                );
                Value::known(reader_grants(&spec, &scope))
            }
        };
        Ok(cut.part(Part::Iam, |graph| parts.roles.declare(graph, &seen, grants)))
    }

    /// Refuses to change what is not among the parts, and to replace anything.
    fn check(&self, cut: &Cut, planned: &Planned) -> Result<(), Error> {
        let mut report = Report::default();
        for (part, step) in cut.steps(&planned.plan) {
            let changes = step.change != Change::Keep || step.surplus > 0;
            if !self.parts.contains(&part) && changes {
                let what = "is not as it should be, and stands below what was asked for";
                report.find(Finding::error(&step.resource, what, format!("name {part} too")));
            } else if matches!(step.change, Change::Replace(_)) {
                let mend = "deploy the whole pipeline with replacements allowed";
                report.find(Finding::error(
                    &step.resource,
                    "would be removed and made anew",
                    mend,
                ));
            }
        }
        if report.holds() {
            Ok(())
        } else {
            Err(Error::Preflight(report))
        }
    }

    /// The steps of these parts.
    fn visible(&self, cut: &Cut, mut plan: Plan) -> Plan {
        let steps = cut.steps(&plan).filter(|(part, _)| self.parts.contains(part));
        plan.steps = steps.map(|(_, step)| step.clone()).collect();
        plan
    }
}

impl Cut {
    /// Declares a part and notes which nodes are its.
    fn part<T>(&mut self, part: Part, declare: impl FnOnce(&mut Graph) -> T) -> T {
        let begin = self.graph.len();
        let handles = declare(&mut self.graph);
        self.spans.push((part, begin..self.graph.len()));
        handles
    }
}

async fn network(cut: &mut Cut, parts: &Parts, cx: &Context) -> Result<LinkHandles, Error> {
    let seen = read("the networks", Box::pin(parts.networks.observe(cx))).await?;
    Ok(cut.part(Part::Network, |graph| {
        declare_link(graph, parts.networks.link(), &seen)
    }))
}

async fn cluster(
    cut: &mut Cut,
    parts: &Parts,
    networks: &LinkHandles,
    cx: &Context,
) -> Result<Handle<ClusterOut>, Error> {
    let seen = read("the cluster", Box::pin(parts.cluster.observe(cx))).await?;
    Ok(cut.part(Part::Cluster, |graph| {
        declare_cluster(graph, parts, &seen, networks)
    }))
}

async fn warehouse(
    cut: &mut Cut,
    parts: &Parts,
    networks: &LinkHandles,
    roles: &PairHandles,
    cx: &Context,
) -> Result<(), Error> {
    let seen = read("the warehouse", Box::pin(parts.serverless.observe(cx))).await?;
    cut.part(Part::Warehouse, |graph| {
        declare_serverless(graph, parts, &seen, networks, roles)
    });
    Ok(())
}
