//! Whose credentials are these?

use crate::error::AccountError;
use aws_sdk_iam::types::SummaryKeyType;
use aws_sdk_sts::Client;
use aws_types::SdkConfig;
use xacct_converge::smithy::control_plane;
use xacct_converge::{Context, Failure};
use xacct_types::AccountId;

/// Who makes the calls of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The ARN of the user or of the role's session.
    pub arn: String,
}

/// Asks STS who the caller is; needs no permission.
///
/// # Errors
/// [`Failure`] of the call, for example where there are no usable credentials.
pub async fn identify(config: &SdkConfig, cx: &Context) -> Result<Identity, Failure> {
    let operation = "sts:GetCallerIdentity";
    let client = Client::new(&control_plane(config));
    let answer = cx
        .read(operation)
        .run(|| client.get_caller_identity().send())
        .await?;
    let account = AccountId::new(answer.account.unwrap_or_default()).map_err(|invalid| {
        Failure::terminal(operation, "the answer's account cannot be read").with_source(invalid)
    })?;
    let arn = answer.arn.unwrap_or_default();
    Ok(Identity { account, arn })
}

/// How many roles the account has, of whomever.
///
/// # Errors
/// [`Failure`] of the call.
pub async fn roles(config: &SdkConfig, cx: &Context) -> Result<usize, Failure> {
    let client = aws_sdk_iam::Client::new(&control_plane(config));
    let answer = cx
        .read("iam:GetAccountSummary")
        .run(|| client.get_account_summary().send())
        .await?;
    let entries = answer.summary_map.unwrap_or_default();
    let roles = entries.get(&SummaryKeyType::Roles).copied().unwrap_or(0);
    Ok(usize::try_from(roles).unwrap_or(0))
}

/// Makes sure that the credentials belong to the account that was asked for.
///
/// # Errors
/// [`AccountError::Other`] where they belong to another account,
/// [`AccountError::Unknown`] where STS did not answer.
pub async fn check(config: &SdkConfig, expected: &AccountId, cx: &Context) -> Result<Identity, AccountError> {
    let identity = identify(config, cx)
        .await
        .map_err(|source| AccountError::Unknown {
            expected: expected.clone(),
            source,
        })?;
    if identity.account == *expected {
        return Ok(identity);
    }
    Err(AccountError::Other {
        expected: expected.clone(),
        found: identity.account,
        arn: identity.arn,
    })
}
