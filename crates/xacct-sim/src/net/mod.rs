//! Packets and names: pure functions over the world.

pub(crate) mod dns;
pub(crate) mod reach;
