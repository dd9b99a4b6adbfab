//! Whatever somebody changes by hand is in the plan, is put back, and nothing else is touched.
//!
//! Every case is one row: what a person does behind our back, the plan that must
//! follow, printed, and the calls that put it back. Around each row the same is
//! asserted: planning only reads, within the budget of reads; afterwards the
//! inventories are those of before, `verify` finds nothing, and a further plan
//! is empty.

mod doubles;
mod links;
mod network;
mod roles;
mod specs;
mod sql;
mod stream;
mod upgrade;
mod warehouse;

use crate::world::{SOURCE, WAREHOUSE, World};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;
use xacct::{Change, Deployment, Outputs, Plan, explain};
use xacct_sim::Outcome;

/// The most calls that a plan may read with, both accounts together.
const READS: usize = 45;

/// One row.
pub(crate) struct Case {
    /// What somebody does.
    pub(crate) what: &'static str,
    pub(crate) change: fn(&Stage),
    /// The plan as it is printed, without its last line; ids are shown as names.
    pub(crate) plan: &'static str,
    /// The calls that put it back, in alphabetical order.
    pub(crate) writes: &'static str,
    /// Takes away what is not ours and stays, before inventories are compared.
    pub(crate) afterwards: fn(&Stage),
}

/// A deployed world, and how its ids read.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) outputs: Outputs,
    /// Of everything that ever was, by id.
    names: BTreeMap<String, String>,
    /// Of what stood when the last row began, by name.
    ids: BTreeMap<String, String>,
}

impl Stage {
    pub(crate) fn of(world: World) -> Self {
        let outputs = world.deploy().outputs().clone();
        let mut stage = Self {
            world,
            outputs,
            names: BTreeMap::new(),
            ids: BTreeMap::new(),
        };
        stage.begin();
        stage
    }

    pub(crate) fn new() -> Self {
        Self::of(World::new())
    }

    pub(crate) fn ec2(&self, account: &str, operation: &str, params: Json) -> Json {
        self.world.ec2(account, operation, params)
    }

    /// The id of one of our resources.
    pub(crate) fn id(&self, resource: &str) -> String {
        let found = self.ids.get(resource);
        found.unwrap_or_else(|| panic!("no {resource}")).clone()
    }

    /// Takes what stands now for what is right.
    fn begin(&mut self) {
        let known = std::mem::take(&mut self.names);
        self.learn();
        self.ids = self
            .names
            .iter()
            .map(|(id, name)| (name.clone(), id.clone()))
            .collect();
        for (id, name) in known {
            self.names.entry(id).or_insert(name);
        }
    }

    /// Lets what was changed arrive everywhere.
    pub(crate) fn arrive(&self) {
        self.world
            .sim
            .run(async { tokio::time::sleep(Duration::from_secs(900)).await });
    }

    /// Learns the names of everything that exists now; what is gone keeps its name.
    fn learn(&mut self) {
        for account in [SOURCE, WAREHOUSE] {
            for key in ["xacct:resource", "Name"] {
                let filter = json!({ "Filter": [{ "Name": "key", "Value": [key] }] });
                let found = self.world.ec2(account, "DescribeTags", filter);
                for tag in found["tagSet"].as_array().into_iter().flatten() {
                    let (id, name) = (text(&tag["resourceId"]), text(&tag["value"]));
                    self.names.entry(id).or_insert(name);
                }
            }
            let vpcs = [(SOURCE, "source/vpc"), (WAREHOUSE, "warehouse/vpc")];
            let found = self.world.ec2(account, "DescribeSecurityGroups", json!({}));
            for group in found["securityGroupInfo"].as_array().into_iter().flatten() {
                let of = vpcs
                    .iter()
                    .find(|(side, _)| *side == account)
                    .map_or("", |(_, vpc)| vpc);
                let side = of.trim_end_matches("/vpc");
                let ours = self
                    .names
                    .get(&text(&group["vpcId"]))
                    .is_some_and(|name| name == of);
                if group["groupName"] == "default" && ours {
                    let name = format!("default group of the {side}");
                    self.names.insert(text(&group["groupId"]), name);
                }
            }
            for (operation, list) in [
                ("ListResolverEndpoints", "ResolverEndpoints"),
                ("ListResolverRules", "ResolverRules"),
            ] {
                let found = self.world.call(account, "route53resolver", operation, json!({}));
                for one in found[list].as_array().into_iter().flatten() {
                    self.names.entry(text(&one["Id"])).or_insert(text(&one["Name"]));
                }
            }
            let found = self.world.call(account, "iam", "ListRoles", json!({}));
            for role in found["Roles"].as_array().into_iter().flatten() {
                let name = format!("unique id of {}", text(&role["RoleName"]));
                self.names.entry(text(&role["RoleId"])).or_insert(name);
            }
        }
        let arn = self.outputs.source.cluster.arn.to_string();
        if let Some((_, id)) = arn.rsplit_once('/') {
            self.names.insert(id.to_owned(), "cluster id".into());
        }
    }

    /// A text with names for ids.
    pub(crate) fn named(&self, text: &str) -> String {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        names.into_iter().fold(text.to_owned(), |text, (id, name)| {
            text.replace(id.as_str(), &format!("<{name}>"))
        })
    }

    pub(crate) fn plan(&self) -> Plan {
        let plan = self
            .world
            .sim
            .run(async { self.world.pipeline().await?.plan().await });
        plan.unwrap_or_else(|error| panic!("{}", explain(&error)))
    }

    /// A plan as it is printed, without its last line.
    pub(crate) fn printed(&self, plan: &Plan) -> String {
        let text = self.named(&plan.to_string());
        let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.pop();
        let waits = plan
            .steps
            .iter()
            .filter(|step| step.waits && step.change == Change::Keep);
        let waits = waits.map(|step| format!("waits for {}", step.resource));
        lines
            .into_iter()
            .map(in_order)
            .chain(waits)
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(crate) fn deploy(&self) -> Deployment {
        let deployed = self
            .world
            .sim
            .run(async { self.world.pipeline().await?.allow_data_loss().deploy().await });
        deployed.unwrap_or_else(|error| panic!("{}", explain(&error)))
    }

    /// The calls since `from` that had an effect, in alphabetical order; those
    /// of the lease are not what a row is about.
    pub(crate) fn writes_since(&self, from: usize) -> Vec<String> {
        let log = self.world.sim.call_log();
        let writes = log[from..]
            .iter()
            .filter(|entry| !entry.read_only && matches!(entry.outcome, Outcome::Ok(_)))
            .filter(|entry| !entry.params.to_string().contains("-lease-"));
        let mut shown: Vec<String> = writes
            .map(|entry| {
                let side = if entry.account == SOURCE {
                    "source"
                } else {
                    "warehouse"
                };
                match entry.params["Sql"].as_str() {
                    Some(sql) => {
                        let words: Vec<&str> = sql.split_whitespace().take(4).collect();
                        format!("{side} sql: {}", words.join(" "))
                    }
                    None => format!("{side} {}:{}", entry.service, entry.operation),
                }
            })
            .collect();
        shown.sort();
        shown
    }

    pub(crate) fn reads_since(&self, from: usize) -> usize {
        let log = self.world.sim.call_log();
        log[from..].iter().filter(|entry| entry.read_only).count()
    }

    pub(crate) fn calls(&self) -> usize {
        self.world.sim.call_log().len()
    }

    /// Everything that `verify` finds, as text.
    pub(crate) fn findings(&self) -> String {
        let report = self
            .world
            .sim
            .run(async { self.world.pipeline().await?.verify().await });
        let report = report.unwrap_or_else(|error| panic!("{}", explain(&error)));
        let serious = |finding: &&xacct::Finding| finding.severity != xacct::Severity::Note;
        let found = report.findings.iter().filter(serious);
        found.map(|finding| format!("{finding:?}\n")).collect()
    }
}

pub(crate) fn text(value: &Json) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// A row's text without its indentation.
/// A line of a plan with its lists of subnets by name: they are printed by id, and ids are random.
fn in_order(line: &str) -> String {
    let Some((lists, subnets)) = line
        .strip_prefix("subnets: ")
        .map(|rest| (rest.split(" → "), "subnets: "))
    else {
        return line.to_owned();
    };
    let sorted = lists.map(|list| {
        let mut names: Vec<&str> = list.split(", ").collect();
        names.sort_unstable();
        names.join(", ")
    });
    subnets.to_owned() + &sorted.collect::<Vec<_>>().join(" → ")
}

pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

fn same(what: &str, found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}:\n{found}\n-- expected:\n{expected}"))
}

/// One row, from an undisturbed world to an undisturbed world.
fn judge(case: &Case, stage: &mut Stage) -> Result<(), String> {
    stage.begin();
    let before = stage.world.inventories();
    (case.change)(stage);
    stage.arrive();
    stage.learn();
    let calls = stage.calls();
    let plan = stage.plan();
    let reads = stage.reads_since(calls);
    let mut wrong = Vec::new();
    wrong.push(same(
        "writes of a plan",
        &stage.writes_since(calls).join("\n"),
        "",
    ));
    if reads > READS {
        wrong.push(Err(format!("the plan takes {reads} reads")));
    }
    wrong.push(same("the plan", &stage.printed(&plan), &lines(case.plan)));
    let calls = stage.calls();
    stage.outputs = stage.deploy().outputs().clone();
    wrong.push(same(
        "the writes",
        &stage.writes_since(calls).join("\n"),
        &lines(case.writes),
    ));
    (case.afterwards)(stage);
    stage.arrive();
    stage.learn();
    wrong.push(same("verify", &stage.findings(), ""));
    let again = stage.plan();
    wrong.push(same("a further plan", &stage.printed(&again), ""));
    if !again.is_empty() {
        wrong.push(Err("a further plan is not empty".into()));
    }
    let (was, is) = (before, stage.world.inventories());
    let differ: Vec<String> = was
        .lines()
        .zip(is.lines())
        .filter(|(was, is)| was != is)
        .take(8)
        .map(|(was, is)| format!("{was}\n{is}"))
        .collect();
    if was != is {
        wrong.push(Err(format!("the inventories differ:\n{}", differ.join("\n"))));
    }
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// All rows of a table, one after another in one world.
pub(crate) fn judge_all(cases: &[Case], mut stage: Stage) {
    let mut failed = Vec::new();
    for case in cases {
        let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge(case, &mut stage)));
        let judged = judged.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            Err(format!("could not be judged: {said}"))
        });
        if let Err(why) = judged {
            failed.push(format!("=== {}\n{why}", case.what));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} rows:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
}

/// Both inventories, a resource a line; lists whose order follows physical ids are
/// sorted.
pub(crate) fn inventory_lines(world: &World) -> String {
    fn sorted(value: &mut Json) {
        match value {
            Json::Array(items) => {
                items.iter_mut().for_each(sorted);
                items.sort_by_key(Json::to_string);
            }
            Json::Object(fields) => fields.values_mut().for_each(sorted),
            _ => {}
        }
    }
    let mut text = String::new();
    for account in [SOURCE, WAREHOUSE] {
        let inventory = serde_json::to_value(world.sim.inventory(account)).unwrap();
        let mut lines: Vec<String> = Vec::new();
        for resource in inventory["resources"].as_array().unwrap() {
            let mut resource = resource.clone();
            sorted(&mut resource);
            lines.push(resource.to_string());
        }
        lines.sort();
        text += &format!("{account}\n{}\n", lines.join("\n"));
    }
    text
}

/// Nothing of anybody else's is left.
pub(crate) fn nothing(_: &Stage) {}

#[test]
fn there_are_as_many_rows_as_promised() {
    let tables = [
        network::CASES.len(),
        links::CASES.len(),
        roles::CASES.len(),
        warehouse::CASES.len(),
        sql::CASES.len(),
        stream::CASES.len(),
        doubles::CASES.len(),
    ];
    let rows: usize = tables.iter().sum();
    assert!(rows >= 25, "{rows} rows");
}
