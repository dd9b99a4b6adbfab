//! What a user asks for: one cluster and its topics.

use crate::error::{SpecError, SpecErrors};
use crate::quotas::Quotas;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xacct_types::{ClusterArn, Owner, Region, TopicSettings};

/// The name of the cluster inside a pipeline: in the graph and in its tag.
pub const RESOURCE: &str = "cluster";

/// Regions with MSK Serverless (Amazon MSK developer guide, "What is MSK Serverless", 2026).
pub const REGIONS: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// Topic configurations that MSK Serverless lets users set (Amazon MSK developer
/// guide, "Configuration properties for MSK Serverless clusters").
pub const TOPIC_CONFIGS: &[&str] = &[
    "cleanup.policy",
    "compression.type",
    "max.message.bytes",
    "message.timestamp.difference.max.ms",
    "message.timestamp.type",
    "retention.bytes",
    "retention.ms",
];

/// One serverless cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClusterSpec {
    /// The cluster's name: 1 to 64 characters, letters, digits and hyphens, a
    /// letter first. Unique in an account and region. Ignored with `arn`.
    pub name: String,
    /// An existing cluster to use instead of making one. It is checked and
    /// never changed or removed. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<ClusterArn>,
    /// Whether regions that are not in [`REGIONS`] are tried all the same. Default: no.
    #[serde(default)]
    pub allow_unlisted_region: bool,
}

impl ClusterSpec {
    /// A cluster of this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            arn: None,
            allow_unlisted_region: false,
        }
    }

    /// A cluster named after its pipeline.
    #[must_use]
    pub fn of(owner: &Owner) -> Self {
        Self::new(owner.name(RESOURCE))
    }

    /// An existing cluster, to be used and never changed.
    #[must_use]
    pub fn existing(arn: ClusterArn) -> Self {
        let mut spec = Self::new(arn.name());
        spec.arn = Some(arn);
        spec
    }

    /// Tries regions that are not listed, too.
    #[must_use]
    pub fn allow_unlisted_region(mut self) -> Self {
        self.allow_unlisted_region = true;
        self
    }

    /// Checks everything that can be checked without AWS.
    ///
    /// # Errors
    /// [`SpecErrors`] names everything that is wrong, not only the first.
    ///
    /// ```
    /// use msk_serverless::{ClusterSpec, Quotas};
    /// use xacct_types::{TopicName, TopicSettings};
    ///
    /// let topic = TopicSettings::new(TopicName::new("clicks")?, 0);
    /// let wrong = ClusterSpec::new("1st").check(&"eu-south-9".parse()?, &[topic], &Quotas::default());
    /// assert_eq!(wrong.unwrap_err().all().len(), 3);
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    pub fn check(
        &self,
        region: &Region,
        topics: &[TopicSettings],
        quotas: &Quotas,
    ) -> Result<(), SpecErrors> {
        let mut found = Vec::new();
        if self.arn.is_none() {
            self.check_name(&mut found);
            if !self.allow_unlisted_region && !REGIONS.contains(&region.as_str()) {
                let region = region.clone();
                found.push(SpecError::Region { region });
            }
        }
        check_topics(topics, quotas, &mut found);
        SpecErrors::none_of(found)
    }

    fn check_name(&self, found: &mut Vec<SpecError>) {
        let name = &self.name;
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let why = if name.is_empty() || name.len() > 64 {
            format!("has {} characters: 1 to 64 are possible", name.len())
        } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.bytes().all(legal) {
            "must be letters, digits and hyphens, a letter first".to_owned()
        } else {
            return;
        };
        found.push(SpecError::Name {
            name: name.clone(),
            why,
        });
    }
}

fn check_topics(topics: &[TopicSettings], quotas: &Quotas, found: &mut Vec<SpecError>) {
    let mut names = BTreeSet::new();
    for topic in topics {
        let mut wrong = |why: String| {
            let topic = topic.name.clone();
            found.push(SpecError::Topic { topic, why });
        };
        if !names.insert(&topic.name) {
            wrong("is named twice".into());
        }
        if topic.partitions == 0 {
            wrong("has 0 partitions: at least 1 is needed".into());
        }
        if topic.name.as_str().starts_with("__") {
            wrong("starts with two underscores, as topics of Kafka itself do".into());
        }
        for (key, value) in &topic.config {
            if let Some(why) = config_problem(key, value, quotas) {
                wrong(why);
            }
        }
    }
    let sum = |keep: fn(&TopicSettings) -> bool| -> u64 {
        let kept = topics.iter().filter(|topic| keep(topic));
        kept.map(|topic| u64::from(topic.partitions)).sum()
    };
    let (all, compacted) = (sum(|_| true), sum(is_compacted));
    if all > quotas.partitions {
        found.push(SpecError::partitions(all, quotas));
    }
    if compacted > quotas.compacted_partitions {
        found.push(SpecError::compacted(compacted, quotas));
    }
}

fn is_compacted(topic: &TopicSettings) -> bool {
    topic
        .config
        .get("cleanup.policy")
        .is_some_and(|policy| policy.split(',').any(|part| part.trim() == "compact"))
}

/// What is wrong with one topic configuration, if anything.
fn config_problem(key: &str, value: &str, quotas: &Quotas) -> Option<String> {
    if !TOPIC_CONFIGS.contains(&key) {
        let possible = TOPIC_CONFIGS.join(", ");
        return Some(format!(
            "sets {key}, which MSK Serverless does not let users set: {possible}"
        ));
    }
    let number = value.parse::<i64>();
    match key {
        "max.message.bytes" => {
            let fits = number.is_ok_and(|bytes| {
                u64::try_from(bytes).is_ok_and(|bytes| (1..=quotas.message_bytes).contains(&bytes))
            });
            (!fits).then(|| {
                format!(
                    "sets {key} to {value}: 1 to {} are possible",
                    quotas.message_bytes
                )
            })
        }
        "retention.ms" | "retention.bytes" => (!number.is_ok_and(|limit| limit >= -1))
            .then(|| format!("sets {key} to {value}: a number is needed, -1 for no limit")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xacct_types::{PipelineName, TopicName};

    fn check(spec: &ClusterSpec, region: &str, topics: &[TopicSettings]) -> String {
        let region = Region::new(region).unwrap();
        spec.check(&region, topics, &Quotas::default())
            .map_or_else(|errors| errors.to_string(), |()| String::new())
    }

    fn topic(name: &str, partitions: u32) -> TopicSettings {
        TopicSettings::new(TopicName::new(name).unwrap(), partitions)
    }

    #[test]
    fn the_tutorials_cluster_and_topic_are_fine() {
        let owner = Owner::new(PipelineName::new("clicks").unwrap());
        let spec = ClusterSpec::of(&owner);
        assert_eq!(spec.name, "clicks-cluster");
        assert_eq!(check(&spec, "ap-south-1", &[topic("testtopic", 3)]), "");
    }

    #[test]
    fn a_region_without_serverless_clusters_is_refused_unless_allowed() {
        let spec = ClusterSpec::new("clicks");
        assert!(check(&spec, "sa-east-1", &[]).contains("not known to exist in sa-east-1"));
        assert_eq!(check(&spec.allow_unlisted_region(), "sa-east-1", &[]), "");
    }

    #[test]
    fn names_that_msk_would_refuse_are_refused() {
        for bad in ["", "9lives", "a_b", "a b", &"a".repeat(65)] {
            assert!(
                check(&ClusterSpec::new(bad), "us-east-1", &[]).contains("cluster name"),
                "{bad}"
            );
        }
    }

    #[test]
    fn partitions_are_counted_over_all_topics() {
        let wrong = check(
            &ClusterSpec::new("clicks"),
            "us-east-1",
            &[topic("a", 2000), topic("b", 401)],
        );
        assert_eq!(
            wrong,
            "the topics have 2401 partitions together and a cluster takes 2400"
        );
    }

    #[test]
    fn compacted_partitions_have_a_quota_of_their_own() {
        let compacted = topic("a", 121).with_config("cleanup.policy", "compact");
        assert!(
            check(&ClusterSpec::new("clicks"), "us-east-1", &[compacted])
                .contains("121 compacted partitions together and a cluster takes 120")
        );
    }

    #[test]
    fn configurations_that_serverless_does_not_offer_are_refused() {
        for (key, value, says) in [
            ("min.insync.replicas", "1", "does not let users set"),
            ("max.message.bytes", "8388609", "1 to 8388608"),
            ("retention.ms", "a week", "a number is needed"),
            ("retention.bytes", "-2", "-1 for no limit"),
        ] {
            let topics = [topic("a", 1).with_config(key, value)];
            let wrong = check(&ClusterSpec::new("clicks"), "us-east-1", &topics);
            assert!(wrong.contains(says), "{key}: {wrong}");
        }
    }

    #[test]
    fn a_topic_named_twice_or_like_kafkas_own_is_refused() {
        let wrong = check(
            &ClusterSpec::new("clicks"),
            "us-east-1",
            &[topic("a", 1), topic("a", 1), topic("__consumer_offsets", 1)],
        );
        assert!(
            wrong.contains("named twice") && wrong.contains("two underscores"),
            "{wrong}"
        );
    }

    #[test]
    fn an_unknown_field_of_a_specification_is_refused() {
        let read = serde_json::from_str::<ClusterSpec>(r#"{"name": "clicks", "subnets": []}"#);
        assert!(read.unwrap_err().to_string().contains("unknown field"));
    }
}
