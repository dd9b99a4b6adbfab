//! The programs that the README names, run as a user runs them.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may panic and talks to people"
)]

use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Cargo builds the examples of a package beside its tests.
fn program(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let built = test
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("examples")
        .join(name);
    assert!(
        built.exists(),
        "{} is not built: run the tests of the whole package",
        built.display()
    );
    Command::new(built)
}

/// A file of this test that nobody else writes.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn quickstart(arguments: &[&str], report: &str) -> (Output, Json) {
    let report = scratch(report);
    let _ = std::fs::remove_file(&report);
    let mut command = program("quickstart");
    let output = command
        .args(arguments)
        .arg("--quiet")
        .arg("--report")
        .arg(&report)
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output, serde_json::from_str(&text).unwrap())
}

fn count(report: &Json, field: &str) -> u64 {
    report[field]
        .as_u64()
        .unwrap_or_else(|| panic!("{field} is no count: {report}"))
}

#[test]
fn ten_thousand_real_requests_arrive_and_waiting_costs_at_most_five_per_cent() {
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/access.log");
    if !log.exists() {
        eprintln!(
            "SKIPPED: there is no {}; put an access log of 10,000 lines there",
            log.display()
        );
        return;
    }
    let (output, report) = quickstart(&["--access-log", log.to_str().unwrap()], "access-log.json");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        (count(&report, "produced"), count(&report, "rows")),
        (10_000, 10_000)
    );
    assert_eq!((count(&report, "quarantined"), count(&report, "skipped")), (0, 0));
    assert_eq!(report["sent_digest"], report["read_digest"]);
    assert_eq!(report["verify"]["failed"], 0);
    let seconds = |field: &str| report[field].as_f64().unwrap();
    let (virtual_time, least) = (seconds("virtual_seconds"), seconds("critical_path_seconds"));
    assert!(least > 200.0, "{least}");
    assert!(virtual_time <= 1.05 * least, "{virtual_time} against {least}");
    for field in ["source", "resources", "api_calls", "wall_seconds", "outputs"] {
        assert!(!report[field].is_null(), "{field} is missing");
    }
}

#[test]
fn of_broken_lines_nothing_is_lost() {
    let lines = scratch("lines.ndjson");
    std::fs::write(
        &lines,
        "{\"id\":\"a\"}\nbroken {\n\n{\"id\":\"b\",\"x\":[1,{}]}\nnull\n\"text\"\n\u{fffd}\n",
    )
    .unwrap();
    let (output, report) = quickstart(&["--events", lines.to_str().unwrap()], "lines.json");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(count(&report, "produced"), 6);
    let landed = count(&report, "rows") + count(&report, "quarantined") + count(&report, "skipped");
    assert_eq!(landed, 6, "{report}");
    assert_eq!(report["sent_digest"], report["read_digest"]);
    assert!(count(&report, "quarantined") >= 2);
}

#[test]
fn nothing_to_send_is_a_failure_and_not_a_success() {
    let (output, _) = quickstart(&["--count", "0"], "nothing.json");
    assert!(!output.status.success());
}

#[test]
fn a_specification_that_cannot_be_deployed_ends_in_one_clear_error() {
    let spec = scratch("bad.toml");
    std::fs::write(&spec, "name = \"clicks\"\nregoin = \"ap-south-1\"\n").unwrap();
    let output = program("deploy").arg("--spec").arg(&spec).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("regoin") && text.contains("line 2"), "{text}");
}

#[test]
fn the_arn_of_a_policy_is_refused_where_that_of_a_role_belongs() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/tutorial.toml");
    let mut command = program("deploy");
    command
        .arg("--spec")
        .arg(&spec)
        .args(["--source-role-arn", "arn:aws:iam::111111111111:policy/reader"]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("is the ARN of a policy of iam"), "{text}");
}

#[test]
fn policies_are_printed_without_any_credentials() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/tutorial.toml");
    let output = program("deploy")
        .arg("--spec")
        .arg(&spec)
        .arg("policies")
        .output()
        .unwrap();
    let policies: Json = serde_json::from_slice(&output.stdout).unwrap();
    let reader = policies["source-role"].to_string();
    assert!(
        reader.contains("kafka-cluster:ReadData") && !reader.contains("WriteData"),
        "{reader}"
    );
}

#[test]
fn every_program_explains_itself() {
    for name in ["quickstart", "deploy"] {
        let output = program(name).arg("--help").output().unwrap();
        assert!(output.status.success());
        assert!(
            String::from_utf8(output.stdout).unwrap().contains("Usage"),
            "{name}"
        );
    }
}
