//! Where Redshift and the brokers stand, as their services say.

use crate::draft::Seen;
use xacct_net::proof::model::{Cluster, Placement};

/// The workgroup's subnets and groups, if there is a workgroup.
pub(super) fn workgroup_end(seen: &Seen) -> Option<Placement> {
    let workgroup = seen.serverless.workgroup.as_ref()?;
    Some(Placement {
        subnets: workgroup.subnet_ids().to_vec(),
        groups: workgroup.security_group_ids().to_vec(),
        enhanced_routing: workgroup.enhanced_vpc_routing(),
    })
}

/// The brokers' subnets and groups, if there is a cluster.
pub(super) fn cluster_end(seen: &Seen) -> Option<Cluster> {
    let found = seen.cluster.cluster.as_ref()?;
    let vpc = found.client_vpcs.first()?;
    let mut cluster = Cluster::default();
    cluster.placement.subnets = vpc.subnets.iter().cloned().collect();
    cluster.placement.groups = vpc.groups.iter().cloned().collect();
    cluster.bootstrap_host = found.output().bootstrap_host().map(str::to_owned);
    Some(cluster)
}
