//! Names and numbers that the crates of this workspace exchange.
//!
//! Everything here is checked when it is made, so that whoever holds an
//! [`AccountId`], a [`RoleArn`] or a [`TopicName`] holds a legal one, free of
//! quotes, blanks and commas. There is no I/O and nothing asynchronous but the
//! two small traits in [`kafka`] in which level-1 crates meet.
//!
//! ```
//! use xacct_types::{AccountId, Cidr, RoleArn};
//!
//! let account: AccountId = "111111111111".parse()?;
//! let network: Cidr = "172.16.0.0/16".parse()?;
//! assert!(!network.overlaps(&"10.0.0.0/16".parse()?));
//!
//! // The tutorial passes a policy where a role belongs; the type refuses it.
//! let mistake = "arn:aws:iam::111111111111:policy/reader".parse::<RoleArn>();
//! assert!(mistake.unwrap_err().to_string().contains("is the ARN of a policy"));
//! # let _ = account;
//! # Ok::<(), xacct_types::Invalid>(())
//! ```

mod account;
mod arn;
mod calls;
mod cidr;
mod error;
mod event;
mod grant;
mod ids;
pub mod kafka;
mod names;
mod region;
mod tags;
mod text;

pub use account::AccountId;
pub use arn::{Arn, ClusterArn, RoleArn, SecretArn, StreamArn};
pub use calls::{Call, Need, Phase, Place};
pub use cidr::Cidr;
pub use error::{Fault, Invalid};
pub use event::{Attribute, AttributeKind, EventType};
pub use grant::{Condition, Grant};
pub use ids::{
    AddressId, GatewayId, NatGatewayId, PeeringId, ResolverEndpointId, ResolverRuleId, RouteTableId,
    SecurityGroupId, SubnetId, VpcEndpointId, VpcId, ZoneId,
};
pub use kafka::{
    EndOffsets, TopicAdmin, TopicEnds, TopicError, TopicErrorKind, TopicFuture, TopicName, TopicSettings,
    TopicState,
};
pub use names::{PipelineName, RoleName};
pub use region::{Partition, Region};
pub use tags::{Owner, PIPELINE_TAG, RESOURCE_TAG, SCHEMA_VERSION, SCHEMA_VERSION_TAG, Tags, differing};
