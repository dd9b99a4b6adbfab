//! What finding nothing to do costs, call by call, against the table in `docs/reads.md`.

use crate::world::{SOURCE, World};
use std::collections::BTreeMap;

/// The most calls that a run without a change may make.
const BUDGET: u64 = 45;

/// Calls by (side, operation).
type Calls = BTreeMap<(String, String), u64>;

/// What was called since `from`, the identity checks of `Pipeline::new` included.
fn calls_since(world: &World, from: usize) -> Calls {
    let mut calls = Calls::new();
    for entry in &world.sim.call_log()[from..] {
        let side = if entry.account == SOURCE {
            "source"
        } else {
            "warehouse"
        };
        let operation = format!("{}:{}", entry.service, entry.operation);
        *calls.entry((side.to_owned(), operation)).or_default() += 1;
    }
    calls
}

/// The rows `| side | operation | times | why |` of the document.
fn documented() -> Calls {
    let text = include_str!("../../../../docs/reads.md");
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let rows = text.lines().filter(|line| line.starts_with('|')).map(cells);
    rows.filter(|row| row.len() == 4 && (row[0] == "source" || row[0] == "warehouse"))
        .map(|row| {
            assert!(!row[3].is_empty(), "{row:?} has no reason");
            let times = row[2].parse().unwrap_or_else(|_| panic!("{row:?}"));
            ((row[0].clone(), row[1].clone()), times)
        })
        .collect()
}

fn second_run(seed: u64) -> (World, usize) {
    let world = World::standing(xacct_sim::Standing::Inside, seed);
    world.deploy();
    let from = world.sim.call_log().len();
    world.deploy();
    (world, from)
}

#[test]
fn a_run_without_a_change_makes_exactly_the_calls_that_the_document_justifies() {
    for seed in [7, 8, 9] {
        let (world, from) = second_run(seed);
        assert_eq!(world.writes_since(from), Vec::<String>::new());
        let calls = calls_since(&world, from);
        assert_eq!(
            calls,
            documented(),
            "seed {seed}: docs/reads.md says something else"
        );
        let sum: u64 = calls.values().sum();
        assert!(sum <= BUDGET, "{sum} calls: {calls:#?}");
    }
}
