//! IAM, STS, Resolver, MSK and Redshift Serverless: their rules by direct calls, their wire shapes through the AWS SDK.

mod authorization;
mod iam;
mod msk;
mod resolver;
mod serverless;
mod support;
