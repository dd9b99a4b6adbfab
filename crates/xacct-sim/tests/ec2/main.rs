//! EC2 as the AWS SDK for Rust sees it through the in-process door.

mod networks;
mod peerings;
mod refusals;
mod rules;
mod support;
