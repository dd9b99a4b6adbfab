//! The configuration of one side.

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
