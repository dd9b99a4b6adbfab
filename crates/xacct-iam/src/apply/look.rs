//! Roles of somebody else, looked at by name.

use super::api::Api;
use crate::chain::RoleView;
use aws_types::SdkConfig;
use xacct_converge::{Context, Failure};

/// A role as it stands, whoever made it, with every policy that may be read; `None` if there is none. Read calls only.
///
/// # Errors
/// [`Failure`] names the call.
pub async fn role(config: &SdkConfig, name: &str, cx: &Context) -> Result<Option<RoleView>, Failure> {
    let api = Api::new(config);
    let Some(state) = api.read(name, cx).await? else {
        return Ok(None);
    };
    Ok(Some(api.view(&state, cx).await?.view))
}
