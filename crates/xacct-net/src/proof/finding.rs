//! What a proof says: hops, and which link is broken.

use crate::blueprint::{Direction, GroupRole, Protocol};
use crate::spec::Side;
use serde::Serialize;

/// The name of one link of the chain. It is the same for a plan and for a live
/// network, and in every release; only `at` holds physical ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LinkId {
    /// In whose account it is mended.
    pub side: Side,
    /// Which link.
    pub kind: LinkKind,
    /// Where there are several: which, by physical id or resource name.
    pub at: Option<String>,
}

impl LinkId {
    /// A link of which a side has one.
    #[must_use]
    pub const fn new(side: Side, kind: LinkKind) -> Self {
        Self { side, kind, at: None }
    }

    /// One of several.
    #[must_use]
    pub fn at(side: Side, kind: LinkKind, at: impl Into<String>) -> Self {
        Self {
            side,
            kind,
            at: Some(at.into()),
        }
    }
}

impl std::fmt::Display for LinkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/", self.side)?;
        match self.kind {
            LinkKind::PeerRoute => write!(f, "route/{}-cidr", self.side.peer())?,
            kind => write!(f, "{kind}")?,
        }
        self.at.as_ref().map_or(Ok(()), |at| write!(f, "@{at}"))
    }
}

/// The kinds of links between Redshift and the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LinkKind {
    /// A VPC is there and available.
    Vpc,
    /// Its blocks and the other side's are apart.
    VpcCidr,
    /// `enableDnsSupport` is on.
    DnsSupport,
    /// `enableDnsHostnames` is on.
    DnsHostnames,
    /// The DHCP options name the VPC's own resolver.
    DhcpOptions,
    /// A subnet is there and available.
    Subnet,
    /// A subnet has a route table.
    RouteTable,
    /// The peering is there and active, and both accounts see it.
    Peering,
    /// The route to the other side's block.
    PeerRoute,
    /// The route of private subnets to everything else.
    DefaultRoute,
    /// The route of the public subnet to the internet gateway.
    PublicRoute,
    /// A route inside the VPC.
    LocalRoute,
    /// A security group is there, in the right VPC.
    Group(GroupRole),
    /// A security group's rule.
    GroupRule(GroupRole, Direction, Protocol, u16),
    /// A network ACL lets the opening packets pass.
    Acl(Direction, Protocol, u16),
    /// A network ACL lets the answers pass (ports 1024 to 65535).
    AclReturn(Direction, Protocol),
    /// The NAT gateway is available.
    Nat,
    /// The NAT gateway has a public address.
    NatAddress,
    /// The internet gateway is attached.
    InternetGateway,
    /// The interface endpoint is available.
    StsEndpoint,
    /// The service's usual name leads to the interface endpoint.
    StsEndpointDns,
    /// There is a way to AWS APIs at all.
    ApiAccess,
    /// The outbound resolver endpoint is operational, in the warehouse's VPC.
    OutboundEndpoint,
    /// It has two addresses in two zones.
    OutboundAddresses,
    /// The inbound resolver endpoint is operational, in the source's VPC.
    InboundEndpoint,
    /// It has two addresses in two zones.
    InboundAddresses,
    /// The forward rule is there and complete.
    Rule,
    /// The rule sends to the outbound endpoint.
    RuleEndpoint,
    /// The rule's targets are the inbound endpoint's addresses.
    RuleTargets,
    /// The rule serves the warehouse's VPC.
    RuleAssociation,
    /// No other rule of that VPC takes the names away.
    RuleConflict,
    /// The rule does not serve the source's VPC, where it would loop.
    RuleLoop,
    /// Enhanced VPC routing is on.
    EnhancedRouting,
    /// Redshift stands in three zones.
    WorkgroupSubnets,
    /// The brokers stand somewhere.
    ClusterSubnets,
}

impl LinkKind {
    fn noun(self) -> &'static str {
        match self {
            Self::Vpc => "vpc",
            Self::VpcCidr => "vpc/cidr",
            Self::DnsSupport => "vpc/dns-support",
            Self::DnsHostnames => "vpc/dns-hostnames",
            Self::DhcpOptions => "vpc/dhcp-options",
            Self::Subnet => "subnet",
            Self::RouteTable => "route-table",
            Self::Peering => "peering",
            Self::PeerRoute => "route/peer-cidr",
            Self::DefaultRoute => "route/default",
            Self::PublicRoute => "route/public-default",
            Self::LocalRoute => "route/local",
            Self::Group(_) | Self::GroupRule(..) => "group",
            Self::Acl(..) => "acl",
            Self::AclReturn(..) => "acl-return",
            Self::Nat => "nat",
            Self::NatAddress => "nat/address",
            Self::InternetGateway => "internet-gateway",
            Self::StsEndpoint => "endpoint-sts",
            Self::StsEndpointDns => "endpoint-sts/private-dns",
            Self::ApiAccess => "egress",
            Self::OutboundEndpoint => "resolver-outbound",
            Self::OutboundAddresses => "resolver-outbound/addresses",
            Self::InboundEndpoint => "resolver-inbound",
            Self::InboundAddresses => "resolver-inbound/addresses",
            Self::Rule => "resolver-rule",
            Self::RuleEndpoint => "resolver-rule/endpoint",
            Self::RuleTargets => "resolver-rule/targets",
            Self::RuleAssociation => "resolver-rule/association",
            Self::RuleConflict => "resolver-rule/conflict",
            Self::RuleLoop => "resolver-rule/loop",
            Self::EnhancedRouting => "workgroup/enhanced-routing",
            Self::WorkgroupSubnets => "workgroup/subnets",
            Self::ClusterSubnets => "cluster/subnets",
        }
    }
}

impl std::fmt::Display for LinkKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.noun())?;
        match self {
            Self::Group(role) => write!(f, "/{role}"),
            Self::GroupRule(role, direction, protocol, port) => {
                write!(f, "/{role}/{direction}/{protocol}-{port}")
            }
            Self::Acl(direction, protocol, port) => write!(f, "/{direction}/{protocol}-{port}"),
            Self::AclReturn(direction, protocol) => write!(f, "/{direction}/{protocol}-ephemeral"),
            _ => Ok(()),
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is broken.
    Note,
    /// Some attempts will fail, others get through.
    Degraded,
    /// It cannot work.
    Broken,
}

/// One link that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Which link.
    pub link: LinkId,
    /// How bad it is.
    pub severity: Severity,
    /// What was read that shows it.
    pub why: String,
    /// What would mend it.
    pub mend: String,
}

impl Finding {
    /// A link that is broken because of `why`, and `mend` to do.
    #[must_use]
    pub fn broken(link: LinkId, why: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            link,
            severity: Severity::Broken,
            why: why.into(),
            mend: mend.into(),
        }
    }

    /// The same finding with another severity.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; to mend it: {}", self.link, self.why, self.mend)
    }
}

/// One step that a packet takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What lets it pass, by physical id or resource name.
    pub at: String,
    /// What happens there.
    pub passes: String,
}

impl Hop {
    pub(crate) fn new(at: impl Into<String>, passes: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            passes: passes.into(),
        }
    }
}

impl std::fmt::Display for Hop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.passes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_have_names_that_people_and_tables_can_use() {
        let route = LinkId::at(Side::Warehouse, LinkKind::PeerRoute, "subnet-1");
        assert_eq!(route.to_string(), "warehouse/route/source-cidr@subnet-1");
        let rule = LinkKind::GroupRule(GroupRole::Cluster, Direction::Ingress, Protocol::Tcp, 9098);
        assert_eq!(
            LinkId::new(Side::Source, rule).to_string(),
            "source/group/cluster/ingress/tcp-9098"
        );
    }
}
