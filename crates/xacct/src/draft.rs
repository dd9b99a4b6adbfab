//! Reads both accounts and declares everything that a pipeline is made of.

use crate::error::Error;
use crate::pipeline::Pipeline;
use crate::spec::{PipelineSpec, TopicMaker};
use msk_serverless::{
    Brokers, Cluster, ClusterOut, ClusterScope, ClusterSpec, ObservedTopics, Quotas, TopicOut, Topics,
};
use redshift_streaming::data::DataApi;
use redshift_streaming::objects::{self, Catalog, Connection, ObjectHandles, Reading, Stream, ViewOut};
use redshift_streaming::serverless::{self, Serverless, ServerlessHandles, Surroundings};
use redshift_streaming::{Broker, ViewSpec};
use std::collections::BTreeMap;
use xacct_converge::{Context, Failure, Graph, Handle, Ready, Report, Value};
use xacct_iam::{ObservedPair, PairHandles, RolePair, RolePairSpec};
use xacct_net::Networks;
use xacct_net::plan::{LinkHandles, declare_link};
use xacct_types::{Grant, TopicName};

/// The parts of a pipeline, each of one crate.
pub(crate) struct Parts {
    pub(crate) networks: Networks,
    pub(crate) roles: RolePair,
    pub(crate) cluster: Cluster,
    pub(crate) topics: Topics,
    pub(crate) serverless: Serverless,
}

impl Parts {
    /// `generation` is new for every run that writes; it goes into idempotency tokens.
    pub(crate) fn of(pipeline: &Pipeline, generation: u64) -> Result<Self, Error> {
        let (spec, owner) = (&pipeline.spec, pipeline.spec.owner());
        let (source, warehouse) = (&pipeline.source, &pipeline.warehouse);
        let link = spec
            .link()
            .resolve()
            .map_err(|error| Error::Unresolved(error.into()))?;
        let serverless = spec.serverless();
        let topics = spec.topics().iter().map(|topic| topic.settings()).collect();
        Ok(Self {
            networks: Networks::new(link, &owner, generation, source, warehouse),
            roles: RolePair::new(source, warehouse, role_spec(spec)?),
            cluster: Cluster::new(source, owner.clone(), ClusterSpec::of(&owner)),
            topics: Topics::new(pipeline.topic_admin(), topics),
            serverless: Serverless::new(warehouse, owner, serverless),
        })
    }
}

/// The two roles of a specification.
pub(crate) fn role_spec(spec: &PipelineSpec) -> Result<RolePairSpec, Error> {
    let (source, warehouse) = (&spec.source.account, &spec.warehouse.account);
    let pair = RolePairSpec::new(spec.owner(), spec.region.clone(), source, warehouse, &spec.roles);
    pair.map_err(|error| Error::Unresolved(error.into()))
}

/// What the stream role may do with a cluster.
pub(crate) fn reader_grants(spec: &PipelineSpec, cluster: &ClusterScope) -> Vec<Grant> {
    let brokers = match spec.schema.broker {
        Broker::ClusterArn => Brokers::ByClusterArn,
        Broker::Address => Brokers::ByAddress,
    };
    let topics: Vec<TopicName> = spec.topics().into_iter().map(|topic| topic.name).collect();
    msk_serverless::grants::reader(cluster, &topics, brokers)
}

/// What was read of both accounts.
pub(crate) struct Seen {
    networks: xacct_net::Observed,
    roles: ObservedPair,
    pub(crate) cluster: msk_serverless::Observed,
    pub(crate) topics: Option<ObservedTopics>,
    /// Why the topics could not be looked at.
    pub(crate) topics_hidden: Option<Failure>,
    pub(crate) serverless: serverless::Observed,
    pub(crate) catalog: Catalog,
}

/// What is wanted and what there is.
pub(crate) struct Survey {
    pub(crate) parts: Parts,
    pub(crate) seen: Seen,
}

impl Survey {
    /// The failure to look at the topics, where this deployer makes them itself.
    fn hidden(&mut self, spec: &PipelineSpec) -> Option<Failure> {
        let direct = spec.source.cluster.topics == TopicMaker::Direct;
        self.seen.topics_hidden.take_if(|_| direct)
    }
}

/// A graph, where its outputs are, and what it leaves for later.
pub(crate) struct Draft {
    pub(crate) graph: Graph,
    pub(crate) handles: Handles,
    /// Views over topics that somebody else has still to make, and what became of each.
    pub(crate) waiting: Vec<(ViewSpec, Handle<Option<ViewOut>>)>,
}

impl Draft {
    /// Whether a step of the plan is a view that may have to wait for its topic.
    pub(crate) fn waits(&self, resource: &str) -> bool {
        let mut names = self.waiting.iter().map(|(view, _)| view.name.as_str());
        names.any(|name| resource.strip_prefix("warehouse/view/") == Some(name))
    }
}

pub(crate) struct Handles {
    pub(crate) networks: LinkHandles,
    pub(crate) roles: PairHandles,
    pub(crate) cluster: Handle<ClusterOut>,
    pub(crate) topics: Vec<Handle<TopicOut>>,
    pub(crate) serverless: ServerlessHandles,
    pub(crate) objects: ObjectHandles,
}

/// Whether the topics and the SQL objects are looked at, which a removal need not do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Everything,
    Resources,
}

impl Pipeline {
    /// Reads both accounts. `generation` is the number of the lease, or 0 where
    /// nothing will be written.
    pub(crate) async fn survey(&self, depth: Depth, generation: u64, cx: &Context) -> Result<Survey, Error> {
        let mut parts = Parts::of(self, generation)?;
        if depth == Depth::Resources {
            let snapshot = self.final_snapshot.clone();
            parts.serverless = parts.serverless.with_final_snapshot(snapshot);
        }
        let seen = self.observe(&parts, depth, cx).await?;
        Ok(Survey { parts, seen })
    }

    /// Reads, checks and declares.
    pub(crate) async fn draft(&self, depth: Depth, generation: u64, cx: &Context) -> Result<Draft, Error> {
        let mut survey = Box::pin(self.survey(depth, generation, cx)).await?;
        if let Some(source) = survey.hidden(&self.spec) {
            return Err(Error::Read {
                what: "the topics",
                source,
            });
        }
        let report = preflight(&survey);
        if depth == Depth::Everything && !report.holds() {
            return Err(Error::Preflight(report));
        }
        Ok(self.declare(&survey, depth))
    }

    async fn observe(&self, parts: &Parts, depth: Depth, cx: &Context) -> Result<Seen, Error> {
        let (networks, roles, cluster, serverless) = futures_util::try_join!(
            read("the networks", Box::pin(parts.networks.observe(cx))),
            read("the roles", Box::pin(parts.roles.observe(cx))),
            read("the cluster", Box::pin(parts.cluster.observe(cx))),
            read("the warehouse", Box::pin(parts.serverless.observe(cx))),
        )?;
        let (mut topics, mut topics_hidden, mut catalog) = (None, None, Catalog::default());
        if depth == Depth::Everything {
            ((topics, topics_hidden), catalog) = futures_util::try_join!(
                Box::pin(self.observe_topics(parts, &cluster, cx)),
                Box::pin(self.observe_catalog(parts, &serverless, cx)),
            )?;
        }
        Ok(Seen {
            networks,
            roles,
            cluster,
            topics,
            topics_hidden,
            serverless,
            catalog,
        })
    }

    /// The topics; nothing where nobody can tell, because there are no brokers
    /// yet although somebody else makes the topics, or no way to them from here.
    async fn observe_topics(
        &self,
        parts: &Parts,
        cluster: &msk_serverless::Observed,
        cx: &Context,
    ) -> Result<(Option<ObservedTopics>, Option<Failure>), Error> {
        let brokers = cluster
            .cluster
            .as_ref()
            .and_then(|cluster| cluster.bootstrap.clone());
        let deferred = self.spec.source.cluster.topics == TopicMaker::Deferred;
        let Some(brokers) = brokers else {
            return Ok(((!deferred).then(ObservedTopics::default), None));
        };
        Ok(match parts.topics.observe(&brokers, cx).await {
            Ok(topics) => (Some(topics), None),
            Err(failure) => (None, Some(failure)),
        })
    }

    async fn observe_catalog(
        &self,
        parts: &Parts,
        seen: &serverless::Observed,
        cx: &Context,
    ) -> Result<Catalog, Error> {
        let Some((namespace, workgroup)) = seen.usable() else {
            return Ok(Catalog::default());
        };
        let database = parts.serverless.spec().database.clone();
        let api = DataApi::new(&self.warehouse, workgroup.name, database, namespace.admin_secret);
        Ok(Catalog::read(&api, true, cx).await?)
    }

    pub(crate) fn declare(&self, survey: &Survey, depth: Depth) -> Draft {
        let Survey { parts, seen } = survey;
        let mut graph = Graph::new();
        let networks = declare_link(&mut graph, parts.networks.link(), &seen.networks);
        let cluster = declare_cluster(&mut graph, parts, &seen.cluster, &networks);
        let roles = self.declare_roles(&mut graph, parts, seen, cluster);
        let serverless = declare_serverless(&mut graph, parts, &seen.serverless, &networks, &roles);
        let (mut topics, mut waiting) = (Vec::new(), Vec::new());
        let mut spec = self.spec.streaming();
        match &seen.topics {
            Some(found) => {
                let after = networks.source.egress_ready();
                topics = parts.topics.declare(&mut graph, found, cluster, &after);
            }
            None if depth == Depth::Everything => {
                let there = |view: &ViewSpec| seen.catalog.has_view(&view.name);
                (spec.views, waiting) = spec.views.into_iter().partition(there);
            }
            None => spec.views.clear(),
        }
        let connection = self.connection(&spec.database.to_string(), &serverless);
        let reading = self.reading(parts, &networks, &roles, cluster);
        let made = self.topics_by_name(&topics);
        let objects = objects::declare(&mut graph, &connection, &seen.catalog, &spec, reading, |view| {
            made.get(view.source.name()).copied().into_iter().collect()
        });
        let tried = objects::declare_deferred(&mut graph, &connection, &spec, &waiting, objects.schema, &[]);
        let handles = Handles {
            networks,
            roles,
            cluster,
            topics,
            serverless,
            objects,
        };
        Draft {
            graph,
            handles,
            waiting: waiting.into_iter().zip(tried).collect(),
        }
    }

    fn declare_roles(
        &self,
        graph: &mut Graph,
        parts: &Parts,
        seen: &Seen,
        cluster: Handle<ClusterOut>,
    ) -> PairHandles {
        let spec = self.spec.clone();
        let grants = cluster
            .made()
            .map(move |cluster| reader_grants(&spec, &ClusterScope::exact(&cluster.arn)));
        parts.roles.declare(graph, &seen.roles, grants)
    }

    fn topics_by_name(&self, handles: &[Handle<TopicOut>]) -> BTreeMap<String, Ready> {
        let names = self.spec.topics().into_iter().map(|topic| topic.name.to_string());
        names.zip(handles.iter().map(|handle| handle.settled())).collect()
    }

    fn connection(&self, database: &str, serverless: &ServerlessHandles) -> Connection {
        Connection {
            config: self.warehouse.clone(),
            database: database.to_owned(),
            namespace: serverless.namespace.ready(),
            workgroup: serverless.workgroup.ready(),
            outlives: None,
        }
    }

    /// How Redshift comes to the stream, and what must be there before it tries.
    fn reading(
        &self,
        parts: &Parts,
        networks: &LinkHandles,
        roles: &PairHandles,
        cluster: Handle<ClusterOut>,
    ) -> Reading {
        let stream = match self.spec.schema.broker {
            Broker::ClusterArn => Stream::Cluster(cluster.made().map(|cluster| cluster.arn)),
            Broker::Address => Stream::Brokers(
                cluster
                    .ready()
                    .map(|cluster| cluster.bootstrap.unwrap_or_default()),
            ),
        };
        let mut after = networks.all_ready();
        after.extend([roles.warehouse_policy.settled(), roles.stream_policy.settled()]);
        after.extend([
            roles.warehouse.settled(),
            roles.stream.settled(),
            cluster.settled(),
        ]);
        Reading {
            stream,
            // The ARNs follow from names, so a role that is made anew changes nothing here.
            roles: vec![
                Value::known(parts.roles.spec().warehouse_arn().clone()),
                Value::known(parts.roles.spec().stream_arn().clone()),
            ],
            after,
        }
    }
}

/// Everything that would make a deployment fail and is known by now.
pub(crate) fn preflight(survey: &Survey) -> Report {
    let mut report = Report::default();
    let Survey { parts, seen } = survey;
    let cluster = seen.cluster.findings(parts.cluster.spec(), &Quotas::default());
    for finding in seen.roles.findings().into_iter().chain(cluster) {
        report.find(finding);
    }
    report
}

pub(crate) fn declare_cluster(
    graph: &mut Graph,
    parts: &Parts,
    seen: &msk_serverless::Observed,
    networks: &LinkHandles,
) -> Handle<ClusterOut> {
    // MSK makes a private hosted zone, for which the VPC's DNS attributes must be on.
    let subnets = Value::all(networks.source.private_subnet_ids()).and(networks.source.vpc.ready());
    let subnets = subnets.map(|(subnets, _)| subnets);
    let groups = networks.cluster_group.made().map(|group| vec![group]);
    parts.cluster.declare(graph, seen, subnets, groups)
}

pub(crate) fn declare_serverless(
    graph: &mut Graph,
    parts: &Parts,
    seen: &serverless::Observed,
    networks: &LinkHandles,
    roles: &PairHandles,
) -> ServerlessHandles {
    let around = Surroundings {
        role: Some(roles.warehouse.made().map(|role| role.arn)),
        subnets: networks.warehouse.private_subnet_ids(),
        groups: vec![networks.workgroup_group.made()],
        after: Vec::new(),
    };
    parts.serverless.declare(graph, seen, around)
}

pub(crate) async fn read<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Error> {
    call.await.map_err(|source| Error::Read { what, source })
}
