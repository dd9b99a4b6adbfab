//! IPv4 address blocks.

use crate::{Fault, Invalid};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// An IPv4 CIDR block with its host bits cleared, as EC2 keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    network: u32,
    prefix: u8,
}

impl Cidr {
    /// Every IPv4 address.
    pub const ANYWHERE: Self = Self {
        network: 0,
        prefix: 0,
    };

    /// The block of `prefix` leading bits that holds `address`.
    ///
    /// # Errors
    /// [`Invalid`] where `prefix` is over 32.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Result<Self, Invalid> {
        if prefix > 32 {
            let shown = format!("{address}/{prefix}");
            return Err(Invalid::new("CIDR block", &shown, "has a prefix over 32"));
        }
        Ok(Self {
            network: u32::from(address) & mask(prefix),
            prefix,
        })
    }

    /// The block that holds one address.
    #[must_use]
    pub fn host(address: Ipv4Addr) -> Self {
        Self {
            network: u32::from(address),
            prefix: 32,
        }
    }

    /// The first address.
    #[must_use]
    pub fn network(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.network)
    }

    /// The number of leading bits, 0 to 32.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// How many addresses the block holds.
    #[must_use]
    pub const fn size(&self) -> u64 {
        1 << (32 - self.prefix)
    }

    /// Addresses that EC2 leaves to the user of a subnet: all but the first
    /// four and the last (Amazon VPC user guide, "Subnet sizing").
    #[must_use]
    pub const fn usable(&self) -> u64 {
        self.size().saturating_sub(5)
    }

    /// Whether `address` lies in the block.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.network
    }

    /// Whether every address of `other` lies in this block.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.network())
    }

    /// Whether the blocks share an address.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The `index`-th block of `prefix` bits inside this one; `None` where it
    /// would not fit.
    ///
    /// ```
    /// let vpc: xacct_types::Cidr = "10.0.0.0/16".parse()?;
    /// assert_eq!(vpc.subnet(24, 2).unwrap().to_string(), "10.0.2.0/24");
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    #[must_use]
    pub fn subnet(&self, prefix: u8, index: u32) -> Option<Self> {
        if prefix < self.prefix || prefix > 32 || u64::from(index) >= 1 << (prefix - self.prefix) {
            return None;
        }
        let step = u64::from(index) << (32 - prefix);
        let network = u32::try_from(u64::from(self.network) + step).ok()?;
        Some(Self { network, prefix })
    }

    /// The address `offset` places after the first; `None` outside the block.
    #[must_use]
    pub fn nth(&self, offset: u32) -> Option<Ipv4Addr> {
        let inside = u64::from(offset) < self.size();
        inside.then(|| Ipv4Addr::from(self.network.wrapping_add(offset)))
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl std::str::FromStr for Cidr {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bad = |at: usize| {
            let place = Fault::at(text, at, "is not a block like 10.0.0.0/16");
            Invalid::new("CIDR block", text, place)
        };
        let mut rest = Scan { text, at: 0 };
        let mut octets = [0; 4];
        for (index, octet) in octets.iter_mut().enumerate() {
            if index > 0 {
                rest.sign('.').map_err(bad)?;
            }
            *octet = rest.number().map_err(bad)?;
        }
        rest.sign('/').map_err(bad)?;
        let from = rest.at;
        let prefix = rest.number().map_err(bad)?;
        if rest.at < text.len() {
            return Err(bad(rest.at));
        }
        if prefix > 32 {
            let fault = Fault::at(text, from, "has a prefix over 32");
            return Err(Invalid::new("CIDR block", text, fault));
        }
        let block = Self::new(octets.into(), prefix)?;
        if block.to_string() != text {
            let why = format!("has bits set behind its prefix: write {block}");
            return Err(Invalid::new("CIDR block", text, Fault::at(text, 0, why)));
        }
        Ok(block)
    }
}

/// A text read from left to right; errors are the byte at which it stops making sense.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn sign(&mut self, sign: char) -> Result<(), usize> {
        if self.text[self.at..].starts_with(sign) {
            self.at += sign.len_utf8();
            return Ok(());
        }
        Err(self.at)
    }

    /// A number of a byte, without leading zeros.
    fn number(&mut self) -> Result<u8, usize> {
        let rest = &self.text[self.at..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = &rest[..digits];
        if digits == 0 {
            return Err(self.at);
        }
        if digits > 1 && number.starts_with('0') {
            return Err(self.at);
        }
        let value = number.parse().map_err(|_| self.at)?;
        self.at += digits;
        Ok(value)
    }
}

impl TryFrom<String> for Cidr {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Cidr> for String {
    fn from(block: Cidr) -> String {
        block.to_string()
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.network(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn the_networks_of_the_tutorial_do_not_overlap() {
        assert!(!block("172.16.0.0/16").overlaps(&block("10.0.0.0/16")));
        assert!(block("10.0.0.0/8").overlaps(&block("10.200.0.0/16")));
    }

    #[test]
    fn host_bits_are_refused_with_the_block_that_was_meant() {
        let refusal = "10.0.0.7/16".parse::<Cidr>().unwrap_err().to_string();
        assert!(refusal.contains("write 10.0.0.0/16"), "{refusal}");
    }

    #[test]
    fn what_is_wrong_with_a_block_is_said_with_its_place() {
        for (text, position) in [
            ("", 1),
            ("10", 3),
            ("10.0.0.0", 9),
            ("10.0.0.0/", 10),
            ("10.0.0/8", 7),
            ("10.0.0.0.0/8", 9),
            ("10.256.0.0/8", 4),
            ("10.01.0.0/16", 4),
            ("10.0.0.0/33", 10),
            ("10.0.0.0/-1", 10),
            ("10.0.0.0/16 ", 12),
            ("ä.0.0.0/8", 1),
            ("10.0.0.ä/8", 8),
            ("10.0.0.7/16", 1),
        ] {
            let refusal = text.parse::<Cidr>().unwrap_err();
            assert_eq!(refusal.position, Some(position), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_slash_28_leaves_eleven_addresses() {
        assert_eq!(block("10.0.0.0/28").usable(), 11);
    }

    #[test]
    fn the_whole_space_contains_every_address() {
        assert!(Cidr::ANYWHERE.contains(Ipv4Addr::new(255, 255, 255, 255)));
        assert_eq!(block("0.0.0.0/0"), Cidr::ANYWHERE);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(address: u32, prefix in 0u8..=32) {
            let written = Cidr::new(Ipv4Addr::from(address), prefix).unwrap();
            prop_assert_eq!(written.to_string().parse::<Cidr>().unwrap(), written);
        }

        #[test]
        fn subnets_of_one_size_lie_inside_and_never_overlap(address: u32, prefix in 8u8..=24, i in 0u32..16, j in 0u32..16) {
            let outer = Cidr::new(Ipv4Addr::from(address), prefix).unwrap();
            let (a, b) = (outer.subnet(prefix + 4, i).unwrap(), outer.subnet(prefix + 4, j).unwrap());
            prop_assert!(outer.covers(&a) && outer.covers(&b));
            prop_assert_eq!(a.overlaps(&b), i == j);
        }
    }
}
