//! The Kafka side of the simulated MSK Serverless clusters.
//!
//! Two halves that meet in the world:
//!
//! * [`KafkaStore`] holds topics and records, by cluster ARN. The simulated Redshift reads from it.
//! * [`KafkaDoor`] is a loopback listener that speaks the Kafka protocol over TLS with
//!   SASL/OAUTHBEARER, checks the IAM token that a client presents, applies the `kafka-cluster:*`
//!   permissions of its principal and appends to the store. Real clients produce into it.
//!
//! The store keeps every record for the life of its cluster: retention is not modelled, so that virtual
//! time may pass in days while a test checks that nothing was lost.

mod access;
pub(crate) mod admin;
mod api;
mod authenticate;
mod connection;
mod door;
mod faults;
mod frame;
mod refusal;
mod sequence;
mod settings;
mod store;
mod tls;
mod token;
mod wall;

pub use admin::Brokers;
pub use door::{DoorError, KafkaDoor, KafkaDoorOptions, Standing};
pub use faults::{DoorCounts, KafkaFault};
pub use refusal::StoreError;
pub use sequence::ProducerStamp;
pub use settings::effective_settings;
pub use store::{KafkaStore, NewRecord, Partition, Record, Topic};
