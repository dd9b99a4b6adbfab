//! What a refresh can really read.
//!
//! Before Redshift gets a record, a chain of things must hold: the role is attached and can be assumed, each role of the
//! chain may assume the next one, STS and (for schemas by cluster ARN) the MSK API can be reached from the workgroup's
//! subnets, the broker names resolve there, packets pass on port 9098, and the last role may read the topic. This module
//! walks the chain over the [`World`]. The statement's error is of the kind that Redshift gives; the link that broke is
//! kept for [`crate::Sim::explain`].
//!
//! Sources: Redshift developer guide, "Getting started with streaming ingestion from Apache Kafka sources"; MSK developer
//! guide, "IAM access control", "Consume data".

mod kafka;
mod roles;
mod way;

use std::time::Duration;

use crate::clock::SimTime;
use crate::net::Endpoint;
use crate::serverless::{Namespace, Workgroup};
use crate::sql::statement::{Service, StreamOptions};
use crate::sql::stream::{Batch, StreamFailure, StreamSource};
use crate::world::World;

/// How long Redshift tries to connect before it gives up. Not documented; a Kafka client's socket timeout.
const CONNECTS_FOR: Duration = Duration::from_secs(60);

/// The simulated Redshift on its way to a stream, for one statement of one workgroup.
#[derive(Debug)]
pub(crate) struct Ingestion<'w> {
    world: &'w World,
    now: SimTime,
    account: String,
    workgroup: &'w Workgroup,
    namespace: &'w Namespace,
    /// The cluster that the last [`StreamSource::open`] reached.
    cluster: Option<String>,
    /// Ids of what the way led through, for the timeline.
    pub(crate) passed: Vec<String>,
}

impl<'w> Ingestion<'w> {
    /// Starts from a workgroup; None if it or its namespace is gone.
    pub(crate) fn new(world: &'w World, now: SimTime, account: &str, workgroup: &str) -> Option<Self> {
        let state = &world.account(account)?.serverless;
        let workgroup = state.workgroup(workgroup)?;
        Some(Self {
            world,
            now,
            account: account.to_owned(),
            workgroup,
            namespace: state.namespace_of(workgroup)?,
            cluster: None,
            passed: vec![workgroup.arn.clone()],
        })
    }

    /// Senders in the workgroup's subnets: any address, because nodes come and go.
    fn senders(&self) -> Vec<Endpoint> {
        let subnets = self.workgroup.subnets.iter();
        subnets
            .map(|subnet| Endpoint {
                account: self.account.clone(),
                subnet_id: subnet.clone(),
                security_groups: self.workgroup.security_groups.clone(),
                ip: None,
            })
            .collect()
    }
}

impl StreamSource for Ingestion<'_> {
    fn open(&mut self, options: &StreamOptions, stream: Option<&str>) -> Result<Vec<String>, StreamFailure> {
        if matches!(options.service, Service::Kinesis { .. }) {
            let message = "Kinesis streams are not modelled by the simulator";
            return Err(refused(message, "the simulator has no Kinesis"));
        }
        let reader = self.assume(options)?;
        let cluster = self.reach(options, &reader)?;
        self.cluster = Some(cluster.arn.clone());
        self.passed.push(cluster.arn.clone());
        match stream {
            Some(topic) => self.authorize(cluster, &reader, topic),
            None => Ok(Vec::new()),
        }
    }

    fn read(
        &mut self,
        topic: &str,
        partition: &str,
        from: Option<&str>,
        max: usize,
    ) -> Result<Batch, StreamFailure> {
        let cluster = self.cluster.as_deref().unwrap_or_default();
        kafka::read(&self.world.kafka, cluster, topic, partition, from, max)
    }
}

/// A failure that comes at once.
fn refused(message: impl Into<String>, cause: impl Into<String>) -> StreamFailure {
    StreamFailure {
        message: message.into(),
        cause: cause.into(),
        after: Duration::ZERO,
    }
}

/// A failure to connect. All of them read the same: Redshift does not say which hop is broken.
fn timed_out(cause: impl Into<String>) -> StreamFailure {
    StreamFailure {
        message: "Timeout while connecting to the streaming source. Unable to connect.".to_owned(),
        cause: cause.into(),
        after: CONNECTS_FOR,
    }
}
