//! What a fleet is made of: one description of what is shared, and tenants.

use crate::spec::{PipelineSpec, TopicSpec};
use redshift_streaming::ddl::Identifier;
use redshift_streaming::{SchemaSpec, ViewSource, ViewSpec};
use std::collections::BTreeMap;
use xacct_converge::{Finding, Report};
use xacct_iam::spec::RolePath;
use xacct_types::{Invalid, Owner, PipelineName, TopicName};

/// Many pipelines over shared networks, clusters and workgroups.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FleetSpec {
    /// The fleet's name, region and accounts, and what every cell of it is like:
    /// networks, capacity, database, tags. Has no topics and views of its own.
    pub shared: PipelineSpec,
    /// The tenants, in the order in which they are given places.
    pub tenants: Vec<Tenant>,
}

/// One tenant: its own topics, schema, views and roles.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tenant {
    /// Together with the fleet's name and a hyphen at most 24 characters; does not
    /// begin with `cell-`.
    pub name: PipelineName,
    /// Its topics. Default: one, with the tenant's name.
    pub topics: Vec<TopicSpec>,
    /// Its external schema. Default: the tenant's name, hyphens as underscores.
    pub schema: Option<SchemaSpec>,
    /// Its views. Default: one over the first topic, `<schema>_events`.
    pub views: Vec<ViewSpec>,
}

impl Tenant {
    /// A tenant with every default.
    #[must_use]
    pub const fn new(name: PipelineName) -> Self {
        Self {
            name,
            topics: Vec::new(),
            schema: None,
            views: Vec::new(),
        }
    }

    /// Adds a topic; the first one replaces the default.
    #[must_use]
    pub fn with_topic(mut self, topic: TopicSpec) -> Self {
        self.topics.push(topic);
        self
    }

    /// Another external schema.
    #[must_use]
    pub fn with_schema(mut self, schema: SchemaSpec) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Adds a view; the first one replaces the default.
    #[must_use]
    pub fn with_view(mut self, view: ViewSpec) -> Self {
        self.views.push(view);
        self
    }
}

impl FleetSpec {
    /// A fleet without tenants yet.
    #[must_use]
    pub const fn new(shared: PipelineSpec) -> Self {
        Self {
            shared,
            tenants: Vec::new(),
        }
    }

    /// Adds a tenant.
    #[must_use]
    pub fn with_tenant(mut self, tenant: Tenant) -> Self {
        self.tenants.push(tenant);
        self
    }

    /// The tenant of this name.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.name.as_str() == name)
    }

    /// Everything that is wrong and can be known without a call.
    #[must_use]
    pub fn problems(&self) -> Report {
        let mut report = Report::default();
        let mut say = |what: &str, why: String, mend: &str| report.find(Finding::error(what, why, mend));
        for problem in self.shared.problems() {
            say(
                &problem.field,
                problem.why,
                "correct the shared part of the fleet",
            );
        }
        if !self.shared.source.topics.is_empty() || !self.shared.views.is_empty() {
            let why = "the shared part has topics or views, which nobody would own".to_owned();
            say("shared", why, "give them to a tenant");
        }
        let mut taken: BTreeMap<(&str, String), &str> = BTreeMap::new();
        for tenant in &self.tenants {
            let name = tenant.name.as_str();
            let spec = match self.of(tenant) {
                Ok(spec) => spec,
                Err(invalid) => {
                    say(name, invalid.to_string(), "choose a shorter or other name");
                    continue;
                }
            };
            let shared = self.shared.problems();
            for problem in spec.problems().into_iter().filter(|p| !shared.contains(p)) {
                say(
                    name,
                    format!("{}: {}", problem.field, problem.why),
                    "correct the tenant",
                );
            }
            for (kind, used) in names(&spec) {
                if let Some(other) = taken.insert((kind, used.clone()), name) {
                    let why = format!("the {kind} {used} belongs to {other} already");
                    say(name, why, "give each tenant names of its own");
                }
            }
        }
        report
    }

    /// A tenant as the pipeline that it would be without the others.
    pub(super) fn of(&self, tenant: &Tenant) -> Result<PipelineSpec, Invalid> {
        let name = tenant.name.as_str();
        if name.starts_with("cell-") {
            return Err(Invalid::new(
                "tenant name",
                name,
                "begins with cell-, as shared parts do",
            ));
        }
        let mut spec = self.shared.clone();
        spec.name = PipelineName::new(format!("{}-{name}", self.shared.name))?;
        spec.source.topics.clone_from(&tenant.topics);
        if spec.source.topics.is_empty() {
            spec.source.topics.push(TopicSpec::new(TopicName::new(name)?));
        }
        let plain = name.replace('-', "_");
        spec.schema = match &tenant.schema {
            Some(schema) => schema.clone(),
            None => SchemaSpec::new(Identifier::new(&plain)?).with_broker(self.shared.schema.broker),
        };
        spec.views.clone_from(&tenant.views);
        if let (true, Some(topic)) = (spec.views.is_empty(), spec.source.topics.first()) {
            let name = Identifier::new(format!("{plain}_events"))?;
            spec.views
                .push(ViewSpec::new(name, ViewSource::Topic(topic.name.clone())));
        }
        Ok(spec)
    }

    /// Who owns what the tenants of a cell share.
    pub(super) fn cell_owner(&self, cell: u32) -> Result<Owner, Invalid> {
        let name = PipelineName::new(format!("{}-cell-{cell}", self.shared.name))?;
        Ok(Owner::new(name).with_tags(self.shared.tags.clone()))
    }

    /// The path of all roles of the fleet, or of those in one cell.
    pub(super) fn role_path(&self, cell: Option<u32>) -> Result<RolePath, Invalid> {
        let cell = cell.map(|cell| format!("cell-{cell}/")).unwrap_or_default();
        RolePath::new(format!("/xacct/{}/{cell}", self.shared.name))
    }
}

/// The names that no two tenants may share.
fn names(spec: &PipelineSpec) -> Vec<(&'static str, String)> {
    let mut names = vec![
        ("tenant", spec.name.to_string()),
        ("external schema", spec.schema.name.folded().as_str().to_owned()),
    ];
    names.extend(
        spec.source
            .topics
            .iter()
            .map(|topic| ("topic", topic.name.to_string())),
    );
    for view in &spec.views {
        let all = [Some(&view.name), view.quarantine.as_ref()];
        names.extend(
            all.into_iter()
                .flatten()
                .map(|name| ("view", name.folded().as_str().to_owned())),
        );
    }
    names
}
