//! Who makes the call.

use xacct_types::{AccountId, Arn, RoleArn};

/// The principal of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller {
    /// A session of a role.
    Role(RoleCaller),
    /// An IAM user, by ARN.
    User {
        /// The user's ARN.
        arn: String,
        /// The account it belongs to.
        account: AccountId,
    },
    /// An AWS service acting for itself.
    Service(ServiceCaller),
}

/// A role in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleCaller {
    /// The role's ARN.
    pub arn: RoleArn,
    /// The role's unique id (`AROA…`); `None` where it is not known.
    pub unique_id: Option<String>,
    /// The name of the session; `None` where it is not known.
    pub session: Option<String>,
}

/// A service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCaller {
    /// For example `redshift.amazonaws.com`.
    pub name: String,
    /// The region it acts in, which the regional form
    /// `redshift.ap-south-1.amazonaws.com` of a principal requires.
    pub region: Option<String>,
}

impl Caller {
    /// A session of a role of which nothing else is known.
    #[must_use]
    pub fn role(arn: RoleArn) -> Self {
        Self::Role(RoleCaller {
            arn,
            unique_id: None,
            session: None,
        })
    }

    /// A service, such as `redshift.amazonaws.com`.
    #[must_use]
    pub fn service(name: impl Into<String>) -> Self {
        Self::Service(ServiceCaller {
            name: name.into(),
            region: None,
        })
    }

    /// A user by its ARN; `None` if it is not the ARN of a user.
    #[must_use]
    pub fn user(arn: &str) -> Option<Self> {
        let read = Arn::read(arn)?;
        let account = AccountId::new(read.account).ok()?;
        let is_user = read.service == "iam" && read.resource.starts_with("user/");
        is_user.then(|| Self::User {
            arn: arn.to_owned(),
            account,
        })
    }

    /// The account whose identity policies count; a service has none.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Role(role) => Some(role.arn.account()),
            Self::User { account, .. } => Some(account.clone()),
            Self::Service(_) => None,
        }
    }
}

impl std::fmt::Display for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(role) => write!(f, "role {}", role.arn),
            Self::User { arn, .. } => write!(f, "user {arn}"),
            Self::Service(service) => write!(f, "service {}", service.name),
        }
    }
}
