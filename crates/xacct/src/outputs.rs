//! What a deployment gives: every id, ARN and name that somebody may need.

use msk_serverless::{ClusterOut, TopicOut};
use redshift_streaming::objects::{SchemaOut, ViewOut};
use redshift_streaming::serverless::{NamespaceOut, WorkgroupOut};
use serde::{Deserialize, Serialize};
use xacct_net::outputs::LinkOutputs;
use xacct_types::{AccountId, PipelineName, Region, RoleArn, TopicName};

/// The outputs of a deployed pipeline. Holds no secret; the admin password
/// stays in Secrets Manager, and only its ARN is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outputs {
    /// The pipeline's name.
    pub pipeline: PipelineName,
    /// The region of everything.
    pub region: Region,
    /// The account of the stream.
    pub source: SourceOutputs,
    /// The account of the warehouse.
    pub warehouse: WarehouseOutputs,
    /// What stands between the two networks.
    pub network: LinkOutputs,
    /// Topics that somebody else has still to make; a later deployment makes the
    /// views over them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_topics: Vec<TopicName>,
}

/// What is in the source account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceOutputs {
    /// Its id.
    pub account: AccountId,
    /// The cluster with its brokers.
    pub cluster: ClusterOut,
    /// The topics.
    pub topics: Vec<TopicOut>,
    /// The role through which the warehouse reads.
    pub reader_role: RoleArn,
}

/// What is in the warehouse account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WarehouseOutputs {
    /// Its id.
    pub account: AccountId,
    /// The role that is attached to the namespace.
    pub role: RoleArn,
    /// The namespace with the ARN of its admin secret.
    pub namespace: NamespaceOut,
    /// The workgroup.
    pub workgroup: WorkgroupOut,
    /// The database.
    pub database: String,
    /// The external schema with the statement that makes it.
    pub schema: SchemaOut,
    /// The views with the statements that make them.
    pub views: Vec<ViewOut>,
}
