//! Bad input gets one clear error before any write.

use crate::world::{SOURCE, TUTORIAL, WAREHOUSE, World};
use xacct::{Pipeline, PipelineSpec, explain};

/// What is wrong with a specification, in one text.
fn refusal(text: &str) -> String {
    explain(&PipelineSpec::from_toml(text).expect_err(text))
}

#[test]
fn every_kind_of_bad_input_is_refused_with_what_to_change() {
    let long = "t".repeat(128);
    let topic = format!("[[source.topic]]\nname = \"{long}\"\n");
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "a policy ARN where a cluster ARN belongs",
            TUTORIAL.replace(
                "[warehouse]",
                "[source.cluster]\narn = \"arn:aws:iam::111111111111:policy/x\"\n[warehouse]",
            ),
            "is the ARN of a policy of iam",
        ),
        (
            "overlapping networks",
            TUTORIAL.replace(
                "[warehouse]",
                "[source.network]\ncidr = \"10.0.128.0/20\"\n[warehouse]",
            ),
            "share addresses",
        ),
        (
            "a block too small for the capacity",
            TUTORIAL.to_owned() + "[warehouse.network]\ncidr = \"10.0.0.0/27\"\n",
            "too small",
        ),
        (
            "host bits in a block",
            TUTORIAL.to_owned() + "[warehouse.network]\ncidr = \"10.0.0.7/16\"\n",
            "write 10.0.0.0/16",
        ),
        (
            "an unknown region",
            TUTORIAL.replace("ap-south-1", "ap-moon-1"),
            "ap-moon-1",
        ),
        (
            "a zone where a region belongs",
            TUTORIAL.replace("ap-south-1", "ap-south-1a"),
            "is not a region code",
        ),
        (
            "a name too long for what derives from it",
            TUTORIAL.replace("clicks", "clicks-of-all-our-web-shops"),
            "1 to 24",
        ),
        (
            "a topic that Redshift cannot take",
            TUTORIAL.replace("[warehouse]", &format!("{topic}[warehouse]")),
            "1 to 127 bytes",
        ),
        (
            "a capacity that is not on offer",
            TUTORIAL.to_owned() + "[warehouse.workgroup]\nbase_capacity = 33\n",
            "not on offer",
        ),
        (
            "an account id of eleven digits",
            TUTORIAL.replace(SOURCE, "11111111111"),
            "12 digits",
        ),
        (
            "one account for both sides",
            TUTORIAL.replace(SOURCE, WAREHOUSE),
            "two accounts",
        ),
        (
            "a view over a topic that is not there",
            TUTORIAL.to_owned() + "[[view]]\nname = \"v\"\ntopic = \"other\"\n",
            "is not a topic of the source (testtopic)",
        ),
        (
            "no way to the MSK API",
            TUTORIAL.to_owned() + "[warehouse.network]\negress = \"sts-endpoint\"\n",
            "broker = \"address\"",
        ),
    ];
    for (what, text, expected) in cases {
        let refusal = refusal(&text);
        assert!(refusal.contains(expected), "{what}: {refusal}");
    }
}

#[test]
fn an_unknown_field_is_refused_with_its_line() {
    let refusal = refusal(&(TUTORIAL.to_owned() + "[warehouse.workgroup]\nbase_capcity = 32\n"));
    assert!(
        refusal.contains("base_capcity") && refusal.contains("line 9"),
        "{refusal}"
    );
    let json = r#"{"name": "clicks", "region": "ap-south-1",
        "source": {"account": "111111111111", "tpoic": []}, "warehouse": {"account": "222222222222"}}"#;
    let refusal = explain(&PipelineSpec::from_json(json).unwrap_err());
    assert!(
        refusal.contains("tpoic") && refusal.contains("line 2"),
        "{refusal}"
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let text = TUTORIAL.to_owned()
        + "[warehouse.workgroup]\nbase_capacity = 33\n[[view]]\nname = \"v\"\ntopic = \"other\"\n[tags]\n\"aws:x\" = \"y\"\n";
    let refusal = refusal(&text);
    for part in ["base_capacity", "view.topic", "tags"] {
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn credentials_of_another_account_are_refused_before_any_write() {
    let world = World::new();
    let (source, warehouse) = (world.sim.sdk_config(WAREHOUSE), world.sim.sdk_config(SOURCE));
    let error = world
        .sim
        .run(Pipeline::new(world.spec.clone(), source, warehouse))
        .err()
        .unwrap();
    let text = explain(&error);
    assert!(text.contains(SOURCE) && text.contains(WAREHOUSE), "{text}");
    assert_eq!(world.writes_since(0), Vec::<String>::new());
}

#[test]
fn a_configuration_of_another_region_is_refused_before_any_call() {
    let world = World::new();
    let spec = PipelineSpec::from_toml(&TUTORIAL.replace("ap-south-1", "eu-west-1")).unwrap();
    let (source, warehouse) = (world.sim.sdk_config(SOURCE), world.sim.sdk_config(WAREHOUSE));
    let error = world
        .sim
        .run(Pipeline::new(spec, source, warehouse))
        .err()
        .unwrap();
    assert!(error.to_string().contains("eu-west-1"), "{error}");
    assert!(world.sim.call_log().is_empty());
}

#[test]
fn the_example_file_with_every_default_is_the_same_pipeline_as_the_short_one() {
    let short = PipelineSpec::from_toml(TUTORIAL).unwrap();
    let long =
        PipelineSpec::from_toml(include_str!("../../../../examples/specs/msk-serverless.toml")).unwrap();
    assert_eq!(long.topics(), short.topics());
    assert_eq!(long.views(), short.views());
    assert_eq!(long.link().resolve().unwrap(), short.link().resolve().unwrap());
    assert_eq!(long.schema, short.schema);
    assert_eq!(long.warehouse.workgroup, short.warehouse.workgroup);
    let written = PipelineSpec::from_toml(&long.to_toml().unwrap()).unwrap();
    assert_eq!(written, long);
}
