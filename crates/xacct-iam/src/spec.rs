//! What a role should be, apart from its policies; and how roles are named.

use serde::{Deserialize, Serialize};
use std::fmt;
use xacct_types::{AccountId, Arn, Invalid, Partition, PipelineName, Region, RoleArn, RoleName, Tags};

/// The fixed parts of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleSpec {
    /// The role's name, unique in its account whatever the region.
    pub name: RoleName,
    /// The path, `/` by default.
    #[serde(default)]
    pub path: RolePath,
    /// For people; up to 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// The managed policy that bounds what the role can be granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_boundary: Option<PolicyArn>,
    /// Tags, at most 50.
    #[serde(default)]
    pub tags: Tags,
    /// How long a session may last; chained sessions last an hour at most.
    #[serde(default)]
    pub max_session: SessionLength,
}

impl RoleSpec {
    /// A role with defaults for everything but its name.
    #[must_use]
    pub fn new(name: RoleName) -> Self {
        Self {
            name,
            path: RolePath::default(),
            description: String::new(),
            permission_boundary: None,
            tags: Tags::new(),
            max_session: SessionLength::default(),
        }
    }

    /// Sets the path.
    #[must_use]
    pub fn at(mut self, path: RolePath) -> Self {
        self.path = path;
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the permissions boundary.
    #[must_use]
    pub fn bounded_by(mut self, boundary: PolicyArn) -> Self {
        self.permission_boundary = Some(boundary);
        self
    }

    /// Sets the tags.
    #[must_use]
    pub fn tagged(mut self, tags: Tags) -> Self {
        self.tags = tags;
        self
    }

    /// The ARN that the role has or will have in `account`.
    ///
    /// # Errors
    /// [`Invalid`] where path and name do not make an ARN.
    pub fn arn(&self, partition: Partition, account: &AccountId) -> Result<RoleArn, Invalid> {
        RoleArn::predict(partition, account, self.path.as_str(), self.name.as_str())
    }
}

/// Gives a checked text its conversions and serde.
macro_rules! checked {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Checks `value` and wraps it.
            ///
            /// # Errors
            /// [`Invalid`] says which rule was broken.
            pub fn new(value: impl Into<String>) -> Result<Self, Invalid> {
                let value = value.into();
                match Self::check(&value) {
                    Ok(()) => Ok(Self(value)),
                    Err(why) => Err(Invalid::new($what, &value, why)),
                }
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;
            fn from_str(value: &str) -> Result<Self, Invalid> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(value: String) -> Result<Self, Invalid> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// The path of a role: `/`, or text between two slashes, 512 characters at most.
///
/// IAM takes nearly every character; here only those that can stand in a chain
/// of roles (no comma, no blank, no quote).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RolePath(String);

impl RolePath {
    fn check(value: &str) -> Result<(), String> {
        let framed = value.starts_with('/') && value.ends_with('/') && !value.contains("//");
        if !framed || value.len() > 512 {
            return Err("must begin and end with a single /, in 512 characters at most".to_owned());
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"/+=.@_-".contains(&b);
        if value.bytes().all(legal) {
            return Ok(());
        }
        Err(
            "holds a character that a chained role's path cannot have: use letters, digits and +=.@_-/"
                .to_owned(),
        )
    }
}

checked!(RolePath, "role path");

impl Default for RolePath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

/// The ARN of a managed policy, of AWS or of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyArn(String);

impl PolicyArn {
    fn check(value: &str) -> Result<(), String> {
        let example = "arn:aws:iam::111111111111:policy/boundary";
        let arn = Arn::read(value).ok_or_else(|| format!("is not an ARN: write it like {example}"))?;
        if arn.service != "iam" || !arn.resource.starts_with("policy/") {
            let found = arn.resource.split(['/', ':']).next().unwrap_or(arn.resource);
            return Err(format!(
                "is the ARN of a {found} of {}: the ARN of a managed policy belongs here",
                arn.service
            ));
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || b":/_+=,.@-".contains(&b);
        if !value.bytes().all(legal) {
            return Err("holds a character that no policy's ARN has".to_owned());
        }
        if arn.account == "aws" || AccountId::new(arn.account).is_ok() {
            return Ok(());
        }
        Err("has neither an account id nor aws in its fifth part".to_owned())
    }
}

checked!(PolicyArn, "policy ARN");

/// How long a role's sessions may last, in seconds: 3,600 to 43,200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SessionLength(u32);

impl SessionLength {
    /// Checks that IAM takes this many seconds.
    ///
    /// # Errors
    /// [`Invalid`] outside of 3,600 to 43,200.
    pub fn seconds(seconds: u32) -> Result<Self, Invalid> {
        if (3_600..=43_200).contains(&seconds) {
            return Ok(Self(seconds));
        }
        let why = "is not between 3600 and 43200 seconds";
        Err(Invalid::new("session length", &seconds.to_string(), why))
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u32 {
        self.0
    }
}

impl Default for SessionLength {
    fn default() -> Self {
        Self(3_600)
    }
}

impl TryFrom<u32> for SessionLength {
    type Error = Invalid;
    fn try_from(seconds: u32) -> Result<Self, Invalid> {
        Self::seconds(seconds)
    }
}

impl From<SessionLength> for u32 {
    fn from(length: SessionLength) -> Self {
        length.0
    }
}

/// Where roles live and how they are called: the company's rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleNaming {
    /// Put in front of every derived name, for example `team-`.
    pub prefix: String,
    /// The path of every role.
    pub path: RolePath,
}

impl RoleNaming {
    /// The name of a pipeline's role: `<prefix><pipeline>-<resource>-<region>`.
    ///
    /// IAM is global, so two regions of one account must not meet in a name.
    ///
    /// ```
    /// use xacct_iam::spec::RoleNaming;
    ///
    /// let name = RoleNaming::default().role(&"clicks".parse()?, "stream-reader", &"ap-south-1".parse()?)?;
    /// assert_eq!(name.as_str(), "clicks-stream-reader-ap-south-1");
    /// # Ok::<(), xacct_types::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] where the name passes 64 characters or holds one that a
    /// chained role cannot have.
    pub fn role(
        &self,
        pipeline: &PipelineName,
        resource: &str,
        region: &Region,
    ) -> Result<RoleName, Invalid> {
        let resource = resource.replace('/', "-");
        RoleName::new(format!("{}{pipeline}-{resource}-{region}", self.prefix))
    }
}
