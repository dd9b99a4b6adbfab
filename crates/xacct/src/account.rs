//! The configuration of one side.

use crate::error::Error;
use aws_types::SdkConfig;
use xacct_types::{Invalid, RoleArn};

/// How one account is reached.
#[derive(Debug, Clone)]
pub struct Account {
    config: SdkConfig,
}

impl Account {
    /// As `config` says.
    #[must_use]
    pub const fn new(config: SdkConfig) -> Self {
        Self { config }
    }

    /// Through a role: sessions of an hour, renewed before they end by the
    /// clock of `base`. Nothing is called yet.
    ///
    /// `session_name` shows in audit trails; `external_id` is what the role's
    /// trust policy may ask for.
    ///
    /// # Errors
    /// [`Invalid`] where STS would refuse the session's name or the external id.
    pub fn assume(
        base: &SdkConfig,
        role: &RoleArn,
        external_id: Option<&str>,
        session_name: &str,
    ) -> Result<Self, Invalid> {
        xacct_iam::session::assume(base, role, external_id, session_name).map(Self::new)
    }

    /// The configuration, for clients of your own.
    #[must_use]
    pub fn into_config(self) -> SdkConfig {
        self.config
    }
}

impl From<SdkConfig> for Account {
    fn from(config: SdkConfig) -> Self {
        Self::new(config)
    }
}

impl From<Account> for SdkConfig {
    fn from(account: Account) -> Self {
        account.config
    }
}

impl crate::PipelineSpec {
    /// Every generated IAM policy and trust policy, name → document: of the two
    /// roles, what a producer and a maker of topics need, and what a deployer needs in
    /// the warehouse's account for the lease. Nothing is called,
    /// so the id that MSK will give the cluster is a wildcard.
    ///
    /// # Errors
    /// [`Error::Unresolved`] where derived names are not possible;
    /// [`Error::Policies`] where a document cannot be written.
    pub fn policies(&self) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
        use msk_serverless::{ClusterScope, ClusterSpec};
        let name = ClusterSpec::of(&self.owner()).name;
        let scope = ClusterScope::predict(&self.region, &self.source.account, &name);
        let pair = crate::draft::role_spec(self)?;
        let grants = crate::draft::reader_grants(self, &scope);
        let topics: Vec<_> = self.topics().into_iter().map(|topic| topic.name).collect();
        let document = |grants: &[xacct_types::Grant]| {
            let document = xacct_iam::PolicyDocument::from_grants(grants);
            document.map_err(|error| Error::Policies(error.into()))
        };
        let documents = [
            ("warehouse-role-trust", pair.warehouse_trust()),
            ("warehouse-role", document(&pair.warehouse_grants())?),
            ("source-role-trust", pair.stream_trust()),
            ("source-role", document(&grants)?),
            (
                "producer",
                document(&msk_serverless::grants::producer(&scope, &topics))?,
            ),
            (
                "lease",
                document(&self.lease_name().grants(&self.region, &self.warehouse.account))?,
            ),
            (
                "topic-creator",
                document(&msk_serverless::grants::topic_creator(&scope, &topics))?,
            ),
        ];
        let json = |document: xacct_iam::PolicyDocument| {
            serde_json::to_value(document).map_err(|e| Error::Policies(e.into()))
        };
        documents
            .into_iter()
            .map(|(name, document)| Ok((name.to_owned(), json(document)?)))
            .collect()
    }
}
