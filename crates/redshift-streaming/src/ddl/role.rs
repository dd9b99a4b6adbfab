//! Which IAM role, or chain of roles, Redshift assumes to read a stream.

use super::literal::quoted;
use std::fmt;
use xacct_types::{Invalid, RoleArn};

/// The `IAM_ROLE` of an external schema.
///
/// ```
/// use redshift_streaming::ddl::{IamRole, RoleChain};
/// use xacct_types::RoleArn;
///
/// let warehouse = RoleArn::new("arn:aws:iam::222222222222:role/redshift")?;
/// let stream = RoleArn::new("arn:aws:iam::111111111111:role/reader")?;
/// assert_eq!(IamRole::Default.to_string(), "default");
/// assert_eq!(
///     IamRole::from(RoleChain::new([warehouse, stream])?).to_string(),
///     "'arn:aws:iam::222222222222:role/redshift,arn:aws:iam::111111111111:role/reader'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// `'SESSION'` is not offered: Redshift takes it only for schemas of a data
/// catalog (Amazon Redshift developer guide, "CREATE EXTERNAL SCHEMA").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IamRole {
    /// The role that is the default of the namespace or cluster.
    Default,
    /// One role or several, assumed from left to right.
    Chain(RoleChain),
}

/// One to ten roles; the first is attached to the warehouse, and each may assume
/// the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleChain(Vec<RoleArn>);

impl RoleChain {
    /// The longest chain that Redshift follows.
    pub const MAX: usize = 10;

    /// Chains `roles` in the order in which they are assumed.
    ///
    /// # Errors
    /// [`Invalid`] where there is none, or more than ten, or one follows itself.
    pub fn new(roles: impl IntoIterator<Item = RoleArn>) -> Result<Self, Invalid> {
        let roles: Vec<RoleArn> = roles.into_iter().collect();
        let shown = || roles.iter().map(RoleArn::as_str).collect::<Vec<_>>().join(",");
        if roles.is_empty() || roles.len() > Self::MAX {
            let why = format!("has {} roles: Redshift follows 1 to {}", roles.len(), Self::MAX);
            return Err(Invalid::new("role chain", &shown(), why));
        }
        if roles.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Invalid::new(
                "role chain",
                &shown(),
                "names a role twice in a row: name it once",
            ));
        }
        Ok(Self(roles))
    }

    /// The roles in order; never empty.
    #[must_use]
    pub fn roles(&self) -> &[RoleArn] {
        &self.0
    }
}

impl From<RoleArn> for IamRole {
    fn from(role: RoleArn) -> Self {
        Self::Chain(RoleChain(vec![role]))
    }
}

impl From<RoleChain> for IamRole {
    fn from(chain: RoleChain) -> Self {
        Self::Chain(chain)
    }
}

impl fmt::Display for IamRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            // No blanks: Redshift does not trim the parts.
            Self::Chain(chain) => {
                let joined = chain.0.iter().map(RoleArn::as_str).collect::<Vec<_>>().join(",");
                quoted(&joined).fmt(f)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(n: usize) -> RoleArn {
        RoleArn::new(format!("arn:aws:iam::111111111111:role/r{n}")).unwrap()
    }

    #[test]
    fn an_eleventh_role_is_refused() {
        assert!(RoleChain::new((0..10).map(role)).is_ok());
        let refusal = RoleChain::new((0..11).map(role)).unwrap_err().to_string();
        assert!(
            refusal.contains("has 11 roles: Redshift follows 1 to 10"),
            "{refusal}"
        );
    }

    #[test]
    fn an_empty_chain_and_a_role_after_itself_are_refused() {
        assert!(RoleChain::new([]).is_err());
        assert!(RoleChain::new([role(1), role(1)]).is_err());
    }
}
