//! IAM, STS, Resolver, MSK and Redshift Serverless: their rules by direct calls, their wire shapes through the AWS SDK.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "tests wait in virtual time")]
#![expect(clippy::result_large_err, reason = "errors of the SDK are large")]

mod authorization;
mod iam;
mod msk;
mod resolver;
mod serverless;
mod support;
