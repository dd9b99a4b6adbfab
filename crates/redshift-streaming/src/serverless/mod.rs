//! Redshift Serverless: a namespace (data, users, roles) and a workgroup (compute, network).
//!
//! Both are looked up by their names, which are unique in an account and
//! region; something of that name that does not carry our tags is somebody
//! else's and ends in an error before anything is changed.

mod attach;
pub mod look;
mod namespace;
mod spec;
mod usage;
mod workgroup;

pub use attach::AttachedRoles;
pub use namespace::NamespaceOut;
pub use spec::{ServerlessSpec, SpecError, SpecErrors};
pub use usage::usage;
pub use workgroup::WorkgroupOut;

use aws_sdk_redshiftserverless::Client;
use aws_sdk_redshiftserverless::types::{Namespace, NamespaceStatus, Tag, Workgroup, WorkgroupStatus};
use aws_types::SdkConfig;
use xacct_converge::{Context, Failure, Graph, Handle, Ready, Reason, Value};
use xacct_types::{Owner, RoleArn, SecurityGroupId, SubnetId, Tags, differing};

/// The names under which the two resources stand in tags and plans.
pub(crate) const NAMESPACE: &str = "warehouse/namespace";
pub(crate) const WORKGROUP: &str = "warehouse/workgroup";
/// Before the key of a tag, in reasons.
pub(crate) const TAG: &str = "tag ";

/// Redshift Serverless in one account.
#[derive(Debug, Clone)]
pub struct Serverless {
    pub(crate) client: Client,
    pub(crate) owner: Owner,
    pub(crate) spec: ServerlessSpec,
    pub(crate) final_snapshot: Option<FinalSnapshot>,
}

/// What there is of a warehouse.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Observed {
    /// The namespace, if it is ours.
    pub namespace: Option<Namespace>,
    /// The workgroup, if it is ours.
    pub workgroup: Option<Workgroup>,
    /// The tags of each, where they were read.
    pub(crate) tags: [Option<Tags>; 2],
}

impl Observed {
    /// Namespace and workgroup, if SQL can be sent to them now. While one of them is
    /// being modified it cannot be told what the database holds; objects that a plan
    /// then takes for missing are compared when they turn out to be there.
    #[must_use]
    pub fn usable(&self) -> Option<(NamespaceOut, WorkgroupOut)> {
        let (namespace, workgroup) = (self.namespace.as_ref()?, self.workgroup.as_ref()?);
        let available = workgroup.status() == Some(&WorkgroupStatus::Available)
            && namespace.status() == Some(&NamespaceStatus::Available);
        available.then(|| (NamespaceOut::of(namespace), WorkgroupOut::of(workgroup)))
    }
}

/// The attached roles of a namespace, and whether each has arrived.
pub(crate) fn attached_roles(namespace: &Namespace) -> Vec<(String, bool)> {
    let roles = namespace.iam_roles().iter().map(|text| namespace::attached(text));
    roles.map(|role| (role.arn.to_owned(), role.in_sync)).collect()
}

/// A snapshot that outlives its namespace (`DeleteNamespace` of the API reference of
/// Redshift Serverless). It costs storage until it expires or is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalSnapshot {
    /// Its name, unique in account and region.
    pub name: String,
    /// Days to keep it; without them it is kept until somebody deletes it.
    pub days: Option<u32>,
}

/// What other resources wait for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ServerlessHandles {
    /// The namespace.
    pub namespace: Handle<NamespaceOut>,
    /// The workgroup; settled when SQL can be sent.
    pub workgroup: Handle<WorkgroupOut>,
}

/// What the warehouse needs from the network and the roles.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The role that is attached and default; none where
    /// [`attach`](Serverless::attach) is to do it.
    pub role: Option<Value<RoleArn>>,
    /// Three private subnets in three zones, or more.
    pub subnets: Vec<Value<SubnetId>>,
    /// The security groups of the workgroup.
    pub groups: Vec<Value<SecurityGroupId>>,
    /// What must be there before the workgroup is made.
    pub after: Vec<Ready>,
}

impl Serverless {
    /// Redshift Serverless as `config` reaches it.
    #[must_use]
    pub fn new(config: &SdkConfig, owner: Owner, spec: ServerlessSpec) -> Self {
        let client = Client::new(&xacct_converge::smithy::control_plane(config));
        Self {
            client,
            owner,
            spec,
            final_snapshot: None,
        }
    }

    /// Takes a snapshot of the namespace before it is removed.
    #[must_use]
    pub fn with_final_snapshot(mut self, snapshot: Option<FinalSnapshot>) -> Self {
        self.final_snapshot = snapshot;
        self
    }

    /// What it should be like.
    #[must_use]
    pub const fn spec(&self) -> &ServerlessSpec {
        &self.spec
    }

    /// Reads what there is, with at most four calls.
    ///
    /// # Errors
    /// [`Failure`] of a call, or of class `Terminal` where a name is taken by
    /// something that is not ours.
    pub async fn observe(&self, cx: &Context) -> Result<Observed, Failure> {
        let namespace = async {
            let found = self.get_namespace(cx).await?;
            let arn = found
                .as_ref()
                .and_then(Namespace::namespace_arn)
                .map(str::to_owned);
            let tags = self.check_owner(cx, NAMESPACE, arn, &self.spec.namespace).await?;
            Ok::<_, Failure>((found, tags))
        };
        let workgroup = async {
            let found = self.get_workgroup(cx).await?;
            let arn = found
                .as_ref()
                .and_then(Workgroup::workgroup_arn)
                .map(str::to_owned);
            let tags = self.check_owner(cx, WORKGROUP, arn, &self.spec.workgroup).await?;
            Ok::<_, Failure>((found, tags))
        };
        let ((namespace, of_namespace), (workgroup, of_workgroup)) =
            futures_util::try_join!(namespace, workgroup)?;
        Ok(Observed {
            namespace,
            workgroup,
            tags: [of_namespace, of_workgroup],
        })
    }

    /// Adds the namespace and the workgroup to `graph`.
    pub fn declare(&self, graph: &mut Graph, observed: &Observed, around: Surroundings) -> ServerlessHandles {
        let [of_namespace, of_workgroup] = observed.tags.clone();
        let namespace = namespace::NamespaceResource {
            service: self.clone(),
            seen: observed.namespace.clone(),
            tags: of_namespace,
            role: around.role,
        };
        let namespace = graph.add(NAMESPACE, namespace);
        let workgroup = workgroup::WorkgroupResource {
            service: self.clone(),
            seen: observed.workgroup.clone(),
            tags: of_workgroup,
            namespace: namespace.ready(),
            subnets: around.subnets,
            groups: around.groups,
            after: around.after,
        };
        ServerlessHandles {
            namespace,
            workgroup: graph.add(WORKGROUP, workgroup),
        }
    }

    pub(crate) async fn get_namespace(&self, cx: &Context) -> Result<Option<Namespace>, Failure> {
        let name = &self.spec.namespace;
        let call = cx.read("redshift-serverless:GetNamespace");
        let answer = call
            .run(|| self.client.get_namespace().namespace_name(name).send())
            .await;
        found(answer).map(|answer| answer.and_then(|answer| answer.namespace))
    }

    pub(crate) async fn get_workgroup(&self, cx: &Context) -> Result<Option<Workgroup>, Failure> {
        let name = &self.spec.workgroup;
        let call = cx.read("redshift-serverless:GetWorkgroup");
        let answer = call
            .run(|| self.client.get_workgroup().workgroup_name(name).send())
            .await;
        found(answer).map(|answer| answer.and_then(|answer| answer.workgroup))
    }

    /// Refuses what carries our name and not our tags.
    async fn check_owner(
        &self,
        cx: &Context,
        resource: &str,
        arn: Option<String>,
        name: &str,
    ) -> Result<Option<Tags>, Failure> {
        let Some(arn) = arn else { return Ok(None) };
        let call = cx.read("redshift-serverless:ListTagsForResource");
        let answer = call
            .run(|| self.client.list_tags_for_resource().resource_arn(&arn).send())
            .await?;
        let tags: Tags = answer
            .tags()
            .iter()
            .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
            .collect();
        if self.owner.owns(&tags, resource) {
            return Ok(Some(tags));
        }
        let message = format!(
            "{name} exists and does not belong to the pipeline {}: it lacks the tags that mark our own; \
             choose another pipeline name or remove it",
            self.owner.pipeline()
        );
        Err(Failure::terminal(
            "redshift-serverless:ListTagsForResource",
            message,
        ))
    }

    /// Tags of `resource` that are missing or were changed; tags of others stay.
    pub(crate) fn tag_reasons(&self, found: Option<&Tags>, resource: &str) -> Vec<Reason> {
        let Some(found) = found else { return Vec::new() };
        let differs = differing(&self.owner.tags(resource), found).into_iter();
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
    pub(crate) async fn retag(&self, arn: &str, reasons: &[Reason], cx: &Context) -> Result<(), Failure> {
        let named = reasons
            .iter()
            .filter_map(|reason| reason.attribute.strip_prefix(TAG).zip(reason.new.as_deref()));
        let tags = named
            .map(|(key, value)| built(key, value))
            .collect::<Result<Vec<Tag>, _>>()?;
        if tags.is_empty() {
            return Ok(());
        }
        let request = self.client.tag_resource().resource_arn(arn).set_tags(Some(tags));
        let call = cx.idempotent("redshift-serverless:TagResource").not_yet(BUSY);
        call.run(|| request.clone().send()).await.map(drop)
    }

    /// The tags of `resource` as this service takes them.
    pub(crate) fn tags(&self, resource: &str) -> Result<Vec<Tag>, Failure> {
        let tags = self.owner.tags(resource);
        tags.iter().map(|(key, value)| built(key, value)).collect()
    }
}

fn built(key: &str, value: &str) -> Result<Tag, Failure> {
    let built = Tag::builder().key(key).value(value).build();
    built.map_err(|error| Failure::bug("a tag could not be built").with_source(error))
}

/// `None` where the service says that there is no such thing.
pub(crate) fn found<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.is_code(&["ResourceNotFoundException"]) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A conflict that ends by itself: something else is still going on.
pub(crate) const BUSY: &[&str] = &["ConflictException"];

/// Tells a conflict over a name from one that ends by itself.
pub(crate) fn taken(failure: &Failure) -> bool {
    failure.is_code(BUSY) && failure.message().contains("already exists")
}
