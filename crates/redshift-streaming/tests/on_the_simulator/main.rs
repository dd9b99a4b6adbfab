//! A warehouse and its objects on the simulator, undisturbed, disturbed and drifted.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod drift;
mod evolution;
mod faults;
mod poison;
mod support;
mod watching;

use redshift_streaming::objects::try_view;
use std::time::Duration;
use support::{ACCOUNT, World, owner, spec, spec_of};
use xacct_converge::{Change, explain};
use xacct_sim::{ConnectsAt, Outcome};

#[test]
fn a_warehouse_and_its_objects_are_planned_made_kept_and_removed() {
    let world = World::new();
    let before = world.sim.inventory(ACCOUNT);
    let spec = spec_of("", "quarantine = \"bad\"");
    world.sim.run(async {
        let planned = world.plan(&spec).await;
        let names: Vec<&str> = planned
            .plan
            .steps
            .iter()
            .map(|step| step.resource.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "warehouse/namespace",
                "warehouse/workgroup",
                "warehouse/external-schema",
                "warehouse/view/myview1",
                "warehouse/parsed/myview1_parsed",
                "warehouse/quarantine/bad",
            ]
        );
        assert!(
            planned
                .plan
                .steps
                .iter()
                .all(|step| step.change == Change::Create)
        );

        let (draft, applied) = world.deploy(&spec).await.unwrap();
        let schema = applied.get(draft.objects.schema).unwrap();
        assert!(schema.sql.contains(&world.cluster), "{}", schema.sql);
        assert_eq!(applied.get(draft.objects.views[0]).unwrap().topic, "testtopic");
        assert!(
            applied
                .get(draft.serverless.workgroup)
                .unwrap()
                .arn
                .contains(":workgroup/")
        );

        world.produce(&["{\"name\":{\"first\":\"Ann\"}}", "broken", "{}", "[1]"]);
        let warehouse = world.warehouse().await;
        warehouse.refresh("myview1").await.unwrap();
        let tally = warehouse.tally("myview1").await.unwrap();
        assert_eq!((tally.rows, tally.quarantined, tally.skipped), (3, 1, 0));
        assert_eq!(warehouse.count("myview1").await.unwrap(), 4);
        assert_eq!(warehouse.count("bad").await.unwrap(), 1);
        assert!(warehouse.scan_errors("myview1", 10).await.unwrap().is_empty());
        assert_eq!(warehouse.lag("myview1").await.unwrap().len(), 3);
        let report = world.verify(&spec).await;
        assert!(report.holds() && report.findings.is_empty(), "{report}");

        let calls = world.sim.api_calls();
        assert!(world.plan(&spec).await.plan.is_empty());
        world.deploy(&spec).await.unwrap();
        let after = world.sim.api_calls();
        assert_eq!(after.write, calls.write, "a second deployment changes nothing");
        assert_eq!(
            after.read - calls.read,
            2 * (4 + 5),
            "two looks: four calls and the catalog"
        );
        world.destroy(&spec).await;
    });
    assert_eq!(world.sim.inventory(ACCOUNT), before);
}

#[test]
fn what_is_left_unconfirmed_about_connecting_changes_nothing_for_the_user() {
    for connects_at in [
        ConnectsAt::Refresh,
        ConnectsAt::CreateView,
        ConnectsAt::CreateSchema,
    ] {
        for (lag, schema) in [(false, "broker = \"address\""), (true, "")] {
            let world = World::with(|settings| {
                settings.sql.connects_at = connects_at;
            });
            world.sim.configure(|settings| settings.lag = lag);
            let spec = spec_of(schema, "");
            world.sim.run(async {
                world.deploy(&spec).await.unwrap();
                world.produce(&["{}"]);
                let warehouse = world.warehouse().await;
                warehouse.refresh("myview1").await.unwrap();
                assert_eq!(warehouse.tally("myview1").await.unwrap().rows, 1);
                assert!(world.plan(&spec).await.plan.is_empty());
            });
        }
    }
}

#[test]
fn deploying_at_once_after_a_removal_works() {
    let world = World::new();
    let spec = spec_of("", "");
    world.sim.run(async {
        world.deploy(&spec).await.unwrap();
        world.destroy(&spec).await;
        world.deploy(&spec).await.unwrap();
        assert!(world.verify(&spec).await.holds());
    });
}

#[test]
fn a_name_that_somebody_else_has_is_left_alone() {
    let world = World::new();
    let asked =
        serde_json::json!({ "namespaceName": owner().name("namespace"), "manageAdminPassword": true });
    world.call("redshift-serverless", "CreateNamespace", asked);
    world.pass(300);
    let before = world.sim.inventory(ACCOUNT);
    world.sim.run(async {
        let failure = world.serverless().observe(&world.context()).await.unwrap_err();
        assert!(
            failure
                .message()
                .contains("does not belong to the pipeline clicks"),
            "{failure}"
        );
    });
    assert_eq!(world.sim.inventory(ACCOUNT), before);
}

#[test]
fn an_unguarded_view_over_a_broken_record_fails_at_once_with_redshifts_words() {
    let world = World::new();
    world.produce(&["{}", "broken"]);
    let spec = spec_of("broker = \"address\"", "payload = \"json-unguarded\"");
    world.sim.run(async {
        world.empty_warehouse().await;
        let before = world.sim.now();
        let error = world.deploy(&spec).await.err().unwrap();
        assert_eq!(error.resource, "warehouse/view/myview1");
        assert!(
            explain(&error).contains("JSON parsing error"),
            "{}",
            explain(&error)
        );
        assert!(
            world.sim.now() - before < Duration::from_secs(60),
            "no waiting mends it"
        );
    });
}

#[test]
fn a_user_without_the_privilege_is_refused_at_once_and_told_which() {
    let world = World::new();
    let spec = spec_of("broker = \"address\"", "");
    world.sim.run(async {
        world.empty_warehouse().await;
        world.sql(&["DROP SCHEMA mskschema"]).await;
        // Without the secret the caller's IAM identity is the user.
        let config = world.sim.sdk_config(ACCOUNT);
        let (_, workgroup) = world
            .serverless()
            .observe(&world.context())
            .await
            .unwrap()
            .usable()
            .unwrap();
        let api = redshift_streaming::data::DataApi::new(&config, workgroup.name, "dev", None);
        let before = world.sim.now();
        let inputs = redshift_streaming::Inputs::new(redshift_streaming::ddl::IamRole::Default)
            .with_bootstrap(world.brokers.parse().unwrap());
        let schema = redshift_streaming::create_schema(&spec, &inputs)
            .unwrap()
            .to_string();
        let error = api
            .run(&world.context(), "create the schema", &schema)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("permission denied for database dev"),
            "{error}"
        );
        assert!(!error.is_retryable());
        assert!(world.sim.now() - before < Duration::from_secs(60));
    });
}

#[test]
fn a_view_over_a_missing_topic_is_made_by_the_first_run_that_finds_the_topic() {
    for connects_at in [ConnectsAt::Refresh, ConnectsAt::CreateView] {
        let world = World::with(|settings| settings.sql.connects_at = connects_at);
        let mut spec = spec();
        spec.views[0].source = redshift_streaming::ViewSource::Topic("later".parse().unwrap());
        world.sim.run(async {
            world.empty_warehouse().await;
            let (api, cx) = (world.api().await, world.context());
            let before = world.sim.inventory(ACCOUNT);
            assert!(
                try_view(&api, &cx, &spec, &spec.views[0])
                    .await
                    .unwrap()
                    .is_none()
            );
            assert_eq!(world.sim.inventory(ACCOUNT), before, "nothing is left behind");
            world.topic("later");
            let made = try_view(&api, &cx, &spec, &spec.views[0]).await.unwrap().unwrap();
            assert_eq!((made.name.as_str(), made.topic.as_str()), ("myview1", "later"));
            assert!(
                world.plan(&spec).await.plan.is_empty(),
                "what stands beside it is there too"
            );
            assert!(
                try_view(&api, &cx, &spec, &spec.views[0])
                    .await
                    .unwrap()
                    .is_some(),
                "again is harmless"
            );
        });
    }
}

#[test]
fn the_same_run_makes_the_same_calls() {
    let log = || {
        let world = World::new();
        world
            .sim
            .run(async { drop(world.deploy(&spec_of("", "")).await.unwrap()) });
        let calls = world.sim.call_log().into_iter();
        calls
            .map(|entry| serde_json::to_string(&entry).unwrap())
            .collect::<Vec<_>>()
    };
    let first = log();
    assert!(!first.is_empty());
    for (one, two) in first.iter().zip(log()) {
        assert_eq!(*one, two);
    }
}

#[test]
fn no_password_is_sent_or_answered() {
    let world = World::new();
    world
        .sim
        .run(async { drop(world.deploy(&spec_of("", "")).await.unwrap()) });
    for entry in world.sim.call_log() {
        let answer = match &entry.outcome {
            Outcome::Ok(answer) => answer.to_string(),
            _ => String::new(),
        };
        for text in [entry.params.to_string(), answer] {
            assert!(
                !text.contains("adminUserPassword\":"),
                "{}: {text}",
                entry.operation
            );
        }
    }
}
