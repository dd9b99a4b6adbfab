//! Documents that say what is so.

use crate::{EVERYWHERE, assert_none, read, root, sources};
use toml::Table;

/// Every document whose links must lead somewhere.
const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/tutorial.md",
    "docs/reads.md",
    "docs/simulator.md",
    "examples/README.md",
];

/// Where examples are.
const EXAMPLES: &[&str] = &[
    "examples",
    "examples/server",
    "crates/redshift-streaming/examples",
    "crates/msk-clickstream/examples",
];

/// Words between backquotes on the lines of `text` that start with `|`, by column.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    rows.map(|row| {
        row.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().to_owned())
            .collect()
    })
    .collect()
}

/// The part of a document under a heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text
        .find(heading)
        .unwrap_or_else(|| panic!("no heading {heading}"));
    let body = &text[start + heading.len()..];
    body.find("\n## ").map_or(body, |end| &body[..end])
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let text = read("ARCHITECTURE.md");
    let code: String = sources(EVERYWHERE)
        .into_iter()
        .map(|source| source.text)
        .collect();
    let gate = read(".ci/run");
    let mut wrong = Vec::new();
    let invariants = rows(section(&text, "## Invariants"));
    assert!(invariants.len() > 10, "the table of invariants was not found");
    for row in invariants.iter().skip(1) {
        let holder = row.last().cloned().unwrap_or_default();
        let names: Vec<&str> = holder.split('`').skip(1).step_by(2).collect();
        let exists =
            |name: &&str| code.contains(&format!("fn {name}(")) || gate.contains(&format!("{name}()"));
        if names.is_empty() || !names.iter().all(exists) {
            wrong.push(format!("{}: {holder}", row[0]));
        }
    }
    assert_none(&wrong, "no such test");
}

#[test]
fn every_dependency_has_its_reason() {
    let text = read("ARCHITECTURE.md");
    let listed = section(&text, "## Dependencies");
    let workspace: Table = read("Cargo.toml").parse().expect("the root manifest is TOML");
    let shared = workspace["workspace"]["dependencies"]
        .as_table()
        .expect("a table");
    let theirs = shared
        .iter()
        .filter(|(_, value)| value.get("path").is_none())
        .map(|(name, _)| name);
    let wrong: Vec<String> = theirs
        .filter(|name| !listed.contains(&format!("`{name}`")))
        .cloned()
        .collect();
    assert_none(&wrong, "ARCHITECTURE.md gives no reason for");
}

#[test]
fn the_readme_lists_every_crate_and_every_command_exists() {
    let text = read("README.md");
    let entries = std::fs::read_dir(root().join("crates")).expect("the crates folder can be read");
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let unlisted: Vec<String> = names
        .filter(|name| !text.contains(&format!("[`{name}`]")))
        .collect();
    assert_none(&unlisted, "not in the README's table");

    let examples = text
        .split("--example ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next());
    let missing: Vec<String> = examples
        .map(|name| name.trim_matches('`').to_owned())
        .filter(|name| {
            let file = |place: &&str| root().join(place).join(format!("{name}.rs"));
            !EXAMPLES.iter().any(|place| file(place).exists())
        })
        .collect();
    assert_none(&missing, "the README names an example that does not exist");
    assert!(text.contains("cargo test --workspace") && text.contains("cargo run --example quickstart"));
}

#[test]
fn the_index_of_examples_lists_every_example() {
    let index = read("examples/README.md");
    let folders = EXAMPLES.iter().map(|place| std::fs::read_dir(root().join(place)));
    let files = folders.flat_map(|folder| folder.expect("a folder of examples can be read").flatten());
    let names = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    let unlisted: Vec<String> = names
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .filter(|name| {
            !index.contains(&format!("| [`{name}`](")) || !index.contains(&format!("--example {name}"))
        })
        .collect();
    assert_none(&unlisted, "no line or no command in examples/README.md");
}

#[test]
fn the_readme_shows_one_program_of_at_most_thirty_lines() {
    let text = read("README.md");
    let programs: Vec<&str> = text
        .split("```rust")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(programs.len(), 1);
    let lines = programs[0]
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("# "))
        .count();
    assert!(lines <= 30, "{lines} lines");
    assert!(text.contains("```mermaid"), "no picture of the topology");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for document in DOCUMENTS {
        let folder = root().join(document);
        let folder = folder.parent().expect("a document lies in a folder");
        for target in read(document)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") && !folder.join(path).exists() {
                wrong.push(format!("{document}: {target}"));
            }
        }
    }
    assert_none(&wrong, "a dead link");
}

#[test]
fn both_licences_and_the_first_change_are_there() {
    assert!(read("LICENSE-MIT").contains("Permission is hereby granted, free of charge"));
    assert!(read("LICENSE-APACHE").contains("Version 2.0, January 2004"));
    let version = read("Cargo.toml");
    let version = version
        .split("version = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let changes = read("CHANGELOG.md");
    assert!(
        changes.contains(&format!("## [{}]", version.unwrap_or_default())),
        "no entry for {version:?}"
    );
}
