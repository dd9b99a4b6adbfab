//! How the roles of a lease are called, and what whoever takes it must be allowed.

use xacct_types::{AccountId, Grant, Owner, Region};

/// What a lease is on: one side of one pipeline in one region.
///
/// ```
/// use xacct_iam::lease::LeaseName;
/// use xacct_types::Owner;
///
/// let name = LeaseName::new(Owner::new("clicks".parse()?), &"ap-south-1".parse()?, "warehouse");
/// assert_eq!(name.role(1), "clicks.ap-south-1.warehouse-lease-1");
/// assert_eq!(name.number("clicks.ap-south-1.warehouse-lease-12"), Some(12));
/// assert_eq!(name.number("clicks.ap-south-1.source-lease-12"), None);
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// Neither a pipeline's name nor a region has a dot, so leases of different
/// pipelines never have the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseName {
    owner: Owner,
    side: String,
    stem: String,
    path: String,
}

impl LeaseName {
    /// The lease on what `owner` has in `region` on one `side`.
    #[must_use]
    pub fn new(owner: Owner, region: &Region, side: &str) -> Self {
        let pipeline = owner.pipeline();
        Self {
            stem: format!("{pipeline}.{region}.{side}-lease"),
            path: format!("/xacct/lease/{pipeline}/{region}/{side}/"),
            side: side.to_owned(),
            owner,
        }
    }

    /// The name of the lease's role number `n`; 64 characters at most.
    #[must_use]
    pub fn role(&self, n: u64) -> String {
        format!("{}-{n}", self.stem)
    }

    /// The number of a role of this lease.
    #[must_use]
    pub fn number(&self, role: &str) -> Option<u64> {
        role.strip_prefix(&self.stem)?.strip_prefix('-')?.parse().ok()
    }

    /// The path of the lease's roles, by which they are listed.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whose lease it is.
    #[must_use]
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The lease's name in tags.
    #[must_use]
    pub fn resource(&self) -> String {
        format!("{}/lease", self.side)
    }

    /// What whoever takes the lease must be allowed in `account`. `ListRoles` can be
    /// narrowed to no resource (Service Authorization Reference of IAM).
    #[must_use]
    pub fn grants(&self, region: &Region, account: &AccountId) -> Vec<Grant> {
        let partition = region.partition();
        let roles = format!("arn:{partition}:iam::{account}:role{}{}-*", self.path, self.stem);
        let actions = ["iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:TagRole"];
        let why = "keeps two deployments of one pipeline apart";
        vec![
            Grant::new("Lease", actions, [roles], why),
            Grant::new(
                "LeasesLeft",
                ["iam:ListRoles"],
                ["*"],
                "finds leases that dead deployments left",
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_fits_and_pipelines_whose_names_look_alike_have_leases_of_their_own() {
        let name = |pipeline: &str, region: &str| {
            let owner = Owner::new(pipeline.parse().unwrap());
            LeaseName::new(owner, &region.parse().unwrap(), "warehouse")
        };
        assert!(name(&"x".repeat(24), "ap-northeast-1").role(9_999_999).len() <= 64);
        let other = name("a-warehouse-lease", "us-east-1");
        assert_eq!(name("a", "us-east-1").number(&other.role(1)), None);
        assert_ne!(name("a", "us-east-1").path(), other.path());
    }
}
