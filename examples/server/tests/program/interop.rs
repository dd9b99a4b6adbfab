//! Programs that nobody here wrote, against the simulator. Each is left out, loudly, where it is missing;
//! `.ci/run interop` installs them.

use crate::running::Server;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of `tests/interop`.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/interop")
        .join(name)
}

/// A Python that can import these modules: the one in `target/interop`, else that of the system.
fn python(modules: &str) -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../interop/bin/python");
    let candidates = [installed, PathBuf::from("python3")];
    let able = |python: &PathBuf| {
        let output = Command::new(python)
            .args(["-c", &format!("import {modules}")])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = candidates.into_iter().find(able);
    if found.is_none() {
        eprintln!("SKIPPED: no Python with {modules}; `.ci/run interop` installs them in target/interop");
    }
    found
}

/// Runs a script against a server of its own and gives what it says.
fn run(python: &Path, name: &str, arguments: &[&str]) -> String {
    let server = Server::start(arguments);
    let mut command = Command::new(python);
    let output = command
        .arg(script(name))
        .arg(server.first.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}\n{said}\n{complained}");
    eprintln!("{said}");
    said
}

#[test]
fn boto3_runs_the_whole_first_tutorial_up_to_the_count() {
    let Some(python) = python("boto3, kafka, aws_msk_iam_sasl_signer") else {
        return;
    };
    let said = run(&python, "tutorial.py", &["--speed", "600"]);
    assert!(said.ends_with("select count(*) from MyView1: 100\n"), "{said}");
}

#[test]
fn boto3_sees_errors_faults_and_limits_as_it_does_on_aws() {
    let Some(python) = python("boto3") else { return };
    let said = run(&python, "errors.py", &["--speed", "600"]);
    assert!(said.ends_with("all as expected\n"), "{said}");
}

#[test]
fn the_aws_cli_works_with_the_endpoint_and_the_printed_keys() {
    let works = Command::new("aws").arg("--version").output();
    if !works.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: the AWS CLI is not installed");
        return;
    }
    let server = Server::start(&[]);
    let account = &server.first["accounts"][1];
    let aws = |arguments: &[&str]| {
        let text = |field: &str| account[field].as_str().unwrap().to_owned();
        let mut command = Command::new("aws");
        command
            .env("AWS_ACCESS_KEY_ID", text("access_key_id"))
            .env("AWS_SECRET_ACCESS_KEY", text("secret_access_key"))
            .env("AWS_PAGER", "")
            .env("AWS_CONFIG_FILE", "none")
            .env("AWS_SHARED_CREDENTIALS_FILE", "none")
            .args(["--endpoint-url", server.first["endpoint"].as_str().unwrap()])
            .args(["--region", "ap-south-1", "--output", "text"])
            .args(arguments);
        let output = command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
                + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let asked = ["sts", "get-caller-identity", "--query", "Account"];
    assert_eq!(aws(&asked), (true, "222222222222".to_owned()));
    let made = aws(&[
        "ec2",
        "create-vpc",
        "--cidr-block",
        "10.0.0.0/16",
        "--query",
        "Vpc.CidrBlock",
    ]);
    assert_eq!(made, (true, "10.0.0.0/16".to_owned()));
    assert_eq!(
        aws(&["kafka", "list-clusters-v2", "--query", "ClusterInfoList"]),
        (true, String::new())
    );
    let listed = aws(&["redshift-serverless", "list-workgroups", "--query", "workgroups"]);
    assert_eq!(listed, (true, String::new()));
    let (worked, said) = aws(&["iam", "list-groups"]);
    assert!(
        !worked && said.contains("NotModelled") && said.contains("iam ListGroups"),
        "{said}"
    );
}
