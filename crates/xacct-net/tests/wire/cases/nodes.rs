//! One node of every kind on a mocked account.

use super::super::stage::{Came, Stage, came, endpoint, group, sg, subnet, vpc, vpc_info};
use crate::endpoint::StsNode;
use crate::entries::{Entry, EntryPeer};
use crate::internet::{AddressNode, GatewayInfo, GatewayNode};
use crate::nat::NatNode;
use crate::peering::{AcceptNode, RequestNode};
use crate::resolver::ResolverNode;
use crate::route_tables::{TableNode, UseNode};
use crate::routes::{RouteNode, Via};
use crate::rule::{AssociationInfo, AssociationNode, RuleNode};
use crate::subnets::SubnetNode;
use xacct_converge::{Failure, Graph, Resource, Value};
use xacct_types::{PeeringId, ResolverRuleId};

pub(crate) fn subnet_node(stage: &Stage) -> SubnetNode {
    let (site, resource) = (stage.site.clone(), "warehouse/subnet-private-1".to_owned());
    SubnetNode {
        site,
        vpc: vpc(),
        resource,
        cidr: "10.0.1.0/24".parse().unwrap(),
        zone: 0,
    }
}

pub(crate) fn table_node(stage: &Stage) -> TableNode {
    TableNode {
        site: stage.site.clone(),
        vpc: vpc(),
        resource: "warehouse/routes-private".into(),
        destinations: None,
    }
}

pub(crate) fn use_node(stage: &Stage) -> UseNode {
    UseNode {
        site: stage.site.clone(),
        table: Value::known("rtb-1".parse().unwrap()),
        subnet: subnet(1).into(),
    }
}

pub(crate) fn route_node(stage: &Stage) -> RouteNode {
    RouteNode {
        site: stage.site.clone(),
        table: Value::known("rtb-1".parse().unwrap()),
        destination: "172.16.0.0/16".parse().unwrap(),
        via: Via::Peering("pcx-1".parse().unwrap()).into(),
    }
}

pub(crate) fn nat_node(stage: &Stage) -> NatNode {
    // An order within another graph: only single calls of this node are made here.
    let gateway = Graph::new()
        .add(
            "gateway",
            AddressNode {
                site: stage.site.clone(),
                after: Vec::new(),
            },
        )
        .settled();
    let address = Value::known("eipalloc-1".parse().unwrap());
    NatNode {
        site: stage.site.clone(),
        subnet: subnet(1).into(),
        address,
        gateway,
    }
}

pub(crate) async fn ask_for_nat(stage: &Stage) -> Came {
    let (subnet, address) = ("subnet-1".parse().unwrap(), "eipalloc-1".parse().unwrap());
    came(nat_node(stage).ask("token", &subnet, &address, &stage.cx).await)
}

pub(crate) async fn update_rule(stage: &Stage) -> Came {
    let (rule, outbound) = ("rslvr-rr-1".parse().unwrap(), "rslvr-out-1".parse().unwrap());
    came(
        rule_node(stage)
            .update(&rule, &outbound, Vec::new(), &stage.cx)
            .await,
    )
}

pub(crate) fn request_node(stage: &Stage) -> RequestNode {
    RequestNode {
        site: stage.site.clone(),
        here: vpc(),
        there: vpc(),
    }
}

pub(crate) fn accept_node(stage: &Stage) -> AcceptNode {
    let peering = "pcx-1".parse::<PeeringId>().unwrap().into();
    AcceptNode {
        site: stage.source(),
        requester: stage.site.clone(),
        peering,
    }
}

pub(crate) fn sts_node(stage: &Stage) -> StsNode {
    let subnets = [1, 2, 3].map(|n| subnet(n).into()).to_vec();
    StsNode {
        site: stage.site.clone(),
        vpc: vpc_info().into(),
        subnets,
        group: Value::known(sg()),
    }
}

pub(crate) fn resolver_node(stage: &Stage) -> ResolverNode {
    let subnets = [1, 2].map(|n| subnet(n).into()).to_vec();
    ResolverNode {
        site: stage.source(),
        vpc: vpc(),
        subnets,
        group: Value::known(sg()),
        rules: Vec::new(),
    }
}

/// Adds an address to an endpoint.
pub(crate) async fn add_address(stage: &Stage) -> Came {
    let id = "rslvr-in-1".parse().unwrap();
    came(resolver_node(stage).add_address(&id, "subnet-3", &stage.cx).await)
}

/// Takes an address from an endpoint.
pub(crate) async fn take_address(stage: &Stage) -> Came {
    let id = "rslvr-in-1".parse().unwrap();
    came(resolver_node(stage).take_address(&id, "rni-1", &stage.cx).await)
}

pub(crate) fn rule_node(stage: &Stage) -> RuleNode {
    RuleNode {
        site: stage.site.clone(),
        vpc: vpc(),
        domain: "example.com".into(),
        outbound: endpoint("rslvr-out-1").into(),
        inbound: endpoint("rslvr-in-1").into(),
    }
}

pub(crate) fn association_node(stage: &Stage) -> AssociationNode {
    AssociationNode {
        site: stage.site.clone(),
        vpc: vpc(),
        rule: "rslvr-rr-1".parse::<ResolverRuleId>().unwrap().into(),
    }
}

/// A client group that somebody closed and opened elsewhere: both directions change.
pub(crate) async fn mend_group(stage: &Stage) -> Came {
    let node = group(stage);
    let strange = |direction| Entry {
        direction,
        protocol: "tcp".into(),
        from: 22,
        to: 22,
        peer: EntryPeer::Block("0.0.0.0/0".into()),
    };
    let found = [
        crate::blueprint::Direction::Ingress,
        crate::blueprint::Direction::Egress,
    ]
    .map(strange);
    let wanted = std::collections::BTreeSet::new();
    came(node.bring(&sg(), &found.into(), &wanted, &stage.cx).await)
}

pub(crate) async fn delete_gateway(stage: &Stage) -> Result<(), Failure> {
    let found = stage.site.gateways(Vec::new(), &stage.cx).await?;
    let current = GatewayInfo::read(&found[0]).unwrap();
    let node = GatewayNode {
        site: stage.site.clone(),
        vpc: vpc(),
        after: Vec::new(),
    };
    node.delete(&current, &stage.cx).await
}

pub(crate) async fn delete_association(stage: &Stage) -> Result<(), Failure> {
    let found = stage.site.rule_associations("vpc-1", &stage.cx).await?;
    let current = AssociationInfo::read(&found[0]).unwrap();
    association_node(stage).delete(&current, &stage.cx).await
}
