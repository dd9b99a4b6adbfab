//! What a user asks for: one file, or one builder.
//!
//! Only a name, a region and the two accounts are required. Everything else
//! shows its default, and the defaults are the tutorial: its blocks, its
//! topic, its schema, its view.
//!
//! ```
//! use xacct::PipelineSpec;
//!
//! let spec = PipelineSpec::from_toml(r#"
//!     name = "clicks"
//!     region = "ap-south-1"
//!     [source]
//!     account = "111111111111"
//!     [warehouse]
//!     account = "222222222222"
//! "#)?;
//! assert_eq!(spec.source.network.cidr(xacct::net::Side::Source).to_string(), "172.16.0.0/16");
//! assert_eq!(spec.topics()[0].name.as_str(), "testtopic");
//! # Ok::<(), xacct::SpecError>(())
//! ```

mod check;
mod read;
mod tutorial;

pub use read::SpecError;

use redshift_streaming::ddl::DatabaseName;
use redshift_streaming::serverless::ServerlessSpec;
use redshift_streaming::{SchemaSpec, StreamingSpec, ViewSource, ViewSpec};
use serde::{Deserialize, Serialize};
use xacct_iam::RoleRules;
use xacct_net::NetworkSpec;
use xacct_types::{AccountId, ClusterArn, Owner, PipelineName, Region, Tags, TopicName, TopicSettings};

/// A whole pipeline: a stream in one account, a warehouse in another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PipelineSpec {
    /// In every derived name and tag; 1 to 24 characters of `[a-z0-9-]`.
    pub name: PipelineName,
    /// The region of both accounts' resources.
    pub region: Region,
    /// Where the events are.
    pub source: SourceSpec,
    /// Where they are queried.
    pub warehouse: WarehouseSpec,
    /// The external schema. Default: `mskschema`, by cluster ARN.
    #[serde(default = "tutorial::schema")]
    pub schema: SchemaSpec,
    /// The materialized views. Default: one, `myview1`, over the first topic.
    #[serde(default, rename = "view", skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<ViewSpec>,
    /// Tags for every resource, besides our own. Default: none.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// The company's rules about roles: what their names begin with, their path, the permissions boundary on each side.
    /// Default: no prefix, `/`, no boundary.
    #[serde(default, skip_serializing_if = "is_default")]
    pub roles: RoleRules,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The account of the stream, and what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SourceSpec {
    /// Which service. Default: `msk-serverless`.
    #[serde(default)]
    pub kind: SourceKind,
    /// The account that owns it.
    pub account: AccountId,
    /// Its network. Default: 172.16.0.0/16 without a way out.
    #[serde(default)]
    pub network: NetworkSpec,
    /// The cluster.
    #[serde(default)]
    pub cluster: ClusterSpec,
    /// The topics. Default: one, `testtopic`, of three partitions.
    #[serde(default, rename = "topic", skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicSpec>,
}

/// Which service holds the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SourceKind {
    /// Amazon MSK Serverless.
    #[default]
    MskServerless,
}

/// The MSK cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ClusterSpec {
    /// An existing cluster to use. Default: one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<ClusterArn>,
    /// Who makes topics. Default: `direct`.
    pub topics: TopicMaker,
}

/// Who makes the topics of a serverless cluster, which only the Kafka protocol can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TopicMaker {
    /// The deployer, which can reach the brokers.
    #[default]
    Direct,
    /// Nobody for now: everything else is built, the outputs say what is missing,
    /// and a later deployment finishes. One that can reach the brokers makes the
    /// topics; one that cannot lets Redshift try the views, for the case that
    /// somebody else has made them.
    Deferred,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TopicSpec {
    /// Its name.
    pub name: TopicName,
    /// Its partitions, 1 to 2,400 over all topics of a cluster. Default: 3.
    #[serde(default = "three")]
    pub partitions: u32,
    /// Topic configurations, for example `"retention.ms" = "604800000"`. Default: none.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub config: Tags,
}

const fn three() -> u32 {
    3
}

impl TopicSpec {
    /// A topic of three partitions.
    #[must_use]
    pub const fn new(name: TopicName) -> Self {
        Self {
            name,
            partitions: three(),
            config: Tags::new(),
        }
    }

    /// What the topic crate is asked for.
    #[must_use]
    pub fn settings(&self) -> TopicSettings {
        let settings = TopicSettings::new(self.name.clone(), self.partitions);
        self.config.iter().fold(settings, |settings, (key, value)| {
            settings.with_config(key, value)
        })
    }
}

/// The account of the warehouse, and what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WarehouseSpec {
    /// Which service. Default: `redshift-serverless`.
    #[serde(default)]
    pub kind: WarehouseKind,
    /// The account that owns it.
    pub account: AccountId,
    /// The database that the schema is made in. Default: `streaming`.
    #[serde(default = "tutorial::database")]
    pub database: DatabaseName,
    /// Its network. Default: 10.0.0.0/16 with a NAT gateway.
    #[serde(default)]
    pub network: NetworkSpec,
    /// The workgroup.
    #[serde(default)]
    pub workgroup: WorkgroupSpec,
}

/// Which service is the warehouse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarehouseKind {
    /// Amazon Redshift Serverless.
    #[default]
    RedshiftServerless,
}

/// The Redshift Serverless workgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct WorkgroupSpec {
    /// Redshift processing units, 8 to 512 in steps of 8 (4 and up to 1,024 in
    /// some regions). Default: 32, as in the tutorial.
    pub base_capacity: u32,
}

impl Default for WorkgroupSpec {
    fn default() -> Self {
        Self { base_capacity: 32 }
    }
}

impl PipelineSpec {
    /// The tutorial between these two accounts: every field at its default.
    #[must_use]
    pub fn new(name: PipelineName, region: Region, source: AccountId, warehouse: AccountId) -> Self {
        Self {
            name,
            region,
            source: SourceSpec {
                kind: SourceKind::default(),
                account: source,
                network: NetworkSpec::default(),
                cluster: ClusterSpec::default(),
                topics: Vec::new(),
            },
            warehouse: WarehouseSpec {
                kind: WarehouseKind::default(),
                account: warehouse,
                database: tutorial::database(),
                network: NetworkSpec::default(),
                workgroup: WorkgroupSpec::default(),
            },
            schema: tutorial::schema(),
            views: Vec::new(),
            tags: Tags::new(),
            roles: RoleRules::default(),
        }
    }

    /// Adds a topic; the first one replaces the default.
    #[must_use]
    pub fn with_topic(mut self, topic: TopicSpec) -> Self {
        self.source.topics.push(topic);
        self
    }

    /// Adds a view; the first one replaces the default.
    #[must_use]
    pub fn with_view(mut self, view: ViewSpec) -> Self {
        self.views.push(view);
        self
    }

    /// Another network on the source side.
    #[must_use]
    pub fn with_source_network(mut self, network: NetworkSpec) -> Self {
        self.source.network = network;
        self
    }

    /// Another network on the warehouse side.
    #[must_use]
    pub fn with_warehouse_network(mut self, network: NetworkSpec) -> Self {
        self.warehouse.network = network;
        self
    }

    /// Another capacity of the workgroup, in Redshift processing units.
    #[must_use]
    pub const fn with_base_capacity(mut self, units: u32) -> Self {
        self.warehouse.workgroup.base_capacity = units;
        self
    }

    /// Another maker of topics.
    #[must_use]
    pub const fn with_topics_by(mut self, maker: TopicMaker) -> Self {
        self.source.cluster.topics = maker;
        self
    }

    /// Adds a tag to every resource.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Keeps to a company's rules about roles.
    #[must_use]
    pub fn with_role_rules(mut self, rules: RoleRules) -> Self {
        self.roles = rules;
        self
    }

    /// The topics, with the default where none is given.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicSpec> {
        if !self.source.topics.is_empty() {
            return self.source.topics.clone();
        }
        vec![TopicSpec::new(tutorial::topic())]
    }

    /// The views, with the default where none is given.
    #[must_use]
    pub fn views(&self) -> Vec<ViewSpec> {
        if !self.views.is_empty() {
            return self.views.clone();
        }
        let topic = self
            .topics()
            .into_iter()
            .next()
            .map_or_else(tutorial::topic, |topic| topic.name);
        vec![ViewSpec::new(tutorial::view(), ViewSource::Topic(topic))]
    }

    /// What SQL makes: the database, the schema, the views.
    #[must_use]
    pub fn streaming(&self) -> StreamingSpec {
        let spec = StreamingSpec::new(self.warehouse.database.clone(), self.schema.clone());
        self.views().into_iter().fold(spec, StreamingSpec::with_view)
    }

    /// The namespace and the workgroup.
    #[must_use]
    pub fn serverless(&self) -> ServerlessSpec {
        ServerlessSpec::of(&self.owner(), self.warehouse.database.to_string())
            .with_base_capacity(self.warehouse.workgroup.base_capacity)
            .with_case_sensitivity(self.streaming().needs_case_sensitivity())
    }

    /// The owner of everything that this specification makes.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner::new(self.name.clone()).with_tags(self.tags.clone())
    }
}
