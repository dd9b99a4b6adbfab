//! Many pairs of roles, read with as many calls as one.
//!
//! `ListRoles` and `GetAccountAuthorizationDetails` show between them everything that
//! [`RolePair::observe`] reads: the first has description and longest session, the second
//! policies, boundary and tags. Both come in pages of up to 1,000 roles.

use super::api::Api;
use super::read::{document, state};
use super::{ObservedPair, Seen};
use crate::pair::{RolePairSpec, STREAM_ROLE, WAREHOUSE_ROLE};
use crate::plan::RoleState;
use crate::spec::RolePath;
use aws_sdk_iam::types::{EntityType, RoleDetail};
use aws_types::SdkConfig;
use std::collections::BTreeMap;
use xacct_converge::{Context, Failure};

/// IAM's largest page.
const PAGE: i32 = 1_000;
const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

/// Every role under one path, in the two accounts of a pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolesUnder {
    warehouse: BTreeMap<String, RoleState>,
    source: BTreeMap<String, RoleState>,
}

impl RolesUnder {
    /// Reads all roles whose path begins with `path`.
    ///
    /// # Errors
    /// [`Failure`] of a call.
    pub async fn read(
        path: &RolePath,
        source: &SdkConfig,
        warehouse: &SdkConfig,
        cx: &Context,
    ) -> Result<Self, Failure> {
        let (source, warehouse) = (Api::new(source), Api::new(warehouse));
        let (on_source, on_warehouse) = (cx.on("source"), cx.on("warehouse"));
        let (source, warehouse) = futures_util::try_join!(
            source.under(path, &on_source),
            warehouse.under(path, &on_warehouse)
        )?;
        Ok(Self { warehouse, source })
    }

    /// What there is of one pair.
    #[must_use]
    pub fn pair(&self, spec: &RolePairSpec) -> ObservedPair {
        let owner = spec.owner();
        let [first, second] = spec.names();
        ObservedPair {
            warehouse: Seen::of(self.warehouse.get(first.as_str()).cloned(), owner, WAREHOUSE_ROLE),
            stream: Seen::of(self.source.get(second.as_str()).cloned(), owner, STREAM_ROLE),
        }
    }

    /// Every role that was found, warehouse first.
    pub fn all(&self) -> impl Iterator<Item = &RoleState> {
        self.warehouse.values().chain(self.source.values())
    }
}

impl Api {
    /// The roles under a path by name; one call where there are none.
    async fn under(&self, path: &RolePath, cx: &Context) -> Result<BTreeMap<String, RoleState>, Failure> {
        let mut roles = self.listed(path, cx).await?;
        if roles.is_empty() {
            return Ok(roles);
        }
        for detail in self.details(cx).await? {
            let name = detail.role_name.as_deref().unwrap_or_default();
            if let Some(role) = roles.get_mut(name) {
                complete(role, detail)?;
            }
        }
        Ok(roles)
    }

    async fn listed(&self, path: &RolePath, cx: &Context) -> Result<BTreeMap<String, RoleState>, Failure> {
        let (mut roles, mut marker) = (BTreeMap::new(), None::<String>);
        loop {
            let call = cx.read("iam:ListRoles").run(|| {
                let request = self
                    .client
                    .list_roles()
                    .path_prefix(path.as_str())
                    .max_items(PAGE);
                request.set_marker(marker.clone()).send()
            });
            let page = call.await?;
            for role in page
                .roles
                .into_iter()
                .filter(|role| role.path.starts_with(path.as_str()))
            {
                roles.insert(role.role_name.clone(), state(role)?);
            }
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(roles);
            }
        }
    }

    async fn details(&self, cx: &Context) -> Result<Vec<RoleDetail>, Failure> {
        let (mut details, mut marker) = (Vec::new(), None::<String>);
        loop {
            let call = cx.read(DETAILS).run(|| {
                let request = self.client.get_account_authorization_details();
                let request = request.filter(EntityType::Role).max_items(PAGE);
                request.set_marker(marker.clone()).send()
            });
            let page = call.await?;
            details.extend(page.role_detail_list.unwrap_or_default());
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(details);
            }
        }
    }
}

/// Adds what only the details show.
fn complete(role: &mut RoleState, detail: RoleDetail) -> Result<(), Failure> {
    for policy in detail.role_policy_list.unwrap_or_default() {
        let (name, text) = (policy.policy_name, policy.policy_document);
        let text = text.unwrap_or_default();
        role.inline
            .insert(name.unwrap_or_default(), document(&text, DETAILS)?);
    }
    let attached = detail.attached_managed_policies.unwrap_or_default().into_iter();
    role.attached = attached.filter_map(|policy| policy.policy_arn).collect();
    role.boundary = detail
        .permissions_boundary
        .and_then(|boundary| boundary.permissions_boundary_arn);
    let tags = detail.tags.unwrap_or_default().into_iter();
    role.tags = tags.map(|tag| (tag.key, tag.value)).collect();
    Ok(())
}
