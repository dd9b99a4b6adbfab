//! A deployed pipeline at work.

use crate::error::Error;
use crate::outputs::Outputs;
use crate::pipeline::Pipeline;
use msk_clickstream::ClickstreamProducer;
use redshift_streaming::data::DataApi;
use redshift_streaming::warehouse::Warehouse;
use xacct_converge::Report;
use xacct_types::TopicName;

/// A pipeline that stands: its outputs, its warehouse, its producer.
#[derive(Debug, Clone)]
pub struct Deployment {
    pipeline: Pipeline,
    outputs: Outputs,
    resources: usize,
}

impl Deployment {
    pub(crate) const fn new(pipeline: Pipeline, outputs: Outputs, resources: usize) -> Self {
        Self {
            pipeline,
            outputs,
            resources,
        }
    }

    /// Every id, ARN and name.
    #[must_use]
    pub const fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// How many resources the pipeline is made of.
    #[must_use]
    pub const fn resources(&self) -> usize {
        self.resources
    }

    /// The warehouse: refreshes, queries, counts. SQL is sent as the user that
    /// owns the views.
    #[must_use]
    pub fn warehouse(&self) -> Warehouse {
        let (of, config) = (&self.outputs.warehouse, &self.pipeline.warehouse);
        let api = DataApi::new(
            config,
            &of.workgroup.name,
            &of.database,
            of.namespace.admin_secret.clone(),
        );
        Warehouse::new(api, self.pipeline.context())
    }

    /// A connected producer of the first topic.
    ///
    /// # Errors
    /// [`Error::Producer`] with the reason: the missing action, the network hop.
    pub async fn producer(&self) -> Result<ClickstreamProducer, Error> {
        let first = self.outputs.source.topics.first().map(|topic| topic.name.clone());
        let none = || Error::Producer("the pipeline has no topic yet".into());
        self.producer_of(first.ok_or_else(none)?).await
    }

    /// A connected producer of `topic`.
    ///
    /// # Errors
    /// As [`Deployment::producer`].
    pub async fn producer_of(&self, topic: TopicName) -> Result<ClickstreamProducer, Error> {
        let brokers = self.outputs.source.cluster.bootstrap.clone().unwrap_or_default();
        let builder = ClickstreamProducer::builder(self.pipeline.access.clone(), brokers, topic);
        builder
            .connect()
            .await
            .map_err(|error| Error::Producer(error.into()))
    }

    /// As [`Pipeline::verify`].
    ///
    /// # Errors
    /// As [`Pipeline::verify`].
    pub async fn verify(&self) -> Result<Report, Error> {
        self.pipeline.verify().await
    }

    /// Reads both networks as they are now, and proves hop by hop that packets and names get through, both ways.
    ///
    /// # Errors
    /// [`Error::Read`] where something could not be looked at; what is broken is in the report.
    pub async fn prove(&self) -> Result<xacct_net::proof::Report, Error> {
        let (spec, cx) = (self.pipeline.spec(), self.pipeline.context());
        let link = spec.link().resolve();
        let networks = xacct_net::Networks::new(
            link.map_err(|error| Error::Unresolved(error.into()))?,
            &spec.owner(),
            0,
            &self.pipeline.source,
            &self.pipeline.warehouse,
        );
        let ends = xacct_net::live::Ends::default();
        let read = networks.read(&self.outputs.network, &ends, &cx);
        let mut model = Box::pin(read).await.map_err(|source| Error::Read {
            what: "the networks",
            source,
        })?;
        model.cluster.bootstrap_host = self.outputs.source.cluster.bootstrap_host().map(str::to_owned);
        Ok(xacct_net::proof::prove(&model, &spec.questions()))
    }

    /// The pipeline behind it.
    #[must_use]
    pub const fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }
}
