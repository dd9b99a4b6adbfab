//! From the workgroup's subnets to the brokers.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::roles::{Reader, endpoint_allows};
use super::{Ingestion, refused, timed_out};
use crate::auth::{audit, policy};
use crate::iam::chain::ambient;
use crate::msk::{self, Cluster};
use crate::net::{Endpoint, dns, reach};
use crate::sql::statement::{Authentication, Service, StreamOptions};
use crate::sql::stream::StreamFailure;
use crate::world::Caller;

impl<'w> Ingestion<'w> {
    /// Finds the brokers and connects to each from each subnet of the workgroup.
    pub(super) fn reach(
        &mut self,
        options: &StreamOptions,
        reader: &Reader,
    ) -> Result<&'w Cluster, StreamFailure> {
        let brokers = match &options.service {
            Service::Msk { cluster_arn } => self.bootstrap_brokers(cluster_arn, reader)?,
            Service::Kafka { brokers } => brokers.clone(),
            Service::Kinesis { .. } => Vec::new(),
        };
        if !self.workgroup.enhanced_vpc_routing {
            let cause = format!(
                "workgroup {} has no enhanced VPC routing, so its traffic leaves by the internet, where no broker is",
                self.workgroup.name
            );
            return Err(timed_out(cause));
        }
        let mut found = None;
        for broker in &brokers {
            let cluster = self.connect(broker)?;
            found.get_or_insert(cluster);
        }
        let Some(cluster) = found else {
            return Err(timed_out("the external schema names no broker"));
        };
        self.note_names();
        if options.authentication != Authentication::Iam {
            return Err(refused(
                "Authentication with the streaming source failed",
                "MSK Serverless takes IAM authentication only",
            ));
        }
        Ok(cluster)
    }

    /// `GetBootstrapBrokers`, as the reader, over the workgroup's own network.
    fn bootstrap_brokers(&self, cluster_arn: &str, reader: &Reader) -> Result<Vec<String>, StreamFailure> {
        for from in self.senders() {
            reach::aws_endpoint(self.world, self.now, &from, "kafka").map_err(|blocked| {
                timed_out(format!(
                    "the MSK API cannot be reached from {}: {}",
                    from.subnet_id, blocked.why
                ))
            })?;
            let blocks = reach::endpoint_policy(self.world, self.now, &from, "kafka")
                .is_some_and(|policy| !endpoint_allows(policy, "kafka:GetBootstrapBrokers", cluster_arn));
            if blocks {
                return Err(refused(
                    describe_failed(),
                    "the VPC endpoint for the MSK API does not allow kafka:GetBootstrapBrokers",
                ));
            }
        }
        let Some(caller) = reader else {
            return Err(refused(describe_failed(), "the external schema names no role"));
        };
        let of_cluster = self.world.settings.bootstrap_brokers_of_cluster;
        let resource = if of_cluster { cluster_arn } else { "*" };
        self.allowed(caller, cluster_arn, "kafka:GetBootstrapBrokers", resource)
            .map_err(|cause| refused(describe_failed(), cause))?;
        match self.cluster_by_arn(cluster_arn) {
            Some(cluster) if cluster.is_active(self.now) => {
                Ok(vec![format!("{}:{}", cluster.bootstrap_host(), msk::PORT)])
            }
            Some(cluster) => {
                let cause = format!("cluster {} is {}", cluster.name, cluster.state(self.now));
                Err(refused(describe_failed(), cause))
            }
            None => Err(refused(
                describe_failed(),
                format!("there is no cluster {cluster_arn}"),
            )),
        }
    }

    fn cluster_by_arn(&self, arn: &str) -> Option<&'w Cluster> {
        let account = arn.split(':').nth(4)?;
        self.world.account(account)?.msk.cluster(arn)
    }

    /// Connects to one bootstrap broker, asks it for the others, and connects to those.
    fn connect(&self, broker: &str) -> Result<&'w Cluster, StreamFailure> {
        let (host, port) = broker.rsplit_once(':').unwrap_or((broker, ""));
        let port: u16 = port.parse().unwrap_or_default();
        let mut found = None;
        for from in self.senders() {
            let addresses = self.resolve(host, &from)?;
            self.connect_all(host, &addresses, port, &from)?;
            let cluster = self.cluster_at(host, &addresses)?;
            for name in broker_names(cluster, &addresses) {
                let addresses = self.resolve(&name, &from)?;
                self.connect_all(&name, &addresses, port, &from)?;
            }
            found.get_or_insert(cluster);
        }
        found.ok_or_else(|| timed_out(format!("workgroup {} has no subnet", self.workgroup.name)))
    }

    fn resolve(&self, host: &str, from: &Endpoint) -> Result<Vec<Ipv4Addr>, StreamFailure> {
        dns::resolve(
            self.world,
            self.now,
            &self.account,
            &self.workgroup.vpc,
            host,
            from,
        )
        .map_err(|blocked| {
            timed_out(format!(
                "{host} cannot be resolved in {}: {}",
                self.workgroup.vpc, blocked.why
            ))
        })
    }

    fn connect_all(
        &self,
        host: &str,
        addresses: &[Ipv4Addr],
        port: u16,
        from: &Endpoint,
    ) -> Result<(), StreamFailure> {
        for address in addresses {
            reach::tcp(self.world, self.now, from, *address, port).map_err(|blocked| {
                timed_out(format!(
                    "{host} ({address}:{port}) cannot be reached from {}: {}",
                    from.subnet_id, blocked.why
                ))
            })?;
            if port != msk::PORT {
                return Err(timed_out(format!(
                    "nothing listens at {address}:{port}; MSK Serverless listens at {}",
                    msk::PORT
                )));
            }
        }
        Ok(())
    }

    /// The cluster behind a name that resolved.
    fn cluster_at(&self, host: &str, addresses: &[Ipv4Addr]) -> Result<&'w Cluster, StreamFailure> {
        let clusters = self
            .world
            .accounts
            .values()
            .flat_map(|account| account.msk.clusters.values());
        clusters
            .into_iter()
            .find(|cluster| {
                cluster.is_active(self.now)
                    && cluster
                        .vpcs
                        .iter()
                        .any(|client| cluster.addresses(&client.vpc, host) == addresses)
            })
            .ok_or_else(|| timed_out(format!("no active cluster answers to {host}")))
    }

    /// Whether the reader's policies allow an action on something of a cluster. Across accounts, MSK would need a cluster
    /// policy, which serverless clusters do not have.
    pub(super) fn allowed(
        &self,
        caller: &Caller,
        cluster_arn: &str,
        action: &str,
        resource: &str,
    ) -> Result<(), String> {
        let owner = cluster_arn.split(':').nth(4).unwrap_or_default();
        if caller.account != owner {
            return Err(format!(
                "{} is not of account {owner}, to which the cluster belongs",
                caller.principal_arn
            ));
        }
        audit::note_one(self.world, caller, action, resource);
        let mut context = ambient(self.world, self.now);
        context.extend(&policy::principal_context(self.world, caller));
        match policy::allowed(self.world, caller, action, resource, &context).refusal() {
            None => Ok(()),
            Some(refusal) => Err(format!(
                "{} on {resource} for {}: {}",
                action, caller.principal_arn, refusal.cause
            )),
        }
    }

    /// Resolver associations and peerings of the workgroup's VPC: a statement could not have connected before them.
    fn note_names(&mut self) {
        let Some(account) = self.world.account(&self.account) else {
            return;
        };
        let vpc = &self.workgroup.vpc;
        let associations = account.resolver.associations.values();
        let ids: Vec<String> = associations
            .filter(|association| association.vpc == *vpc && association.gone_at.is_none())
            .map(|association| association.id.clone())
            .collect();
        self.passed.extend(ids);
    }
}

/// Names of the brokers that a client behind these addresses is told of.
fn broker_names(cluster: &Cluster, addresses: &[Ipv4Addr]) -> BTreeSet<String> {
    let clients = cluster.vpcs.iter();
    clients
        .filter(|client| client.brokers.iter().any(|broker| addresses.contains(&broker.ip)))
        .flat_map(|client| client.brokers.iter().map(|broker| broker.host.clone()))
        .collect()
}

fn describe_failed() -> String {
    "Failed to get the bootstrap brokers of the MSK cluster".to_owned()
}
