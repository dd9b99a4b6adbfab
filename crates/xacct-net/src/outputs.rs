//! What a deployed link gives to others.

use crate::plan::LinkHandles;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use xacct_converge::{Applied, Failure, Handle};
use xacct_types::{
    AccountId, Cidr, PeeringId, ResolverEndpointId, ResolverRuleId, SecurityGroupId, SubnetId, VpcId, ZoneId,
};

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcInfo {
    /// Its id.
    pub id: VpcId,
    /// The account that has it.
    pub account: AccountId,
    /// Its primary block.
    pub cidr: Cidr,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetInfo {
    /// Its id.
    pub id: SubnetId,
    /// Its block.
    pub cidr: Cidr,
    /// Its zone, by the id that means the same in every account.
    pub zone: ZoneId,
}

/// An endpoint of Route 53 Resolver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverEndpointInfo {
    /// Its id.
    pub id: ResolverEndpointId,
    /// Its addresses, sorted; empty before it has settled.
    pub addresses: Vec<Ipv4Addr>,
}

/// One network as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NetworkOutputs {
    /// The VPC.
    pub vpc: VpcInfo,
    /// The private subnets, one for each zone.
    pub private_subnets: Vec<SubnetInfo>,
    /// The public subnet, where there is a NAT gateway.
    pub public_subnet: Option<SubnetInfo>,
}

/// A link as it was made. Serializable; holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkOutputs {
    /// The network of the brokers.
    pub source: NetworkOutputs,
    /// The network of Redshift.
    pub warehouse: NetworkOutputs,
    /// Worn by brokers.
    pub cluster_group: SecurityGroupId,
    /// Worn by producers.
    pub client_group: SecurityGroupId,
    /// Worn by the Redshift workgroup.
    pub workgroup_group: SecurityGroupId,
    /// The peering between both VPCs.
    pub peering: PeeringId,
    /// Takes questions in the source's VPC.
    pub inbound: ResolverEndpointInfo,
    /// Sends questions on from the warehouse's VPC.
    pub outbound: ResolverEndpointInfo,
    /// Forwards the brokers' domain.
    pub rule: ResolverRuleId,
    /// The domain that is forwarded.
    pub forward_domain: String,
}

/// Reads one output of an applied graph.
fn one<T: Clone + Send + Sync + 'static>(applied: &Applied, handle: Handle<T>) -> Result<T, Failure> {
    applied
        .get(handle)
        .ok_or_else(|| Failure::bug("an applied graph lacks an output"))
}

impl LinkHandles {
    /// The outputs of an applied graph.
    ///
    /// # Errors
    /// [`Failure`] of class `Bug` where `applied` is of another graph.
    pub fn outputs(&self, applied: &Applied) -> Result<LinkOutputs, Failure> {
        Ok(LinkOutputs {
            source: self.source.outputs(applied)?,
            warehouse: self.warehouse.outputs(applied)?,
            cluster_group: one(applied, self.cluster_group)?,
            client_group: one(applied, self.client_group)?,
            workgroup_group: one(applied, self.workgroup_group)?,
            peering: one(applied, self.peering)?,
            inbound: one(applied, self.inbound)?,
            outbound: one(applied, self.outbound)?,
            rule: one(applied, self.rule)?,
            forward_domain: self.forward_domain.clone(),
        })
    }
}

impl crate::plan::NetworkHandles {
    /// The outputs of an applied graph.
    ///
    /// # Errors
    /// [`Failure`] of class `Bug` where `applied` is of another graph.
    pub fn outputs(&self, applied: &Applied) -> Result<NetworkOutputs, Failure> {
        let subnets = self.private.iter().map(|&handle| one(applied, handle));
        Ok(NetworkOutputs {
            vpc: one(applied, self.vpc)?,
            private_subnets: subnets.collect::<Result<_, _>>()?,
            public_subnet: self.public.map(|handle| one(applied, handle)).transpose()?,
        })
    }
}
