//! Nodes on a mocked account, and what becomes of them.

use crate::apply::Observed;
use crate::blueprint::{Direction, GroupPlan, GroupRole, GroupRule, Protocol, RulePeer};
use crate::groups::GroupNode;
use crate::outputs::{ResolverEndpointInfo, SubnetInfo, VpcInfo};
use crate::site::Site;
use crate::{LinkSpec, Side};
use std::collections::BTreeMap;
use wiremock::MockServer;
use xacct_converge::{Class, Context, Failure, Graph, Resource, Value, explain};
use xacct_tests::clock::virtual_context;
use xacct_tests::wire::fake_config;
use xacct_types::{Owner, SecurityGroupId};

/// What a call came to.
pub(crate) type Came = Result<String, Refusal>;

/// What is left of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) operation: String,
    pub(crate) code: Option<String>,
    pub(crate) class: Class,
    pub(crate) text: String,
}

impl From<&Failure> for Refusal {
    fn from(failure: &Failure) -> Self {
        Self {
            operation: failure.operation().to_owned(),
            code: failure.code().map(str::to_owned),
            class: failure.class(),
            text: explain(failure),
        }
    }
}

/// One account behind a mocked endpoint.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) cx: Context,
}

impl Stage {
    pub(crate) fn new(server: &MockServer) -> Self {
        Self::with(&fake_config(server))
    }

    pub(crate) fn with(config: &aws_types::SdkConfig) -> Self {
        let owner = Owner::new("clicks".parse().unwrap());
        Self {
            site: Site::new(Side::Warehouse, "ap-south-1".parse().unwrap(), config, &owner, 7),
            cx: virtual_context(),
        }
    }

    /// The same account as the source's.
    pub(crate) fn source(&self) -> Site {
        Site {
            side: Side::Source,
            ..self.site.clone()
        }
    }

    /// Makes a resource and waits for it.
    pub(crate) async fn make<R>(&self, node: R) -> Came
    where
        R: Resource,
        R::Output: std::fmt::Debug,
    {
        let mut graph = Graph::new();
        let handle = graph.add("it", node);
        match graph.apply(graph.plan(), &self.cx).await {
            Ok(applied) => Ok(format!("{:?}", applied.get(handle).unwrap())),
            Err(error) => Err(error.failure().into()),
        }
    }
}

/// Shows what a list or a removal came to.
pub(crate) fn came<T: std::fmt::Debug>(result: Result<T, Failure>) -> Came {
    result
        .map(|value| format!("{value:?}"))
        .map_err(|failure| Refusal::from(&failure))
}

pub(crate) fn vpc_info() -> VpcInfo {
    VpcInfo {
        id: "vpc-1".parse().unwrap(),
        account: "111111111111".parse().unwrap(),
        cidr: "10.0.0.0/16".parse().unwrap(),
    }
}

pub(crate) fn vpc() -> Value<VpcInfo> {
    Value::known(vpc_info())
}

pub(crate) fn subnet(number: u8) -> SubnetInfo {
    SubnetInfo {
        id: format!("subnet-{number}").parse().unwrap(),
        cidr: format!("10.0.{number}.0/24").parse().unwrap(),
        zone: format!("aps1-az{number}").parse().unwrap(),
    }
}

pub(crate) fn sg() -> SecurityGroupId {
    "sg-1".parse().unwrap()
}

pub(crate) fn endpoint(id: &str) -> ResolverEndpointInfo {
    ResolverEndpointInfo {
        id: id.parse().unwrap(),
        addresses: vec![[10, 0, 1, 9].into(), [10, 0, 2, 9].into()],
    }
}

/// A group with one rule in each direction, the two that the usual answer shows.
pub(crate) fn group(stage: &Stage) -> GroupNode {
    let rule = |direction, port, block: &str| GroupRule {
        direction,
        protocol: Protocol::Tcp,
        port,
        peer: RulePeer::Block(block.parse().unwrap()),
    };
    let rules = vec![
        rule(Direction::Ingress, 9098, "10.0.1.0/24"),
        rule(Direction::Egress, 443, "0.0.0.0/0"),
    ];
    GroupNode {
        site: stage.site.clone(),
        vpc: vpc(),
        plan: GroupPlan {
            role: GroupRole::Workgroup,
            rules,
            keeps_default_egress: false,
        },
        peers: BTreeMap::new(),
    }
}

/// What both accounts hold, read from the mocked endpoint.
pub(crate) async fn observe(server: &MockServer) -> Result<Observed, Failure> {
    let link = LinkSpec::new("ap-south-1".parse().unwrap()).resolve().unwrap();
    let (owner, config) = (Owner::new("clicks".parse().unwrap()), fake_config(server));
    crate::Networks::new(link, &owner, 7, &config, &config)
        .observe(&virtual_context())
        .await
}
