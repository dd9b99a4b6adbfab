//! What can be wrong with a specification.

use crate::quotas::Quotas;
use xacct_types::{Region, TopicName};

/// One thing that is wrong with a cluster or its topics. Nothing here has touched AWS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The cluster's name is not one that MSK takes.
    #[error("the cluster name \"{name}\" {why}")]
    Name {
        /// The name given.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// MSK Serverless is not known to exist in the region.
    #[error(
        "MSK Serverless is not known to exist in {region}; if AWS has added it since, \
         allow regions that are not listed"
    )]
    Region {
        /// The region given.
        region: Region,
    },
    /// A topic that the cluster would refuse.
    #[error("the topic \"{topic}\" {why}")]
    Topic {
        /// The topic's name.
        topic: TopicName,
        /// What is wrong with it.
        why: String,
    },
    /// Together the topics have more partitions than a cluster takes.
    #[error("the topics have {asked} {kind}partitions together and a cluster takes {limit}")]
    Partitions {
        /// Partitions asked for.
        asked: u64,
        /// `compacted ` or nothing.
        kind: &'static str,
        /// The quota.
        limit: u64,
    },
}

impl SpecError {
    pub(crate) fn partitions(asked: u64, quotas: &Quotas) -> Self {
        Self::Partitions {
            asked,
            kind: "",
            limit: quotas.partitions,
        }
    }

    pub(crate) fn compacted(asked: u64, quotas: &Quotas) -> Self {
        Self::Partitions {
            asked,
            kind: "compacted ",
            limit: quotas.compacted_partitions,
        }
    }
}

/// Everything that is wrong with a specification, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecErrors(Vec<SpecError>);

impl SpecErrors {
    /// `Err` with all of `found`, or `Ok` where there is nothing.
    pub(crate) fn none_of(found: Vec<SpecError>) -> Result<(), Self> {
        if found.is_empty() {
            Ok(())
        } else {
            Err(Self(found))
        }
    }

    /// Every error, in the order of the specification.
    #[must_use]
    pub fn all(&self) -> &[SpecError] {
        &self.0
    }
}

impl std::fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecErrors {}
