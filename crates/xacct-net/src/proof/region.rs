//! Sets of addresses and ports: which rule covers them, and which entry of an ACL
//! decides about them.

use crate::blueprint::{Direction, Protocol};
use crate::proof::model::AclEntry;
use std::ops::RangeInclusive;
use xacct_types::Cidr;

/// Ports that answers come back to (Amazon VPC user guide, "Ephemeral ports": the
/// range that serves every client).
pub(super) const EPHEMERAL: RangeInclusive<u16> = 1024..=65535;

/// Whether every address of `block` lies in one of `parts`.
pub(super) fn covered(block: Cidr, parts: &[Cidr]) -> bool {
    if parts.iter().any(|part| part.covers(&block)) {
        return true;
    }
    if !parts.iter().any(|part| part.overlaps(&block)) {
        return false;
    }
    halves(block).is_some_and(|halves| halves.iter().all(|&half| covered(half, parts)))
}

fn halves(block: Cidr) -> Option<[Cidr; 2]> {
    let prefix = block.prefix() + 1;
    Some([block.subnet(prefix, 0)?, block.subnet(prefix, 1)?])
}

/// The public addresses: everything but the private, loopback, link-local,
/// multicast and reserved ranges.
pub(super) fn public_blocks() -> Vec<Cidr> {
    let excluded: Vec<Cidr> = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 168, 0, 0], 16),
        ([224, 0, 0, 0], 3),
    ]
    .into_iter()
    .filter_map(|(address, prefix)| Cidr::new(address.into(), prefix).ok())
    .collect();
    let mut found = Vec::new();
    subtract(Cidr::ANYWHERE, &excluded, &mut found);
    found
}

fn subtract(block: Cidr, excluded: &[Cidr], found: &mut Vec<Cidr>) {
    if excluded.iter().any(|range| range.covers(&block)) {
        return;
    }
    if !excluded.iter().any(|range| range.overlaps(&block)) {
        found.push(block);
        return;
    }
    for half in halves(block).into_iter().flatten() {
        subtract(half, excluded, found);
    }
}

/// The packets of one direction and transport between some addresses and ports.
#[derive(Debug, Clone)]
pub(super) struct Packets {
    pub(super) direction: Direction,
    pub(super) protocol: Protocol,
    pub(super) block: Cidr,
    pub(super) ports: RangeInclusive<u16>,
}

/// The first entry that stops some of `packets`; `Err(None)` where none matches
/// them, which denies too.
///
/// `entries` must be sorted by number.
pub(super) fn acl_passes<'a>(
    entries: &[&'a AclEntry],
    packets: &Packets,
) -> Result<(), Option<&'a AclEntry>> {
    let matching = |entry: &&&AclEntry| {
        entry.direction == packets.direction
            && entry.protocol.is_none_or(|protocol| protocol == packets.protocol)
            && entry.block.overlaps(&packets.block)
            && ports_overlap(&entry.ports, &packets.ports)
    };
    let Some(entry) = entries.iter().find(matching) else {
        return Err(None);
    };
    let whole = entry.block.covers(&packets.block)
        && entry.ports.start() <= packets.ports.start()
        && entry.ports.end() >= packets.ports.end();
    if whole {
        return if entry.allow { Ok(()) } else { Err(Some(entry)) };
    }
    for part in split(packets, entry) {
        acl_passes(entries, &part)?;
    }
    Ok(())
}

fn ports_overlap(a: &RangeInclusive<u16>, b: &RangeInclusive<u16>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

/// Cuts `packets` along the border of an entry that matches only some of them.
fn split(packets: &Packets, entry: &AclEntry) -> Vec<Packets> {
    if !entry.block.covers(&packets.block) {
        let halves = halves(packets.block).into_iter().flatten();
        return halves
            .map(|block| Packets {
                block,
                ..packets.clone()
            })
            .collect();
    }
    let (low, high) = (*packets.ports.start(), *packets.ports.end());
    let (first, last) = (*entry.ports.start(), *entry.ports.end());
    let mut parts = vec![low.max(first)..=high.min(last)];
    if low < first {
        parts.push(low..=first - 1);
    }
    if high > last {
        parts.push(last + 1..=high);
    }
    parts
        .into_iter()
        .map(|ports| Packets {
            ports,
            ..packets.clone()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn entry(number: u16, allow: bool, block: &str, ports: RangeInclusive<u16>) -> AclEntry {
        AclEntry {
            number,
            direction: Direction::Ingress,
            allow,
            protocol: None,
            ports,
            block: block.parse().unwrap(),
        }
    }

    fn packets(block: &str, ports: RangeInclusive<u16>) -> Packets {
        Packets {
            direction: Direction::Ingress,
            protocol: Protocol::Tcp,
            block: block.parse().unwrap(),
            ports,
        }
    }

    #[test]
    fn two_halves_cover_a_block_and_one_does_not() {
        let halves = [block("10.0.0.0/25"), block("10.0.0.128/25")];
        assert!(covered(block("10.0.0.0/24"), &halves));
        assert!(!covered(block("10.0.0.0/24"), &halves[..1]));
    }

    #[test]
    fn a_denied_address_inside_an_allowed_block_is_found() {
        let (deny, allow) = (
            entry(90, false, "10.0.1.7/32", 0..=65535),
            entry(100, true, "0.0.0.0/0", 0..=65535),
        );
        let entries = [&deny, &allow];
        assert_eq!(
            acl_passes(&entries, &packets("10.0.1.0/24", 53..=53)),
            Err(Some(&deny))
        );
        assert_eq!(acl_passes(&entries, &packets("10.0.2.0/24", 53..=53)), Ok(()));
    }

    #[test]
    fn ports_that_no_entry_names_are_denied_by_the_last_line() {
        let allow = entry(100, true, "0.0.0.0/0", 1024..=61000);
        assert_eq!(
            acl_passes(&[&allow], &packets("10.0.0.0/8", EPHEMERAL)),
            Err(None)
        );
        assert_eq!(acl_passes(&[&allow], &packets("10.0.0.0/8", 2000..=3000)), Ok(()));
    }

    #[test]
    fn no_private_address_is_public() {
        let public = public_blocks();
        for private in ["10.1.2.3/32", "172.31.0.0/16", "192.168.9.0/24", "224.0.0.1/32"] {
            assert!(
                public.iter().all(|range| !range.overlaps(&block(private))),
                "{private}"
            );
        }
        assert!(public.iter().any(|range| range.contains([52, 94, 1, 1].into())));
    }

    proptest! {
        /// Checking a set of packets at once says the same as checking each.
        #[test]
        fn a_set_passes_exactly_if_each_of_its_packets_does(
            rows in prop::collection::vec((any::<bool>(), 0u32..16, 28u8..=32, 0u16..8, 0u16..8), 0..6),
            (first, prefix, low, high) in (0u32..16, 28u8..=32, 0u16..8, 0u16..8),
        ) {
            let at = |address: u32, prefix| Cidr::new(address.into(), prefix).unwrap();
            let entries: Vec<AclEntry> = rows.iter().enumerate().map(|(i, &(allow, address, prefix, a, b))| AclEntry {
                number: u16::try_from(i).unwrap(), direction: Direction::Ingress, allow, protocol: None,
                ports: a.min(b)..=a.max(b), block: at(address, prefix),
            }).collect();
            let entries: Vec<&AclEntry> = entries.iter().collect();
            let (low, high) = (low.min(high), low.max(high));
            let asked = at(first, prefix);
            let all = Packets { direction: Direction::Ingress, protocol: Protocol::Tcp, block: asked, ports: low..=high };
            let each = (0..asked.size()).all(|i| (low..=high).all(|port| {
                let ip = asked.nth(u32::try_from(i).unwrap()).unwrap();
                let hit = entries.iter().find(|e| e.block.contains(ip) && e.ports.contains(&port));
                hit.is_some_and(|e| e.allow)
            }));
            prop_assert_eq!(acl_passes(&entries, &all).is_ok(), each);
        }
    }
}
