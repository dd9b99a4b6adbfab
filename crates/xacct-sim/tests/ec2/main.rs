//! EC2 as the AWS SDK for Rust sees it through the in-process door.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod networks;
mod peerings;
mod refusals;
mod rules;
mod support;
