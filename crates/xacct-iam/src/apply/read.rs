//! The calls that read roles and policies.

use super::api::{Api, NO_SUCH_ENTITY};
use crate::chain::RoleView;
use crate::plan::RoleState;
use crate::policy::PolicyDocument;
use aws_sdk_iam::types::Role;
use std::collections::{BTreeMap, BTreeSet};
use xacct_converge::{Class, Context, Failure};
use xacct_types::RoleArn;

/// A role with every document that could be read.
pub(super) struct Viewed {
    pub(super) view: RoleView,
    /// ARNs of managed policies that the caller may not read.
    pub(super) unreadable: Vec<String>,
}

/// One page of names and the marker of the next.
type Page = (Vec<String>, Option<String>);

impl Api {
    /// The role with this name and everything of it; `None` if there is none.
    pub(super) async fn read(&self, name: &str, cx: &Context) -> Result<Option<RoleState>, Failure> {
        let Some(mut state) = self.describe(name, cx).await? else {
            return Ok(None);
        };
        let (inline, attached) = futures_util::try_join!(self.inline(name, cx), self.attached(name, cx))?;
        (state.inline, state.attached) = (inline, attached);
        Ok(Some(state))
    }

    /// The role itself, without its policies.
    pub(super) async fn describe(&self, name: &str, cx: &Context) -> Result<Option<RoleState>, Failure> {
        let answer = cx
            .read("iam:GetRole")
            .run(|| self.client.get_role().role_name(name).send())
            .await;
        match answer {
            Ok(answer) => answer.role.map(state).transpose(),
            Err(failure) if failure.is_code(&[NO_SUCH_ENTITY]) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn inline(&self, role: &str, cx: &Context) -> Result<BTreeMap<String, PolicyDocument>, Failure> {
        let mut policies = BTreeMap::new();
        for name in self.inline_names(role, cx).await? {
            if let Some(document) = self.inline_policy(role, &name, cx).await? {
                policies.insert(name, document);
            }
        }
        Ok(policies)
    }

    async fn inline_names(&self, role: &str, cx: &Context) -> Result<Vec<String>, Failure> {
        let (mut names, mut marker) = (Vec::new(), None);
        loop {
            let answer = cx
                .read("iam:ListRolePolicies")
                .run(|| {
                    let request = self.client.list_role_policies().role_name(role);
                    request.set_marker(marker.clone()).send()
                })
                .await;
            let page = answer.map(|page| {
                let next = page.marker.filter(|_| page.is_truncated);
                (page.policy_names, next)
            });
            let (found, next) = empty_if_gone(page)?;
            names.extend(found);
            marker = next;
            if marker.is_none() {
                return Ok(names);
            }
        }
    }

    async fn inline_policy(
        &self,
        role: &str,
        name: &str,
        cx: &Context,
    ) -> Result<Option<PolicyDocument>, Failure> {
        let operation = "iam:GetRolePolicy";
        let answer = cx
            .read(operation)
            .run(|| {
                let request = self.client.get_role_policy().role_name(role);
                request.policy_name(name).send()
            })
            .await;
        match answer {
            Ok(answer) => document(&answer.policy_document, operation).map(Some),
            Err(failure) if failure.is_code(&[NO_SUCH_ENTITY]) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn attached(&self, role: &str, cx: &Context) -> Result<BTreeSet<String>, Failure> {
        let (mut arns, mut marker) = (BTreeSet::new(), None);
        loop {
            let answer = cx
                .read("iam:ListAttachedRolePolicies")
                .run(|| {
                    let request = self.client.list_attached_role_policies().role_name(role);
                    request.set_marker(marker.clone()).send()
                })
                .await;
            let page = answer.map(|page| {
                let next = page.marker.filter(|_| page.is_truncated);
                let attached = page.attached_policies.unwrap_or_default();
                let arns = attached.into_iter().filter_map(|policy| policy.policy_arn);
                (arns.collect(), next)
            });
            let (found, next) = empty_if_gone(page)?;
            arns.extend(found);
            marker = next;
            if marker.is_none() {
                return Ok(arns);
            }
        }
    }

    /// The role for an evaluation, with managed policies and boundary read.
    pub(super) async fn view(&self, state: &RoleState, cx: &Context) -> Result<Viewed, Failure> {
        let mut viewed = Viewed {
            view: state.view(),
            unreadable: Vec::new(),
        };
        for arn in &state.attached {
            match self.managed(arn, cx).await? {
                Some(document) => viewed.view = viewed.view.granting(arn, document),
                None => viewed.unreadable.push(arn.clone()),
            }
        }
        if let Some(arn) = &state.boundary {
            match self.managed(arn, cx).await? {
                Some(document) => viewed.view = viewed.view.bounded_by(arn, document),
                None => viewed.unreadable.push(arn.clone()),
            }
        }
        Ok(viewed)
    }

    /// A managed policy in its default version; `None` where it is gone or the
    /// caller may not read it.
    async fn managed(&self, arn: &str, cx: &Context) -> Result<Option<PolicyDocument>, Failure> {
        let unreadable = |failure: &Failure| failure.is_code(&[NO_SUCH_ENTITY, "AccessDenied"]);
        let policy = cx
            .read("iam:GetPolicy")
            .run(|| self.client.get_policy().policy_arn(arn).send())
            .await;
        let version = match policy {
            Ok(answer) => answer.policy.and_then(|policy| policy.default_version_id),
            Err(failure) if unreadable(&failure) => None,
            Err(failure) => return Err(failure),
        };
        let Some(version) = version else { return Ok(None) };
        let operation = "iam:GetPolicyVersion";
        let answer = cx
            .read(operation)
            .run(|| {
                let request = self.client.get_policy_version().policy_arn(arn);
                request.version_id(&version).send()
            })
            .await;
        let text = match answer {
            Ok(answer) => answer.policy_version.and_then(|version| version.document),
            Err(failure) if unreadable(&failure) => None,
            Err(failure) => return Err(failure),
        };
        text.map(|text| document(&text, operation)).transpose()
    }
}

/// A role that went away between two calls has no policies.
fn empty_if_gone(page: Result<Page, Failure>) -> Result<Page, Failure> {
    match page {
        Err(failure) if failure.is_code(&[NO_SUCH_ENTITY]) => Ok((Vec::new(), None)),
        other => other,
    }
}

pub(super) fn document(text: &str, operation: &str) -> Result<PolicyDocument, Failure> {
    PolicyDocument::parse(text).map_err(|cause| {
        Failure::terminal(operation, "the answer's policy document cannot be read").with_source(cause)
    })
}

pub(super) fn state(role: Role) -> Result<RoleState, Failure> {
    let operation = "iam:GetRole";
    let arn = RoleArn::new(role.arn).map_err(|invalid| {
        Failure::new(operation, Class::Terminal, "the answer's ARN cannot be read").with_source(invalid)
    })?;
    let trust = role.assume_role_policy_document.unwrap_or_default();
    let mut state = RoleState::new(arn, role.role_id, document(&trust, operation)?);
    state.description = role.description.unwrap_or_default();
    state.max_session = role
        .max_session_duration
        .and_then(|seconds| u32::try_from(seconds).ok())
        .unwrap_or(state.max_session);
    state.boundary = role
        .permissions_boundary
        .and_then(|boundary| boundary.permissions_boundary_arn);
    let tags = role.tags.unwrap_or_default();
    state.tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Ok(state)
}
