//! Network ACLs over packets: the lowest matching number decides, the answer needs its own permission.

use crate::ec2::cidr::Cidr;
use crate::ec2::state::{NetworkAcl, State};

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

/// Walks the entries by number and takes from the ports that are left what each one decides.
fn allows(acl: &NetworkAcl, crossing: Crossing<'_>) -> bool {
    let number = if crossing.protocol == "tcp" { "6" } else { "17" };
    let mut left = vec![crossing.ports];
    for ((egress, _), entry) in &acl.entries {
        let speaks = *egress == crossing.egress && (entry.protocol == "-1" || entry.protocol == number);
        if !speaks || !entry.cidr.overlaps(crossing.peer) {
            continue;
        }
        let (from, to) = if entry.protocol == "-1" {
            (0, 65_535)
        } else {
            entry.ports.unwrap_or((0, 65_535))
        };
        let touched = left.iter().any(|(first, last)| *first <= to && from <= *last);
        if !touched {
            continue;
        }
        if !entry.allow {
            return false;
        }
        // An allowance for a part of the peers decides nothing about the rest.
        if entry.cidr.covers(crossing.peer) {
            left = left
                .into_iter()
                .flat_map(|range| without(range, (from, to)))
                .collect();
        }
        if left.is_empty() {
            return true;
        }
    }
    false
}

fn without((first, last): (i64, i64), (from, to): (i64, i64)) -> Vec<(i64, i64)> {
    if last < from || to < first {
        return vec![(first, last)];
    }
    [(first, from - 1), (to + 1, last)]
        .into_iter()
        .filter(|(first, last)| first <= last)
        .collect()
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
}
