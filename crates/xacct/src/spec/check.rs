//! Everything that can be known to be wrong before the first call.

use super::read::Problem;
use super::{PipelineSpec, TopicSpec};
use msk_serverless::error::SpecError as ClusterError;
use msk_serverless::quotas::Quotas;
use msk_serverless::spec::ClusterSpec;
use redshift_streaming::serverless::SpecError as WarehouseError;
use redshift_streaming::{Broker, create_parsed, create_quarantine, create_view};
use std::collections::BTreeSet;
use xacct_converge::explain;
use xacct_iam::RolePairSpec;
use xacct_net::{Egress, LinkSpec, SpecError as NetError};

/// Collects problems under field names.
#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, field: &str, why: impl std::fmt::Display) {
        self.0.push(Problem {
            field: field.to_owned(),
            why: why.to_string(),
        });
    }
}

impl PipelineSpec {
    /// The link between the two networks that this specification asks for.
    #[must_use]
    pub fn link(&self) -> LinkSpec {
        let mut link = LinkSpec::new(self.region.clone());
        link.source = self.source.network.clone();
        link.warehouse = self.warehouse.network.clone();
        link.base_capacity = self.warehouse.workgroup.base_capacity;
        link
    }

    /// Everything that is wrong and can be known without a call.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Found::default();
        self.check_accounts(&mut found);
        self.check_networks(&mut found);
        self.check_warehouse(&mut found);
        self.check_cluster(&mut found);
        self.check_views(&mut found);
        self.check_tags(&mut found);
        if let Err(invalid) = RolePairSpec::new(
            self.owner(),
            self.region.clone(),
            &self.source.account,
            &self.warehouse.account,
            &self.roles,
        ) {
            found.add("roles", invalid);
        }
        found.0
    }

    fn check_accounts(&self, found: &mut Found) {
        if self.source.account == self.warehouse.account {
            found.add(
                "warehouse.account",
                "is the source's account too: a pipeline joins two accounts",
            );
        }
        if let Some(arn) = &self.source.cluster.arn {
            if arn.account() != self.source.account {
                let why = format!(
                    "belongs to account {}, not to the source's {}",
                    arn.account(),
                    self.source.account
                );
                found.add("source.cluster.arn", why);
            }
            let why = "using an existing cluster is not supported yet: leave arn out and a cluster is made";
            found.add("source.cluster.arn", why);
        }
    }

    fn check_networks(&self, found: &mut Found) {
        let Err(errors) = self.link().resolve() else {
            return;
        };
        for error in errors.all() {
            found.add(network_field(error), error);
        }
    }

    fn check_warehouse(&self, found: &mut Found) {
        let Err(errors) = self.serverless().check(&self.region) else {
            return;
        };
        for error in errors.all() {
            let capacity = matches!(error, WarehouseError::Capacity { .. });
            // The network has said so already where no region offers it.
            if !capacity
                || xacct_net::layout::redshift_addresses(self.warehouse.workgroup.base_capacity).is_some()
            {
                let field = if capacity {
                    "warehouse.workgroup.base_capacity"
                } else {
                    "warehouse"
                };
                found.add(field, error);
            }
        }
    }

    fn check_cluster(&self, found: &mut Found) {
        let topics = self.topics();
        let mut names = BTreeSet::new();
        for topic in topics.iter().filter(|topic| !names.insert(topic.name.as_str())) {
            found.add("source.topic", format!("the topic {} is given twice", topic.name));
        }
        let settings: Vec<_> = topics.iter().map(TopicSpec::settings).collect();
        let cluster = ClusterSpec::of(&self.owner());
        let Err(errors) = cluster.check(&self.region, &settings, &Quotas::default()) else {
            return;
        };
        for error in errors.all() {
            let field = if matches!(error, ClusterError::Region { .. }) {
                "region"
            } else {
                "source.topic"
            };
            found.add(field, error);
        }
    }

    fn check_views(&self, found: &mut Found) {
        let topics: BTreeSet<String> = self
            .topics()
            .into_iter()
            .map(|topic| topic.name.to_string())
            .collect();
        let spec = self.streaming();
        let mut names = BTreeSet::new();
        for view in &spec.views {
            if !names.insert(view.name.folded()) {
                found.add(
                    "view.name",
                    format!("the view {} is given twice", view.name.as_str()),
                );
            }
            let topic = view.source.name();
            if !topics.contains(topic) {
                let known = topics.iter().cloned().collect::<Vec<_>>().join(", ");
                let name = view.name.as_str();
                let why =
                    format!("the view {name} reads {topic}, which is not a topic of the source ({known})");
                found.add("view.topic", why);
            }
            let beside = create_view(&spec, view).and_then(|created| {
                create_parsed(view, &created)?;
                create_quarantine(view, &created)
            });
            if let Err(error) = beside {
                found.add("view", explain(&error));
            }
        }
        let out = self.warehouse.network.egress(xacct_net::Side::Warehouse);
        if out == Egress::StsEndpoint && self.schema.broker == Broker::ClusterArn {
            let why = "cluster-arn needs a way to the MSK API, which egress = \"sts-endpoint\" does not give: \
                       write broker = \"address\", or egress = \"nat\"";
            found.add("schema.broker", why);
        }
    }

    fn check_tags(&self, found: &mut Found) {
        for (key, value) in &self.tags {
            if key.starts_with("aws:") || key.starts_with("xacct:") {
                found.add("tags", format!("the key {key} is reserved"));
            }
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                found.add(
                    "tags",
                    format!("the tag {key} must have 1 to 128 characters, its value at most 256"),
                );
            }
        }
        if self.tags.len() > 40 {
            found.add("tags", "at most 40 tags leave room for ours among AWS's 50");
        }
    }
}

fn network_field(error: &NetError) -> &'static str {
    match error {
        NetError::Capacity { .. } => "warehouse.workgroup.base_capacity",
        NetError::Overlap { .. } => "source.network.cidr",
        _ => "network",
    }
}
