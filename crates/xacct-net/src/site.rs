//! One side's account: its clients, who owns what in it, and what was read of it.

use crate::observe::Seen;
use crate::spec::Side;
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use aws_types::SdkConfig;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use xacct_converge::smithy::control_plane;
use xacct_converge::{Class, Context, Failure, Handle, Inputs, Reason, Value};
use xacct_types::{Owner, PIPELINE_TAG, RESOURCE_TAG, Region, Tags, differing};

/// EC2's ways of saying that something is not there (or, just after it was made,
/// not visible yet). Both spellings of some codes occur.
pub(crate) const NOT_FOUND: &[&str] = &[
    "InvalidAllocationID.NotFound",
    "InvalidAssociationID.NotFound",
    "InvalidGatewayID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidInternetGatewayID.NotFound",
    "InvalidNatGatewayID.NotFound",
    "InvalidRoute.NotFound",
    "InvalidRouteTableID.NotFound",
    "InvalidRouteTableId.NotFound",
    "InvalidSecurityGroupID.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidVpcEndpointId.NotFound",
    "InvalidVpcID.NotFound",
    "InvalidVpcPeeringConnectionID.NotFound",
    "InvalidVpcPeeringConnectionId.NotFound",
    "NatGatewayNotFound",
    "ResourceNotFoundException",
];

/// EC2's ways of saying that something else still uses it.
pub(crate) const IN_USE: &[&str] = &[
    "DependencyViolation",
    "InvalidGroup.InUse",
    "InvalidIPAddress.InUse",
    "IncorrectState",
    "ResourceInUseException",
];

/// Before the key of a tag, in reasons.
const TAG: &str = "tag ";

/// The pause between two looks at something new.
const MOMENT: Duration = Duration::from_millis(1100);

/// Calls one page after another and gathers what they list.
macro_rules! every_page {
    ($cx:expr, $operation:literal, $items:ident, $request:expr) => {{
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let call = $cx.read($operation);
            let page = call.run(|| $request.set_next_token(token.clone()).send()).await?;
            all.extend(page.$items.unwrap_or_default());
            let next = page.next_token.filter(|next| !next.is_empty());
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        all
    }};
}

pub(crate) use every_page;

/// One side's account.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) side: Side,
    pub(crate) region: Region,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) resolver: aws_sdk_route53resolver::Client,
    pub(crate) owner: Arc<Owner>,
    pub(crate) generation: u64,
    pub(crate) seen: Arc<Seen>,
}

impl Site {
    pub(crate) fn new(
        side: Side,
        region: Region,
        config: &SdkConfig,
        owner: &Owner,
        generation: u64,
    ) -> Self {
        let config = control_plane(config);
        Self {
            side,
            region,
            ec2: aws_sdk_ec2::Client::new(&config),
            resolver: aws_sdk_route53resolver::Client::new(&config),
            owner: Arc::new(owner.clone()),
            generation,
            seen: Arc::default(),
        }
    }

    /// The same site, with what was read of it.
    pub(crate) fn seeing(&self, seen: Seen) -> Self {
        Self {
            seen: Arc::new(seen),
            ..self.clone()
        }
    }

    /// The tags of a resource, for the call that makes it.
    pub(crate) fn tagged(&self, kind: ResourceType, resource: &str) -> TagSpecification {
        let tags = self.tag_list(resource);
        TagSpecification::builder()
            .resource_type(kind)
            .set_tags(Some(tags))
            .build()
    }

    pub(crate) fn tag_list(&self, resource: &str) -> Vec<Tag> {
        let tags = self.owner.tags(resource).into_iter();
        tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect()
    }

    /// Tags of ours that are missing or were changed; tags of others stay.
    pub(crate) fn tag_reasons(&self, tags: &Option<Vec<Tag>>, resource: &str) -> Vec<Reason> {
        let found = tags_of(tags);
        let differs = differing(&self.owner.tags(resource), &found).into_iter();
        differs
            .map(|(key, value)| {
                let attribute = format!("{TAG}{key}");
                match found.get(&key) {
                    Some(old) => Reason::differs(attribute, old, value),
                    None => Reason::missing(attribute, value),
                }
            })
            .collect()
    }

    /// Puts back the tags that `reasons` name, if any.
    pub(crate) async fn retag(&self, id: &str, reasons: &[Reason], cx: &Context) -> Result<(), Failure> {
        let named = reasons
            .iter()
            .filter_map(|reason| reason.attribute.strip_prefix(TAG).zip(reason.new.as_deref()));
        let tags: Vec<Tag> = named
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect();
        if tags.is_empty() {
            return Ok(());
        }
        let request = self.ec2.create_tags().resources(id).set_tags(Some(tags));
        let call = cx.idempotent("ec2:CreateTags").not_yet(NOT_FOUND);
        call.run(|| request.clone().send()).await?;
        Ok(())
    }

    /// Finds everything of the pipeline on this side.
    pub(crate) fn ours(&self) -> Vec<Filter> {
        vec![by(&format!("tag:{PIPELINE_TAG}"), self.owner.pipeline().as_str())]
    }

    /// Finds one resource of the pipeline.
    pub(crate) fn named(&self, resource: &str) -> Vec<Filter> {
        let mut filters = self.ours();
        filters.push(by(&format!("tag:{RESOURCE_TAG}"), resource));
        filters
    }

    /// Whether tags mark `resource`: lists are filtered again on our side.
    pub(crate) fn owns(&self, tags: &Option<Vec<Tag>>, resource: &str) -> bool {
        self.owner.owns(&tags_of(tags), resource)
    }

    /// Whether tags mark anything of this side.
    pub(crate) fn owns_any(&self, tags: &Option<Vec<Tag>>) -> bool {
        let tags = tags_of(tags);
        let here = |name: &String| name.starts_with(self.side.as_str());
        self.owner.owns_any(&tags) && tags.get(RESOURCE_TAG).is_some_and(here)
    }

    /// An EC2 client token: the same for the same resource, parent and generation.
    /// EC2 takes at most 64 characters, so resource and parent are hashed.
    pub(crate) fn token(&self, resource: &str, parent: &str, round: usize) -> String {
        let hash = fnv(&format!("{resource}\n{parent}"));
        format!(
            "{}-{hash:016x}-{}-{round}",
            self.owner.pipeline(),
            self.generation
        )
    }

    /// What every creator request id of a Resolver resource starts with. Resolver
    /// lists cannot be filtered by tag, but they show this id, and the parent's
    /// physical id in it makes it ours beyond doubt.
    pub(crate) fn creator_prefix(&self, resource: &str, parent: &str) -> String {
        format!("{}/{resource}/{parent}/", self.owner.pipeline())
    }

    pub(crate) fn creator_id(&self, resource: &str, parent: &str, round: usize) -> String {
        let prefix = self.creator_prefix(resource, parent);
        format!("{prefix}{}.{round}", self.generation)
    }
}

/// A filter on one value.
pub(crate) fn by(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// Tags as a map; a tag without a key is none.
pub(crate) fn tags_of(tags: &Option<Vec<Tag>>) -> Tags {
    let pair = |tag: &Tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()));
    tags.iter().flatten().filter_map(pair).collect()
}

/// FNV-1a: spreads well enough for names, and never changes.
fn fnv(text: &str) -> u64 {
    let step = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The answer of a call says less than it must.
pub(crate) fn unreadable(operation: &str) -> Failure {
    Failure::new(
        operation,
        Class::Ambiguous,
        "the answer does not name what was made",
    )
}

/// A name or block that is taken, inside what is ours: by a run that was killed, perhaps, whose work is not visible yet.
/// Then it is to be looked for, as after a lost answer.
pub(crate) fn perhaps_ours(failure: Failure, taken: &str) -> Failure {
    if failure.is_code(&[taken]) {
        return failure.classed(Class::Ambiguous);
    }
    failure
}

/// A removal of something that is gone already is no failure.
pub(crate) fn gone_is_fine<T>(result: Result<T, Failure>) -> Result<(), Failure> {
    match result {
        Ok(_) => Ok(()),
        Err(failure) if failure.is_code(NOT_FOUND) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Something that is compared as soon as it exists and waited for until it is usable.
///
/// A plan must not take a thing for missing only because what it depends on is still
/// settling; an apply must not use that before it has.
#[derive(Clone)]
pub(crate) struct Usable<T> {
    made: Value<T>,
    ready: Value<T>,
}

impl<T: Clone + Send + Sync + 'static> Usable<T> {
    pub(crate) fn of(handle: Handle<T>) -> Self {
        Self {
            made: handle.made(),
            ready: handle.ready(),
        }
    }

    pub(crate) fn map<U, F>(self, f: F) -> Usable<U>
    where
        U: Clone + Send + Sync + 'static,
        F: Fn(T) -> U + Clone + Send + Sync + 'static,
    {
        Usable {
            made: self.made.map(f.clone()),
            ready: self.ready.map(f),
        }
    }

    /// For plans: what is there, usable or not.
    pub(crate) fn known(&self, inputs: &Inputs<'_>) -> Option<T> {
        inputs.known(&self.ready).or_else(|| inputs.known(&self.made))
    }

    /// For applies: what is usable by now.
    pub(crate) fn get(&self, inputs: &Inputs<'_>) -> Result<T, Failure> {
        inputs.get(&self.ready)
    }

    /// What must have happened before.
    pub(crate) const fn awaited(&self) -> &Value<T> {
        &self.ready
    }
}

#[cfg(test)]
impl<T: Clone + Send + Sync + 'static> From<T> for Usable<T> {
    fn from(value: T) -> Self {
        Self {
            made: Value::known(value.clone()),
            ready: Value::known(value),
        }
    }
}

/// Whether two looks in a row, a moment apart, see what was made. EC2 answers from
/// several hosts: after one good read the next one may still miss it, and a run that
/// follows at once would make it again. (Terraform's provider asks for two to three
/// reads in a row after CreateRouteTable, CreateRoute and CreateSecurityGroup.)
pub(crate) async fn steady<F, Fut>(cx: &Context, look: F) -> Result<bool, Failure>
where
    F: Fn() -> Fut + Send,
    Fut: Future<Output = Result<bool, Failure>> + Send,
{
    if !look().await? {
        return Ok(false);
    }
    cx.sleep(MOMENT).await;
    look().await
}

/// The one in use, else the one with the lowest id; the others are surplus.
pub(crate) fn pick<T>(mut found: Vec<T>, rank: impl Fn(&T) -> (bool, String)) -> (Option<T>, Vec<T>) {
    found.sort_by_key(|item| {
        let (in_use, id) = rank(item);
        (!in_use, id)
    });
    let mut found = found.into_iter();
    (found.next(), found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_with_the_same_tags_the_one_in_use_wins_and_else_the_lowest_id() {
        let rank = |item: &(&str, bool)| (item.1, item.0.to_owned());
        let (chosen, rest) = pick(vec![("a", false), ("b", true)], rank);
        assert_eq!((chosen, rest), (Some(("b", true)), vec![("a", false)]));
        let (chosen, _) = pick(vec![("b", false), ("a", false)], rank);
        assert_eq!(chosen, Some(("a", false)));
    }

    #[test]
    fn a_token_fits_and_differs_by_parent_and_generation() {
        let config = SdkConfig::builder()
            .behavior_version(aws_sdk_ec2::config::BehaviorVersion::latest())
            .build();
        let owner = Owner::new("a-name-of-24-characters".parse().unwrap());
        let site = |generation| {
            Site::new(
                Side::Source,
                "ap-south-1".parse().unwrap(),
                &config,
                &owner,
                generation,
            )
        };
        let token = site(u64::from(u32::MAX)).token("source/routes-private", "vpc-1", 9);
        assert!(token.len() <= 64, "{token}");
        assert_ne!(site(1).token("a", "vpc-1", 0), site(2).token("a", "vpc-1", 0));
        assert_ne!(site(1).token("a", "vpc-1", 0), site(1).token("a", "vpc-2", 0));
    }
}
