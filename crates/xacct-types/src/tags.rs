//! Tags: what marks a resource as a pipeline's own.

use crate::PipelineName;
use std::collections::BTreeMap;

/// Holds the pipeline's name.
pub const PIPELINE_TAG: &str = "xacct:pipeline";
/// Holds the resource's name inside the pipeline, for example `source/vpc`.
pub const RESOURCE_TAG: &str = "xacct:resource";
/// Holds the version of this tagging scheme.
pub const SCHEMA_VERSION_TAG: &str = "xacct:schema-version";
/// The version of the tagging scheme that this release writes.
pub const SCHEMA_VERSION: &str = "1";

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The tags of `wanted` that `found` lacks or holds with another value.
///
/// The version of the tagging scheme never counts: it says which release made a
/// resource, and another release alone must find nothing to change. Tags that
/// others added stay.
///
/// ```
/// use xacct_types::{Owner, PipelineName, differing};
///
/// let wanted = Owner::new(PipelineName::new("clicks")?).tags("source/vpc");
/// let mut found = wanted.clone();
/// found.insert("xacct:schema-version".into(), "0".into());
/// assert!(differing(&wanted, &found).is_empty());
///
/// found.insert("Name".into(), "vpc of the old days".into());
/// assert_eq!(differing(&wanted, &found)["Name"], "clicks-source-vpc");
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[must_use]
pub fn differing(wanted: &Tags, found: &Tags) -> Tags {
    let differs =
        |(key, value): &(&String, &String)| *key != SCHEMA_VERSION_TAG && found.get(*key) != Some(*value);
    wanted
        .iter()
        .filter(differs)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Who owns a resource: the pipeline, and the tags that its user wants everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pipeline: PipelineName,
    extra: Tags,
}

impl Owner {
    /// The owner of everything that `pipeline` makes.
    #[must_use]
    pub fn new(pipeline: PipelineName) -> Self {
        Self {
            pipeline,
            extra: Tags::new(),
        }
    }

    /// Adds tags that every resource gets besides ours.
    #[must_use]
    pub fn with_tags(mut self, extra: Tags) -> Self {
        self.extra = extra;
        self
    }

    /// The pipeline's name.
    #[must_use]
    pub fn pipeline(&self) -> &PipelineName {
        &self.pipeline
    }

    /// The name of a resource of this pipeline: `clicks-source-vpc` for `source/vpc`.
    #[must_use]
    pub fn name(&self, resource: &str) -> String {
        format!("{}-{}", self.pipeline, resource.replace('/', "-"))
    }

    /// The tags that mark `resource` as ours, with a `Name` for the consoles.
    #[must_use]
    pub fn tags(&self, resource: &str) -> Tags {
        let mut tags = self.extra.clone();
        tags.entry("Name".into()).or_insert_with(|| self.name(resource));
        tags.insert(PIPELINE_TAG.into(), self.pipeline.to_string());
        tags.insert(RESOURCE_TAG.into(), resource.to_owned());
        tags.insert(SCHEMA_VERSION_TAG.into(), SCHEMA_VERSION.to_owned());
        tags
    }

    /// Whether `tags` mark `resource` as ours.
    #[must_use]
    pub fn owns(&self, tags: &Tags, resource: &str) -> bool {
        self.owns_any(tags) && tags.get(RESOURCE_TAG).is_some_and(|name| name == resource)
    }

    /// Whether `tags` mark anything of this pipeline.
    #[must_use]
    pub fn owns_any(&self, tags: &Tags) -> bool {
        tags.get(PIPELINE_TAG)
            .is_some_and(|name| name == self.pipeline.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_pipelines_tags_are_not_ours() {
        let ours = Owner::new(PipelineName::new("clicks").unwrap());
        let theirs = Owner::new(PipelineName::new("orders").unwrap());
        assert!(ours.owns(&ours.tags("source/vpc"), "source/vpc"));
        assert!(!ours.owns(&theirs.tags("source/vpc"), "source/vpc"));
        assert!(!ours.owns(&ours.tags("source/vpc"), "warehouse/vpc"));
    }
}
