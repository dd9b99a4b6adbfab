//! The page about the simulator says what the table of what is modelled says.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use xacct_sim::MODELLED;

const BEGIN: &str = "<!-- modelled: begin -->\n";
const END: &str = "<!-- modelled: end -->\n";

/// A heading and a table for each service, in the order of the table in the code.
fn rendered() -> String {
    let mut services: Vec<&str> = MODELLED.iter().map(|row| row.service).collect();
    services.dedup();
    let mut text = String::new();
    for service in services {
        let rows: Vec<_> = MODELLED.iter().filter(|row| row.service == service).collect();
        let count: usize = rows.iter().map(|row| row.operations.len()).sum();
        writeln!(text, "\n### `{service}`: {count} operations\n").unwrap();
        text.push_str("| operations | how deep | source |\n|---|---|---|\n");
        for row in rows {
            let names: Vec<String> = row.operations.iter().map(|name| format!("`{name}`")).collect();
            writeln!(text, "| {} | {} | {} |", names.join(", "), row.depth, row.source).unwrap();
        }
    }
    text.push('\n');
    text
}

#[test]
fn the_page_lists_every_service_and_operation_with_depth_and_source() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/simulator.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the page has the mark where the tables begin");
    let (found, after) = rest
        .split_once(END)
        .expect("the page has the mark where the tables end");
    let wanted = rendered();
    if found != wanted {
        let right = Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulator.md");
        std::fs::write(&right, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        panic!(
            "docs/simulator.md differs from MODELLED; the right page is {}",
            right.display()
        );
    }
}

#[test]
fn no_service_is_listed_twice_and_no_operation_either() {
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in MODELLED {
        for operation in row.operations {
            *seen.entry((row.service, operation)).or_default() += 1;
        }
    }
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
