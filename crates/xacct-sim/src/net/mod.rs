//! Packets and names: pure functions over the world. What they refuse, they explain.

pub(crate) mod acl;
pub(crate) mod dns;
mod egress;
pub(crate) mod reach;
#[cfg(test)]
mod tests;

/// Why a packet does not arrive or a name is not found, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blocked {
    pub why: String,
}

impl Blocked {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

/// Something in a subnet that sends packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub account: String,
    pub subnet_id: String,
    pub security_groups: Vec<String>,
    /// None: any address of the subnet, so rules must cover all of it.
    pub ip: Option<std::net::Ipv4Addr>,
}
