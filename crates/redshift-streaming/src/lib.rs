//! Amazon Redshift streaming ingestion, typed.
//!
//! (The front page follows.)

#[cfg(feature = "aws")]
pub mod data;
pub mod ddl;
pub mod drift;
#[cfg(feature = "aws")]
pub mod objects;
pub mod query;
#[cfg(feature = "aws")]
pub mod serverless;
mod spec;
mod statements;
mod text;
#[cfg(feature = "aws")]
pub mod warehouse;

pub use spec::{Broker, SchemaSpec, StreamingSpec, ViewSource, ViewSpec};
pub use statements::{
    Inputs, StatementsError, VIEW_SCHEMA, create_quarantine, create_schema, create_view, grants,
    in_view_schema, statements,
};
