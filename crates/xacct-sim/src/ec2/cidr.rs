//! IPv4 blocks, always canonical: EC2 drops host bits (`100.68.0.18/18` becomes `100.68.0.0/18`).

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A canonical IPv4 block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cidr {
    first: u32,
    prefix: u8,
}

impl Cidr {
    /// Every address.
    pub(crate) const ANY: Self = Self { first: 0, prefix: 0 };

    pub(crate) fn prefix(self) -> u8 {
        self.prefix
    }

    /// The n-th address of the block.
    pub(crate) fn nth(self, index: u32) -> Ipv4Addr {
        Ipv4Addr::from(self.first.wrapping_add(index))
    }

    /// How many addresses there are.
    pub(crate) fn size(self) -> u64 {
        1u64 << (32 - u32::from(self.prefix))
    }

    pub(crate) fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.first
    }

    /// Whether `inner` lies in this block.
    pub(crate) fn covers(self, inner: Self) -> bool {
        inner.prefix >= self.prefix && self.contains(Ipv4Addr::from(inner.first))
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Addresses that stand for all of this block where only `borders` tell addresses apart: its first one, the first of
    /// every border inside, and the first behind it.
    pub(crate) fn samples(self, borders: impl IntoIterator<Item = Self>) -> Vec<Ipv4Addr> {
        let mut found = vec![self.first];
        for border in borders {
            let behind = u64::from(border.first) + border.size();
            found.push(border.first);
            found.extend(u32::try_from(behind).ok());
        }
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .map(Ipv4Addr::from)
            .filter(|address| self.contains(*address))
            .collect()
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = text.split_once('/').ok_or(())?;
        let address: Ipv4Addr = address.parse().map_err(|_| ())?;
        let prefix: u8 = prefix.parse().map_err(|_| ())?;
        if prefix > 32 {
            return Err(());
        }
        Ok(Self {
            first: u32::from(address) & mask(prefix),
            prefix,
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::Cidr;

    fn block(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn host_bits_are_dropped() {
        assert_eq!(block("100.68.0.18/18").to_string(), "100.68.0.0/18");
        assert_eq!(block("1.2.3.4/0"), Cidr::ANY);
        assert_eq!(block("1.2.3.4/32").to_string(), "1.2.3.4/32");
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0/8",
            "10.0.0.256/8",
            "10.0.0.0/x",
            "::/0",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn samples_tell_apart_what_the_borders_tell_apart() {
        let shown = |borders: &[&str]| -> Vec<String> {
            let samples = block("10.0.0.0/24").samples(borders.iter().map(|text| block(text)));
            samples.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown(&[]), ["10.0.0.0"]);
        assert_eq!(shown(&["10.0.0.64/26"]), ["10.0.0.0", "10.0.0.64", "10.0.0.128"]);
        assert_eq!(shown(&["0.0.0.0/0", "10.0.0.0/25"]), ["10.0.0.0", "10.0.0.128"]);
    }

    #[test]
    fn blocks_overlap_when_one_covers_the_other() {
        assert!(block("10.0.0.0/8").overlaps(block("10.255.0.0/16")));
        assert!(block("10.255.0.0/16").overlaps(block("10.0.0.0/8")));
        assert!(!block("10.0.0.0/9").overlaps(block("10.128.0.0/9")));
        assert!(!block("10.0.0.0/16").covers(block("10.0.0.0/8")));
    }
}
