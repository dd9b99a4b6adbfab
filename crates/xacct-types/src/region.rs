//! Regions and partitions.

use crate::text::checked_text;
use serde::{Deserialize, Serialize};

/// An AWS region code such as `ap-south-1`.
///
/// Only the shape is checked here; whether a service exists in the region is a
/// question for the crate of that service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// The set of regions that share ARNs, endpoints and trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Partition {
    /// `aws`: the commercial regions.
    #[serde(rename = "aws")]
    Aws,
    /// `aws-cn`: the regions in China.
    #[serde(rename = "aws-cn")]
    China,
    /// `aws-us-gov`: GovCloud.
    #[serde(rename = "aws-us-gov")]
    GovCloud,
}

impl Partition {
    /// The partition as it stands in ARNs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
        }
    }

    /// The DNS suffix of service endpoints.
    #[must_use]
    pub const fn dns_suffix(self) -> &'static str {
        match self {
            Self::China => "amazonaws.com.cn",
            Self::Aws | Self::GovCloud => "amazonaws.com",
        }
    }
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Region {
    fn check(value: &str) -> Result<(), String> {
        let parts: Vec<&str> = value.split('-').collect();
        let letters = |s: &&str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase());
        let number = parts
            .last()
            .is_some_and(|n| !n.is_empty() && n.len() <= 2 && n.bytes().all(|b| b.is_ascii_digit()));
        let names = parts.len().saturating_sub(1);
        if (3..=4).contains(&parts.len()) && number && parts.iter().take(names).all(letters) {
            return Ok(());
        }
        Err("is not a region code: write it like ap-south-1 or us-gov-west-1".into())
    }

    /// The partition that the region belongs to, read off its prefix.
    #[must_use]
    pub fn partition(&self) -> Partition {
        if self.0.starts_with("cn-") {
            Partition::China
        } else if self.0.starts_with("us-gov-") {
            Partition::GovCloud
        } else {
            Partition::Aws
        }
    }
}

checked_text!(Region, "region");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_codes_of_every_partition_are_read() {
        for (code, partition) in [
            ("ap-south-1", Partition::Aws),
            ("us-gov-west-1", Partition::GovCloud),
            ("cn-north-1", Partition::China),
        ] {
            assert_eq!(Region::new(code).unwrap().partition(), partition);
        }
    }

    #[test]
    fn a_zone_is_not_a_region() {
        assert!(Region::new("ap-south-1a").is_err());
        assert!(Region::new("mumbai").is_err());
    }
}
