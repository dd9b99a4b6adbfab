//! facade
mod account;
mod collect;
mod deployment;
mod draft;
mod error;
pub mod outputs;
mod pipeline;
pub mod spec;
mod verify;
mod waiting;

pub use account::Account;
pub use aws_types::SdkConfig;
pub use deployment::Deployment;
pub use error::Error;
pub use outputs::Outputs;
pub use pipeline::Pipeline;
pub use spec::{PipelineSpec, SpecError};
pub use xacct_converge::{Change, Event, Finding, Plan, Reason, Report, Severity, Sink, Step, What, explain};
pub use xacct_net as net;
