//! An inline policy of a role as a resource of a graph.
//!
//! It stands apart from its role because what it grants may depend on a
//! cluster that takes minutes, while the role can exist and become known.

use super::api::Api;
use crate::outputs::{RoleOut, RolePolicyOut};
use crate::plan;
use crate::policy::{Limit, PolicyDocument};
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Timing, Value};
use xacct_types::Grant;

/// One inline policy.
pub(super) struct PolicyNode {
    pub(super) api: Api,
    pub(super) role_name: String,
    pub(super) policy_name: String,
    pub(super) role: Value<RoleOut>,
    pub(super) grants: Value<Vec<Grant>>,
    pub(super) found: Option<PolicyDocument>,
}

impl PolicyNode {
    fn document(&self, inputs: &Inputs<'_>) -> Result<PolicyDocument, Failure> {
        let refused = |cause| {
            let message = format!("the policy {} cannot be made", self.policy_name);
            Failure::terminal("iam:PutRolePolicy", message).with_source(cause)
        };
        let document = PolicyDocument::from_grants(&inputs.get(&self.grants)?).map_err(refused)?;
        document.check_size(Limit::RoleInline).map_err(refused)?;
        Ok(document)
    }

    async fn put(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<(), Failure> {
        let document = self.document(inputs)?;
        self.api
            .put_policy(&self.role_name, &self.policy_name, &document, cx)
            .await
    }
}

impl Resource for PolicyNode {
    type Output = RolePolicyOut;

    fn kind(&self) -> &'static str {
        "AWS::IAM::RolePolicy"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.role).value(&self.grants)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<RolePolicyOut> {
        // A role that is made anew has lost its policies.
        let (Some(role), Some(found)) = (known.known(&self.role), &self.found) else {
            return Decision::create();
        };
        let grants = known.known(&self.grants);
        let wanted = grants.and_then(|grants| PolicyDocument::from_grants(&grants).ok());
        let current = RolePolicyOut::new(role.arn, &self.policy_name);
        Decision::update(current, plan::policy(wanted.as_ref(), found))
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<RolePolicyOut, Failure> {
        self.put(inputs, cx).await?;
        Ok(RolePolicyOut::new(inputs.get(&self.role)?.arn, &self.policy_name))
    }

    async fn configure(
        &self,
        current: RolePolicyOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<RolePolicyOut, Failure> {
        if !reasons.is_empty() {
            self.put(inputs, cx).await?;
        }
        Ok(current)
    }

    async fn delete(&self, current: &RolePolicyOut, cx: &Context) -> Result<(), Failure> {
        self.api.delete_policy(&self.role_name, &current.name, cx).await
    }

    fn timing(&self) -> Timing {
        Timing::seconds(1, 1).patience(300)
    }
}
