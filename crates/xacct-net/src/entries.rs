//! Rules of security groups as they travel.

use crate::blueprint::Direction;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroup, UserIdGroupPair};
use std::collections::BTreeSet;
use std::fmt;

/// A rule as it travels: comparable, and complete enough to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) direction: Direction,
    /// `tcp`, `udp`, `-1`, or a number.
    pub(crate) protocol: String,
    pub(crate) from: i32,
    pub(crate) to: i32,
    pub(crate) peer: EntryPeer,
}

/// The other end of a rule as it travels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EntryPeer {
    Block(String),
    Block6(String),
    Group(String),
    PrefixList(String),
}

impl Entry {
    /// "Everything out", which EC2 adds to every new group.
    pub(crate) fn everything_out() -> Self {
        Self {
            direction: Direction::Egress,
            protocol: "-1".into(),
            from: -1,
            to: -1,
            peer: EntryPeer::Block("0.0.0.0/0".into()),
        }
    }

    /// One permission for this entry alone.
    pub(crate) fn permission(&self) -> IpPermission {
        let builder = IpPermission::builder().ip_protocol(&self.protocol);
        let builder = if self.protocol == "-1" {
            builder
        } else {
            builder.from_port(self.from).to_port(self.to)
        };
        match &self.peer {
            EntryPeer::Block(block) => builder.ip_ranges(IpRange::builder().cidr_ip(block).build()),
            EntryPeer::Block6(block) => builder.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(block).build()),
            EntryPeer::Group(id) => {
                builder.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).build())
            }
            EntryPeer::PrefixList(id) => {
                builder.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).build())
            }
        }
        .build()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preposition = match self.direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        let peer = match &self.peer {
            EntryPeer::Block(text)
            | EntryPeer::Block6(text)
            | EntryPeer::Group(text)
            | EntryPeer::PrefixList(text) => text,
        };
        match self.protocol.as_str() {
            "-1" => write!(f, "{} of everything {preposition} {peer}", self.direction),
            protocol => write!(
                f,
                "{} {protocol} {}-{} {preposition} {peer}",
                self.direction, self.from, self.to
            ),
        }
    }
}

/// Every entry of a group.
pub(crate) fn entries(group: &SecurityGroup) -> BTreeSet<Entry> {
    let ingress = group
        .ip_permissions()
        .iter()
        .map(|permission| (Direction::Ingress, permission));
    let egress = group
        .ip_permissions_egress()
        .iter()
        .map(|permission| (Direction::Egress, permission));
    ingress
        .chain(egress)
        .flat_map(|(direction, permission)| entries_of(direction, permission))
        .collect()
}

fn entries_of(direction: Direction, permission: &IpPermission) -> Vec<Entry> {
    let blocks = permission
        .ip_ranges()
        .iter()
        .filter_map(|range| range.cidr_ip.clone());
    let blocks6 = permission
        .ipv6_ranges()
        .iter()
        .filter_map(|range| range.cidr_ipv6.clone());
    let groups = permission
        .user_id_group_pairs()
        .iter()
        .filter_map(|pair| pair.group_id.clone());
    let lists = permission
        .prefix_list_ids()
        .iter()
        .filter_map(|list| list.prefix_list_id.clone());
    let peers = blocks.map(EntryPeer::Block).chain(blocks6.map(EntryPeer::Block6));
    let peers = peers
        .chain(groups.map(EntryPeer::Group))
        .chain(lists.map(EntryPeer::PrefixList));
    let protocol = permission.ip_protocol().unwrap_or("-1");
    let entry = |peer| Entry {
        direction,
        protocol: protocol.to_owned(),
        from: permission.from_port().unwrap_or(-1),
        to: permission.to_port().unwrap_or(-1),
        peer,
    };
    peers.map(entry).collect()
}
