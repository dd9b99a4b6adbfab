//! API token buckets per account and operation, on the virtual clock.
//!
//! EC2's numbers are published; those of IAM, STS, MSK and Redshift Serverless are not, and are test values here.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::SimTime;
use crate::world::ApiError;

/// Capacity and refill per second of one bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Most calls at once.
    pub burst: f64,
    /// Calls per second that come back.
    pub per_second: f64,
}

const fn rate(burst: f64, per_second: f64) -> Rate {
    Rate { burst, per_second }
}

/// The bucket of an operation, and the name of the bucket (one per API, or one for a whole service).
pub fn rate_of(service: &str, operation: &str, params: &Value) -> (Rate, &'static str) {
    match service {
        // docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
        "ec2" if is_broad(operation, params) => (rate(50.0, 10.0), "per operation"),
        "ec2" => (ec2(operation), "per operation"),
        // docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html: 5 requests a second per account and region
        "route53resolver" => (rate(5.0, 5.0), "service"),
        "iam" => (rate(20.0, 10.0), "per operation"),
        "sts" => (rate(100.0, 50.0), "per operation"),
        "kafka" | "redshift-serverless" => (rate(10.0, 5.0), "per operation"),
        "redshift-data" => (redshift_data(operation), "per operation"),
        _ => (rate(100.0, 20.0), "per operation"),
    }
}

/// docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html, "Quotas for the Redshift Data API"
fn redshift_data(operation: &str) -> Rate {
    let per_second = match operation {
        "ExecuteStatement" => 30.0,
        "BatchExecuteStatement" | "GetStatementResult" => 20.0,
        "DescribeStatement" => 100.0,
        _ => 3.0,
    };
    rate(per_second, per_second)
}

/// Lists of what an account can have much of, neither filtered nor paginated, are dearer.
fn is_broad(operation: &str, params: &Value) -> bool {
    let many = matches!(operation, "DescribeNetworkInterfaces" | "DescribeSecurityGroups");
    let narrow = [
        "Filter",
        "MaxResults",
        "NextToken",
        "GroupId",
        "NetworkInterfaceId",
    ];
    many && !narrow.iter().any(|name| params.get(name).is_some())
}

fn ec2(operation: &str) -> Rate {
    match operation {
        "CreateVpcEndpoint" | "DeleteVpcEndpoints" => rate(4.0, 0.3),
        "CreateNatGateway" | "DeleteNatGateway" => rate(10.0, 1.0),
        "CreateTags" | "DeleteTags" => rate(100.0, 10.0),
        "CreateNetworkInterface" => rate(100.0, 5.0),
        _ if operation.starts_with("Describe") => rate(100.0, 20.0),
        _ => rate(50.0, 5.0),
    }
}

/// The fill of every bucket.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    fill: BTreeMap<(String, String), (f64, SimTime)>,
}

impl Buckets {
    /// Takes one token.
    ///
    /// # Errors
    /// The service's throttling error when the bucket is empty.
    pub fn take(
        &mut self,
        now: SimTime,
        account: &str,
        (service, operation): (&str, &str),
        params: &Value,
    ) -> Result<(), ApiError> {
        let (rate, scope) = rate_of(service, operation, params);
        let api = if scope == "service" {
            service.to_owned()
        } else {
            format!("{service}:{operation}")
        };
        let (tokens, at) = self
            .fill
            .entry((account.to_owned(), api))
            .or_insert((rate.burst, now));
        *tokens = (*tokens + now.saturating_sub(*at).as_secs_f64() * rate.per_second).min(rate.burst);
        *at = now;
        if *tokens < 1.0 {
            return Err(throttled(service));
        }
        *tokens -= 1.0;
        Ok(())
    }
}

/// How each service says "slow down".
pub fn throttled(service: &str) -> ApiError {
    match service {
        "ec2" => ApiError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        "iam" | "sts" => ApiError::new(400, "Throttling", "Rate exceeded"),
        "kafka-cluster" => ApiError::new(
            429,
            "ThrottlingQuotaExceeded",
            "The throttling quota has been exceeded.",
        ),
        "kafka" => ApiError::new(429, "TooManyRequestsException", "Too Many Requests"),
        _ => ApiError::new(400, "ThrottlingException", "Rate exceeded"),
    }
}
