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
