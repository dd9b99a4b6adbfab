//! Proves a deployed pipeline from what read calls show, link by link.

use crate::draft::{Depth, Draft, Survey, preflight, reader_grants};
use crate::error::Error;
use crate::pipeline::Pipeline;
use crate::spec::PipelineSpec;
use ends::{cluster_end, workgroup_end};
use msk_serverless::{ClientVpc, ClusterScope};
use redshift_streaming::Broker;
use redshift_streaming::verify::{self as warehouse, Expected};
use xacct_converge::{Change, Context, Failure, Finding, Plan, Report};
use xacct_net::live::Ends;
use xacct_net::outputs::LinkOutputs;
use xacct_net::proof::Options;

mod ends;

/// Everything that can be seen without changing anything.
pub(crate) async fn verify(pipeline: &Pipeline, cx: &Context) -> Result<Report, Error> {
    let survey = Box::pin(pipeline.survey(Depth::Everything, 0, cx)).await?;
    let mut report = preflight(&survey);
    let draft = pipeline.declare(&survey, Depth::Everything);
    let planned = draft.graph.plan();
    drift(&planned.plan, &draft, &mut report);
    topics(pipeline, &survey, &mut report);
    let existing = planned.existing();
    if let Ok(link) = draft.handles.networks.outputs(&existing) {
        report.absorb(network(pipeline, &survey, &link, cx).await?);
        cluster(&survey, &link, cx, &mut report).await?;
        service(&survey, Some(&link), &mut report);
    } else {
        let what = "packets and names could not be proved while parts of the networks are missing";
        report.find(Finding::error(
            "network",
            what,
            "mend the other findings, then verify again",
        ));
        service(&survey, None, &mut report);
    }
    roles(pipeline, &survey, cx, &mut report).await?;
    objects(pipeline, &survey, &mut report);
    Ok(report)
}

impl PipelineSpec {
    /// What the proof of the networks is asked.
    pub(crate) fn questions(&self) -> Options {
        Options {
            kafka_api: self.schema.broker == Broker::ClusterArn,
            ..Options::default()
        }
    }

    /// Proves, before anything exists and without a call, that packets and names will get through between the networks
    /// that this specification asks for, hop by hop and both ways.
    ///
    /// # Errors
    /// [`Error::Unresolved`] where the networks cannot be laid out.
    pub fn prove(&self) -> Result<xacct_net::proof::Report, Error> {
        let link = self.link().resolve();
        let link = link.map_err(|error| Error::Unresolved(error.into()))?;
        let model = xacct_net::proof::planned(&link);
        Ok(xacct_net::proof::prove(&model, &self.questions()))
    }
}

impl PipelineSpec {
    /// Proves, before anything exists and without a call, that Redshift will be let through both roles and may then read
    /// the topics.
    ///
    /// # Errors
    /// [`Error::Unresolved`], [`Error::Policies`] where the roles cannot be laid out.
    pub fn prove_roles(&self) -> Result<Report, Error> {
        let pair = crate::draft::role_spec(self)?;
        let name = msk_serverless::ClusterSpec::of(&self.owner()).name;
        let scope = ClusterScope::predict(&self.region, &self.source.account, &name);
        let grants = reader_grants(self, &scope);
        let view = pair
            .planned(&grants)
            .map_err(|error| Error::Policies(error.into()))?;
        Ok(pair.prove(&view, &grants))
    }
}

/// What a deployment would put right: what is missing does not work, what
/// differs may; the proofs decide.
fn drift(plan: &Plan, draft: &Draft, report: &mut Report) {
    for step in &plan.steps {
        let link = step.resource.as_str();
        match &step.change {
            Change::Create if draft.waits(link) => {
                let what = "waits until somebody makes its topic";
                let mend = "make the topic from inside the source network, then deploy again";
                report.find(Finding::warning(link, what, mend));
            }
            Change::Create => {
                let what = format!("there is no {} of this pipeline", step.kind);
                report.find(Finding::error(link, what, "deploy again: it is made"));
            }
            Change::Update(reasons) | Change::Replace(reasons) => {
                let finding = Finding::warning(
                    link,
                    "differs from what is wanted",
                    "deploy again: it is put back",
                );
                let seen = reasons.iter().map(ToString::to_string);
                report.find(seen.fold(finding, Finding::with_evidence));
            }
            Change::Delete => {
                let what = "is left of an earlier specification";
                report.find(Finding::warning(link, what, "deploy again: it is removed"));
            }
            _ => report.pass(link),
        }
    }
}

/// Packets and names, between where Redshift and the brokers really stand.
async fn network(
    pipeline: &Pipeline,
    survey: &Survey,
    link: &LinkOutputs,
    cx: &Context,
) -> Result<Report, Error> {
    let ends = Ends {
        workgroup: workgroup_end(&survey.seen),
        cluster: cluster_end(&survey.seen),
        producer: None,
    };
    let options = pipeline.spec.questions();
    let proved = Box::pin(survey.parts.networks.verify(link, &ends, &options, cx)).await;
    proved.map_err(|source| Error::Read {
        what: "the networks",
        source,
    })
}

async fn cluster(
    survey: &Survey,
    link: &LinkOutputs,
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    let subnets: Vec<_> = link
        .source
        .private_subnets
        .iter()
        .map(|subnet| subnet.id.clone())
        .collect();
    let expected = ClientVpc::new(&subnets, std::slice::from_ref(&link.cluster_group));
    let checked = survey.parts.cluster.verify(Some(&expected), cx).await;
    report.absorb(checked.map_err(|source| Error::Read {
        what: "the cluster",
        source,
    })?);
    Ok(())
}

async fn roles(pipeline: &Pipeline, survey: &Survey, cx: &Context, report: &mut Report) -> Result<(), Error> {
    let spec = &pipeline.spec;
    let name = &survey.parts.cluster.spec().name;
    let predicted = || ClusterScope::predict(&spec.region, &spec.source.account, name);
    let cluster = survey.seen.cluster.cluster.as_ref();
    let scope = cluster.map_or_else(predicted, |cluster| ClusterScope::exact(&cluster.arn));
    let checked: Result<Report, Failure> =
        Box::pin(survey.parts.roles.verify(&reader_grants(spec, &scope), cx)).await;
    report.absorb(checked.map_err(|source| Error::Read {
        what: "the roles",
        source,
    })?);
    Ok(())
}

/// The topics, where the brokers could be asked.
fn topics(pipeline: &Pipeline, survey: &Survey, report: &mut Report) {
    let Some(found) = &survey.seen.topics else {
        let what = "the topics could not be looked at from here";
        let finding = Finding::warning("topic/reachable", what, "look from inside the source network");
        let seen = survey.seen.topics_hidden.iter().map(ToString::to_string);
        report.find(seen.fold(finding, Finding::with_evidence));
        return;
    };
    for topic in pipeline.spec.topics() {
        let link = format!("topic/{}/exists", topic.name);
        if found.get(&topic.name).is_some() {
            report.pass(link);
        } else {
            let what = format!("the topic {} does not exist", topic.name);
            report.find(Finding::error(
                link,
                what,
                "make it from inside the source network, or deploy again",
            ));
        }
    }
}

/// Namespace and workgroup.
fn service(survey: &Survey, link: Option<&LinkOutputs>, report: &mut Report) {
    let texts = |link: &LinkOutputs| {
        link.warehouse
            .private_subnets
            .iter()
            .map(|s| s.id.to_string())
            .collect()
    };
    let expected = Expected {
        role: Some(survey.parts.roles.spec().warehouse_arn().clone()),
        subnets: link.map(texts).unwrap_or_default(),
        groups: link
            .map(|link| vec![link.workgroup_group.to_string()])
            .unwrap_or_default(),
    };
    report.absorb(warehouse::service(&survey.seen.serverless, &expected));
}

/// What only SQL shows.
fn objects(pipeline: &Pipeline, survey: &Survey, report: &mut Report) {
    if survey.seen.serverless.usable().is_none() {
        return;
    }
    let cluster = survey.seen.cluster.cluster.as_ref();
    let location = cluster.and_then(|cluster| match pipeline.spec.schema.broker {
        Broker::ClusterArn => Some(cluster.arn.to_string()),
        Broker::Address => cluster.bootstrap.clone(),
    });
    let pair = survey.parts.roles.spec();
    let chain = format!("{},{}", pair.warehouse_arn(), pair.stream_arn());
    let (catalog, spec) = (&survey.seen.catalog, pipeline.spec.streaming());
    report.absorb(warehouse::objects(
        catalog,
        &spec,
        &chain,
        &location.unwrap_or_default(),
    ));
}
