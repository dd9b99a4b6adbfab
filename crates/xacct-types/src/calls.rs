//! What a deployer needs to be allowed: each call with what AWS asks for it.
//!
//! The crate that makes a call has a table of such rows; whoever composes the crates makes policies of them.

use crate::{AccountId, Condition, Owner, PIPELINE_TAG, Region};

/// When a deployer makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// To plan, verify and diagnose; and before everything else.
    Read,
    /// To make what is missing.
    Create,
    /// To bring back what was changed, where making does not do it.
    Update,
    /// To take everything away.
    Destroy,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Update, Self::Destroy];

    /// The word for it in names of policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Destroy => "destroy",
        }
    }
}

/// One action on one resource, under conditions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Such as `ec2:CreateSubnet`.
    pub action: String,
    /// An ARN, wildcards allowed; `*` only where AWS knows no resource.
    pub resource: String,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

impl Need {
    /// An action on a resource.
    #[must_use]
    pub fn new(action: &str, resource: impl Into<String>) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.into(),
            conditions: Vec::new(),
        }
    }

    /// Adds a condition.
    #[must_use]
    pub fn when<V: Into<String>>(
        mut self,
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.conditions.push(Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: values.into_iter().map(Into::into).collect(),
        });
        self
    }
}

/// A call, when it is made, and what AWS asks of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Such as `ec2:CreateSubnet`.
    pub operation: &'static str,
    /// When.
    pub phases: &'static [Phase],
    /// The permissions; of others than the call itself too, where a service acts in the caller's name.
    pub needs: Vec<Need>,
}

/// An account in which a pipeline is deployed: the parts of its ARNs and the tags of what is ours there.
#[derive(Debug, Clone)]
pub struct Place {
    account: AccountId,
    region: Region,
    owner: Owner,
}

impl Place {
    /// The place of `owner`'s resources.
    #[must_use]
    pub const fn new(account: AccountId, region: Region, owner: Owner) -> Self {
        Self {
            account,
            region,
            owner,
        }
    }

    /// Whose resources.
    #[must_use]
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The ARN of `resource` of a service with regions: `resolver-rule/*`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        self.arn_in(&self.account, service, resource)
    }

    /// The same in another account.
    #[must_use]
    pub fn arn_in(&self, account: &AccountId, service: &str, resource: &str) -> String {
        let (partition, region) = (self.region.partition(), &self.region);
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// The ARN of a resource of IAM, which has no regions.
    #[must_use]
    pub fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.region.partition(), self.account)
    }

    /// An action on resources that carry our tag already.
    #[must_use]
    pub fn on_ours(&self, action: &str, resource: impl Into<String>) -> Need {
        self.tagged(action, resource, "aws:ResourceTag")
    }

    /// An action that makes something with our tag.
    #[must_use]
    pub fn making(&self, action: &str, resource: impl Into<String>) -> Need {
        self.tagged(action, resource, "aws:RequestTag")
    }

    fn tagged(&self, action: &str, resource: impl Into<String>, key: &str) -> Need {
        let key = format!("{key}/{PIPELINE_TAG}");
        Need::new(action, resource).when("StringEquals", &key, [self.owner.pipeline().as_str()])
    }
}
