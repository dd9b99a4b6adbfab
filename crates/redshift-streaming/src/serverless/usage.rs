//! What an account has of what quotas limit.

use aws_sdk_redshiftserverless::Client;
use aws_types::SdkConfig;
use xacct_converge::smithy::control_plane;
use xacct_converge::{Context, Failure};

/// How many namespaces and workgroups the account has, of whomever.
///
/// # Errors
/// [`Failure`] of a call.
pub async fn usage(config: &SdkConfig, cx: &Context) -> Result<(usize, usize), Failure> {
    let client = Client::new(&control_plane(config));
    let (mut namespaces, mut next) = (0, None::<String>);
    loop {
        let call = cx.read("redshift-serverless:ListNamespaces");
        let page = call
            .run(|| client.list_namespaces().set_next_token(next.clone()).send())
            .await?;
        namespaces += page.namespaces.len();
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    let (mut workgroups, mut next) = (0, None::<String>);
    loop {
        let call = cx.read("redshift-serverless:ListWorkgroups");
        let page = call
            .run(|| client.list_workgroups().set_next_token(next.clone()).send())
            .await?;
        workgroups += page.workgroups.len();
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok((namespaces, workgroups));
        }
    }
}
