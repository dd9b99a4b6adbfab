//! Resource templates of the table made into ARNs, and what is known about the resources.

use serde_json::Value;

use crate::ec2::peering;
use crate::world::World;

/// The call for which templates are expanded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) world: &'a World,
    pub(super) account: &'a str,
    pub(super) params: &'a Value,
}

impl Place<'_> {
    /// The resources that a template stands for; none if it is optional and its parameter is absent.
    pub(super) fn expand(&self, template: &str) -> Vec<String> {
        let (optional, template) = match template.strip_prefix('?') {
            Some(rest) => (true, rest),
            None => (false, template),
        };
        if template == "*" {
            return vec!["*".to_owned()];
        }
        if let Some(parameter) = template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            return self
                .given(parameter)
                .into_iter()
                .map(|given| self.arn_of(&given))
                .collect();
        }
        let Some((service, resource)) = template.split_once(':') else {
            return Vec::new();
        };
        match resource.split_once('/') {
            Some(("topic", _)) => self.topic(resource),
            Some((kind, rest)) => self.named(service, kind, rest, optional),
            None => Vec::new(),
        }
    }

    fn named(&self, service: &str, kind: &str, rest: &str, optional: bool) -> Vec<String> {
        let Some((before, parameter, after)) = hole(rest) else {
            return vec![self.arn(service, &format!("{kind}/{rest}"))];
        };
        let given = self.given(parameter);
        if given.is_empty() && !optional {
            // Without a name AWS judges "any of this kind".
            return vec![self.arn(service, &format!("{kind}/*"))];
        }
        given
            .into_iter()
            .map(|name| match service {
                "iam" => self.iam_arn(kind, &format!("{before}{name}{after}")),
                "redshift-serverless" => self.serverless_arn(kind, &name),
                "ec2" if parameter == "AssociationId" => {
                    let (table, subnet) = self.association(&name);
                    let id = if kind == "subnet" { subnet } else { table };
                    self.arn("ec2", &format!("{kind}/{id}"))
                }
                "route53resolver" if parameter == "ResolverRuleAssociationId" => {
                    self.arn(service, &format!("{kind}/{}", self.rule_of_association(&name)))
                }
                _ => self.arn(service, &format!("{kind}/{before}{name}{after}")),
            })
            .collect()
    }

    /// Values of a parameter; a dotted path reaches into structures and lists of them.
    pub(super) fn given(&self, path: &str) -> Vec<String> {
        let mut values = vec![self.params];
        for step in path.split('.') {
            values = values
                .into_iter()
                .flat_map(|value| match value {
                    Value::Array(items) => items.iter().collect::<Vec<_>>(),
                    one => vec![one],
                })
                .filter_map(|value| value.get(step))
                .collect();
        }
        let mut found = Vec::new();
        for value in values {
            match value {
                Value::String(text) => found.push(text.clone()),
                Value::Array(items) => {
                    found.extend(items.iter().filter_map(Value::as_str).map(str::to_owned))
                }
                _ => {}
            }
        }
        found
    }

    /// An ARN in this account; IAM's have no region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region) = (
            self.world.settings.partition(),
            self.world.settings.region.as_str(),
        );
        let region = if service == "iam" { "" } else { region };
        format!("arn:{partition}:{service}:{region}:{}:{resource}", self.account)
    }

    /// A parameter that is an ARN already, or the id of an EC2 resource.
    fn arn_of(&self, given: &str) -> String {
        if given.starts_with("arn:") {
            return given.to_owned();
        }
        self.arn("ec2", &format!("{}/{given}", ec2_kind(given)))
    }

    /// Roles and users by their ARN, path included; those to be made by the path asked for.
    fn iam_arn(&self, kind: &str, name: &str) -> String {
        let state = self.world.account(self.account).map(|account| &account.iam);
        let known = match kind {
            "role" => state
                .and_then(|state| state.role(name))
                .map(|role| role.arn.clone()),
            "user" => state
                .and_then(|state| state.user(name))
                .map(|user| user.arn.clone()),
            _ => None,
        };
        let path = self.params.get("Path").and_then(Value::as_str).unwrap_or("/");
        known.unwrap_or_else(|| self.arn("iam", &format!("{kind}{path}{name}")))
    }

    /// Namespaces and workgroups are named in calls but have ids in ARNs.
    fn serverless_arn(&self, kind: &str, name: &str) -> String {
        let state = self
            .world
            .account(self.account)
            .map(|account| &account.serverless);
        let known = match kind {
            "namespace" => state
                .and_then(|state| state.namespace(name))
                .map(|namespace| namespace.arn.clone()),
            _ => state
                .and_then(|state| state.workgroup(name))
                .map(|workgroup| workgroup.arn.clone()),
        };
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        known.unwrap_or_else(|| self.arn("redshift-serverless", &format!("{kind}/*")))
    }

    fn topic(&self, template: &str) -> Vec<String> {
        let topic = self
            .given("topicName")
            .into_iter()
            .next()
            .filter(|_| template.ends_with("{topicName}"));
        let topic = topic.unwrap_or_else(|| "*".to_owned());
        let clusters = self.given("clusterArn").into_iter();
        clusters
            .map(|arn| format!("{}/{topic}", arn.replacen(":cluster/", ":topic/", 1)))
            .collect()
    }

    /// Route table and subnet of an association.
    fn association(&self, id: &str) -> (String, String) {
        let tables = self
            .world
            .account(self.account)
            .map(|account| &account.ec2.route_tables);
        let mut all = tables
            .into_iter()
            .flat_map(|tables| tables.values())
            .flat_map(|table| {
                table
                    .associations
                    .iter()
                    .map(move |association| (table, association))
            });
        let any = || "*".to_owned();
        all.find(|(_, association)| association.id == id).map_or_else(
            || (any(), any()),
            |(table, association)| (table.id.clone(), association.subnet.clone().unwrap_or_else(any)),
        )
    }

    fn rule_of_association(&self, id: &str) -> String {
        let resolver = self.world.account(self.account).map(|account| &account.resolver);
        let found = resolver.and_then(|resolver| resolver.associations.get(id));
        found.map_or_else(|| "*".to_owned(), |association| association.rule.clone())
    }

    /// Tags of an existing resource.
    pub(super) fn tags_of(&self, arn: &str) -> Vec<(String, String)> {
        let Some(account) = self.world.account(self.account) else {
            return Vec::new();
        };
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, _, _, resource] = parts[..] else {
            return Vec::new();
        };
        let id = resource.rsplit('/').next().unwrap_or_default();
        let found = match service {
            "ec2" => account.ec2.tags_of(id),
            "iam" if resource.starts_with("role/") => account.iam.role_by_arn(arn).map(|role| &role.tags),
            "iam" if resource.starts_with("user/") => account.iam.user_by_arn(arn).map(|user| &user.tags),
            "iam" => account.iam.policies.get(arn).map(|policy| &policy.tags),
            "route53resolver" => account.resolver.tags.get(arn),
            "kafka" => account.msk.cluster(arn).map(|cluster| &cluster.tags),
            "redshift-serverless" => account.serverless.tags.get(arn),
            _ => None,
        };
        found
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The VPCs of a peering, requester first, as ARNs (condition keys `ec2:RequesterVpc` and `ec2:AccepterVpc`).
    pub(super) fn ends_of(&self, arn: &str) -> Option<(String, String)> {
        let id = arn
            .splitn(6, ':')
            .nth(5)?
            .strip_prefix("vpc-peering-connection/")?;
        let pcx = peering::by_id(self.world, id)?;
        let settings = &self.world.settings;
        let vpc = |side: &crate::ec2::state::Side| {
            let (partition, region) = (settings.partition(), &settings.region);
            format!("arn:{partition}:ec2:{region}:{}:vpc/{}", side.account, side.vpc)
        };
        Some((vpc(&pcx.requester), vpc(&pcx.accepter)))
    }

    /// The VPC that an EC2 resource belongs to, as an ARN (condition key `ec2:Vpc`).
    pub(super) fn vpc_of(&self, arn: &str) -> Option<String> {
        let ec2 = &self.world.account(self.account)?.ec2;
        let (kind, id) = arn.splitn(6, ':').nth(5)?.split_once('/')?;
        let vpc = match kind {
            "subnet" => &ec2.subnets.get(id)?.vpc,
            "route-table" => &ec2.route_tables.get(id)?.vpc,
            "security-group" => &ec2.security_groups.get(id)?.vpc,
            "natgateway" => &ec2.nat_gateways.get(id)?.vpc,
            "network-interface" => &ec2.enis.get(id)?.vpc,
            _ => return None,
        };
        Some(self.arn("ec2", &format!("vpc/{vpc}")))
    }
}

/// `a/{Name}/b` as `("a/", "Name", "/b")`.
fn hole(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (parameter, after) = rest.split_once('}')?;
    Some((before, parameter, after))
}

/// The resource type in ARNs by the prefix of an id.
pub(super) fn ec2_kind(id: &str) -> &'static str {
    match id.split('-').next().unwrap_or_default() {
        "vpc" => "vpc",
        "subnet" => "subnet",
        "rtb" => "route-table",
        "igw" => "internet-gateway",
        "eipalloc" => "elastic-ip",
        "nat" => "natgateway",
        "sg" => "security-group",
        "sgr" => "security-group-rule",
        "acl" => "network-acl",
        "eni" => "network-interface",
        "vpce" => "vpc-endpoint",
        "pcx" => "vpc-peering-connection",
        _ => "*",
    }
}
