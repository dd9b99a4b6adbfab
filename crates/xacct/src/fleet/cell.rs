//! One cell: reads it, and declares it with its tenants.

use super::Fleet;
use crate::draft::reader_grants;
use crate::error::Error;
use crate::spec::PipelineSpec;
use msk_serverless::topics::OnRemoval;
use msk_serverless::{
    Cluster, ClusterOut, ClusterScope, ClusterSpec, ObservedTopics, Quotas, TopicOut, Topics,
};
use redshift_streaming::data::DataApi;
use redshift_streaming::objects::{self, Catalog, Connection, ObjectHandles, Reading, Stream};
use redshift_streaming::serverless::{self, Serverless, ServerlessHandles, ServerlessSpec, Surroundings};
use redshift_streaming::{Broker, SchemaSpec};
use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;
use xacct_converge::{Context, Failure, Finding, Graph, Handle, Ready, Value};
use xacct_iam::{ObservedPair, PairHandles, RolePair, RolePairSpec, RoleRules, RolesUnder};
use xacct_net::Networks;
use xacct_net::plan::{LinkHandles, declare_link};
use xacct_types::TopicSettings;

/// What the tenants of a cell share, and those tenants that somebody asked about.
pub(super) struct Cell<'a> {
    fleet: &'a Fleet,
    pub(super) number: u32,
    networks: Networks,
    cluster: Cluster,
    serverless: Serverless,
    members: Vec<Member>,
    seen: Seen,
}

/// A tenant in a cell.
struct Member {
    name: String,
    spec: PipelineSpec,
    roles: RolePair,
    found: ObservedPair,
}

/// What was read of a cell.
struct Seen {
    networks: xacct_net::Observed,
    cluster: msk_serverless::Observed,
    serverless: serverless::Observed,
    topics: ObservedTopics,
    catalog: Catalog,
}

/// Where a cell's outputs are.
pub(super) struct CellHandles {
    pub(super) networks: LinkHandles,
    pub(super) cluster: Handle<ClusterOut>,
    pub(super) serverless: ServerlessHandles,
    pub(super) members: BTreeMap<String, MemberHandles>,
}

/// Where a tenant's outputs are.
pub(super) struct MemberHandles {
    pub(super) roles: PairHandles,
    pub(super) topics: Vec<Handle<TopicOut>>,
    pub(super) objects: ObjectHandles,
}

/// What becomes of the tenants' things when they are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    /// The cell stays: topics, views and schemas are removed one by one.
    CellStays,
    /// They go with the cell.
    CellGoes,
}

/// The prefix of everything in a cell that is a tenant's.
pub(super) fn tenants_scope(cell: u32) -> String {
    format!("cell-{cell}/tenants/")
}

impl<'a> Cell<'a> {
    /// Reads a cell. The roles of all tenants of all cells were read before.
    pub(super) async fn read(
        fleet: &'a Fleet,
        number: u32,
        tenants: Vec<(String, PipelineSpec)>,
        roles: &RolesUnder,
        cx: &Context,
    ) -> Result<Self, Error> {
        let shared = &fleet.spec.shared;
        let owner = fleet.spec.cell_owner(number).map_err(unresolved)?;
        let link = shared.link().resolve().map_err(unresolved)?;
        let generation = cx.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let capital = tenants
            .iter()
            .any(|(_, spec)| spec.streaming().needs_case_sensitivity());
        let warehouse = ServerlessSpec::of(&owner, shared.warehouse.database.to_string())
            .with_base_capacity(shared.warehouse.workgroup.base_capacity)
            .with_case_sensitivity(capital);
        let networks = Networks::new(
            link,
            &owner,
            generation,
            &fleet.pipeline.source,
            &fleet.pipeline.warehouse,
        );
        let cluster = Cluster::new(&fleet.pipeline.source, owner.clone(), ClusterSpec::of(&owner));
        let serverless = Serverless::new(&fleet.pipeline.warehouse, owner, warehouse);
        let members: Result<Vec<Member>, Error> = tenants
            .into_iter()
            .map(|(name, spec)| Member::new(fleet, number, name, spec, roles))
            .collect();
        let members = members?;
        let wanted: Vec<TopicSettings> = members.iter().flat_map(Member::topics).collect();
        let topics = Topics::new(fleet.pipeline.topic_admin(), wanted);
        let readers = members.iter().any(|member| member.spec.streaming().has_readers());
        let seen = Seen::read(fleet, &networks, &cluster, &serverless, &topics, readers, cx).await?;
        Ok(Self {
            fleet,
            number,
            networks,
            cluster,
            serverless,
            members,
            seen,
        })
    }

    /// How many serverless clusters the source account has.
    pub(super) fn clusters(&self) -> usize {
        usize::try_from(self.seen.cluster.serverless_clusters).unwrap_or(usize::MAX)
    }

    /// What would make a deployment fail and is known by now.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = self
            .seen
            .cluster
            .findings(self.cluster.spec(), &Quotas::default());
        findings.extend(self.members.iter().flat_map(|member| member.found.findings()));
        findings
    }

    /// Adds everything to `graph`.
    pub(super) fn declare(&self, graph: &mut Graph, parting: Parting) -> CellHandles {
        graph.within(format!("cell-{}/", self.number));
        let networks = declare_link(graph, self.networks.link(), &self.seen.networks);
        let cluster = self.declare_cluster(graph, &networks);
        let around = Surroundings {
            role: None,
            subnets: networks.warehouse.private_subnet_ids(),
            groups: vec![networks.workgroup_group.made()],
            after: Vec::new(),
        };
        let serverless = self.serverless.declare(graph, &self.seen.serverless, around);
        let roles: Vec<PairHandles> = self
            .members
            .iter()
            .map(|member| {
                graph.within(self.scope(member));
                member.declare_roles(graph, cluster)
            })
            .collect();
        graph.within(tenants_scope(self.number));
        let arns = roles
            .iter()
            .map(|pair| pair.warehouse.made().map(|role| role.arn));
        let namespace = self.seen.serverless.namespace.as_ref();
        let attached = self
            .serverless
            .attach(graph, namespace, &serverless, arns.collect());
        let mut after = networks.all_ready();
        after.extend([cluster.settled(), attached.settled()]);
        let shared = Shared {
            cluster,
            after,
            way: networks.source.egress_ready(),
            connection: self.connection(&serverless, parting),
            parting,
        };
        let members = self.members.iter().zip(roles);
        let members = members.map(|(member, roles)| {
            graph.within(self.scope(member));
            (
                member.name.clone(),
                self.declare_member(graph, member, roles, &shared),
            )
        });
        let members = members.collect();
        graph.within("");
        CellHandles {
            networks,
            cluster,
            serverless,
            members,
        }
    }

    fn scope(&self, member: &Member) -> String {
        format!("{}{}/", tenants_scope(self.number), member.name)
    }

    fn declare_cluster(&self, graph: &mut Graph, networks: &LinkHandles) -> Handle<ClusterOut> {
        let subnets = Value::all(networks.source.private_subnet_ids()).and(networks.source.vpc.ready());
        let subnets = subnets.map(|(subnets, _)| subnets);
        let groups = networks.cluster_group.made().map(|group| vec![group]);
        self.cluster.declare(graph, &self.seen.cluster, subnets, groups)
    }

    fn connection(&self, handles: &ServerlessHandles, parting: Parting) -> Connection {
        let api = api_of(self.fleet, &self.serverless, &self.seen.serverless);
        Connection {
            config: self.fleet.pipeline.warehouse.clone(),
            database: self.serverless.spec().database.clone(),
            namespace: handles.namespace.ready(),
            workgroup: handles.workgroup.ready(),
            outlives: api.filter(|_| parting == Parting::CellStays),
        }
    }

    fn declare_member(
        &self,
        graph: &mut Graph,
        member: &Member,
        roles: PairHandles,
        shared: &Shared,
    ) -> MemberHandles {
        let removal = match shared.parting {
            Parting::CellStays => OnRemoval::Delete,
            Parting::CellGoes => OnRemoval::WithCluster,
        };
        let topics = Topics::new(self.fleet.pipeline.topic_admin(), member.topics()).on_removal(removal);
        let topics = topics.declare(graph, &self.seen.topics, shared.cluster, &shared.way);
        let names = member
            .spec
            .source
            .topics
            .iter()
            .map(|topic| topic.name.to_string());
        let made: BTreeMap<String, Ready> = names.zip(topics.iter().map(|topic| topic.settled())).collect();
        let reading = member.reading(roles, shared);
        let (catalog, spec) = (&self.seen.catalog, member.spec.streaming());
        let objects = objects::declare(graph, &shared.connection, catalog, &spec, reading, |view| {
            made.get(view.source.name()).copied().into_iter().collect()
        });
        MemberHandles {
            roles,
            topics,
            objects,
        }
    }
}

/// What every tenant of a cell is declared with.
struct Shared {
    cluster: Handle<ClusterOut>,
    /// What a first refresh needs of the cell.
    after: Vec<Ready>,
    /// The way to the brokers.
    way: Vec<Ready>,
    connection: Connection,
    parting: Parting,
}

impl Member {
    fn new(
        fleet: &Fleet,
        cell: u32,
        name: String,
        spec: PipelineSpec,
        roles: &RolesUnder,
    ) -> Result<Self, Error> {
        let mut rules = RoleRules::default();
        rules.naming.path = fleet.spec.role_path(Some(cell)).map_err(unresolved)?;
        let (source, warehouse) = (&spec.source.account, &spec.warehouse.account);
        let pair = RolePairSpec::new(spec.owner(), spec.region.clone(), source, warehouse, &rules);
        let pair = pair.map_err(unresolved)?;
        Ok(Self {
            found: roles.pair(&pair),
            roles: RolePair::new(&fleet.pipeline.source, &fleet.pipeline.warehouse, pair),
            name,
            spec,
        })
    }

    fn topics(&self) -> Vec<TopicSettings> {
        self.spec
            .source
            .topics
            .iter()
            .map(|topic| topic.settings())
            .collect()
    }

    fn declare_roles(&self, graph: &mut Graph, cluster: Handle<ClusterOut>) -> PairHandles {
        let spec = self.spec.clone();
        let grants = cluster.made();
        let grants = grants.map(move |cluster| reader_grants(&spec, &ClusterScope::exact(&cluster.arn)));
        self.roles.declare(graph, &self.found, grants)
    }

    /// How Redshift comes to the tenant's topics, and what must be there before it tries.
    fn reading(&self, roles: PairHandles, shared: &Shared) -> Reading {
        let SchemaSpec { broker, .. } = &self.spec.schema;
        let stream = match broker {
            Broker::ClusterArn => Stream::Cluster(shared.cluster.made().map(|cluster| cluster.arn)),
            Broker::Address => {
                let brokers = shared.cluster.ready();
                Stream::Brokers(brokers.map(|cluster| cluster.bootstrap.unwrap_or_default()))
            }
        };
        let mut after = shared.after.clone();
        after.extend([roles.warehouse_policy.settled(), roles.stream_policy.settled()]);
        after.extend([roles.warehouse.settled(), roles.stream.settled()]);
        let chain = [roles.warehouse, roles.stream];
        Reading {
            stream,
            roles: chain
                .iter()
                .map(|role| role.made().map(|role| role.arn))
                .collect(),
            after,
        }
    }
}

impl Seen {
    async fn read(
        fleet: &Fleet,
        networks: &Networks,
        cluster: &Cluster,
        serverless: &Serverless,
        topics: &Topics,
        readers: bool,
        cx: &Context,
    ) -> Result<Self, Error> {
        let (on_source, on_warehouse) = (cx.on("source"), cx.on("warehouse"));
        let (networks, cluster, seen) = futures_util::try_join!(
            reading("the networks", Box::pin(networks.observe(cx))),
            reading("the cluster", Box::pin(cluster.observe(&on_source))),
            reading("the warehouse", Box::pin(serverless.observe(&on_warehouse))),
        )?;
        let brokers = cluster
            .cluster
            .as_ref()
            .and_then(|cluster| cluster.bootstrap.clone());
        let topics = match brokers {
            Some(brokers) => {
                let found = Box::pin(topics.observe(&brokers, &on_source));
                reading("the topics", found).await?
            }
            None => ObservedTopics::default(),
        };
        let catalog = match api_of(fleet, serverless, &seen) {
            Some(api) => Box::pin(Catalog::read(&api, readers, &on_warehouse)).await?,
            None => Catalog::default(),
        };
        Ok(Self {
            networks,
            cluster,
            serverless: seen,
            topics,
            catalog,
        })
    }
}

/// The way to a workgroup that takes SQL now.
fn api_of(fleet: &Fleet, serverless: &Serverless, seen: &serverless::Observed) -> Option<DataApi> {
    let (namespace, workgroup) = seen.usable()?;
    let database = serverless.spec().database.clone();
    Some(DataApi::new(
        &fleet.pipeline.warehouse,
        workgroup.name,
        database,
        namespace.admin_secret,
    ))
}

pub(super) fn unresolved(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Unresolved(error.into())
}

pub(super) async fn reading<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Error> {
    call.await.map_err(|source| Error::Read { what, source })
}
