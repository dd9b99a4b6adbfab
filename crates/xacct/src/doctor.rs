//! Says what is wired how, and what is broken, in a pipeline that somebody else built.

use crate::error::Error;
use aws_types::SdkConfig;
use msk_serverless::{Brokers, Cluster, ClusterScope, ClusterSpec, Seen};
use redshift_streaming::serverless::{self, Observed};
use xacct_converge::smithy::ConfigClock;
use xacct_converge::{Context, Failure, Finding, Report};
use xacct_iam::chain::{Chain, Goal, RoleView};
use xacct_iam::policy::Element;
use xacct_net::live::Ends;
use xacct_net::proof::model::{self, Placement};
use xacct_net::proof::{Options, prove};
use xacct_net::{LinkSpec, Networks, Side};
use xacct_types::{Arn, ClusterArn, Owner, PipelineName, RoleArn, TopicName};

/// A pipeline that is not ours: what the doctor is given.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Patient {
    /// The cluster.
    pub cluster: ClusterArn,
    /// The workgroup's name.
    pub workgroup: String,
    /// What the external schema says behind `IAM_ROLE`, part by part. Where nothing is said: the namespace's role, then
    /// whatever that role may assume.
    pub chain: Vec<String>,
    /// Topics that should be read.
    pub topics: Vec<TopicName>,
    /// How the external schema finds the brokers.
    pub brokers: Brokers,
}

impl Patient {
    /// A pipeline of which nothing else is known.
    #[must_use]
    pub fn new(cluster: ClusterArn, workgroup: impl Into<String>) -> Self {
        Self {
            cluster,
            workgroup: workgroup.into(),
            chain: Vec::new(),
            topics: Vec::new(),
            brokers: Brokers::ByClusterArn,
        }
    }

    /// The roles as the external schema names them, first to last.
    #[must_use]
    pub fn through(mut self, chain: impl IntoIterator<Item = String>) -> Self {
        self.chain = chain.into_iter().collect();
        self
    }

    /// Topics that should be read.
    #[must_use]
    pub fn reading(mut self, topics: impl IntoIterator<Item = TopicName>) -> Self {
        self.topics = topics.into_iter().collect();
        self
    }
}

/// Looks at a pipeline, with calls that read, and reports every link that holds and every one that does not.
///
/// # Errors
/// [`Error::Read`] where something could not be looked at; what is broken is in the report.
pub async fn doctor(patient: &Patient, source: &SdkConfig, warehouse: &SdkConfig) -> Result<Report, Error> {
    let cx = Context::new(ConfigClock::of(source), 1);
    let name = PipelineName::new("doctor").map_err(unresolved)?;
    let cluster = Cluster::new(
        source,
        Owner::new(name),
        ClusterSpec::existing(patient.cluster.clone()),
    );
    let mut report = Report::default();
    let seen = match cluster.observe(&cx).await {
        Ok(seen) => seen.cluster,
        Err(failure) if failure.is_retryable() => return Err(read("the cluster")(failure)),
        Err(failure) => {
            let what = format!("the cluster {} cannot be seen: {failure}", patient.cluster);
            report.find(Finding::error(
                "cluster/exists",
                what,
                "give the ARN of a cluster of the source's account",
            ));
            None
        }
    };
    let found = serverless::look::workgroup(warehouse, &patient.workgroup, &cx);
    let found = found.await.map_err(read("the workgroup"))?;
    if found.workgroup.is_none() {
        let what = format!("there is no workgroup {}", patient.workgroup);
        report.find(Finding::error(
            "warehouse/workgroup",
            what,
            "give the name of a workgroup of the warehouse's account",
        ));
    }
    Box::pin(roles(patient, &found, [source, warehouse], &cx, &mut report)).await?;
    if let Some(seen) = &seen {
        Box::pin(networks(
            patient,
            seen,
            &found,
            [source, warehouse],
            &cx,
            &mut report,
        ))
        .await?;
    }
    Ok(report)
}

fn unresolved(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unresolved(Box::new(error))
}

fn read(what: &'static str) -> impl Fn(Failure) -> Error {
    move |source| Error::Read { what, source }
}

/// The chain from the service to the topics.
async fn roles(
    patient: &Patient,
    found: &Observed,
    [source, warehouse]: [&SdkConfig; 2],
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    let Some(first) = patient.chain.first().cloned().or_else(|| found.first_role()) else {
        let what = "no role is attached to the namespace";
        report.find(Finding::error(
            "warehouse/role",
            what,
            "attach the role that may assume the stream's role",
        ));
        return Ok(());
    };
    let Some(first) = Box::pin(view("warehouse/role", &first, warehouse, cx, report)).await? else {
        return Ok(());
    };
    let named = patient.chain.get(1).cloned();
    let Some(second) = named.or_else(|| onward(&first, patient)) else {
        let what = format!(
            "no policy of {} allows sts:AssumeRole on a role of the source's account",
            first.arn
        );
        let mend = "allow it to assume the role that may read the stream";
        report.find(Finding::error("warehouse/role/policy", what, mend));
        return Ok(());
    };
    let Some(second) = Box::pin(view("source/role", &second, source, cx, report)).await? else {
        return Ok(());
    };
    let scope = ClusterScope::exact(&patient.cluster);
    let grants = msk_serverless::grants::reader(&scope, &patient.topics, patient.brokers);
    // Names of groups are Redshift's own affair, and a pattern is no name to ask about.
    let asked = grants
        .iter()
        .flat_map(Goal::all_of)
        .filter(|goal| !goal.resource.ends_with("/*"));
    let mut goals: Vec<Goal> = asked.collect();
    // Whether brokers are asked for on a cluster or on nothing, AWS's texts do not agree: a policy may say either.
    for goal in goals
        .iter_mut()
        .filter(|goal| goal.action == "kafka:GetBootstrapBrokers")
    {
        goal.resource = patient.cluster.to_string();
    }
    let region = patient.cluster.region().map_err(unresolved)?;
    let chain = Chain::new("redshift.amazonaws.com", first)
        .in_region(region.as_str())
        .then(second);
    report.absorb(xacct_iam::verify::chain(
        &chain,
        &goals,
        &["warehouse/role", "source/role"],
    ));
    Ok(())
}

/// A role by what should be its ARN; a finding where it is none, or where there is no such role.
async fn view(
    link: &str,
    arn: &str,
    config: &SdkConfig,
    cx: &Context,
    report: &mut Report,
) -> Result<Option<RoleView>, Error> {
    let arn = match RoleArn::new(arn) {
        Ok(arn) => arn,
        Err(invalid) => {
            let mend = "name the role itself: arn:aws:iam::ACCOUNT:role/NAME";
            report.find(Finding::error(link, invalid.to_string(), mend));
            return Ok(None);
        }
    };
    let view = xacct_iam::apply::look::role(config, arn.name(), cx)
        .await
        .map_err(read("the roles"))?;
    if view.is_none() {
        report.find(xacct_iam::verify::missing_role(link, &arn));
    }
    Ok(view)
}

/// What a role may assume in the source's account, role or not.
fn onward(first: &RoleView, patient: &Patient) -> Option<String> {
    let account = patient.cluster.account();
    let statements = first.policies.values().flat_map(|document| &document.statements);
    let assuming = statements.filter(|statement| {
        let named = statement.actions.named().iter();
        named
            .into_iter()
            .any(|action| action.eq_ignore_ascii_case("sts:AssumeRole"))
    });
    let resources = assuming.filter_map(|statement| match &statement.resources {
        Some(Element::Only(resources)) => Some(resources),
        _ => None,
    });
    let there = |arn: &&String| Arn::read(arn).is_some_and(|arn| arn.account == account.as_str());
    resources.flatten().find(there).cloned()
}

/// Packets and names between where the cluster and the workgroup stand.
async fn networks(
    patient: &Patient,
    seen: &Seen,
    found: &Observed,
    [source, warehouse]: [&SdkConfig; 2],
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    let (Some(client), Some(workgroup)) = (seen.client_vpcs.first(), found.workgroup.as_ref()) else {
        return Ok(());
    };
    let region = patient.cluster.region().map_err(unresolved)?;
    let link = LinkSpec::new(region).resolve().map_err(unresolved)?;
    let owner = Owner::new(PipelineName::new("doctor").map_err(unresolved)?);
    let networks = Networks::new(link, &owner, 0, source, warehouse);
    let mut cluster = model::Cluster::default();
    cluster.placement.subnets = client.subnets.iter().cloned().collect();
    cluster.placement.groups = client.groups.iter().cloned().collect();
    cluster.bootstrap_host = seen.output().bootstrap_host().map(str::to_owned);
    let ends = Ends {
        workgroup: Some(Placement {
            subnets: workgroup.subnet_ids().to_vec(),
            groups: workgroup.security_group_ids().to_vec(),
            enhanced_routing: workgroup.enhanced_vpc_routing(),
        }),
        cluster: Some(cluster),
        producer: None,
    };
    let model = Box::pin(networks.read_between(&ends, cx))
        .await
        .map_err(read("the networks"))?;
    for side in Side::BOTH.into_iter().filter(|side| model.vpc(*side).is_none()) {
        let what = format!("the VPC of the {side} cannot be found from its subnets");
        report.find(Finding::error(
            format!("{side}/vpc"),
            what,
            "look at the subnets in the console",
        ));
    }
    let options = Options {
        kafka_api: patient.brokers == Brokers::ByClusterArn,
        ..Options::default()
    };
    report.absorb(xacct_net::verify::report(&prove(&model, &options)));
    Ok(())
}
