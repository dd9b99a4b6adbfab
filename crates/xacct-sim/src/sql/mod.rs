//! The SQL that the simulated Redshift understands.
//!
//! A statement is read by a reader of our own ([`reader`]), run against a catalog ([`catalog`]) and rows that live in an
//! SQLite per database ([`warehouse`]). Queries are parsed by sqlparser, checked and rewritten for SQLite ([`analyze`]).
//! What a materialized view reads from a stream comes through [`stream::StreamSource`], so that the engine knows no network.

pub(crate) mod analyze;
pub(crate) mod catalog;
pub(crate) mod error;
pub(crate) mod functions;
pub(crate) mod history;
pub(crate) mod lexer;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod reader;
pub(crate) mod result;
pub(crate) mod run;
pub(crate) mod statement;
pub(crate) mod stream;
pub(crate) mod system;
pub(crate) mod time;
pub(crate) mod types;
pub(crate) mod warehouse;

#[cfg(test)]
mod tests;
