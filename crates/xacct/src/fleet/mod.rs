//! Many pipelines over shared networks, clusters and workgroups.
//!
//! Each tenant has topics, an external schema, views and two roles of its own.
//! What is shared stands in *cells*: two networks and what joins them, a cluster, a
//! namespace with its workgroup. A cell takes as many tenants as AWS's quotas let it;
//! a tenant never moves.
//!
//! ```no_run
//! use xacct::fleet::{Fleet, FleetSpec, Tenant};
//! use xacct::{PipelineSpec, SdkConfig};
//!
//! # async fn run(source: SdkConfig, warehouse: SdkConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let (a, b) = ("111111111111".parse()?, "222222222222".parse()?);
//! let shared = PipelineSpec::new("shop".parse()?, "ap-south-1".parse()?, a, b);
//! let spec = FleetSpec::new(shared)
//!     .with_tenant(Tenant::new("books".parse()?))
//!     .with_tenant(Tenant::new("toys".parse()?));
//! let fleet = Fleet::new(spec, source, warehouse).await?;
//! println!("{}", fleet.plan().await?);
//! let outputs = fleet.deploy().await?;
//! println!("{}", outputs.tenants["toys"].views[0].name);
//! fleet.remove(&["toys"]).await?; // books does not notice
//! fleet.remove(&["books"]).await?; // the last one takes the cell with it
//! # Ok(())
//! # }
//! ```

mod cell;
mod outputs;
mod pace;
mod place;
mod plan;
mod quotas;
mod remove;
mod spec;

pub use outputs::{CellOutputs, FleetOutputs, TenantOutputs};
pub use pace::{Bucket, Pace};
pub use plan::FleetPlan;
pub use quotas::{FleetQuotas, QuotaUse};
pub use spec::{FleetSpec, Tenant};

use crate::error::Error;
use crate::pipeline::Pipeline;
use aws_types::SdkConfig;
use cell::{Cell, CellHandles, Parting, reading, unresolved};
use msk_clickstream::KafkaAccess;
use place::{Users, place};
use redshift_streaming::data::DataApi;
use redshift_streaming::warehouse::Warehouse;
use std::collections::BTreeMap;
use std::sync::Arc;
use xacct_converge::{Applied, Change, Context, Finding, Graph, Planned, Report, Sink};
use xacct_iam::RolesUnder;
use xacct_net::Side;
use xacct_types::TopicAdmin;

/// A fleet of tenants between two accounts: planned, deployed, removed.
///
/// # Guarantees
/// As those of [`Pipeline`], and: removing a tenant takes away what is its own and
/// touches nothing that another uses; the last tenant of a cell takes the cell with
/// it. All calls of one `Fleet` share one [`Pace`], so that its tenants do not
/// throttle each other.
#[derive(Debug, Clone)]
pub struct Fleet {
    spec: FleetSpec,
    pipeline: Pipeline,
    quotas: FleetQuotas,
    pace: Arc<Pace>,
}

/// What was read and what follows from it.
struct Draft<'a> {
    graph: Graph,
    cells: Vec<(u32, CellHandles)>,
    placed: BTreeMap<u32, Vec<&'a Tenant>>,
    findings: Report,
    /// Serverless clusters that the source account has.
    clusters: usize,
}

impl Fleet {
    /// A fleet of `spec` between the accounts that `source` and `warehouse` reach.
    ///
    /// # Errors
    /// [`Error::Preflight`] with everything that is wrong with the specification; else as
    /// [`Pipeline::new`]. Nothing was changed.
    pub async fn new(spec: FleetSpec, source: SdkConfig, warehouse: SdkConfig) -> Result<Self, Error> {
        let problems = spec.problems();
        if !problems.holds() {
            return Err(Error::Preflight(problems));
        }
        let pipeline = Box::pin(Pipeline::new(spec.shared.clone(), source, warehouse)).await?;
        Ok(Self {
            spec,
            pipeline,
            quotas: FleetQuotas::default(),
            pace: Arc::default(),
        })
    }

    /// Other quotas than AWS's defaults.
    #[must_use]
    pub fn with_quotas(mut self, quotas: FleetQuotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// Shares a pace with other fleets of the same accounts.
    #[must_use]
    pub fn with_pace(mut self, pace: Arc<Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// As [`Pipeline::on_event`].
    #[must_use]
    pub fn on_event(mut self, sink: Sink) -> Self {
        self.pipeline = self.pipeline.on_event(sink);
        self
    }

    /// As [`Pipeline::with_kafka_access`], for every cell.
    #[must_use]
    pub fn with_kafka_access(mut self, change: impl FnOnce(KafkaAccess) -> KafkaAccess) -> Self {
        self.pipeline = self.pipeline.with_kafka_access(change);
        self
    }

    /// As [`Pipeline::with_topic_admin`], for every cell.
    #[must_use]
    pub fn with_topic_admin(mut self, admin: Arc<dyn TopicAdmin>) -> Self {
        self.pipeline = self.pipeline.with_topic_admin(admin);
        self
    }

    /// What was asked for.
    #[must_use]
    pub const fn spec(&self) -> &FleetSpec {
        &self.spec
    }

    /// How fast calls are made, and which buckets made them wait.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// What a deployment would do now, and how much of which quotas it would use.
    /// Makes only calls that read.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn plan(&self) -> Result<FleetPlan, Error> {
        let cx = self.context();
        let draft = Box::pin(self.draft(&cx)).await?;
        let planned = draft.graph.plan();
        self.judge(&draft, &planned, &cx).await
    }

    /// Brings all tenants and what they share to the wanted state. Tenants of the
    /// fleet that are not in the specification are left as they are.
    ///
    /// # Errors
    /// [`Error::Preflight`] with every finding and every quota that would be passed,
    /// before anything is changed; [`Error::Apply`] with the resource and the call that failed.
    pub async fn deploy(&self) -> Result<FleetOutputs, Error> {
        let cx = self.context();
        let draft = Box::pin(self.draft(&cx)).await?;
        let planned = draft.graph.plan();
        let plan = self.judge(&draft, &planned, &cx).await?;
        let mut report = draft.findings.clone();
        let passed = plan.quotas.iter().filter(|used| used.is_exceeded());
        passed.for_each(|used| report.find(used.finding()));
        refuse_replacements(&plan, &mut report);
        if !report.holds() {
            return Err(Error::Preflight(report));
        }
        let applied = Box::pin(draft.graph.apply(planned, &cx))
            .await
            .map_err(|error| Error::Apply(Box::new(error)))?;
        draft.outputs(&applied)
    }

    /// The warehouse of a tenant: refreshes, queries, counts.
    #[must_use]
    pub fn warehouse(&self, outputs: &FleetOutputs, tenant: &str) -> Option<Warehouse> {
        let cell = outputs.cells.get(&outputs.tenants.get(tenant)?.cell)?;
        let api = DataApi::new(
            &self.pipeline.warehouse,
            &cell.workgroup.name,
            self.spec.shared.warehouse.database.to_string(),
            cell.namespace.admin_secret.clone(),
        );
        Some(Warehouse::new(api, self.context()))
    }

    fn context(&self) -> Context {
        self.pipeline.context().with_pacer(self.pace.clone())
    }

    async fn roles(&self, cx: &Context) -> Result<RolesUnder, Error> {
        let path = self.spec.role_path(None).map_err(unresolved)?;
        let (source, warehouse) = (&self.pipeline.source, &self.pipeline.warehouse);
        reading(
            "the roles",
            Box::pin(RolesUnder::read(&path, source, warehouse, cx)),
        )
        .await
    }

    /// Reads cells with these tenants, all at the same time.
    async fn cells<'a>(
        &'a self,
        placed: &BTreeMap<u32, Vec<&Tenant>>,
        roles: &RolesUnder,
        cx: &Context,
    ) -> Result<Vec<Cell<'a>>, Error> {
        let mut reads = Vec::new();
        for (&number, tenants) in placed {
            let mut members = Vec::new();
            for tenant in tenants {
                members.push((tenant.name.to_string(), self.spec.of(tenant).map_err(unresolved)?));
            }
            reads.push(Box::pin(Cell::read(self, number, members, roles, cx)));
        }
        futures_util::future::try_join_all(reads).await
    }

    async fn draft(&self, cx: &Context) -> Result<Draft<'_>, Error> {
        let roles = self.roles(cx).await?;
        let users = Users::of(&self.spec, &roles).map_err(unresolved)?;
        let placed = place(&self.spec.tenants, &users, &self.quotas);
        let cells = self.cells(&placed, &roles, cx).await?;
        let (mut graph, mut findings) = (Graph::new(), Report::default());
        let mut handles = Vec::new();
        for cell in &cells {
            cell.findings()
                .into_iter()
                .for_each(|finding| findings.find(finding));
            handles.push((cell.number, cell.declare(&mut graph, Parting::CellStays)));
        }
        Ok(Draft {
            clusters: cells.iter().map(Cell::clusters).max().unwrap_or(0),
            graph,
            cells: handles,
            placed,
            findings,
        })
    }

    /// The plan with its quotas. What an account has is counted only where the plan
    /// would add to it.
    async fn judge(&self, draft: &Draft<'_>, planned: &Planned, cx: &Context) -> Result<FleetPlan, Error> {
        let plan = planned.plan.clone();
        let mut usage = plan::usage(self, &plan, cx).await?;
        usage.insert((Side::Source, "AWS::MSK::ServerlessCluster"), draft.clusters);
        let mut quotas = self.quotas.uses(&plan, &usage);
        quotas.extend(self.quotas.within(&draft.placed));
        let cells = draft.placed.iter();
        let names = |tenants: &Vec<&Tenant>| tenants.iter().map(|tenant| tenant.name.to_string()).collect();
        Ok(FleetPlan {
            cells: cells.map(|(cell, tenants)| (*cell, names(tenants))).collect(),
            plan,
            quotas,
        })
    }
}

impl Draft<'_> {
    fn outputs(&self, applied: &Applied) -> Result<FleetOutputs, Error> {
        let (mut cells, mut tenants) = (BTreeMap::new(), BTreeMap::new());
        for (number, handles) in &self.cells {
            cells.insert(*number, CellOutputs::of(handles, applied)?);
            for (name, member) in &handles.members {
                tenants.insert(name.clone(), TenantOutputs::of(*number, member, applied)?);
            }
        }
        Ok(FleetOutputs {
            cells,
            tenants,
            resources: self.graph.len(),
        })
    }
}

/// Replacing what tenants share would take it from all of them: a fleet never does.
fn refuse_replacements(plan: &FleetPlan, report: &mut Report) {
    for step in plan.plan.changes() {
        if let Change::Replace(reasons) = &step.change {
            let mend = "give the field its old value, or remove the tenants and deploy them again";
            let finding = Finding::error(&step.resource, "would be removed and made anew", mend);
            let seen = reasons.iter().map(ToString::to_string);
            report.find(seen.fold(finding, Finding::with_evidence));
        }
    }
}
