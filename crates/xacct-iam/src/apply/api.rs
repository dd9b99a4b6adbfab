//! The calls that change roles, one function each.

use crate::plan::RoleState;
use crate::policy::PolicyDocument;
use crate::spec::RoleSpec;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::Tag;
use aws_types::SdkConfig;
use xacct_converge::smithy::control_plane;
use xacct_converge::{Class, Context, Failure};
use xacct_types::{RoleArn, Tags};

/// There is no such role or policy.
pub(super) const NO_SUCH_ENTITY: &str = "NoSuchEntity";
/// The name is taken.
pub(super) const ALREADY_EXISTS: &str = "EntityAlreadyExists";
/// Something still hangs on the role.
const DELETE_CONFLICT: &str = "DeleteConflict";
/// Two changes met; the loser may try again.
const CONCURRENT: &str = "ConcurrentModification";

/// IAM in one account.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) client: Client,
}

impl Api {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(&control_plane(config)),
        }
    }

    /// Makes the role with everything but its policies.
    pub(super) async fn create(
        &self,
        spec: &RoleSpec,
        trust: &PolicyDocument,
        cx: &Context,
    ) -> Result<(RoleArn, String), Failure> {
        let operation = "iam:CreateRole";
        let boundary = spec.permission_boundary.as_ref().map(ToString::to_string);
        let tags = sdk_tags(&spec.tags)?;
        let answer = cx
            .once(operation)
            .not_yet(&[CONCURRENT])
            .run(|| {
                self.client
                    .create_role()
                    .role_name(spec.name.as_str())
                    .path(spec.path.as_str())
                    .set_description(Some(spec.description.clone()).filter(|text| !text.is_empty()))
                    .max_session_duration(seconds(spec))
                    .set_permissions_boundary(boundary.clone())
                    .set_tags(Some(tags.clone()))
                    .assume_role_policy_document(trust.to_json())
                    .send()
            })
            .await?;
        let unreadable = |text: &str| Failure::new(operation, Class::Ambiguous, text);
        let role = answer
            .role
            .ok_or_else(|| unreadable("the answer names no role"))?;
        let arn = RoleArn::new(role.arn)
            .map_err(|invalid| unreadable("the answer's ARN cannot be read").with_source(invalid))?;
        Ok((arn, role.role_id))
    }

    /// Writes the trust policy.
    pub(super) async fn put_trust(
        &self,
        role: &str,
        trust: &PolicyDocument,
        cx: &Context,
    ) -> Result<(), Failure> {
        cx.idempotent("iam:UpdateAssumeRolePolicy")
            .not_yet(&[CONCURRENT])
            .run(|| {
                let request = self.client.update_assume_role_policy().role_name(role);
                request.policy_document(trust.to_json()).send()
            })
            .await
            .map(|_| ())
    }

    /// Writes description and session length.
    pub(super) async fn update(&self, spec: &RoleSpec, cx: &Context) -> Result<(), Failure> {
        cx.idempotent("iam:UpdateRole")
            .not_yet(&[CONCURRENT])
            .run(|| {
                self.client
                    .update_role()
                    .role_name(spec.name.as_str())
                    .description(&spec.description)
                    .max_session_duration(seconds(spec))
                    .send()
            })
            .await
            .map(|_| ())
    }

    /// Sets the permissions boundary.
    pub(super) async fn put_boundary(&self, role: &str, boundary: &str, cx: &Context) -> Result<(), Failure> {
        cx.idempotent("iam:PutRolePermissionsBoundary")
            .not_yet(&[CONCURRENT])
            .run(|| {
                let request = self.client.put_role_permissions_boundary().role_name(role);
                request.permissions_boundary(boundary).send()
            })
            .await
            .map(|_| ())
    }

    /// Puts tags on the role; others stay.
    pub(super) async fn tag(&self, role: &str, tags: &Tags, cx: &Context) -> Result<(), Failure> {
        let tags = sdk_tags(tags)?;
        cx.idempotent("iam:TagRole")
            .not_yet(&[CONCURRENT])
            .run(|| {
                let request = self.client.tag_role().role_name(role);
                request.set_tags(Some(tags.clone())).send()
            })
            .await
            .map(|_| ())
    }

    /// Writes an inline policy; a role made a moment ago may not be known yet.
    pub(super) async fn put_policy(
        &self,
        role: &str,
        name: &str,
        document: &PolicyDocument,
        cx: &Context,
    ) -> Result<(), Failure> {
        cx.idempotent("iam:PutRolePolicy")
            .not_yet(&[NO_SUCH_ENTITY, CONCURRENT])
            .run(|| {
                let request = self.client.put_role_policy().role_name(role);
                request
                    .policy_name(name)
                    .policy_document(document.to_json())
                    .send()
            })
            .await
            .map(|_| ())
    }

    /// Takes an inline policy away; one that is gone is no error.
    pub(super) async fn delete_policy(&self, role: &str, name: &str, cx: &Context) -> Result<(), Failure> {
        let answer = cx
            .idempotent("iam:DeleteRolePolicy")
            .not_yet(&[CONCURRENT])
            .run(|| {
                let request = self.client.delete_role_policy().role_name(role);
                request.policy_name(name).send()
            })
            .await;
        unless_gone(answer.map(|_| ()))
    }

    /// Takes a managed policy off the role; one that is off is no error.
    pub(super) async fn detach(&self, role: &str, policy: &str, cx: &Context) -> Result<(), Failure> {
        let answer = cx
            .idempotent("iam:DetachRolePolicy")
            .not_yet(&[CONCURRENT])
            .run(|| {
                let request = self.client.detach_role_policy().role_name(role);
                request.policy_arn(policy).send()
            })
            .await;
        unless_gone(answer.map(|_| ()))
    }

    /// Removes the role in the order that IAM asks for: managed policies off,
    /// inline policies away, then the role. One that is gone is no error. What
    /// others have tied it to (an instance profile) is theirs and stays: the
    /// conflict is class `Busy` and ends in IAM's own words.
    pub(super) async fn delete(&self, state: &RoleState, cx: &Context) -> Result<(), Failure> {
        let role = state.arn.name();
        for policy in &state.attached {
            self.detach(role, policy, cx).await?;
        }
        for policy in state.inline.keys() {
            self.delete_policy(role, policy, cx).await?;
        }
        let answer = cx
            .idempotent("iam:DeleteRole")
            .not_yet(&[CONCURRENT])
            .busy(&[DELETE_CONFLICT])
            .run(|| self.client.delete_role().role_name(role).send())
            .await;
        unless_gone(answer.map(|_| ()))
    }
}

fn unless_gone(answer: Result<(), Failure>) -> Result<(), Failure> {
    match answer {
        Err(failure) if failure.is_code(&[NO_SUCH_ENTITY]) => Ok(()),
        other => other,
    }
}

fn seconds(spec: &RoleSpec) -> i32 {
    i32::try_from(spec.max_session.as_seconds()).unwrap_or(i32::MAX)
}

fn sdk_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let build = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    let built: Result<Vec<Tag>, _> = tags.iter().map(build).collect();
    built.map_err(|cause| Failure::bug("a tag has no key or no value").with_source(cause))
}
