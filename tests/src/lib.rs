//! Helpers that tests share.
//!
//! | module | what it holds |
//! |---|---|
//! | [`wire`] | one call against a mocked endpoint: a configuration, a clock, answers, and which operations have a test |
//! | [`clock`] | time that passes only when somebody sleeps |
//!
//! Crates use it as a dev-dependency:
//!
//! ```toml
//! [dev-dependencies]
//! xacct-tests.workspace = true
//! ```

pub mod clock;
pub mod wire;

/// The program of the README, so that it compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
