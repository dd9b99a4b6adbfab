//! Amazon Redshift streaming ingestion, typed: every statement that reads a Kafka topic or a
//! Kinesis stream into a warehouse, and the warehouse that runs it.
//!
//! ```
//! use redshift_streaming::ddl::{CreateExternalSchema, CreateMaterializedView, Identifier, IamRole};
//! use redshift_streaming::ddl::{KafkaSource, Landing, QualifiedName};
//! use xacct_types::TopicName;
//!
//! let schema = Identifier::new("clicks_ext")?;
//! let brokers = "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098".parse()?;
//! let source = KafkaSource::iam(brokers, IamRole::Default)?;
//! println!("{};", CreateExternalSchema::new(schema.clone(), source));
//!
//! let landing = Landing::kafka(schema, &TopicName::new("clicks")?);
//! let view = CreateMaterializedView::new(QualifiedName::parse("public.clicks")?, landing);
//! println!("{};", view.auto_refresh(true));
//! # Ok::<(), xacct_types::Invalid>(())
//! ```
//!
//! **Why not `format!`?** A role of another account, a policy's ARN instead of a role's, a port
//! that does not speak IAM, a topic with a quote in its name, a record that is not JSON: as text
//! each of them is found by Redshift, at the first refresh or at three in the morning. Here the
//! first four do not compile or do not construct, and the fifth lands as bytes beside the others
//! ([`ddl::Payload::Json`]), so that
//! `rows + quarantined + skipped` is what was produced.
//!
//! | module | what it holds | needs AWS |
//! |---|---|---|
//! | [`ddl`] | statements as trees, their rendering, and the reader that reads them back | no |
//! | [`StreamingSpec`], [`statements`](fn@statements) | what a file asks for, and the statements that follow | no |
//! | [`query`] | typed queries: counts, scan errors, lag, catalog | no |
//! | [`drift`] | what the catalog says against what is wanted | no |
//! | `serverless` | namespace and workgroup | yes |
//! | `data` | the Redshift Data API: statements followed to their end, rows as serde types | yes |
//! | `objects` | external schema and views as resources of a plan | yes |
//! | `warehouse` | refresh, count, query, what Redshift skipped | yes |
//!
//! With `default-features = false` the crate is pure: it compiles no SDK and no runtime.
//!
//! # What AWS leaves open
//!
//! Marked where it matters, and never promised: whether `DROP SCHEMA … CASCADE` takes streaming
//! views along, whether session options for JSON reach an auto refresh, what `esoptions` shows
//! for streams besides the role, and what a refresh does when its first offset has expired.

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
pub mod verify;
#[cfg(feature = "aws")]
pub mod warehouse;

pub use spec::{Broker, SchemaSpec, StreamingSpec, ViewSource, ViewSpec};
pub use statements::{
    Inputs, StatementsError, VIEW_SCHEMA, create_quarantine, create_schema, create_view, grants,
    in_view_schema, statements,
};
