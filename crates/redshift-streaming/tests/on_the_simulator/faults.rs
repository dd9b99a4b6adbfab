//! A deployment disturbed at any call and run again ends like an undisturbed one.

use crate::support::{ACCOUNT, World, spec_of};
use redshift_streaming::StreamingSpec;
use xacct_converge::explain;
use xacct_sim::Entry;
use xacct_sim::fault::{Rule, Verdict};

const FAULTS: [Verdict; 6] = [
    Verdict::KillBefore,
    Verdict::KillAfter,
    Verdict::LoseResponse,
    Verdict::Throttle,
    Verdict::ServerError,
    Verdict::Timeout,
];

fn spec() -> StreamingSpec {
    spec_of("broker = \"address\"", "quarantine = \"bad\"")
}

/// Deploys until it is killed or ends; whether it ended well.
async fn disturbed(world: &World, rule: Rule) -> bool {
    let spec = spec();
    let guard = world.sim.fault(rule);
    let deploy = std::pin::pin!(world.deploy(&spec));
    let killed = std::pin::pin!(world.sim.killed());
    let ended = tokio::select! {
        ended = deploy => ended.is_ok(),
        () = killed => false,
    };
    drop(guard);
    world.sim.revive();
    ended
}

/// The calls of an undisturbed deployment: service, operation, and which of these it is.
fn calls() -> Vec<(String, String, u64)> {
    let world = World::new();
    world
        .sim
        .run(async { drop(world.deploy(&spec()).await.unwrap()) });
    let all = world.sim.call_log();
    let ours = |entry: &&Entry| entry.service.starts_with("redshift");
    let mut seen = Vec::new();
    for entry in all.iter().filter(ours) {
        let same = |call: &&(String, String, u64)| call.0 == entry.service && call.1 == entry.operation;
        let number = seen.iter().filter(same).count() as u64 + 1;
        seen.push((entry.service.clone(), entry.operation.clone(), number));
    }
    // Polls repeat themselves: the first two of a kind show all there is.
    seen.retain(|(_, operation, number)| !operation.starts_with("Get") || *number <= 2);
    seen
}

#[test]
fn a_deployment_disturbed_at_any_call_and_run_again_ends_like_an_undisturbed_one() {
    let undisturbed = World::new();
    undisturbed
        .sim
        .run(async { drop(undisturbed.deploy(&spec()).await.unwrap()) });
    let expected = undisturbed.sim.inventory(ACCOUNT);
    for (service, operation, number) in calls() {
        for verdict in &FAULTS {
            let world = World::new();
            let rule = Rule::new(verdict.clone())
                .service(&service)
                .operation(&operation)
                .nth(number);
            let case = format!("{verdict:?} at {service}:{operation} {number}");
            world.sim.run(async {
                disturbed(&world, rule).await;
                let again = world.deploy(&spec()).await;
                assert!(
                    again.is_ok(),
                    "{case}: {}",
                    again.err().map(|error| explain(&error)).unwrap_or_default()
                );
                let plan = world.plan(&spec()).await.plan;
                assert!(plan.is_empty(), "{case}\n{plan}");
            });
            assert_eq!(world.sim.inventory(ACCOUNT), expected, "{case}");
        }
    }
}

#[test]
fn a_statement_whose_answer_is_lost_runs_once() {
    let world = World::new();
    world.sim.run(async {
        let rule = Rule::new(Verdict::LoseResponse)
            .service("redshift-data")
            .operation("ExecuteStatement");
        assert!(disturbed(&world, rule.times(2)).await);
        let warehouse = world.warehouse().await;
        assert_eq!(warehouse.count("myview1").await.unwrap(), 0);
    });
    let log = world.sim.call_log();
    let texts = log.iter().filter(|entry| entry.operation == "ExecuteStatement");
    let made = texts.filter(|entry| {
        entry.params["Sql"]
            .as_str()
            .unwrap_or_default()
            .starts_with("CREATE")
    });
    let mut tokens: Vec<String> = made
        .map(|entry| entry.params["ClientToken"].to_string())
        .collect();
    let sent = tokens.len();
    tokens.dedup();
    assert!(sent > tokens.len(), "answers were lost");
    assert_eq!(tokens.len(), 4, "schema, view, parsed, quarantine");
}

#[test]
fn a_schema_that_somebody_makes_meanwhile_is_used_if_it_is_the_same_and_refused_if_not() {
    for (role, accepted) in [("warehouse", true), ("other", false)] {
        let world = World::new();
        world.make_role("other");
        let spec = spec();
        world.sim.run(async {
            world.empty_warehouse().await;
            world.sql(&["DROP SCHEMA mskschema"]).await;
            // Planned while it is missing, applied when it is there.
            let draft = world.draft(&spec).await;
            let planned = draft.graph.plan();
            let create = format!(
                "CREATE EXTERNAL SCHEMA mskschema FROM KAFKA IAM_ROLE 'arn:aws:iam::{ACCOUNT}:role/{role}' \
                 AUTHENTICATION iam URI '{}'",
                world.brokers
            );
            world.sql(&[&create]).await;
            let applied = draft.graph.apply(planned, &world.context()).await;
            match applied {
                Ok(_) => assert!(accepted),
                Err(error) => {
                    assert!(!accepted, "{}", explain(&error));
                    let text = explain(&error);
                    assert!(
                        text.contains("found something else of that name: IAM_ROLE"),
                        "{text}"
                    );
                }
            }
        });
    }
}
