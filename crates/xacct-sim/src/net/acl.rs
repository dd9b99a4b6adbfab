//! Network ACLs over packets: the lowest matching number decides, the answer needs its own permission.

use std::net::Ipv4Addr;

use crate::ec2::cidr::Cidr;
use crate::ec2::state::{AclEntry, NetworkAcl, State};

use super::Blocked;

/// Ports that answers may go to.
pub(crate) const EPHEMERAL: (i64, i64) = (1024, 65_535);

/// A direction through a subnet's border.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crossing<'a> {
    /// `tcp` or `udp`.
    pub protocol: &'a str,
    /// Ports at the destination; every one must pass.
    pub ports: (i64, i64),
    /// The end outside the subnet; all of it must pass.
    pub peer: Cidr,
    pub egress: bool,
}

/// Whether a subnet's ACL lets a crossing pass.
pub(crate) fn passes(state: &State, subnet: &str, crossing: Crossing<'_>) -> Result<(), Blocked> {
    let Some(acl) = state.acl_of(subnet) else {
        return Err(Blocked::new(format!("subnet {subnet} has no network ACL")));
    };
    if allows(acl, crossing) {
        return Ok(());
    }
    let (direction, (from, to)) = (if crossing.egress { "to" } else { "from" }, crossing.ports);
    let why = format!(
        "network ACL {} of {subnet} denies {} ports {from}-{to} {direction} {}",
        acl.id, crossing.protocol, crossing.peer
    );
    Err(Blocked::new(why))
}

/// Asks for one packet of every kind that the entries tell apart; each is decided by the first entry that speaks of it.
fn allows(acl: &NetworkAcl, crossing: Crossing<'_>) -> bool {
    let number = if crossing.protocol == "tcp" { "6" } else { "17" };
    let entries: Vec<&AclEntry> = acl
        .entries
        .iter()
        .filter(|((egress, _), entry)| {
            *egress == crossing.egress && (entry.protocol == "-1" || entry.protocol == number)
        })
        .map(|(_, entry)| entry)
        .collect();
    let range = |entry: &AclEntry| match entry.protocol.as_str() {
        "-1" => (0, 65_535),
        _ => entry.ports.unwrap_or((0, 65_535)),
    };
    let (first, last) = crossing.ports;
    let mut ports: Vec<i64> = entries
        .iter()
        .flat_map(|entry| [range(entry).0, range(entry).1 + 1])
        .collect();
    ports.push(first);
    ports.retain(|port| (first..=last).contains(port));
    let passes = |address: Ipv4Addr, port: i64| {
        let mut speaking = entries.iter().filter(|entry| {
            let (from, to) = range(entry);
            entry.cidr.contains(address) && (from..=to).contains(&port)
        });
        speaking.next().is_some_and(|entry| entry.allow)
    };
    let peers = crossing.peer.samples(entries.iter().map(|entry| entry.cidr));
    peers
        .iter()
        .all(|address| ports.iter().all(|port| passes(*address, *port)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Crossing, EPHEMERAL, allows};
    use crate::clock::SimTime;
    use crate::ec2::cidr::Cidr;
    use crate::ec2::state::{AclEntry, NetworkAcl};

    /// Number, allowance, protocol, block, ports.
    type Entry<'a> = (i64, bool, &'a str, &'a str, Option<(i64, i64)>);

    fn acl(entries: &[Entry<'_>]) -> NetworkAcl {
        let entries = entries.iter().map(|(number, allow, protocol, cidr, ports)| {
            let protocol = (*protocol).to_owned();
            (
                (false, *number),
                AclEntry {
                    allow: *allow,
                    protocol,
                    cidr: cidr.parse().unwrap(),
                    ports: *ports,
                },
            )
        });
        NetworkAcl {
            id: "acl-1".to_owned(),
            vpc: "vpc-1".to_owned(),
            default: false,
            entries: entries.collect(),
            associations: BTreeMap::new(),
            visible_at: SimTime::ZERO,
        }
    }

    fn inward(acl: &NetworkAcl, ports: (i64, i64), peer: &str) -> bool {
        let peer: Cidr = peer.parse().unwrap();
        allows(
            acl,
            Crossing {
                protocol: "tcp",
                ports,
                peer,
                egress: false,
            },
        )
    }

    #[test]
    fn the_lowest_matching_number_decides() {
        let acl = acl(&[
            (10, false, "6", "10.0.0.0/8", Some((9098, 9098))),
            (20, true, "-1", "0.0.0.0/0", None),
        ]);
        assert!(!inward(&acl, (9098, 9098), "10.1.0.0/16"));
        assert!(inward(&acl, (9099, 9099), "10.1.0.0/16"));
        assert!(inward(&acl, (9098, 9098), "11.0.0.0/16"));
    }

    #[test]
    fn a_range_passes_only_as_a_whole_and_may_be_put_together() {
        let halves = [
            (1, true, "6", "0.0.0.0/0", Some((1024, 40_000))),
            (2, true, "6", "0.0.0.0/0", Some((40_001, 65_535))),
        ];
        assert!(inward(&acl(&halves), EPHEMERAL, "10.0.0.0/16"));
        assert!(!inward(&acl(&halves[..1]), EPHEMERAL, "10.0.0.0/16"));
    }

    #[test]
    fn a_denial_for_a_part_of_the_peers_blocks_and_an_allowance_for_a_part_does_not_help() {
        let part = acl(&[
            (1, false, "-1", "10.0.1.0/24", None),
            (2, true, "-1", "0.0.0.0/0", None),
        ]);
        assert!(!inward(&part, (443, 443), "10.0.0.0/16"));
        let part = acl(&[(1, true, "-1", "10.0.1.0/24", None)]);
        assert!(!inward(&part, (443, 443), "10.0.0.0/16"));
    }

    #[test]
    fn allowances_for_both_halves_of_the_peers_make_one_for_all() {
        let halves = acl(&[
            (1, true, "-1", "10.0.0.0/17", None),
            (2, true, "-1", "10.0.128.0/17", None),
        ]);
        assert!(inward(&halves, (443, 443), "10.0.0.0/16"));
    }
}
