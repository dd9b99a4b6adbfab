//! What an account holds, in a form that can be compared: no physical ids, no tombstones, no service-linked roles.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::clock::SimTime;
use crate::world::{AccountState, World};

/// One live resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resource {
    /// Kind, such as `ec2:vpc`.
    pub kind: String,
    /// Owner name: the pipeline's tags, else the `Name` tag, else the resource's own name.
    pub name: String,
    /// What it is made of, with ids replaced by owner names.
    pub attributes: Value,
}

/// Every live resource of an account, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Inventory {
    /// The resources, ordered by kind, name and attributes.
    pub resources: Vec<Resource>,
}

impl Inventory {
    /// How many resources there are.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }
}

/// Takes resources from the services and replaces ids by names at the end.
#[derive(Debug, Default)]
pub struct Collector {
    names: BTreeMap<String, String>,
    found: Vec<Resource>,
}

impl Collector {
    /// Adds a live resource. `id` is its physical id or ARN; wherever it stands in attributes it becomes `kind/name`.
    pub fn add(&mut self, kind: &str, id: &str, name: &str, attributes: Value) {
        self.alias(id, &format!("{kind}/{name}"));
        self.found.push(Resource {
            kind: kind.to_owned(),
            name: name.to_owned(),
            attributes,
        });
    }

    /// Another id that must not show: an address, an ARN, a rule id.
    pub fn alias(&mut self, id: &str, shown: &str) {
        self.names.insert(id.to_owned(), shown.to_owned());
    }

    /// The finished inventory.
    pub fn finish(self) -> Inventory {
        // Longest first: an ARN contains the id of its resource.
        let mut names: Vec<(String, String)> =
            self.names.into_iter().filter(|(id, _)| !id.is_empty()).collect();
        names.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        let mut resources = self.found;
        for resource in &mut resources {
            replace(&mut resource.attributes, &names);
        }
        resources.sort_by_cached_key(|resource| {
            (
                resource.kind.clone(),
                resource.name.clone(),
                resource.attributes.to_string(),
            )
        });
        Inventory { resources }
    }
}

fn replace(value: &mut Value, names: &[(String, String)]) {
    match value {
        Value::String(text) => {
            for (id, name) in names {
                if text.contains(id.as_str()) {
                    *text = text.replace(id.as_str(), name);
                }
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| replace(item, names));
            // Services keep many lists in the order of physical ids.
            items.sort_by_cached_key(Value::to_string);
        }
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, names)),
        _ => {}
    }
}

/// The owner name that tags give: `pipeline/resource` of the pipeline's tags, else `Name`.
pub fn name_of_tags<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Option<String> {
    let (mut pipeline, mut resource, mut name) = (None, None, None);
    for (key, value) in tags {
        match key.as_str() {
            "xacct:pipeline" => pipeline = Some(value),
            "xacct:resource" => resource = Some(value),
            "Name" => name = Some(value),
            _ => {}
        }
    }
    match (pipeline, resource) {
        (Some(pipeline), Some(resource)) => Some(format!("{pipeline}/{resource}")),
        _ => name.cloned(),
    }
}

/// Collects the live resources of one account.
pub(crate) fn of(world: &World, account: &AccountState, now: SimTime) -> Inventory {
    let mut out = Collector::default();
    crate::ec2::inventory(world, account, now, &mut out);
    crate::iam::inventory(world, &account.iam, &mut out);
    crate::resolver::inventory(world, &account.resolver, &mut out);
    crate::msk::inventory(&account.msk, now, &mut out);
    crate::serverless::inventory(&account.serverless, now, &mut out);
    crate::data::inventory(account, now, &mut out);
    topics(world, account, now, &mut out);
    out.finish()
}

/// Topics of the account's clusters. Records are not counted: they are the user's, not the deployment's.
fn topics(world: &World, account: &AccountState, now: SimTime, out: &mut Collector) {
    for cluster in account
        .msk
        .clusters
        .values()
        .filter(|cluster| cluster.exists(now) && cluster.gone_at.is_none())
    {
        for (name, topic) in world.kafka.topics(&cluster.arn) {
            let what = serde_json::json!({ "cluster": cluster.arn, "partitions": topic.partitions.len() });
            out.add("kafka:topic", &format!("{}#{name}", cluster.arn), name, what);
        }
    }
}
