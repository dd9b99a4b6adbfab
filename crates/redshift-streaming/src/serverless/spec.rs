//! What a warehouse should be like, and what can be wrong with that.

use crate::ddl::DatabaseName;
use serde::{Deserialize, Serialize};
use xacct_types::{Invalid, Owner, Region};

/// What a Redshift Serverless warehouse should be like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerlessSpec {
    /// The namespace's name: 3 to 64 of `[a-z0-9-]`.
    pub namespace: String,
    /// The workgroup's name: 3 to 64 of `[a-z0-9-]`.
    pub workgroup: String,
    /// The first database: 1 to 64 of `[a-z0-9_]`, a letter first, no reserved word.
    pub database: String,
    /// Redshift processing units: 4 where the region offers it, 8 to 512 in steps of
    /// 8, and where the region offers it on to 1,024 in steps of 32.
    pub base_capacity: u32,
    /// Whether identifiers keep their case, which topics with capitals need.
    pub case_sensitive: bool,
}

impl ServerlessSpec {
    /// A warehouse whose names derive from `owner`, with the tutorial's 32 units.
    #[must_use]
    pub fn of(owner: &Owner, database: impl Into<String>) -> Self {
        Self {
            namespace: owner.name("namespace"),
            workgroup: owner.name("workgroup"),
            database: database.into(),
            base_capacity: 32,
            case_sensitive: false,
        }
    }

    /// Another capacity, in Redshift processing units.
    #[must_use]
    pub const fn with_base_capacity(mut self, units: u32) -> Self {
        self.base_capacity = units;
        self
    }

    /// Lets identifiers keep their case.
    #[must_use]
    pub const fn with_case_sensitivity(mut self, on: bool) -> Self {
        self.case_sensitive = on;
        self
    }
}

/// One thing that is wrong with a warehouse's specification. Nothing here has touched AWS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A name that the service refuses.
    #[error("the {what}'s name \"{name}\" {why}")]
    Name {
        /// `namespace` or `workgroup`.
        what: &'static str,
        /// The name given.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A database name that Redshift refuses.
    #[error("the database cannot be made")]
    Database {
        /// Why.
        #[from]
        source: Invalid,
    },
    /// The capacity is not on offer in the region.
    #[error("a base capacity of {units} RPU is not on offer in {region}: {offer}")]
    Capacity {
        /// The capacity given.
        units: u32,
        /// The region.
        region: Region,
        /// What is on offer there.
        offer: String,
    },
}

/// Everything that is wrong with a specification, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecErrors(Vec<SpecError>);

impl SpecErrors {
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

/// Regions that offer 4 RPU (Amazon Redshift management guide, "Compute capacity
/// for Amazon Redshift Serverless", as of August 2026).
const SMALL: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "eu-west-1",
    "eu-north-1",
];

/// Regions that offer more than 512 RPU. Two pages of the management guide disagree
/// about London and Frankfurt; both are let through, and the service has the last word.
const LARGE: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-west-2",
    "eu-central-1",
];

impl ServerlessSpec {
    /// Checks everything that the service would refuse and that can be known without it.
    ///
    /// ```
    /// use redshift_streaming::serverless::ServerlessSpec;
    /// use xacct_types::{Owner, PipelineName};
    ///
    /// let owner = Owner::new(PipelineName::new("clicks")?);
    /// let spec = ServerlessSpec::of(&owner, "dev");
    /// assert!(spec.check(&"ap-south-1".parse()?).is_ok());
    ///
    /// let odd = spec.with_base_capacity(12).check(&"ap-south-1".parse()?).unwrap_err();
    /// assert_eq!(
    ///     odd.to_string(),
    ///     "a base capacity of 12 RPU is not on offer in ap-south-1: 4, or 8 to 512 in steps of 8"
    /// );
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`SpecErrors`] lists all of it.
    pub fn check(&self, region: &Region) -> Result<(), SpecErrors> {
        let mut found = Vec::new();
        for (what, name) in [("namespace", &self.namespace), ("workgroup", &self.workgroup)] {
            if let Some(why) = refused_name(name) {
                found.push(SpecError::Name {
                    what,
                    name: name.clone(),
                    why,
                });
            }
        }
        found.extend(
            DatabaseName::new(self.database.clone())
                .err()
                .map(SpecError::from),
        );
        let (units, offer) = (self.base_capacity, Offer::of(region));
        if !offer.holds(units) {
            found.push(SpecError::Capacity {
                units,
                region: region.clone(),
                offer: offer.to_string(),
            });
        }
        if found.is_empty() {
            Ok(())
        } else {
            Err(SpecErrors(found))
        }
    }
}

/// Why the service refuses a name (Redshift Serverless API reference, "CreateWorkgroup").
fn refused_name(name: &str) -> Option<String> {
    let length = name.chars().count();
    if !(3..=64).contains(&length) {
        return Some(format!("has {length} characters: the service takes 3 to 64"));
    }
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let why = "holds a character that the service refuses: use small letters, digits and hyphens";
    (!name.bytes().all(legal)).then(|| why.to_owned())
}

/// The capacities of a region.
struct Offer {
    four: bool,
    large: bool,
}

impl Offer {
    fn of(region: &Region) -> Self {
        Self {
            four: SMALL.contains(&region.as_str()),
            large: LARGE.contains(&region.as_str()),
        }
    }

    fn holds(&self, units: u32) -> bool {
        (units == 4 && self.four)
            || ((8..=512).contains(&units) && units.is_multiple_of(8))
            || (self.large && (512..=1024).contains(&units) && units.is_multiple_of(32))
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let four = if self.four { "4, or " } else { "" };
        let large = if self.large {
            ", and to 1024 in steps of 32"
        } else {
            ""
        };
        write!(f, "{four}8 to 512 in steps of 8{large}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xacct_types::PipelineName;

    fn spec() -> ServerlessSpec {
        ServerlessSpec::of(&Owner::new(PipelineName::new("clicks").unwrap()), "dev")
    }

    fn refusal(spec: &ServerlessSpec) -> String {
        spec.check(&"ap-south-1".parse().unwrap())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn capacities_on_offer_depend_on_the_region() {
        let offers = |region: &str, units: u32| {
            spec()
                .with_base_capacity(units)
                .check(&region.parse().unwrap())
                .is_ok()
        };
        for units in [4, 8, 32, 128, 512] {
            assert!(offers("ap-south-1", units), "{units}");
        }
        for units in [0, 5, 12, 520, 544, 1024] {
            assert!(!offers("ap-south-1", units), "{units}");
        }
        assert!(!offers("eu-west-3", 4), "not in Paris");
        assert!(offers("us-east-1", 544) && offers("us-east-1", 1024));
        assert!(!offers("us-east-1", 520) && !offers("us-east-1", 1056));
    }

    #[test]
    fn names_that_the_service_refuses_are_refused_with_the_reason() {
        for (name, why) in [
            ("ab", "has 2 characters: the service takes 3 to 64"),
            ("Clicks", "holds a character that the service refuses"),
            ("a_b", "holds a character that the service refuses"),
        ] {
            let text = refusal(&ServerlessSpec {
                workgroup: name.into(),
                ..spec()
            });
            assert!(
                text.starts_with("the workgroup's name") && text.contains(why),
                "{text}"
            );
        }
        assert!(
            refusal(&ServerlessSpec {
                namespace: "n".repeat(65),
                ..spec()
            })
            .contains("has 65 characters")
        );
    }

    #[test]
    fn everything_that_is_wrong_is_listed() {
        let wrong = ServerlessSpec {
            namespace: "A".into(),
            database: "user".into(),
            base_capacity: 7,
            ..spec()
        };
        let errors = wrong.check(&"ap-south-1".parse().unwrap()).unwrap_err();
        assert_eq!(errors.all().len(), 3, "{errors}");
    }
}
