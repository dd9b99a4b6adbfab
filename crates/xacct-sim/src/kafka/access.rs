//! What the broker asks of the accounts behind it: keys, clusters, permissions.
//!
//! The only file of the door that looks into the world. The lock is held for one question at a time.

use std::sync::Arc;

use crate::auth::{self, audit, policy};
use crate::clock::SimTime;
use crate::iam::chain::ambient;
use crate::iam::entity::Holder;
use crate::msk::{self, Cluster};
use crate::net::reach::{self, Endpoint};
use crate::sim::Shared;
use crate::world::{Caller, World};

use super::store::KafkaStore;
use super::wall;

/// An access key that exists, and who it belongs to.
#[derive(Debug, Clone)]
pub(super) struct KnownKey {
    pub(super) secret: String,
    /// Present for the keys of role sessions.
    pub(super) session_token: Option<String>,
    /// Whether the session that the key belongs to is over.
    pub(super) expired: bool,
    pub(super) caller: Caller,
}

impl KnownKey {
    /// The ARN of the principal.
    pub(super) fn arn(&self) -> &str {
        &self.caller.principal_arn
    }
}

/// The accounts behind a door.
#[derive(Debug, Clone)]
pub(crate) struct Estate {
    shared: Arc<Shared>,
    /// The name of the only cluster behind the door, if there is only one.
    only: Option<String>,
}

impl Estate {
    pub(super) fn new(shared: Arc<Shared>, only: Option<String>) -> Self {
        Self { shared, only }
    }

    /// The simulated region.
    pub(super) fn region(&self) -> String {
        self.shared.lock().settings.region.clone()
    }

    /// The wall's clock and the simulator's, in Unix seconds.
    pub(super) fn unix_seconds(&self) -> [i64; 2] {
        let simulated = self.shared.clock.now();
        let simulated = self.shared.lock().settings.unix_millis(simulated);
        [wall::unix_millis() / 1_000, simulated / 1_000]
    }

    /// Looks up an access key.
    pub(super) fn key(&self, access_key_id: &str) -> Option<KnownKey> {
        let now = self.shared.clock.now();
        find_key(&self.shared.lock(), now, access_key_id)
    }

    /// ARNs of the clusters in the principal's account that a client inside their VPC can reach.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn clusters(&self, key: &KnownKey) -> Result<Vec<String>, String> {
        let now = self.shared.clock.now();
        reachable_clusters(
            &self.shared.lock(),
            now,
            &key.caller.account,
            self.only.as_deref(),
        )
    }

    /// Those of these clusters that still serve. A connection outlives a change of the network, but not
    /// its cluster.
    pub(super) fn active(&self, key: &KnownKey, arns: &[String]) -> Vec<String> {
        let now = self.shared.clock.now();
        let world = self.shared.lock();
        let state = world.account(&key.caller.account).map(|account| &account.msk);
        let active = |arn: &&String| {
            state
                .and_then(|state| state.cluster(arn))
                .is_some_and(|cluster| cluster.is_active(now))
        };
        arns.iter().filter(active).cloned().collect()
    }

    /// Whether a client inside could reach any cluster at all.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn some_cluster_reachable(&self) -> Result<(), String> {
        let now = self.shared.clock.now();
        let world = self.shared.lock();
        let mut reasons = Vec::new();
        for account in world.accounts.keys() {
            match reachable_clusters(&world, now, account, self.only.as_deref()) {
                Ok(_) => return Ok(()),
                Err(why) => reasons.push(why),
            }
        }
        Err(reasons.join("; "))
    }

    /// Whether the principal's policies allow an action on a resource.
    ///
    /// # Errors
    /// Why not, with the action.
    pub(super) fn allows(&self, key: &KnownKey, action: &str, resource_arn: &str) -> Result<(), String> {
        let now = self.shared.clock.now();
        let world = self.shared.lock();
        decide(&world, now, &key.caller, action, resource_arn)
    }

    /// Works on topics and records; the second argument is the wall's time in Unix milliseconds.
    pub(super) fn store<T>(&self, work: impl FnOnce(&mut KafkaStore, i64) -> T) -> T {
        let now_ms = wall::unix_millis();
        work(&mut self.shared.lock().kafka, now_ms)
    }
}

pub(super) fn find_key(world: &World, now: SimTime, access_key_id: &str) -> Option<KnownKey> {
    if let Some(key) = world.administrators.get(access_key_id) {
        return Some(KnownKey {
            secret: key.secret.clone(),
            session_token: None,
            expired: false,
            caller: Caller::administrator(world.settings.partition(), &key.account, access_key_id),
        });
    }
    let (account, key) = auth::find_key(world, access_key_id)?;
    let session = match &key.holder {
        Holder::User(_) => None,
        Holder::Session(session) => Some(session),
    };
    Some(KnownKey {
        secret: key.secret.clone(),
        session_token: session.map(|session| session.token.clone()),
        expired: session.is_some_and(|session| session.expires_at <= now),
        caller: auth::caller_of(world, account, key),
    })
}

/// Clusters of an account that some host in their VPC could connect to.
pub(super) fn reachable_clusters(
    world: &World,
    now: SimTime,
    account: &str,
    only: Option<&str>,
) -> Result<Vec<String>, String> {
    let clusters = world.account(account).map(|account| &account.msk.clusters);
    let mut reasons = Vec::new();
    let mut reachable = Vec::new();
    let behind = |cluster: &&Cluster| only.is_none_or(|only| cluster.name == only);
    for cluster in clusters
        .into_iter()
        .flat_map(|clusters| clusters.values())
        .filter(behind)
    {
        if !cluster.is_active(now) {
            reasons.push(format!("cluster {} is {}", cluster.name, cluster.state(now)));
            continue;
        }
        match some_host_reaches(world, now, account, cluster) {
            Ok(()) => reachable.push(cluster.arn.clone()),
            Err(why) => reasons.push(format!("cluster {}: {why}", cluster.name)),
        }
    }
    if reachable.is_empty() {
        reasons.push(format!("account {account} has no cluster that can be reached"));
        return Err(reasons.join("; "));
    }
    Ok(reachable)
}

/// Tries every subnet of the cluster as the host's, with every security group of the VPC as its group.
fn some_host_reaches(world: &World, now: SimTime, account: &str, cluster: &Cluster) -> Result<(), String> {
    let mut last = "it has no brokers".to_owned();
    for client in &cluster.vpcs {
        let groups = world
            .account(account)
            .map(|account| &account.ec2.security_groups)
            .into_iter()
            .flat_map(|groups| groups.values())
            .filter(|group| group.vpc == client.vpc);
        for group in groups {
            for broker in &client.brokers {
                let host = Endpoint {
                    account: account.to_owned(),
                    subnet_id: broker.subnet.clone(),
                    security_groups: vec![group.id.clone()],
                    ip: None,
                };
                match reach::tcp(world, now, &host, broker.ip, msk::PORT) {
                    Ok(()) => return Ok(()),
                    Err(blocked) => last = blocked.why,
                }
            }
        }
    }
    Err(last)
}

pub(super) fn decide(
    world: &World,
    now: SimTime,
    caller: &Caller,
    action: &str,
    resource_arn: &str,
) -> Result<(), String> {
    audit::note_one(world, caller, action, resource_arn);
    let mut context = ambient(world, now);
    context.extend(&policy::principal_context(world, caller));
    let verdict = policy::allowed(world, caller, action, resource_arn, &context);
    match verdict.refusal() {
        None => Ok(()),
        Some(refusal) => Err(format!("{}: {}", caller.principal_arn, refusal.cause)),
    }
}
