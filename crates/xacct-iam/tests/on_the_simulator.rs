//! A pair of roles from plan to removal on the simulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail like the tests themselves"
)]

use xacct_converge::smithy::ConfigClock;
use xacct_converge::{Context, Graph, Plan, explain};
use xacct_iam::{RolePair, RolePairSpec, RoleRules, Seen, account, session};
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::{Inventory, Sim};
use xacct_types::{Grant, Owner, RoleArn};

const SOURCE: &str = "111111111111";
const WAREHOUSE: &str = "222222222222";
const TOPIC: &str = "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic";

fn sim() -> Sim {
    Sim::builder()
        .seed(11)
        .region("ap-south-1")
        .account(SOURCE)
        .account(WAREHOUSE)
        .build()
}

fn pair(sim: &Sim) -> (RolePair, Context) {
    let owner = Owner::new("clicks".parse().unwrap());
    let (source, warehouse) = (SOURCE.parse().unwrap(), WAREHOUSE.parse().unwrap());
    let spec = RolePairSpec::new(
        owner,
        "ap-south-1".parse().unwrap(),
        &source,
        &warehouse,
        &RoleRules::default(),
    )
    .unwrap();
    let (source, warehouse) = (sim.sdk_config(SOURCE), sim.sdk_config(WAREHOUSE));
    let cx = Context::new(ConfigClock::of(&source), 1);
    (RolePair::new(&source, &warehouse, spec), cx)
}

fn grants() -> Vec<Grant> {
    vec![Grant::new(
        "Read",
        ["kafka-cluster:Connect", "kafka-cluster:ReadData"],
        [TOPIC],
        "reads",
    )]
}

/// Reads, plans and applies; the plan that was applied.
async fn deploy(pair: &RolePair, cx: &Context) -> Plan {
    let observed = pair.observe(cx).await.unwrap();
    let mut graph = Graph::new();
    let _ = pair.declare(&mut graph, &observed, grants().into());
    let planned = graph.plan();
    let plan = planned.plan.clone();
    let outcome = graph.apply(planned, cx).await;
    outcome
        .map(|_| plan)
        .unwrap_or_else(|error| panic!("{}", xacct_converge::explain(&error)))
}

async fn destroy(pair: &RolePair, cx: &Context) {
    let observed = pair.observe(cx).await.unwrap();
    let mut graph = Graph::new();
    let _ = pair.declare(&mut graph, &observed, grants().into());
    graph.remove(graph.plan_removal(), cx).await.unwrap();
}

fn call(sim: &Sim, account: &str, operation: &str, params: serde_json::Value) {
    sim.call(account, "iam", operation, params).unwrap();
}

#[test]
fn a_pair_is_made_verified_left_alone_and_removed_without_a_trace() {
    let sim = sim();
    let (pair, cx) = pair(&sim);
    let before = [sim.inventory(SOURCE), sim.inventory(WAREHOUSE)];
    sim.run(async {
        let plan = deploy(&pair, &cx).await;
        assert_eq!(plan.changes().count(), 4, "{plan}");
        let report = pair.verify(&grants(), &cx).await.unwrap();
        assert!(report.findings.is_empty(), "{report}");
        let again = deploy(&pair, &cx).await;
        assert!(again.is_empty(), "{again}");
        destroy(&pair, &cx).await;
    });
    assert_eq!([sim.inventory(SOURCE), sim.inventory(WAREHOUSE)], before);
    sim.run(async {
        let plan = deploy(&pair, &cx).await;
        assert_eq!(plan.changes().count(), 4, "deploying again at once works: {plan}");
    });
}

#[test]
fn a_warehouse_role_that_somebody_made_anew_is_trusted_again() {
    let sim = sim();
    let (pair, cx) = pair(&sim);
    sim.run(deploy(&pair, &cx));
    let name = pair.spec().warehouse_role().name.to_string();
    let policy = pair.spec().warehouse_policy_name();
    call(
        &sim,
        WAREHOUSE,
        "DeleteRolePolicy",
        serde_json::json!({"RoleName": name, "PolicyName": policy}),
    );
    call(
        &sim,
        WAREHOUSE,
        "DeleteRole",
        serde_json::json!({"RoleName": name}),
    );
    sim.run(async {
        let report = pair.verify(&grants(), &cx).await.unwrap();
        assert!(report.names("warehouse/role/exists"), "{report}");
        let plan = deploy(&pair, &cx).await;
        let changed: Vec<&str> = plan.changes().map(|step| step.resource.as_str()).collect();
        assert_eq!(
            changed,
            ["warehouse/role", "warehouse/role-policy", "source/role"],
            "{plan}"
        );
        let report = pair.verify(&grants(), &cx).await.unwrap();
        assert!(report.findings.is_empty(), "{report}");
    });
}

#[test]
fn every_kind_of_drift_is_seen_named_and_repaired() {
    let sim = sim();
    let (pair, cx) = pair(&sim);
    sim.run(deploy(&pair, &cx));
    let stream = pair.spec().stream_role().name.to_string();
    let policy = pair.spec().stream_policy_name();
    let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let less = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kafka-cluster:Connect","Resource":"*"}]}"#;
    let drifts = [
        (
            "UpdateAssumeRolePolicy",
            serde_json::json!({"RoleName": stream, "PolicyDocument": other}),
            "trust policy",
        ),
        (
            "PutRolePolicy",
            serde_json::json!({"RoleName": stream, "PolicyName": policy, "PolicyDocument": less}),
            "permission",
        ),
        (
            "PutRolePolicy",
            serde_json::json!({"RoleName": stream, "PolicyName": "extra", "PolicyDocument": less}),
            "inline policy extra",
        ),
        (
            "DeleteRolePolicy",
            serde_json::json!({"RoleName": stream, "PolicyName": policy}),
            "+ source/role-policy",
        ),
        (
            "UpdateRole",
            serde_json::json!({"RoleName": stream, "Description": "edited"}),
            "description",
        ),
        (
            "UntagRole",
            serde_json::json!({"RoleName": stream, "TagKeys": ["Name"]}),
            "tag Name",
        ),
    ];
    for (operation, params, named) in drifts {
        call(&sim, SOURCE, operation, params);
        sim.run(async {
            let plan = deploy(&pair, &cx).await;
            assert!(plan.to_string().contains(named), "{operation}: {plan}");
            assert!(deploy(&pair, &cx).await.is_empty(), "{operation}");
            let report = pair.verify(&grants(), &cx).await.unwrap();
            assert!(report.findings.is_empty(), "{operation}: {report}");
        });
    }
}

#[test]
fn verification_names_the_link_that_was_broken() {
    let sim = sim();
    let (pair, cx) = pair(&sim);
    let [warehouse, stream] = pair.spec().names().map(ToString::to_string);
    let (chain, read) = (
        pair.spec().warehouse_policy_name(),
        pair.spec().stream_policy_name(),
    );
    let nobody = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    for (account, operation, params, link) in [
        (
            WAREHOUSE,
            "UpdateAssumeRolePolicy",
            serde_json::json!({"RoleName": warehouse, "PolicyDocument": nobody}),
            "warehouse/role/trust",
        ),
        (
            WAREHOUSE,
            "DeleteRolePolicy",
            serde_json::json!({"RoleName": warehouse, "PolicyName": chain}),
            "warehouse/role/policy",
        ),
        (
            SOURCE,
            "UpdateAssumeRolePolicy",
            serde_json::json!({"RoleName": stream, "PolicyDocument": nobody}),
            "source/role/trust",
        ),
        (
            SOURCE,
            "DeleteRolePolicy",
            serde_json::json!({"RoleName": stream, "PolicyName": read}),
            "source/role/policy",
        ),
    ] {
        sim.run(deploy(&pair, &cx));
        call(&sim, account, operation, params);
        let report = sim.run(pair.verify(&grants(), &cx)).unwrap();
        assert!(report.names(link), "{link}: {report}");
        let links: Vec<&str> = report
            .findings
            .iter()
            .map(|finding| finding.link.as_str())
            .collect();
        assert!(
            links.iter().all(|found| *found == link),
            "{link} and also {links:?}"
        );
    }
}

#[test]
fn a_look_alike_is_left_alone_and_reported() {
    let sim = sim();
    let (pair, cx) = pair(&sim);
    let name = pair.spec().stream_role().name.to_string();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    call(
        &sim,
        SOURCE,
        "CreateRole",
        serde_json::json!({"RoleName": name, "AssumeRolePolicyDocument": trust}),
    );
    let before = sim.inventory(SOURCE);
    sim.run(async {
        // It has been there for a while.
        cx.sleep(std::time::Duration::from_secs(60)).await;
        let observed = pair.observe(&cx).await.unwrap();
        assert!(matches!(observed.stream, Seen::Foreign(_)));
        assert_eq!(observed.findings().len(), 1);
        let mut graph = Graph::new();
        let _ = pair.declare(&mut graph, &observed, grants().into());
        let error = graph.apply(graph.plan(), &cx).await.map(|_| ()).unwrap_err();
        assert!(
            error
                .failure()
                .message()
                .contains("does not carry this pipeline's tags"),
            "{}",
            error.failure()
        );
        destroy(&pair, &cx).await;
    });
    assert_eq!(sim.inventory(SOURCE), before);
}

#[test]
fn a_session_of_a_role_acts_as_that_role() {
    let sim = sim();
    let root = format!("arn:aws:iam::{WAREHOUSE}:root");
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "ticket-42"}}}]});
    call(
        &sim,
        SOURCE,
        "CreateRole",
        serde_json::json!({"RoleName": "deployer", "AssumeRolePolicyDocument": trust.to_string()}),
    );
    let role: RoleArn = format!("arn:aws:iam::{SOURCE}:role/deployer").parse().unwrap();
    let base = sim.sdk_config(WAREHOUSE);
    let cx = Context::new(ConfigClock::of(&base), 1);
    sim.run(async {
        // A new role becomes assumable after a while.
        cx.sleep(std::time::Duration::from_secs(120)).await;
        let as_role = session::assume(&base, &role, Some("ticket-42"), "deploy").unwrap();
        let who = account::check(&as_role, &SOURCE.parse().unwrap(), &cx)
            .await
            .unwrap();
        assert!(who.arn.contains(":assumed-role/deployer/deploy"), "{}", who.arn);
        cx.sleep(std::time::Duration::from_secs(7200)).await;
        account::check(&as_role, &SOURCE.parse().unwrap(), &cx)
            .await
            .expect("renewed");
        let without = session::assume(&base, &role, None, "deploy").unwrap();
        let refusal = account::identify(&without, &cx).await.unwrap_err();
        assert!(refusal.to_string().contains("no usable credentials"), "{refusal}");
    });
}

/// Reads, plans and applies, and says how it ended instead of failing.
async fn try_deploy(pair: &RolePair, cx: &Context) -> Result<(), String> {
    let observed = pair.observe(cx).await.map_err(|failure| explain(&failure))?;
    let mut graph = Graph::new();
    let _ = pair.declare(&mut graph, &observed, grants().into());
    graph
        .apply(graph.plan(), cx)
        .await
        .map_err(|error| explain(&error))?;
    Ok(())
}

fn inventories(sim: &Sim) -> [Inventory; 2] {
    [sim.inventory(SOURCE), sim.inventory(WAREHOUSE)]
}

/// Spoils one call of a deployment, lets it end or die, deploys again, and
/// expects what an undisturbed deployment gives; then removes everything.
fn spoiled(verdict: &Verdict, call: u64, clean: &[Inventory; 2]) -> bool {
    let sim = sim();
    let (pair, cx) = pair(&sim);
    let empty = inventories(&sim);
    let rule = sim.fault(Rule::new(verdict.clone()).call_number(call));
    sim.run(async {
        tokio::select! {
            () = sim.killed() => {}
            outcome = try_deploy(&pair, &cx) => {
                // These faults are all waited out by the same run.
                assert!(outcome.is_ok(), "{verdict:?} at {call}: {outcome:?}");
            }
        }
    });
    drop(rule);
    sim.revive();
    let hit = sim.call_log().len() as u64 > call;
    sim.run(async {
        // Somebody starts it again a minute later.
        cx.sleep(std::time::Duration::from_secs(60)).await;
        deploy(&pair, &cx).await;
        assert!(deploy(&pair, &cx).await.is_empty(), "{verdict:?} at {call}");
    });
    assert_eq!(inventories(&sim), *clean, "{verdict:?} at {call}");
    sim.run(destroy(&pair, &cx));
    assert_eq!(inventories(&sim), empty, "{verdict:?} at {call}");
    hit
}

#[test]
fn a_deployment_survives_every_fault_at_every_call() {
    let sim = sim();
    let (pair, cx) = pair(&sim);
    sim.run(deploy(&pair, &cx));
    let clean = inventories(&sim);
    let calls = sim.call_log().len() as u64;
    assert!(calls >= 8, "{calls} calls");
    for verdict in [
        Verdict::Throttle,
        Verdict::ServerError,
        Verdict::LoseResponse,
        Verdict::Timeout,
        Verdict::KillBefore,
        Verdict::KillAfter,
    ] {
        for call in 0..calls {
            assert!(
                spoiled(&verdict, call, &clean),
                "{verdict:?} at {call} was never met"
            );
        }
    }
}

/// Futures of the public interface can be spawned.
#[test]
fn public_futures_are_send_and_static() {
    fn check<F: Future + Send + 'static>(_: F) {}
    let sim = sim();
    let (pair, cx) = pair(&sim);
    let config = sim.sdk_config(SOURCE);
    let (a, b) = (pair.clone(), cx.clone());
    check(async move { a.observe(&b).await });
    let (a, b) = (pair, cx.clone());
    check(async move { a.verify(&[], &b).await });
    check(async move { account::identify(&config, &cx).await });
}
