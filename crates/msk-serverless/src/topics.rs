//! Topics as resources of a graph.
//!
//! MSK Serverless topics can be made only over Kafka, from inside the cluster's
//! network: the topic operations of the MSK API are for provisioned clusters
//! (Amazon MSK developer guide, "Topic operations"). Whoever can reach the
//! brokers implements [`TopicAdmin`]; this module decides what it has to do.

use crate::outputs::{ClusterOut, TopicOut};
use std::fmt;
use std::sync::Arc;
use xacct_converge::{
    Class, Classify, Context, Decision, Failure, Graph, Handle, Inputs, Needs, Ready, Reason, Resource,
    Timing, Value,
};
use xacct_types::{TopicAdmin, TopicError, TopicErrorKind, TopicName, TopicSettings, TopicState};

/// What becomes of a topic when its pipeline is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRemoval {
    /// It goes with its cluster, which is ours; no broker is asked.
    #[default]
    WithCluster,
    /// It stays. For a user's cluster: a topic carries no tags, so nobody can
    /// tell later whose it was.
    Keep,
    /// It is deleted, with everything in it, from a cluster that stays.
    Delete,
}

/// The topics of one cluster.
#[derive(Clone)]
pub struct Topics {
    admin: Arc<dyn TopicAdmin>,
    wanted: Vec<TopicSettings>,
    removal: OnRemoval,
}

impl fmt::Debug for Topics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topics")
            .field("wanted", &self.wanted)
            .field("removal", &self.removal)
            .finish_non_exhaustive()
    }
}

/// The topics that were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObservedTopics {
    bootstrap: Option<String>,
    found: Vec<TopicState>,
}

impl ObservedTopics {
    /// The topic of this name.
    #[must_use]
    pub fn get(&self, name: &TopicName) -> Option<&TopicState> {
        self.found.iter().find(|topic| topic.name == *name)
    }
}

impl Topics {
    /// `wanted`, administered by `admin`.
    #[must_use]
    pub fn new(admin: Arc<dyn TopicAdmin>, wanted: Vec<TopicSettings>) -> Self {
        Self {
            admin,
            wanted,
            removal: OnRemoval::default(),
        }
    }

    /// Chooses what becomes of them when they are removed from the graph's world.
    #[must_use]
    pub const fn on_removal(mut self, removal: OnRemoval) -> Self {
        self.removal = removal;
        self
    }

    /// What was asked for.
    #[must_use]
    pub fn settings(&self) -> &[TopicSettings] {
        &self.wanted
    }

    /// Looks which of the topics exist, with one request.
    ///
    /// # Errors
    /// [`Failure`]; at once, without another try, where no broker can be reached.
    pub async fn observe(&self, bootstrap: &str, cx: &Context) -> Result<ObservedTopics, Failure> {
        let names: Vec<TopicName> = self.wanted.iter().map(|topic| topic.name.clone()).collect();
        let found = if names.is_empty() {
            Vec::new()
        } else {
            let (admin, names) = (&self.admin, &names);
            cx.read("kafka-admin:DescribeTopics")
                .run(|| async { admin.describe(bootstrap, names).await.map_err(Asked::once) })
                .await?
        };
        Ok(ObservedTopics {
            bootstrap: Some(bootstrap.to_owned()),
            found,
        })
    }

    /// Adds the topics to a graph. Each waits until `cluster` is usable and
    /// everything of `after` is there, for example the way to the brokers.
    pub fn declare(
        &self,
        graph: &mut Graph,
        observed: &ObservedTopics,
        cluster: Handle<ClusterOut>,
        after: &[Ready],
    ) -> Vec<Handle<TopicOut>> {
        let node = |wanted: &TopicSettings| TopicNode {
            admin: self.admin.clone(),
            removal: self.removal,
            bootstrap: observed.bootstrap.clone(),
            found: observed.get(&wanted.name).cloned(),
            cluster: cluster.ready(),
            after: after.to_vec(),
            wanted: wanted.clone(),
        };
        self.wanted
            .iter()
            .map(|wanted| graph.add(format!("topic/{}", wanted.name), node(wanted)))
            .collect()
    }
}

/// How a topic differs from what is wanted. Settings that the cluster would not
/// tell are taken to be right.
pub(crate) fn differences(wanted: &TopicSettings, found: &TopicState) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if wanted.partitions != found.partitions {
        reasons.push(Reason::differs("partitions", found.partitions, wanted.partitions));
    }
    for (key, value) in &wanted.config {
        match found.config.get(key) {
            Some(old) if old != value => reasons.push(Reason::differs(key, old, value)),
            _ => {}
        }
    }
    reasons
}

/// Whether only another topic can mend the difference: Kafka takes no partitions
/// away, and MSK Serverless fixes the clean-up policy at creation.
fn is_fixed(reason: &Reason, wanted: &TopicSettings, found: &TopicState) -> bool {
    match reason.attribute.as_str() {
        "partitions" => wanted.partitions < found.partitions,
        "cleanup.policy" => true,
        _ => false,
    }
}

struct TopicNode {
    admin: Arc<dyn TopicAdmin>,
    removal: OnRemoval,
    bootstrap: Option<String>,
    found: Option<TopicState>,
    cluster: Value<ClusterOut>,
    after: Vec<Ready>,
    wanted: TopicSettings,
}

impl TopicNode {
    fn output(&self, cluster: &ClusterOut, partitions: u32) -> TopicOut {
        TopicOut {
            name: self.wanted.name.clone(),
            arn: cluster.arn.topic_arn(&self.wanted.name),
            partitions,
        }
    }

    /// What differs, and whether it takes another topic.
    fn compare(&self, found: &TopicState) -> (Vec<Reason>, bool) {
        let reasons = differences(&self.wanted, found);
        let (fixed, open): (Vec<Reason>, Vec<Reason>) = reasons
            .into_iter()
            .partition(|reason| is_fixed(reason, &self.wanted, found));
        if fixed.is_empty() || self.removal == OnRemoval::Keep {
            return (open, false);
        }
        (fixed.into_iter().chain(open).collect(), true)
    }

    fn is_replaced(&self) -> bool {
        self.found.as_ref().is_some_and(|found| self.compare(found).1)
    }
}

fn brokers(cluster: &ClusterOut) -> Result<&str, Failure> {
    let none = || Failure::bug("a topic was begun before its cluster had brokers");
    cluster.bootstrap.as_deref().ok_or_else(none)
}

impl Resource for TopicNode {
    type Output = TopicOut;

    fn kind(&self) -> &'static str {
        "Kafka::Topic"
    }

    fn needs(&self) -> Needs {
        Needs::none()
            .value(&self.cluster)
            .after_all(self.after.iter().copied())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<TopicOut> {
        let (Some(cluster), Some(found)) = (known.known(&self.cluster), &self.found) else {
            return Decision::create();
        };
        let out = self.output(&cluster, found.partitions);
        let (reasons, replaced) = self.compare(found);
        let decision = if replaced {
            Decision::replace(out, reasons)
        } else {
            Decision::update(out, reasons)
        };
        if self.removal == OnRemoval::Keep {
            decision.adopted()
        } else {
            decision
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<TopicOut, Failure> {
        let cluster = inputs.get(&self.cluster)?;
        let bootstrap = brokers(&cluster)?;
        cx.idempotent("kafka-admin:CreateTopics")
            .run(|| async {
                self.admin
                    .create(bootstrap, &self.wanted)
                    .await
                    .map_err(Asked::patiently)
            })
            .await?;
        Ok(self.output(&cluster, self.wanted.partitions))
    }

    async fn configure(
        &self,
        current: TopicOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<TopicOut, Failure> {
        if reasons.is_empty() {
            return Ok(current);
        }
        let cluster = inputs.get(&self.cluster)?;
        let bootstrap = brokers(&cluster)?;
        // A topic that stays keeps the partitions that it has beyond those asked for.
        let mut wanted = self.wanted.clone();
        wanted.partitions = wanted.partitions.max(current.partitions);
        cx.idempotent("kafka-admin:AlterTopics")
            .run(|| async {
                self.admin
                    .alter(bootstrap, &wanted)
                    .await
                    .map_err(Asked::patiently)
            })
            .await?;
        Ok(self.output(&cluster, wanted.partitions))
    }

    async fn delete(&self, current: &TopicOut, cx: &Context) -> Result<(), Failure> {
        if self.removal == OnRemoval::WithCluster && !self.is_replaced() {
            return Ok(());
        }
        let unknown = || Failure::terminal("kafka-admin:DeleteTopics", "the brokers are not known");
        let bootstrap = self.bootstrap.as_deref().ok_or_else(unknown)?;
        cx.idempotent("kafka-admin:DeleteTopics")
            .run(|| async {
                self.admin
                    .delete(bootstrap, &current.name)
                    .await
                    .map_err(Asked::patiently)
            })
            .await
    }

    fn is_held_by_dependents(&self) -> bool {
        false
    }

    fn timing(&self) -> Timing {
        Timing::seconds(2, 1)
    }

    fn holds_data(&self) -> bool {
        true
    }
}

/// A refusal of the administrator, and whether an unreachable broker is worth another try.
#[derive(Debug, thiserror::Error)]
#[error("asking the brokers did not work")]
struct Asked {
    patient: bool,
    #[source]
    error: TopicError,
}

impl Asked {
    /// For requests that tell a person whether the brokers can be reached.
    const fn once(error: TopicError) -> Self {
        Self {
            patient: false,
            error,
        }
    }

    /// For requests right after a cluster was made, whose names spread for a moment.
    const fn patiently(error: TopicError) -> Self {
        Self { patient: true, error }
    }
}

impl Classify for Asked {
    fn into_failure(self, operation: &str) -> Failure {
        let (class, message) = match self.error.kind {
            TopicErrorKind::Transient => (Class::Transient, "a passing fault"),
            TopicErrorKind::Unreachable if self.patient => (Class::Transient, UNREACHABLE),
            TopicErrorKind::Unreachable => (Class::Terminal, UNREACHABLE),
            TopicErrorKind::Denied => (Class::Terminal, "the caller may not do this"),
            TopicErrorKind::Refused => (Class::Terminal, "the cluster refuses"),
            _ => (Class::Terminal, "the administrator of topics gave up"),
        };
        Failure::new(operation, class, message).with_source(self.error)
    }
}

const UNREACHABLE: &str =
    "no broker could be reached; topics of a serverless cluster can be made only from inside its network";

#[cfg(test)]
#[path = "topics_tests.rs"]
mod tests;
