//! What no waiting mends: a refusal, a quota, no capacity, a resource that came to nothing.

use super::compare::Difference;
use super::ended::{Ended, Line};
use super::points::Point;
use super::story::Story;
use std::error::Error as _;
use std::fmt;
use xacct::{Error, explain};
use xacct_sim::ApiError;
use xacct_sim::fault::{Rule, Verdict};

/// Something that stays until somebody mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// The caller may not do this.
    AccessDenied,
    /// The caller's credentials are over.
    Expired,
    /// The account has as many as it may have.
    Quota,
    /// AWS has no more.
    Capacity,
    /// It is accepted, and fails.
    Failed,
}

impl Block {
    const ALL: [Self; 5] = [
        Self::AccessDenied,
        Self::Expired,
        Self::Quota,
        Self::Capacity,
        Self::Failed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::Expired => "credentials-expired",
            Self::Quota => "hard-quota",
            Self::Capacity => "no-capacity",
            Self::Failed => "resource-failed",
        }
    }

    /// What the service does with a call of this kind; `None` where it cannot be.
    fn verdict(self, service: &str, operation: &str) -> Option<Verdict> {
        let error = |status, code: &str, text: &str| Some(Verdict::Fail(ApiError::new(status, code, text)));
        match self {
            Self::AccessDenied => Some(Verdict::AccessDenied),
            Self::Expired => {
                let (status, code) = expired(service);
                error(
                    status,
                    code,
                    "The security token included in the request is expired",
                )
            }
            Self::Quota => {
                let (status, code) = quota(service, operation)?;
                error(status, code, "The maximum number has been reached.")
            }
            Self::Capacity => {
                let code = capacity(service, operation)?;
                error(400, code, "There is not enough capacity.")
            }
            Self::Failed => fails(service, operation).then_some(Verdict::Doom),
        }
    }
}

/// How a service says that a session is over. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>,
/// common errors of the other services' API references.
fn expired(service: &str) -> (u16, &'static str) {
    match service {
        "ec2" => (400, "RequestExpired"),
        "iam" | "sts" => (403, "ExpiredToken"),
        "kafka-cluster" => (403, "SaslAuthenticationFailed"),
        "kafka" => (403, "ExpiredTokenException"),
        _ => (400, "ExpiredTokenException"),
    }
}

/// How a service says that there are too many. Each operation's errors in its API reference; EC2:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
fn quota(service: &str, operation: &str) -> Option<(u16, &'static str)> {
    Some(match (service, operation) {
        ("ec2", "CreateVpc") => (400, "VpcLimitExceeded"),
        ("ec2", "CreateSubnet") => (400, "SubnetLimitExceeded"),
        ("ec2", "CreateInternetGateway") => (400, "InternetGatewayLimitExceeded"),
        ("ec2", "AllocateAddress") => (400, "AddressLimitExceeded"),
        ("ec2", "CreateNatGateway") => (400, "NatGatewayLimitExceeded"),
        ("ec2", "CreateRouteTable") => (400, "RouteTableLimitExceeded"),
        ("ec2", "CreateRoute") => (400, "RouteLimitExceeded"),
        ("ec2", "CreateSecurityGroup") => (400, "SecurityGroupLimitExceeded"),
        ("ec2", "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress") => {
            (400, "RulesPerSecurityGroupLimitExceeded")
        }
        ("ec2", "CreateVpcPeeringConnection") => (400, "OutstandingVpcPeeringConnectionLimitExceeded"),
        ("ec2", "AcceptVpcPeeringConnection") => (400, "ActiveVpcPeeringConnectionPerVpcLimitExceeded"),
        ("iam", "CreateRole" | "PutRolePolicy") => (409, "LimitExceeded"),
        ("route53resolver", "CreateResolverEndpoint" | "CreateResolverRule" | "AssociateResolverRule") => {
            (400, "LimitExceededException")
        }
        ("redshift-serverless", "CreateWorkgroup") => (400, "ServiceQuotaExceededException"),
        ("kafka-cluster", "CreateTopics") => (400, "PolicyViolation"),
        _ => return None,
    })
}

/// How a service says that AWS itself has no more.
fn capacity(service: &str, operation: &str) -> Option<&'static str> {
    match (service, operation) {
        ("ec2", "AllocateAddress") => Some("InsufficientAddressCapacity"),
        ("ec2", "CreateNatGateway") => Some("InsufficientFreeAddressesInSubnet"),
        ("redshift-serverless", "CreateWorkgroup") => Some("InsufficientCapacityException"),
        _ => None,
    }
}

/// Whether what it makes has a state that says that it failed.
fn fails(service: &str, operation: &str) -> bool {
    matches!(
        (service, operation),
        ("ec2", "CreateNatGateway" | "CreateVpcPeeringConnection")
            | ("kafka", "CreateClusterV2")
            | ("route53resolver", "CreateResolverRule" | "AssociateResolverRule")
            | ("redshift-data", "ExecuteStatement")
    )
}

/// A block at a point, from that call on until it is mended.
#[derive(Debug, Clone)]
pub struct Blocked<'a> {
    story: &'a Story,
    point: Point,
    block: Block,
    verdict: Verdict,
    service: String,
    operation: String,
    /// Which of the calls of this operation by this account it is, from 1.
    nth: u64,
}

impl fmt::Display for Blocked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.block.name(), self.point)
    }
}

impl<'a> Blocked<'a> {
    /// Every block at every point of a run where it can be.
    pub fn all(story: &'a Story, points: &[Point]) -> Vec<Self> {
        let mut cases = Vec::new();
        for point in points {
            let Some(entry) = story.log.iter().find(|entry| entry.seq == point.number) else {
                continue;
            };
            let same = story.log.iter().filter(|other| {
                other.seq <= entry.seq
                    && (&other.account, &other.service, &other.operation)
                        == (&entry.account, &entry.service, &entry.operation)
            });
            let nth = same.count() as u64;
            for block in Block::ALL {
                let Some(verdict) = block.verdict(&entry.service, &entry.operation) else {
                    continue;
                };
                cases.push(Self {
                    story,
                    point: point.clone(),
                    block,
                    verdict,
                    service: entry.service.clone(),
                    operation: entry.operation.clone(),
                    nth,
                });
            }
        }
        cases
    }

    /// What a table shows of it.
    pub fn line(&self, ended: &Ended) -> Line {
        Line {
            action: self.point.action.clone(),
            point: self.point.number,
            column: self.block.name(),
            well: ended.well(),
            told: format!("{self}: {ended}"),
        }
    }

    /// Runs into the block, mends it, and runs again.
    pub fn run(&self) -> Ended {
        let story = self.story;
        let sim = story.start.restore();
        let rule = Rule::new(self.verdict.clone())
            .account(&self.point.account)
            .service(&self.service)
            .operation(&self.operation)
            .nth(self.nth)
            .always();
        let guard = sim.fault(rule);
        let first = story.errand.run(&story.ground, &sim);
        let hits = u64::from(guard.hits() > 0);
        drop(guard);
        let complaint = match first {
            Ok(()) => Some("nobody noticed".to_owned()),
            Err(error) => self.complaint(&error),
        };
        let again = story.errand.run(&story.ground, &sim);
        let again = again
            .err()
            .map(|error| format!("once mended: {}", explain(&error)));
        Ended {
            hits,
            reruns: 1,
            difference: Difference::between(&story.left, &story.ground.inventories(&sim)),
            error: complaint.or(again),
        }
    }

    /// What is wrong with the error: it has to name resource and action, and say what exists.
    fn complaint(&self, error: &Error) -> Option<String> {
        let text = explain(error);
        let missing = match error {
            Error::Apply(error) | Error::Remove(error) => {
                let failed = error.left.contains(&error.resource);
                let told = error.done.len() + error.left.len() > 1;
                (error.resource.is_empty() || !failed || !told).then_some("resource and report")
            }
            Error::Read { .. } | Error::Identity { .. } | Error::Sql(_) | Error::Lease(_) => {
                error.source().is_none().then_some("a cause")
            }
            _ => Some("its own kind"),
        };
        let action = self.block != Block::Failed && !text.contains(&self.operation);
        match (missing, action) {
            (None, false) => None,
            (Some(what), _) => Some(format!("the error lacks {what}: {text}")),
            (None, true) => Some(format!("the error does not name {}: {text}", self.operation)),
        }
    }
}
