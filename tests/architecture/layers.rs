//! Which crate may depend on which.

use crate::{assert_none, read, root, sources};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

const LEVEL_0: &[&str] = &["xacct-types", "xacct-converge"];
const LEVEL_1: &[&str] = &[
    "xacct-net",
    "xacct-iam",
    "msk-serverless",
    "redshift-streaming",
    "msk-clickstream",
];
const FACADE: &str = "xacct";
const SIMULATOR: &str = "xacct-sim";
const TEST_HELPERS: &str = "xacct-tests";
/// Packages that are not published.
const PROGRAMS: [&str; 4] = ["examples", "examples/server", "tests", "benches"];

/// A crate's manifest.
struct Manifest {
    name: String,
    table: Table,
}

fn manifest(folder: &str) -> Manifest {
    let text = read(&format!("{folder}/Cargo.toml"));
    let table: Table = text.parse().unwrap_or_else(|e| panic!("{folder}: {e}"));
    let name = table["package"]["name"].as_str().unwrap_or_default().to_owned();
    Manifest { name, table }
}

/// The manifests of all published crates.
fn crates() -> Vec<Manifest> {
    let entries = std::fs::read_dir(root().join("crates")).expect("the crates folder can be read");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
        .iter()
        .map(|name| manifest(&format!("crates/{name}")))
        .collect()
}

impl Manifest {
    fn section(&self, name: &str) -> Vec<(&String, &Value)> {
        self.table
            .get(name)
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
            .collect()
    }

    /// Names of dependencies in some sections.
    fn names(&self, sections: &[&str]) -> BTreeSet<String> {
        let entries = sections.iter().flat_map(|section| self.section(section));
        entries.map(|(name, _)| name.clone()).collect()
    }
}

fn ours() -> BTreeSet<String> {
    crates().into_iter().map(|manifest| manifest.name).collect()
}

#[test]
fn dependencies_point_down_only() {
    let ours = ours();
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let mut wrong = Vec::new();
    for manifest in crates() {
        let may = match manifest.name.as_str() {
            name if LEVEL_0.contains(&name) || name == SIMULATOR => BTreeSet::new(),
            name if LEVEL_1.contains(&name) => set(LEVEL_0),
            FACADE => set(&[LEVEL_0, LEVEL_1].concat()),
            name => panic!("{name} is on no level: say where it belongs"),
        };
        let does = manifest.names(&["dependencies", "build-dependencies"]);
        let beyond = does
            .iter()
            .filter(|name| ours.contains(*name) && !may.contains(*name));
        wrong.extend(beyond.map(|name| format!("{} depends on {name}", manifest.name)));
    }
    assert_none(&wrong, "a dependency points sideways or up");
}

#[test]
fn tests_of_a_crate_use_the_simulator_and_no_neighbour() {
    let ours = ours();
    let mut wrong = Vec::new();
    for manifest in crates() {
        let level = LEVEL_1.contains(&manifest.name.as_str());
        for name in manifest.names(&["dev-dependencies"]) {
            let allowed = match name.as_str() {
                SIMULATOR => manifest.name != SIMULATOR,
                TEST_HELPERS => true,
                other => !ours.contains(other) || LEVEL_0.contains(&other) || !level,
            };
            if !allowed || (manifest.name == SIMULATOR && ours.contains(&name)) {
                wrong.push(format!("the tests of {} use {name}", manifest.name));
            }
        }
    }
    assert_none(&wrong, "tests reach sideways");
}

#[test]
fn the_simulator_shares_no_code_with_what_it_judges() {
    let mut words: Vec<String> = LEVEL_0
        .iter()
        .chain(LEVEL_1)
        .map(|name| name.replace('-', "_"))
        .collect();
    words.push("xacct::".into());
    let mut wrong = Vec::new();
    for source in sources(&["crates/xacct-sim/src"]) {
        let used = words.iter().filter(|word| source.text.contains(word.as_str()));
        wrong.extend(used.map(|word| format!("{} names {word}", source.path)));
    }
    assert_none(&wrong, "the simulator uses code of the crates that it judges");
}

#[test]
fn level_1_crates_compile_no_sdk_without_their_feature() {
    let mut wrong = Vec::new();
    for manifest in crates().iter().filter(|m| LEVEL_1.contains(&m.name.as_str())) {
        // The producer signs with credentials; it has no control-plane SDK to switch off.
        if manifest.name == "msk-clickstream" {
            continue;
        }
        let features = manifest.section("features");
        let default = features
            .iter()
            .find(|(name, _)| *name == "default")
            .map(|(_, value)| value.to_string());
        if default.as_deref() != Some("[\"aws\"]") {
            wrong.push(format!("{}: default is not [\"aws\"]", manifest.name));
        }
        for (name, value) in manifest.section("dependencies") {
            let optional = value.get("optional").and_then(Value::as_bool).unwrap_or(false);
            if name.starts_with("aws-") && !optional {
                wrong.push(format!("{}: {name} is not optional", manifest.name));
            }
        }
    }
    assert_none(&wrong, "a pure build would compile an SDK");
}

#[test]
fn only_the_crate_of_a_service_knows_its_sdk() {
    let homes: BTreeMap<&str, &[&str]> = [
        ("xacct-net", ["aws-sdk-ec2", "aws-sdk-route53resolver"].as_slice()),
        ("xacct-iam", ["aws-sdk-iam", "aws-sdk-sts"].as_slice()),
        ("msk-serverless", ["aws-sdk-kafka"].as_slice()),
        (
            "redshift-streaming",
            ["aws-sdk-redshiftserverless", "aws-sdk-redshiftdata"].as_slice(),
        ),
    ]
    .into();
    let mut wrong = Vec::new();
    for manifest in crates() {
        let known = homes.get(manifest.name.as_str()).copied().unwrap_or_default();
        let used = manifest.names(&["dependencies"]);
        let sdks = used.iter().filter(|name| name.starts_with("aws-sdk-"));
        wrong.extend(
            sdks.filter(|sdk| !known.contains(&sdk.as_str()))
                .map(|sdk| format!("{} depends on {sdk}", manifest.name)),
        );
    }
    assert_none(&wrong, "an SDK is used away from its home");
}

#[test]
fn the_producer_needs_neither_the_engine_nor_a_control_plane() {
    let used = manifest("crates/msk-clickstream").names(&["dependencies"]);
    let banned = |name: &&String| *name == "xacct-converge" || name.starts_with("aws-sdk-");
    let wrong: Vec<String> = used.iter().filter(banned).cloned().collect();
    assert_none(&wrong, "msk-clickstream depends on");
}

#[test]
fn every_crate_has_at_most_four_features() {
    let all = crates();
    let wrong: Vec<String> = all
        .iter()
        .filter(|manifest| manifest.section("features").len() > 5)
        .map(|manifest| manifest.name.clone())
        .collect();
    assert_none(&wrong, "more than four features beside default");
}

#[test]
fn every_package_inherits_what_the_workspace_sets() {
    let others = PROGRAMS.map(manifest);
    let mut wrong = Vec::new();
    for manifest in crates().iter().chain(&others) {
        let package = &manifest.table["package"];
        for key in ["version", "edition", "rust-version", "license"] {
            let inherited = package.get(key).and_then(|value| value.get("workspace"));
            if inherited.and_then(Value::as_bool) != Some(true) {
                wrong.push(format!("{} sets its own {key}", manifest.name));
            }
        }
        if package.get("description").is_none() {
            wrong.push(format!("{} has no description", manifest.name));
        }
        let lints = manifest
            .table
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        if lints.and_then(Value::as_bool) != Some(true) {
            wrong.push(format!("{} does not take the workspace's lints", manifest.name));
        }
        for (name, value) in manifest.section("dependencies") {
            if value.get("workspace").is_none() {
                wrong.push(format!("{} sets its own version of {name}", manifest.name));
            }
        }
    }
    assert_none(&wrong, "a manifest goes its own way");
}

#[test]
fn every_shared_dependency_is_used_by_somebody() {
    let mut members = crates();
    members.extend(PROGRAMS.map(manifest));
    let used: BTreeSet<String> = members
        .iter()
        .flat_map(|manifest| manifest.names(&["dependencies", "dev-dependencies"]))
        .collect();
    let workspace: Table = read("Cargo.toml").parse().expect("the root manifest is TOML");
    let shared = workspace["workspace"]["dependencies"]
        .as_table()
        .expect("a table");
    let wrong: Vec<String> = shared
        .keys()
        .filter(|name| !used.contains(*name))
        .cloned()
        .collect();
    assert_none(&wrong, "nobody uses");
}
