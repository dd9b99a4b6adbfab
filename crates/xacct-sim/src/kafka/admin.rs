//! Administration of topics past the sockets: the same permissions and the same store as behind a [`KafkaDoor`], in
//! virtual time, in the call log, and open to fault rules.
//!
//! Requests bear the names of Kafka's admin API. Error codes are those of the protocol as `kafka-protocol` and
//! librdkafka name them; `BrokerTransportFailure` and `OperationTimedOut` are what a client says when no answer comes.
//!
//! [`KafkaDoor`]: crate::KafkaDoor

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::SimTime;
use crate::dispatch::{self, Arrival, Ending, ToBrokers};
use crate::door::{self, Return};
use crate::sample;
use crate::sim::Shared;
use crate::world::{ApiError, Call, Caller, Reply, World};

use super::access::{decide, find_key, reachable_clusters};
use super::api::{code_of, resource};
use super::refusal::StoreError;
use super::settings::effective_settings;

/// How the call log names the brokers: the prefix of their permissions.
pub(crate) const SERVICE: &str = "kafka-cluster";
/// How long a client waits for an answer that never comes.
const SILENCE: Duration = Duration::from_secs(10);

/// An administrator of topics inside the network. Clones share the count of requests.
#[derive(Debug, Clone)]
pub struct Brokers {
    shared: Arc<Shared>,
    access_key: String,
    /// Requests so far: names the sampled latency of each.
    requests: Arc<AtomicU64>,
}

impl Brokers {
    pub(crate) fn new(shared: Arc<Shared>, access_key: String) -> Self {
        Self {
            shared,
            access_key,
            requests: Arc::default(),
        }
    }

    /// Sends one request to the cluster that `bootstrap` names.
    ///
    /// | request | parameters | answer |
    /// |---|---|---|
    /// | `DescribeTopics` | `Names` | `Topics`: `Name`, `Partitions`, `Config` of those that exist |
    /// | `CreateTopics` | `Name`, `Partitions`, `Config` | nothing |
    /// | `CreatePartitions` | `Name`, `Partitions` | nothing |
    /// | `IncrementalAlterConfigs` | `Name`, `Config` | nothing |
    /// | `DeleteTopics` | `Name` | nothing |
    /// | `ListOffsets` | `Name` | `Offsets`, by partition |
    ///
    /// # Errors
    /// The protocol's refusal, or `BrokerTransportFailure` where no broker can be reached.
    pub async fn ask(&self, bootstrap: &str, operation: &str, mut params: Value) -> Reply {
        params["Bootstrap"] = json!(bootstrap);
        let asked = ToBrokers {
            access_key: self.access_key.clone(),
            operation: operation.to_owned(),
            params,
        };
        let shared = &*self.shared;
        let half = self.latency() / 2;
        let sent_at = door::depart(shared, half).await;
        shared
            .recording
            .note(shared, sent_at, || Arrival::Brokers(asked.clone()));
        let (reply, ending) = dispatch::serve_brokers(&mut shared.lock(), shared.clock.now(), &asked);
        if ending == Ending::Killed {
            shared.killed.send_replace(true);
        }
        match door::come_back(shared, half, &ending, SILENCE).await {
            Return::Whole => reply,
            Return::Lost => Err(unreachable("the connection broke before the answer")),
            Return::Silent => Err(ApiError::new(504, "OperationTimedOut", "no answer came")),
        }
    }

    fn latency(&self) -> Duration {
        let number = self.requests.fetch_add(1, Ordering::Relaxed).to_string();
        let settings = &self.shared.lock().settings;
        sample::duration(settings, &self.access_key, "api", &format!("{SERVICE}/{number}"))
    }
}

/// Who holds the key.
pub(crate) fn caller(world: &World, now: SimTime, access_key: &str) -> Result<Caller, ApiError> {
    match find_key(world, now, access_key) {
        Some(key) if !key.expired => Ok(key.caller),
        _ => Err(ApiError::new(
            403,
            "SaslAuthenticationFailed",
            "the token is not accepted",
        )),
    }
}

fn unreachable(why: impl Into<String>) -> ApiError {
    ApiError::new(503, "BrokerTransportFailure", why)
}

/// Answers one request.
pub(crate) fn handle(call: &mut Call<'_>, operation: &str, params: &Value) -> Reply {
    let cluster = cluster(call, params)?;
    let name = params["Name"].as_str().unwrap_or_default();
    // Every request comes over a connection.
    decide(
        call.world,
        call.now,
        call.caller,
        "kafka-cluster:Connect",
        &cluster,
    )
    .map_err(|why| ApiError::access_denied(SERVICE, why))?;
    let allowed = |action: &str, name: &str| {
        decide(
            call.world,
            call.now,
            call.caller,
            action,
            &resource(&cluster, "topic", name),
        )
        .map_err(|why| ApiError::access_denied(SERVICE, why))
    };
    match operation {
        "DescribeTopics" => {
            let names = params["Names"].as_array().into_iter().flatten();
            let names: Vec<&str> = names.filter_map(Value::as_str).collect();
            for name in &names {
                allowed("kafka-cluster:DescribeTopic", name)?;
                // The answer holds the topic's settings too.
                allowed("kafka-cluster:DescribeTopicDynamicConfiguration", name)?;
            }
            Ok(json!({ "Topics": described(call.world, &cluster, &names) }))
        }
        "CreateTopics" => {
            allowed("kafka-cluster:CreateTopic", name)?;
            let store = &mut call.world.kafka;
            done(store.create_topic(&cluster, name, count(params), config(params)))
        }
        "CreatePartitions" => {
            allowed("kafka-cluster:AlterTopic", name)?;
            done(call.world.kafka.grow_topic(&cluster, name, count(params)))
        }
        "IncrementalAlterConfigs" => {
            allowed("kafka-cluster:AlterTopicDynamicConfiguration", name)?;
            let changes = config(params).into_iter();
            let changes = changes.map(|(key, value)| (key, Some(value))).collect();
            done(call.world.kafka.alter_settings(&cluster, name, &changes))
        }
        "DeleteTopics" => {
            allowed("kafka-cluster:DeleteTopic", name)?;
            done(call.world.kafka.delete_topic(&cluster, name))
        }
        "ListOffsets" => {
            allowed("kafka-cluster:DescribeTopic", name)?;
            let ends = call.world.kafka.end_offsets(&cluster, name);
            let unknown = || refused(&StoreError::UnknownTopic(name.to_owned()));
            Ok(json!({ "Offsets": ends.ok_or_else(unknown)? }))
        }
        _ => Err(ApiError::not_modelled(SERVICE, operation)),
    }
}

/// The cluster that the bootstrap address names, if somebody inside its network reaches it.
fn cluster(call: &Call<'_>, params: &Value) -> Result<String, ApiError> {
    let bootstrap = params["Bootstrap"].as_str().unwrap_or_default();
    let state = &call.here_account().msk;
    let mut clusters = state.clusters.values();
    let named = clusters.find(|cluster| bootstrap.contains(&cluster.bootstrap_host()));
    let named = named.ok_or_else(|| unreachable(format!("no cluster answers at {bootstrap}")))?;
    reachable_clusters(call.world, call.now, &call.caller.account, Some(&named.name))
        .map(|_| named.arn.clone())
        .map_err(unreachable)
}

fn described(world: &World, cluster: &str, names: &[&str]) -> Vec<Value> {
    let found = |name: &&str| {
        let topic = world.kafka.topic(cluster, name)?;
        let config: BTreeMap<&str, String> = effective_settings(&topic.settings)
            .into_iter()
            .map(|(key, value, _)| (key, value))
            .collect();
        Some(json!({ "Name": name, "Partitions": topic.partitions.len(), "Config": config }))
    };
    names.iter().filter_map(found).collect()
}

fn count(params: &Value) -> usize {
    let count = params["Partitions"].as_u64().unwrap_or_default();
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn config(params: &Value) -> BTreeMap<String, String> {
    let given = params["Config"].as_object().into_iter().flatten();
    given
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn done(outcome: Result<(), StoreError>) -> Reply {
    outcome.map(|()| json!({})).map_err(|error| refused(&error))
}

fn refused(error: &StoreError) -> ApiError {
    ApiError::bad(format!("{:?}", code_of(error)), error.to_string())
}
