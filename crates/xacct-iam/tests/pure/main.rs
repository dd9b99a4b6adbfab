//! Tests of everything that makes no call; they run with and without the feature `aws`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail like the tests themselves"
)]

mod chains;
mod documents;
mod evaluation;
mod laws;
mod malformed;
mod world;
