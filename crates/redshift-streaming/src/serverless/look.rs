//! A workgroup of somebody else, looked at by name.

use super::{Observed, found};
use aws_sdk_redshiftserverless::Client;
use aws_types::SdkConfig;
use xacct_converge::{Context, Failure};

/// A workgroup and its namespace as they stand, whoever made them. Read calls only.
///
/// # Errors
/// [`Failure`] names the call.
pub async fn workgroup(config: &SdkConfig, name: &str, cx: &Context) -> Result<Observed, Failure> {
    let client = Client::new(&xacct_converge::smithy::control_plane(config));
    let call = cx.read("redshift-serverless:GetWorkgroup");
    let answer = call
        .run(|| client.get_workgroup().workgroup_name(name).send())
        .await;
    let workgroup = found(answer)?.and_then(|answer| answer.workgroup);
    let Some(of) = workgroup
        .as_ref()
        .and_then(|workgroup| workgroup.namespace_name())
    else {
        return Ok(Observed {
            namespace: None,
            workgroup,
            ..Observed::default()
        });
    };
    let call = cx.read("redshift-serverless:GetNamespace");
    let answer = call
        .run(|| client.get_namespace().namespace_name(of).send())
        .await;
    let namespace = found(answer)?.and_then(|answer| answer.namespace);
    Ok(Observed {
        namespace,
        workgroup,
        ..Observed::default()
    })
}

impl Observed {
    /// The role that comes first in a chain: the default one, else the first that is attached.
    #[must_use]
    pub fn first_role(&self) -> Option<String> {
        let namespace = self.namespace.as_ref()?;
        let default = namespace.default_iam_role_arn().filter(|arn| !arn.is_empty());
        let attached = || {
            super::attached_roles(namespace)
                .into_iter()
                .map(|(arn, _)| arn)
                .next()
        };
        default.map(str::to_owned).or_else(attached)
    }
}
