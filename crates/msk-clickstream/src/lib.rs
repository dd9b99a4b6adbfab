//! Typed click events into Amazon MSK, authenticated with IAM.
//!
//! Rust has good Kafka clients, and none that signs in to MSK with IAM without deadlocks, expired tokens
//! or silent loss. This crate is a producer on [`rdkafka`] that does:
//!
//! * [`ClickstreamProducer`] delivers [`ClickEvent`]s, or bytes, each to an answer: delivered at a
//!   partition and offset, rejected with a reason, or possibly written.
//! * [`KafkaAccess`] and [`IamContext`] authenticate any rdkafka client: consumers and admin clients of
//!   your own too.
//! * [`KafkaTopicAdmin`] makes and describes topics, which on MSK Serverless exist only once somebody
//!   inside its network has made them.
//! * [`AccessLog`] reads events out of web server logs.
//!
//! It knows no control plane: the broker list comes from whoever built the cluster.
//!
//! ```no_run
//! # async fn example(config: aws_types::SdkConfig, brokers: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use msk_clickstream::{Action, ClickEvent, ClickstreamProducer, KafkaAccess, Page};
//! use std::time::Duration;
//!
//! let access = KafkaAccess::iam(&config)?;
//! let producer = ClickstreamProducer::builder(access, brokers, "clicks".parse()?).connect().await?;
//!
//! let now = std::time::SystemTime::now();
//! let event = ClickEvent::new(now, "visitor-1", Action::PageView).with_page(Page::new("/shop"));
//! let delivery = producer.send(&event).await?;
//! println!("partition {}, offset {}", delivery.partition, delivery.offset);
//!
//! producer.close(Duration::from_secs(10)).await;
//! # Ok(())
//! # }
//! ```

mod access;
mod admin;
mod auth;
mod clf;
mod context;
mod error;
mod event;
mod meters;
mod native;
mod pace;
mod probe;
mod producer;
mod record;
mod shape;
mod statistics;
mod token;
mod trouble;

pub use access::{AccessError, KafkaAccess};
pub use admin::{Difference, KafkaTopicAdmin, compare};
pub use auth::{AuthError, IamAuth};
pub use clf::{AccessLog, BrokenLine};
pub use context::IamContext;
pub use error::{Error, ErrorKind, Hop, Limit};
pub use event::{Action, CartChange, ClickEvent, Item, Page, Request, truncate_address};
pub use pace::Quotas;
pub use producer::{
    ClickstreamProducer, Compression, Delivery, KeyBy, Leftovers, Pending, ProducerBuilder, SendError,
    SendSummary,
};
pub use rdkafka;
pub use record::{HeaderError, Headers, Record};
pub use statistics::{BrokerStatistics, Statistics};
pub use token::{ADVERTISED_LIFE, LONGEST_LIFE, Token, TokenError};
