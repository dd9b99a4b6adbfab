//! A pipeline in parts.

use crate::world::World;
use xacct::{Error, Part, Plan, explain};

impl World {
    fn only(&self, parts: &[Part]) -> Result<Plan, Error> {
        let done = async { self.pipeline().await?.only(parts.iter().copied()).deploy().await };
        self.sim.run(done)
    }

    fn kinds(&self) -> Vec<String> {
        let accounts = self.sim.accounts().into_iter();
        let all = accounts.flat_map(|account| self.sim.inventory(&account).resources);
        all.map(|resource| resource.kind).collect()
    }
}

/// The lines of both inventories in order: lists of ids stand in the order of ids, which differ.
fn lines(world: &World) -> Vec<String> {
    let all = world.inventories();
    let mut lines: Vec<String> = all
        .lines()
        .map(|line| line.trim_end_matches(',').to_owned())
        .collect();
    lines.sort();
    lines
}

fn refusal(outcome: Result<Plan, Error>) -> String {
    explain(&outcome.unwrap_err())
}

#[test]
fn parts_one_after_another_make_what_one_deployment_makes() {
    let world = World::new();
    // Roles after the cluster: then they name it exactly.
    for parts in [
        &[Part::Network][..],
        &[Part::Cluster],
        &[Part::Iam],
        &[Part::Warehouse],
    ] {
        world
            .only(parts)
            .unwrap_or_else(|error| panic!("{}", explain(&error)));
        let before = world.sim.call_log().len();
        let again = world
            .only(parts)
            .unwrap_or_else(|error| panic!("{}", explain(&error)));
        assert!(again.is_empty(), "{again}");
        assert_eq!(world.writes_since(before), Vec::<String>::new());
    }
    world.deploy();
    let whole = World::new();
    whole.deploy();
    assert_eq!(lines(&world), lines(&whole));
}

#[test]
fn a_part_touches_nothing_of_the_others_and_asks_only_services_that_it_needs() {
    let world = World::new();
    let plan = world.only(&[Part::Network]).unwrap();
    assert!(plan.changes().count() > 20 && !world.kinds().iter().any(|kind| kind.starts_with("kafka")));
    let services: Vec<String> = world.sim.api_calls().by_service.into_keys().collect();
    assert!(
        !services.contains(&"redshift-serverless".to_owned()),
        "{services:?}"
    );
    let plan = world.only(&[Part::Iam]).unwrap();
    assert!(
        plan.steps.iter().all(|step| step.kind.starts_with("AWS::IAM")),
        "{plan}"
    );
}

#[test]
fn what_a_part_stands_on_must_be_there() {
    let world = World::new();
    let said = refusal(world.only(&[Part::Cluster]));
    assert!(
        said.contains("source/vpc") && said.contains("name network too"),
        "{said}"
    );
    assert_eq!(world.writes_since(0), Vec::<String>::new());
    let removal = async {
        let pipeline = world.pipeline().await?;
        pipeline.only([Part::Warehouse]).destroy().await
    };
    let said = refusal(world.sim.run(removal));
    assert!(
        said.contains("name network too") && said.contains("name iam too"),
        "{said}"
    );
    let word = "networks".parse::<Part>().unwrap_err().to_string();
    assert_eq!(
        word,
        "there is no part `networks`; there are network, iam, cluster and warehouse"
    );
}

#[test]
fn parts_can_be_taken_away_again() {
    let world = World::new();
    world.only(&[Part::Network, Part::Iam]).unwrap();
    let removal = async {
        let pipeline = world.pipeline().await?;
        pipeline.only([Part::Network, Part::Iam]).destroy().await
    };
    world
        .sim
        .run(removal)
        .unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!(world.kinds(), Vec::<String>::new());
}
