//! What a deployed fleet gives: for each tenant what is its own and where it is.

use super::cell::{CellHandles, MemberHandles};
use crate::error::Error;
use msk_serverless::{ClusterOut, TopicOut};
use redshift_streaming::objects::{SchemaOut, ViewOut};
use redshift_streaming::serverless::{NamespaceOut, WorkgroupOut};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xacct_converge::{Applied, Failure, Handle};
use xacct_net::outputs::LinkOutputs;
use xacct_types::RoleArn;

/// A fleet that stands. Holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FleetOutputs {
    /// What is shared, by the number of the cell.
    pub cells: BTreeMap<u32, CellOutputs>,
    /// The tenants by name.
    pub tenants: BTreeMap<String, TenantOutputs>,
    /// How many resources the fleet is made of.
    pub resources: usize,
}

/// What the tenants of one cell share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CellOutputs {
    /// The networks and what stands between them.
    pub network: LinkOutputs,
    /// The cluster with its brokers.
    pub cluster: ClusterOut,
    /// The namespace with the ARN of its admin secret.
    pub namespace: NamespaceOut,
    /// The workgroup.
    pub workgroup: WorkgroupOut,
}

/// What is one tenant's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TenantOutputs {
    /// Where it is.
    pub cell: u32,
    /// Its topics.
    pub topics: Vec<TopicOut>,
    /// The role through which its topics are read.
    pub reader_role: RoleArn,
    /// The role that is attached to the namespace.
    pub warehouse_role: RoleArn,
    /// Its external schema.
    pub schema: SchemaOut,
    /// Its views.
    pub views: Vec<ViewOut>,
}

fn one<T: Clone + Send + Sync + 'static>(applied: &Applied, handle: Handle<T>) -> Result<T, Error> {
    applied.get(handle).ok_or_else(|| Error::Read {
        what: "an output",
        source: Failure::bug("an applied graph lacks an output"),
    })
}

fn many<T: Clone + Send + Sync + 'static>(applied: &Applied, handles: &[Handle<T>]) -> Result<Vec<T>, Error> {
    handles.iter().map(|&handle| one(applied, handle)).collect()
}

impl CellOutputs {
    pub(super) fn of(handles: &CellHandles, applied: &Applied) -> Result<Self, Error> {
        let network = handles.networks.outputs(applied);
        Ok(Self {
            network: network.map_err(|source| Error::Read {
                what: "the networks",
                source,
            })?,
            cluster: one(applied, handles.cluster)?,
            namespace: one(applied, handles.serverless.namespace)?,
            workgroup: one(applied, handles.serverless.workgroup)?,
        })
    }
}

impl TenantOutputs {
    pub(super) fn of(cell: u32, handles: &MemberHandles, applied: &Applied) -> Result<Self, Error> {
        Ok(Self {
            cell,
            topics: many(applied, &handles.topics)?,
            reader_role: one(applied, handles.roles.stream)?.arn,
            warehouse_role: one(applied, handles.roles.warehouse)?.arn,
            schema: one(applied, handles.objects.schema)?,
            views: many(applied, &handles.objects.views)?,
        })
    }
}
