//! The calls of a lease, and the time that their answers carry.

use super::taking::{Holder, LeaseRole, Leases};
use aws_sdk_iam::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_iam::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_iam::error::BoxError;
use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::primitives::{DateTime, DateTimeFormat};
use aws_sdk_iam::types::{Role, Tag};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xacct_converge::{Class, Context, Failure};
use xacct_types::Tags;

/// There is no such role.
pub(super) const NO_SUCH_ENTITY: &str = "NoSuchEntity";
/// The name is taken.
pub(super) const ALREADY_EXISTS: &str = "EntityAlreadyExists";
/// Two changes met; the loser may try again.
const CONCURRENT: &str = "ConcurrentModification";
/// A role that nobody can assume: it is a name and a date.
const NOBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

/// The `Date` of the last answer, and when it came by our clock.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerTime(Arc<Mutex<Option<(SystemTime, SystemTime)>>>);

impl ServerTime {
    /// The service's time when our clock shows `ours`; ours, if no answer carried a date.
    pub(super) fn at(&self, ours: SystemTime) -> SystemTime {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.map_or(ours, |(server, then)| {
            server + ours.duration_since(then).unwrap_or_default()
        })
    }
}

impl Intercept for ServerTime {
    fn name(&self) -> &'static str {
        "ServerTime"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|text| DateTime::from_str(text, DateTimeFormat::HttpDate).ok());
        if let (Some(date), Some(clock)) = (date, components.time_source()) {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some((instant(date), clock.now()));
        }
        Ok(())
    }
}

fn instant(date: DateTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(date.secs()).unwrap_or_default())
}

impl Leases {
    /// Makes role `n`, or is told that it is there.
    pub(super) async fn create(&self, n: u64, holder: &Holder, cx: &Context) -> Result<LeaseRole, Failure> {
        let operation = "iam:CreateRole";
        let tags = self.name.owner().tags(&self.name.resource());
        let tags: Result<Vec<Tag>, _> = tags
            .into_iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect();
        let tags = tags.map_err(|cause| Failure::bug("a tag has no key or no value").with_source(cause))?;
        let answer = cx
            .once(operation)
            .not_yet(&[CONCURRENT])
            .run(|| {
                self.client
                    .create_role()
                    .role_name(self.name.role(n))
                    .path(self.name.path())
                    .description(holder.to_string())
                    .set_tags(Some(tags.clone()))
                    .assume_role_policy_document(NOBODY)
                    .send()
            })
            .await?;
        let role = answer.role.and_then(|role| self.read(role));
        let none = || Failure::new(operation, Class::Ambiguous, "the answer names no role");
        role.ok_or_else(none)
    }

    /// Role `n`, if reads show it.
    pub(super) async fn get(&self, n: u64, cx: &Context) -> Result<Option<LeaseRole>, Failure> {
        let name = self.name.role(n);
        let answer = cx
            .read("iam:GetRole")
            .run(|| self.client.get_role().role_name(&name).send())
            .await;
        match answer {
            Ok(answer) => Ok(answer.role.and_then(|role| self.read(role))),
            Err(failure) if failure.is_code(&[NO_SUCH_ENTITY]) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Removes role `n`; false where there is none, as far as this call can see.
    pub(super) async fn delete(&self, n: u64, cx: &Context) -> Result<bool, Failure> {
        let name = self.name.role(n);
        let answer = cx
            .idempotent("iam:DeleteRole")
            .not_yet(&[CONCURRENT])
            .run(|| self.client.delete_role().role_name(&name).send())
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_code(&[NO_SUCH_ENTITY]) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// The numbers of all roles that the list shows, and the id of the first request.
    pub(super) async fn list(&self, cx: &Context) -> Result<(Vec<u64>, Option<String>), Failure> {
        let (mut numbers, mut first, mut marker) = (Vec::new(), None, None);
        loop {
            let page = cx
                .read("iam:ListRoles")
                .run(|| {
                    let request = self.client.list_roles().path_prefix(self.name.path());
                    request.set_marker(marker.clone()).send()
                })
                .await?;
            first = first.or_else(|| page.request_id().map(str::to_owned));
            let here = page.roles.iter().filter(|role| role.path == self.name.path());
            numbers.extend(here.filter_map(|role| self.name.number(&role.role_name)));
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                numbers.sort_unstable();
                return Ok((numbers, first));
            }
        }
    }

    fn read(&self, role: Role) -> Option<LeaseRole> {
        let tags = role.tags.unwrap_or_default();
        let tags: Tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        Some(LeaseRole {
            number: self.name.number(&role.role_name)?,
            role: role.role_name,
            since: instant(role.create_date),
            holder: Holder::read(&role.description.unwrap_or_default()),
            ours: self.name.owner().owns(&tags, &self.name.resource()),
        })
    }
}
