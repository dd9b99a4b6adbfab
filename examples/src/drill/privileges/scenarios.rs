//! The work that the policies are for, done once as an administrator, with what it needed.

use crate::drill::{Ground, Trouble};
use serde_json::{Value as Json, json};
use std::time::Duration;
use xacct::Deployment;
use xacct_sim::Sim;
use xacct_sim::audit::Needed;

/// What AWS's sources disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What `iam:PassedToService` says when a role is handed to Redshift.
    pub passed_to: Option<&'static str>,
    /// Whether asking for brokers is judged for the cluster.
    pub brokers_of_cluster: bool,
    /// Whether EC2 judges resources that its reference lists as optional.
    pub optional_resources: bool,
}

impl Settings {
    /// Every setting that is tried: each side of each question at least once.
    pub const ALL: [Self; 3] = [
        Self {
            passed_to: Some("redshift-serverless.amazonaws.com"),
            brokers_of_cluster: true,
            optional_resources: true,
        },
        Self {
            passed_to: Some("redshift.amazonaws.com"),
            brokers_of_cluster: false,
            optional_resources: false,
        },
        Self {
            passed_to: None,
            brokers_of_cluster: false,
            optional_resources: true,
        },
    ];
}

/// A piece of work, the policies that must be enough for it, and what it needed.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What was done.
    pub name: &'static str,
    /// Names of policies, or their beginnings, without the side.
    pub policies: &'static [&'static str],
    /// Every permission.
    pub needed: Vec<Needed>,
}

const READ: &[&str] = &["deployer-read"];
const DEPLOY: &[&str] = &["deployer-read", "deployer-create"];
const REPAIR: &[&str] = &["deployer-read", "deployer-create", "deployer-update"];
const DESTROY: &[&str] = &["deployer-read", "deployer-destroy"];

/// Until everybody sees a change.
const SETTLED: Duration = Duration::from_secs(1_200);

/// Does everything in a world of these settings.
///
/// # Errors
/// Where something fails.
pub(super) fn record(ground: &Ground, settings: Settings) -> Result<Vec<Scenario>, Trouble> {
    let sim = ground.world(7).build();
    sim.configure(|all| {
        all.audit = true;
        all.passed_to_service = settings.passed_to.map(str::to_owned);
        all.bootstrap_brokers_of_cluster = settings.brokers_of_cluster;
        all.optional_resources_count = settings.optional_resources;
    });
    let mut work = Work {
        ground,
        sim,
        done: Vec::new(),
    };
    work.plan("plan from nothing")?;
    let deployment = work.deploy("deploy", DEPLOY)?;
    work.plan("plan again")?;
    work.verify()?;
    let changes = changes(&work.sim, &deployment)?;
    for change in changes {
        work.wait();
        change(&work.sim)?;
        work.wait();
        work.verify()?;
        work.deploy("repair", REPAIR)?;
    }
    for account in ground.accounts() {
        tidy(&work.sim, &account)?;
    }
    work.wait();
    work.destroy()?;
    Ok(work.done)
}

struct Work<'a> {
    ground: &'a Ground,
    sim: Sim,
    done: Vec<Scenario>,
}

impl Work<'_> {
    /// What the deployer needed; what Redshift needed on the way is a scenario of its own.
    fn note(&mut self, name: &'static str, policies: &'static [&'static str]) {
        let (own, services): (Vec<Needed>, Vec<Needed>) = self
            .sim
            .needed()
            .into_iter()
            .partition(|needed| !needed.principal.contains(":assumed-role/"));
        self.done.push(Scenario {
            name,
            policies,
            needed: own,
        });
        for (role, policy) in [("source-role", "stream"), ("warehouse-role", "warehouse")] {
            let by_role = |needed: &&Needed| {
                let is_warehouse = needed.action == "sts:AssumeRole";
                (policy == "warehouse") == is_warehouse
            };
            let needed: Vec<Needed> = services.iter().filter(by_role).cloned().collect();
            if !needed.is_empty() {
                let policies: &'static [&'static str] = if role == "source-role" {
                    &["source-role"]
                } else {
                    &["warehouse-role"]
                };
                self.done.push(Scenario {
                    name: "refresh",
                    policies,
                    needed,
                });
            }
        }
    }

    fn plan(&mut self, name: &'static str) -> Result<(), Trouble> {
        let (ground, sim) = (self.ground, &self.sim);
        sim.run(async { ground.pipeline(sim).await?.plan().await })?;
        self.note(name, READ);
        Ok(())
    }

    fn verify(&mut self) -> Result<(), Trouble> {
        let (ground, sim) = (self.ground, &self.sim);
        sim.run(async { ground.pipeline(sim).await?.verify().await })?;
        self.note("verify", READ);
        Ok(())
    }

    fn deploy(
        &mut self,
        name: &'static str,
        policies: &'static [&'static str],
    ) -> Result<Deployment, Trouble> {
        let (ground, sim) = (self.ground, &self.sim);
        let deployment = sim.run(async { ground.pipeline(sim).await?.deploy().await })?;
        self.note(name, policies);
        Ok(deployment)
    }

    fn destroy(&mut self) -> Result<(), Trouble> {
        let (ground, sim) = (self.ground, &self.sim);
        sim.run(async { ground.pipeline(sim).await?.destroy().await })?;
        self.note("destroy", DESTROY);
        Ok(())
    }

    fn wait(&self) {
        // The simulator's own runtime: virtual time jumps.
        #[expect(clippy::disallowed_methods, reason = "this is the simulator's clock")]
        self.sim.run(async { tokio::time::sleep(SETTLED).await });
    }
}

type Change = Box<dyn Fn(&Sim) -> Result<(), Trouble>>;

/// What somebody else changes by hand, a handful at a time.
fn changes(_: &Sim, deployment: &Deployment) -> Result<Vec<Change>, Trouble> {
    let outputs = deployment.outputs().clone();
    let link = outputs.network.clone();
    let (source, warehouse) = (
        outputs.source.account.to_string(),
        outputs.warehouse.account.to_string(),
    );
    let network: Change = {
        let (link, source, warehouse) = (link.clone(), source.clone(), warehouse.clone());
        Box::new(move |sim| {
            for (account, network, peer) in [
                (&source, &link.source, &link.warehouse),
                (&warehouse, &link.warehouse, &link.source),
            ] {
                let subnet = network.private_subnets[0].id.to_string();
                let (table, association) = table_of(sim, account, &subnet)?;
                // One route leads elsewhere, one subnet uses another table.
                let other = call(sim, account, "ec2", "CreateInternetGateway", json!({}))?;
                let gateway = match sim.call(account, "ec2", "AttachInternetGateway", json!({
                    "InternetGatewayId": other["internetGateway"]["internetGatewayId"], "VpcId": network.vpc.id })) {
                    Ok(_) => other["internetGateway"]["internetGatewayId"].clone(),
                    Err(_) => call(sim, account, "ec2", "DescribeInternetGateways", json!({}))?["internetGatewaySet"][0]["internetGatewayId"].clone(),
                };
                call(
                    sim,
                    account,
                    "ec2",
                    "ReplaceRoute",
                    json!({
                    "RouteTableId": table, "DestinationCidrBlock": peer.vpc.cidr, "GatewayId": gateway }),
                )?;
                let stray = call(
                    sim,
                    account,
                    "ec2",
                    "CreateRouteTable",
                    json!({ "VpcId": network.vpc.id }),
                )?;
                call(
                    sim,
                    account,
                    "ec2",
                    "ReplaceRouteTableAssociation",
                    json!({
                    "AssociationId": association, "RouteTableId": stray["routeTable"]["routeTableId"] }),
                )?;
            }
            for (account, group, egress) in [
                (&source, link.cluster_group.to_string(), false),
                (&source, link.client_group.to_string(), true),
                (&warehouse, link.workgroup_group.to_string(), false),
                (&warehouse, link.workgroup_group.to_string(), true),
            ] {
                let operation = if egress {
                    "AuthorizeSecurityGroupEgress"
                } else {
                    "AuthorizeSecurityGroupIngress"
                };
                let strange = json!([{ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                    "IpRanges": [{ "CidrIp": "192.168.0.0/16" }] }]);
                call(
                    sim,
                    account,
                    "ec2",
                    operation,
                    json!({ "GroupId": group, "IpPermissions": strange }),
                )?;
            }
            call(
                sim,
                &warehouse,
                "route53resolver",
                "UpdateResolverRule",
                json!({
                "ResolverRuleId": link.rule, "Config": { "TargetIps": [{ "Ip": "192.168.1.1", "Port": 53 }] } }),
            )?;
            Ok(())
        })
    };
    let roles: Change = {
        let roles = [
            (source.clone(), outputs.source.reader_role.name().to_owned()),
            (warehouse.clone(), outputs.warehouse.role.name().to_owned()),
        ];
        Box::new(move |sim| {
            for (account, role) in &roles {
                let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                    "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
                let none = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                    "Action": "s3:GetObject", "Resource": "*" }] });
                call(
                    sim,
                    account,
                    "iam",
                    "UpdateAssumeRolePolicy",
                    json!({
                    "RoleName": role, "PolicyDocument": trust.to_string() }),
                )?;
                call(
                    sim,
                    account,
                    "iam",
                    "UpdateRole",
                    json!({ "RoleName": role, "Description": "somebody else's" }),
                )?;
                call(
                    sim,
                    account,
                    "iam",
                    "TagRole",
                    json!({ "RoleName": role, "Tags": [{ "Key": "Name", "Value": "other" }] }),
                )?;
                let listed = call(
                    sim,
                    account,
                    "iam",
                    "ListRolePolicies",
                    json!({ "RoleName": role }),
                )?;
                let name = listed["PolicyNames"][0].clone();
                call(
                    sim,
                    account,
                    "iam",
                    "PutRolePolicy",
                    json!({
                    "RoleName": role, "PolicyName": name, "PolicyDocument": none.to_string() }),
                )?;
            }
            Ok(())
        })
    };
    let service: Change = {
        let (namespace, workgroup) = (
            outputs.warehouse.namespace.name.clone(),
            outputs.warehouse.workgroup.name.clone(),
        );
        let warehouse = warehouse.clone();
        Box::new(move |sim| {
            call(
                sim,
                &warehouse,
                "redshift-serverless",
                "UpdateWorkgroup",
                json!({
                "workgroupName": workgroup, "baseCapacity": 64 }),
            )?;
            let _ = namespace.len();
            Ok(())
        })
    };
    let namespace: Change = {
        let namespace = outputs.warehouse.namespace.name.clone();
        Box::new(move |sim| {
            call(
                sim,
                &warehouse,
                "redshift-serverless",
                "UpdateNamespace",
                json!({
                "namespaceName": namespace, "iamRoles": [], "defaultIamRoleArn": "" }),
            )?;
            Ok(())
        })
    };
    Ok(vec![network, roles, service, namespace])
}

/// Takes away what the changes left behind; somebody else's, it would hold the network.
fn tidy(sim: &Sim, account: &str) -> Result<(), Trouble> {
    let untagged = |one: &&Json| one["tagSet"].as_array().is_none_or(Vec::is_empty);
    let tables = call(sim, account, "ec2", "DescribeRouteTables", json!({}))?;
    for table in tables["routeTableSet"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(untagged)
    {
        // The main table of a VPC cannot be deleted, and goes with it.
        let _ = sim.call(
            account,
            "ec2",
            "DeleteRouteTable",
            json!({ "RouteTableId": table["routeTableId"] }),
        );
    }
    let gateways = call(sim, account, "ec2", "DescribeInternetGateways", json!({}))?;
    for gateway in gateways["internetGatewaySet"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(untagged)
    {
        let id = &gateway["internetGatewayId"];
        for attached in gateway["attachmentSet"].as_array().into_iter().flatten() {
            let both = json!({ "InternetGatewayId": id, "VpcId": attached["vpcId"] });
            call(sim, account, "ec2", "DetachInternetGateway", both)?;
        }
        call(
            sim,
            account,
            "ec2",
            "DeleteInternetGateway",
            json!({ "InternetGatewayId": id }),
        )?;
    }
    Ok(())
}

fn call(sim: &Sim, account: &str, service: &str, operation: &str, params: Json) -> Result<Json, Trouble> {
    let answer = sim.call(account, service, operation, params);
    answer.map_err(|error| format!("{operation}: {} {}", error.code, error.message).into())
}

/// The route table of a subnet, and the association between them.
fn table_of(sim: &Sim, account: &str, subnet: &str) -> Result<(Json, Json), Trouble> {
    let filter = json!({ "Filter": [{ "Name": "association.subnet-id", "Value": [subnet] }] });
    let found = call(sim, account, "ec2", "DescribeRouteTables", filter)?;
    let table = &found["routeTableSet"][0];
    let associations = table["associationSet"].as_array().into_iter().flatten();
    let mut ours = associations.filter(|association| association["subnetId"] == subnet);
    let association = ours.next().ok_or("the subnet has no route table")?;
    Ok((
        table["routeTableId"].clone(),
        association["routeTableAssociationId"].clone(),
    ))
}
